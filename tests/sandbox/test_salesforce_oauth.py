"""Signing in to the sandbox's Salesforce: the web-server flow, rotation, revocation, JWT bearer, and every refusal."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from tests.sandbox_process import SALESFORCE_CALLBACK, SandboxProcess, answer_of, verifier_and_challenge

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def browser(sandbox: SandboxProcess) -> Iterator[requests.Session]:
    with sandbox.session() as session:
        yield session


def authorize(sandbox: SandboxProcess, **change: str | None) -> tuple[str, dict[str, str]]:
    """The authorize address and its query; a changed value of None leaves the parameter out."""
    query: dict[str, str | None] = {
        "response_type": "code",
        "client_id": sandbox.info["salesforce_client_id"],
        "redirect_uri": SALESFORCE_CALLBACK,
        "code_challenge": verifier_and_challenge()[1],
        "code_challenge_method": "S256",
        "state": "xyz & 1",
        **change,
    }
    given = {name: value for name, value in query.items() if value is not None}
    return f"{sandbox.info['salesforce_login_url']}/services/oauth2/authorize", given


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


def redeem(sandbox: SandboxProcess, code: str, verifier: str, **change: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": SALESFORCE_CALLBACK,
        "code_verifier": verifier,
        **change,
    }
    return sandbox.salesforce_token(**form)


def refresh(sandbox: SandboxProcess, token: str, **change: str) -> requests.Response:
    return sandbox.salesforce_token(grant_type="refresh_token", refresh_token=token, **change)


def who(sandbox: SandboxProcess, access_token: str) -> requests.Response:
    address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/userinfo"
    return sandbox.http.get(address, headers={"Authorization": f"Bearer {access_token}"}, timeout=10)


EXPIRED = (400, "invalid_grant", "expired access/refresh token")


def test_the_whole_flow_gives_tokens_for_the_person_who_signed_in(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login("tom")
    user = sandbox.user("tom")
    org = sandbox.info["salesforce_org_id"]
    assert "expires_in" not in tokens
    assert tokens["token_type"] == "Bearer"
    assert tokens["instance_url"] == sandbox.info["salesforce_login_url"]
    assert tokens["id"] == f"{tokens['instance_url']}/id/{org}/{user['salesforce_user_id']}"
    assert re.fullmatch(rf"{org[:15]}![\w.]+", tokens["access_token"])
    assert {"api", "refresh_token"} <= set(tokens["scope"].split())
    info = who(sandbox, tokens["access_token"]).json()
    assert (info["user_id"], info["organization_id"]) == (user["salesforce_user_id"], org)
    assert info["preferred_username"] == user["email"]


def test_the_signature_covers_identity_and_time(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    secret = sandbox.info["salesforce_client_secret"].encode()
    expected = hmac.new(secret, (tokens["id"] + tokens["issued_at"]).encode(), hashlib.sha256).digest()
    assert tokens["signature"] == base64.b64encode(expected).decode()
    assert abs(int(tokens["issued_at"]) / 1000 - time.time()) < 60


def test_the_identity_url_answers_its_own_user_only(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login("mia")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (
        sandbox.http.get(tokens["id"], headers=headers, timeout=10).json()["username"] == sandbox.user("mia")["email"]
    )
    foreign = tokens["id"].replace(sandbox.user("mia")["salesforce_user_id"], sandbox.user("tom")["salesforce_user_id"])
    assert sandbox.http.get(foreign, headers=headers, timeout=10).status_code == 403


def test_the_id_token_carries_the_nonce_and_is_signed_by_the_published_key(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code(nonce="n-1")
    token = redeem(sandbox, code, verifier).json()["id_token"]
    base = sandbox.info["salesforce_login_url"]
    keys = sandbox.http.get(f"{base}/id/keys", timeout=10).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience=sandbox.info["salesforce_client_id"], issuer=base)
    assert claims["nonce"] == "n-1"


def test_the_pages_are_relative_and_say_that_they_are_the_sandbox(
    sandbox: SandboxProcess, browser: requests.Session
) -> None:
    address, query = authorize(sandbox, login_hint='"><script>alert(1)</script>')
    page = browser.get(address, params=query, timeout=10)
    assert page.status_code == 200
    assert "Sandbox" in page.text
    assert "<script" not in page.text
    for attribute in ("action=", "href=", "src=", "localhost", "https:"):
        assert attribute not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "form-action" not in page.headers["content-security-policy"]


def test_a_wrong_password_is_asked_for_again(sandbox: SandboxProcess, browser: requests.Session) -> None:
    address, query = authorize(sandbox)
    form = {"username": sandbox.user("mia")["email"], "password": "wrong"}
    page = browser.post(address, params=query, data=form, timeout=10)
    assert 'role="alert"' in page.text
    assert sandbox.user("mia")["email"] in page.text
    assert 'name="ticket"' not in page.text


def test_a_person_of_the_sandbox_can_go_on_with_one_press(sandbox: SandboxProcess, browser: requests.Session) -> None:
    address, query = authorize(sandbox)
    page = browser.post(address, params=query, data={"person": sandbox.user("sofia")["email"]}, timeout=10)
    assert "Sofía Marín" in page.text
    assert 'name="ticket"' in page.text


@pytest.mark.parametrize("decision", ["deny", "cancel"])
def test_refusing_sends_the_application_access_denied(
    sandbox: SandboxProcess, browser: requests.Session, decision: str
) -> None:
    address, query = authorize(sandbox)
    sent = browser.post(address, params=query, data={"decision": decision}, allow_redirects=False, timeout=10)
    assert sent.headers["location"].startswith(SALESFORCE_CALLBACK)
    assert answer_of(sent.headers["location"]) == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "xyz & 1",
    }


def test_an_allow_page_counts_once_and_for_its_own_request_only(
    sandbox: SandboxProcess, browser: requests.Session
) -> None:
    address, query = authorize(sandbox)
    form = {"person": sandbox.user("mia")["email"]}

    def ticket() -> dict[str, str]:
        page = browser.post(address, params=query, data=form, timeout=10).text
        found = re.search(r'name="ticket" value="([^"]+)"', page)
        assert found is not None
        return {"ticket": found[1], "decision": "allow"}

    allow = ticket()
    first = browser.post(address, params=query, data=allow, allow_redirects=False, timeout=10)
    assert answer_of(first.headers["location"])["state"] == "xyz & 1"
    assert browser.post(address, params=query, data=allow, allow_redirects=False, timeout=10).status_code == 200
    other = {**query, "state": "another"}
    assert browser.post(address, params=other, data=ticket(), allow_redirects=False, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/connect/salesforce/callback/",
        "http://localhost:8000/connect/salesforce/callback",
        "http://localhost:8000/connect/salesforce/callback/?next=1",
        "http://localhost:8000/connect/salesforce/callback/#x",
        "http://localhost@evil.example/connect/salesforce/callback/",
        "http://localhost.evil.example/connect/salesforce/callback/",
        "ftp://localhost/connect/salesforce/callback/",
        "http://localhost:8000/x/../connect/salesforce/callback/",
        None,
    ],
)
def test_an_unregistered_redirect_is_told_to_the_person_and_goes_nowhere(
    sandbox: SandboxProcess, browser: requests.Session, redirect_uri: str | None
) -> None:
    address, query = authorize(sandbox, redirect_uri=redirect_uri)
    answer = browser.get(address, params=query, allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("redirect_uri", ["https://127.0.0.1:1/p/connect/salesforce/callback/", SALESFORCE_CALLBACK])
def test_a_loopback_redirect_is_registered_on_any_port(
    sandbox: SandboxProcess, browser: requests.Session, redirect_uri: str
) -> None:
    address, query = authorize(sandbox, redirect_uri=redirect_uri)
    assert browser.get(address, params=query, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "api everything"}, "invalid_scope"),
        ({"prompt": "none"}, "immediate_unsuccessful"),
        ({"surprise": "1"}, "invalid_request"),
    ],
)
def test_what_is_wrong_with_a_request_is_sent_to_the_application(
    sandbox: SandboxProcess, browser: requests.Session, change: dict[str, str | None], error: str
) -> None:
    address, query = authorize(sandbox, **change)
    sent = browser.get(address, params=query, allow_redirects=False, timeout=10)
    assert sent.status_code == 302
    answer = answer_of(sent.headers["location"])
    assert (answer["error"], answer["state"]) == (error, "xyz & 1")


def test_an_unknown_client_or_a_doubled_parameter_is_told_to_the_person(
    sandbox: SandboxProcess, browser: requests.Session
) -> None:
    address, query = authorize(sandbox, client_id="someone-else")
    assert "invalid_client_id" in browser.get(address, params=query, timeout=10).text
    address, query = authorize(sandbox)
    doubled = [*query.items(), ("redirect_uri", "https://evil.example/")]
    assert browser.get(address, params=doubled, allow_redirects=False, timeout=10).status_code == 400


def test_a_code_needs_its_own_verifier(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code()
    wrong = verifier_and_challenge()[0]
    assert error_of(redeem(sandbox, code, wrong)) == (400, "invalid_grant", "invalid code verifier")
    assert error_of(redeem(sandbox, code, "")) == (400, "invalid_grant", "invalid code verifier")
    assert redeem(sandbox, code, verifier).status_code == 200


def test_a_code_needs_the_same_redirect_and_the_clients_secret(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code()
    other = redeem(sandbox, code, verifier, redirect_uri="http://localhost:9/connect/salesforce/callback/")
    assert error_of(other)[1] == "redirect_uri_mismatch"
    assert error_of(redeem(sandbox, code, verifier, client_secret="wrong"))[1] == "invalid_client"
    assert error_of(redeem(sandbox, code, verifier, client_id="wrong"))[1] == "invalid_client_id"


def test_a_code_used_twice_is_refused_and_ends_what_it_gave(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code()
    tokens = redeem(sandbox, code, verifier).json()
    assert error_of(redeem(sandbox, code, verifier)) == (400, "invalid_grant", "expired authorization code")
    assert who(sandbox, tokens["access_token"]).status_code == 403
    assert error_of(refresh(sandbox, tokens["refresh_token"])) == EXPIRED


def test_a_code_dies_after_a_quarter_of_an_hour(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code()
    sandbox.advance(15 * 60)
    assert error_of(redeem(sandbox, code, verifier)) == (400, "invalid_grant", "expired authorization code")
    assert error_of(redeem(sandbox, "made-up", verifier)) == (400, "invalid_grant", "invalid authorization code")


def test_a_refresh_gives_the_next_refresh_token(sandbox: SandboxProcess) -> None:
    first = sandbox.salesforce_login()
    second = refresh(sandbox, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["id"] == first["id"]
    third = refresh(sandbox, second["refresh_token"]).json()
    assert who(sandbox, third["access_token"]).status_code == 200


def test_an_old_refresh_token_revokes_the_family(sandbox: SandboxProcess) -> None:
    first = sandbox.salesforce_login()
    other = sandbox.salesforce_login()
    second = refresh(sandbox, first["refresh_token"]).json()
    assert error_of(refresh(sandbox, first["refresh_token"])) == EXPIRED
    assert error_of(refresh(sandbox, second["refresh_token"])) == EXPIRED
    assert who(sandbox, second["access_token"]).status_code == 403
    assert who(sandbox, other["access_token"]).status_code == 200


def test_a_refresh_needs_the_secret_and_its_failure_rotates_nothing(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    assert error_of(refresh(sandbox, tokens["refresh_token"], client_secret="wrong"))[1] == "invalid_client"
    assert refresh(sandbox, tokens["refresh_token"]).status_code == 200
    assert error_of(refresh(sandbox, "made-up")) == EXPIRED


def test_access_ends_after_two_hours_and_a_refresh_token_after_ninety_days(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    sandbox.advance(2 * 3600 - 30)
    assert who(sandbox, tokens["access_token"]).status_code == 200
    sandbox.advance(31)
    assert who(sandbox, tokens["access_token"]).text == "Bad_OAuth_Token"
    sandbox.advance(90 * 86_400)
    assert error_of(refresh(sandbox, tokens["refresh_token"])) == (400, "invalid_grant", "token validity expired")


def test_without_the_refresh_scope_there_is_no_refresh_token(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.salesforce_code(scope="api id")
    tokens = redeem(sandbox, code, verifier).json()
    assert "refresh_token" not in tokens
    assert set(tokens["scope"].split()) == {"api", "id"}


def test_revoking_a_refresh_token_ends_all_that_hangs_on_it(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/revoke"
    assert sandbox.http.post(address, data={"token": tokens["refresh_token"]}, timeout=10).status_code == 200
    assert who(sandbox, tokens["access_token"]).status_code == 403
    assert error_of(refresh(sandbox, tokens["refresh_token"])) == EXPIRED
    again = sandbox.http.post(address, data={"token": tokens["refresh_token"]}, timeout=10)
    assert error_of(again)[1] == "invalid_token"


def test_revoking_an_access_token_leaves_the_refresh_token(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/revoke"
    assert sandbox.http.post(address, data={"token": tokens["access_token"]}, timeout=10).status_code == 200
    assert who(sandbox, tokens["access_token"]).status_code == 403
    assert refresh(sandbox, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [({}, "unsupported_grant_type"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
def test_other_grants_are_unknown(sandbox: SandboxProcess, form: dict[str, str], error: str) -> None:
    assert error_of(sandbox.salesforce_token(**form))[1] == error


def test_a_token_request_is_one_form_with_each_name_once(sandbox: SandboxProcess) -> None:
    address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/token"
    assert sandbox.http.post(address, json={"grant_type": "refresh_token"}, timeout=10).status_code == 400
    doubled = [("grant_type", "refresh_token"), ("grant_type", "refresh_token")]
    assert error_of(sandbox.http.post(address, data=doubled, timeout=10))[1] == "invalid_request"


class TestJwtBearer:
    """One key acts for each user, and every claim is held to its rule."""

    def claims(self, sandbox: SandboxProcess, **change: Any) -> dict[str, Any]:
        good = {
            "iss": sandbox.info["salesforce_client_id"],
            "sub": sandbox.user("mia")["email"],
            "aud": sandbox.info["salesforce_login_url"],
            "exp": int(time.time()) + 170,
        }
        return {name: value for name, value in {**good, **change}.items() if value is not None}

    def ask(
        self, sandbox: SandboxProcess, claims: dict[str, Any], key: str = "salesforce_jwt_key_file"
    ) -> requests.Response:
        assertion = jwt.encode(claims, Path(sandbox.info[key]).read_text(), "RS256")
        form = {"grant_type": JWT_BEARER, "assertion": assertion}
        address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/token"
        return sandbox.http.post(address, data=form, timeout=10)

    def test_it_gives_an_access_token_for_the_named_user_and_no_refresh_token(self, sandbox: SandboxProcess) -> None:
        tokens = self.ask(sandbox, self.claims(sandbox)).json()
        assert set(tokens) == {"access_token", "scope", "instance_url", "id", "token_type"}
        assert who(sandbox, tokens["access_token"]).json()["email"] == sandbox.user("mia")["email"]

    @pytest.mark.parametrize(
        ("change", "description"),
        [
            ({"iss": "someone-else"}, "client identifier invalid"),
            ({"sub": "stranger@larkfield.example"}, "user hasn't approved this consumer"),
            ({"sub": None}, "user hasn't approved this consumer"),
            ({"aud": "https://login.salesforce.com"}, "audience is invalid"),
            ({"exp": int(time.time()) - 5}, "expired authorization code"),
            ({"exp": int(time.time()) + 3600}, "invalid assertion"),
            ({"exp": None}, "invalid assertion"),
        ],
    )
    def test_one_wrong_claim_refuses_it(
        self, sandbox: SandboxProcess, change: dict[str, Any], description: str
    ) -> None:
        assert error_of(self.ask(sandbox, self.claims(sandbox, **change)))[2] == description

    def test_another_key_or_no_signature_refuses_it(self, sandbox: SandboxProcess) -> None:
        refused = self.ask(sandbox, self.claims(sandbox), key="microsoft_cert_key_file")
        assert error_of(refused) == (400, "invalid_grant", "invalid assertion")
        unsigned = jwt.encode(self.claims(sandbox), "", "none")
        form = {"grant_type": JWT_BEARER, "assertion": unsigned}
        address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/token"
        assert error_of(sandbox.http.post(address, data=form, timeout=10))[2] == "invalid assertion"
