"""Person accounts and the contacts behind them, and an org that has none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of


def kinds(person: Person) -> dict[str, str]:
    infos = person.get("ui-api/object-info/Account").json()["recordTypeInfos"].values()
    return {found["name"]: found["recordTypeId"] for found in infos}


@pytest.fixture
def person_type(mia: Person) -> str:
    return kinds(mia)["Person Account"]


@pytest.fixture
def made(mia: Person, person_type: str) -> dict[str, Any]:
    """A person account, as the REST API tells it."""
    fields = {"FirstName": "Ada", "LastName": "Quill", "PersonEmail": "ada@quill.example", "Phone": "1"}
    record = mia.create("Account", RecordTypeId=person_type, **fields)
    found: dict[str, Any] = mia.get(f"sobjects/Account/{record}").json()
    return found


def test_a_person_account_has_a_contact_behind_it(mia: Person, made: dict[str, Any]) -> None:
    assert (made["IsPersonAccount"], made["Name"]) == (True, "Ada Quill")
    contact = mia.get(f"sobjects/Contact/{made['PersonContactId']}").json()
    assert (contact["Name"], contact["Email"], contact["AccountId"]) == ("Ada Quill", "ada@quill.example", made["Id"])
    assert contact["IsPersonAccount"] is True
    text = "SELECT Id, PersonContactId, PersonContact.Email FROM Account WHERE PersonEmail = {}"
    assert mia.query(text, "ada@quill.example")[0]["PersonContact"]["Email"] == "ada@quill.example"


def test_its_contact_follows_it_and_goes_with_it(mia: Person, made: dict[str, Any]) -> None:
    path = f"sobjects/Account/{made['Id']}"
    assert mia.patch(path, {"LastName": "Quill-Barr", "PersonTitle": "Binder"}).status_code == 204
    contact = mia.get(f"sobjects/Contact/{made['PersonContactId']}").json()
    assert (contact["Name"], contact["Title"]) == ("Ada Quill-Barr", "Binder")
    assert mia.get(path).json()["Name"] == "Ada Quill-Barr"
    assert mia.delete(path).status_code == 204
    assert error_of(mia.get(f"sobjects/Contact/{made['PersonContactId']}"))[0] == 404


def test_its_contact_is_changed_through_it_alone(mia: Person, made: dict[str, Any]) -> None:
    path = f"sobjects/Contact/{made['PersonContactId']}"
    assert error_of(mia.patch(path, {"Title": "x"})) == (400, "INVALID_PERSON_ACCOUNT_OPERATION")
    assert error_of(mia.delete(path)) == (400, "INVALID_PERSON_ACCOUNT_OPERATION")
    page = mia.patch(f"ui-api/records/{made['PersonContactId']}", {"fields": {"Title": "x"}}).json()
    assert page["output"]["errors"][0]["errorCode"] == "INVALID_PERSON_ACCOUNT_OPERATION"
    other = mia.post("sobjects/Contact", {"LastName": "x", "AccountId": made["Id"]})
    assert error_of(other) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_activities_hang_on_the_contact_and_count_for_the_account(mia: Person, made: dict[str, Any]) -> None:
    task = mia.create("Task", Subject="x", WhoId=made["PersonContactId"])
    assert mia.get(f"sobjects/Task/{task}").json()["AccountId"] == made["Id"]


@pytest.mark.parametrize(
    ("person", "fields", "expected"),
    [
        (True, {"Name": "Ada", "LastName": "Quill"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (True, {"FirstName": "Ada"}, "REQUIRED_FIELD_MISSING"),
        (False, {"Name": "x", "PersonEmail": "a@b.example"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (False, {"LastName": "x"}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_persons_and_companies_have_fields_of_their_own(
    mia: Person, person: bool, fields: dict[str, str], expected: str
) -> None:
    kind = kinds(mia)["Person Account" if person else "Business Account"]
    assert error_of(mia.post("sobjects/Account", {"RecordTypeId": kind, **fields})) == (400, expected)


def test_a_company_does_not_become_a_person(mia: Person, person_type: str, made: dict[str, Any]) -> None:
    company = mia.create("Account", Name="x")
    refused = mia.patch(f"sobjects/Account/{company}", {"RecordTypeId": person_type, "LastName": "x"})
    assert error_of(refused) == (400, "INVALID_PERSON_ACCOUNT_OPERATION")
    refused = mia.patch(f"sobjects/Account/{made['Id']}", {"RecordTypeId": kinds(mia)["Business Account"]})
    assert error_of(refused) == (400, "INVALID_PERSON_ACCOUNT_OPERATION")


def test_a_page_of_a_person(mia: Person, made: dict[str, Any], person_type: str) -> None:
    body = mia.get(f"ui-api/record-ui/{made['Id']}").json()
    text = str(body["layouts"]["Account"][person_type]["Full"]["View"])
    assert "PersonEmail" in text
    assert "ParentId" not in text
    fields = body["records"][made["Id"]]["fields"]
    assert (fields["Name"]["value"], fields["FirstName"]["value"]) == ("Ada Quill", "Ada")


def test_more_of_them_by_the_seed(mia: Person) -> None:
    before = len(mia.query("SELECT Id FROM Account WHERE IsPersonAccount = true"))
    mia.post("/_sandbox/org", {"grow": {"person_accounts": 12}})
    rows = mia.query("SELECT Name, PersonEmail, PersonContact.AccountId, Id FROM Account WHERE IsPersonAccount = true")
    assert len(rows) == before + 12
    assert len({row["PersonEmail"] for row in rows}) == before + 12
    assert all(row["PersonContact"]["AccountId"] == row["Id"] for row in rows)
    behind = mia.query("SELECT Id FROM Contact WHERE IsPersonAccount = true")
    assert len(behind) == before + 12


def test_an_org_without_person_accounts(mia: Person, person_type: str) -> None:
    mia.post("/_sandbox/org", {"person_accounts": False})
    fields = {field["name"]: field for field in mia.get("sobjects/Account/describe").json()["fields"]}
    assert not {"IsPersonAccount", "PersonEmail", "FirstName", "PersonContactId"} & fields.keys()
    assert not fields["Name"]["nillable"]
    info = mia.get("ui-api/object-info/Account").json()
    assert info["nameFields"] == ["Name"]
    assert person_type not in info["recordTypeInfos"]
    assert mia.refusal("SELECT PersonEmail FROM Account")[0] == "INVALID_FIELD"
    assert mia.refusal("SELECT IsPersonAccount FROM Contact")[0] == "INVALID_FIELD"
    assert mia.query("SELECT Id FROM RecordType WHERE DeveloperName = 'PersonAccount'") == []
    refused = mia.post("sobjects/Account", {"Name": "x", "RecordTypeId": person_type})
    assert error_of(refused)[0] == 400
    assert mia.create("Account", Name="x")
