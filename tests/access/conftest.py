"""Two whole organisations with those who ask them, made once for a module; each test is undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
import pytest
import requests
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoDbBlocker
from requests.adapters import HTTPAdapter

from accounts import crypto
from permissions import isolation
from tests.access import asking
from tests.access.asking import Way
from tests.access.organisations import Whole, whole
from tests.access.table import Route


@dataclass
class World:
    """`ours` is asked; the foreign one is of `theirs`."""

    ours: Whole
    theirs: Whole
    on_pane: dict[str, Way]
    on_pages: dict[str, Way]

    def asking(self, route: Route) -> dict[str, Way]:
        """Each column of the table, with what they come with. Everybody is there before anything is asked."""
        ready = self.on_pages if route.has_pages else self.on_pane
        ways = {name: way.again() for name, way in ready.items()}
        ways["without"] = asking.without(self.ours, route)
        return ways


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with (
        django_db_blocker.unblock(),
        isolation.every_organisation("a test makes the rows of all"),
        transaction.atomic(),
    ):
        cache.clear()
        ours, theirs = whole("larkfield"), whole("northwind")
        everywhere = {
            "nobody": asking.nobody(),
            "cookie": asking.cookie_alone(ours.administrator),
            "operator": asking.signed_in(asking.operator("vera@vendor.example")),
            "support": asking.looking(ours),
        }
        on_pane = {
            "right": asking.with_session(ours.rep),
            "colleague": asking.with_session(ours.colleague),
            "foreign": asking.with_session(theirs.rep),
        }
        on_pages = {
            "right": asking.with_cookie(ours.administrator),
            "colleague": asking.forged_cookie(ours.colleague, ours.administrator),
            "foreign": asking.with_cookie(theirs.administrator),
        }
        yield World(ours, theirs, everywhere | on_pane, everywhere | on_pages)
        transaction.set_rollback(True)
    crypto.forget_keys()


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """How often somebody signs in is limited across requests."""
    cache.clear()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of providers that are called. No provider answers."""
    called: list[str] = []

    def send(_self: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> NoReturn:
        called.append(str(request.url))
        raise requests.ConnectionError

    def handle(_self: httpx.HTTPTransport, request: httpx.Request) -> NoReturn:
        called.append(str(request.url))
        raise httpx.ConnectError("nobody answers")

    monkeypatch.setattr(HTTPAdapter, "send", send)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    return called
