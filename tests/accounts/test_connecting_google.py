"""Connecting Gmail: the account is the user's own, the mailbox is granted, and what nobody takes is ended."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
import time_machine
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AddressAlias, Connection, ConnectionAttempt, Organisation, System, User
from accounts.services import connection_for
from tests.accounts.google import AUTH, CLIENT, KEY, OTHER_KEY, READ, REVOKE, SUB, TOKEN, Google, id_claims, signed
from tests.accounts.people import Bearer

pytestmark = pytest.mark.django_db


@pytest.fixture
def pane(mia: User, signed_in: Callable[[User], Bearer]) -> Bearer:
    return signed_in(mia)


def sent_to(pane: Bearer, google: Google) -> dict[str, str]:
    """The parameters with which the dialog's first page sends the person to Google."""
    dialog = pane.client.post("/api/v1/connections/google/").json()["dialog_url"]
    answer = Client().get(dialog)
    assert answer.status_code == 302, answer.content
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == AUTH
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    google.nonce = asked["nonce"]
    return asked


def back(asked: dict[str, str], **query: str) -> HttpResponse:
    given = {"state": asked["state"], "code": "the-code", "scope": asked["scope"], **query}
    return Client().get("/connect/google/callback/", given)  # type: ignore[return-value]


def confirmed(page: HttpResponse) -> str:
    """The code for the pane, after pressing Connect on the page with the question."""
    text = page.content.decode()
    secret = re.search(r'name="secret" value="([^"]+)"', text)
    action = re.search(r'action="([^"]+)"', text)
    assert secret is not None, text
    assert action is not None
    done = Client().post(action[1], {"secret": secret[1]}).content.decode()
    code = re.search(r'data-code="([^"]+)"', done)
    assert code is not None, done
    return code[1]


def finish(pane: Bearer, code: str) -> HttpResponse:
    address = "/api/v1/connections/google/finish/"
    return pane.client.post(address, {"code": code}, content_type="application/json")  # type: ignore[return-value]


def connect(pane: Bearer, google: Google) -> Connection:
    answer = finish(pane, confirmed(back(sent_to(pane, google))))
    assert answer.status_code == 200, answer.content
    return Connection.objects.get(user=pane.actor.user, system=System.GOOGLE)


def refused(page: HttpResponse, reason: str) -> str:
    text = page.content.decode()
    assert page.status_code == 400, text
    assert f'data-problem="{reason}"' in text
    assert not Connection.objects.filter(state="active", user__email="mia.keller@larkfield.example").exists()
    return text


def revoked(google: Google) -> list[str]:
    return [form["token"] for form in google.forms(REVOKE)]


def test_the_way_to_google_carries_pkce_a_nonce_and_what_is_asked(pane: Bearer, at_google: Google) -> None:
    asked = sent_to(pane, at_google)
    assert asked["redirect_uri"] == "https://alongside.example/connect/google/callback/"
    assert asked["scope"] == f"openid email {READ}"
    assert asked["login_hint"] == "mia.keller@larkfield.example"
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
    assert (asked["access_type"], asked["include_granted_scopes"], asked["prompt"]) == ("offline", "true", "consent")
    assert len(asked["state"]) == len(asked["nonce"]) == 43
    back(asked)
    (form,) = at_google.forms(TOKEN)
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == (
        "authorization_code",
        "the-code",
        asked["redirect_uri"],
    )


def test_the_whole_walk_connects(pane: Bearer, at_google: Google) -> None:
    row = connect(pane, at_google)
    assert (row.state, row.kind, row.external_user_id) == ("active", "delegated", SUB)
    assert row.external_username == "mia.keller@larkfield.example"
    assert READ in row.granted_scopes.split()
    assert (row.access_token.unseal(), row.refresh_token.unseal()) == ("access-1", "refresh-1")
    assert row.access_expires_at is not None
    assert timedelta(minutes=50) < row.access_expires_at - timezone.now() < timedelta(hours=1)
    attempt = ConnectionAttempt.objects.get()
    assert not attempt.pending_tokens
    assert not attempt.verifier
    assert not attempt.nonce
    assert pane.client.get("/api/v1/connections/").json()["connections"]["google"] == "active"


def test_the_question_names_the_account_and_the_user(pane: Bearer, at_google: Google) -> None:
    AddressAlias.objects.create(organisation=pane.actor.organisation, user=pane.actor.user, address="Mia@Lark.example")
    at_google.claims = {"email": "mia@lark.example"}
    page = back(sent_to(pane, at_google)).content.decode()
    assert "Connect this Google user?" in page
    assert "mia@lark.example" in page
    assert "mia.keller@larkfield.example" in page


