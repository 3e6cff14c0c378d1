"""Declaring what a view, an API view, a task or a command needs. Nothing undeclared is reachable.

    @requires("email.view")            asks for the permission; the caller's resource is checked by the service
    @public("the shell holds no data") needs none, and says why

A command names what it is an exercise of: whoever runs one has the whole database, so nobody is asked, and the audit
trail says that a command did it. `DeclaredMiddleware` refuses a resolved view without a declaration, so forgetting one
is a 500 in every environment rather than an open door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from permissions import registry

DeclaredT = TypeVar("DeclaredT", bound=Callable[..., Any])

_NEEDS = "permission_declared"
_PUBLIC = "public_because"

#: Views of libraries that cannot carry a decorator: module prefix -> why nobody needs a permission of ours there.
LIBRARY_VIEWS: dict[str, str] = {
    "django.contrib.staticfiles": "static files are the same for everybody",
    "django.views.static": "static files are the same for everybody",
    "django.views.generic.base": "a redirect only points at a view that is asked in its turn",
    "allauth": "signing in and out is open to those who have not signed in yet",
    "drf_spectacular": "the schema names no data",
}


def requires(name: str) -> Callable[[DeclaredT], DeclaredT]:
    """Marks a view function, view class or task with the permission it needs. Raises UnknownPermission at import."""
    registry.permission(name)

    def mark(target: DeclaredT) -> DeclaredT:
        setattr(target, _NEEDS, name)
        return target

    return mark


def public(because: str) -> Callable[[DeclaredT], DeclaredT]:
    """Marks a view that anybody may reach, with the reason."""

    def mark(target: DeclaredT) -> DeclaredT:
        setattr(target, _PUBLIC, because)
        return target

    return mark


def declared_permission(target: Any) -> str | None:
    """The permission a view or task declares, or None."""
    return _find(target, _NEEDS)


def declared_public(target: Any) -> str | None:
    """Why a view is open to anybody, or None."""
    reason = _find(target, _PUBLIC)
    if reason is None and declared_permission(target) is None:
        owner = getattr(target, "view_class", None) or getattr(target, "cls", None) or target
        module = getattr(owner, "__module__", "") or ""
        reason = next((why for prefix, why in LIBRARY_VIEWS.items() if module.startswith(prefix)), None)
    return reason


def _find(target: Any, name: str) -> str | None:
    for candidate in (
        target,
        getattr(target, "view_class", None),
        getattr(target, "cls", None),
        getattr(target, "fn", None),
    ):
        value = getattr(candidate, name, None)
        if isinstance(value, str):
            return value
    return None


class DeclaredMiddleware:
    """Refuses every view that declares neither a permission nor why it needs none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object) -> None:
        if declared_permission(view) is None and declared_public(view) is None:
            raise ImproperlyConfigured(f"{view.__module__}.{getattr(view, '__name__', view)} declares no permission.")
