"""The extension's sign-in: from its window over Google to an ID token for its service worker; each refusal alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ConnectionAttempt, ExtensionSignIn, User
from accounts.onetime import challenge_of
from accounts.services import create_organisation, create_user
from permissions.audit.models import AuditEntry
from tests.accounts.google import AUTH, CLIENT, SUB, TOKEN, Google
from tests.accounts.people import Bearer
from tests.accounts.test_connecting_google import confirmed, sent_to

pytestmark = pytest.mark.django_db

OURS = "a" * 32
OTHER = "b" * 32
STRANGER = "c" * 32
VERIFIER = "v" * 43
NONCE = "n" * 43
STATE = "s" * 43
ASKED = {
    "redirect_uri": f"https://{OURS}.chromiumapp.org/signed-in",
    "state": STATE,
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "nonce": NONCE,
}


@pytest.fixture(autouse=True)
def our_extensions(settings: Settings, at_google: Google) -> None:
    cache.clear()
    settings.CHROME_EXTENSION_IDS = [OURS, OTHER]


def authorize(**change: str | None) -> Any:
    asked = {name: value for name, value in {**ASKED, **change}.items() if value is not None}
    return Client().get("/extension/authorize/", asked)


def at_google_with(google: Google, **change: str | None) -> dict[str, str]:
    """The parameters with which the window comes to Google."""
    answer = authorize(**change)
    assert answer.status_code == 302, answer.content
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == AUTH
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    google.nonce = asked["nonce"]
    return asked


def back(asked: dict[str, str], **change: str) -> Any:
    return Client().get("/connect/google/callback/", {"state": asked["state"], "code": "g-code", **change})


def handed(answer: Any) -> dict[str, str]:
    assert answer.status_code == 302, answer.content
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == ASKED["redirect_uri"]
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def code_of(google: Google) -> str:
    told = handed(back(at_google_with(google)))
    assert told["state"] == STATE
    return told["code"]


def redeem(code: str, *, origin: str = f"chrome-extension://{OURS}", verifier: str = VERIFIER) -> Any:
    headers = {"Origin": origin} if origin else {}
    return Client(headers=headers).post("/extension/token/", {"code": code, "code_verifier": verifier})


def assert_refused(answer: Any, reason: str) -> None:
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    assert AuditEntry.objects.filter(action="sign-in.refused").latest("number").detail["reason"] == reason


def test_the_worker_gets_an_id_token_with_its_own_nonce_and_a_session_with_it(at_google: Google) -> None:
    larkfield = create_organisation("Larkfield", google_domains=["larkfield.example"])
    create_user(larkfield, email="mia.keller@larkfield.example", google_sub=SUB)
    at_google.answer |= {"refresh_token": None}
    answer = redeem(code_of(at_google))
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == f"chrome-extension://{OURS}"
    assert answer.headers["Cache-Control"].startswith("max-age=0")
    assert "no-store" in answer.headers["Cache-Control"]
    body = {"token": answer.json()["id_token"], "client": "gmail", "nonce": NONCE}
    begun = Client().post("/api/v1/sessions/", body, content_type="application/json")
    assert begun.status_code == 201
    assert begun.json()["user"]["email"] == "mia.keller@larkfield.example"


def test_google_is_asked_for_who_it_is_and_nothing_lasting(at_google: Google) -> None:
    asked = at_google_with(at_google, login_hint="mia.keller@larkfield.example")
    assert asked["client_id"] == CLIENT
    assert asked["scope"] == "openid email profile"
    assert asked["access_type"] == "online"
    assert asked["include_granted_scopes"] == "false"
    assert asked["nonce"] == NONCE
    assert asked["login_hint"] == "mia.keller@larkfield.example"
    assert asked["redirect_uri"] == "https://alongside.example/connect/google/callback/"
    assert "prompt" not in asked
    assert at_google_with(at_google)["prompt"] == "select_account"
    assert at_google_with(at_google, prompt="none")["prompt"] == "none"


def test_the_states_and_the_verifiers_are_two_and_ours_goes_to_google_alone(at_google: Google) -> None:
    asked = at_google_with(at_google)
    assert asked["state"] != STATE
    assert asked["code_challenge"] != ASKED["code_challenge"]
    redeem(handed(back(asked))["code"])
    (form,) = at_google.forms(TOKEN)
    assert challenge_of(form["code_verifier"]) == asked["code_challenge"]
    assert form["code"] == "g-code"


def test_nothing_of_it_can_be_read_out_of_the_database(at_google: Google) -> None:
    asked = at_google_with(at_google)
    code = handed(back(asked))["code"]
    row = ExtensionSignIn.objects.get()
    stored = str(ExtensionSignIn.objects.values()) + bytes(row.sealed).decode("latin-1")
    for secret in (asked["state"], code, "g-code", VERIFIER):
        assert secret not in stored
    redeem(code)
    assert bytes(ExtensionSignIn.objects.get().sealed) == b""


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("redirect_uri", {"redirect_uri": f"https://{STRANGER}.chromiumapp.org/signed-in"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org/elsewhere"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org/signed-in?x=1"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org/signed-in#x"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org/signed-in\n"}),
        ("redirect_uri", {"redirect_uri": f"http://{OURS}.chromiumapp.org/signed-in"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org.attacker.example/signed-in"}),
        ("redirect_uri", {"redirect_uri": f"https://{OURS}.chromiumapp.org@attacker.example/signed-in"}),
        ("redirect_uri", {"redirect_uri": None}),
        ("state", {"state": "short"}),
        ("state", {"state": None}),
        ("challenge", {"code_challenge": None}),
        ("challenge", {"code_challenge": "short"}),
        ("challenge", {"code_challenge_method": "plain"}),
        ("challenge", {"code_challenge_method": None}),
        ("nonce", {"nonce": None}),
        ("nonce", {"nonce": "short"}),
        ("login_hint", {"login_hint": "no address"}),
    ],
)
def test_what_is_not_asked_right_leads_nowhere(reason: str, change: dict[str, str | None]) -> None:
    answer = authorize(**change)
    assert answer.status_code == 400
    assert f'data-problem="{reason}"' in answer.content.decode()
    assert not ExtensionSignIn.objects.exists()


def test_no_page_of_it_may_be_framed() -> None:
    answer = authorize(state="short")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_googles_answer_is_taken_once(at_google: Google) -> None:
    asked = at_google_with(at_google)
    handed(back(asked))
    again = back(asked)
    assert again.status_code == 400
    assert 'data-problem="state"' in again.content.decode()


def test_googles_answer_after_ten_minutes_is_not_taken(at_google: Google) -> None:
    asked = at_google_with(at_google)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1), tick=False):
        assert back(asked).status_code == 400


def test_an_answer_of_another_issuer_brings_no_code(at_google: Google) -> None:
    told = handed(back(at_google_with(at_google), iss="https://attacker.example"))
    assert told == {"state": STATE, "error": "server_error"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("access_denied", "access_denied"),
        ("interaction_required", "interaction_required"),
        ("<script>", "server_error"),
    ],
)
def test_what_google_refuses_is_told(at_google: Google, error: str, told: str) -> None:
    answer = handed(back(at_google_with(at_google), error=error))
    assert answer == {"state": STATE, "error": told}


def test_a_code_is_redeemed_once(at_google: Google) -> None:
    code = code_of(at_google)
    assert redeem(code).status_code == 200
    assert_refused(redeem(code), "code")
    assert len(at_google.forms(TOKEN)) == 1


def test_a_code_after_ten_minutes_is_not_redeemed(at_google: Google) -> None:
    code = code_of(at_google)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1), tick=False):
        assert_refused(redeem(code), "code")


@pytest.mark.parametrize("verifier", ["w" * 43, "", "short", VERIFIER + "v"])
def test_a_wrong_verifier_spends_the_code_and_asks_google_nothing(at_google: Google, verifier: str) -> None:
    code = code_of(at_google)
    assert_refused(redeem(code, verifier=verifier), "verifier")
    assert_refused(redeem(code), "code")
    assert at_google.forms(TOKEN) == []


def test_another_of_our_extensions_does_not_redeem_it(at_google: Google) -> None:
    code = code_of(at_google)
    assert_refused(redeem(code, origin=f"chrome-extension://{OTHER}"), "extension")
    assert_refused(redeem(code), "code")


@pytest.mark.parametrize(
    "origin",
    ["", f"chrome-extension://{STRANGER}", "https://mail.google.com", "null", f"chrome-extension://{OURS}.x", OURS],
)
def test_nobody_else_redeems_or_reads_anything(at_google: Google, origin: str) -> None:
    code = code_of(at_google)
    answer = redeem(code, origin=origin)
    assert_refused(answer, "extension")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert redeem(code).status_code == 200


def test_where_an_extension_is_taken_off_the_list_its_codes_are_worth_nothing(
    at_google: Google, settings: Settings
) -> None:
    code = code_of(at_google)
    settings.CHROME_EXTENSION_IDS = [OTHER]
    assert_refused(redeem(code), "extension")


def test_google_that_does_not_answer_is_no_refusal(at_google: Google) -> None:
    at_google.status = 503
    answer = redeem(code_of(at_google))
    assert (answer.status_code, answer.json()) == (503, {"error": "temporarily_unavailable"})
    at_google.status, at_google.answer = 400, {"error": "invalid_grant", "id_token": None}
    assert_refused(redeem(code_of(at_google)), "grant")


def test_a_get_redeems_nothing(at_google: Google) -> None:
    assert Client().get("/extension/token/", {"code": code_of(at_google)}).status_code == 405


def test_what_is_over_is_deleted(at_google: Google) -> None:
    code_of(at_google)
    call_command("clear_expired")
    assert ExtensionSignIn.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        call_command("clear_expired")
    assert not ExtensionSignIn.objects.exists()


def opened(pane: Bearer, extension_id: str) -> Any:
    dialog = pane.client.post("/api/v1/connections/google/").json()["dialog_url"]
    return Client().get(dialog, {"extension": extension_id} if extension_id else {})


def test_the_dialog_of_the_extension_ends_at_its_own_address(mia: User, signed_in: Any, at_google: Google) -> None:
    answer = opened(signed_in(mia), OURS)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    at_google.nonce = asked["nonce"]
    question = Client().get(
        "/connect/google/callback/", {"state": asked["state"], "code": "the-code", "scope": asked["scope"]}
    )
    secret = re.search(r'name="secret" value="([^"]+)"', question.content.decode())
    assert secret is not None
    done = Client().post("/connect/google/confirm/", {"secret": secret[1]}).content.decode()
    assert f'data-back="https://{OURS}.chromiumapp.org/connected"' in done
    assert "office" not in done


def test_a_problem_in_the_extensions_dialog_ends_there_too(mia: User, signed_in: Any, at_google: Google) -> None:
    answer = opened(signed_in(mia), OURS)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    denied = Client().get("/connect/google/callback/", {"state": asked["state"], "error": "access_denied"})
    assert f'data-back="https://{OURS}.chromiumapp.org/connected"' in denied.content.decode()


def test_the_dialog_leads_to_no_stranger(mia: User, signed_in: Any, at_google: Google) -> None:
    assert opened(signed_in(mia), STRANGER).status_code == 302
    assert ConnectionAttempt.objects.get().extension_id == ""


def test_a_dialog_in_office_stays_as_it_is(mia: User, signed_in: Any, at_google: Google) -> None:
    pane = signed_in(mia)
    asked = sent_to(pane, at_google)
    page = Client().get(
        "/connect/google/callback/", {"state": asked["state"], "code": "the-code", "scope": asked["scope"]}
    )
    assert confirmed(page)  # type: ignore[arg-type]
