"""Signing in to Google and consenting: the pages, the code, the tokens, and what is turned away."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt
import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials

from tests.sandbox_process import GMAIL_MODIFY, GOOGLE_CALLBACK, SandboxProcess, answer_of, verifier_and_challenge

AUTH = "https://www.googleapis.com/auth/"
SIGN_IN = {"openid", f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile"}


def asked(sandbox: SandboxProcess, **change: str | None) -> dict[str, str]:
    """A good request for authorization, with changes; None takes a parameter away."""
    query: dict[str, str | None] = {
        "response_type": "code",
        "client_id": sandbox.info["google_client_id"],
        "redirect_uri": GOOGLE_CALLBACK,
        "scope": f"openid email {GMAIL_MODIFY}",
        "code_challenge": verifier_and_challenge()[1],
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**query, **change}.items() if value is not None}


def page(sandbox: SandboxProcess, **change: str | None) -> requests.Response:
    return sandbox.http.get(
        sandbox.info["google_auth_url"], params=asked(sandbox, **change), timeout=10, allow_redirects=False
    )


def redeemed(sandbox: SandboxProcess, code: str, verifier: str, **change: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return sandbox.google_token(**{**form, "redirect_uri": GOOGLE_CALLBACK, **change})


def refreshed(sandbox: SandboxProcess, tokens: dict[str, Any], **change: str) -> requests.Response:
    return sandbox.google_token(**{"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **change})


def refusal(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


def claims_of(sandbox: SandboxProcess, token: str, audience: str | None = None) -> dict[str, Any]:
    request = Request(session=sandbox.session())
    audience = audience or jwt.decode(token, options={"verify_signature": False})["aud"]
    return dict(id_token.verify_token(token, request, audience=audience, certs_url=sandbox.info["google_certs_url"]))


def test_the_whole_flow_gives_tokens_and_an_id_token_that_google_auth_accepts(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in(nonce="once")
    assert set(tokens) == {"access_token", "expires_in", "refresh_token", "scope", "token_type", "id_token"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert set(tokens["scope"].split()) == SIGN_IN | {GMAIL_MODIFY}
    claims = claims_of(sandbox, tokens["id_token"], sandbox.info["google_client_id"])
    user = sandbox.user("noor")
    assert claims["iss"] == sandbox.info["google_issuer"] == "https://accounts.google.com"
    assert claims["azp"] == claims["aud"] == sandbox.info["google_client_id"]
    assert (claims["sub"], claims["email"], claims["hd"]) == (
        user["google_sub"],
        user["email"],
        "larkfield-labs.example",
    )
    assert len(claims["sub"]) == 21
    assert claims["email_verified"] is True
    assert claims["nonce"] == "once"
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_a_person_may_leave_a_scope_out(sandbox: SandboxProcess) -> None:
    scope = f"openid email {GMAIL_MODIFY} {AUTH}calendar.events"
    tokens = sandbox.google_sign_in(scope=scope, untick=(GMAIL_MODIFY,))
    assert set(tokens["scope"].split()) == {"openid", f"{AUTH}userinfo.email", f"{AUTH}calendar.events"}
    answer, _ = sandbox.google_answer(scope=GMAIL_MODIFY, untick=(GMAIL_MODIFY,))
    assert answer == {"state": "s", "error": "access_denied"}


def test_scopes_come_one_after_the_other_where_that_is_asked_for(sandbox: SandboxProcess) -> None:
    sandbox.google_sign_in(scope=f"openid email {GMAIL_MODIFY}")
    alone = sandbox.google_sign_in(scope=f"{AUTH}calendar.events")
    assert alone["scope"] == f"{AUTH}calendar.events"
    assert "id_token" not in alone
    together = sandbox.google_sign_in(scope=f"{AUTH}tasks", include_granted_scopes="true")
    wanted = {"openid", f"{AUTH}userinfo.email", GMAIL_MODIFY, f"{AUTH}calendar.events", f"{AUTH}tasks"}
    assert set(together["scope"].split()) == wanted


def test_without_a_new_consent_and_without_offline_access_there_is_no_refresh_token(sandbox: SandboxProcess) -> None:
    assert "refresh_token" not in sandbox.google_sign_in(access_type="online")
    assert "refresh_token" in sandbox.google_sign_in()
    again = sandbox.google_sign_in(prompt="")
    assert "refresh_token" not in again
    assert set(again["scope"].split()) == SIGN_IN | {GMAIL_MODIFY}


def test_the_state_comes_back_and_nothing_of_it_is_read(sandbox: SandboxProcess) -> None:
    answer, _ = sandbox.google_answer(state="a b&c=d/ü")
    assert answer["state"] == "a b&c=d/ü"
    assert answer["iss"] == "https://accounts.google.com"
    assert answer["hd"] == "larkfield-labs.example"


def test_cancelling_and_denying_are_told(sandbox: SandboxProcess) -> None:
    address, query = sandbox.info["google_auth_url"], asked(sandbox, state="s")
    sent = sandbox.http.post(address, params=query, data={"decision": "cancel"}, allow_redirects=False, timeout=10)
    assert answer_of(sent.headers["location"]) == {"error": "access_denied", "state": "s"}
    form = {"person": sandbox.user("jonas")["email"]}
    consent = sandbox.http.post(address, params=query, data=form, timeout=10).text
    ticket = consent.partition('name="ticket" value="')[2].partition('"')[0]
    form = {"ticket": ticket, "decision": "deny"}
    sent = sandbox.http.post(address, params=query, data=form, allow_redirects=False, timeout=10)
    assert answer_of(sent.headers["location"]) == {"error": "access_denied", "state": "s"}
    form = {"ticket": ticket, "decision": "allow"}
    again = sandbox.http.post(address, params=query, data=form, allow_redirects=False, timeout=10)
    assert "Your session has ended" in again.text


def test_the_sign_in_page_knows_google_people_only_and_fills_in_the_hint(sandbox: SandboxProcess) -> None:
    shown = page(sandbox, login_hint="jonas.weber@larkfield-labs.example")
    assert shown.status_code == 200
    assert 'value="jonas.weber@larkfield-labs.example"' in shown.text
    assert "mia.keller" not in shown.text
    form = {"username": "noor.haddad@larkfield-labs.example", "password": "wrong"}
    wrong = sandbox.http.post(sandbox.info["google_auth_url"], params=asked(sandbox), data=form, timeout=10)
    assert "Wrong password" in wrong.text
    form = {"username": "mia.keller@larkfield.example", "password": "larkfield"}
    foreign = sandbox.http.post(sandbox.info["google_auth_url"], params=asked(sandbox), data=form, timeout=10)
    assert "Wrong password" in foreign.text


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": "https://evil.example/connect/google/callback/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": GOOGLE_CALLBACK + "more"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": GOOGLE_CALLBACK + "?a=b"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"response_type": "id_token"}, 400, "unauthorized_client"),
        ({"scope": "openid made.up"}, 400, "invalid_scope"),
        ({"scope": None}, 400, "invalid_request"),
        ({"code_challenge": None}, 400, "invalid_request"),
        ({"code_challenge": "short"}, 400, "invalid_request"),
        ({"code_challenge_method": "plain"}, 400, "invalid_request"),
        ({"access_type": "sometimes"}, 400, "invalid_request"),
        ({"prompt": "maybe"}, 400, "invalid_request"),
        ({"prompt": "none consent"}, 400, "invalid_request"),
        ({"color": "red"}, 400, "invalid_request"),
    ],
)
def test_a_wrong_request_ends_on_a_page_and_is_not_sent_back(
    sandbox: SandboxProcess, change: dict[str, str | None], status: int, error: str
) -> None:
    answer = page(sandbox, **change)
    assert answer.status_code == status
    assert f"Error {status}: {error}" in answer.text
    assert "location" not in answer.headers


def test_the_extension_gets_an_id_token_for_itself(sandbox: SandboxProcess) -> None:
    client, redirect = sandbox.info["google_extension_client_id"], f"https://{'abcdefgh' * 4}.chromiumapp.org/"
    query = {
        "client_id": client,
        "redirect_uri": redirect,
        "response_type": "id_token",
        "scope": "openid email",
        "nonce": "n1",
        "state": "s",
    }
    form = {"person": sandbox.user("noor")["email"]}
    address = sandbox.info["google_auth_url"]
    sent = sandbox.http.post(address, params=query, data=form, allow_redirects=False, timeout=10)
    assert sent.headers["location"].startswith(f"{redirect}#")
    answer = answer_of(sent.headers["location"])
    assert answer["state"] == "s"
    claims = claims_of(sandbox, answer["id_token"], client)
    assert (claims["nonce"], claims["email"]) == ("n1", sandbox.user("noor")["email"])
    del query["nonce"]
    assert "nonce" in sandbox.http.get(address, params=query, timeout=10).text
    query |= {"nonce": "n", "redirect_uri": "https://evil.chromiumapp.org.example/"}
    assert sandbox.http.get(address, params=query, timeout=10).status_code == 400


def test_a_code_is_good_once_and_a_second_use_ends_what_the_first_gave(sandbox: SandboxProcess) -> None:
    answer, verifier = sandbox.google_answer()
    tokens = redeemed(sandbox, answer["code"], verifier).json()
    assert refusal(redeemed(sandbox, answer["code"], verifier)) == (400, "invalid_grant")
    assert refusal(refreshed(sandbox, tokens)) == (400, "invalid_grant")


def test_a_code_needs_its_verifier_its_address_and_ten_minutes(sandbox: SandboxProcess) -> None:
    answer, verifier = sandbox.google_answer()
    code = answer["code"]
    assert refusal(redeemed(sandbox, code, verifier_and_challenge()[0])) == (400, "invalid_grant")
    assert refusal(redeemed(sandbox, code, "")) == (400, "invalid_grant")
    other = redeemed(sandbox, code, verifier, redirect_uri="http://localhost:8001/connect/google/callback/")
    assert refusal(other) == (400, "redirect_uri_mismatch")
    assert refusal(redeemed(sandbox, "4/0Amade-up", verifier)) == (400, "invalid_grant")
    sandbox.advance(601)
    assert refusal(redeemed(sandbox, code, verifier)) == (400, "invalid_grant")


def test_the_client_proves_itself_in_the_form_or_in_the_header(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in()
    assert refusal(refreshed(sandbox, tokens, client_secret="wrong")) == (401, "invalid_client")
    assert refusal(refreshed(sandbox, tokens, client_id="nobody")) == (401, "invalid_client")
    assert refusal(refreshed(sandbox, tokens, client_secret="")) == (400, "invalid_request")
    assert refusal(refreshed(sandbox, tokens, grant_type="password")) == (400, "unsupported_grant_type")
    assert refusal(sandbox.google_token(grant_type="refresh_token")) == (400, "invalid_request")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    basic = (sandbox.info["google_client_id"], sandbox.info["google_client_secret"])
    answer = sandbox.http.post(sandbox.info["google_token_url"], data=form, auth=basic, timeout=10)
    assert answer.status_code == 200
    twice = sandbox.http.post(sandbox.info["google_token_url"], data="grant_type=a&grant_type=b", timeout=10)
    assert refusal(twice) == (400, "invalid_request")


def test_google_auth_refreshes_and_the_refresh_token_stays(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in()
    credentials: Any = Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=tokens["refresh_token"],
        token_uri=sandbox.info["google_token_url"],
        client_id=sandbox.info["google_client_id"],
        client_secret=sandbox.info["google_client_secret"],
        scopes=[GMAIL_MODIFY],
    )
    credentials.refresh(Request(session=sandbox.session()))
    assert credentials.token != tokens["access_token"]
    assert credentials.refresh_token == tokens["refresh_token"]
    answer = refreshed(sandbox, tokens).json()
    assert "refresh_token" not in answer
    assert answer["scope"] == tokens["scope"]
    assert claims_of(sandbox, answer["id_token"])["email"] == sandbox.user("noor")["email"]
    assert "nonce" not in claims_of(sandbox, answer["id_token"])
    assert refusal(refreshed(sandbox, tokens, scope=f"{AUTH}tasks")) == (400, "invalid_scope")


def test_a_refresh_token_ends_when_taken_back_unused_or_one_of_too_many(sandbox: SandboxProcess) -> None:
    first = sandbox.google_sign_in()
    sandbox.withdraw_google_consent()
    assert refusal(refreshed(sandbox, first)) == (400, "invalid_grant")
    second = sandbox.google_sign_in()
    sandbox.advance(100 * 86_400)
    assert refreshed(sandbox, second).status_code == 200
    sandbox.advance(183 * 86_400)
    assert refusal(refreshed(sandbox, second)) == (400, "invalid_grant")
    oldest = sandbox.google_sign_in("jonas")
    for _ in range(100):
        newest = sandbox.google_sign_in("jonas")
    assert refusal(refreshed(sandbox, oldest)) == (400, "invalid_grant")
    assert refreshed(sandbox, newest).status_code == 200


def test_a_fault_takes_the_grant_back(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in()
    sandbox.fault(service="google", kind="revoked_token")
    assert refusal(refreshed(sandbox, tokens)) == (400, "invalid_grant")
    sandbox.fault(service="google", kind="error", status=500)
    assert refreshed(sandbox, tokens).status_code == 500
    sandbox.fault(service="google", kind="throttle", retry_after=3)
    slow = refreshed(sandbox, tokens)
    assert (slow.status_code, slow.headers["retry-after"]) == (429, "3")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(sandbox: SandboxProcess, which: str) -> None:
    tokens = sandbox.google_sign_in()
    other = sandbox.google_sign_in()
    address = sandbox.info["google_revoke_url"]
    assert sandbox.http.post(address, data={"token": tokens[which]}, timeout=10).status_code == 200
    assert refusal(refreshed(sandbox, tokens)) == (400, "invalid_grant")
    assert refusal(refreshed(sandbox, other)) == (400, "invalid_grant")
    again = sandbox.http.post(address, data={"token": tokens[which]}, timeout=10)
    assert refusal(again) == (400, "invalid_token")
    assert refusal(sandbox.http.post(address, data={}, timeout=10)) == (400, "invalid_request")


def test_tokeninfo_says_what_a_token_is(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in()
    address = sandbox.info["google_token_url"].replace("/token", "/tokeninfo")
    found = sandbox.http.get(address, params={"access_token": tokens["access_token"]}, timeout=10).json()
    assert found["aud"] == sandbox.info["google_client_id"]
    assert set(found["scope"].split()) == set(tokens["scope"].split())
    assert 3500 < int(found["expires_in"]) <= 3599
    assert (found["email"], found["access_type"]) == (sandbox.user("noor")["email"], "offline")
    identity = sandbox.http.get(address, params={"id_token": tokens["id_token"]}, timeout=10).json()
    assert (identity["email"], identity["email_verified"]) == (sandbox.user("noor")["email"], "true")
    sandbox.advance(3600)
    assert refusal(sandbox.http.get(address, params={"access_token": tokens["access_token"]}, timeout=10)) == (
        400,
        "invalid_token",
    )
    forged = sandbox.token(issuer="google", user="noor.haddad@larkfield-labs.example", key="foreign")
    assert refusal(sandbox.http.get(address, params={"id_token": forged}, timeout=10)) == (400, "invalid_token")


def test_keys_are_published_with_their_lifetime_and_turned_over(sandbox: SandboxProcess) -> None:
    answer = sandbox.http.get(sandbox.info["google_certs_url"], timeout=10)
    assert "max-age=3600" in answer.headers["cache-control"]
    assert "expires" in answer.headers
    before = [key["kid"] for key in answer.json()["keys"]]
    old = sandbox.google_sign_in()["id_token"]
    sandbox.rotate_google_keys()
    after = [key["kid"] for key in sandbox.http.get(sandbox.info["google_certs_url"], timeout=10).json()["keys"]]
    new = sandbox.google_sign_in()["id_token"]
    assert after[:2] == before
    assert jwt.get_unverified_header(old)["kid"] == before[0]
    assert jwt.get_unverified_header(new)["kid"] == before[1]
    for token in (old, new):
        assert claims_of(sandbox, token)["email"] == sandbox.user("noor")["email"]
    sandbox.rotate_google_keys()
    with pytest.raises(Exception, match=r"kid|Certificate|key"):
        claims_of(sandbox, old)


def test_tokens_are_made_to_order(sandbox: SandboxProcess) -> None:
    email = sandbox.user("noor")["email"]
    good = sandbox.token(issuer="google", user=email)
    claims = claims_of(sandbox, good, sandbox.info["google_extension_client_id"])
    assert (claims["email"], claims["sub"]) == (email, sandbox.user("noor")["google_sub"])
    changed = sandbox.token(issuer="google", user=email, claims={"iss": "https://evil.example"}, without=["hd"])
    claims = claims_of(sandbox, changed)
    assert claims["iss"] == "https://evil.example"
    assert "hd" not in claims
    push = claims_of(sandbox, sandbox.token(issuer="google", audience="https://we.example/push"))
    assert push["aud"] == "https://we.example/push"
    assert push["email"] == sandbox.info["google_push_service_account"]
    assert push["email_verified"] is True
    for wrong in ({"key": "foreign"}, {"alg": "none"}, {"alg": "HS256"}):
        with pytest.raises(Exception, match=r".+"):
            claims_of(sandbox, sandbox.token(issuer="google", user=email, **wrong))


def test_discovery_names_the_endpoints(sandbox: SandboxProcess) -> None:
    base = sandbox.info["google_token_url"].removesuffix("/token")
    found = sandbox.http.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
    assert found["issuer"] == "https://accounts.google.com"
    assert found["authorization_endpoint"] == sandbox.info["google_auth_url"]
    assert found["token_endpoint"] == sandbox.info["google_token_url"]
    assert found["jwks_uri"] == sandbox.info["google_certs_url"]
