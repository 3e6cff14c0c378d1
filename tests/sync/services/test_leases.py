"""Leases: one of many wins a claim, an ended lease can be taken over, and its late owner records nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import SalesforceOrg
from accounts.services import create_organisation, create_user
from sync.models import Activity, Intent
from sync.services import leases
from tests.sync.queue import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def intent() -> Intent:
    organisation = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    user = create_user(organisation, email="mia.keller@larkfield.example")
    org = SalesforceOrg.objects.create(organisation=organisation, org_id="00D000000000001AAA", instance_url="x")
    activity = Activity.objects.create(
        organisation=organisation, salesforce_org=org, identity="<a@b.example>", fingerprint="f"
    )
    return Intent.objects.create(
        organisation=organisation, activity=activity, user=user, kind=Intent.Kind.EMAIL, key="email"
    )


def test_one_of_twenty_wins(intent: Intent) -> None:
    def attempt() -> bool:
        try:
            return leases.claim(Intent.objects.get(pk=intent.pk)) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(lambda _: attempt(), range(20)))
    assert won.count(True) == 1


def test_what_is_not_due_is_not_claimed(intent: Intent) -> None:
    Intent.objects.filter(pk=intent.pk).update(due_at=timezone.now() + timedelta(minutes=1))
    assert leases.claim(intent) is None


def test_a_lease_that_ended_is_taken_over_and_its_late_owner_records_nothing(intent: Intent) -> None:
    first = leases.claim(intent)
    assert first is not None
    assert leases.claim(intent) is None
    second = leases.claim(intent, at=timezone.now() + leases.LEASE + timedelta(seconds=1))
    assert second is not None
    assert second.token > first.token
    with transaction.atomic():
        assert leases.held(first) is None
        assert leases.held(second) is not None
    assert not leases.finish(first, Intent.State.DONE)
    assert not leases.release(first, due_in=timedelta(0), reason="late")
    assert leases.finish(second, Intent.State.DONE)


def test_a_lease_is_prolonged_while_the_work_goes_on(intent: Intent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=0.6))
    lease = leases.claim(intent)
    assert lease is not None
    first = intent.lease_until
    assert first is not None
    with leases.kept(lease):
        assert wait_for(lambda: Intent.objects.filter(pk=intent.pk, lease_until__gt=first).exists())
    last = Intent.objects.get(pk=intent.pk).lease_until
    assert last is not None
    assert leases.claim(intent, at=last + timedelta(seconds=1)) is not None


def test_throttling_burns_no_attempt(intent: Intent) -> None:
    lease = leases.claim(intent)
    assert lease is not None
    leases.release(lease, due_in=timedelta(seconds=30), reason="throttled", burn_attempt=False)
    intent.refresh_from_db()
    assert (intent.state, intent.attempts, intent.reason) == (Intent.State.WAITING, 0, "throttled")
    assert intent.due_at > timezone.now() + timedelta(seconds=20)


def test_what_is_finished_is_not_claimed_again(intent: Intent) -> None:
    lease = leases.claim(intent)
    assert lease is not None
    leases.finish(lease, Intent.State.PARKED, reason="salesforce-refused", words="No.")
    assert leases.claim(intent, at=timezone.now() + timedelta(days=1)) is None
