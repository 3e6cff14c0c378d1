"""A session from a Google ID token: each rule with a token that breaks that rule alone, and who it makes one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import responses
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts import google_identity
from accounts.models import Connection, GoogleDomain, Organisation, PaneSession, System, User
from accounts.onetime import digest
from accounts.services import connection_for, create_organisation, create_user
from permissions.audit.models import AuditEntry
from tests.accounts.google import CERTS, CLIENT, KEY, OTHER_KEY, SUB, Google, id_claims, jwk, signed
from tests.accounts.people import TENANT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_google")]

SESSIONS = "/api/v1/sessions/"
NONCE = "n" * 43
NOOR = "noor.haddad@larkfield.example"


@pytest.fixture
def larkfield(db: None) -> Organisation:
    return create_organisation(
        "Larkfield Instruments",
        tenant_ids=[TENANT],
        domains=["larkfield.example"],
        google_domains=["larkfield.example"],
    )


@pytest.fixture
def noor(larkfield: Organisation) -> User:
    return create_user(larkfield, email=NOOR, name="Noor Haddad", google_sub=SUB)


@pytest.fixture(autouse=True)
def every_refusal_is_recorded() -> None:
    """In a minute only so many are."""
    cache.clear()


def token(**change: Any) -> str:
    return signed(id_claims(**{"email": NOOR, "nonce": NONCE, **change}))


def begin(brought: str, **change: Any) -> Any:
    body = {"token": brought, "client": "gmail", "nonce": NONCE, **change}
    body = {name: value for name, value in body.items() if value is not None}
    return Client().post(SESSIONS, body, content_type="application/json")


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def reasons() -> list[str]:
    return [one.detail["reason"] for one in AuditEntry.objects.filter(action="sign-in.refused")]


def test_a_good_token_begins_a_session_of_a_quarter_of_an_hour(noor: User) -> None:
    answer = begin(token())
    assert answer.status_code == 201
    body = answer.json()
    assert body["expires_in"] == 900
    assert body["user"] == {"name": "Noor Haddad", "email": NOOR}
    session = PaneSession.objects.get()
    assert (session.token_hash, session.client, session.user) == (digest(body["session"]), "gmail", noor)
    assert AuditEntry.objects.get(action="session.begun").detail == {"client": "gmail"}


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://accounts.google.com.attacker.example"},
        {"iss": None},
        {"aud": "other.apps.googleusercontent.com"},
        {"aud": [CLIENT, "other.apps.googleusercontent.com"]},
        {"azp": "other.apps.googleusercontent.com"},
        {"exp": -301},
        {"exp": None},
        {"iat": 301},
        {"iat": None},
        {"nonce": "m" * 43},
        {"nonce": None},
        {"sub": ""},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"hd": None},
        {"hd": "elsewhere.example"},
        {"hd": ["larkfield.example"]},
    ],
    ids=lambda change: "-".join(f"{name}:{value}" for name, value in change.items())[:60],
)
def test_a_token_that_breaks_one_rule_begins_none(noor: User, change: dict[str, Any]) -> None:
    # Moments are told in seconds from now, whenever the test runs.
    now = int(time.time())
    answer = begin(token(**{name: now + value if type(value) is int else value for name, value in change.items()}))
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_refused"
    assert "Google" in answer.json()["detail"]
    assert "WWW-Authenticate" in answer.headers
    assert not PaneSession.objects.exists()
    assert reasons() == ["token"]


@pytest.mark.parametrize(
    "brought",
    [
        lambda: signed(id_claims(email=NOOR, nonce=NONCE), alg="RS512"),
        lambda: signed(id_claims(email=NOOR, nonce=NONCE), key=OTHER_KEY),
        lambda: signed(id_claims(email=NOOR, nonce=NONCE), kid="unpublished"),
        lambda: signed(id_claims(email=NOOR, nonce=NONCE), kid=None),
        lambda: "a.b.c",
    ],
    ids=["alg", "signature", "kid", "no-kid", "malformed"],
)
def test_a_token_that_google_did_not_sign_so_begins_none(noor: User, brought: Callable[[], str]) -> None:
    assert begin(brought()).status_code == 401
    assert not PaneSession.objects.exists()


def test_the_keys_are_asked_for_once(noor: User, at_google: Google) -> None:
    for _ in range(3):
        assert begin(token()).status_code == 201
    for number in range(5):
        assert begin(signed(id_claims(email=NOOR, nonce=NONCE), kid=f"x{number}")).status_code == 401
    assert [call.request.url for call in at_google.mock.calls] == [CERTS]


def test_a_rotated_key_is_found(noor: User, at_google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    assert begin(token()).status_code == 201
    at_google.mock.replace(responses.GET, CERTS, json={"keys": [jwk(KEY, "g1"), jwk(OTHER_KEY, "g2")]})
    later = time.monotonic() + 61
    monkeypatch.setattr("accounts.signing_keys.time.monotonic", lambda: later)
    assert begin(signed(id_claims(email=NOOR, nonce=NONCE), key=OTHER_KEY, kid="g2")).status_code == 201


def test_without_googles_keys_it_says_so(noor: User, at_google: Google) -> None:
    at_google.mock.replace(responses.GET, CERTS, status=503)
    answer = begin(token())
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert "Google" in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": None},
        {"nonce": "short"},
        {"nonce": "n" * 129},
        {"client": "outlook"},
        {"client": None},
        {"client": "thunderbird"},
        {"ticket": "t"},
    ],
)
def test_another_shape_is_refused(noor: User, change: dict[str, Any]) -> None:
    assert begin(token(), **change).status_code == 400
    assert not PaneSession.objects.exists()


def test_it_is_the_sub_and_not_the_address(noor: User) -> None:
    """Google's address of somebody may change; somebody else may get the old one."""
    assert begin(token(email="noor.new@larkfield.example")).json()["user"]["email"] == NOOR
    assert begin(token(sub="2", email=NOOR)).status_code == 403


