"""Each rule of the access token check, with a token that breaks that rule alone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import responses
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pytest_django import Settings

from accounts import microsoft, signing_keys
from accounts.errors import ProviderUnavailable
from tests.accounts.people import TENANT

API = "00000000-0000-4000-8000-00000000a11d"
CLIENT = "00000000-0000-4000-8000-000000000051"
OID = "11111111-0000-4000-8000-111111111111"
LOGIN = "https://login.microsoftonline.com"
KEYS_URL = f"{LOGIN}/common/discovery/v2.0/keys"

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: rsa.RSAPrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    issuer = f"{LOGIN}/{{tenantid}}/v2.0"
    return {"kty": "RSA", "n": public["n"], "e": public["e"], "use": "sig", "kid": kid, "issuer": issuer, **more}


def claims(**change: Any) -> dict[str, Any]:
    """A good token's claims; a changed value of None leaves the claim out."""
    now = int(time.time())
    good = {
        "ver": "2.0",
        "aud": API,
        "iss": f"{LOGIN}/{TENANT}/v2.0",
        "tid": TENANT,
        "oid": OID,
        "scp": "access_as_user other",
        "azp": CLIENT,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "name": "Mia Keller",
        "preferred_username": "mia.keller@larkfield.example",
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def signed(payload: dict[str, Any], *, key: Any = KEY, alg: str = "RS256", kid: str | None = "k1") -> str:
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": kid} if kid is not None else {})


def check(token: str) -> microsoft.Identity:
    return microsoft.check_access_token(token, is_provisioned=lambda tenant_id: tenant_id == TENANT)


def rule_broken_by(token: str) -> str:
    with pytest.raises(microsoft.TokenRefused) as refused:
        check(token)
    return refused.value.rule


@pytest.fixture(autouse=True)
def cloud(settings: Settings) -> Iterator[responses.RequestsMock]:
    """The worldwide cloud with one key."""
    settings.ALONGSIDE_SANDBOX = False
    settings.MICROSOFT_LOGIN_URL = LOGIN
    settings.MICROSOFT_CLIENT_ID = API
    settings.MICROSOFT_CLIENT_IDS = [CLIENT]
    settings.MICROSOFT_SCOPE = f"api://{API}/access_as_user"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(KEYS_URL, json={"keys": [jwk(KEY, "k1")]})
        yield mock


def test_a_good_token_says_who_it_is_of() -> None:
    assert check(signed(claims())) == microsoft.Identity(TENANT, OID, "Mia Keller", "mia.keller@larkfield.example")


def test_our_own_application_may_have_asked_for_the_token() -> None:
    assert check(signed(claims(azp=API))).oid == OID


def test_a_delegated_token_may_say_so() -> None:
    assert check(signed(claims(idtyp="user"))).oid == OID


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("ver", {"ver": "1.0"}),
        ("ver", {"ver": None}),
        ("aud", {"aud": "00000003-0000-0000-c000-000000000000"}),
        ("aud", {"aud": [API, "00000003-0000-0000-c000-000000000000"]}),
        ("aud", {"aud": f"api://{API}"}),
        ("aud", {"aud": None}),
        ("iss", {"iss": f"{LOGIN}/bbbbbbbb-0000-4000-8000-00000000000b/v2.0"}),
        ("iss", {"iss": f"https://sts.windows.net/{TENANT}/"}),
        ("iss", {"iss": f"https://login.attacker.example/{TENANT}/v2.0"}),
        ("iss", {"iss": f"{LOGIN}/{TENANT}/v2.0/"}),
        ("iss", {"iss": None}),
        ("tid", {"tid": None}),
        ("tid", {"tid": "../common", "iss": f"{LOGIN}/../common/v2.0"}),
        (
            "tenant",
            {
                "tid": "cccccccc-0000-4000-8000-00000000000c",
                "iss": f"{LOGIN}/cccccccc-0000-4000-8000-00000000000c/v2.0",
            },
        ),
        ("exp", {"exp": int(time.time()) - 3600}),
        ("exp", {"exp": None}),
        ("nbf", {"nbf": int(time.time()) + 3600}),
        ("nbf", {"nbf": None}),
        ("scp", {"scp": "Mail.Read"}),
        ("scp", {"scp": "access_as_user_and_more"}),
        ("scp", {"scp": None}),
        ("scp", {"scp": None, "roles": ["access_as_user"]}),
        ("azp", {"azp": "99999999-0000-4000-8000-000000000099"}),
        ("azp", {"azp": None}),
        ("azp", {"azp": None, "appid": CLIENT}),
        ("idtyp", {"idtyp": "app"}),
        ("idtyp", {"idtyp": "device"}),
        ("oid", {"oid": None}),
        ("oid", {"oid": "mia.keller@larkfield.example"}),
    ],
)
def test_a_token_that_breaks_one_rule_is_refused_by_that_rule(rule: str, change: dict[str, Any]) -> None:
    assert rule_broken_by(signed(claims(**change))) == rule


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_only_rs256_is_taken(alg: str) -> None:
    assert rule_broken_by(signed(claims(), alg=alg)) == "alg"


