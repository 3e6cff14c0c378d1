"""The one handler: what follows from each error, for a filing that was pressed, for one by itself, for a collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Connection, SalesforceOrg, System, User
from accounts.services import connection_for, create_organisation, create_user
from sync import errors
from sync.capture.reading import read_collection
from sync.models import Activity, Collection, Intent, Issue, Mailbox
from sync.services import leases, outcomes

MINUTES_15 = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class After:
    """`waits`: for how long at least, None where it does not wait. `attempts` counts those that were burned."""

    state: str
    reason: str
    attempts: int = 1
    waits: timedelta | None = None
    issues: tuple[str, ...] = ()
    connection: str = "active"


def _soon() -> datetime:
    return timezone.now() + timedelta(hours=2)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


ERRORS: dict[str, Callable[[], errors.ProviderError]] = {
    "throttled": lambda: errors.Throttled("slow down", retry_after=90),
    "quota-spent": errors.QuotaSpent,
    "quota-spent-until": lambda: errors.QuotaSpent(until=_soon()),
    "unavailable": lambda: errors.Unavailable("no answer"),
    "conflict": lambda: errors.Conflict("locked"),
    "ambiguous": errors.Ambiguous,
    "cursor-expired": errors.CursorExpired,
    "needs-reconnect": lambda: errors.NeedsReconnect(system="microsoft"),
    "gone": lambda: errors.Gone("not there"),
    "refused": lambda: errors.Refused("A field is missing.", field="Subject"),
    "forbidden": lambda: errors.Forbidden("You may not."),
}

WAITS: dict[str, After] = {
    "throttled": After("waiting", "throttled", 0, seconds(90)),
    "quota-spent": After("waiting", "quota-spent", 0, MINUTES_15),
    "quota-spent-until": After("waiting", "quota-spent", 0, timedelta(hours=2)),
    "unavailable": After("waiting", "unavailable", 1, seconds(5)),
    "conflict": After("waiting", "unavailable", 1, seconds(5)),
    "ambiguous": After("waiting", "ambiguous", 1, seconds(20)),
}
#: error → what becomes of a filing that a person pressed
PRESSED = WAITS | {
    "cursor-expired": After("waiting", "unavailable", 1, seconds(5)),
    "needs-reconnect": After("parked", "needs-reconnect", issues=("needs-reconnect",), connection="needs_reconnect"),
    "gone": After("parked", "fetch-failed", issues=("fetch-failed",)),
    "refused": After("parked", "salesforce-refused", issues=("salesforce-refused",)),
    "forbidden": After("parked", "forbidden", issues=("salesforce-refused",)),
}
#: … of one that is due by itself: what a person can give back is waited for
BY_ITSELF = PRESSED | {
    "needs-reconnect": After(
        "waiting", "needs-reconnect", 0, seconds(0), issues=("needs-reconnect",), connection="needs_reconnect"
    ),
}
#: … of the reading of a folder
COLLECTION = WAITS | {
    "cursor-expired": After("anew", "cursor-expired", 0, seconds(0)),
    "needs-reconnect": After(
        "waiting", "needs-reconnect", 0, seconds(0), issues=("needs-reconnect",), connection="needs_reconnect"
    ),
    "gone": After("resting", "fetch-failed", 0),
    "refused": After("waiting", "salesforce-refused", 0, timedelta(hours=3), issues=("mailbox-refused",)),
    "forbidden": After("waiting", "forbidden", 0, timedelta(hours=3), issues=("mailbox-refused",)),
}


@pytest.fixture
def mia(db: None) -> User:
    larkfield = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    user = create_user(larkfield, email="mia.keller@larkfield.example")
    for system in (System.MICROSOFT, System.SALESFORCE):
        Connection.objects.filter(pk=connection_for(user, system).pk).update(state=Connection.State.ACTIVE)
    return user


@pytest.fixture
def collection(mia: User) -> Collection:
    mailbox = Mailbox.objects.create(
        organisation=mia.organisation,  # type: ignore[misc]
        user=mia,
        connection=Connection.objects.get(user=mia, system=System.MICROSOFT),
        provider="graph",
        window_from=timezone.now(),
    )
    return Collection.objects.create(
        organisation=mia.organisation,  # type: ignore[misc]
        mailbox=mailbox,
        kind=Collection.Kind.MAIL,
        remote_id="folder-1",
        cursor="the-cursor",
        full_read=False,
        due_at=timezone.now(),
    )


def claimed(user: User, *, automatic: bool, attempts: int = 1) -> tuple[Intent, leases.Lease]:
    organisation = user.organisation
    org, _ = SalesforceOrg.objects.get_or_create(organisation=organisation, org_id="00D000000000001EAA")
    activity = Activity.objects.create(
        organisation=organisation,  # type: ignore[misc]
        salesforce_org=org,
        identity="<a@x.example>",
        fingerprint="f",
    )
    intent = Intent.objects.create(
        organisation=organisation,  # type: ignore[misc]
        activity=activity,
        user=user,
        kind=Intent.Kind.EMAIL,
        key="email",
        automatic=automatic,
        attempts=attempts - 1,
        due_at=timezone.now(),
    )
    lease = leases.claim(intent)
    assert lease is not None
    return intent, lease


def open_issues() -> tuple[str, ...]:
    return tuple(Issue.objects.filter(settled_at=None).values_list("reason", flat=True))


def microsoft(user: User) -> str:
    return str(Connection.objects.get(user=user, system=System.MICROSOFT).state)


def found(intent: Intent, user: User) -> After:
    intent.refresh_from_db()
    waits = intent.due_at - timezone.now() if intent.state == Intent.State.WAITING else None
    return After(intent.state, intent.reason, intent.attempts, waits, open_issues(), microsoft(user))


def assert_after(got: After, expected: After) -> None:
    """The same, and waiting as long as expected, with some seconds of chance."""
    if expected.waits is not None:
        assert got.waits is not None
        assert expected.waits - seconds(2) <= got.waits <= expected.waits + seconds(40)
    named = [(one.state, one.reason, one.attempts, one.issues, one.connection) for one in (got, expected)]
    assert named[0] == named[1]


@pytest.mark.parametrize("name", ERRORS)
def test_what_follows_for_a_filing_that_was_pressed(mia: User, name: str) -> None:
    intent, lease = claimed(mia, automatic=False)
    outcomes.handle(intent, lease, ERRORS[name]())
    assert_after(found(intent, mia), PRESSED[name])


@pytest.mark.parametrize("name", ERRORS)
def test_what_follows_for_a_filing_by_itself(mia: User, name: str) -> None:
    intent, lease = claimed(mia, automatic=True)
    outcomes.handle(intent, lease, ERRORS[name]())
    assert_after(found(intent, mia), BY_ITSELF[name])


@pytest.mark.parametrize("name", ERRORS)
def test_what_follows_for_a_collection(
    mia: User, collection: Collection, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(monkeypatch, ERRORS[name]())
    read_collection(collection.pk)
    collection.refresh_from_db()
    expected = COLLECTION[name]
    state = "anew" if collection.cursor == "" else "resting" if collection.due_at is None else "waiting"
    waits = collection.due_at - timezone.now() if collection.due_at else None
    got = After(state, collection.reason, collection.attempts, waits, open_issues(), microsoft(mia))
    assert_after(got, expected)
    assert collection.lease_until is None
    assert collection.full_read is (name == "cursor-expired")
    assert collection.last_success_at is None
    collection.mailbox.refresh_from_db()
    assert collection.mailbox.state == Mailbox.State.ACTIVE


def test_every_error_of_the_enumeration_is_in_the_tables() -> None:
    known = {type(make()) for make in ERRORS.values()}
    assert known == set(errors.ProviderError.__subclasses__())
    assert set(PRESSED) == set(BY_ITSELF) == set(COLLECTION) == set(ERRORS)


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize("name", ["unavailable", "conflict"])
def test_what_never_answers_is_set_aside_with_a_retry_in_the_end(mia: User, name: str, automatic: bool) -> None:
    intent, lease = claimed(mia, automatic=automatic, attempts=outcomes.MAX_ATTEMPTS)
    outcomes.handle(intent, lease, ERRORS[name]())
    got = found(intent, mia)
    assert (got.state, got.reason, got.issues) == ("parked", "unavailable", ("fetch-failed",))


@pytest.mark.parametrize("name", ["throttled", "quota-spent"])
def test_what_has_to_wait_is_never_set_aside_for_waiting(mia: User, name: str) -> None:
    intent, lease = claimed(mia, automatic=True, attempts=outcomes.MAX_ATTEMPTS + 5)
    outcomes.handle(intent, lease, ERRORS[name]())
    got = found(intent, mia)
    assert (got.state, got.attempts, got.issues) == ("waiting", outcomes.MAX_ATTEMPTS + 4, ())


def test_each_wait_is_longer_up_to_a_quarter_of_an_hour() -> None:
    waits = [outcomes.consequence(errors.Unavailable(), attempts).after for attempts in range(1, 12)]
    assert all(later > sooner - seconds(3) for sooner, later in pairwise(waits))
    assert seconds(5) <= waits[0] <= seconds(8)
    assert seconds(900) <= waits[-1] <= seconds(903)


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("automatic", [True, False])
def test_whoever_lost_the_lease_changes_nothing_of_the_work(mia: User, name: str, automatic: bool) -> None:
    intent, lease = claimed(mia, automatic=automatic)
    Intent.objects.filter(pk=intent.pk).update(lease_token=lease.token + 1)
    before = Intent.objects.filter(pk=intent.pk).values().get()
    outcomes.handle(intent, lease, ERRORS[name]())
    assert Intent.objects.filter(pk=intent.pk).values().get() == before
    assert set(open_issues()) <= {"needs-reconnect"}


def test_a_notice_is_given_once_for_each_system(mia: User, collection: Collection) -> None:
    for system in ("salesforce", "microsoft", "salesforce", "microsoft"):
        outcomes.notify_reconnect(mia.pk, collection.organisation_id, system)
    assert open_issues() == ("needs-reconnect", "needs-reconnect")
    assert sorted(Issue.objects.values_list("words", flat=True)) == sorted(
        outcomes.RECONNECT_WORDS[system] for system in ("salesforce", "microsoft")
    )


def test_what_a_person_was_told_of_a_mailbox_is_solved_when_it_can_be_read_again(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        Collection.objects.update(due_at=timezone.now())
        fails(monkeypatch, errors.Forbidden("You may not."))
        read_collection(collection.pk)
    assert open_issues() == ("mailbox-refused",)
    Collection.objects.update(due_at=timezone.now())
    monkeypatch.setitem(_readers(), Collection.Kind.MAIL, lambda *_: (True, False))
    monkeypatch.setattr("sync.capture.reading.mailbox_client", lambda _: None)
    read_collection(collection.pk)
    assert open_issues() == ()
    assert Issue.objects.get().settled_how == Issue.Settled.SOLVED


def test_an_error_that_nobody_has_thought_of_is_put_off_and_shown(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        read_collection(collection.pk)
    collection.refresh_from_db()
    assert (collection.reason, collection.attempts, collection.lease_until) == ("unavailable", 1, None)
    assert collection.due_at is not None
    assert collection.due_at > timezone.now()


def fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The mailbox answers with an error, whatever is asked for."""

    def fail(_: Any) -> Any:
        raise error

    monkeypatch.setattr("sync.capture.reading.mailbox_client", fail)


def _readers() -> dict[Any, Any]:
    from sync.capture import reading

    return reading._READ
