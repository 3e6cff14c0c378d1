"""The seed company: its size, its standing cases, and that its records are real Salesforce records."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.seed.company import Company, build_company

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(7, NOW)


def _by_id(company: Company, kind: str) -> dict[str, dict[str, Any]]:
    return {record["Id"]: record for record in company.records[kind]}


def test_it_has_the_promised_size(company: Company) -> None:
    sizes = {kind: len(records) for kind, records in company.records.items()}
    expected = {"User": 6, "Account": 40, "Contact": 120, "Lead": 30, "Opportunity": 60, "Case": 25}
    assert expected.items() <= sizes.items()
    assert [user.role for user in company.users] == ["rep", "rep", "rep", "administrator", "rep", "rep"]


def test_the_same_number_gives_the_same_company() -> None:
    assert build_company(7, NOW) == build_company(7, NOW + timedelta(minutes=59))
    assert build_company(7, NOW) != build_company(8, NOW)


def test_ids_and_addresses_do_not_depend_on_the_number(company: Company) -> None:
    other = build_company(8, NOW)
    assert company.users == other.users
    for kind in ("Account", "Contact", "Lead", "Opportunity", "Case"):
        assert list(_by_id(company, kind)) == list(_by_id(other, kind))
    assert [c["Email"] for c in company.records["Contact"]] == [c["Email"] for c in other.records["Contact"]]


def test_ids_have_eighteen_characters_and_are_unique_without_case(company: Company) -> None:
    every = [record["Id"] for records in company.records.values() for record in records]
    assert {len(identifier) for identifier in every} == {18}
    assert len({identifier.lower() for identifier in every}) == len(every)


def test_references_lead_to_records(company: Company) -> None:
    known = {record["Id"] for records in company.records.values() for record in records}
    names = ("OwnerId", "AccountId", "ContactId", "OpportunityId", "WhoId", "WhatId", "PersonContactId")
    for kind, records in company.records.items():
        for record in records:
            missing = [name for name in names if record.get(name) and record[name] not in known]
            assert missing == [], (kind, record["Id"])


def test_northwind_is_as_the_demo_shows_it(company: Company) -> None:
    account = next(a for a in company.records["Account"] if a["Name"] == "Northwind Ltd")
    dana = next(c for c in company.records["Contact"] if c["Email"] == "dana@northwind.example")
    assert (dana["Title"], dana["AccountId"], dana["Phone"]) == ("VP Operations", account["Id"], "+1 555 0100")
    mine = [o for o in company.records["Opportunity"] if o["AccountId"] == account["Id"] and not o["IsClosed"]]
    assert {o["Name"]: o["Amount"] for o in mine} == {"Renewal 2027": 48_000.0, "Extra seats": 6_000.0}
    roles = {r["OpportunityId"] for r in company.records["OpportunityContactRole"] if r["ContactId"] == dana["Id"]}
    assert [o["Name"] for o in mine if o["Id"] in roles] == ["Renewal 2027"]
    case = next(c for c in company.records["Case"] if c["CaseNumber"] == "00012877")
    assert (case["Subject"], case["ContactId"], case["IsClosed"]) == ("Login fails", dana["Id"], False)
    assert all(c["Email"] != "li.wei@northwind.example" for c in company.records["Contact"] + company.records["Lead"])


def test_people_come_with_the_exceptions_that_matching_must_know(company: Company) -> None:
    emails = Counter(c["Email"] for c in company.records["Contact"])
    assert emails["purchasing@ashdowncivil.example"] == 2
    assert emails[None] == 1
    assert sum("+" in str(address) for address in emails) == 1
    assert any(str(address).endswith("@gmail.com") for address in emails)
    assert any("@xn--" in str(address) for address in emails)
    names = " ".join(c["Name"] for c in company.records["Contact"])
    assert any("\u0590" <= letter <= "\u06ff" for letter in names)
    leads = company.records["Lead"]
    converted = [lead for lead in leads if lead["IsConverted"]]
    contacts = _by_id(company, "Contact")
    assert len(converted) == 6
    assert all(contacts[lead["ConvertedContactId"]]["AccountId"] == lead["ConvertedAccountId"] for lead in converted)
    assert any(contacts[lead["ConvertedContactId"]]["Email"] != lead["Email"] for lead in converted)
    assert any(lead["Email"] in emails for lead in leads if not lead["IsConverted"])


def test_accounts_have_none_one_and_several_open_opportunities(company: Company) -> None:
    counts = Counter(o["AccountId"] for o in company.records["Opportunity"] if not o["IsClosed"])
    found = {counts.get(account["Id"], 0) for account in company.records["Account"]}
    assert {0, 1, 2, 3} <= found
    closed = [o["CloseDate"] for o in company.records["Opportunity"] if o["IsClosed"]]
    edge = (NOW - timedelta(days=365)).date().isoformat()
    assert any(day < edge for day in closed)
    assert any(day > edge for day in closed)


def test_cases_are_open_closed_and_long_closed(company: Company) -> None:
    closed = [c["ClosedDate"] for c in company.records["Case"] if c["IsClosed"]]
    edge = (NOW - timedelta(days=90)).isoformat()
    assert any(moment < edge for moment in closed)
    assert any(moment > edge for moment in closed)
    assert sum(not c["IsClosed"] for c in company.records["Case"]) >= 10


def test_nothing_happened_in_the_future(company: Company) -> None:
    latest = NOW.strftime("%Y-%m-%dT%H:%M:%S")
    for kind, records in company.records.items():
        for record in records:
            assert record["CreatedDate"] <= record["LastModifiedDate"][:19] + "Z", kind
            assert record["LastModifiedDate"][:19] <= latest, (kind, record["Id"])


def test_every_field_exists_in_a_real_org(company: Company) -> None:
    folder = os.environ.get("ALONGSIDE_CONTRACTS")
    if not folder:
        pytest.skip("ALONGSIDE_CONTRACTS names no folder of contracts")
    for kind in ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Case"):
        described = json.loads((Path(folder) / "salesforce" / f"{kind}.describe.json").read_text())
        fields = {field["name"]: field for field in described["fields"]}
        for record in company.records[kind]:
            assert set(record) <= set(fields), (kind, set(record) - set(fields))
            for name, value in record.items():
                choices = [choice["value"] for choice in fields[name].get("picklistValues", [])]
                if fields[name]["type"] == "picklist" and value is not None:
                    assert value in choices, (kind, name)


def test_the_subsidiary_has_its_mail_at_google(company: Company) -> None:
    assert [user.email for user in company.of_suite("google")] == [
        "noor.haddad@larkfield-labs.example",
        "jonas.weber@larkfield-labs.example",
    ]
    assert {user.domain for user in company.of_suite("microsoft")} == {"larkfield.example"}


def test_extra_users_change_nothing_else(company: Company) -> None:
    more = build_company(7, NOW, {"microsoft": 2, "google": 1})
    assert [user.email for user in more.users[6:]] == [
        "rep01@larkfield.example",
        "rep02@larkfield.example",
        "rep01@larkfield-labs.example",
    ]
    assert more.users[:6] == company.users
    assert len({user.salesforce_user_id for user in more.users}) == len({user.oid for user in more.users}) == 9
    assert more.records["User"][:6] == company.records["User"]
    assert len(more.records["User"]) == 9
    assert {kind: rows for kind, rows in more.records.items() if kind != "User"} == {
        kind: rows for kind, rows in company.records.items() if kind != "User"
    }
    with pytest.raises(ValueError, match="at most"):
        build_company(7, NOW, {"google": 501})