def test_an_unsigned_token_is_refused() -> None:
    assert rule_broken_by(jwt.encode(claims(), "", algorithm="none", headers={"kid": "k1"})) == "alg"


def test_the_public_key_is_no_shared_secret() -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "k1"}).encode()).rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=").decode()
    assert rule_broken_by(f"{head}.{body}.AAAA") == "alg"


def test_an_elliptic_signature_is_refused() -> None:
    assert rule_broken_by(signed(claims(), key=ec.generate_private_key(ec.SECP256R1()), alg="ES256")) == "alg"


def test_another_keys_signature_under_a_known_key_id_is_refused() -> None:
    assert rule_broken_by(signed(claims(), key=OTHER_KEY)) == "signature"


def test_a_key_that_the_cloud_does_not_publish_is_refused() -> None:
    assert rule_broken_by(signed(claims(), key=OTHER_KEY, kid="k2")) == "kid"


def test_a_token_without_a_key_id_is_refused() -> None:
    assert rule_broken_by(signed(claims(), kid=None)) == "kid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "…", "ey" * 5000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert rule_broken_by(token) == "malformed"


def test_an_altered_claim_breaks_the_signature() -> None:
    head, _, tail = signed(claims()).split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(oid=OID.replace("1", "2"))).encode()).rstrip(b"=").decode()
    assert rule_broken_by(f"{head}.{other}.{tail}") == "signature"


@pytest.mark.parametrize(("seconds", "rule"), [(299, None), (301, "exp")])
def test_a_clock_may_be_off_by_five_minutes_at_the_end(seconds: int, rule: str | None) -> None:
    with time_machine.travel(1_800_000_000, tick=False):
        token = signed(claims(exp=1_800_000_000 - seconds))
        assert check(token).oid == OID if rule is None else rule_broken_by(token) == rule


@pytest.mark.parametrize(("seconds", "rule"), [(299, None), (301, "nbf")])
def test_a_clock_may_be_off_by_five_minutes_at_the_beginning(seconds: int, rule: str | None) -> None:
    with time_machine.travel(1_800_000_000, tick=False):
        token = signed(claims(nbf=1_800_000_000 + seconds))
        assert check(token).oid == OID if rule is None else rule_broken_by(token) == rule


def test_a_key_of_another_issuer_does_not_sign_for_this_tenant(cloud: responses.RequestsMock) -> None:
    foreign = f"{LOGIN}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
    cloud.replace(responses.GET, KEYS_URL, json={"keys": [jwk(KEY, "k1", issuer=foreign)]})
    assert rule_broken_by(signed(claims())) == "iss"


def test_a_key_for_encryption_signs_nothing(cloud: responses.RequestsMock) -> None:
    cloud.replace(responses.GET, KEYS_URL, json={"keys": [jwk(KEY, "k1", use="enc")]})
    assert rule_broken_by(signed(claims())) == "kid"


def test_keys_are_fetched_once(cloud: responses.RequestsMock) -> None:
    for _ in range(5):
        check(signed(claims()))
    assert len(cloud.calls) == 1


def test_unknown_key_ids_do_not_make_us_call_more_than_once_a_minute(
    cloud: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: clock[0])
    check(signed(claims()))
    for number in range(20):
        assert rule_broken_by(signed(claims(), key=OTHER_KEY, kid=f"x{number}")) == "kid"
    assert len(cloud.calls) == 1
    clock[0] += signing_keys.REFETCH_AFTER_SECONDS + 1
    assert rule_broken_by(signed(claims(), key=OTHER_KEY, kid="x")) == "kid"
    assert len(cloud.calls) == 2


def test_a_new_key_of_the_cloud_is_found(cloud: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: clock[0])
    check(signed(claims()))
    cloud.replace(responses.GET, KEYS_URL, json={"keys": [jwk(OTHER_KEY, "k2")]})
    clock[0] += signing_keys.REFETCH_AFTER_SECONDS + 1
    assert check(signed(claims(), key=OTHER_KEY, kid="k2")).oid == OID
    assert rule_broken_by(signed(claims())) == "kid"


def test_a_failing_refetch_keeps_the_keys_at_hand(
    cloud: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: clock[0])
    check(signed(claims()))
    cloud.replace(responses.GET, KEYS_URL, status=503)
    clock[0] += signing_keys.KEYS_FOR_SECONDS + 1
    assert check(signed(claims())).oid == OID


def test_no_keys_at_all_is_no_refusal_of_the_token(cloud: responses.RequestsMock) -> None:
    cloud.replace(responses.GET, KEYS_URL, status=503)
    with pytest.raises(ProviderUnavailable):
        check(signed(claims()))
