"""The policy: grants cover what lies below, end when they end, and never cross an organisation's border."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Organisation, User
from permissions import policy, registry
from permissions.models import Authorization, Principal, Resource
from permissions.services import create_principal, create_resource, grant, revoke

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> dict[str, Resource]:
    root = create_resource(Resource.Kind.ORGANISATION)
    other = create_resource(Resource.Kind.ORGANISATION)
    mailbox = create_resource(Resource.Kind.MAILBOX, root)
    return {
        "root": root,
        "mailbox": mailbox,
        "connection": create_resource(Resource.Kind.CONNECTION, mailbox),
        "sibling": create_resource(Resource.Kind.MAILBOX, root),
        "other": other,
        "foreign": create_resource(Resource.Kind.MAILBOX, other),
    }


@pytest.fixture
def rep(tree: dict[str, Resource]) -> Principal:
    principal = create_principal(Principal.Kind.USER, tree["root"])
    grant(principal, "rep", tree["mailbox"], reason="test")
    return principal


def test_a_principal_without_a_grant_may_nothing(tree: dict[str, Resource]) -> None:
    stranger = create_principal(Principal.Kind.USER, tree["root"])
    assert not any(policy.allows(stranger, p.name, tree["mailbox"]) for p in registry.permissions())


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        ("mailbox", True),
        ("connection", True),
        ("root", False),
        ("sibling", False),
        ("foreign", False),
        ("other", False),
    ],
)
def test_a_grant_covers_its_resource_and_what_lies_below(
    tree: dict[str, Resource], rep: Principal, place: str, allowed: bool
) -> None:
    assert policy.allows(rep, "email.file", tree[place]) is allowed


def test_a_role_allows_only_its_permissions(tree: dict[str, Resource], rep: Principal) -> None:
    assert not policy.allows(rep, "organisation.change", tree["mailbox"])


def test_require_says_404_for_a_foreign_resource_and_403_for_a_missing_permission(
    tree: dict[str, Resource], rep: Principal
) -> None:
    policy.require(rep, "email.file", tree["mailbox"])
    with pytest.raises(policy.NotFound):
        policy.require(rep, "email.file", tree["foreign"])
    with pytest.raises(policy.Denied):
        policy.require(rep, "email.file", tree["sibling"])
    with pytest.raises(policy.Denied):
        policy.require(rep, "organisation.change", tree["mailbox"])


def test_a_revoked_grant_ends_at_once_and_can_be_given_again(tree: dict[str, Resource], rep: Principal) -> None:
    standing = Authorization.objects.get(principal=rep)
    revoke(standing)
    assert not policy.allows(rep, "email.file", tree["mailbox"])
    again = grant(rep, "rep", tree["mailbox"], reason="again")
    assert again.pk != standing.pk
    assert policy.allows(rep, "email.file", tree["mailbox"])


def test_a_grant_ends_at_its_time(tree: dict[str, Resource]) -> None:
    principal = create_principal(Principal.Kind.USER, tree["root"])
    given = grant(principal, "rep", tree["mailbox"], reason="a day", until=timezone.now() + timedelta(days=1))
    assert policy.allows(principal, "email.file", tree["mailbox"])
    Authorization.objects.filter(pk=given.pk).update(
        since=timezone.now() - timedelta(hours=2), until=timezone.now() - timedelta(hours=1)
    )
    assert not policy.allows(principal, "email.file", tree["mailbox"])
    assert grant(principal, "rep", tree["mailbox"], reason="another day").pk != given.pk


def test_a_grant_that_begins_later_does_not_count_yet(tree: dict[str, Resource], rep: Principal) -> None:
    Authorization.objects.filter(principal=rep).update(since=timezone.now() + timedelta(hours=1))
    assert not policy.allows(rep, "email.file", tree["mailbox"])


def test_giving_a_grant_twice_gives_the_one_that_stands(tree: dict[str, Resource], rep: Principal) -> None:
    assert grant(rep, "rep", tree["mailbox"], reason="twice").pk == Authorization.objects.get(principal=rep).pk


def test_an_unknown_role_or_permission_is_refused(tree: dict[str, Resource], rep: Principal) -> None:
    with pytest.raises(registry.UnknownPermission):
        grant(rep, "emperor", tree["mailbox"], reason="test")
    with pytest.raises(registry.UnknownPermission):
        policy.allows(rep, "email.burn", tree["mailbox"])


def test_a_grant_cannot_end_before_it_begins(tree: dict[str, Resource], rep: Principal) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Authorization.objects.filter(principal=rep).update(until=timezone.now() - timedelta(days=9))


def test_scope_narrows_inside_the_query(
    tree: dict[str, Resource], django_assert_num_queries: pytest.FixtureRequest
) -> None:
    users = {}
    for place in ("mailbox", "sibling", "foreign"):
        root = tree["other"] if place == "foreign" else tree["root"]
        organisation, _ = Organisation.objects.get_or_create(id=root.id, resource=root, defaults={"name": str(root.id)})
        users[place] = User.objects.create(
            organisation=organisation,
            email=f"{place}@larkfield.example",
            principal=create_principal(Principal.Kind.USER, tree["root"]),
            resource=tree[place],
        )
    rep, administrator = users["mailbox"].principal, users["sibling"].principal
    grant(rep, "rep", tree["mailbox"], reason="test")
    grant(administrator, "administrator", tree["root"], reason="test")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert set(policy.scope(rep, "email.file", User.objects.all())) == {users["mailbox"]}
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert set(policy.scope(administrator, "user.view", User.objects.all())) == {
            users["mailbox"],
            users["sibling"],
        }


def test_an_administrator_of_an_organisation_acts_in_nobody_elses_mailbox(tree: dict[str, Resource]) -> None:
    administrator = create_principal(Principal.Kind.USER, tree["root"])
    grant(administrator, "administrator", tree["root"], reason="test")
    own = [
        name
        for name in (p.name for p in registry.permissions())
        if name.startswith(("email.", "mailbox.")) or name.endswith(".own")
    ]
    assert own
    assert not any(policy.allows(administrator, name, tree["mailbox"]) for name in own)


def test_scope_counts_a_row_once_whatever_the_number_of_grants(tree: dict[str, Resource], rep: Principal) -> None:
    organisation = Organisation.objects.create(id=tree["root"].id, name="x", resource=tree["root"])
    User.objects.create(organisation=organisation, email="a@larkfield.example", principal=rep, resource=tree["mailbox"])
    grant(rep, "administrator", tree["root"], reason="test")
    assert policy.scope(rep, "email.file", User.objects.all()).count() == 1


def test_a_model_that_names_no_resource_cannot_be_scoped(rep: Principal) -> None:
    with pytest.raises(ImproperlyConfigured):
        policy.scope(rep, "email.file", Principal.objects.all())
