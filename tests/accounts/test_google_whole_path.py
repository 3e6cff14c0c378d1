"""Connecting Gmail against the sandbox over HTTPS, as a pane, a dialog and a person do it, and what comes after."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from pytest_django import Settings

from accounts import broker, google
from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, System, User
from accounts.services import create_organisation, create_user
from accounts.signing_keys import TokenRefused
from tests.accounts.google import READ
from tests.accounts.people import Bearer
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

FINISH = "/api/v1/connections/google/finish/"


@pytest.fixture
def people(against_sandbox: SandboxProcess, db: None) -> dict[str, User]:
    """The sandbox's people of Google as users of ours, by first name."""
    labs = create_organisation("Larkfield Labs", domains=["larkfield-labs.example"])
    return {
        person["email"].partition(".")[0]: create_user(labs, email=person["email"], name=person["name"])
        for person in against_sandbox.info["users"]
        if person["suite"] == "google"
    }


@pytest.fixture
def noor(people: dict[str, User], signed_in: Callable[[User], Bearer]) -> Client:
    return signed_in(people["noor"]).client


def dialog(pane: Client) -> str:
    """Begins in the pane and opens the dialog's first page; Google's address."""
    answer = Client().get(pane.post("/api/v1/connections/google/").json()["dialog_url"])
    assert answer.status_code == 302
    return str(answer["Location"])


def at_google(
    sandbox: SandboxProcess, address: str, name: str = "noor", *, untick: str = "", decision: str = "allow"
) -> str:
    """The path and query to which a person's browser is sent back after signing in and consenting at Google."""
    user = sandbox.user(name)
    with sandbox.session() as browser:
        form = {"username": user["email"], "password": user["password"]}
        page = browser.post(address, data=form, allow_redirects=False, timeout=30)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket is not None, page.text
        boxes = [unescape(box) for box in re.findall(r'type="checkbox" name="([^"]+)"', page.text)]
        assert READ in boxes
        form = {box: "on" for box in boxes if box != untick} | {"ticket": ticket[1], "decision": decision}
        sent = browser.post(address, data=form, allow_redirects=False, timeout=30)
    return str(sent.headers["location"]).removeprefix("http://localhost:8000")


def confirm(callback: str) -> str:
    """The code that the dialog's last page hands to the pane."""
    question = Client().get(callback)
    assert question.status_code == 200, question.content
    secret = re.search(r'name="secret" value="([^"]+)"', question.content.decode())
    assert secret is not None
    done = Client().post("/connect/google/confirm/", {"secret": secret[1]}).content.decode()
    code = re.search(r'data-code="([^"]+)"', done)
    assert code is not None, done
    return code[1]


def connect(sandbox: SandboxProcess, pane: Client) -> Connection:
    code = confirm(at_google(sandbox, dialog(pane)))
    answer = pane.post(FINISH, {"code": code}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return Connection.objects.get(system=System.GOOGLE, user__email__startswith="noor")


def profile(sandbox: SandboxProcess, token: str) -> Any:
    address = f"{sandbox.info['google_api_url']}/gmail/v1/users/me/profile"
    return sandbox.http.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def token_calls(sandbox: SandboxProcess) -> int:
    return len([row for row in sandbox.log("google") if row["path"].endswith("/token")])


def test_gmail_is_connected_through_the_dialog(against_sandbox: SandboxProcess, noor: Client) -> None:
    row = connect(against_sandbox, noor)
    person = against_sandbox.user("noor")
    assert (row.state, row.kind) == ("active", "delegated")
    assert (row.external_user_id, row.external_username) == (person["google_sub"], person["email"])
    assert READ in row.granted_scopes.split()
    assert noor.get("/api/v1/connections/").json()["connections"]["google"] == "active"
    told = profile(against_sandbox, broker.google_tokens(row).token())
    assert (told.status_code, told.json()["emailAddress"]) == (200, person["email"])


def test_a_mailbox_that_was_unticked_is_not_connected_and_ticking_it_connects(
    against_sandbox: SandboxProcess, noor: Client
) -> None:
    page = Client().get(at_google(against_sandbox, dialog(noor), untick=READ))
    assert page.status_code == 400
    assert "tick the box" in page.content.decode()
    assert not Connection.objects.filter(state="active").exists()
    assert connect(against_sandbox, noor).state == "active"


def test_a_colleagues_account_is_not_connected(against_sandbox: SandboxProcess, noor: Client) -> None:
    page = Client().get(at_google(against_sandbox, dialog(noor), "jonas"))
    assert page.status_code == 400
    assert "of your own address" in page.content.decode()
    assert not Connection.objects.filter(state="active").exists()


def test_a_person_who_does_not_allow_it_reads_so(against_sandbox: SandboxProcess, noor: Client) -> None:
    page = Client().get(at_google(against_sandbox, dialog(noor), decision="deny"))
    assert "access was not allowed" in page.content.decode()


def test_a_code_in_another_users_hands_connects_nobody(
    against_sandbox: SandboxProcess,
    people: dict[str, User],
    noor: Client,
    rita: User,
    signed_in: Callable[[User], Bearer],
) -> None:
    for other in (people["jonas"], rita):
        code = confirm(at_google(against_sandbox, dialog(noor)))
        for pane in (signed_in(other).client, noor):
            assert pane.post(FINISH, {"code": code}, content_type="application/json").status_code == 400
    assert not Connection.objects.filter(state="active").exists()


def test_a_renewal_gives_another_token_that_reads_the_mailbox(against_sandbox: SandboxProcess, noor: Client) -> None:
    row = connect(against_sandbox, noor)
    refresh_token = row.refresh_token.unseal()
    tokens = broker.google_tokens(row)
    first = tokens.token()
    assert tokens.renew(first) != first
    assert profile(against_sandbox, tokens.token()).status_code == 200
    row.refresh_from_db()
    assert row.refresh_token.unseal() == refresh_token
    assert READ in row.granted_scopes.split()


def test_twenty_threads_with_an_expired_token_make_one_refresh_call(
    against_sandbox: SandboxProcess, noor: Client
) -> None:
    row = connect(against_sandbox, noor)
    Connection.objects.update(access_expires_at="2020-01-01T00:00:00Z")
    against_sandbox.clear_log()
    against_sandbox.latency(100, "google")
    together = threading.Barrier(20)

    def take(_: int) -> str:
        try:
            tokens = broker.google_tokens(Connection.objects.get(pk=row.pk))
            together.wait(30)
            return tokens.token()
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(take, range(20)))) == 1
    assert token_calls(against_sandbox) == 1


