"""The site: guards every address with the permission that it names, and says what stands on each page.

    request ─► signed in? ─► may enter? ─► holds what the address names? ─► the page, drawn within the organisation
                                                                            and with its rows alone (isolation)

An address without a permission cannot be made: the guard takes one, or the reason why none is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import BadRequest, ImproperlyConfigured
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from accounts import language
from permissions import isolation
from permissions.declare import public, requires

View = Callable[..., HttpResponseBase]

#: The parts of the navigation, in its order.
ROOMS: Final = (
    ("people", gettext_lazy("People")),
    ("sync", gettext_lazy("Synchronisation")),
    ("access", gettext_lazy("Access")),
    ("organisation", gettext_lazy("Organisation")),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that belongs to no model. `room`: a part of the navigation, or nothing for a page that is led to."""

    address: str
    name: str
    title: Any
    permission: str
    view: View
    room: str = ""


@dataclass(frozen=True, slots=True)
class Attention:
    """Something of the start page that waits for a person. `count` zero: all is well with it."""

    title: str
    count: int
    url: str
    words: str = ""


#: What the start page asks, in its order: each gives what waits, for a place that may see it.
AttentionOf = Callable[[Any], "list[Attention]"]


class AdministrationSite(admin.AdminSite):
    site_title = "Alongside"
    site_header = "Alongside"
    index_title = gettext_lazy("Start")
    site_url = None
    enable_nav_sidebar = False
    final_catch_all_view = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[Page] = []
        self.attention: list[AttentionOf] = []

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Pages that name no permission, as libraries bring them along, are not taken."""
        from accounts.administration.base import Administered

        if admin_class is not None and issubclass(admin_class, Administered):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        from accounts.administration.place import ENTER, place_of

        place = place_of(request)
        return place is not None and place.user.is_active and place.may(ENTER)

    def guarded(self, view: View, permission: str) -> View:
        """The view for who may enter and holds the permission on anything of the organisation; it asks for more."""

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            from accounts.administration.place import ENTER, place_of

            place = place_of(request)
            if place is None:
                return HttpResponseRedirect(reverse("admin:enter"))
            if place.organisation is None and request.path == reverse("admin:index"):
                return HttpResponseRedirect(reverse("admin:desk"))
            for name in (ENTER, permission):
                place.require(name)
            _refuse_odd(request)
            with isolation.for_organisation(place.here.pk):
                language.activate_for(place.user)
                return _drawn(view(request, *args, **kwargs))

        return requires(permission)(self._closed(inner, view))

    def open_to(self, view: View, because: str) -> View:
        """The view for whoever it lets in itself."""

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            _refuse_odd(request)
            return _drawn(view(request, *args, **kwargs))

        return public(because)(self._closed(inner, view))

    def _closed(self, inner: View, view: View) -> View:
        inner = update_wrapper(inner, view)
        # What marks the view inside is another's: each address says its own.
        inner.__dict__.pop("permission_declared", None)
        inner.__dict__.pop("public_because", None)
        return csrf_protect(never_cache(inner))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's own way to an address: there is none here without a permission. Raises ImproperlyConfigured."""
        raise ImproperlyConfigured("Use guarded(view, permission).")

    def get_urls(self) -> list[Any]:
        from accounts.administration import desk, entering, start

        urls: list[Any] = [
            path("", self.guarded(start.start, "administration.enter"), name="index"),
            path("enter/", self.open_to(entering.enter, "the ticket in the form is what is checked"), name="enter"),
            path("login/", self.open_to(entering.to_enter, "leads to where one enters"), name="login"),
            path("logout/", self.open_to(entering.leave, "whoever has come in may leave"), name="logout"),
            path("jsi18n/", self.open_to(self.i18n_javascript, "words of buttons, and no data"), name="jsi18n"),
            *desk.urls(self),
        ]
        for page in self.pages:
            urls.append(path(page.address, self.guarded(page.view, page.permission), name=page.name))
        for model, model_admin in self._registry.items():
            prefix = f"{model._meta.app_label}/{model._meta.model_name}/"
            urls += [_below(prefix, pattern) for pattern in model_admin.get_urls()]
        return urls

    def get_log_entries(self, request: HttpRequest) -> list[Any]:  # type: ignore[override]
        """Django's own log is not kept: the audit trail is (`permissions.audit`)."""
        return []

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        return []

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from accounts.administration import notices

        return {**super().each_context(request), "rooms": self._rooms(request), **notices.of(request)}

    def _rooms(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What the person may open, for the navigation."""
        from accounts.administration.place import place_of

        place = place_of(request)
        if place is None or place.organisation is None:
            return []
        found: dict[str, list[tuple[int, str, str]]] = {}
        for model, page in self._registry.items():
            if place.may(page.needs.view) and page.room:  # type: ignore[attr-defined]
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                found.setdefault(page.room, []).append((page.order, str(page.title), address))  # type: ignore[attr-defined]
        for own in self.pages:
            if own.room and place.may(own.permission):
                found.setdefault(own.room, []).append((99, str(own.title), reverse(f"admin:{own.name}")))
        return [
            {"title": title, "pages": [(name, url) for _order, name, url in sorted(found[room])]}
            for room, title in ROOMS
            if room in found
        ]


def _below(prefix: str, pattern: URLPattern) -> URLPattern:
    return path(prefix + str(pattern.pattern), pattern.callback, name=pattern.name)


def _refuse_odd(request: HttpRequest) -> None:
    """No text of ours holds a NUL, and PostgreSQL takes none. Raises BadRequest."""
    for given in (request.GET, request.POST):
        if any("\x00" in value for values in given.lists() for value in (values[0], *values[1])):
            raise BadRequest(gettext("A NUL in what was sent."))


def _drawn(response: HttpResponseBase) -> HttpResponseBase:
    """Drawn now: what it shows is read while it is still known whose rows may be read."""
    render = getattr(response, "render", None)
    return render() if callable(render) and not getattr(response, "is_rendered", True) else response


def the_site() -> AdministrationSite:
    """The one site of the product (django.contrib.admin makes it when it is first asked for)."""
    return admin.site  # type: ignore[return-value]