@pytest.mark.parametrize(
    "change",
    [
        {"email": "tom.okafor@larkfield.example"},
        {"email": "mia.keller@other.example"},
        {"email": "mia.keller@gmail.com", "hd": None},
        {"email": "mia.keller+x@larkfield.example"},
    ],
)
def test_an_account_of_another_address_is_refused_and_let_go(
    pane: Bearer, tom: User, at_google: Google, change: dict[str, Any]
) -> None:
    at_google.claims = change
    text = refused(back(sent_to(pane, at_google)), "other-account")
    assert "of your own address" in text
    assert revoked(at_google) == ["refresh-1"]


def test_a_colleagues_alias_is_not_ones_own(pane: Bearer, tom: User, at_google: Google) -> None:
    AddressAlias.objects.create(organisation=pane.actor.organisation, user=tom, address="sales@larkfield.example")
    at_google.claims = {"email": "sales@larkfield.example"}
    refused(back(sent_to(pane, at_google)), "other-account")


def test_an_administrator_may_allow_another_account_and_then_that_one_alone(pane: Bearer, at_google: Google) -> None:
    User.objects.filter(pk=pane.actor.user.pk).update(google_address="Mia.K@gmail.com")
    at_google.claims = {"email": "mia.k@gmail.com", "hd": None}
    asked = sent_to(pane, at_google)
    assert asked["login_hint"] == "Mia.K@gmail.com"
    assert back(asked).status_code == 200
    at_google.claims = {}
    refused(back(sent_to(pane, at_google)), "other-account")


@pytest.mark.parametrize("hosted", ["other-workspace.example", "field.example", "example", None])
def test_an_account_that_the_organisation_does_not_manage_is_refused(
    pane: Bearer, at_google: Google, hosted: str | None
) -> None:
    """Without `hd` somebody made a personal account with the address, who may have left since."""
    at_google.claims = {"hd": hosted}
    refused(back(sent_to(pane, at_google)), "other-domain")
    assert revoked(at_google) == ["refresh-1"]


@pytest.mark.parametrize("hosted", ["larkfield.example", "LARKFIELD.example", "eu.larkfield.example"])
def test_an_internal_domain_and_its_subdomains_manage_accounts(pane: Bearer, at_google: Google, hosted: str) -> None:
    at_google.claims = {"hd": hosted}
    assert back(sent_to(pane, at_google)).status_code == 200


@pytest.mark.parametrize("scope", ["openid email", f"openid {READ}x", ""])
def test_a_grant_without_the_mailbox_is_refused_and_says_which_box_to_tick(
    pane: Bearer, at_google: Google, scope: str
) -> None:
    at_google.answer["scope"] = scope
    text = refused(back(sent_to(pane, at_google)), "mail-not-granted")
    assert "View your email messages" in text
    assert revoked(at_google) == ["refresh-1"]


def test_more_than_was_asked_for_is_fine(pane: Bearer, at_google: Google) -> None:
    at_google.answer["scope"] = "openid https://www.googleapis.com/auth/gmail.modify"
    assert connect(pane, at_google).granted_scopes.endswith("gmail.modify")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nonce": "another"}, "answer"),
        ({"aud": "other.apps.googleusercontent.com"}, "answer"),
        ({"email_verified": False}, "answer"),
        ({"iss": "https://attacker.example"}, "issuer"),
    ],
)
def test_an_id_token_that_does_not_fit_is_refused(
    pane: Bearer, at_google: Google, change: dict[str, Any], reason: str
) -> None:
    at_google.claims = change
    refused(back(sent_to(pane, at_google)), reason)


def test_an_id_token_of_another_signer_is_refused(pane: Bearer, at_google: Google) -> None:
    asked = sent_to(pane, at_google)
    at_google.answer["id_token"] = signed(id_claims(nonce=at_google.nonce), key=OTHER_KEY)
    refused(back(asked), "issuer")
    assert signed(id_claims(), key=KEY)


@pytest.mark.parametrize("missing", ["refresh_token", "id_token", "access_token", "expires_in"])
def test_an_answer_that_lacks_something_is_refused(pane: Bearer, at_google: Google, missing: str) -> None:
    at_google.answer[missing] = None
    refused(back(sent_to(pane, at_google)), "answer")


def test_another_issuer_of_the_redirect_is_refused_without_asking(pane: Bearer, at_google: Google) -> None:
    refused(back(sent_to(pane, at_google), iss="https://attacker.example"), "issuer")
    assert not at_google.forms(TOKEN)
    assert back(sent_to(pane, at_google), iss="https://accounts.google.com").status_code == 200


def test_a_state_of_google_is_none_of_salesforces(pane: Bearer, at_google: Google) -> None:
    asked = sent_to(pane, at_google)
    page = Client().get("/connect/salesforce/callback/", {"state": asked["state"], "code": "x"})
    assert (page.status_code, 'data-problem="state"' in page.content.decode()) == (400, True)
    assert back(asked).status_code == 200


def test_a_ticket_and_a_code_of_google_are_none_of_salesforces(pane: Bearer, at_google: Google) -> None:
    dialog = pane.client.post("/api/v1/connections/google/").json()["dialog_url"]
    assert Client().get(dialog.replace("google", "salesforce")).status_code == 400
    code = confirmed(back(sent_to(pane, at_google)))
    address = "/api/v1/connections/salesforce/finish/"
    assert pane.client.post(address, {"code": code}, content_type="application/json").status_code == 400
    assert finish(pane, code).status_code == 200


