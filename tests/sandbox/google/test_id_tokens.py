"""ID tokens made to order: what a sign-in gives is wrong in one thing and right in the rest."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from tests.sandbox.google.test_sign_in import claims_of
from tests.sandbox_process import SandboxProcess

SCOPE = "openid email profile"


def signed_in(sandbox: SandboxProcess, nonce: str = "n") -> str:
    token: str = sandbox.google_sign_in(scope=SCOPE, nonce=nonce)["id_token"]
    return token


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize(
    ("order", "claim", "value"),
    [
        ({"claims": {"iss": "https://evil.example"}}, "iss", "https://evil.example"),
        ({"claims": {"aud": "somebody-else"}}, "aud", "somebody-else"),
        ({"claims": {"azp": "somebody-else"}}, "azp", "somebody-else"),
        ({"claims": {"nonce": "another"}}, "nonce", "another"),
        ({"claims": {"sub": ""}}, "sub", ""),
        ({"claims": {"hd": "evil.example"}}, "hd", "evil.example"),
        ({"claims": {"email": "x@evil.example"}}, "email", "x@evil.example"),
        ({"claims": {"email_verified": False}}, "email_verified", False),
        ({"claims": {"at_hash": "x"}}, "at_hash", "x"),
        ({"without": ["nonce"]}, "nonce", None),
        ({"without": ["hd"]}, "hd", None),
        ({"without": ["exp"]}, "exp", None),
        ({"without": ["email_verified"]}, "email_verified", None),
    ],
)
def test_one_claim_is_wrong_and_the_rest_is_right(
    sandbox: SandboxProcess, order: dict[str, Any], claim: str, value: Any
) -> None:
    good = parts(signed_in(sandbox))[1]
    sandbox.order_id_token(**order)
    header, ordered = parts(signed_in(sandbox))
    assert ordered.get(claim) == value
    moving = {claim, "iat", "exp", "at_hash"}
    assert {k: v for k, v in ordered.items() if k not in moving} == {k: v for k, v in good.items() if k not in moving}
    assert header["alg"] == "RS256"
    assert header["kid"] in [
        key["kid"] for key in sandbox.http.get(sandbox.info["google_certs_url"], timeout=10).json()["keys"]
    ]
    assert parts(signed_in(sandbox))[1].get(claim) is not None


def test_times_are_moved(sandbox: SandboxProcess) -> None:
    sandbox.order_id_token(shift={"exp": -4000, "iat": -4000})
    claims = parts(signed_in(sandbox))[1]
    assert claims["exp"] < time.time() < claims["exp"] + 500
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    "order",
    [
        {"key": "foreign"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"kid": "unknown"},
        {"headers": {"kid": None}},
        {"signature": "broken"},
        {"signature": "missing"},
    ],
)
def test_the_signature_is_wrong_and_every_claim_is_right(sandbox: SandboxProcess, order: dict[str, Any]) -> None:
    good = parts(signed_in(sandbox))[1]
    sandbox.order_id_token(**order)
    token = signed_in(sandbox)
    moving = {"iat", "exp", "at_hash"}
    claims = parts(token)[1]
    assert {k: v for k, v in claims.items() if k not in moving} == {k: v for k, v in good.items() if k not in moving}
    keys = {
        key["kid"]: jwt.PyJWK(key)
        for key in sandbox.http.get(sandbox.info["google_certs_url"], timeout=10).json()["keys"]
    }
    header = jwt.get_unverified_header(token)
    with pytest.raises((jwt.InvalidTokenError, KeyError)):
        jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], audience=claims["aud"])
    assert claims_of(sandbox, signed_in(sandbox))["sub"] == good["sub"]


def test_a_key_that_is_published_and_does_not_sign_yet_is_good(sandbox: SandboxProcess) -> None:
    sandbox.order_id_token(key="next")
    assert claims_of(sandbox, signed_in(sandbox))["nonce"] == "n"
    sandbox.rotate_google_keys()
    sandbox.order_id_token(key="last")
    assert claims_of(sandbox, signed_in(sandbox))["nonce"] == "n"


def test_an_order_holds_for_as_many_tokens_as_it_says_and_can_be_taken_back(sandbox: SandboxProcess) -> None:
    sandbox.order_id_token(claims={"hd": "a.example"}, times=2)
    sandbox.order_id_token(claims={"hd": "b.example"})
    found = [parts(signed_in(sandbox))[1]["hd"] for _ in range(4)]
    assert found == ["a.example", "a.example", "b.example", "larkfield-labs.example"]
    sandbox.order_id_token(claims={"hd": "a.example"})
    sandbox.clear_id_token_orders()
    assert parts(signed_in(sandbox))[1]["hd"] == "larkfield-labs.example"


def test_a_leaked_key_is_replaced_at_once(sandbox: SandboxProcess) -> None:
    old = signed_in(sandbox)
    before = {key["kid"] for key in sandbox.http.get(sandbox.info["google_certs_url"], timeout=10).json()["keys"]}
    sandbox.rotate_google_keys(at_once=True)
    after = {key["kid"] for key in sandbox.http.get(sandbox.info["google_certs_url"], timeout=10).json()["keys"]}
    assert not before & after
    new = signed_in(sandbox)
    assert jwt.get_unverified_header(new)["kid"] in after
    assert claims_of(sandbox, new)["nonce"] == "n"
    with pytest.raises(Exception, match=r"kid|Certificate|key"):
        claims_of(sandbox, old)
