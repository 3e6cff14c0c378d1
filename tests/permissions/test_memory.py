"""One query for what is not known; none for what a request has found out; and nothing that outlives the request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import System, User
from accounts.services import connection_for, create_organisation, create_user
from permissions import memory, policy
from permissions.models import Authorization, Principal, Resource
from permissions.services import (
    add_to_group,
    clone_role,
    create_group,
    create_principal,
    create_resource,
    edit_role,
    grant,
    move_resource,
    remove_from_group,
    revoke,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def asker() -> User:
    """Holds something directly, something through a group, and something of an own role."""
    organisation = create_organisation("Larkfield")
    user = create_user(organisation, email="mia@larkfield.example", administrator=True)
    group = create_group(organisation.resource, "Readers")
    add_to_group(group, user.principal)
    grant(group, clone_role(organisation.resource, "auditor", title="Reads"), organisation.resource, reason="test")
    return user


def place(user: User) -> Resource:
    assert user.resource is not None
    return user.resource


def test_a_decision_takes_one_query_whatever_it_rests_on(
    asker: User, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    for name, allowed in (("email.file", True), ("audit.export", True), ("user.change", True), ("capture.run", False)):
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert policy.allows(asker.principal_id, name, place(asker)) is allowed
        with django_assert_num_queries(1):  # type: ignore[operator]
            users = policy.scope(asker.principal_id, name, User.objects.all())
            assert set(users) == ({asker} if allowed else set())


def test_within_a_request_it_is_asked_once(asker: User, django_assert_num_queries: pytest.FixtureRequest) -> None:
    with django_assert_num_queries(1), policy.remembered():  # type: ignore[operator]
        for _ in range(3):
            assert policy.allows(asker.principal_id, "email.file", place(asker))
            policy.require(asker.principal_id, "audit.view", place(asker))
            assert not policy.allows(asker.principal_id, "capture.run", place(asker))
    with django_assert_num_queries(1):  # type: ignore[operator]
        policy.allows(asker.principal_id, "email.file", place(asker))


def test_a_list_is_narrowed_alike_from_memory_and_from_the_database(asker: User) -> None:
    assert asker.organisation is not None
    organisation = asker.organisation
    team = create_resource(Resource.Kind.TEAM, organisation.resource)
    inside = create_user(organisation, email="tom@larkfield.example")
    move_resource(place(inside), team)
    outside = create_user(organisation, email="ann@larkfield.example")
    create_user(create_organisation("Other"), email="rita@other.example")
    below = create_resource(Resource.Kind.CONNECTION, place(inside))
    lead = create_user(organisation, email="lea@larkfield.example")
    nobody = create_principal(Principal.Kind.USER, organisation.resource)
    grant(lead.principal, "team_lead", team, reason="test")
    grant(outside.principal, "auditor", below, reason="test")
    everybody = User.objects.all()
    expected = {
        asker.principal: {asker, inside, outside, lead},
        lead.principal: {inside},
        outside.principal: set(),
        nobody: set(),
    }
    for principal, users in expected.items():
        assert set(policy.scope(principal, "user.view", everybody)) == users
        with policy.remembered():
            policy.allows(principal, "user.view", organisation.resource)
            assert set(policy.scope(principal, "user.view", everybody)) == users
        # The same as one decision for each.
        assert {one for one in everybody if policy.allows(principal, "user.view", place(one))} == users


def test_what_lies_two_below_a_grant_is_found_too(asker: User) -> None:
    assert asker.organisation is not None
    team = create_resource(Resource.Kind.TEAM, asker.organisation.resource)
    inside = create_user(asker.organisation, email="tom@larkfield.example")
    connection = connection_for(inside, System.SALESFORCE)
    move_resource(place(inside), team)
    lead = create_principal(Principal.Kind.USER, asker.organisation.resource)
    grant(lead, "team_lead", team, reason="test")
    assert list(policy.scope(lead, "connection.view", type(connection).objects.all())) == [connection]


@pytest.fixture
def within() -> Iterator[None]:
    with policy.remembered():
        yield


def test_what_the_request_itself_changes_counts_at_once(asker: User, within: None) -> None:
    def may(name: str) -> bool:
        return policy.allows(asker.principal_id, name, place(asker))

    assert asker.organisation is not None
    root = asker.organisation.resource
    own = Authorization.objects.get(principal=asker.principal, role="administrator")
    assert may("user.change")
    revoke(own)
    assert not may("user.change")
    given = grant(asker.principal, clone_role(root, "administrator", title="Ours"), root, reason="test")
    assert may("user.change")
    assert given.own_role is not None
    edit_role(given.own_role, permissions=["audit.view"])
    assert not may("user.change")
    group = create_group(root, "Changers")
    grant(group, "administrator", root, reason="test")
    add_to_group(group, asker.principal)
    assert may("user.change")
    remove_from_group(group, asker.principal)
    assert not may("user.change")


def test_a_block_within_a_block_asks_anew(asker: User) -> None:
    with policy.remembered():
        assert policy.allows(asker.principal_id, "email.file", place(asker))
        Authorization.objects.filter(principal=asker.principal).update(revoked_at=timezone.now())
        assert policy.allows(asker.principal_id, "email.file", place(asker))
        with policy.remembered():
            assert not policy.allows(asker.principal_id, "email.file", place(asker))


def test_a_request_remembers_and_the_next_one_does_not(asker: User) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(memory.current())
        policy.allows(asker.principal_id, "email.file", place(asker))
        return HttpResponse()

    middleware = memory.RememberedMiddleware(view)
    middleware(HttpRequest())
    middleware(HttpRequest())
    first, second = seen
    assert first is not None
    assert first is not second
    assert memory.current() is None
