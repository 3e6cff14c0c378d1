"""What the sandbox's identity platform refuses, each with the number of the real one."""

from __future__ import annotations

import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.sandbox_process import HOST_CALLBACK, SandboxProcess, answer_of, verifier_and_challenge

ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def refusal(answer: requests.Response) -> tuple[int, str, int]:
    body = answer.json()
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= set(body)
    return answer.status_code, body["error"], body["error_codes"][0]


def own(sandbox: SandboxProcess) -> dict[str, str]:
    return {
        "client_id": sandbox.info["microsoft_client_id"],
        "client_secret": sandbox.info["microsoft_client_secret"],
    }


def redeem(sandbox: SandboxProcess, code: str, verifier: str, **change: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": sandbox.info["microsoft_host_client_id"],
        "code": code,
        "redirect_uri": HOST_CALLBACK,
        "code_verifier": verifier,
        **change,
    }
    return sandbox.microsoft_token(**form)


def on_behalf_of(sandbox: SandboxProcess, token: str, **change: str) -> requests.Response:
    form = {
        **own(sandbox),
        "grant_type": ON_BEHALF_OF,
        "requested_token_use": "on_behalf_of",
        "assertion": token,
        "scope": "https://graph.microsoft.com/Mail.ReadWrite offline_access",
        **change,
    }
    return sandbox.microsoft_token(**form)


