"""The org's allowance of calls: where background work and people stop, together for all threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import Connection, Organisation, SalesforceOrg
from accounts.preferences import set_for_organisation
from accounts.services import create_organisation
from sync.capture.batches import file_lane
from sync.errors import QuotaSpent
from sync.models import ApiBudget, ApiUse, Intent
from sync.providers.salesforce.client import ApiUsage
from sync.services import governor
from sync.services.filing import file_email
from sync.services.status import StatusKind
from tests.sync.capture import engine
from tests.sync.capture.scene import File, Scene, at_once, files_of, intent_of

ROOT = Path(__file__).resolve().parents[3]
FILED = ("captured", "known-people")


@pytest.fixture
def org(db: None) -> SalesforceOrg:
    cache.clear()
    return SalesforceOrg.objects.create(organisation=create_organisation("Larkfield"), org_id="00D000000000001EAA")


def said(org: SalesforceOrg, used: int, allowed: int = 10_000) -> None:
    """What the last answer said of the org, to a call that a person waited for."""
    cache.clear()
    governor.observe(org, ApiUsage(used, allowed))


def background_stops(org: SalesforceOrg) -> str:
    with governor.background():
        return stops(org)


def stops(org: SalesforceOrg) -> str:
    """The code with which a call is stopped, or nothing."""
    try:
        governor.admit(org)
    except QuotaSpent as spent:
        return spent.code if spent.until is not None and spent.until > timezone.now() else "no time to wait for"
    return ""


def test_before_anything_is_known_calls_are_let_through(org: SalesforceOrg) -> None:
    assert (stops(org), background_stops(org)) == ("", "")


@pytest.mark.parametrize(
    ("used", "background", "person"),
    [
        (0, "", ""),
        (7_999, "", ""),
        (8_000, "GOVERNOR", ""),
        (8_999, "GOVERNOR", ""),
        (9_000, "GOVERNOR", "GOVERNOR"),
        (9_999, "GOVERNOR", "GOVERNOR"),
    ],
)
def test_background_work_stops_at_80_percent_and_people_at_90(
    org: SalesforceOrg, used: int, background: str, person: str
) -> None:
    said(org, used)
    assert (background_stops(org), stops(org)) == (background, person)


def test_where_all_is_spent_a_person_is_answered_by_salesforce_itself(org: SalesforceOrg) -> None:
    said(org, 10_000)
    assert (background_stops(org), stops(org)) == ("GOVERNOR", "")


def test_background_work_stops_at_its_share_and_leaves_the_rest_to_people(org: SalesforceOrg) -> None:
    said(org, 100, allowed=1_000)
    ApiUse.objects.filter(salesforce_org=org).update(background=599)
    assert background_stops(org) == ""
    ApiUse.objects.filter(salesforce_org=org).update(background=600)
    assert (background_stops(org), stops(org)) == ("GOVERNOR_SHARE", "")


def test_the_share_is_the_organisations_choice(scene: Scene) -> None:
    org = SalesforceOrg.objects.get()
    said(org, 100, allowed=1_000)
    ApiUse.objects.filter(salesforce_org=org).update(background=250)
    assert background_stops(org) == ""
    set_for_organisation(scene.stage.actor("ines"), "salesforce_background_percent", 25)
    assert background_stops(org) == "GOVERNOR_SHARE"


def test_what_was_used_more_than_a_day_ago_counts_no_more(org: SalesforceOrg) -> None:
    said(org, 100, allowed=1_000)
    ApiUse.objects.filter(salesforce_org=org).update(
        background=900, hour=timezone.now() - timedelta(hours=25), interactive=0
    )
    assert background_stops(org) == ""


def test_the_share_counts_what_background_work_called_and_not_what_people_did(org: SalesforceOrg) -> None:
    with governor.background():
        for used in range(1, 4):
            governor.observe(org, ApiUsage(used, 1_000))
    said(org, 400, allowed=1_000)
    row = ApiUse.objects.get(salesforce_org=org)
    assert row.background == 3
    assert row.interactive >= 1


def test_what_the_org_said_is_looked_at_again_after_a_while(org: SalesforceOrg) -> None:
    said(org, 9_500)
    assert background_stops(org) == "GOVERNOR"
    ApiBudget.objects.update(seen_at=timezone.now() - governor.LOOK_AGAIN)
    assert background_stops(org) == ""
    with governor.background():
        governor.observe(org, ApiUsage(9_501, 10_000))
    assert background_stops(org) == "GOVERNOR"
    with governor.background():
        governor.observe(org, ApiUsage(10, 10_000))
    assert background_stops(org) == ""


def test_one_orgs_use_says_nothing_of_another(org: SalesforceOrg) -> None:
    said(org, 9_500)
    other = SalesforceOrg.objects.create(organisation=org.organisation, org_id="00D000000000002EAA")
    assert (background_stops(other), stops(other)) == ("", "")


@pytest.mark.django_db(transaction=True)
def test_every_call_of_many_threads_is_counted(org: SalesforceOrg) -> None:
    def call() -> None:
        with governor.background():
            for number in range(5):
                governor.observe(org, ApiUsage(number + 1, 10_000))

    assert at_once(*[call] * 8) == [None] * 8
    assert ApiUse.objects.get(salesforce_org=org).background == 40


_OTHER_PROCESS = """
import django
django.setup()
from accounts.models import SalesforceOrg
from permissions import isolation
from sync.errors import QuotaSpent
from sync.providers.salesforce.client import ApiUsage
from sync.services import governor
with isolation.every_organisation("whose it is"):
    org = SalesforceOrg.objects.select_related("organisation").get()
