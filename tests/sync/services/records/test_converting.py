"""Converting leads against the sandbox's SOAP API."""

from __future__ import annotations

from typing import Any

import pytest

from permissions.audit.models import AuditEntry
from sync import errors
from sync.providers.salesforce.soap import Converted
from sync.services.records.converting import ConvertForm, ConvertSent, convert, convert_form
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lead(stage: Stage) -> str:
    body = {"FirstName": "Ada", "LastName": "Quist", "Company": "Quist & Söhne <AG>", "Email": "ada@quist.example"}
    owner = stage.sandbox.user("mia")["salesforce_user_id"]
    made: Any = stage.salesforce("POST", "/sobjects/Lead", **body, OwnerId=owner).json()
    stage.sandbox.clear_log()
    return str(made["id"])


def test_it_becomes_a_contact_an_account_and_an_opportunity(stage: Stage, lead: str) -> None:
    form = convert_form(stage.actor(), lead)
    assert isinstance(form, ConvertForm)
    assert (form.name, form.company, form.owner_name) == ("Ada Quist", "Quist & Söhne <AG>", "Mia Keller")
    status = form.statuses[0].value
    sent = ConvertSent(status, opportunity_name="Gauges & <more>", owner_id=form.owner_id)
    made = convert(stage.actor(), lead, sent)
    assert isinstance(made, Converted)
    [opportunity] = stage.query(f"SELECT Name, AccountId FROM Opportunity WHERE Id = '{made.opportunity_id}'")
    assert opportunity["Name"] == "Gauges & <more>"
    assert opportunity["AccountId"] == made.account_id
    [contact] = stage.query(f"SELECT Email, AccountId FROM Contact WHERE Id = '{made.contact_id}'")
    assert (contact["Email"], contact["AccountId"]) == ("ada@quist.example", made.account_id)
    assert AuditEntry.objects.get(action="lead.converted").detail["contact"] == made.contact_id
    # Pressed again, it says what it became.
    assert convert(stage.actor(), lead, sent) == made
    assert convert_form(stage.actor(), lead) == made


def test_it_goes_to_an_account_that_is_there_without_an_opportunity(stage: Stage, lead: str) -> None:
    [account] = stage.query("SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    form = convert_form(stage.actor(), lead)
    assert isinstance(form, ConvertForm)
    made = convert(stage.actor(), lead, ConvertSent(form.statuses[0].value, account_id=account["Id"]))
    assert isinstance(made, Converted)
    assert made.account_id == account["Id"]
    assert made.opportunity_id == ""


def test_what_is_missing_or_wrong_is_said_at_its_place(stage: Stage, lead: str) -> None:
    answer = convert(stage.actor(), lead, ConvertSent("", contact_id="003000000000001AAA", owner_id="x"))
    assert isinstance(answer, ConvertForm)
    assert set(answer.at) == {"status", "account", "owner"}


def test_salesforces_refusal_is_shown(stage: Stage, lead: str) -> None:
    answer = convert(stage.actor(), lead, ConvertSent("No such status"))
    assert isinstance(answer, ConvertForm)
    assert answer.page
    assert isinstance(convert_form(stage.actor(), lead), ConvertForm)


def test_an_answer_that_never_came_is_looked_up(stage: Stage, lead: str) -> None:
    form = convert_form(stage.actor(), lead)
    assert isinstance(form, ConvertForm)
    stage.sandbox.fault(service="salesforce", method="POST", path=".*/Soap/.*", kind="cut_after")
    made = convert(stage.actor(), lead, ConvertSent(form.statuses[0].value))
    assert isinstance(made, Converted)
    stage.sandbox.clear_faults()
    assert len(stage.query("SELECT Id FROM Contact WHERE Email = 'ada@quist.example'")) == 1


def test_a_token_that_was_refused_is_renewed_once(stage: Stage, lead: str) -> None:
    form = convert_form(stage.actor(), lead)
    assert isinstance(form, ConvertForm)
    stage.sandbox.fault(service="salesforce", method="POST", path=".*/Soap/.*", kind="revoked_token")
    assert isinstance(convert(stage.actor(), lead, ConvertSent(form.statuses[0].value)), Converted)


@pytest.mark.parametrize("record_id", ["x", "003000000000001AAA", "00Q000000000001AAB"])
def test_what_is_no_lead_is_gone(stage: Stage, record_id: str) -> None:
    with pytest.raises(errors.Gone):
        convert_form(stage.actor(), record_id)