def test_whom_an_administrator_entered_is_bound_at_the_first_sign_in_and_only_then(larkfield: Organisation) -> None:
    entered = create_user(larkfield, email=NOOR, name="Noor")
    assert begin(token(email=NOOR.upper())).status_code == 201
    entered.refresh_from_db()
    assert entered.google_sub == SUB
    bound = AuditEntry.objects.get(action="user.bound")
    assert bound.detail == {"system": "google", "user": str(entered.pk)}
    assert begin(token(sub="2")).status_code == 403
    assert begin(token()).status_code == 201
    assert actions().count("user.bound") == 1
    entered.refresh_from_db()
    assert entered.google_sub == SUB


def test_a_named_google_account_counts_before_the_address(larkfield: Organisation) -> None:
    named = create_user(larkfield, email="mia.keller@larkfield.example", tenant_id=TENANT, oid="1" * 36)
    User.objects.filter(pk=named.pk).update(google_address=NOOR)
    assert begin(token(sub="7", email="mia.keller@larkfield.example")).status_code == 403
    assert begin(token()).json()["user"]["email"] == "mia.keller@larkfield.example"


def test_an_address_that_microsoft_told_binds_nobody(larkfield: Organisation) -> None:
    create_user(larkfield, email=NOOR, tenant_id=TENANT, oid="1" * 36)
    assert begin(token()).status_code == 403
    assert reasons() == ["unknown-user"]


def test_two_that_fit_bind_nobody(larkfield: Organisation) -> None:
    create_user(larkfield, email=NOOR)
    other = create_user(larkfield, email="other@larkfield.example")
    User.objects.filter(pk=other.pk).update(google_address=NOOR)
    assert begin(token()).status_code == 403
    assert not User.objects.exclude(google_sub="").exists()


def test_whoever_has_connected_another_account_is_not_bound(larkfield: Organisation) -> None:
    connection = connection_for(create_user(larkfield, email=NOOR), System.GOOGLE)
    connection.external_user_id, connection.state = "someone-else", Connection.State.ACTIVE
    connection.save()
    assert begin(token()).status_code == 403
    connection.external_user_id = SUB
    connection.save()
    assert begin(token()).status_code == 201


def test_an_address_outside_of_the_named_domains_binds_nobody(larkfield: Organisation) -> None:
    create_user(larkfield, email="noor@sister.example")
    assert begin(token(email="noor@sister.example")).status_code == 403
    GoogleDomain.objects.create(organisation=larkfield, domain="sister.example")
    assert begin(token(email="noor@sister.example")).status_code == 201


def test_a_user_of_another_organisation_is_nobody_here(larkfield: Organisation) -> None:
    rival = create_organisation("Rival", domains=["rival.example"], google_domains=["rival.example"])
    create_user(rival, email=NOOR, google_sub="77")
    assert begin(token()).status_code == 403
    assert begin(token(sub="77")).status_code == 403


def test_a_stranger_of_the_domain_is_told_so_unless_users_are_made(larkfield: Organisation) -> None:
    answer = begin(token())
    assert (answer.status_code, answer.json()["code"]) == (403, "user_unknown")
    Organisation.objects.filter(pk=larkfield.pk).update(provision_users=True)
    assert begin(token(name="Noor Haddad")).json()["user"] == {"name": "Noor Haddad", "email": NOOR}
    assert begin(token(email="renamed@larkfield.example")).json()["user"]["email"] == NOOR
    assert User.objects.filter(organisation=larkfield).count() == 1


def test_a_taken_address_makes_nobody(larkfield: Organisation) -> None:
    Organisation.objects.filter(pk=larkfield.pk).update(provision_users=True)
    create_user(larkfield, email=NOOR, google_sub="another")
    assert begin(token()).status_code == 403


def test_a_deactivated_user_is_not_let_in(noor: User) -> None:
    User.objects.filter(pk=noor.pk).update(is_active=False)
    assert begin(token()).status_code == 403


def test_the_vendors_staff_are_never_let_in(larkfield: Organisation) -> None:
    operator = User.objects.create_superuser(NOOR, "a long password of staff")
    User.objects.filter(pk=operator.pk).update(google_sub=SUB)
    assert begin(token()).status_code == 403
    assert not PaneSession.objects.exists()


def test_who_signs_in_is_asked_of_google_keys_alone(noor: User, at_google: Google, settings: Settings) -> None:
    """No call but for the keys: neither tokens nor people are asked for."""
    settings.MICROSOFT_CLIENT_SECRET = ""
    google_identity.identify(token(), NONCE)
    assert [call.request.method for call in at_google.mock.calls] == ["GET"]
