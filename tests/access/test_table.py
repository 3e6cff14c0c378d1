"""Every route is asked by everybody, as the table says; nothing that was refused has changed anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from permissions import registry
from permissions.declare import declared_permission, declared_public
from tests.access.conftest import World
from tests.access.organisations import changed, dump, without_a_row
from tests.access.table import COLUMNS, ROUTES, Route

pytestmark = pytest.mark.django_db

ADD = "add a row to tests/access/table.py"
#: Those who are refused or see their own, in this order; the one whose right it is comes last.
BEFORE = ("foreign", "nobody", "cookie", "colleague", "without", "operator", "support")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        else:
            yield from routes(entry, path)


def test_every_route_has_a_row() -> None:
    missing = sorted({path for path, _ in routes()} - {route.path for route in ROUTES})
    assert missing == [], ADD


def test_every_row_has_a_route() -> None:
    assert sorted({route.path for route in ROUTES} - {path for path, _ in routes()}) == []


def test_a_route_without_a_row_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [route for route in ROUTES if route.path != "healthz"]
    monkeypatch.setattr("tests.access.test_table.ROUTES", others)
    with pytest.raises(AssertionError, match="add a row to"):
        test_every_route_has_a_row()


def test_no_two_rows_say_the_same() -> None:
    asked = [(route.method, route.path) for route in ROUTES]
    assert len(asked) == len(set(asked))


def test_each_row_names_what_the_route_declares() -> None:
    declared = {path: declared_permission(view) or declared_public(view) for path, view in routes()}
    assert {route.path: declared[route.path] for route in ROUTES} == {route.path: str(route.needs) for route in ROUTES}
    assert all(registry.permission(route.asked) for route in ROUTES if route.asked)


def test_an_organisation_has_one_of_everything(world: World) -> None:
    assert without_a_row(world.ours.organisation.pk) == []
    assert without_a_row(world.theirs.organisation.pk) == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} /{route.path}")
def test_who_gets_what(route: Route, world: World, calls: list[str]) -> None:
    ours = world.ours
    ways = world.asking(route)
    answers: dict[str, Any] = {}
    standing = dump(ours.organisation.pk)
    answers["foreign"] = ways["foreign"].ask(route, ours, "foreign")
    assert changed(standing, dump(ours.organisation.pk)) == set()
    refused = [who for who in BEFORE[1:] if is_refusal(route, who)]
    for who in refused:
        answers[who] = ways[who].ask(route, ours, who)
    assert changed(standing, dump(ours.organisation.pk)) == set()
    for who in [who for who in (*BEFORE, "right") if who not in answers]:
        answers[who] = ways[who].ask(route, ours, who)
    assert {who: answers[who].status_code for who in COLUMNS} == route.statuses
    sent = "".join(ours.body(route.body, "foreign").values())  # what they have sent may be repeated to them
    assert [word for word in told_of(world, answers["foreign"]) if word not in sent] == []


def is_refusal(route: Route, who: str) -> bool:
    expected = route.statuses[who]
    return expected >= 400 or (expected == 302 and who == "nobody")


def told_of(world: World, answer: Any) -> list[str]:
    """Which names and ids of ours stand in an answer to them."""
    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
    ours = world.ours
    ids = [value for value in (*ours.named.values(), *ours.rows.values(), ours.rep.pk) if len(str(value)) == 36]
    words = [*map(str, ids), ours.rep.email, ours.rep.name, ours.administrator.email]
    return [word for word in words if word in text]


def test_what_is_told_and_what_is_changed_is_seen(world: World) -> None:
    """Of those who may: so that the checks above can fail."""
    by_path = {(route.method, route.path): route for route in ROUTES}
    shown, paused = (
        by_path[key] for key in (("GET", "admin/sync/mailbox/"), ("POST", "admin/sync/mailbox/step/pause/"))
    )
    ours, standing = world.ours, dump(world.ours.organisation.pk)
    administrator = world.on_pages["right"].again()
    assert told_of(world, administrator.ask(shown, ours, "right")) != []
    assert administrator.ask(paused, ours, "right").status_code == 302
    assert "sync_mailbox.state" in changed(standing, dump(ours.organisation.pk))
