"""Every route, API call and task declares what it needs; one table says what right, wrong and foreign people get.

A new route without a row fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dramatiq
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

import sync.tasks
from accounts.actor import Actor
from accounts.models import User
from accounts.services import create_organisation, create_user
from permissions import policy
from permissions.declare import DeclaredMiddleware, declared_permission, declared_public, requires
from permissions.models import Authorization
from permissions.registry import UnknownPermission
from sync.models import Activity, Intent, Item, Sighting
from tests.sessions import open_session

pytestmark = pytest.mark.django_db

#: Pages that people reach with a cookie, which the administration's own table covers.
COOKIE_ROUTES = ("admin/", "sign-in/")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        else:
            yield from routes(entry, path)


def test_every_route_declares_its_permission_or_why_it_needs_none() -> None:
    undeclared = [
        path for path, view in routes() if declared_permission(view) is None and declared_public(view) is None
    ]
    assert undeclared == []


def test_every_task_declares_its_permission() -> None:
    actors = [actor for actor in dramatiq.get_broker().actors.values() if actor.fn.__module__.startswith("sync")]
    assert {actor.actor_name for actor in actors} >= {"look", "sweep"}
    assert [actor.actor_name for actor in actors if declared_permission(actor) is None] == []
    assert sync.tasks.look in actors


def test_an_undeclared_view_is_refused_before_it_runs() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("it ran")

    guard = DeclaredMiddleware(lambda request: HttpResponse())
    with pytest.raises(ImproperlyConfigured, match="declares no permission"):
        guard.process_view(RequestFactory().get("/"), view, (), {})


def test_a_permission_that_is_not_registered_cannot_be_declared() -> None:
    with pytest.raises(UnknownPermission):
        requires("email.burn")


@dataclass
class World:
    """A rep with a filing, a colleague of the same organisation, a stranger of another, and one whose right ended."""

    rep: User
    colleague: User
    stranger: User
    former: User
    filing: uuid.UUID


@pytest.fixture
def world() -> World:
    organisation = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    foreign = create_organisation("Northwind Ltd", domains=["northwind.example"])
    rep = create_user(organisation, email="mia.keller@larkfield.example")
    former = create_user(organisation, email="former@larkfield.example")
    Authorization.objects.filter(principal=former.principal).update(role="integration")
    from accounts.models import SalesforceOrg

    org = SalesforceOrg.objects.create(organisation=organisation, org_id="00D000000000001AAA", instance_url="x")
    activity = Activity.objects.create(
        organisation=organisation, salesforce_org=org, identity="<a@b.example>", fingerprint="f"
    )
    for user in (rep, former):
        item = Item.objects.create(organisation=organisation, user=user, provider="graph", provider_id=f"{user.id}")
        Sighting.objects.create(organisation=organisation, item=item, activity=activity)
    Intent.objects.create(
        organisation=organisation, activity=activity, user=rep, kind=Intent.Kind.EMAIL, key="email", state="undone"
    )
    return World(
        rep=rep,
        colleague=create_user(organisation, email="tom.okafor@larkfield.example"),
        stranger=create_user(foreign, email="dana@northwind.example"),
        former=former,
        filing=activity.id,
    )


# (method, path, permission or "public", status for: nobody, the rep, a foreign organisation, without the permission).
# A rep here has no connections: 409 says "connect first", and means that the door was open.
TABLE: list[tuple[str, str, str, int, int, int, int]] = [
    ("POST", "api/v1/sessions/", "public", 400, 400, 400, 400),
    ("DELETE", "api/v1/sessions/", "public", 401, 204, 204, 403),
    ("GET", "api/v1/connections/", "connection.own", 401, 200, 200, 403),
    ("POST", "api/v1/connections/salesforce/", "connection.own", 401, 201, 201, 403),
    ("DELETE", "api/v1/connections/salesforce/", "connection.own", 401, 200, 200, 403),
    ("POST", "api/v1/connections/salesforce/finish/", "connection.own", 401, 400, 400, 403),
    ("GET", "connect/salesforce/callback/", "public", 400, 400, 400, 400),
    ("POST", "connect/salesforce/confirm/", "public", 400, 400, 400, 400),
    ("GET", "connect/salesforce/<str:ticket>/", "public", 400, 400, 400, 400),
    ("GET", "pane/outlook/", "public", 200, 200, 200, 200),
    ("POST", "pane/context/", "email.view", 401, 400, 400, 403),
    ("POST", "pane/filings/", "email.file", 401, 400, 400, 403),
    ("GET", "pane/filings/<uuid:filing_id>/", "email.view", 401, 409, 404, 403),
    ("POST", "pane/filings/<uuid:filing_id>/undo/", "email.undo", 401, 409, 404, 403),
    ("POST", "api/v1/context/", "email.view", 401, 400, 400, 403),
    ("POST", "api/v1/filings/", "email.file", 401, 400, 400, 403),
    ("GET", "api/v1/filings/<uuid:filing_id>/", "email.view", 401, 409, 404, 403),
    ("POST", "api/v1/filings/<uuid:filing_id>/undo/", "email.undo", 401, 409, 404, 403),
    ("GET", "demo/", "public", 503, 503, 503, 503),
    ("GET", "demo/salesforce/<path:path>", "public", 404, 404, 404, 404),
    ("GET", "demo/<str:person>/folders/", "public", 502, 502, 502, 502),
    ("GET", "demo/<str:person>/messages/", "public", 502, 502, 502, 502),
    ("GET", "demo/<str:person>/item/", "public", 502, 502, 502, 502),
    ("GET", "demo/<str:person>/body/", "public", 502, 502, 502, 502),
    ("GET", "demo/<str:person>/record/", "public", 502, 502, 502, 502),
    ("POST", "demo/<str:person>/token/", "public", 502, 502, 502, 502),
    ("GET", "api/schema/", "public", 200, 200, 200, 200),
    ("GET", "healthz", "public", 200, 200, 200, 200),
    ("GET", "readyz", "public", 200, 200, 200, 200),
]


def test_the_table_names_every_route() -> None:
    named = {path for _, path, *_ in TABLE}
    missing = [path for path, _ in routes() if path not in named and not path.startswith(COOKIE_ROUTES)]
    assert missing == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} /{row[1]}")
def test_who_gets_what(row: tuple[str, str, str, int, int, int, int], world: World) -> None:
    method, path, permission, anonymous, right, foreign, without = row
    views = dict(routes())
    if permission == "public":
        assert declared_public(views[path]) is not None
    else:
        assert declared_permission(views[path]) == permission
    url = "/" + path.replace("<uuid:filing_id>", str(world.filing)).replace("<str:ticket>", "unknown")
    url = url.replace("<str:person>", "nobody").replace("<path:path>", "secret")
    got = {
        "anonymous": ask(method, url, None),
        "right": ask(method, url, world.rep),
        "foreign": ask(method, url, world.stranger),
        "without": ask(method, url, world.former),
    }
    assert got == {"anonymous": anonymous, "right": right, "foreign": foreign, "without": without}


def ask(method: str, url: str, user: User | None) -> int:
    client = Client(raise_request_exception=True)
    headers = {"Authorization": f"Bearer {open_session(user)}"} if user else {}
    response = client.generic(method, url, b"{}", content_type="application/json", headers=headers)
    return response.status_code


def test_an_actor_of_another_organisation_never_finds_a_filing(world: World) -> None:
    from sync.services.filing import _activity

    assert _activity(Actor.of(world.rep), "email.undo", world.filing).id == world.filing
    for user in (world.stranger, world.colleague):
        with pytest.raises(policy.NotFound):
            _activity(Actor.of(user), "email.undo", world.filing)