def test_a_code_needs_its_verifier_its_redirect_and_its_client(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.microsoft_code()
    wrong = verifier_and_challenge()[0]
    assert refusal(redeem(sandbox, code, wrong)) == (400, "invalid_grant", 501481)
    assert refusal(redeem(sandbox, code, "")) == (400, "invalid_grant", 50149)
    other = redeem(sandbox, code, verifier, redirect_uri="http://localhost:1")
    assert refusal(other) == (400, "invalid_grant", 500112)
    assert refusal(redeem(sandbox, code, verifier, **own(sandbox))) == (400, "invalid_grant", 9002313)
    assert redeem(sandbox, code, verifier).status_code == 200


def test_a_code_used_twice_ends_what_it_gave(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.microsoft_code()
    tokens = redeem(sandbox, code, verifier).json()
    assert refusal(redeem(sandbox, code, verifier)) == (400, "invalid_grant", 54005)
    form = {"grant_type": "refresh_token", "client_id": sandbox.info["microsoft_host_client_id"]}
    refused = sandbox.microsoft_token(**form, refresh_token=tokens["refresh_token"], scope="Mail.Read")
    assert refusal(refused) == (400, "invalid_grant", 50173)


def test_grants_die_with_time(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.microsoft_code()
    sandbox.advance(601)
    assert refusal(redeem(sandbox, code, verifier)) == (400, "invalid_grant", 70008)
    tokens = sandbox.microsoft_login()
    sandbox.advance(91 * 86_400)
    form = {"grant_type": "refresh_token", "client_id": sandbox.info["microsoft_host_client_id"], "scope": "Mail.Read"}
    refused = sandbox.microsoft_token(**form, refresh_token=tokens["refresh_token"])
    assert refusal(refused) == (400, "invalid_grant", 700082)


def test_a_refresh_token_belongs_to_its_client(sandbox: SandboxProcess) -> None:
    tokens = sandbox.microsoft_login()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "User.Read"}
    assert refusal(sandbox.microsoft_token(**own(sandbox), **form))[2] == 9002313
    made_up = {**form, "refresh_token": "made-up", "client_id": sandbox.info["microsoft_host_client_id"]}
    assert refusal(sandbox.microsoft_token(**made_up))[2] == 9002313


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": ""}, (401, "invalid_client", 7000218)),
        ({"client_id": str(uuid.UUID(int=1))}, (400, "unauthorized_client", 700016)),
        ({"client_id": ""}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, (400, "invalid_scope", 1002012)),
        ({"scope": "https://vault.example/.default"}, (400, "invalid_resource", 500011)),
        ({"scope": ""}, (400, "invalid_request", 900144)),
        ({"grant_type": ""}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
    ],
)
def test_an_applications_own_token_is_held_to_each_rule(
    sandbox: SandboxProcess, change: dict[str, str], expected: tuple[int, str, int]
) -> None:
    form = {
        **own(sandbox),
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
        **change,
    }
    assert refusal(sandbox.microsoft_token(**form)) == expected


def test_a_public_client_has_no_credential(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    host = {"client_id": sandbox.info["microsoft_host_client_id"]}
    assert refusal(sandbox.microsoft_token(**form, **host, client_secret="x")) == (401, "invalid_client", 700025)
    assert refusal(sandbox.microsoft_token(**form, **host)) == (401, "invalid_client", 7000218)


def test_on_behalf_of_refuses_an_assertion_that_breaks_one_rule(sandbox: SandboxProcess) -> None:
    mia = sandbox.user("mia")["email"]
    past = int(time.time()) - 4000
    cases: list[tuple[dict[str, Any], int]] = [
        ({"key": "foreign"}, 50013),
        ({"alg": "HS256"}, 50013),
        ({"alg": "none"}, 50013),
        ({"kid": "unknown"}, 50013),
        ({"claims": {"aud": "00000003-0000-0000-c000-000000000000"}}, 500131),
        ({"claims": {"iss": "https://login.microsoftonline.com/x/v2.0"}}, 50013),
        ({"claims": {"tid": str(uuid.UUID(int=2))}}, 50013),
        ({"claims": {"exp": past}}, 500133),
        ({"claims": {"nbf": past + 8000}}, 500133),
        ({"claims": {"scp": "other"}}, 50013),
        ({"without": ["scp"]}, 50013),
        ({"claims": {"idtyp": "app"}}, 7000114),
        ({"claims": {"oid": str(uuid.UUID(int=3))}}, 7000114),
    ]
    assert on_behalf_of(sandbox, sandbox.token(user=mia)).status_code == 200
    assert on_behalf_of(sandbox, sandbox.token(user=mia, key="next")).status_code == 200
    for order, number in cases:
        refused = on_behalf_of(sandbox, sandbox.token(user=mia, **order))
        assert refusal(refused) == (400, "invalid_grant", number), order
    assert refusal(on_behalf_of(sandbox, "no token at all"))[2] == 50013


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"requested_token_use": ""}, (400, "invalid_request", 90014)),
        ({"assertion": ""}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/Mail.Send"}, (400, "invalid_grant", 65001)),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, (400, "invalid_grant", 65001)),
        ({"scope": "https://graph.microsoft.com/Everything.Read"}, (400, "invalid_scope", 70011)),
        ({"scope": "offline_access"}, (400, "invalid_grant", 65001)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
    ],
)
def test_on_behalf_of_is_held_to_each_rule(
    sandbox: SandboxProcess, change: dict[str, str], expected: tuple[int, str, int]
) -> None:
    assertion = sandbox.token(user=sandbox.user("mia")["email"])
    answer = on_behalf_of(sandbox, assertion, **change)
    assert refusal(answer) == expected
    assert answer.json().get("suberror") == ("consent_required" if expected[2] == 65001 else None)


def test_scopes_of_two_resources_do_not_go_together(sandbox: SandboxProcess) -> None:
    assertion = sandbox.token(user=sandbox.user("mia")["email"])
    scope = f"https://graph.microsoft.com/User.Read {sandbox.info['microsoft_scope']}"
    assert refusal(on_behalf_of(sandbox, assertion, scope=scope))[2] == 28000


