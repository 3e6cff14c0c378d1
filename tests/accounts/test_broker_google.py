"""Renewals of Gmail's tokens: Google's refresh tokens stay, grants end, and people take a part back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import broker
from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, System, User
from accounts.services import connection_for
from sync.providers.tokens import TokenSource
from tests.accounts.google import READ, SUB, TOKEN, Google

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(mia: User) -> Connection:
    connection = connection_for(mia, System.GOOGLE)
    connection.state = Connection.State.ACTIVE
    connection.external_user_id, connection.external_username = SUB, mia.email
    connection.access_token, connection.refresh_token = "access-0", "refresh-0"
    connection.access_expires_at = timezone.now() + timedelta(hours=1)
    connection.granted_scopes = READ
    connection.save()
    return connection


def now(row: Connection) -> Connection:
    return Connection.objects.get(pk=row.pk)


def renewal(google: Google) -> Google:
    google.answer |= {"refresh_token": None, "id_token": None}
    return google


def test_a_token_at_hand_costs_no_call(row: Connection, at_google: Google) -> None:
    tokens: TokenSource = broker.google_tokens(row)
    assert tokens.token() == "access-0"
    assert len(at_google.mock.calls) == 0


def test_a_token_that_has_run_out_is_renewed_before_it_is_given(row: Connection, at_google: Google) -> None:
    renewal(at_google)
    Connection.objects.update(access_expires_at=timezone.now() + timedelta(seconds=30))
    assert broker.google_tokens(now(row)).token() == "access-1"
    (form,) = at_google.forms(TOKEN)
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "refresh-0")
    stored = now(row)
    assert stored.refresh_token.unseal() == "refresh-0"
    assert stored.access_expires_at is not None
    assert stored.access_expires_at > timezone.now() + timedelta(minutes=50)


def test_a_new_refresh_token_is_kept_when_one_comes(row: Connection, at_google: Google) -> None:
    renewal(at_google).answer["refresh_token"] = "refresh-9"
    broker.google_tokens(row).renew("access-0")
    assert now(row).refresh_token.unseal() == "refresh-9"


def test_the_granted_scopes_are_read_again(row: Connection, at_google: Google) -> None:
    modify = "https://www.googleapis.com/auth/gmail.modify"
    renewal(at_google).answer["scope"] = f"{READ} {modify}"
    broker.google_tokens(row).renew("access-0")
    assert now(row).granted_scopes.split() == [READ, modify]


def test_an_answer_that_does_not_name_the_scopes_keeps_them(row: Connection, at_google: Google) -> None:
    renewal(at_google).answer["scope"] = None
    broker.google_tokens(row).renew("access-0")
    assert now(row).granted_scopes == READ


def test_a_mailbox_that_was_taken_out_of_the_grant_asks_to_reconnect(row: Connection, at_google: Google) -> None:
    renewal(at_google).answer["scope"] = "openid"
    with pytest.raises(NeedsReconnect):
        broker.google_tokens(row).renew("access-0")
    stored = now(row)
    assert (stored.state, stored.granted_scopes, stored.access_token.unseal()) == (
        "needs_reconnect",
        "openid",
        "access-0",
    )


@pytest.mark.parametrize("error", ["invalid_grant", "admin_policy_enforced"])
def test_a_grant_that_ended_asks_to_reconnect_once_and_is_not_tried_again(
    row: Connection, at_google: Google, error: str
) -> None:
    at_google.status, at_google.answer = 400, {"error": error, "error_description": "Token has been revoked."}
    with pytest.raises(NeedsReconnect) as refused:
        broker.google_tokens(row).renew("access-0")
    assert refused.value.system == "google"
    for _ in range(3):
        with pytest.raises(NeedsReconnect):
            broker.google_tokens(now(row))
    assert len(at_google.forms(TOKEN)) == 1
    stored = now(row)
    assert (stored.state, stored.external_user_id, bool(stored.refresh_token)) == ("needs_reconnect", SUB, True)


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, "internal_failure"), (429, "rate_limit"), (401, "invalid_client"), (400, "invalid_request")],
)
def test_any_other_answer_changes_nothing(row: Connection, at_google: Google, status: int, error: str) -> None:
    at_google.status, at_google.answer = status, {"error": error}
    with pytest.raises(ProviderUnavailable):
        broker.google_tokens(row).renew("access-0")
    assert (now(row).state, now(row).renewal_claim) == ("active", None)


def test_a_user_who_connected_nothing_is_told_so(tom: User) -> None:
    with pytest.raises(NotConnected):
        broker.google_tokens(connection_for(tom, System.GOOGLE))