@pytest.mark.parametrize("stranger", ["tom", "rita"])
def test_another_user_cannot_use_a_code_and_spends_it(
    pane: Bearer,
    at_google: Google,
    request: pytest.FixtureRequest,
    signed_in: Callable[[User], Bearer],
    stranger: str,
) -> None:
    code = confirmed(back(sent_to(pane, at_google)))
    assert finish(signed_in(request.getfixturevalue(stranger)), code).status_code == 400
    assert finish(pane, code).status_code == 400
    assert not Connection.objects.filter(state="active").exists()
    assert revoked(at_google) == ["refresh-1"]


def test_not_allowing_it_is_a_clear_page(pane: Bearer, at_google: Google) -> None:
    page = back(sent_to(pane, at_google), error="access_denied")
    assert page.status_code == 200
    assert "Google was not connected: access was not allowed." in page.content.decode()


@pytest.mark.parametrize(("status", "reason"), [(503, "unavailable"), (400, "grant")])
def test_a_code_that_leads_to_nothing_is_a_clear_page(
    pane: Bearer, at_google: Google, status: int, reason: str
) -> None:
    asked = sent_to(pane, at_google)
    at_google.mock.replace(responses.POST, TOKEN, status=status, json={"error": "invalid_grant"})
    refused(back(asked), reason)


def test_connecting_again_in_place_takes_the_same_account_only(pane: Bearer, at_google: Google) -> None:
    row = connect(pane, at_google)
    Connection.objects.update(state="needs_reconnect")
    at_google.claims = {"sub": "999"}
    refused(back(sent_to(pane, at_google)), "other-account")
    at_google.claims = {}
    at_google.answer["refresh_token"] = "refresh-2"
    again = connect(pane, at_google)
    assert (again.pk, again.state, again.refresh_token.unseal()) == (row.pk, "active", "refresh-2")


def test_an_abandoned_attempt_does_not_end_the_connection_that_a_later_one_made(
    pane: Bearer, at_google: Google
) -> None:
    """At Google ending one token of an account ends all of them."""
    back(sent_to(pane, at_google))
    connect(pane, at_google)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        call_command("clear_expired", verbosity=0)
    assert not ConnectionAttempt.objects.exists()
    assert revoked(at_google) == []


def test_an_abandoned_attempt_alone_is_ended(pane: Bearer, at_google: Google) -> None:
    back(sent_to(pane, at_google))
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        call_command("clear_expired", verbosity=0)
    assert revoked(at_google) == ["refresh-1"]


def test_trying_a_colleagues_account_does_not_end_the_colleagues_connection(
    pane: Bearer, tom: User, at_google: Google
) -> None:
    theirs = connection_for(tom, System.GOOGLE)
    Connection.objects.filter(pk=theirs.pk).update(state="active", external_user_id=SUB)
    at_google.claims = {"email": "tom.okafor@larkfield.example"}
    refused(back(sent_to(pane, at_google)), "other-account")
    assert revoked(at_google) == []


def test_disconnecting_forgets_the_tokens_and_ends_the_grant(pane: Bearer, at_google: Google) -> None:
    row = connect(pane, at_google)
    answer = pane.client.delete("/api/v1/connections/google/")
    assert answer.json() == {"state": "disconnected", "revoked": True}
    row.refresh_from_db()
    assert (row.state, row.granted_scopes, bool(row.refresh_token)) == ("disconnected", "", False)
    assert revoked(at_google) == ["refresh-1"]


def test_disconnecting_stands_while_google_does_not_answer(pane: Bearer, at_google: Google) -> None:
    connect(pane, at_google)
    at_google.mock.replace(responses.POST, REVOKE, status=503)
    assert pane.client.delete("/api/v1/connections/google/").json() == {"state": "disconnected", "revoked": False}
    assert Connection.objects.get().state == "disconnected"


def test_disconnecting_one_system_leaves_the_other(
    pane: Bearer, at_google: Google, salesforce_of: Callable[..., Connection]
) -> None:
    salesforce = salesforce_of(pane.actor.user)
    connect(pane, at_google)
    pane.client.delete("/api/v1/connections/google/")
    salesforce.refresh_from_db()
    assert salesforce.state == "active"


def test_another_organisation_sees_and_ends_nothing(
    pane: Bearer, rita: User, larkfield: Organisation, at_google: Google, signed_in: Callable[[User], Bearer]
) -> None:
    connect(pane, at_google)
    stranger = signed_in(rita).client
    assert stranger.get("/api/v1/connections/").json()["connections"]["google"] == "disconnected"
    stranger.delete("/api/v1/connections/google/")
    assert Connection.objects.get(user=pane.actor.user).state == "active"
    assert revoked(at_google) == []