def test_a_consent_that_was_withdrawn_asks_to_reconnect_once_and_connecting_again_mends_it(
    against_sandbox: SandboxProcess, noor: Client
) -> None:
    row = connect(against_sandbox, noor)
    tokens = broker.google_tokens(row)
    against_sandbox.withdraw_google_consent("noor")
    against_sandbox.clear_log()
    for _ in range(3):
        with pytest.raises(NeedsReconnect):
            tokens.renew(tokens.token())
    assert token_calls(against_sandbox) == 1
    row.refresh_from_db()
    assert (row.state, row.external_user_id) == ("needs_reconnect", against_sandbox.user("noor")["google_sub"])
    again = connect(against_sandbox, noor)
    assert (again.pk, again.state) == (row.pk, "active")


def test_google_not_answering_leaves_the_connection_as_it_is(against_sandbox: SandboxProcess, noor: Client) -> None:
    row = connect(against_sandbox, noor)
    tokens = broker.google_tokens(row)
    first = tokens.token()
    against_sandbox.fault(service="google", kind="error", status=503, path="/token")
    with pytest.raises(ProviderUnavailable):
        tokens.renew(first)
    row.refresh_from_db()
    assert row.state == "active"
    assert tokens.renew(first) != first


def test_disconnecting_ends_the_grant_at_google(against_sandbox: SandboxProcess, noor: Client) -> None:
    row = connect(against_sandbox, noor)
    access = broker.google_tokens(row).token()
    assert noor.delete("/api/v1/connections/google/").json() == {"state": "disconnected", "revoked": True}
    row.refresh_from_db()
    assert not row.refresh_token
    with pytest.raises(NotConnected):
        broker.google_tokens(row)
    assert profile(against_sandbox, access).status_code == 401


def test_tokens_are_checked_with_the_keys_that_google_publishes_now(
    against_sandbox: SandboxProcess, noor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(against_sandbox, noor)
    Connection.objects.update(state="needs_reconnect")
    against_sandbox.rotate_google_keys()
    monkeypatch.setattr("accounts.signing_keys.REFETCH_AFTER_SECONDS", -1)
    assert connect(against_sandbox, noor).state == "active"


def test_a_push_that_the_sandbox_signs_is_taken_and_one_that_breaks_a_rule_is_not(
    against_sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.GOOGLE_PUSH_SERVICE_ACCOUNT = against_sandbox.info["google_push_service_account"]

    def push(**change: Any) -> str:
        return against_sandbox.token(issuer="google", audience=settings.GOOGLE_PUSH_AUDIENCE, **change)

    google.check_push_token(push())
    for rule, change in (
        ("email", {"claims": {"email": "other@project.iam.gserviceaccount.com"}}),
        ("email_verified", {"without": ["email_verified"]}),
        ("aud", {"claims": {"aud": "https://attacker.example/"}}),
        ("iss", {"claims": {"iss": "https://attacker.example"}}),
        ("alg", {"alg": "RS512"}),
    ):
        with pytest.raises(TokenRefused) as refused:
            google.check_push_token(push(**change))
        assert refused.value.rule == rule
    with pytest.raises(TokenRefused):
        google.check_push_token(push(key="foreign"))
