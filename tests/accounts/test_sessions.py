"""Pane sessions: beginning, using, ending; cookies and strangers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import api, broker, connecting, microsoft, signing_in
from accounts.actor import Actor
from accounts.authentication import actor_of, bearer_required
from accounts.errors import ProviderUnavailable
from accounts.models import Connection, Organisation, PaneSession, User
from accounts.onetime import digest
from permissions.models import Authorization
from permissions.services import revoke
from tests.accounts.people import TENANT, Bearer

SESSIONS = "/api/v1/sessions/"
CONNECTIONS = "/api/v1/connections/"
NEWCOMER = microsoft.Identity(TENANT, str(uuid.UUID(int=9)), "New Comer", "new.comer@larkfield.example")

#: Every address of this room that needs a session, with each of its methods.
BEHIND_A_SESSION = [
    ("delete", SESSIONS),
    ("get", CONNECTIONS),
    ("post", f"{CONNECTIONS}salesforce/"),
    ("delete", f"{CONNECTIONS}salesforce/"),
    ("post", f"{CONNECTIONS}salesforce/finish/"),
]


@pytest.fixture
def token_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[microsoft.Identity], str]:
    """Makes the text that stands for a good token of somebody; the check of real tokens has tests of its own."""
    known: dict[str, microsoft.Identity] = {}

    def checked(token: str, *, is_provisioned: Callable[[str], bool]) -> microsoft.Identity:
        if token not in known:
            raise microsoft.TokenRefused("signature")
        if not is_provisioned(known[token].tenant_id):
            raise microsoft.TokenRefused("tenant")
        return known[token]

    def give(identity: microsoft.Identity, assertion: str) -> microsoft.GraphTokens:
        return microsoft.GraphTokens("graph-token", timezone.now() + timedelta(hours=1), "{}")

    def make(identity: microsoft.Identity) -> str:
        token = f"token-{len(known)}"
        known[token] = identity
        return token

    monkeypatch.setattr(microsoft, "check_access_token", checked)
    monkeypatch.setattr(microsoft, "on_behalf_of", give)
    return make


def identity_of(user: User) -> microsoft.Identity:
    return microsoft.Identity(user.microsoft_tenant_id, user.microsoft_oid, user.name, user.email)


def begin(token: str, **more: Any) -> HttpResponse:
    body = {"token": token, "client": "outlook", **more}
    answer: HttpResponse = Client().post(SESSIONS, body, content_type="application/json")  # type: ignore[assignment]
    return answer


def test_a_session_is_opaque_long_and_not_in_the_database(
    mia: User, token_of: Callable[[microsoft.Identity], str]
) -> None:
    answer = begin(token_of(identity_of(mia)))
    assert answer.status_code == 201
    body = answer.json()  # type: ignore[attr-defined]
    assert set(body) == {"session", "expires_in", "user", "connections"}
    assert len(body["session"]) == 43
    row = PaneSession.objects.get()
    assert row.token_hash == digest(body["session"])
    assert body["session"] not in str(list(PaneSession.objects.values()))
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_two_sessions_of_one_user_differ(mia: User, token_of: Callable[[microsoft.Identity], str]) -> None:
    token = token_of(identity_of(mia))
    assert begin(token).json()["session"] != begin(token).json()["session"]  # type: ignore[attr-defined]


def test_a_refused_token_is_answered_with_401_and_no_reason_of_ours(mia: User, token_of: object) -> None:
    answer = begin("forged")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "token_refused"  # type: ignore[attr-defined]
    assert "signature" not in answer.content.decode()


def test_a_known_tenant_but_unknown_person_is_answered_with_403_and_what_to_do(
    larkfield: Organisation, token_of: Callable[[microsoft.Identity], str]
) -> None:
    answer = begin(token_of(NEWCOMER))
    assert answer.status_code == 403
    assert "Ask your administrator" in answer.json()["detail"]  # type: ignore[attr-defined]
    assert not User.objects.exists()


def test_an_organisation_may_take_in_people_of_its_tenant(
    larkfield: Organisation, token_of: Callable[[microsoft.Identity], str]
) -> None:
    Organisation.objects.update(provision_users=True)
    token = token_of(NEWCOMER)
    assert begin(token).status_code == begin(token).status_code == 201
    user = User.objects.get()
    assert (user.name, user.email, user.organisation) == ("New Comer", "new.comer@larkfield.example", larkfield)
    assert not user.has_usable_password()


def test_an_address_alone_makes_nobody_that_user(mia: User, token_of: Callable[[microsoft.Identity], str]) -> None:
    Organisation.objects.update(provision_users=True)
    impostor = microsoft.Identity(TENANT, NEWCOMER.oid, "Mia Keller", mia.email.upper())
    assert begin(token_of(impostor)).status_code == 403


def test_the_same_person_id_in_another_tenant_is_somebody_else(
    mia: User, rita: User, token_of: Callable[[microsoft.Identity], str]
) -> None:
    other = microsoft.Identity(rita.microsoft_tenant_id, mia.microsoft_oid, mia.name, mia.email)
    assert begin(token_of(other)).status_code == 403


def test_a_switched_off_user_cannot_sign_in(mia: User, token_of: Callable[[microsoft.Identity], str]) -> None:
    User.objects.update(is_active=False)
    assert begin(token_of(identity_of(mia))).status_code == 403


def test_a_user_who_moved_to_another_organisation_is_not_let_into_the_tenants(
    mia: User, rita: User, token_of: Callable[[microsoft.Identity], str]
) -> None:
    User.objects.filter(pk=mia.pk).update(organisation=rita.organisation)
    assert begin(token_of(identity_of(mia))).status_code == 403


def test_microsoft_not_answering_is_no_refusal(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(token: str, **_: object) -> microsoft.Identity:
        raise ProviderUnavailable("microsoft")

    monkeypatch.setattr(microsoft, "check_access_token", unavailable)
    assert begin("x").status_code == 503


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": "t"}, {"token": ["t"], "client": "outlook"}, {"token": "t", "client": "fax"}]
)
def test_a_body_that_is_not_the_one_asked_for_is_refused(db: None, body: dict[str, Any]) -> None:
    assert Client().post(SESSIONS, body, content_type="application/json").status_code == 400


def test_a_token_too_long_to_be_one_is_not_looked_at(db: None) -> None:
    assert begin("x" * 20_000).status_code == 400


@pytest.mark.parametrize(("method", "address"), BEHIND_A_SESSION)
def test_everything_else_wants_a_session(db: None, method: str, address: str) -> None:
    answer = getattr(Client(), method)(address)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="alongside"'
    assert answer.json()["code"] == "session_missing"


@pytest.mark.parametrize(("method", "address"), BEHIND_A_SESSION)
def test_a_cookie_alone_is_nothing(mia: User, method: str, address: str) -> None:
    User.objects.filter(pk=mia.pk).update(is_staff=True)
    mia.refresh_from_db()
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.cookies
    assert getattr(client, method)(address).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic bWlhOng=", "Token x", "Bearer unknown", "Bearer \x00", "Bearer é"]
)
def test_an_authorization_that_is_none_is_401(mia: User, header: str) -> None:
    answer = Client(headers={"Authorization": header}).get(CONNECTIONS)
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "address"), BEHIND_A_SESSION)
def test_an_expired_session_says_so(mia: User, signed_in: Callable[[User], Bearer], method: str, address: str) -> None:
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False) as clock:
        client = signed_in(mia).client
        clock.shift(timedelta(seconds=899))
        assert client.get(CONNECTIONS).status_code == 200
        clock.shift(timedelta(seconds=1))
        answer = getattr(client, method)(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


def test_ending_a_session_ends_it_at_once_and_no_other(mia: User, signed_in: Callable[[User], Bearer]) -> None:
    one, other = signed_in(mia), signed_in(mia)
    assert one.client.delete(SESSIONS).status_code == 204
    assert one.client.get(CONNECTIONS).json()["code"] == "session_expired"
    assert other.client.get(CONNECTIONS).status_code == 200


def test_beginning_anew_works_with_a_dead_session_in_the_header(
    mia: User, signed_in: Callable[[User], Bearer], token_of: Callable[[microsoft.Identity], str]
) -> None:
    dead = signed_in(mia)
    dead.client.delete(SESSIONS)
    body = {"token": token_of(identity_of(mia)), "client": "outlook"}
    assert dead.client.post(SESSIONS, body, content_type="application/json").status_code == 201


def test_switching_a_user_off_ends_their_sessions_at_once(mia: User, signed_in: Callable[[User], Bearer]) -> None:
    client = signed_in(mia).client
    User.objects.filter(pk=mia.pk).update(is_active=False)
    assert client.get(CONNECTIONS).status_code == 401


def test_offboarding_ends_all_sessions(mia: User, tom: User, signed_in: Callable[[User], Bearer]) -> None:
    mias, toms = [signed_in(mia), signed_in(mia)], signed_in(tom)
    assert signing_in.end_sessions_of(mia) == 2
    assert [one.client.get(CONNECTIONS).status_code for one in mias] == [401, 401]
    assert toms.client.get(CONNECTIONS).status_code == 200


def test_who_acts_is_found_in_one_query(mia: User, signed_in: Callable[[User], Bearer]) -> None:
    bearer = signed_in(mia)
    with CaptureQueriesContext(
        database,
    ) as queries:
        actor = actor_of(f"Bearer {bearer.token}")
        assert (actor.user, actor.organisation, actor.principal_id) == (mia, mia.organisation, mia.principal_id)
        assert actor.user.resource is not None
    assert len(queries) == 1


@pytest.mark.parametrize(("method", "address"), BEHIND_A_SESSION)
def test_a_user_without_the_role_is_answered_with_403(
    mia: User, signed_in: Callable[[User], Bearer], method: str, address: str
) -> None:
    client = signed_in(mia).client
    for grant in Authorization.objects.filter(principal=mia.principal):
        revoke(grant)
    assert getattr(client, method)(address).status_code == 403


def test_a_plain_view_behind_a_session_is_given_the_actor(mia: User, signed_in: Callable[[User], Bearer]) -> None:
    seen: list[Actor] = []

    @bearer_required
    def view(request: Any) -> HttpResponse:
        seen.append(request.actor)
        return HttpResponse("yes")

    def ask(**headers: str) -> HttpResponse:
        request: HttpRequest = RequestFactory().get("/x", headers=headers)
        request.resolver_match = None
        return view(request)

    assert ask(Authorization=f"Bearer {signed_in(mia).token}").content == b"yes"
    assert seen[0].user == mia
    refused = ask()
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="alongside"')
    assert b"session_missing" in refused.content
    assert len(seen) == 1


def test_the_admins_operator_is_no_actor(db: None) -> None:
    operator = User.objects.create_superuser("op@vendor.example", "secret-password")
    with pytest.raises(ValueError, match="operator"):
        Actor.of(operator)


def test_connections_are_listed_by_state_alone(
    mia: User, signed_in: Callable[[User], Bearer], salesforce_of: Callable[..., Connection]
) -> None:
    salesforce_of(mia)
    answer = signed_in(mia).client.get(CONNECTIONS)
    expected = {"salesforce": "active", "microsoft": "disconnected", "google": "disconnected"}
    assert answer.json() == {"connections": expected}


def test_colleagues_do_not_see_each_others_connections(
    mia: User, tom: User, signed_in: Callable[[User], Bearer], salesforce_of: Callable[..., Connection]
) -> None:
    salesforce_of(mia)
    assert signed_in(tom).client.get(CONNECTIONS).json()["connections"]["salesforce"] == "disconnected"


def test_ended_sessions_are_deleted_after_a_day(mia: User, signed_in: Callable[[User], Bearer]) -> None:
    signed_in(mia)
    signed_in(mia)
    PaneSession.objects.filter(pk=PaneSession.objects.first().pk).update(  # type: ignore[union-attr]
        expires_at=timezone.now() - timedelta(days=1, minutes=1)
    )
    call_command("clear_expired", verbosity=0)
    assert PaneSession.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        call_command("clear_expired", verbosity=0)
        assert PaneSession.objects.count() == 1


def test_no_log_line_holds_a_token_an_address_or_a_name(
    mia: User,
    token_of: Callable[[microsoft.Identity], str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    captured = structlog.testing.LogCapture()
    for module in (api, broker, connecting, signing_in):
        log = structlog.wrap_logger(structlog.testing.ReturnLogger(), processors=[captured])
        monkeypatch.setattr(module, "log", log)
    token = token_of(identity_of(mia))
    session = begin(token).json()["session"]  # type: ignore[attr-defined]
    begin("forged-token")
    Client(headers={"Authorization": f"Bearer {session}"}).delete(SESSIONS)
    said = f"{captured.entries} {caplog.text}"
    assert "session.begun" in said
    assert "session.token_refused" in said
    for private in (token, session, "forged-token", mia.email, mia.name, mia.microsoft_oid):
        assert private not in said