class TestClientAssertion:
    """A certificate's assertion is held to its rules."""

    def send(self, sandbox: SandboxProcess, **change: Any) -> requests.Response:
        now = int(time.time())
        client = sandbox.info["microsoft_client_id"]
        claims = {
            "iss": client,
            "sub": client,
            "aud": f"{sandbox.authority}/oauth2/v2.0/token",
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "exp": now + 600,
            **change.get("claims", {}),
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = Path(sandbox.info[change.get("key", "microsoft_cert_key_file")]).read_text()
        headers = change.get("headers", {"x5t": self.thumbprint(sandbox)})
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "scope": "https://graph.microsoft.com/.default",
            "client_assertion_type": change.get("type", ASSERTION_TYPE),
            "client_assertion": jwt.encode(claims, key, "RS256", headers=headers),
        }
        return sandbox.microsoft_token(**form)

    def thumbprint(self, sandbox: SandboxProcess) -> str:
        certificate = x509.load_pem_x509_certificate(Path(sandbox.info["microsoft_cert_file"]).read_bytes())
        return urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).decode()  # noqa: S303

    def test_a_good_one_is_taken(self, sandbox: SandboxProcess) -> None:
        assert self.send(sandbox).status_code == 200

    @pytest.mark.parametrize(
        ("change", "number"),
        [
            ({"key": "salesforce_jwt_key_file"}, 700027),
            ({"headers": {}}, 700027),
            ({"headers": {"x5t": "AAAA"}}, 700027),
            ({"claims": {"aud": "https://login.microsoftonline.com/common"}}, 700023),
            ({"claims": {"iss": "someone"}}, 700030),
            ({"claims": {"sub": "someone"}}, 700030),
            ({"claims": {"exp": 1000}}, 700024),
            ({"claims": {"exp": None}}, 700024),
            ({"claims": {"nbf": 4_000_000_000}}, 700024),
            ({"claims": {"jti": None}}, 700027),
        ],
    )
    def test_one_wrong_thing_refuses_it(self, sandbox: SandboxProcess, change: dict[str, Any], number: int) -> None:
        assert refusal(self.send(sandbox, **change)) == (401, "invalid_client", number)

    def test_its_identifier_belongs_to_one_assertion(self, sandbox: SandboxProcess) -> None:
        assert self.send(sandbox, claims={"jti": "one", "exp": int(time.time()) + 500}).status_code == 200
        again = self.send(sandbox, claims={"jti": "one", "exp": int(time.time()) + 501 + 60})
        assert refusal(again) == (401, "invalid_client", 700027)


class TestAuthorize:
    """What is wrong with a request for authorization is told to the application, or only to the person."""

    def send(self, sandbox: SandboxProcess, **change: str | None) -> requests.Response:
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": sandbox.info["microsoft_client_id"],
            "redirect_uri": "http://localhost:8000/connect/microsoft/callback/",
            "scope": "User.Read",
            "state": "st",
            "code_challenge": verifier_and_challenge()[1],
            "code_challenge_method": "S256",
            **change,
        }
        given = {name: value for name, value in query.items() if value is not None}
        address = f"{sandbox.authority}/oauth2/v2.0/authorize"
        return sandbox.http.get(address, params=given, allow_redirects=False, timeout=10)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"response_type": "id_token"}, "unsupported_response_type"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": None}, "invalid_request"),
            ({"scope": "Mail.Send"}, "consent_required"),
            ({"scope": "Nothing.Such"}, "invalid_scope"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
        ],
    )
    def test_the_application_is_told(self, sandbox: SandboxProcess, change: dict[str, str | None], error: str) -> None:
        sent = self.send(sandbox, **change)
        assert sent.status_code == 302
        answer = answer_of(sent.headers["location"])
        assert (answer["error"], answer["state"]) == (error, "st")
        assert answer["error_description"].startswith("AADSTS")

    @pytest.mark.parametrize(
        "change",
        [
            {"client_id": "someone"},
            {"redirect_uri": "http://localhost:8000/elsewhere/"},
            {"redirect_uri": "https://evil.example/connect/microsoft/callback/"},
            {"redirect_uri": None},
            {"response_mode": "jwt"},
        ],
    )
    def test_only_the_person_is_told(self, sandbox: SandboxProcess, change: dict[str, str | None]) -> None:
        answer = self.send(sandbox, **change)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "AADSTS" in answer.text


def test_the_callers_correlation_id_comes_back(sandbox: SandboxProcess) -> None:
    own_id = str(uuid.uuid4())
    address = f"{sandbox.authority}/oauth2/v2.0/token"
    answer = sandbox.http.post(address, data={}, headers={"client-request-id": own_id}, timeout=10)
    assert answer.json()["correlation_id"] == own_id
    answer = sandbox.http.post(address, data={}, headers={"client-request-id": "<script>"}, timeout=10)
    assert uuid.UUID(answer.json()["correlation_id"])
