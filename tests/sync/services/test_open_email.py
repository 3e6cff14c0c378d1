"""Opening an email: who it is in Salesforce, in one call cold and none warm, read as that person."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from sync.errors import Unavailable
from sync.mail import Address
from sync.services import flight
from sync.services.open_email import open_email
from sync.services.status import StatusKind
from tests.sync.services.stage import Stage, hint_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_people_their_account_and_what_is_open_are_shown(stage: Stage) -> None:
    opened = stage.open(stage.message("Northwind renewal"))
    assert [match.person.name for match in opened.matches.people] == ["Dana Ruiz"]
    assert [account.name for account in opened.crm.accounts] == ["Northwind Ltd"]
    assert {one.name for one in opened.crm.opportunities if not one.is_closed} == {"Renewal 2027", "Extra seats"}
    assert [case.number for case in opened.crm.cases] == ["00012877"]
    assert [one.address for one in opened.matches.unknown] == ["li.wei@northwind.example"]
    assert [record.name for record in opened.choice.records] == ["Renewal 2027"]


def test_it_costs_one_call_cold_and_none_warm(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    stage.sandbox.clear_log()
    assert not stage.open(message).from_cache
    assert stage.calls() == ["POST /services/data/v66.0/composite"]
    assert stage.open(message).from_cache
    assert stage.calls() == ["POST /services/data/v66.0/composite"]
    assert stage.calls("graph") == []


def test_fifty_participants_cost_one_call(stage: Stage) -> None:
    hint = hint_of(stage.message("Northwind renewal"))
    crowd = tuple(Address(f"person.{number}@customer-{number}.example", "") for number in range(49))
    stage.sandbox.clear_log()
    opened = open_email(stage.actor(), replace(hint, cc=crowd))
    assert stage.calls() == ["POST /services/data/v66.0/composite"]
    assert opened.crm.failed == ()
    assert len(opened.matches.unknown) == 49


def test_the_cache_of_one_person_is_not_shown_to_another(stage: Stage) -> None:
    """Tom asks for himself, whatever Mia has just seen."""
    hint = hint_of(stage.message("Northwind renewal"))
    open_email(stage.actor("mia"), hint)
    stage.sandbox.clear_log()
    assert not open_email(stage.actor("tom"), hint).from_cache
    assert len(stage.calls()) == 1


def test_when_salesforce_does_not_answer_what_was_known_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    message = stage.message("Northwind renewal")
    stage.open(message)
    later = time.time() + 600
    monkeypatch.setattr(flight.fetch, "__kwdefaults__", {"now": lambda: later})
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="error", status=503, times=20)
    opened = stage.open(message)
    assert opened.stale_reason == "unavailable"
    assert [match.person.name for match in opened.matches.people] == ["Dana Ruiz"]


def test_with_nothing_known_an_outage_is_an_error(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="error", status=503, times=20)
    with pytest.raises(Unavailable):
        stage.open(message)


def test_a_newsletter_says_why_it_will_not_be_filed(stage: Stage) -> None:
    opened = stage.open(stage.message("Northwind renewal"))
    assert opened.status.kind is StatusKind.WILL_NOT
    assert opened.status.rule == "mode-off"


def test_an_expired_salesforce_token_is_renewed_once_and_the_open_goes_on(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    stage.sandbox.advance(3 * 3600)
    stage.sandbox.clear_log()
    assert stage.open(message).matches.people
    assert [call for call in stage.calls() if "token" in call] == ["POST /services/oauth2/token"]
