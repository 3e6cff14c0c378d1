"""The token broker's renewals where something comes between, at the HTTP edge. Real ones: test_whole_path.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts import broker
from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, System, User
from accounts.services import connection_for
from sync.providers.tokens import SalesforceSession, TokenSource

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "https://login.salesforce.com"
TOKEN = f"{LOGIN}/services/oauth2/token"
GOOD = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "instance_url": "https://larkfield.my.salesforce.com",
    "id": f"{LOGIN}/id/00D000000000001EAA/005000000000001AAA",
}
INVALID_GRANT = (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"})


@pytest.fixture
def row(mia: User, salesforce_of: Callable[..., Connection]) -> Connection:
    return salesforce_of(mia)


@pytest.fixture
def edge(settings: Settings) -> Iterator[responses.RequestsMock]:
    settings.SALESFORCE_LOGIN_URL = LOGIN
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(
    edge: responses.RequestsMock,
    body: dict[str, Any],
    status: int = 200,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Salesforce answers so; `meanwhile` happens while it thinks."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        meanwhile()
        return status, {}, json.dumps(body)

    edge.add_callback(responses.POST, TOKEN, answer)


def now(row: Connection) -> Connection:
    return Connection.objects.select_related("salesforce_org").get(pk=row.pk)


def test_it_is_what_the_adapters_ask_for(row: Connection) -> None:
    session: SalesforceSession = broker.salesforce_session(row)
    tokens: TokenSource = session
    assert (tokens.token(), session.org_id, session.user_id) == ("access-1", "00D000000000001EAA", "005000000000001AAA")


def test_a_token_at_hand_costs_no_call_and_no_question_to_the_database(
    row: Connection, edge: responses.RequestsMock
) -> None:
    session = broker.salesforce_session(now(row))
    session.token()
    with CaptureQueriesContext(database) as queries:
        assert session.token() == "access-1"
        assert session.instance_url == "https://larkfield.my.salesforce.com"
    assert (len(queries), len(edge.calls)) == (0, 0)


def test_a_renewal_sends_the_refresh_token_once_and_stores_the_next(
    row: Connection, edge: responses.RequestsMock
) -> None:
    answers(edge, GOOD)
    session = broker.salesforce_session(row)
    assert session.renew("access-1") == "access-2"
    assert session.token() == "access-2"
    form = {name: values[0] for name, values in parse_qs(str(edge.calls[0].request.body)).items()}
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "refresh-1")
    stored = now(row)
    assert (stored.access_token.unseal(), stored.refresh_token.unseal()) == ("access-2", "refresh-2")
    assert stored.token_number == row.token_number + 1


def test_an_answer_without_rotation_keeps_the_refresh_token(row: Connection, edge: responses.RequestsMock) -> None:
    answers(edge, {name: value for name, value in GOOD.items() if name != "refresh_token"})
    broker.salesforce_session(row).renew("access-1")
    assert now(row).refresh_token.unseal() == "refresh-1"


def test_a_token_that_was_replaced_meanwhile_is_given_without_a_call(
    row: Connection, edge: responses.RequestsMock
) -> None:
    session = broker.salesforce_session(now(row))
    other = now(row)
    other.access_token = "access-9"
    other.save()
    assert session.renew("access-1") == "access-9"
    assert len(edge.calls) == 0


def test_an_instance_that_moved_is_followed(row: Connection, edge: responses.RequestsMock) -> None:
    answers(edge, {**GOOD, "instance_url": "https://larkfield-eu.my.salesforce.com"})
    session = broker.salesforce_session(row)
    session.renew("access-1")
    assert session.instance_url == now(row).instance_url == "https://larkfield-eu.my.salesforce.com"


@pytest.mark.parametrize(
    "change",
    [
        {"instance_url": "https://attacker.example"},
        {"id": f"{LOGIN}/id/00D000000000001EAA/005000000000002AAA"},
        {"id": "https://attacker.example/id/00D000000000001EAA/005000000000001AAA"},
    ],
)
def test_an_answer_that_does_not_fit_is_not_stored(
    row: Connection, edge: responses.RequestsMock, change: dict[str, str]
) -> None:
    answers(edge, {**GOOD, **change})
    with pytest.raises(NeedsReconnect):
        broker.salesforce_session(row).renew("access-1")
    assert now(row).access_token.unseal() == "access-1"
    assert now(row).instance_url == "https://larkfield.my.salesforce.com"


def test_a_refusal_is_believed_only_after_looking_whether_somebody_else_has_renewed(
    row: Connection, edge: responses.RequestsMock
) -> None:
    def another_process_renews() -> None:
        other = now(row)
        other.access_token, other.refresh_token = "access-7", "refresh-7"
        other.token_number += 1
        other.save()

    answers(edge, INVALID_GRANT[1], INVALID_GRANT[0], another_process_renews)
    assert broker.salesforce_session(row).renew("access-1") == "access-7"
    assert now(row).state == "active"


def test_a_refusal_keeps_what_is_known_of_the_connection(row: Connection, edge: responses.RequestsMock) -> None:
    answers(edge, INVALID_GRANT[1], INVALID_GRANT[0])
    with pytest.raises(NeedsReconnect) as refused:
        broker.salesforce_session(row).renew("access-1")
    assert refused.value.system == "salesforce"
    stored = now(row)
    assert (stored.state, stored.renewal_claim) == ("needs_reconnect", None)
    assert stored.refresh_token.unseal() == "refresh-1"
    assert stored.external_user_id == "005000000000001AAA"


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, {}), (429, {}), (400, {"error": "invalid_client_id"}), (400, []), (200, []), (302, {})],
)
def test_any_other_answer_changes_nothing(
    row: Connection, edge: responses.RequestsMock, status: int, body: Any
) -> None:
    answers(edge, body, status)
    with pytest.raises(ProviderUnavailable):
        broker.salesforce_session(row).renew("access-1")
    stored = now(row)
    assert (stored.state, stored.renewal_claim, stored.access_token.unseal()) == ("active", None, "access-1")


def test_a_disconnection_while_salesforce_thinks_stands(row: Connection, edge: responses.RequestsMock) -> None:
    answers(edge, GOOD, meanwhile=lambda: broker.forget(row))
    with pytest.raises(NotConnected):
        broker.salesforce_session(row).renew("access-1")
    stored = now(row)
    assert stored.state == "disconnected"
    assert not stored.access_token
    assert not stored.refresh_token


def test_a_claim_of_a_process_that_died_is_taken_over_when_its_time_is_over(
    row: Connection, edge: responses.RequestsMock
) -> None:
    answers(edge, GOOD)
    Connection.objects.update(renewal_claim=uuid.uuid4(), renewal_until=timezone.now() - timedelta(seconds=1))
    assert broker.salesforce_session(row).renew("access-1") == "access-2"


def test_nobody_is_asked_while_another_process_is_asking(
    row: Connection, edge: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.update(renewal_claim=uuid.uuid4(), renewal_until=timezone.now() + timedelta(seconds=60))

    def other_process_answers(seconds: float) -> None:
        other = now(row)
        other.access_token = "access-5"
        other.token_number += 1
        other.renewal_claim = None
        other.save()

    monkeypatch.setattr("accounts.renewals.time.sleep", other_process_answers)
    assert broker.salesforce_session(row).renew("access-1") == "access-5"
    assert len(edge.calls) == 0


def test_waiting_for_a_process_that_died_ends_before_its_claim_does(
    row: Connection, edge: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.update(renewal_claim=uuid.uuid4(), renewal_until=timezone.now() + timedelta(days=1))
    clock = [1000.0]
    monkeypatch.setattr("accounts.renewals.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("accounts.renewals.time.sleep", lambda seconds: clock.append(clock.pop() + 10))
    with pytest.raises(ProviderUnavailable):
        broker.salesforce_session(row).renew("access-1")
    assert len(edge.calls) == 0


def test_a_renewal_inside_a_transaction_is_refused_before_anything_is_asked(
    row: Connection, edge: responses.RequestsMock
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        broker.salesforce_session(row).renew("access-1")
    assert len(edge.calls) == 0


@pytest.mark.parametrize(("state", "error"), [("disconnected", NotConnected), ("needs_reconnect", NeedsReconnect)])
def test_a_connection_that_is_not_active_gives_no_token(row: Connection, state: str, error: type[Exception]) -> None:
    Connection.objects.update(state=state)
    with pytest.raises(error):
        broker.salesforce_session(now(row))


def test_a_user_who_connected_nothing_is_told_so(tom: User) -> None:
    with pytest.raises(NotConnected):
        broker.microsoft_tokens(connection_for(tom, System.MICROSOFT))
