"""Who sees what: sharing and field-level security, per user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of

NEW = {"Name": "Secret deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Amount": 5}


@pytest.fixture
def deal(mia: Person) -> str:
    """An opportunity of Mia's on an account of Mia's."""
    return mia.create("Opportunity", **NEW, AccountId=mia.create("Account", Name="Mia's"))


def test_an_opportunity_is_private_to_its_owner_and_administrators(
    mia: Person, tom: Person, ines: Person, deal: str
) -> None:
    text = "SELECT Id FROM Opportunity WHERE Id = {}"
    assert [len(person.query(text, deal)) for person in (mia, tom, ines)] == [1, 0, 1]
    assert error_of(tom.get(f"sobjects/Opportunity/{deal}")) == (404, "NOT_FOUND")
    assert error_of(tom.patch(f"sobjects/Opportunity/{deal}", {"Amount": 6})) == (404, "NOT_FOUND")
    assert error_of(tom.delete(f"sobjects/Opportunity/{deal}")) == (404, "NOT_FOUND")


def test_the_owner_of_the_account_sees_its_opportunities(mia: Person, tom: Person, sofia: Person) -> None:
    deal = mia.create("Opportunity", **NEW, AccountId=tom.create("Account", Name="Tom's"))
    assert tom.get(f"sobjects/Opportunity/{deal}").status_code == 200
    assert sofia.get(f"sobjects/Opportunity/{deal}").status_code == 404


def test_what_hangs_on_an_invisible_record_is_invisible(
    mia: Person, tom: Person, deal: str, dana: dict[str, Any]
) -> None:
    role = mia.create("OpportunityContactRole", OpportunityId=deal, ContactId=dana["Id"], Role="Evaluator")
    email = mia.create("EmailMessage", Subject="x", Status="3", RelatedToId=deal, ToIds=[dana["Id"]])
    task = mia.create("Task", Subject="x", WhatId=deal, WhoId=dana["Id"])
    for path in (f"OpportunityContactRole/{role}", f"EmailMessage/{email}", f"Task/{task}"):
        assert mia.get(f"sobjects/{path}").status_code == 200
        assert error_of(tom.get(f"sobjects/{path}")) == (404, "NOT_FOUND")
    text = "SELECT Id, (SELECT Id FROM OpportunityContactRoles WHERE OpportunityId = {}) FROM Contact WHERE Id = {}"
    assert mia.query(text, deal, dana["Id"])[0]["OpportunityContactRoles"]["totalSize"] == 1
    assert tom.query(text, deal, dana["Id"])[0]["OpportunityContactRoles"] is None


def test_nothing_can_be_hung_on_an_invisible_record(tom: Person, deal: str) -> None:
    for sobject, field in (("Task", "WhatId"), ("EmailMessage", "RelatedToId")):
        answer = tom.post(f"sobjects/{sobject}", {"Subject": "x", field: deal})
        assert error_of(answer) == (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")


def test_a_share_opens_a_record(mia: Person, tom: Person, deal: str) -> None:
    mia.post("/_sandbox/org", {"shares": [{"record": deal, "user": tom.user_id}]})
    assert tom.get(f"sobjects/Opportunity/{deal}").status_code == 200
    assert error_of(tom.delete(f"sobjects/Opportunity/{deal}")) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_contacts_are_everybodys_but_only_the_owner_deletes(mia: Person, tom: Person, ines: Person) -> None:
    contact = mia.create("Contact", LastName="Shared")
    assert tom.patch(f"sobjects/Contact/{contact}", {"Title": "x"}).status_code == 204
    assert error_of(tom.delete(f"sobjects/Contact/{contact}")) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert ines.delete(f"sobjects/Contact/{contact}").status_code == 204


@pytest.mark.parametrize("by", ["user", "profile"])
def test_a_hidden_field_does_not_exist_for_its_user(mia: Person, ines: Person, deal: str, by: str) -> None:
    who = mia.user_id if by == "user" else "Standard User"
    mia.post("/_sandbox/org", {"hidden_fields": [{"who": who, "object": "Opportunity", "fields": ["Amount"]}]})
    for text in (
        "SELECT Amount FROM Opportunity",
        "SELECT Id FROM Opportunity WHERE Amount > 5",
        "SELECT Id FROM Opportunity ORDER BY Amount",
        "SELECT Opportunity.Amount FROM OpportunityContactRole",
        "SELECT Id, (SELECT Amount FROM Opportunities) FROM Account",
    ):
        code, message = mia.refusal(text)
        assert code == "INVALID_FIELD"
        assert "No such column 'Amount' on entity 'Opportunity'" in message
    assert "Amount" not in mia.get(f"sobjects/Opportunity/{deal}").json()
    assert error_of(mia.patch(f"sobjects/Opportunity/{deal}", {"Amount": 7})) == (400, "INVALID_FIELD")
    names = [field["name"] for field in mia.get("sobjects/Opportunity/describe").json()["fields"]]
    assert "Amount" not in names
    assert ines.query("SELECT Amount FROM Opportunity WHERE Id = {}", deal)[0]["Amount"] == 5


def test_a_validation_rule_of_the_administrator(mia: Person) -> None:
    rule = {"object": "Contact", "field": "Title", "empty": True, "message": "Everybody has a title."}
    mia.post("/_sandbox/org", {"validation_rules": [rule]})
    answer = mia.post("sobjects/Contact", {"LastName": "x"})
    assert error_of(answer) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert answer.json()[0] == {
        "message": "Everybody has a title.",
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "fields": ["Title"],
    }


def test_an_unknown_setting_is_refused(mia: Person) -> None:
    for wrong in (
        {"colour": 1},
        {"enhanced_email": "no"},
        {"hidden_fields": [{"who": "x", "object": "Foo", "fields": []}]},
    ):
        assert mia.post("/_sandbox/org", wrong).status_code == 400


def test_what_everybody_reads_and_the_owner_changes(mia: Person, tom: Person, ines: Person) -> None:
    mia.post("/_sandbox/org", {"public_read_only": ["Account"]})
    account = mia.create("Account", Name="x")
    assert tom.get(f"sobjects/Account/{account}").status_code == 200
    refused = tom.patch(f"sobjects/Account/{account}", {"Name": "y"})
    assert error_of(refused) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    page = tom.patch(f"ui-api/records/{account}", {"fields": {"Name": "y"}}).json()
    assert page["output"]["errors"][0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    for person in (mia, ines):
        assert person.patch(f"sobjects/Account/{account}", {"Name": "y"}).status_code == 204


def test_a_field_that_its_user_may_only_read(mia: Person) -> None:
    mia.post("/_sandbox/org", {"read_only_fields": [{"who": mia.user_id, "object": "Contact", "fields": ["Title"]}]})
    contact = mia.create("Contact", LastName="x")
    refused = mia.patch(f"sobjects/Contact/{contact}", {"Title": "y"})
    assert error_of(refused) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    fields = {field["name"]: field for field in mia.get("sobjects/Contact/describe").json()["fields"]}
    assert not fields["Title"]["updateable"]
    wrong = {"read_only_fields": [{"who": "x", "object": "Contact", "fields": ["Nothing"]}]}
    assert mia.post("/_sandbox/org", wrong).status_code == 400
