"""Each rule for tokens that Google signed, ID tokens and those of pushes, with one that breaks that rule alone."""

from __future__ import annotations

import threading
import time
from typing import Any

import jwt
import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from accounts import google
from accounts.errors import ProviderUnavailable
from accounts.signing_keys import TokenRefused
from tests.accounts.google import CERTS, CLIENT, KEY, OTHER_KEY, SUB, Google, id_claims, jwk, push_claims, signed

pytestmark = pytest.mark.usefixtures("at_google")


def rule_broken_by(token: str, nonce: str = "the-nonce") -> str:
    with pytest.raises(TokenRefused) as refused:
        google.check_id_token(token, CLIENT, nonce)
    return refused.value.rule


def push_rule_broken_by(token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        google.check_push_token(token)
    return refused.value.rule


def test_a_good_id_token_says_who_it_is_of() -> None:
    identity = google.check_id_token(signed(id_claims()), CLIENT, "the-nonce")
    assert identity == google.Identity(SUB, "mia.keller@larkfield.example", "larkfield.example")


def test_the_issuer_may_come_without_its_scheme() -> None:
    assert google.check_id_token(signed(id_claims(iss="accounts.google.com")), CLIENT, "the-nonce").sub == SUB


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("iss", {"iss": "https://accounts.google.com.attacker.example"}),
        ("iss", {"iss": "https://accounts.google.com/"}),
        ("iss", {"iss": "https://login.microsoftonline.com"}),
        ("iss", {"iss": None}),
        ("aud", {"aud": "other.apps.googleusercontent.com"}),
        ("aud", {"aud": [CLIENT, "other.apps.googleusercontent.com"]}),
        ("aud", {"aud": None}),
        ("azp", {"azp": "other.apps.googleusercontent.com"}),
        ("exp", {"exp": int(time.time()) - 3600}),
        ("exp", {"exp": None}),
        ("iat", {"iat": int(time.time()) + 3600}),
        ("iat", {"iat": None}),
        ("nonce", {"nonce": "another"}),
        ("nonce", {"nonce": None}),
        ("sub", {"sub": None}),
        ("sub", {"sub": ""}),
        ("sub", {"sub": "1" * 256}),
        ("email", {"email": None}),
        ("email", {"email": "mia"}),
        ("email_verified", {"email_verified": False}),
        ("email_verified", {"email_verified": "true"}),
        ("email_verified", {"email_verified": None}),
        ("hd", {"hd": ["larkfield.example"]}),
    ],
)
def test_an_id_token_that_breaks_one_rule_is_refused_by_that_rule(rule: str, change: dict[str, Any]) -> None:
    assert rule_broken_by(signed(id_claims(**change))) == rule


def test_no_nonce_of_ours_is_not_matched_by_none_of_theirs() -> None:
    assert rule_broken_by(signed(id_claims(nonce="")), nonce="") == "nonce"


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_only_rs256_is_taken(alg: str) -> None:
    assert rule_broken_by(signed(id_claims(), alg=alg)) == "alg"
    assert push_rule_broken_by(signed(push_claims(), alg=alg)) == "alg"


def test_other_ways_of_signing_are_refused() -> None:
    assert rule_broken_by(jwt.encode(id_claims(), "", algorithm="none", headers={"kid": "g1"})) == "alg"
    curve = ec.generate_private_key(ec.SECP256R1())
    assert rule_broken_by(signed(id_claims(), key=curve, alg="ES256")) == "alg"


@pytest.mark.parametrize(
    ("rule", "token"),
    [
        ("signature", signed(id_claims(), key=OTHER_KEY)),
        ("kid", signed(id_claims(), key=OTHER_KEY, kid="g2")),
        ("kid", signed(id_claims(), kid=None)),
        ("malformed", "a.b.c"),
        ("malformed", ""),
    ],
)
def test_a_token_that_google_did_not_sign_is_refused(rule: str, token: str) -> None:
    assert rule_broken_by(token) == rule
    assert push_rule_broken_by(token) == rule


def test_a_good_push_is_taken() -> None:
    google.check_push_token(signed(push_claims()))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("iss", {"iss": "https://attacker.example"}),
        ("iss", {"iss": None}),
        ("aud", {"aud": "https://alongside.example/webhooks/gmail"}),
        ("aud", {"aud": CLIENT}),
        ("aud", {"aud": None}),
        ("email", {"email": "push@other-project.iam.gserviceaccount.com"}),
        ("email", {"email": None}),
        ("email_verified", {"email_verified": False}),
        ("email_verified", {"email_verified": None}),
        ("exp", {"exp": int(time.time()) - 3600}),
        ("exp", {"exp": None}),
        ("iat", {"iat": int(time.time()) + 3600}),
    ],
)
def test_a_push_that_breaks_one_rule_is_refused_by_that_rule(rule: str, change: dict[str, Any]) -> None:
    assert push_rule_broken_by(signed(push_claims(**change))) == rule


def test_without_a_service_account_in_the_settings_no_push_is_believed(settings: Settings) -> None:
    settings.GOOGLE_PUSH_SERVICE_ACCOUNT = ""
    assert push_rule_broken_by(signed(push_claims(email=""))) == "email"
    assert push_rule_broken_by(signed(push_claims())) == "email"


def test_a_persons_own_id_token_is_no_push() -> None:
    assert push_rule_broken_by(signed(id_claims())) == "aud"


def test_forged_key_ids_ask_google_once_a_minute(at_google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: clock[0])
    google.check_push_token(signed(push_claims()))
    for number in range(20):
        assert push_rule_broken_by(signed(push_claims(), key=OTHER_KEY, kid=f"x{number}")) == "kid"
    assert len(at_google.mock.calls) == 1
    at_google.mock.replace(responses.GET, CERTS, json={"keys": [jwk(KEY, "g1"), jwk(OTHER_KEY, "g2")]})
    clock[0] += 61
    google.check_push_token(signed(push_claims(), key=OTHER_KEY, kid="g2"))
    assert len(at_google.mock.calls) == 2


def test_a_push_does_not_wait_while_another_thread_looks_for_a_forged_key(
    at_google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.check_push_token(signed(push_claims()))
    asked, answered = threading.Event(), threading.Event()

    def slow(request: Any) -> tuple[int, dict[str, str], str]:
        asked.set()
        assert answered.wait(20)
        return 503, {}, ""

    at_google.mock.remove(responses.GET, CERTS)
    at_google.mock.add_callback(responses.GET, CERTS, slow)
    later = time.monotonic() + 61
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: later)
    looking = threading.Thread(target=lambda: push_rule_broken_by(signed(push_claims(), kid="forged")))
    looking.start()
    try:
        assert asked.wait(20)
        google.check_push_token(signed(push_claims()))
        assert not answered.is_set()
    finally:
        answered.set()
        looking.join(20)


def test_no_keys_at_all_is_no_refusal(at_google: Google) -> None:
    at_google.mock.replace(responses.GET, CERTS, status=503)
    with pytest.raises(ProviderUnavailable):
        google.check_push_token(signed(push_claims()))
