"""What queries answer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from simple_salesforce.format import format_soql

from sandbox.salesforce.store import Org
from tests.sandbox.salesforce.conftest import Person


def _names(records: list[dict[str, Any]], field: str = "Name") -> list[Any]:
    return [record[field] for record in records]


def test_a_contact_brings_its_account_and_its_roles_with_their_opportunities(mia: Person) -> None:
    found = mia.query(
        "SELECT Id, Name, Account.Id, Account.Name, Account.Owner.Name, (SELECT OpportunityId, Role, IsPrimary,"
        " Opportunity.Name, Opportunity.StageName, Opportunity.Amount, Opportunity.IsClosed"
        " FROM OpportunityContactRoles"
        " WHERE Opportunity.IsClosed = false LIMIT 50) FROM Contact"
        " WHERE Email IN ('DANA@northwind.example', 'nobody@x.example') ORDER BY Id LIMIT 400"
    )
    assert _names(found) == ["Dana Ruiz"]
    assert found[0]["attributes"] == {
        "type": "Contact",
        "url": f"/services/data/v66.0/sobjects/Contact/{found[0]['Id']}",
    }
    assert found[0]["Account"]["Name"] == "Northwind Ltd"
    assert found[0]["Account"]["Owner"]["Name"] == "Mia Keller"
    roles = found[0]["OpportunityContactRoles"]
    assert roles["done"] is True
    assert roles["totalSize"] == len(roles["records"]) == 1
    assert roles["records"][0]["Opportunity"]["Name"] == "Renewal 2027"


def test_a_converted_lead_brings_the_contact_that_it_became(mia: Person) -> None:
    lead = mia.query("SELECT Email FROM Lead WHERE IsConverted = true AND Email != null LIMIT 1")[0]
    found = mia.query(
        "SELECT Id, IsConverted, ConvertedContactId, ConvertedContact.Name, ConvertedContact.Account.Name FROM Lead"
        " WHERE Email IN {}",
        [lead["Email"].upper()],
    )
    assert found[0]["IsConverted"] is True
    assert found[0]["ConvertedContact"]["attributes"]["type"] == "Contact"
    assert found[0]["ConvertedContact"]["Account"]["Name"]


def test_accounts_of_contacts_bring_opportunities_and_cases(mia: Person) -> None:
    found = mia.query(
        "SELECT Id, Name, (SELECT Id, Name, CloseDate FROM Opportunities WHERE IsClosed = false"
        " ORDER BY CloseDate DESC LIMIT 1), (SELECT Id, CaseNumber FROM Cases) FROM Account WHERE Id IN"
        " (SELECT AccountId FROM Contact WHERE Email IN ('dana@northwind.example') OR Email LIKE '%@northwind.example')"
    )
    assert _names(found) == ["Northwind Ltd"]
    assert len(found[0]["Opportunities"]["records"]) == 1
    assert _names(found[0]["Cases"]["records"], "CaseNumber") == ["00012877"]


def test_accounts_are_found_by_parts_of_their_website(mia: Person) -> None:
    found = mia.query(
        "SELECT Name FROM Account WHERE Website LIKE '%northwind.example%' OR Website LIKE '%no-such.example%'"
    )
    assert _names(found) == ["Northwind Ltd"]


def test_a_relationship_without_children_is_null(mia: Person) -> None:
    account = mia.create("Account", Name="Empty")
    found = mia.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id = {}", account)
    assert found[0]["Contacts"] is None


def test_a_parent_that_is_not_there_is_null(mia: Person) -> None:
    contact = mia.create("Contact", LastName="Alone")
    assert mia.query("SELECT Account.Name FROM Contact WHERE Id = {}", contact)[0]["Account"] is None


def test_polymorphic_references_tell_name_and_type(mia: Person) -> None:
    task = mia.query(
        "SELECT Who.Name, Who.Type, What.Name, What.Type FROM Task WHERE WhatId != null AND WhoId != null LIMIT 1"
    )
    assert task[0]["Who"]["attributes"]["type"] == "Name"
    assert task[0]["Who"]["Type"] in ("Contact", "Lead")
    assert task[0]["What"]["Type"] in ("Account", "Case", "Opportunity")


def test_ids_of_fifteen_characters_are_taken(mia: Person, dana: dict[str, Any]) -> None:
    assert _names(mia.query("SELECT Name FROM Contact WHERE Id = {}", dana["Id"][:15])) == ["Dana Ruiz"]


def test_names_and_texts_are_compared_without_case(mia: Person) -> None:
    assert _names(mia.query("select NAME from CONTACT where EMAIL = 'Dana@NorthWind.example'")) == ["Dana Ruiz"]
    assert _names(mia.query("SELECT Name FROM Contact WHERE Name LIKE 'dana r_iz'")) == ["Dana Ruiz"]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("Name = 'soql a'", 1),
        ("Name != 'soql a' AND Name LIKE 'soql%'", 2),
        ("Name NOT IN ('soql a', 'soql b') AND Name LIKE 'soql%'", 1),
        ("NOT Name = 'soql a' AND Name LIKE 'soql%'", 2),
        ("Name LIKE 'soql%' AND (NumberOfEmployees > 5 OR Phone = '1')", 2),
        ("Name LIKE 'soql%' AND NumberOfEmployees >= 7 AND NumberOfEmployees < 8.5", 1),
        ("Name LIKE 'soql%' AND NumberOfEmployees = null", 2),
        ("Name LIKE 'soql%' AND CreatedDate = TODAY", 3),
        ("Name LIKE 'soql%' AND CreatedDate < LAST_N_DAYS:3", 0),
        ("Name LIKE 'soql%' AND CreatedDate >= THIS_WEEK", 3),
        ("Name LIKE 'soql%' AND CreatedDate > 2020-01-01T00:00:00Z", 3),
        ("Name LIKE 'soql%' AND Phone = ''", 2),
        ("Name LIKE 'soql%' AND Id NOT IN (SELECT AccountId FROM Contact)", 3),
        ("Name LIKE 'soql\\_%'", 0),
        ("Name LIKE '%QL B'", 1),
        ("Name LIKE '%oql_a%'", 1),
        ("Name LIKE 'soql%' AND BillingAddress = null", 3),
        ("Name LIKE 'soql%' AND CreatedDate IN (TODAY, 2020-01-01T00:00:00Z)", 3),
        ("Name LIKE 'soql%' AND Owner.Profile.Name = 'Standard User' WITH SECURITY_ENFORCED", 3),
        ("Name LIKE 'soql%' WITH USER_MODE LIMIT 2 FOR VIEW", 2),
    ],
)
def test_conditions(mia: Person, condition: str, count: int) -> None:
    mia.create("Account", Name="Soql A", NumberOfEmployees=7)
    mia.create("Account", Name="Soql B", Phone="1")
    mia.create("Account", Name="Soql C")
    assert len(mia.query("SELECT Id FROM Account WHERE {:literal}", condition)) == count


def test_order_puts_nulls_first_unless_told_otherwise(mia: Person) -> None:
    for name, employees in (("Ord B", 2), ("Ord A", None), ("Ord C", 3)):
        mia.create("Account", Name=name, NumberOfEmployees=employees)
    base = "SELECT Name FROM Account WHERE Name LIKE 'Ord %' ORDER BY NumberOfEmployees"
    assert _names(mia.query(base)) == ["Ord A", "Ord B", "Ord C"]
    assert _names(mia.query(base + " DESC")) == ["Ord A", "Ord C", "Ord B"]
    assert _names(mia.query(base + " DESC NULLS LAST LIMIT 1 OFFSET 1")) == ["Ord B"]


def test_counts_and_groups(mia: Person) -> None:
    answer = mia.get("query", params={"q": "SELECT COUNT() FROM Contact"}).json()
    assert (answer["totalSize"], answer["records"]) == (120, [])
    groups = mia.query(
        "SELECT StageName, COUNT(Id) number, MAX(Amount), MIN(CloseDate), SUM(Amount) total, AVG(Amount)"
        " FROM Opportunity"
        " GROUP BY StageName HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC, StageName"
    )
    numbers = [group["number"] for group in groups]
    assert numbers == sorted(numbers, reverse=True)
    assert groups[0]["attributes"] == {"type": "AggregateResult"}
    assert groups[0].keys() == {"attributes", "StageName", "number", "expr0", "expr1", "total", "expr2"}
    assert mia.query("SELECT COUNT(Id) FROM Contact")[0]["expr0"] == 120


def test_fields_all_gives_every_field(mia: Person) -> None:
    found = mia.query("SELECT FIELDS(ALL) FROM Contact LIMIT 1")[0]
    assert {"Email", "MailingAddress", "SystemModstamp"} <= found.keys()
    assert "External_Key__c" not in mia.query("SELECT FIELDS(STANDARD) FROM Account LIMIT 1")[0]


def test_a_label_stands_for_the_value(mia: Person, dana: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", Subject="x", Status="3", ToIds=[dana["Id"]])
    assert mia.query("SELECT toLabel(Status) FROM EmailMessage WHERE Id = {}", email)[0]["Status"] == "Sent"


def test_deleted_rows_are_seen_by_query_all_alone(mia: Person) -> None:
    account = mia.create("Account", Name="Soon gone")
    assert mia.delete(f"sobjects/Account/{account}").status_code == 204
    text = "SELECT Id, IsDeleted FROM Account WHERE Id = {}"
    assert mia.query(text, account) == []
    assert mia.query(text, account, path="queryAll")[0]["IsDeleted"] is True


def test_a_long_answer_comes_in_pages(mia: Person, tom: Person, org: Org) -> None:
    for start in (0, 200):
        records = [{"attributes": {"type": "Account"}, "Name": f"Page {start + n}"} for n in range(200)]
        mia.post("composite/sobjects", {"records": records})
    options = {"Sforce-Query-Options": "batchSize=200"}
    first = mia.get("query", params={"q": "SELECT Id FROM Account WHERE Name LIKE 'Page %'"}, headers=options).json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (400, False, 200)
    second = mia.get(first["nextRecordsUrl"]).json()
    assert (second["totalSize"], second["done"], len(second["records"])) == (400, True, 200)
    assert not {r["Id"] for r in first["records"]} & {r["Id"] for r in second["records"]}
    for person, url in ((tom, first["nextRecordsUrl"]), (mia, "query/01gAAAAAAAAAAAAAAA-200")):
        assert person.get(url).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_many_children_come_in_pages_of_their_own(mia: Person) -> None:
    account = mia.create("Account", Name="Large")
    for start in (0, 200):
        records = [
            {"attributes": {"type": "Contact"}, "LastName": f"{start + n:03}", "AccountId": account} for n in range(150)
        ]
        mia.post("composite/sobjects", {"records": records})
    text = format_soql("SELECT Id, (SELECT Id FROM Contacts ORDER BY LastName) FROM Account WHERE Id = {}", account)
    children = mia.query(text)[0]["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (300, False, 200)
    query = {"method": "GET", "url": children["nextRecordsUrl"], "referenceId": "more"}
    (part,) = mia.post("composite", {"compositeRequest": [query]}).json()["compositeResponse"]
    assert (part["body"]["done"], len(part["body"]["records"])) == (True, 100)
    seen = {record["Id"] for page in (children, part["body"]) for record in page["records"]}
    assert len(seen) == 300


def test_finding_people_among_many_is_fast(mia: Person, org: Org) -> None:
    from sandbox.salesforce.soql_run import run

    for start in range(0, 2000, 200):
        records = [
            {"attributes": {"type": "Contact"}, "LastName": "Many", "Email": f"p{start + n}@many.example"}
            for n in range(200)
        ]
        mia.post("composite/sobjects", {"records": records})
    text = format_soql(
        "SELECT Id, Name, Account.Name, (SELECT Id FROM OpportunityContactRoles) FROM Contact WHERE Email IN {}",
        [f"p{n * 30}@many.example" for n in range(50)],
    )
    run(org, mia.user_id, "66.0", text)
    started = time.perf_counter()
    assert run(org, mia.user_id, "66.0", text).size == 50
    # A scan of all rows with its parsing takes several times as long.
    assert time.perf_counter() - started < 0.05


def test_only_the_ids_of_the_same_kind_join(mia: Person) -> None:
    code, message = mia.refusal("SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)")
    assert code == "MALFORMED_QUERY"
    assert "should point to the same object type" in message
