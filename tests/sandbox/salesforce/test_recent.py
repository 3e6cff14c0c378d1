"""What somebody has looked at last, what a lookup suggests, and the records that hang on a record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of

RECENT = "SELECT Id, Name, Type, LastViewedDate FROM RecentlyViewed WHERE Type IN ('Contact', 'Account')"


def test_a_record_is_recent_once_it_is_marked_as_viewed(mia: Person, tom: Person, dana: dict[str, Any]) -> None:
    assert mia.get("recent").json() == []
    mia.query("SELECT Id FROM Contact WHERE Id = {} FOR VIEW", dana["Id"])
    mia.query("SELECT Id FROM Account WHERE Id = {} FOR REFERENCE", dana["AccountId"])
    found = mia.query(f"{RECENT} AND LastViewedDate != null ORDER BY LastViewedDate DESC LIMIT 5")
    assert [(one["Id"], one["Name"], one["Type"]) for one in found] == [(dana["Id"], "Dana Ruiz", "Contact")]
    assert [one["Name"] for one in mia.get("recent").json()] == ["Northwind Ltd", "Dana Ruiz"]
    assert [one["Name"] for one in mia.get("recent?limit=1").json()] == ["Northwind Ltd"]
    assert mia.query("SELECT LastViewedDate FROM Contact WHERE Id = {}", dana["Id"])[0]["LastViewedDate"]
    assert tom.query("SELECT LastViewedDate FROM Contact WHERE Id = {}", dana["Id"])[0]["LastViewedDate"] is None
    assert tom.query(RECENT) == []


def test_a_page_says_whether_it_counts(mia: Person, dana: dict[str, Any]) -> None:
    path = f"ui-api/records/{dana['Id']}?fields=Contact.Name"
    mia.get(path)
    assert mia.query(RECENT) == []
    mia.get(f"{path}&updateMru=true")
    assert [one["Id"] for one in mia.query(RECENT)] == [dana["Id"]]
    mia.get(f"ui-api/record-ui/{dana['AccountId']}?updateMru=true")
    assert [one["Type"] for one in mia.query(RECENT)] == ["Account", "Contact"]
    assert error_of(mia.get(f"{path}&updateMru=perhaps")) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")


def test_what_is_out_of_sight_is_not_recent(mia: Person, tom: Person) -> None:
    account = mia.create("Account", Name="x")
    tom.query("SELECT Id FROM Account WHERE Id = {} FOR VIEW", account)
    assert len(tom.get("recent").json()) == 1
    mia.delete(f"sobjects/Account/{account}")
    assert tom.get("recent").json() == []


@pytest.mark.parametrize("limit", ["0", "201", "many"])
def test_a_limit_beyond_the_list_is_refused(mia: Person, limit: str) -> None:
    assert error_of(mia.get(f"recent?limit={limit}")) == (400, "INVALID_QUERY_LIMIT")


def suggest(person: Person, path: str, body: Any = None) -> dict[str, Any]:
    answer = person.request("POST", f"ui-api/lookups/{path}", json=body or {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["lookupResults"]
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [record["fields"]["Name"]["value"] for record in found["records"]]


def test_a_lookup_suggests_what_was_used_last(mia: Person, dana: dict[str, Any]) -> None:
    assert suggest(mia, "Opportunity/AccountId")["Account"]["count"] == 0
    mia.query("SELECT Id FROM Account WHERE Id = {} FOR VIEW", dana["AccountId"])
    found = suggest(mia, "Opportunity/AccountId", {"sourceRecord": {"apiName": "Opportunity", "fields": {}}})
    assert names(found["Account"]) == ["Northwind Ltd"]
    assert found["Account"]["records"][0]["fields"]["DisambiguationField"]["value"] == "Bristol"


def test_a_lookup_searches_by_the_beginnings_of_words(mia: Person) -> None:
    assert names(suggest(mia, "Case/ContactId?searchType=TypeAhead&q=dan%20rui")["Contact"]) == ["Dana Ruiz"]
    assert names(suggest(mia, "Opportunity/AccountId?searchType=Search&q=no")["Account"])
    assert suggest(mia, "Opportunity/AccountId?searchType=TypeAhead&q=orthwind")["Account"]["count"] == 0


def test_a_lookup_to_several_objects_and_to_one_of_them(mia: Person) -> None:
    everything = suggest(mia, "Task/WhatId?searchType=TypeAhead&q=northwind")
    assert {"Account", "Opportunity", "Case"} <= everything.keys()
    one = suggest(mia, "Task/WhatId?searchType=TypeAhead&q=northwind&targetApiName=Account")
    assert one.keys() == {"Account"}


def test_a_lookup_gives_a_page_at_a_time(mia: Person) -> None:
    for number in range(5):
        mia.create("Account", Name=f"Pagewise {number}")
    path = "Opportunity/AccountId?searchType=TypeAhead&q=pagewise&pageSize=2"
    first = suggest(mia, path)["Account"]
    assert names(first) == ["Pagewise 0", "Pagewise 1"]
    assert (first["currentPageToken"], first["nextPageToken"], first["previousPageToken"]) == ("1", "2", None)
    last = suggest(mia, f"{path}&page=3")["Account"]
    assert names(last) == ["Pagewise 4"]
    assert (last["nextPageToken"], last["previousPageToken"]) == (None, "2")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Opportunity/AccountId?searchType=TypeAhead&q=no", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/AccountId?searchType=TypeAhead&q=nor%3F", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/AccountId?searchType=Search&q=n", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/AccountId?searchType=Guess", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/AccountId?targetApiName=Contact", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/AccountId?pageSize=0", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/Name", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Opportunity/Nothing__c", (400, "INVALID_FIELD")),
        ("Nothing__c/AccountId", (400, "INVALID_TYPE")),
    ],
)
def test_a_lookup_is_refused(mia: Person, path: str, expected: tuple[int, str]) -> None:
    assert error_of(mia.post(f"ui-api/lookups/{path}", {})) == expected


def test_a_lookup_of_another_record_or_as_it_was_of_old(mia: Person) -> None:
    path = "ui-api/lookups/Opportunity/AccountId"
    for source in ({"apiName": "Case", "fields": {}}, {"apiName": "Opportunity"}, 5):
        assert error_of(mia.post(path, {"sourceRecord": source})) == (400, "POST_BODY_PARSE_ERROR")
    assert error_of(mia.get(f"{path}?q=northwind")) == (404, "NOT_FOUND")
    assert error_of(mia.get(f"{path}/Account?q=northwind")) == (404, "NOT_FOUND")
    assert error_of(mia.post(f"/services/data/v59.0/{path}", {})) == (404, "NOT_FOUND")


def test_the_records_of_a_related_list(mia: Person, tom: Person, dana: dict[str, Any]) -> None:
    account = mia.create("Account", Name="x")
    for number in range(5):
        mia.create("Contact", LastName=f"Related {number}", AccountId=account)
    path = f"ui-api/related-list-records/{account}/Contacts?fields=Contact.Name,Contact.Owner.Name"
    body = mia.get(f"{path}&pageSize=2&sortBy=-Contact.LastName").json()
    assert [one["fields"]["Name"]["value"] for one in body["records"]] == ["Related 4", "Related 3"]
    assert body["records"][0]["fields"]["Owner"]["displayValue"] == "Mia Keller"
    assert (body["count"], body["currentPageToken"], body["nextPageToken"]) == (2, "0", "2")
    after = mia.get(body["nextPageUrl"]).json()
    assert [one["fields"]["Name"]["value"] for one in after["records"]] == ["Related 2", "Related 1"]
    assert after["previousPageToken"] == "0"
    deal = mia.create("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    deals = f"ui-api/related-list-records/{account}/Opportunities?fields=Opportunity.Name"
    assert [one["id"] for one in mia.get(deals).json()["records"]] == [deal]
    assert tom.get(deals).json()["records"] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Nothing?fields=Contact.Name", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Contacts?fields=Contact.Nothing__c", (400, "INVALID_FIELD")),
        ("Contacts?pageSize=2000", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
        ("Contacts?sortBy=Contact.Description", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
    ],
)
def test_a_related_list_is_refused(mia: Person, dana: dict[str, Any], path: str, expected: tuple[int, str]) -> None:
    assert error_of(mia.get(f"ui-api/related-list-records/{dana['AccountId']}/{path}")) == expected
