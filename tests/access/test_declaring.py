"""What a view does not declare is not reachable, and what is not registered cannot be declared."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from permissions.declare import DeclaredMiddleware, requires
from permissions.registry import UnknownPermission


def test_an_undeclared_view_is_refused_before_it_runs() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("it ran")

    guard = DeclaredMiddleware(lambda request: HttpResponse())
    with pytest.raises(ImproperlyConfigured, match="declares no permission"):
        guard.process_view(RequestFactory().get("/"), view, (), {})


def test_a_permission_that_is_not_registered_cannot_be_declared() -> None:
    with pytest.raises(UnknownPermission):
        requires("email.burn")
