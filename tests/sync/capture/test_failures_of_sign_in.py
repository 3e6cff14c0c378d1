"""How a grant that ends is retried for ever elsewhere, row by row; here it stops that connection, once and for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import broker
from accounts.models import Connection, System
from accounts.signing_in import identify
from sync.capture.mailboxes import open_mailboxes
from sync.capture.reading import read_collection
from sync.models import Collection, Intent, Item, Mailbox
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene, at_once, intent_of, issues

PEOPLE = ["mia", "noor"]
SYSTEM = {"mia": System.MICROSOFT, "noor": System.GOOGLE}
API = {"mia": "graph", "noor": "gmail"}
FILED = ("captured", "known-people")


def end_grant(scene: Scene, name: str) -> None:
    """The person's grant at the mailbox's provider is gone: neither of its tokens is good any more."""
    system = SYSTEM[name]
    if system == System.GOOGLE:
        scene.sandbox.withdraw_google_consent(name)
    else:
        scene.sandbox.fault(service="graph", kind="revoked_token", times=None)
        scene.sandbox.fault(service="microsoft", kind="revoked_token", times=None)


def give_grant(scene: Scene, name: str) -> None:
    """The person connects again, in place."""
    scene.sandbox.clear_faults()
    if name == "mia":
        token = scene.sandbox.microsoft_login(name)["access_token"]
        identity, user = identify(token)
        broker.accept_assertion(user, identity, token)
    else:
        scene.connect(name)
    open_mailboxes(scene.stage.actor(name).user)


def due() -> None:
    Collection.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    Intent.objects.filter(state=Intent.State.WAITING).update(due_at=timezone.now())


@pytest.mark.parametrize("name", PEOPLE)
def test_a_grant_that_is_gone_stops_the_mailbox_with_one_notice_and_keeps_its_data(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    old = scene.arrives("old", at=name)
    scene.read()
    cursors = dict(Collection.objects.filter(mailbox=mailbox, kind="mail").values_list("pk", "cursor"))
    end_grant(scene, name)
    new = scene.arrives("new", at=name)
    for _ in range(5):
        due()
        engine.run()
    connection = Connection.objects.get(user=scene.stage.users[name], system=SYSTEM[name])
    assert connection.state == Connection.State.NEEDS_RECONNECT
    assert issues() == ["needs-reconnect"]
    assert dict(Collection.objects.filter(mailbox=mailbox, kind="mail").values_list("pk", "cursor")) == cursors
    assert scene.decided(old, name) == FILED
    scene.sandbox.clear_log()
    due()
    engine.run()
    assert scene.sandbox.log(API[name]) == []
    assert scene.sandbox.log({"mia": "microsoft", "noor": "google"}[name]) == []
    give_grant(scene, name)
    engine.run()
    assert issues() == []
    assert scene.decided(new, name) == FILED
    assert [len(scene.records(key)) for key in (old, new)] == [1, 1]
    again = Connection.objects.get(user=scene.stage.users[name], system=SYSTEM[name])
    assert (again.pk, again.state) == (connection.pk, Connection.State.ACTIVE)


@pytest.mark.parametrize("name", PEOPLE)
def test_what_waits_for_a_mailbox_that_must_be_connected_again_is_filed_afterwards(scene: Scene, name: str) -> None:
    scene.switch_on(name, delay_minutes=3)
    key = scene.arrives("waiting", at=name)
    scene.read()
    end_grant(scene, name)
    for _ in range(15):
        due()
        engine.run()
    assert intent_of(key).state == Intent.State.WAITING
    assert intent_of(key).attempts == 0
    assert issues() == ["needs-reconnect"]
    give_grant(scene, name)
    scene.let_pass()
    assert scene.decided(key, name) == FILED


def test_a_salesforce_grant_that_is_gone_stops_filing_with_one_notice_and_reading_goes_on(scene: Scene) -> None:
    scene.switch_on("mia", delay_minutes=3)
    first = scene.arrives("first")
    scene.read()
    scene.sandbox.fault(service="salesforce", kind="revoked_token", times=None)
    scene.sandbox.fault(service="salesforce", kind="revoked_token", path="/services/oauth2/token", times=None)
    for _ in range(3):
        due()
        engine.run()
    second = scene.arrives("second")
    scene.read()
    assert scene.decided(second) == ("waiting", "known-people")
    assert issues() == ["needs-reconnect"]
    assert intent_of(first).state == Intent.State.WAITING
    scene.sandbox.clear_log()
    due()
    engine.run()
    assert scene.stage.calls("salesforce") == []
    scene.sandbox.clear_faults()
    scene.connect("mia")
    open_mailboxes(scene.stage.actor("mia").user)
    scene.let_pass()
    assert [scene.decided(key) for key in (first, second)] == [FILED, FILED]
    assert issues() == []


def test_one_persons_grant_that_is_gone_stops_nobody_elses_mailbox(scene: Scene) -> None:
    scene.switch_on("mia", "noor")
    end_grant(scene, "noor")
    key = scene.arrives("mine")
    theirs = scene.arrives("theirs", at="noor")
    scene.read()
    assert scene.decided(key) == FILED
    assert not Item.objects.filter(sighting__activity__identity=theirs).exists()
    assert Mailbox.objects.get(provider="graph").connection.state == Connection.State.ACTIVE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PEOPLE)
def test_workers_that_find_a_token_over_at_once_renew_it_once(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    long_ago = timezone.now() - timedelta(minutes=5)
    Connection.objects.filter(pk=mailbox.connection_id).update(access_expires_at=long_ago)
    service = {"mia": "microsoft", "noor": "google"}[name]
    scene.sandbox.clear_log()
    scene.sandbox.latency(100, service)
    engine.hurry(mailbox)
    collections = list(Collection.objects.filter(mailbox=mailbox, due_at__isnull=False).values_list("pk", flat=True))
    errors = at_once(*[lambda pk=pk: read_collection(pk) for pk in collections])
    assert [error for error in errors if error is not None] == []
    calls = [row for row in scene.sandbox.log(service) if row["path"].split("?")[0].endswith("/token")]
    assert len(calls) == 1
    assert Connection.objects.get(pk=mailbox.connection_id).state == Connection.State.ACTIVE


def test_tokens_that_rotate_are_kept_each_time(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    used = {Connection.objects.get(pk=mailbox.connection_id).access_token.unseal()}
    for number in range(3):
        Connection.objects.filter(pk=mailbox.connection_id).update(access_expires_at=timezone.now())
        key = scene.arrives(f"rotated-{number}")
        scene.read()
        assert scene.decided(key) == FILED
        used.add(Connection.objects.get(pk=mailbox.connection_id).access_token.unseal())
    assert len(used) == 4
    assert issues() == []


def test_a_refresh_token_that_somebody_else_has_used_stops_the_connection_once(scene: Scene) -> None:
    [mailbox] = scene.switch_on("mia")
    Connection.objects.filter(pk=mailbox.connection_id).update(access_expires_at=timezone.now())
    scene.sandbox.fault(service="microsoft", kind="rotated_token")
    for _ in range(3):
        due()
        engine.run()
    assert Connection.objects.get(pk=mailbox.connection_id).state == Connection.State.NEEDS_RECONNECT
    assert issues() == ["needs-reconnect"]


@pytest.mark.parametrize("name", PEOPLE)
def test_a_token_that_is_refused_again_and_again_costs_one_renewal_for_each_call(scene: Scene, name: str) -> None:
    [mailbox] = scene.switch_on(name)
    scene.sandbox.fault(service=API[name], kind="revoked_token", times=None)
    scene.sandbox.clear_log()
    engine.hurry(mailbox)
    [mail] = Collection.objects.filter(mailbox=mailbox, kind="marks")
    read_collection(mail.pk)
    tried = scene.sandbox.log(API[name])
    renewals = [
        row
        for row in scene.sandbox.log({"mia": "microsoft", "noor": "google"}[name])
        if row["path"].split("?")[0].endswith("/token")
    ]
    assert len(tried) == 2
    assert len(renewals) == 1
    connection = Connection.objects.get(pk=mailbox.connection_id)
    assert connection.state == Connection.State.NEEDS_RECONNECT
    assert issues() == ["needs-reconnect"]
