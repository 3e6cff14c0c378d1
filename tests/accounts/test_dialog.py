"""Signing in to the pane in a dialog, at the sandbox's Microsoft over HTTPS; each refusal alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import microsoft
from accounts.errors import ProviderUnavailable
from accounts.models import Connection, DialogSignIn, PaneSession, User
from accounts.onetime import challenge_of
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

VERIFIER = "v" * 43
BEGIN = "/connect/microsoft/sign-in/"
CALLBACK = "/connect/microsoft/callback/"
SESSIONS = "/api/v1/sessions/"


@pytest.fixture(autouse=True)
def people(sandbox_users: dict[str, User]) -> dict[str, User]:
    return sandbox_users


def begun(challenge: str = challenge_of(VERIFIER)) -> str:
    answer = Client().get(BEGIN, {"challenge": challenge})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def at_microsoft(sandbox: SandboxProcess, address: str, name: str = "mia", **form: str) -> str:
    """Where the person's browser is sent after signing in."""
    user = sandbox.user(name)
    with sandbox.session() as browser:
        fields = form or {"username": user["email"], "password": user["password"]}
        sent = browser.post(address, data=fields, allow_redirects=False, timeout=30)
    return str(sent.headers["location"])


def back(location: str) -> Any:
    return Client().get(CALLBACK, {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()})


def code_of(answer: Any) -> str:
    found = re.search(rb'data-code="([^"]+)"', answer.content)
    assert found is not None, answer.content
    return found[1].decode()


def walked(sandbox: SandboxProcess, name: str = "mia") -> str:
    return code_of(back(at_microsoft(sandbox, begun(), name)))


def redeem(code: str, verifier: str = VERIFIER, **more: str) -> Any:
    body = {"code": code, "verifier": verifier, "client": "outlook", **more}
    return Client().post(SESSIONS, body, content_type="application/json")


def test_the_whole_walk_gives_a_session_and_connects_the_mailbox(against_sandbox: SandboxProcess) -> None:
    answer = redeem(walked(against_sandbox))
    assert answer.status_code == 201, answer.content
    assert answer.json()["user"]["email"] == "mia.keller@larkfield.example"
    assert answer.json()["connections"]["microsoft"] == "active"
    assert Connection.objects.filter(system="microsoft").count() == 1


def test_the_browser_is_sent_with_state_nonce_and_pkce_and_nothing_of_ours(against_sandbox: SandboxProcess) -> None:
    parts = urlsplit(begun())
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}" == against_sandbox.info["microsoft_login_url"]
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].endswith(CALLBACK)
    assert len(asked["state"]) == 43
    assert asked["nonce"]
    assert asked["code_challenge"] != challenge_of(VERIFIER)


def test_the_dialog_shows_a_code_and_no_token(against_sandbox: SandboxProcess) -> None:
    answer = back(at_microsoft(against_sandbox, begun()))
    text = answer.content.decode()
    assert 'data-kind="alongside.sign-in"' in text
    assert 'data-origin="http://localhost:8000"' in text
    assert "eyJ" not in text
    assert answer["Cache-Control"].startswith("max-age=0")
    assert not answer.cookies


def test_what_is_kept_is_sealed_and_gone_afterwards(against_sandbox: SandboxProcess) -> None:
    location = at_microsoft(against_sandbox, begun())
    given = parse_qs(urlsplit(location).query)
    code = code_of(back(location))
    row = DialogSignIn.objects.get()
    stored = str(DialogSignIn.objects.values()) + bytes(row.sealed).decode("latin-1")
    for secret in (code, given["code"][0], given["state"][0], VERIFIER):
        assert secret not in stored
    assert redeem(code).status_code == 201
    assert bytes(DialogSignIn.objects.get().sealed) == b""


def test_a_code_is_good_once(against_sandbox: SandboxProcess) -> None:
    code = walked(against_sandbox)
    assert redeem(code).status_code == 201
    answer = redeem(code)
    assert (answer.status_code, answer.json()["code"]) == (401, "code_refused")
    assert PaneSession.objects.count() == 1


