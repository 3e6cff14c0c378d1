"""What the audit trail is told of signing in, sessions, connections and secrets."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import StringIO

import pytest
import responses
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from accounts import broker, connecting, signing_in, trail
from accounts.errors import NeedsReconnect
from accounts.models import Connection, Organisation, System, User
from accounts.services import create_user, provision_mailbox, withdraw_mailbox
from permissions.audit.models import AuditEntry
from permissions.audit.recording import COMMAND
from permissions.services import grant, revoke
from tests.accounts.people import Bearer
from tests.accounts.test_administration import PASSWORD, totp
from tests.trails import last, said_anywhere, told, whole

LOGIN = {"login": "operator@vendor.example", "password": PASSWORD}
SESSIONS = "/api/v1/sessions/"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("operator@vendor.example", PASSWORD)


def test_an_operators_sign_in_and_out_stand_in_the_chain_of_no_organisation(operator: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.77")
    assert client.post("/sign-in/login/", LOGIN).status_code == 302
    entry = last("signed-in")
    assert (entry.root_id, entry.actor_kind, entry.actor) == (None, "operator", operator.principal_id)
    assert (entry.object_id, entry.detail) == (str(operator.pk), {})
    client.post("/sign-in/logout/")
    assert last("signed-out").actor == operator.principal_id
    assert said_anywhere("192.0.2.77", "vendor.example") == []
    assert whole()


def test_a_wrong_password_is_recorded_without_whom_it_was_tried_for(operator: User) -> None:
    Client(REMOTE_ADDR="192.0.2.77").post("/sign-in/login/", {**LOGIN, "password": "wrong"})
    entry = last("sign-in.refused")
    assert (entry.root_id, entry.actor, entry.actor_kind, entry.object_id) == (None, None, "unknown", "")
    assert (entry.detail["reason"], entry.detail["stage"]) == ("wrong-password", "password")
    assert len(entry.detail["client"]) == 16
    assert said_anywhere("192.0.2.77", "operator@", "wrong password") == []


def test_a_second_factor_is_recorded_when_it_is_set_up_used_and_wrong(
    operator: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(time.time(), tick=False)
    client = Client()
    client.post("/sign-in/login/", LOGIN)
    client.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    client.get("/sign-in/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    client.post("/sign-in/2fa/totp/activate/", {"code": totp(secret)})
    later = Client()
    later.post("/sign-in/login/", LOGIN)
    later.post("/sign-in/2fa/authenticate/", {"code": "000000"})
    entry = last("sign-in.refused")
    assert (entry.detail["stage"], entry.detail["reason"]) == ("second-factor", "wrong-code")
    assert entry.object_id == str(operator.pk)
    cache.clear()
    later.post("/sign-in/2fa/authenticate/", {"code": totp(secret)})
    assert last("signed-in").detail == {"factor": "totp"}
    assert said_anywhere(secret) == []


@pytest.mark.django_db(transaction=True)
def test_setting_up_and_taking_away_a_second_factor_is_recorded(time_machine: TimeMachineFixture) -> None:
    User.objects.create_superuser("operator@vendor.example", PASSWORD)
    time_machine.move_to(time.time(), tick=False)
    client = Client()
    client.post("/sign-in/login/", LOGIN)
    client.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    client.get("/sign-in/2fa/totp/activate/")
    client.post("/sign-in/2fa/totp/activate/", {"code": totp(client.session["mfa.totp.secret"])})
    assert ("factor.added", {"kind": "totp"}) in told("factor.added")
    client.post("/sign-in/2fa/totp/deactivate/")
    assert ("factor.removed", {"kind": "totp"}) in told("factor.removed")


def test_who_tries_again_and_again_does_not_fill_the_trail(db: None, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(time.time(), tick=False)
    for _ in range(trail.MOST_FROM_ONE + 15):
        Client().post(SESSIONS, {"ticket": "none"}, content_type="application/json")
    assert len(told("sign-in.refused")) == trail.MOST_FROM_ONE


def test_nor_do_many_addresses_together(
    db: None, monkeypatch: pytest.MonkeyPatch, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(time.time(), tick=False)
    monkeypatch.setattr(trail, "MOST_FROM_ALL", 12)
    for number in range(20):
        client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        client.post(SESSIONS, {"ticket": "none"}, content_type="application/json")
    assert len(told("sign-in.refused")) == 12


def test_a_session_is_recorded_from_its_beginning_to_its_end(
    mia: User, tom: User, signed_in: Callable[[User], Bearer]
) -> None:
    pane = signed_in(mia)
    begun = last("session.begun")
    assert mia.organisation is not None
    assert (begun.root_id, begun.actor, begun.actor_kind) == (mia.organisation.resource_id, mia.principal_id, "user")
    assert begun.detail == {"client": "outlook"}
    pane.client.delete(SESSIONS)
    assert last("session.ended").object_id == begun.object_id
    assert pane.actor.session is not None
    signing_in.end_session(pane.actor.session)
    signed_in(mia), signed_in(mia), signed_in(tom)
    signing_in.end_sessions_of(mia, by=COMMAND)
    signing_in.end_sessions_of(mia, by=COMMAND)
    assert told("session.ended", "session.revoked") == [("session.ended", {}), ("session.revoked", {"sessions": 2})]
    assert said_anywhere(pane.token) == []


def test_a_user_with_their_grants_is_recorded_and_a_grant_taken_back_once(larkfield: Organisation, mia: User) -> None:
    root = larkfield.resource_id
    assert ("organisation.made", {}) in told(root=root)
    assert ("user.made", {}) in told(root=root)
    given = {detail.get("role") for _, detail in told("grant.given", root=root)}
    assert {"rep"} <= given
    assert mia.resource is not None
    standing = grant(mia.principal, "administrator", larkfield.resource, reason="words of a person")
    grant(mia.principal, "administrator", larkfield.resource, reason="again")
    revoke(standing, by=mia.principal)
    revoke(standing)
    (entry,) = AuditEntry.objects.filter(action="grant.revoked")
    assert (entry.actor, entry.object_id) == (mia.principal_id, str(standing.pk))
    assert entry.detail["principal"] == str(mia.principal_id)
    assert [detail["role"] for _, detail in told("grant.given")].count("administrator") == 1
    assert said_anywhere("words of a person", "mia", "larkfield") == []
    assert whole()


def test_a_secret_is_told_of_once_for_each_renewal_not_for_each_use(
    mia: User, salesforce_of: Callable[..., Connection], settings: Settings
) -> None:
    settings.ALONGSIDE_SANDBOX = False
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"
    row = salesforce_of(mia)
    session = broker.salesforce_session(row)
    session.token(), session.token()
    assert told("secret.used") == []


@pytest.mark.django_db(transaction=True)
def test_a_renewal_and_its_refusal_are_recorded(
    mia: User, salesforce_of: Callable[..., Connection], settings: Settings
) -> None:
    settings.ALONGSIDE_SANDBOX = False
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"
    row = salesforce_of(mia)
    session = broker.salesforce_session(row)
    with responses.RequestsMock() as mock:
        mock.post("https://login.salesforce.com/services/oauth2/token", json={"error": "invalid_grant"}, status=400)
        with pytest.raises(NeedsReconnect):
            session.renew("access-1")
    about = {"system": "salesforce", "user": str(mia.pk)}
    assert told("secret.used", "connection.refused") == [
        ("secret.used", {**about, "kind": "delegated"}),
        ("connection.refused", {**about, "reason": "renewal"}),
    ]
    assert last("secret.used").object_id == str(row.pk)
    assert said_anywhere("access-1", "refresh-1") == []


def test_disconnecting_is_recorded_once(mia: User, salesforce_of: Callable[..., Connection]) -> None:
    row = salesforce_of(mia)
    for _ in range(2):
        broker.forget(row, by=trail.as_user(mia))
    assert told("connection.disconnected") == [
        ("connection.disconnected", {"system": "salesforce", "user": str(mia.pk)})
    ]
    assert last("connection.disconnected").actor == mia.principal_id
    assert connecting.disconnect(mia, System.GOOGLE)
    assert len(told("connection.disconnected")) == 1


def test_the_allow_list_of_mailboxes_is_recorded(mia: User) -> None:
    provision_mailbox(mia, System.MICROSOFT, by=COMMAND)
    withdraw_mailbox(mia, System.MICROSOFT, by=COMMAND)
    withdraw_mailbox(mia, System.MICROSOFT, by=COMMAND)
    about = {"system": "microsoft", "user": str(mia.pk)}
    assert told("mailbox.provisioned", "mailbox.withdrawn") == [
        ("mailbox.provisioned", about),
        ("mailbox.withdrawn", about),
    ]
    assert last("mailbox.withdrawn").actor_kind == "command"


def test_turning_the_keys_is_recorded_for_each_organisation(
    mia: User, salesforce_of: Callable[..., Connection], settings: Settings
) -> None:
    salesforce_of(mia)
    settings.ALONGSIDE_KEYS = [("new", b"n" * 32), *settings.ALONGSIDE_KEYS]
    for _ in range(2):
        call_command("rotate_keys", stdout=StringIO())
    (entry,) = AuditEntry.objects.filter(action="secret.rotated")
    assert mia.organisation is not None
    assert (entry.root_id, entry.actor_kind, entry.object_kind) == (mia.organisation.resource_id, "command", "key")


def test_an_administrator_who_signs_in_stands_in_their_organisations_chain(larkfield: Organisation) -> None:
    ines = create_user(larkfield, email="ines.falk@larkfield.example", administrator=True)
    ines.set_password(PASSWORD)
    ines.save()
    Client().post("/sign-in/login/", {"login": ines.email, "password": PASSWORD})
    entry = last("signed-in")
    assert (entry.root_id, entry.actor_kind, entry.actor) == (larkfield.resource_id, "user", ines.principal_id)
