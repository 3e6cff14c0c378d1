"""Why somebody may or may not: the grants that decide, and those that lack one thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from permissions import policy, registry
from permissions.models import Authorization, Principal, Resource
from permissions.services import (
    add_to_group,
    clone_role,
    create_group,
    create_principal,
    create_resource,
    grant,
    revoke,
)
from permissions.why import Missing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def root() -> Resource:
    return create_resource(Resource.Kind.ORGANISATION)


@pytest.fixture
def mailbox(root: Resource) -> Resource:
    return create_resource(Resource.Kind.MAILBOX, root)


@pytest.fixture
def user(root: Resource) -> Principal:
    return create_principal(Principal.Kind.USER, root)


def missing(user: Principal, permission: str, resource: Resource) -> dict[str, Missing | None]:
    """By the reason that each grant was given with."""
    return {line.reason: line.missing for line in policy.why(user, permission, resource).near}


def test_the_grants_that_decide_are_named_with_group_end_grantor_and_approver(
    root: Resource, mailbox: Resource, user: Principal
) -> None:
    grantor, approver = (create_principal(Principal.Kind.USER, root) for _ in range(2))
    group = create_group(root, "Leads")
    add_to_group(group, user)
    role = clone_role(root, "team_lead", title="Watches")
    until = timezone.now() + DAY
    grant(group, role, root, reason="watch", grantor=grantor, approver=approver, until=until)
    grant(user, "auditor", mailbox, reason="audit")
    grant(user, "rep", mailbox, reason="does not matter")
    why = policy.why(user, "issue.view", mailbox)
    assert why.allowed
    watch, audit = why.grants
    assert (watch.role, watch.resource, watch.group, watch.until) == ("Watches", root, group, until)
    assert (watch.grantor, watch.approver, watch.reason, watch.missing) == (grantor, approver, "watch", None)
    assert (audit.role, audit.resource, audit.group) == ("Auditor", mailbox, None)
    assert "Watches" in why.roles
    assert len(why.sentences()) == 3


def test_each_grant_that_lacks_one_thing_says_what(root: Resource, mailbox: Resource, user: Principal) -> None:
    past = timezone.now() - 2 * DAY
    sibling = create_resource(Resource.Kind.MAILBOX, root)
    grant(user, "auditor", sibling, reason="elsewhere")
    grant(user, "rep", mailbox, reason="role")
    grant(user, "rep", sibling, reason="role and place")
    ended = grant(user, "administrator", mailbox, reason="ended", until=timezone.now() + DAY)
    Authorization.objects.filter(pk=ended.pk).update(since=past, until=past + DAY)
    begins = grant(user, "administrator", root, reason="begins")
    Authorization.objects.filter(pk=begins.pk).update(since=timezone.now() + DAY)
    revoke(grant(user, "team_lead", root, reason="revoked"))
    assert missing(user, "issue.view", mailbox) == {
        "elsewhere": Missing.ELSEWHERE,
        "role": Missing.PERMISSION,
        "ended": Missing.ENDED,
        "begins": Missing.NOT_BEGUN,
        "revoked": Missing.REVOKED,
    }
    said = " ".join(policy.why(user, "issue.view", mailbox).sentences())
    for words in ("does not lie below", "does not hold", "it ended on", "has not begun", "it was revoked on"):
        assert words in said


def test_what_never_counts_for_staff_is_told(root: Resource) -> None:
    staff = create_principal(Principal.Kind.STAFF)
    Authorization.objects.create(principal=staff, role="support", resource=root, reason="endless")
    assert missing(staff, "issue.view", root) == {"endless": Missing.NO_PROPER_END}


def test_to_a_stranger_nothing_comes_near_and_nothing_of_elsewhere_is_told(mailbox: Resource) -> None:
    other = create_resource(Resource.Kind.ORGANISATION)
    stranger = create_principal(Principal.Kind.USER, other)
    grant(stranger, "administrator", other, reason="at home")
    why = policy.why(stranger, "issue.view", mailbox)
    assert (why.allowed, why.grants, why.near) == (False, (), ())
    assert "Nothing that was given comes near it." in why.sentences()


def test_it_says_what_the_policy_decides(root: Resource, mailbox: Resource, user: Principal) -> None:
    grant(user, "rep", mailbox, reason="own")
    group = create_group(root, "Readers")
    add_to_group(group, user)
    grant(group, clone_role(root, "auditor", title="Reads"), root, reason="reads")
    for permission in registry.permissions():
        for place in (root, mailbox):
            decided = policy.allows(user, permission.name, place)
            assert policy.why(user, permission.name, place).allowed is decided


def test_it_is_never_answered_from_memory(mailbox: Resource, user: Principal) -> None:
    given = grant(user, "rep", mailbox, reason="own")
    with policy.remembered():
        assert policy.allows(user, "email.file", mailbox)
        Authorization.objects.filter(pk=given.pk).update(revoked_at=timezone.now())
        assert not policy.why(user, "email.file", mailbox).allowed
    with pytest.raises(registry.UnknownPermission):
        policy.why(user, "email.burn", mailbox)
