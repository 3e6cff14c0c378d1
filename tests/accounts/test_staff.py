"""Staff sessions: asked for, approved by the organisation, read-only, at most four hours, over by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import staff
from accounts.models import Organisation, StaffSession, User
from accounts.services import create_user
from permissions import policy, registry
from permissions.audit.models import AuditEntry
from permissions.models import Authorization
from permissions.services import CannotChange, grant

REASON = "Ticket 4711: nothing is filed since Monday"


@pytest.fixture
def ines(larkfield: Organisation) -> User:
    return create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True)


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_superuser("sam@vendor.example", "a long enough password", name="Sam")


@pytest.fixture
def asked(larkfield: Organisation, sam: User, ines: User) -> StaffSession:
    return staff.ask(sam, larkfield, REASON)


def said(larkfield: Organisation) -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(root=larkfield.resource_id, action__startswith="staff.").order_by("number")
    return [(entry.action, entry.actor_kind) for entry in entries]


def shift(session: StaffSession, by: timedelta) -> None:
    """The grant's own times move into the past: the policy goes by the database's clock."""
    session.refresh_from_db()
    given = session.authorization
    assert given is not None
    assert given.until is not None
    Authorization.objects.filter(pk=given.pk).update(since=given.since - by, until=given.until - by)


def test_asking_gives_nothing(asked: StaffSession, sam: User, larkfield: Organisation) -> None:
    assert asked.state == "asked"
    assert not any(policy.allows(sam.principal, one.name, larkfield.resource) for one in registry.permissions())
    with pytest.raises(policy.NotFound):
        policy.require(sam.principal, "user.view", larkfield.resource)
    assert staff.running(asked.pk, sam) is None


def test_an_approved_session_reads_and_nothing_else(asked: StaffSession, sam: User, ines: User) -> None:
    session = staff.approve(asked.pk, ines, minutes=60)
    root = session.organisation.resource
    held = {one.name for one in registry.permissions() if policy.allows(sam.principal, one.name, root)}
    assert held == registry.role("support").permissions
    assert {name.rpartition(".")[2] for name in held} <= {"view", "ask", "enter"}
    assert not {"email.view", "audit.view", "audit.export", "staff.approve"} & held
    given = session.authorization
    assert given is not None
    assert (given.approver, given.grantor, given.reason) == (ines.principal, ines.principal, REASON)
    assert session.until is not None
    assert session.until - timezone.now() <= timedelta(minutes=60)


def test_the_longest_is_four_hours(asked: StaffSession, ines: User) -> None:
    for minutes in (0, -1, 241, 100_000):
        with pytest.raises(staff.CannotStep):
            staff.approve(asked.pk, ines, minutes=minutes)
    session = staff.approve(asked.pk, ines, minutes=240)
    assert session.until is not None
    assert session.until <= timezone.now() + registry.STAFF_AT_MOST


def test_it_ends_by_itself(asked: StaffSession, sam: User, ines: User, larkfield: Organisation) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        session = staff.approve(asked.pk, ines, minutes=30)
        assert staff.running(session.pk, sam) is not None
        clock.shift(timedelta(minutes=29, seconds=59))
        assert staff.running(session.pk, sam) is not None
        clock.shift(timedelta(seconds=1))
        assert staff.running(session.pk, sam) is None
        with pytest.raises(staff.CannotStep):
            staff.begin(session.pk, sam)
        assert staff.close_over() == 1
        assert staff.close_over() == 0
    session.refresh_from_db()
    assert (session.state, session.ended_by, session.ended_at) == ("ended", None, session.until)
    assert said(larkfield)[-1] == ("staff.ended", "product")
    # A new request may be made.
    assert staff.ask(sam, larkfield, REASON).state == "asked"


def test_the_policy_ends_it_by_the_databases_own_clock(asked: StaffSession, sam: User, ines: User) -> None:
    session = staff.approve(asked.pk, ines, minutes=30)
    shift(session, timedelta(minutes=31))
    assert not policy.allows(sam.principal, "user.view", session.organisation.resource)
    assert staff.running(session.pk, sam) is None


@pytest.mark.parametrize("who", ["sam", "ines"])
def test_either_side_ends_it_early(
    asked: StaffSession, sam: User, ines: User, larkfield: Organisation, who: str
) -> None:
    session = staff.approve(asked.pk, ines, minutes=240)
    staff.begin(session.pk, sam)
    by = {"sam": sam, "ines": ines}[who]
    with policy.remembered():
        assert policy.allows(sam.principal, "user.view", larkfield.resource)
        session = staff.end(session.pk, by)
        assert not policy.allows(sam.principal, "user.view", larkfield.resource)
    assert (session.state, session.ended_by) == ("ended", by)
    assert staff.running(session.pk, sam) is None
    assert said(larkfield) == [
        ("staff.asked", "staff"),
        ("staff.approved", "user"),
        ("staff.begun", "staff"),
        ("staff.ended", "staff" if who == "sam" else "user"),
    ]
    with pytest.raises(staff.CannotStep):
        staff.end(session.pk, by)


def test_declined_is_over(asked: StaffSession, ines: User, larkfield: Organisation) -> None:
    assert staff.decline(asked.pk, ines).state == "declined"
    with pytest.raises(staff.CannotStep):
        staff.approve(asked.pk, ines, minutes=30)
    with pytest.raises(staff.CannotStep):
        staff.decline(asked.pk, ines)
    assert said(larkfield) == [("staff.asked", "staff"), ("staff.declined", "user")]


def test_a_request_that_nobody_answers_is_over_after_a_day(asked: StaffSession, ines: User) -> None:
    StaffSession.objects.filter(pk=asked.pk).update(asked_at=timezone.now() - timedelta(days=1, seconds=1))
    with pytest.raises(staff.CannotStep):
        staff.approve(asked.pk, ines, minutes=30)
    assert staff.close_over() == 1
    asked.refresh_from_db()
    assert asked.state == "expired"


def test_who_may_answer(asked: StaffSession, mia: User, rita: User, sam: User, ines: User) -> None:
    assert rita.organisation is not None
    rival = create_user(rita.organisation, email="boss@rival.example", administrator=True)
    auditor = grant(mia.principal, "auditor", asked.organisation.resource, reason="test").principal
    assert policy.allows(auditor, "staff.view", asked.organisation.resource)
    answers: list[tuple[User, type[Exception]]] = [
        (mia, policy.Denied),
        (rival, policy.NotFound),
        (sam, policy.NotFound),
    ]
    for person, refused in answers:
        with pytest.raises(refused):
            staff.approve(asked.pk, person, minutes=30)
        with pytest.raises(refused):
            staff.decline(asked.pk, person)
    with pytest.raises(policy.Denied):
        staff.end(asked.pk, mia)
    session = staff.approve(asked.pk, ines, minutes=30)
    with pytest.raises(policy.Denied):  # not even with a session of one's own
        staff.approve(session.pk, sam, minutes=30)


def test_another_of_the_staff_gets_nothing_by_it(asked: StaffSession, ines: User) -> None:
    session = staff.approve(asked.pk, ines, minutes=30)
    other = User.objects.create_superuser("ulf@vendor.example", "a long enough password")
    assert staff.running(session.pk, other) is None
    with pytest.raises(policy.NotFound):
        staff.begin(session.pk, other)
    assert not policy.allows(other.principal, "user.view", session.organisation.resource)


def test_who_asks_is_of_the_vendors_staff(larkfield: Organisation, mia: User, ines: User, sam: User) -> None:
    User.objects.filter(pk=mia.pk).update(is_staff=True)
    for person in (User.objects.get(pk=mia.pk), ines):
        with pytest.raises(staff.CannotStep):
            staff.ask(person, larkfield, REASON)
    for reason in ("", "   ", "support", "x" * 201):
        with pytest.raises(staff.CannotStep):
            staff.ask(sam, larkfield, reason)
    assert not StaffSession.objects.exists()


def test_one_open_session_at_a_time(asked: StaffSession, sam: User, larkfield: Organisation, ines: User) -> None:
    with pytest.raises(staff.CannotStep):
        staff.ask(sam, larkfield, REASON)
    staff.approve(asked.pk, ines, minutes=30)
    with pytest.raises(staff.CannotStep):
        staff.ask(sam, larkfield, REASON)
    staff.end(asked.pk, ines)
    again = staff.ask(sam, larkfield, REASON)
    assert staff.approve(again.pk, ines, minutes=30).is_running


def test_staff_who_left_get_nothing(asked: StaffSession, sam: User, ines: User) -> None:
    User.objects.filter(pk=sam.pk).update(is_active=False)
    with pytest.raises(staff.CannotStep):
        staff.approve(asked.pk, ines, minutes=30)
    User.objects.filter(pk=sam.pk).update(is_active=True)
    session = staff.approve(asked.pk, ines, minutes=30)
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert staff.running(session.pk, sam) is None


def test_no_row_is_approved_without_an_end(asked: StaffSession) -> None:
    changes: list[Callable[[], object]] = [
        lambda: StaffSession.objects.filter(pk=asked.pk).update(state="approved"),
        lambda: StaffSession.objects.filter(pk=asked.pk).update(
            answered_at=timezone.now(), until=timezone.now() - timedelta(hours=1)
        ),
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_staff_are_given_nothing_beside_a_session(larkfield: Organisation, sam: User, ines: User) -> None:
    later = timezone.now() + timedelta(days=1)
    for role, until in (("support", None), ("support", later), ("administrator", timezone.now() + timedelta(hours=1))):
        with pytest.raises(CannotChange):
            grant(sam.principal, role, larkfield.resource, reason="as ever", until=until)
