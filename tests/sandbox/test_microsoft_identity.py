"""Signing in to the sandbox's tenant with MSAL as the product and the Office host do, and what the tokens say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.sandbox_process import HOST_CALLBACK, MICROSOFT_CALLBACK, SandboxProcess, answer_of

GRAPH = "https://graph.microsoft.com"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"


def confidential(sandbox: SandboxProcess, credential: Any = None) -> msal.ConfidentialClientApplication:
    """Our application as the product builds it."""
    return msal.ConfidentialClientApplication(
        sandbox.info["microsoft_client_id"],
        client_credential=credential or sandbox.info["microsoft_client_secret"],
        authority=sandbox.authority,
        instance_discovery=False,
        http_client=sandbox.session(),
    )


def public(sandbox: SandboxProcess) -> msal.PublicClientApplication:
    """The Office host."""
    return msal.PublicClientApplication(
        sandbox.info["microsoft_host_client_id"],
        authority=sandbox.authority,
        instance_discovery=False,
        http_client=sandbox.session(),
    )


def sign_in(
    sandbox: SandboxProcess, application: Any, scopes: list[str], redirect_uri: str, name: str = "mia"
) -> dict[str, Any]:
    """MSAL's whole code flow, with the browser's part played here."""
    flow = application.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri)
    user = sandbox.user(name)
    form = {"username": user["email"], "password": user["password"]}
    sent = sandbox.http.post(flow["auth_uri"], data=form, allow_redirects=False, timeout=10)
    result: dict[str, Any] = application.acquire_token_by_auth_code_flow(flow, answer_of(sent.headers["location"]))
    return result


def checked(sandbox: SandboxProcess, token: str, audience: str) -> dict[str, Any]:
    """The claims of a token, its signature checked against the published keys."""
    configuration = sandbox.http.get(f"{sandbox.authority}/v2.0/.well-known/openid-configuration", timeout=10).json()
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get(configuration["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], audience=audience)
    return claims


def test_discovery_names_endpoints_on_this_host(sandbox: SandboxProcess) -> None:
    for tenant in (sandbox.info["tenant_id"], "larkfield.example"):
        address = f"{sandbox.info['microsoft_login_url']}/{tenant}/v2.0/.well-known/openid-configuration"
        found = sandbox.http.get(address, timeout=10).json()
        assert found["issuer"] == f"{sandbox.authority}/v2.0"
        assert found["token_endpoint"] == f"{sandbox.authority}/oauth2/v2.0/token"
        assert found["authorization_endpoint"] == f"{sandbox.authority}/oauth2/v2.0/authorize"
        assert found["jwks_uri"] == f"{sandbox.authority}/discovery/v2.0/keys"


def test_the_key_set_holds_the_present_and_the_next_key(sandbox: SandboxProcess) -> None:
    keys = sandbox.http.get(f"{sandbox.authority}/discovery/v2.0/keys", timeout=10).json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    assert all(key["kty"] == "RSA" and "d" not in key for key in keys)
    token = sandbox.token(user="mia.keller@larkfield.example", key="next")
    assert checked(sandbox, token, sandbox.info["microsoft_client_id"])["ver"] == "2.0"


def test_the_host_gets_a_token_for_our_api_through_msal(sandbox: SandboxProcess) -> None:
    result = sign_in(sandbox, public(sandbox), [sandbox.info["microsoft_scope"]], HOST_CALLBACK)
    claims = checked(sandbox, result["access_token"], sandbox.info["microsoft_client_id"])
    user = sandbox.user("mia")
    assert claims["iss"] == f"{sandbox.authority}/v2.0"
    assert claims["tid"] == sandbox.info["tenant_id"]
    assert claims["oid"] == user["oid"]
    assert claims["scp"] == "access_as_user"
    assert claims["azp"] == sandbox.info["microsoft_host_client_id"]
    assert claims["azpacr"] == "0"
    assert claims["ver"] == "2.0"
    assert (claims["preferred_username"], claims["name"]) == (user["email"], user["name"])
    assert claims["nbf"] <= claims["iat"] < claims["exp"] <= claims["iat"] + 3600
    assert claims["uti"]
    assert claims["sub"]
    assert "idtyp" not in claims


def test_the_id_token_is_for_the_client_and_its_subject_differs(sandbox: SandboxProcess) -> None:
    application = public(sandbox)
    result = sign_in(sandbox, application, [sandbox.info["microsoft_scope"]], HOST_CALLBACK)
    claims = checked(sandbox, result["id_token"], sandbox.info["microsoft_host_client_id"])
    assert claims["oid"] == sandbox.user("mia")["oid"]
    assert claims["nonce"]
    api = checked(sandbox, result["access_token"], sandbox.info["microsoft_client_id"])
    assert claims["sub"] != api["sub"]
    account = application.get_accounts()[0]
    assert account["username"] == sandbox.user("mia")["email"]
    assert account["home_account_id"] == f"{sandbox.user('mia')['oid']}.{sandbox.info['tenant_id']}"


def test_the_host_may_read_mail_and_a_silent_request_uses_its_refresh_token(sandbox: SandboxProcess) -> None:
    application = public(sandbox)
    sign_in(sandbox, application, [sandbox.info["microsoft_scope"]], HOST_CALLBACK)
    result = application.acquire_token_silent(["Mail.Read"], account=application.get_accounts()[0])
    claims = checked(sandbox, result["access_token"], GRAPH_APP)
    assert "Mail.Read" in claims["scp"].split()
    assert claims["appid"] == sandbox.info["microsoft_host_client_id"]
    assert claims["upn"] == sandbox.user("mia")["email"]


def test_our_application_signs_a_person_in_with_its_secret(sandbox: SandboxProcess) -> None:
    result = sign_in(sandbox, confidential(sandbox), [f"{GRAPH}/User.Read"], MICROSOFT_CALLBACK, "tom")
    claims = checked(sandbox, result["access_token"], GRAPH_APP)
    assert (claims["oid"], claims["appidacr"]) == (sandbox.user("tom")["oid"], "1")


def test_on_behalf_of_gives_graph_access_and_lasts(sandbox: SandboxProcess) -> None:
    assertion = sandbox.microsoft_login("mia")["access_token"]
    application = confidential(sandbox)
    result = application.acquire_token_on_behalf_of(assertion, [f"{GRAPH}/Mail.ReadWrite", f"{GRAPH}/User.Read"])
    claims = checked(sandbox, result["access_token"], GRAPH_APP)
    assert {"Mail.ReadWrite", "User.Read"} <= set(claims["scp"].split())
    assert claims["appid"] == sandbox.info["microsoft_client_id"]
    assert claims["oid"] == sandbox.user("mia")["oid"]
    sandbox.advance(3700)
    again = application.acquire_token_silent(
        [f"{GRAPH}/Mail.ReadWrite"], account=application.get_accounts()[0], force_refresh=True
    )
    assert again["access_token"] != result["access_token"]


def test_the_default_scope_stands_for_all_that_was_consented(sandbox: SandboxProcess) -> None:
    assertion = sandbox.microsoft_login("mia")["access_token"]
    result = confidential(sandbox).acquire_token_on_behalf_of(assertion, [f"{GRAPH}/.default"])
    scopes = set(checked(sandbox, result["access_token"], GRAPH_APP)["scp"].split())
    assert {"Mail.ReadWrite", "MailboxSettings.Read", "User.Read"} <= scopes


@pytest.mark.parametrize("thumbprint", ["sha1", "sha256"])
def test_client_credentials_with_a_certificate(sandbox: SandboxProcess, thumbprint: str) -> None:
    key = Path(sandbox.info["microsoft_cert_key_file"]).read_text()
    certificate = Path(sandbox.info["microsoft_cert_file"]).read_text()
    credential = {"private_key": key, "public_certificate": certificate}
    if thumbprint == "sha1":
        found = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1())  # noqa: S303
        credential = {"private_key": key, "thumbprint": found.hex()}
    application = confidential(sandbox, credential)
    result = application.acquire_token_for_client([f"{GRAPH}/.default"])
    claims = checked(sandbox, result["access_token"], GRAPH_APP)
    assert claims["idtyp"] == "app"
    assert "Mail.ReadWrite" in claims["roles"]
    assert claims["appidacr"] == "2"
    assert "scp" not in claims
    assert "refresh_token" not in result
    # MSAL sends the same assertion again while it is valid, for another resource too.
    api = application.acquire_token_for_client([f"api://{sandbox.info['microsoft_client_id']}/.default"])
    own = checked(sandbox, api["access_token"], sandbox.info["microsoft_client_id"])
    assert own["idtyp"] == "app"
    assert "roles" not in own


def test_client_credentials_with_a_secret(sandbox: SandboxProcess) -> None:
    result = confidential(sandbox).acquire_token_for_client([f"{GRAPH}/.default"])
    assert checked(sandbox, result["access_token"], GRAPH_APP)["appidacr"] == "1"


def test_each_refresh_gives_another_refresh_token(sandbox: SandboxProcess) -> None:
    first = sandbox.microsoft_login("mia")
    form = {"grant_type": "refresh_token", "client_id": sandbox.info["microsoft_host_client_id"], "scope": "Mail.Read"}
    second = sandbox.microsoft_token(**form, refresh_token=first["refresh_token"]).json()
    third = sandbox.microsoft_token(**form, refresh_token=second["refresh_token"]).json()
    assert len({answer["refresh_token"] for answer in (first, second, third)}) == 3
    assert third["scope"] == "Mail.Read"
    assert third["expires_in"] == 3600


def test_graph_takes_the_graph_token_and_no_other(sandbox: SandboxProcess) -> None:
    address = f"{sandbox.info['microsoft_graph_url']}/v1.0/me"

    def status(token: str) -> int:
        return sandbox.http.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code

    api = sandbox.microsoft_login("mia")["access_token"]
    graph = sandbox.microsoft_login("mia", scope="User.Read Mail.Read")["access_token"]
    foreign = sandbox.token(claims=jwt.decode(graph, options={"verify_signature": False}), key="foreign")
    assert [status(token) for token in (graph, api, foreign, graph[:-2], "")] == [200, 401, 401, 401, 401]
    sandbox.advance(3601)
    assert status(graph) == 401


def test_the_sign_in_page_is_relative_and_says_that_it_is_the_sandbox(sandbox: SandboxProcess) -> None:
    flow = public(sandbox).initiate_auth_code_flow(["User.Read"], redirect_uri=HOST_CALLBACK, login_hint="<b>@x")
    page = sandbox.http.get(flow["auth_uri"], timeout=10)
    assert "Sandbox" in page.text
    assert "&lt;b&gt;@x" in page.text
    for attribute in ("action=", "href=", "src=", "localhost", "https:", "<script"):
        assert attribute not in page.text
    assert page.headers["x-frame-options"] == "DENY"


def test_the_answer_may_come_in_the_fragment(sandbox: SandboxProcess) -> None:
    code, verifier = sandbox.microsoft_code("sofia", response_mode="fragment", state="x")
    form = {"client_id": sandbox.info["microsoft_host_client_id"], "redirect_uri": HOST_CALLBACK}
    answer = sandbox.microsoft_token(grant_type="authorization_code", code=code, code_verifier=verifier, **form)
    assert answer.json()["token_type"] == "Bearer"


def test_the_answer_may_be_posted_as_msal_recommends(sandbox: SandboxProcess) -> None:
    application = confidential(sandbox)
    flow = application.initiate_auth_code_flow(
        [f"{GRAPH}/User.Read"], redirect_uri=MICROSOFT_CALLBACK, response_mode="form_post"
    )
    page = sandbox.http.post(flow["auth_uri"], data={"person": sandbox.user("tom")["email"]}, timeout=10)
    assert f'action="{MICROSOFT_CALLBACK}"' in page.text
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    assert application.acquire_token_by_auth_code_flow(flow, fields)["token_type"] == "Bearer"


def test_cancelling_and_a_wrong_password(sandbox: SandboxProcess) -> None:
    flow = public(sandbox).initiate_auth_code_flow(["User.Read"], redirect_uri=HOST_CALLBACK)
    sent = sandbox.http.post(flow["auth_uri"], data={"decision": "cancel"}, allow_redirects=False, timeout=10)
    answer = answer_of(sent.headers["location"])
    assert (answer["error"], answer["state"]) == ("access_denied", flow["state"])
    form = {"username": sandbox.user("mia")["email"], "password": "wrong"}
    assert 'role="alert"' in sandbox.http.post(flow["auth_uri"], data=form, timeout=10).text


def test_a_token_made_to_order_breaks_one_rule(sandbox: SandboxProcess) -> None:
    mia = sandbox.user("mia")["email"]
    audience = sandbox.info["microsoft_client_id"]
    good = checked(sandbox, sandbox.token(user=mia), audience)
    bad = checked(sandbox, sandbox.token(user=mia, claims={"ver": "1.0"}, without=["azp"]), audience)
    assert set(good) - set(bad) == {"azp"}
    assert {name for name in bad if good[name] != bad[name]} <= {"ver", "uti", "iat", "nbf", "exp"}
    keys = sandbox.http.get(f"{sandbox.authority}/discovery/v2.0/keys", timeout=10).json()
    foreign = sandbox.token(user=mia, key="foreign")
    for key in jwt.PyJWKSet.from_dict(keys).keys:
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(foreign, key, ["RS256"], audience=audience)
    for algorithm in ("HS256", "none", "RS512"):
        assert jwt.get_unverified_header(sandbox.token(user=mia, alg=algorithm))["alg"] == algorithm
    assert jwt.get_unverified_header(sandbox.token(user=mia, kid="unknown"))["kid"] == "unknown"


def test_an_unknown_tenant_is_not_found(sandbox: SandboxProcess) -> None:
    address = f"{sandbox.info['microsoft_login_url']}/elsewhere.example/v2.0/.well-known/openid-configuration"
    answer = sandbox.http.get(address, timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_no_token_or_secret_stands_in_the_call_log(sandbox: SandboxProcess) -> None:
    tokens = sandbox.microsoft_login("mia")
    sandbox.salesforce_login("mia")
    written = json.dumps(sandbox.log())
    for value in (*tokens.values(), sandbox.info["microsoft_client_secret"], sandbox.info["salesforce_client_secret"]):
        assert str(value) not in written or len(str(value)) < 20
