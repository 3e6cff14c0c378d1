"""A page in a browser's tab gets a session of its own with a ticket that is good once and for a minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import signing_in
from accounts.models import PaneSession, SessionTicket, User
from accounts.onetime import digest
from tests.accounts.people import Bearer

SESSIONS = "/api/v1/sessions/"
TICKET = "/api/v1/sessions/ticket/"

SignedIn = Callable[[User], Bearer]


def asked(bearer: Bearer) -> str:
    ticket: str = bearer.client.post(TICKET, {}, content_type="application/json").json()["ticket"]
    return ticket


def begin(**body: Any) -> Any:
    return Client().post(SESSIONS, body, content_type="application/json")


def test_a_ticket_begins_a_session_of_the_same_person(mia: User, signed_in: SignedIn) -> None:
    ticket = asked(signed_in(mia))
    answer = begin(ticket=ticket)
    assert answer.status_code == 201
    assert answer.json()["user"]["email"] == mia.email
    assert not answer.cookies
    page = Client(headers={"Authorization": f"Bearer {answer.json()['session']}"})
    assert page.get("/api/v1/connections/").status_code == 200
    assert PaneSession.objects.get(client="page").user == mia


def test_a_ticket_is_not_in_the_database(mia: User, signed_in: SignedIn) -> None:
    ticket = asked(signed_in(mia))
    assert SessionTicket.objects.get().token_hash == digest(ticket)
    assert ticket not in str(list(SessionTicket.objects.values()))


def test_a_ticket_is_good_once(mia: User, signed_in: SignedIn) -> None:
    ticket = asked(signed_in(mia))
    assert begin(ticket=ticket).status_code == 201
    again = begin(ticket=ticket)
    assert again.status_code == 401
    assert again.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Open it from the pane again" in again.json()["detail"]
    assert PaneSession.objects.filter(client="page").count() == 1


def test_a_ticket_is_good_for_a_minute(mia: User, signed_in: SignedIn) -> None:
    bearer = signed_in(mia)
    with time_machine.travel(timezone.now() - timedelta(seconds=61), tick=False):
        ticket = signing_in.issue_ticket(bearer.actor)
    assert begin(ticket=ticket).status_code == 401
    assert not PaneSession.objects.filter(client="page").exists()


@pytest.mark.parametrize(
    "body", [{}, {"ticket": ""}, {"ticket": "x" * 65}, {"token": "t"}, {"ticket": "t", "token": "t"}]
)
def test_what_is_neither_token_nor_ticket_is_refused(db: None, body: dict[str, str]) -> None:
    assert begin(**body).status_code == 400


def test_an_unknown_ticket_is_refused(db: None) -> None:
    assert begin(ticket="unknown").status_code == 401


def test_a_page_gives_no_further_ticket(mia: User, signed_in: SignedIn) -> None:
    session = begin(ticket=asked(signed_in(mia))).json()["session"]
    page = Client(headers={"Authorization": f"Bearer {session}"})
    assert page.post(TICKET, {}, content_type="application/json").status_code == 403
    assert SessionTicket.objects.count() == 1


def test_without_a_session_there_is_no_ticket(db: None) -> None:
    assert Client().post(TICKET, {}, content_type="application/json").status_code == 401


def test_a_person_who_is_gone_meanwhile_gets_no_session(mia: User, signed_in: SignedIn) -> None:
    ticket = asked(signed_in(mia))
    User.objects.filter(pk=mia.pk).update(is_active=False)
    assert begin(ticket=ticket).status_code == 401


def test_ending_all_sessions_ends_the_tickets_too(mia: User, signed_in: SignedIn) -> None:
    ticket = asked(signed_in(mia))
    signing_in.end_sessions_of(mia)
    assert begin(ticket=ticket).status_code == 401


def test_old_tickets_are_cleared(mia: User, signed_in: SignedIn) -> None:
    asked(signed_in(mia))
    SessionTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    call_command("clear_expired", verbosity=0)
    assert not SessionTicket.objects.exists()
