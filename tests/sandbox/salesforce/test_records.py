"""Creating, reading, changing and deleting records, and what Salesforce works out by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.salesforce.store import Org
from sandbox.salesforce.values import render
from tests.sandbox.salesforce.conftest import DATA, Person, error_of


def test_a_record_is_created_read_changed_and_deleted(mia: Person) -> None:
    answer = mia.post("sobjects/Contact/", {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@x.example"})
    assert answer.status_code == 201
    contact = answer.json()["id"]
    assert answer.json() == {"id": contact, "success": True, "errors": []}
    assert answer.headers["location"] == f"{DATA}/sobjects/Contact/{contact}"
    read = mia.get(f"sobjects/Contact/{contact}?fields=Name,OwnerId,IsDeleted").json()
    assert read == {
        "attributes": {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{contact}"},
        "Name": "Ada Byron",
        "OwnerId": mia.user_id,
        "IsDeleted": False,
        "Id": contact,
    }
    changed = mia.patch(f"sobjects/Contact/{contact}/", {"LastName": "Lovelace"})
    assert (changed.status_code, changed.content) == (204, b"")
    assert mia.get(f"sobjects/Contact/{contact[:15]}").json()["Name"] == "Ada Lovelace"
    assert mia.delete(f"sobjects/Contact/{contact}").status_code == 204
    for again in (mia.get, mia.delete):
        assert error_of(again(f"sobjects/Contact/{contact}")) == (404, "ENTITY_IS_DELETED")


@pytest.mark.parametrize(
    ("sobject", "body", "code", "fields"),
    [
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": None}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ("Contact", {"LastName": "x", "Foo": 1}, "INVALID_FIELD", None),
        ("Contact", {"LastName": "x", "Name": "y"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ("Contact", {"LastName": "x", "CreatedDate": None}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        ("Contact", {"LastName": "x", "Email": "no address"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "x", "AccountId": "nonsense"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "0038V0000000009"}, "FIELD_INTEGRITY_EXCEPTION", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "0018V0000000999"}, "INVALID_CROSS_REFERENCE_KEY", []),
        ("Contact", {"LastName": "x", "Birthdate": "soon"}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": {"a": 1}}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "x", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", None),
        ("Task", {"Subject": "x", "Status": "Perhaps"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Status"]),
        ("Opportunity", {"Name": "x"}, "REQUIRED_FIELD_MISSING", ["StageName", "CloseDate"]),
        (
            "Opportunity",
            {"Name": "x", "StageName": "Closed Won", "CloseDate": "2026-12-01"},
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            ["Amount"],
        ),
        ("TaskStatus", {}, "INVALID_TYPE_FOR_OPERATION", None),
    ],
)
def test_a_record_is_refused(
    mia: Person, sobject: str, body: dict[str, Any], code: str, fields: list[str] | None
) -> None:
    answer = mia.post(f"sobjects/{sobject}", body)
    assert error_of(answer) == (400, code)
    assert answer.json()[0].get("fields") == fields


def test_texts_come_back_as_they_were_but_trimmed(mia: Person) -> None:
    text = "  Ünï \U0001f600 עברית\t"
    contact = mia.create("Contact", LastName=text, Description=text)
    read = mia.get(f"sobjects/Contact/{contact}").json()
    assert read["LastName"] == text.strip()
    assert read["Description"] == text
    broken = mia.request(
        "POST", "sobjects/Contact", content=b'{"LastName": "\\ud83d"}', headers={"Content-Type": "application/json"}
    )
    assert mia.get(f"sobjects/Contact/{broken.json()['id']}").json()["LastName"] == "?"


def test_a_picklist_without_restriction_takes_any_value(mia: Person) -> None:
    mia.create("Contact", LastName="x", LeadSource="Carrier pigeon")


def test_a_refused_change_leaves_the_record_alone(mia: Person, dana: dict[str, Any]) -> None:
    assert error_of(mia.patch(f"sobjects/Contact/{dana['Id']}", {"Email": "x"})) == (400, "INVALID_EMAIL_ADDRESS")
    assert mia.get(f"sobjects/Contact/{dana['Id']}").json()["Email"] == "dana@northwind.example"


def test_unknown_records_and_objects(mia: Person, dana: dict[str, Any]) -> None:
    assert error_of(mia.get("sobjects/Contact/0038V0000000999AAA")) == (404, "NOT_FOUND")
    assert error_of(mia.get(f"sobjects/Account/{dana['Id']}")) == (404, "NOT_FOUND")
    assert error_of(mia.get("sobjects/Nothing/describe")) == (404, "NOT_FOUND")
    assert error_of(mia.get(f"sobjects/Contact/{dana['Id']}?fields=Foo")) == (400, "INVALID_FIELD")


def test_a_second_contact_with_an_address_is_a_duplicate_until_the_caller_insists(mia: Person) -> None:
    body = {"LastName": "Ruiz", "Email": "DANA@northwind.example"}
    for sobject, extra in (("Contact", {}), ("Lead", {"Company": "x"})):
        answer = mia.post(f"sobjects/{sobject}", body | extra)
        assert error_of(answer) == (400, "DUPLICATES_DETECTED")
    insist = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert mia.post("sobjects/Contact", body, headers=insist).status_code == 201


def test_a_case_gets_the_next_number_and_its_contact(mia: Person, dana: dict[str, Any]) -> None:
    last = mia.query("SELECT CaseNumber FROM Case ORDER BY CaseNumber DESC LIMIT 1", path="queryAll")[0]["CaseNumber"]
    case = mia.create("Case", Subject="Help", ContactId=dana["Id"])
    read = mia.get(f"sobjects/Case/{case}").json()
    assert read["CaseNumber"] > last
    assert len(read["CaseNumber"]) == 8
    assert read["AccountId"] == dana["AccountId"]
    assert read["ContactEmail"] == "dana@northwind.example"
    assert (read["Status"], read["Priority"], read["IsClosed"]) == ("New", "Medium", False)
    mia.patch(f"sobjects/Case/{case}", {"Status": "Closed"})
    closed = mia.get(f"sobjects/Case/{case}").json()
    assert closed["IsClosed"] is True
    assert closed["ClosedDate"] is not None


def test_a_stage_says_closed_won_and_probability(mia: Person) -> None:
    opportunity = mia.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01", Amount=200)
    mia.patch(f"sobjects/Opportunity/{opportunity}", {"StageName": "Closed Won"})
    read = mia.get(f"sobjects/Opportunity/{opportunity}").json()
    assert (read["IsClosed"], read["IsWon"], read["Probability"], read["ExpectedRevenue"]) == (True, True, 100.0, 200.0)
    assert (read["FiscalYear"], read["FiscalQuarter"], read["Fiscal"]) == (2026, 4, "2026 4")


def test_an_account_with_cases_is_not_deleted(mia: Person, ines: Person, dana: dict[str, Any]) -> None:
    assert error_of(ines.delete(f"sobjects/Account/{dana['AccountId']}")) == (400, "DELETE_FAILED")


def test_deleting_an_account_takes_its_contacts_along(mia: Person) -> None:
    account = mia.create("Account", Name="Short-lived")
    contact = mia.create("Contact", LastName="Too", AccountId=account)
    assert mia.delete(f"sobjects/Account/{account}").status_code == 204
    assert error_of(mia.get(f"sobjects/Contact/{contact}")) == (404, "ENTITY_IS_DELETED")


def test_upsert_creates_once_and_updates_then(mia: Person) -> None:
    path = "sobjects/EmailMessage/External_Key__c/key-1"
    first = mia.patch(path, {"Subject": "x", "Status": "5"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    second = mia.patch(path, {"Subject": "y"})
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert second.json()["id"] == first.json()["id"]
    assert mia.get(path).json()["Subject"] == "y"
    assert error_of(mia.patch("sobjects/Contact/Phone/1", {"LastName": "x"})) == (404, "NOT_FOUND")
    assert error_of(mia.post("sobjects/EmailMessage", {"External_Key__c": "KEY-1"})) == (400, "DUPLICATE_VALUE")


@pytest.mark.parametrize("key", ["a/b", "50%25", "x?y=1&z", "ä+ b", "it's"])
def test_a_key_of_any_characters_is_quoted_in_the_path(mia: Person, key: str) -> None:
    path = f"sobjects/EmailMessage/External_Key__c/{quote(key, safe='')}"
    made = mia.patch(path, {"Status": "5"}).json()["id"]
    assert mia.get(path).json()["Id"] == made
    assert mia.get(f"sobjects/EmailMessage/{made}").json()["External_Key__c"] == key


def test_a_change_moves_the_stamp_and_names_who_made_it(mia: Person, tom: Person, org: Org) -> None:
    contact = mia.create("Contact", LastName="Stamp")
    before = mia.get(f"sobjects/Contact/{contact}").json()
    org.clock.advance(60)
    tom.patch(f"sobjects/Contact/{contact}", {"Title": "Dr"})
    after = mia.get(f"sobjects/Contact/{contact}").json()
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["LastModifiedDate"] == after["SystemModstamp"]
    assert (after["CreatedById"], after["LastModifiedById"]) == (mia.user_id, tom.user_id)
    assert after["CreatedDate"] == before["CreatedDate"]
    assert after["CreatedDate"].endswith(".000+0000")


def test_updated_and_deleted_name_what_changed_in_a_span(mia: Person, org: Org) -> None:
    kept, gone = mia.create("Account", Name="Kept"), mia.create("Account", Name="Gone")
    mia.delete(f"sobjects/Account/{gone}")
    start, end = org.now() - timedelta(hours=1), org.now() + timedelta(minutes=5)
    span = {"start": render(start), "end": render(end)}
    updated = mia.get("sobjects/Account/updated/", params=span).json()
    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    deleted = mia.get("sobjects/Account/deleted/", params=span).json()
    assert [row["id"] for row in deleted["deletedRecords"]] == [gone]
    old = {"start": render(start - timedelta(days=40)), "end": render(end)}
    assert error_of(mia.get("sobjects/Account/updated", params=old)) == (400, "INVALID_REPLICATION_DATE")


def test_no_record_is_made_when_the_storage_is_full(mia: Person, org: Org) -> None:
    org.storage_full = True
    assert error_of(mia.post("sobjects/Account", {"Name": "x"})) == (403, "STORAGE_LIMIT_EXCEEDED")
