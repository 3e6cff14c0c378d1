"""A large company to ask the policy about: many mailboxes in teams, a role of its own, groups. Within the product."""

from __future__ import annotations

import gc
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation, SessionTicket, Team, User
from accounts.services import create_organisation, create_user
from accounts.signing_in import begin_session, issue_ticket
from permissions import policy
from permissions.models import Authorization, GroupMembership, Principal, Resource
from permissions.services import (
    add_to_group,
    clone_role,
    create_group,
    create_resource,
    everyone_of,
    grant,
    move_resource,
)

_AT_ONCE = 2_000
TEAMS = 20


def company(mailboxes: int) -> Organisation:
    """So many users in twenty teams, each a rep of their own mailbox; beside them a small neighbour."""
    neighbour = create_organisation("Next door")
    for number in range(20):
        create_user(neighbour, email=f"user{number:02}@next.example")
    organisation = create_organisation("Large")
    root = organisation.resource
    teams = []
    for number in range(TEAMS):
        resource = create_resource(Resource.Kind.TEAM, root)
        teams.append(Team.objects.create(organisation=organisation, name=f"Team {number:02}", resource=resource))
    everyone = everyone_of(root)
    for first in range(0, mailboxes, _AT_ONCE):
        _users(organisation, teams, everyone, range(first, min(first + _AT_ONCE, mailboxes)))
        if first < 10 * _AT_ONCE:  # or the checks of foreign keys go on as was best for empty tables
            _analyse()
    _analyse()
    return organisation


def _analyse() -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


@contextmanager
def as_owner() -> Iterator[None]:
    """Without the application role, so without row-level security too: the owner is a superuser here."""
    role = _take("")
    try:
        yield
    finally:
        _take(role)


def _take(role: str) -> str:
    before = str(connection.settings_dict.get("ROLE", ""))
    if before != role:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["ROLE"] = role
    return before


def _users(organisation: Organisation, teams: list[Team], everyone: Principal, numbers: range) -> None:
    root = organisation.resource
    resources, principals = [], []
    for number in numbers:
        place, pk = teams[number % TEAMS].resource, uuid.uuid4()
        mailbox = Resource(id=pk, kind=Resource.Kind.MAILBOX, parent=place, root=root, path=f"{place.path}/{pk}")
        resources.append(mailbox)
        principals.append(Principal(kind=Principal.Kind.USER, root=root))
    Resource.objects.bulk_create(resources)
    Principal.objects.bulk_create(principals)
    pairs = list(zip(numbers, principals, resources, strict=True))
    User.objects.bulk_create(
        [
            User(
                organisation=organisation,
                email=f"user{number:06}@large.example",
                name=f"User {number}",
                principal=principal,
                resource=resource,
            )
            for number, principal, resource in pairs
        ]
    )
    Authorization.objects.bulk_create(
        [
            Authorization(root=root, principal=principal, role="rep", resource=resource, reason="bench")
            for _, principal, resource in pairs
        ]
    )
    GroupMembership.objects.bulk_create(
        [GroupMembership(group=everyone, member=principal, root=root) for principal in principals]
    )


def askers(organisation: Organisation) -> dict[str, Principal]:
    """Who sees all of it, in each way that there is: directly, through a group and an own role, team by team."""
    root = organisation.resource
    made = {}
    for name in ("directly", "by group and own role", "team by team"):
        user = create_user(organisation, email=f"{name.replace(' ', '.')}@large.example")
        assert user.resource is not None
        move_resource(user.resource, Resource.objects.filter(kind=Resource.Kind.TEAM, parent=root)[0])
        made[name] = user.principal
    grant(made["directly"], "administrator", root, reason="bench")
    role = clone_role(root, "auditor", title="Reads along")
    group = create_group(root, "Readers")
    add_to_group(group, made["by group and own role"])
    grant(group, role, root, reason="bench")
    for team in Team.objects.filter(organisation=organisation):
        grant(made["team by team"], "team_lead", team.resource, reason="bench")
    return made


def decision_us(principal: Principal, resource: Resource, *, rounds: int = 9, each: int = 20_000) -> float:
    """Microseconds of a decision that the request has made before: the median round."""
    took = []
    with policy.remembered():
        policy.allows(principal, "user.view", resource)
        for _ in range(rounds):
            began = time.perf_counter()
            for _ in range(each):
                policy.allows(principal, "user.view", resource)
            took.append((time.perf_counter() - began) / each * 1e6)
    return median(took)


def queries(principals: list[Principal], resource: Resource) -> int:
    """The most that a decision takes of which nothing is known."""
    most = 0
    for principal in principals:
        with CaptureQueriesContext(connection) as asked, policy.remembered():
            assert not policy.allows(principal, "email.file", resource)
        most = max(most, len(asked))
    return most


def scope_ratios(principals: dict[str, Principal], *, rounds: int = 15) -> dict[str, dict[str, Any]]:
    """For each asker: reading the list of all the users as the query unscoped, and scoped, in turn."""
    found = {}
    for name, principal in principals.items():
        plain = User.objects.filter(organisation=principal.user.organisation_id).order_by("email")
        pairs = [_pair(plain, policy.scope(principal, "user.view", plain)) for _ in range(rounds)]
        found[name] = {
            "ratio": median(scoped / unscoped for unscoped, scoped in pairs),
            "unscoped_ms": median(unscoped for unscoped, _ in pairs) * 1e3,
            "scoped_ms": median(scoped for _, scoped in pairs) * 1e3,
        }
    return found


def rls_ratios(person: User, *, rounds: int = 12, each: int = 10) -> dict[str, dict[str, float]]:
    """For each page: what it takes with row-level security to what it takes as the owner, in turn; a row is a page."""
    token, actor = begin_session(person, client="outlook")
    pane = Client(headers={"Authorization": f"Bearer {token}", "Host": "localhost"})
    administration = Client(headers={"Host": "localhost"})
    ticket = issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION)
    assert administration.post("/admin/enter/", {"ticket": ticket}).status_code == 302
    found = {}
    for client, address in ((pane, "/pane/sync/"), (administration, "/admin/accounts/user/")):
        pairs = []
        for _ in range(rounds):
            with as_owner():
                plain = _page_seconds(client, address, each)
            pairs.append((plain, _page_seconds(client, address, each)))
        found[address] = {
            "ratio": median(secured / plain for plain, secured in pairs),
            "owner_ms": median(plain for plain, _ in pairs) * 1e3,
            "secured_ms": median(secured for _, secured in pairs) * 1e3,
        }
    return found


def _page_seconds(client: Client, address: str, each: int) -> float:
    for _ in range(3):
        assert client.get(address).status_code == 200, address
    took = []
    for _ in range(each):
        began = time.perf_counter()
        client.get(address)
        took.append(time.perf_counter() - began)
    return median(took)


def _pair(plain: QuerySet[User], scoped: QuerySet[User]) -> tuple[float, float]:
    columns = ("id", "email", "name")
    (took, rows), (took_scoped, rows_scoped) = (_timed(one.values_list(*columns)) for one in (plain, scoped))
    assert len(rows) == len(rows_scoped), (len(rows), len(rows_scoped))
    return took, took_scoped


def _timed(queryset: QuerySet[Any, Any]) -> tuple[float, list[Any]]:
    gc.collect()
    began = time.perf_counter()
    rows = list(queryset)
    return time.perf_counter() - began, rows