@pytest.mark.parametrize("verifier", ["w" * 43, "v" * 44, "V" * 43])
def test_without_the_panes_verifier_it_is_spent_for_nothing(against_sandbox: SandboxProcess, verifier: str) -> None:
    code = walked(against_sandbox)
    assert redeem(code, verifier).status_code == 401
    assert redeem(code).status_code == 401
    assert not PaneSession.objects.exists()


@pytest.mark.parametrize("code", ["", "x", "c" * 43])
def test_a_code_of_nobody_is_refused(against_sandbox: SandboxProcess, code: str) -> None:
    assert redeem(code).status_code in {400, 401}


def test_a_code_grows_old(against_sandbox: SandboxProcess) -> None:
    code = walked(against_sandbox)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert redeem(code).status_code == 401
        call_command("clearsessions")
    assert not PaneSession.objects.exists()


def test_a_state_is_good_once(against_sandbox: SandboxProcess) -> None:
    location = at_microsoft(against_sandbox, begun())
    assert back(location).status_code == 200
    again = back(location)
    assert again.status_code == 400
    assert b'data-problem="state"' in again.content


@pytest.mark.parametrize("query", [{}, {"state": "x", "code": "y"}, {"code": "y"}])
def test_an_answer_to_nothing_is_refused(query: dict[str, str]) -> None:
    answer = Client().get(CALLBACK, query)
    assert answer.status_code == 400
    assert b'data-problem="state"' in answer.content
    assert b"data-code" not in answer.content


def test_who_declines_is_told_so_and_nothing_is_kept(against_sandbox: SandboxProcess) -> None:
    answer = back(at_microsoft(against_sandbox, begun(), decision="cancel"))
    assert answer.status_code == 200
    assert b'data-problem="denied"' in answer.content
    assert not DialogSignIn.objects.exists()


@pytest.mark.parametrize("challenge", ["", "short", "c" * 44, 'c"><img src=x onerror=alert(1)>' + "c" * 13])
def test_a_challenge_that_is_none_leads_nowhere(challenge: str) -> None:
    answer = Client().get(BEGIN, {"challenge": challenge})
    assert answer.status_code == 400
    assert b'data-problem="challenge"' in answer.content
    assert b"onerror" not in answer.content
    assert not DialogSignIn.objects.exists()


def test_a_code_of_microsofts_that_was_spent_elsewhere_gives_nothing(against_sandbox: SandboxProcess) -> None:
    code = walked(against_sandbox)
    row = DialogSignIn.objects.get()
    assert redeem(code).status_code == 201
    # The same answer of Microsoft's under another code of ours: its token endpoint refuses it.
    DialogSignIn.objects.filter(pk=row.pk).update(redeemed_at=None, sealed=bytes(row.sealed), code_hash=row.code_hash)
    assert redeem(code).status_code == 401


def test_a_person_whom_nobody_added_is_turned_away(against_sandbox: SandboxProcess, people: dict[str, User]) -> None:
    people["mia"].delete()
    answer = redeem(walked(against_sandbox))
    assert (answer.status_code, answer.json()["code"]) == (403, "user_unknown")


def test_where_microsoft_does_not_answer_the_dialog_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any) -> Any:
        raise ProviderUnavailable("microsoft")

    monkeypatch.setattr(microsoft, "begin_sign_in", down)
    answer = Client().get(BEGIN, {"challenge": challenge_of(VERIFIER)})
    assert answer.status_code == 503
    assert b'data-problem="unavailable"' in answer.content


@pytest.mark.parametrize(
    "body",
    [
        {"code": "c" * 43, "verifier": VERIFIER},
        {"code": "c" * 43, "client": "outlook"},
        {"code": "c" * 43, "verifier": VERIFIER, "client": "gmail"},
        {"code": "c" * 43, "verifier": VERIFIER, "client": "outlook", "token": "t"},
        {"code": "c" * 43, "verifier": "v" * 42, "client": "outlook"},
    ],
)
def test_a_request_with_half_of_it_is_refused(body: dict[str, str]) -> None:
    assert Client().post(SESSIONS, body, content_type="application/json").status_code == 400
