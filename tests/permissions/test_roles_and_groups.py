"""Groups, an organisation's own roles, the vendor's staff: what counts, from when, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from permissions import policy, registry
from permissions.models import Authorization, GroupMembership, OwnRole, OwnRolePermission, Principal, Resource
from permissions.services import (
    EVERYONE,
    CannotChange,
    add_to_group,
    clone_role,
    create_group,
    create_principal,
    create_resource,
    delete_group,
    delete_role,
    edit_role,
    everyone_of,
    grant,
    move_resource,
    remove_from_group,
    revoke,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Resource:
    return create_resource(Resource.Kind.ORGANISATION)


@pytest.fixture
def other() -> Resource:
    return create_resource(Resource.Kind.ORGANISATION)


@pytest.fixture
def team(root: Resource) -> Resource:
    return create_resource(Resource.Kind.TEAM, root)


@pytest.fixture
def mailbox(team: Resource) -> Resource:
    return create_resource(Resource.Kind.MAILBOX, team)


@pytest.fixture
def user(root: Resource) -> Principal:
    return create_principal(Principal.Kind.USER, root)


@pytest.fixture
def group(root: Resource) -> Principal:
    return create_group(root, "Leads")


@pytest.fixture
def staff() -> Principal:
    return create_principal(Principal.Kind.STAFF)


def soon(hours: float = 1) -> datetime:
    return timezone.now() + timedelta(hours=hours)


# Groups


def test_what_a_group_holds_its_members_hold_as_long_as_they_are_members(
    user: Principal, group: Principal, team: Resource, mailbox: Resource
) -> None:
    grant(group, "team_lead", team, reason="test")
    assert not policy.allows(user, "issue.view", mailbox)
    add_to_group(group, user)
    add_to_group(group, user)
    assert policy.allows(user, "issue.view", mailbox)
    remove_from_group(group, user)
    assert not policy.allows(user, "issue.view", mailbox)


def test_a_group_ends_with_what_it_was_given(user: Principal, group: Principal, mailbox: Resource) -> None:
    grant(group, "team_lead", mailbox, reason="test")
    add_to_group(group, user)
    delete_group(group)
    assert not policy.allows(user, "issue.view", mailbox)
    assert not Authorization.objects.exists()


def test_a_group_holds_users_and_services_of_its_organisation_alone(
    root: Resource, other: Resource, user: Principal, group: Principal, staff: Principal
) -> None:
    add_to_group(group, create_principal(Principal.Kind.SERVICE, root))
    foreign = create_principal(Principal.Kind.USER, other)
    for member in (create_group(root, "Nested"), staff, foreign, group):
        with pytest.raises(CannotChange):
            add_to_group(group, member)
    with pytest.raises(CannotChange):
        add_to_group(user, create_principal(Principal.Kind.USER, root))
    assert GroupMembership.objects.count() == 1


def test_a_membership_that_nobody_could_have_made_counts_for_nothing(
    root: Resource, group: Principal, user: Principal, staff: Principal, mailbox: Resource
) -> None:
    nested = create_group(root, "Nested")
    grant(group, "team_lead", mailbox, reason="test")
    colleague = create_principal(Principal.Kind.USER, root)
    grant(colleague, "rep", mailbox, reason="test")
    GroupMembership.objects.create(group=group, member=nested, root=root)
    GroupMembership.objects.create(group=nested, member=user, root=root)
    GroupMembership.objects.create(group=group, member=staff, root=root)
    GroupMembership.objects.create(group=colleague, member=user, root=root)
    assert not policy.allows(user, "issue.view", mailbox)
    assert not policy.allows(staff, "issue.view", mailbox)
    assert not policy.allows(user, "email.file", mailbox)


def test_a_group_has_a_name_of_its_own_and_everyone_stays(root: Resource, other: Resource, group: Principal) -> None:
    for name in ("leads", " "):
        with pytest.raises(CannotChange):
            create_group(root, name)
    create_group(other, "Leads")
    everyone = everyone_of(root)
    assert everyone.name == EVERYONE
    assert everyone_of(root) == everyone
    with pytest.raises(CannotChange):
        delete_group(everyone)
    with pytest.raises(IntegrityError), transaction.atomic():
        Principal.objects.create(kind=Principal.Kind.GROUP, root=root, name="LEADS")


# Own roles


def test_an_own_role_is_cloned_and_edited_and_counts_at_once(
    root: Resource, user: Principal, mailbox: Resource
) -> None:
    role = clone_role(root, "team_lead", title="Watches issues")
    assert (role.name, role.cloned_from) == ("watches_issues", "team_lead")
    grant(user, role, root, reason="test")
    assert policy.allows(user, "collection.steer", mailbox)
    edit_role(role, permissions=["issue.view", "audit.view"])
    assert not policy.allows(user, "collection.steer", mailbox)
    assert policy.allows(user, "audit.view", mailbox)
    again = clone_role(root, role, title="Reads the trail")
    assert set(again.permissions.values_list("name", flat=True)) == {"issue.view", "audit.view"}
    assert edit_role(again, title="Reads it").title == "Reads it"


def test_an_own_role_holds_only_what_is_for_people(root: Resource, user: Principal, mailbox: Resource) -> None:
    with pytest.raises(CannotChange):
        clone_role(root, "integration", title="Works behind")
    role = clone_role(root, "rep", title="Rep, but")
    with pytest.raises(CannotChange):
        edit_role(role, permissions=["email.view", "capture.run"])
    with pytest.raises(registry.UnknownPermission):
        edit_role(role, permissions=["email.burn"])
    grant(user, role, root, reason="test")
    OwnRolePermission.objects.create(root=root, own_role=role, name="capture.run")
    assert not policy.allows(user, "capture.run", mailbox)


def test_an_own_role_counts_in_its_organisation_alone(root: Resource, other: Resource, user: Principal) -> None:
    theirs = clone_role(other, "auditor", title="Theirs")
    with pytest.raises(CannotChange):
        grant(user, theirs, root, reason="test")
    with pytest.raises(CannotChange):
        clone_role(root, theirs, title="Ours")
    Authorization.objects.create(principal=user, own_role=theirs, resource=root, reason="nobody could")
    assert not policy.allows(user, "audit.view", root)


def test_a_role_that_is_held_is_not_deleted(root: Resource, user: Principal) -> None:
    role = clone_role(root, "auditor", title="Ours")
    given = grant(user, role, root, reason="test")
    with pytest.raises(CannotChange):
        delete_role(role)
    revoke(given)
    delete_role(role)
    assert not OwnRole.objects.exists()


def test_an_own_role_has_a_name_that_no_other_role_has(root: Resource) -> None:
    clone_role(root, "auditor", title="Ours")
    for title in ("ours", "Auditor", "  ", "!"):
        with pytest.raises(CannotChange):
            clone_role(root, "auditor", title=title)


def test_a_grant_is_of_exactly_one_role(root: Resource, user: Principal) -> None:
    role = clone_role(root, "auditor", title="Ours")
    for given in ({"role": ""}, {"role": "auditor", "own_role": role}):
        row = Authorization(principal=user, resource=root, root=root, reason="test", **given)
        with pytest.raises(IntegrityError), transaction.atomic():
            Authorization.objects.bulk_create([row])
    assert grant(user, role, root, reason="test") == grant(user, role, root, reason="again")


# The vendor's staff


def test_staff_hold_nothing_without_an_end_within_four_hours(staff: Principal, root: Resource) -> None:
    for until in (None, soon(4.1)):
        with pytest.raises(CannotChange):
            grant(staff, "support", root, reason="test", until=until)
    grant(staff, "support", root, reason="test", until=soon(3.9))
    assert policy.allows(staff, "issue.view", root)


@pytest.mark.parametrize(
    ("role", "hours"), [("support", None), ("support", 4.1), ("administrator", 1), ("rep", 1), ("auditor", 3)]
)
def test_a_grant_to_staff_that_nobody_could_have_given_never_counts(
    staff: Principal, root: Resource, role: str, hours: float | None
) -> None:
    until = soon(hours) if hours else None
    Authorization.objects.create(principal=staff, role=role, resource=root, reason="by hand", until=until)
    assert not any(policy.allows(staff, one.name, root) for one in registry.permissions())
    with pytest.raises(policy.NotFound):
        policy.require(staff, "issue.view", root)


def test_an_own_role_is_never_for_staff(staff: Principal, root: Resource) -> None:
    role = clone_role(root, "support", title="Ours")
    with pytest.raises(CannotChange):
        grant(staff, role, root, reason="test", until=soon())
    Authorization.objects.create(principal=staff, own_role=role, resource=root, reason="by hand", until=soon())
    assert not policy.allows(staff, "issue.view", root)


def test_support_reads_and_sees_neither_mail_nor_what_would_change_something() -> None:
    held = registry.role("support").permissions
    assert all(name.endswith((".view", ".ask", ".enter")) for name in held)
    assert not any(name.startswith(("email.", "mailbox.", "record.", "audit.")) for name in held)


def test_auditors_change_nothing_and_administrators_act_in_nobodys_name() -> None:
    assert all(name.endswith((".view", ".ask", ".export", ".enter")) for name in registry.role("auditor").permissions)
    own = registry.role("rep").permissions | registry.role("integration").permissions
    for name in ("administrator", "auditor", "team_lead", "support"):
        assert own.isdisjoint(registry.role(name).permissions)


# Who may be given what, where


def test_a_role_is_for_its_kinds_of_principal_in_their_organisation(
    root: Resource, other: Resource, user: Principal, staff: Principal
) -> None:
    service = create_principal(Principal.Kind.SERVICE)
    grant(service, "integration", root, reason="test")
    grant(service, "integration", other, reason="a service of no organisation works in several")
    for principal, role, place in (
        (user, "integration", root),
        (user, "support", root),
        (staff, "auditor", root),
        (service, "rep", root),
        (user, "auditor", other),
    ):
        with pytest.raises(CannotChange):
            grant(principal, role, place, reason="test", until=soon())


def test_a_principal_belongs_to_an_organisation_unless_it_is_staff(root: Resource) -> None:
    for kind, place in (("user", None), ("group", None), ("staff", root)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Principal.objects.create(kind=kind, root=place, name="x")


def test_every_grant_says_whose_it_is(root: Resource, user: Principal, mailbox: Resource) -> None:
    assert grant(user, "rep", mailbox, reason="test").root == root
    assert grant(user, "auditor", root, reason="test").root == root


# The tree


def test_a_resource_moves_with_what_lies_below_and_stays_in_its_organisation(
    root: Resource, other: Resource, team: Resource, mailbox: Resource, user: Principal
) -> None:
    connection = create_resource(Resource.Kind.CONNECTION, mailbox)
    grant(user, "team_lead", team, reason="test")
    elsewhere = create_resource(Resource.Kind.TEAM, root)
    move_resource(mailbox, elsewhere)
    connection.refresh_from_db()
    assert connection.path == f"{root.pk}/{elsewhere.pk}/{mailbox.pk}/{connection.pk}"
    assert not policy.allows(user, "connection.view", connection)
    for moved, place in ((mailbox, other), (root, team), (mailbox, connection), (team, team), (elsewhere, team)):
        with pytest.raises(CannotChange):
            move_resource(moved, place)
    with pytest.raises(CannotChange):
        create_resource(Resource.Kind.CONNECTION, connection)