isolation.enter(org.organisation_id)
with governor.background():
    try:
        governor.admit(org)
        print("admitted")
        governor.observe(org, ApiUsage(8_100, 10_000))
    except QuotaSpent as spent:
        print(spent.code)
"""


def another_process() -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.beside_settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
    }
    done = subprocess.run(
        [sys.executable, "-c", _OTHER_PROCESS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.django_db(transaction=True)
def test_what_one_process_learns_counts_in_another(org: SalesforceOrg) -> None:
    said(org, 100)
    assert another_process() == "admitted"
    assert background_stops(org) == "GOVERNOR"  # what it was told there
    assert ApiUse.objects.get(salesforce_org=org).background == 1
    assert another_process() == "GOVERNOR"


def waiting(scene: Scene, *names: str) -> list[str]:
    """An email in each mailbox that is due to be filed by itself."""
    scene.switch_on(*names, delay_minutes=3)
    keys = [scene.arrives(f"of-{name}", at=name) for name in names]
    scene.read()
    return keys


def org_says(scene: Scene, used: int) -> None:
    """The org's use of 10,000 calls, as its answers say from now on."""
    scene.sandbox.limits(salesforce_daily=10_000, salesforce_used=used)
    said(SalesforceOrg.objects.get(), used)


def test_a_batch_waits_from_80_percent_on_while_a_person_files(scene: Scene) -> None:
    [key] = waiting(scene, "mia")
    request = scene.stage.request(scene.stage.message("About of-mia"))
    other = scene.arrives("other")
    scene.read()
    org_says(scene, 8_500)
    scene.let_pass()
    for one in (key, other):
        intent = intent_of(one)
        assert (intent.state, intent.reason, intent.attempts) == ("waiting", "quota-spent", 0)
    assert file_email(scene.stage.actor("mia"), request).kind is StatusKind.FILED
    assert len(scene.records(key)) == 1
    assert scene.decided(other) == ("waiting", "known-people")


def test_a_batch_that_waited_goes_on_when_the_allowance_is_given_back(scene: Scene) -> None:
    [key] = waiting(scene, "mia")
    org_says(scene, 9_000)
    scene.let_pass()
    assert scene.decided(key) == ("waiting", "known-people")
    scene.sandbox.limits(salesforce_used=10)
    with scene.later(minutes=16):
        engine.run()
        assert scene.decided(key) == FILED
    assert ApiBudget.objects.get().used < 100


def test_files_of_emails_that_filed_themselves_are_background_work_too(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    key = scene.arrives("file", files=(File("Offer.pdf", b"%PDF-1.7 offer", "application/pdf"),))
    scene.read()
    engine.let_pass()
    file_lane(scene.stage.users["mia"].pk)
    assert scene.decided(key) == FILED
    org_says(scene, 8_500)
    engine.run()
    assert files_of(key)["Offer.pdf"][0] == "waiting"
    file = Intent.objects.get(activity__identity=key, kind=Intent.Kind.FILE)
    assert (file.reason, file.attempts) == ("quota-spent", 0)
    org_says(scene, 10)
    engine.let_pass()
    engine.run()
    assert files_of(key)["Offer.pdf"][0] == "done"


def test_two_peoples_batches_share_one_allowance(scene: Scene) -> None:
    keys = waiting(scene, "mia", "noor")
    org = SalesforceOrg.objects.get()
    org_says(scene, 500)
    spent = ApiUse.objects.filter(salesforce_org=org)
    spent.update(background=6_000)
    scene.let_pass()
    assert {intent_of(key).reason for key in keys} == {"quota-spent"}
    spent.update(background=0)
    scene.let_pass()
    assert [scene.decided(key, name) for key, name in zip(keys, ("mia", "noor"), strict=True)] == [FILED, FILED]
    assert Organisation.objects.count() == 1
    assert Connection.objects.filter(salesforce_org=org).count() >= 2
