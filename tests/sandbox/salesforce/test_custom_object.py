"""An object of the org's own, Installation__c: unknown until it is switched on, then like any other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of

NAME = "Installation__c"


@pytest.fixture
def grown(mia: Person) -> Person:
    assert mia.post("/_sandbox/org", {"grow": {"custom_object": True}}).status_code == 200
    return mia


def children(person: Person, name: str) -> list[str | None]:
    return [c["relationshipName"] for c in person.get(f"sobjects/{name}/describe").json()["childRelationships"]]


def targets(person: Person, name: str, field: str) -> list[str]:
    fields = {one["name"]: one for one in person.get(f"sobjects/{name}/describe").json()["fields"]}
    found: list[str] = fields[field]["referenceTo"]
    return found


def test_it_is_unknown_until_it_is_switched_on(mia: Person, dana: dict[str, Any]) -> None:
    assert error_of(mia.get(f"sobjects/{NAME}/describe")) == (404, "NOT_FOUND")
    assert error_of(mia.get(f"ui-api/object-info/{NAME}")) == (400, "INVALID_TYPE")
    assert mia.refusal(f"SELECT Id FROM {NAME}")[0] == "INVALID_TYPE"
    assert mia.refusal("SELECT Id, (SELECT Id FROM Installations__r) FROM Account")[0] == "INVALID_TYPE"
    search = mia.get("search", params={"q": f"FIND {{northwind}} RETURNING {NAME}"})
    assert error_of(search) == (400, "INVALID_TYPE")
    assert NAME not in {one["name"] for one in mia.get("sobjects").json()["sobjects"]}
    assert NAME not in mia.get("ui-api/object-info").json()["objects"]
    assert "Installations__r" not in children(mia, "Account")
    info = mia.get("ui-api/object-info/Account").json()
    assert "Installations__r" not in {child["relationshipName"] for child in info["childRelationships"]}
    assert NAME not in targets(mia, "Task", "WhatId")
    related = mia.get(f"ui-api/related-list-records/{dana['AccountId']}/Installations__r")
    assert error_of(related) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")
    record = {"attributes": {"type": NAME}, "Name": "x"}
    answer = mia.post("composite/sobjects", {"records": [record]})
    assert "INVALID_TYPE" in answer.text
    assert mia.query("SELECT Id FROM RecordType WHERE SobjectType = 'Installation__c'") == []


def test_it_is_described_as_what_it_is(grown: Person) -> None:
    described = grown.get(f"sobjects/{NAME}/describe").json()
    assert (described["custom"], described["keyPrefix"]) == (True, "a0B")
    assert [one["name"] for one in described["recordTypeInfos"]] == ["Sold", "Rented", "Master"]
    assert "Installations__r" in children(grown, "Account")
    for name, field in (("Task", "WhatId"), ("Event", "WhatId"), ("EmailMessage", "RelatedToId")):
        assert NAME in targets(grown, name, field)
    info = grown.get(f"ui-api/object-info/{NAME}").json()
    assert info["custom"]
    assert info["dependentFields"] == {"Product__c": {"Model__c": {}}}
    assert info["fields"]["Account__c"]["relationshipName"] == "Account__r"


def test_its_records_hang_on_accounts(grown: Person, dana: dict[str, Any]) -> None:
    text = (
        "SELECT Name, (SELECT Id, Name, Account__r.Name FROM Installations__r ORDER BY Name) FROM Account WHERE Id = {}"
    )
    below = grown.query(text, dana["AccountId"])[0]["Installations__r"]
    assert below["totalSize"] == 2
    assert below["records"][0]["Account__r"]["Name"] == "Northwind Ltd"
    found = grown.get("search", params={"q": f"FIND {{bristol*}} RETURNING {NAME}(Id, Name)"}).json()
    assert len(found["searchRecords"]) == 2
    page = grown.get(f"ui-api/related-list-records/{dana['AccountId']}/Installations__r?fields={NAME}.Name").json()
    assert page["count"] == 2


def test_a_layout_for_each_record_type(grown: Person) -> None:
    kinds = {
        one["name"]: one["recordTypeId"]
        for one in grown.get(f"ui-api/object-info/{NAME}").json()["recordTypeInfos"].values()
    }
    texts = [
        grown.get(f"ui-api/record-defaults/create/{NAME}?recordTypeId={kinds[name]}").text
        for name in ("Sold", "Rented")
    ]
    assert ["Monthly_Rent__c" in text.partition('"objectInfos"')[0] for text in texts] == [False, True]
    values = grown.get(f"ui-api/object-info/{NAME}/picklist-values/{kinds['Rented']}/Product__c").json()
    assert [one["value"] for one in values["values"]] == ["Flow gauge", "Data logger"]


def test_it_is_written_and_has_activities(grown: Person, tom: Person, dana: dict[str, Any]) -> None:
    fields = {"Name": "Avonmouth, intake", "Account__c": dana["AccountId"], "Product__c": "Flow gauge"}
    body = {"apiName": NAME, "fields": fields}
    made = grown.post("ui-api/records", body)
    assert made.status_code == 201, made.text
    record = made.json()
    assert record["fields"]["Account__r"]["displayValue"] == "Northwind Ltd"
    wrong = {"apiName": NAME, "fields": {**fields, "Model__c": "LS-10"}}
    assert grown.post("ui-api/records", wrong).json()["output"]["fieldErrors"].keys() == {"Model__c"}
    task = grown.create("Task", Subject="Visit", WhatId=record["id"], WhoId=dana["Id"])
    email = grown.create("EmailMessage", Subject="x", Status="3", RelatedToId=record["id"], ToIds=[dana["Id"]])
    assert grown.query("SELECT What.Name, What.Type FROM Task WHERE Id = {}", task)[0]["What"]["Type"] == NAME
    assert grown.query("SELECT RelatedTo.Name FROM EmailMessage WHERE Id = {}", email)[0]["RelatedTo"]["Name"]
    text = f"SELECT (SELECT Subject FROM Tasks), (SELECT Subject FROM Events) FROM {NAME} WHERE Id = {{}}"
    assert {row["Subject"] for row in grown.query(text, record["id"])[0]["Tasks"]["records"]} >= {"Visit"}
    serial = {"Serial_Number__c": "LF-1"}
    assert grown.patch(f"sobjects/{NAME}/{record['id']}", serial).status_code == 204
    second = grown.create(NAME, Name="y")
    assert error_of(tom.patch(f"sobjects/{NAME}/{second}", serial)) == (400, "DUPLICATE_VALUE")
    lookup = tom.post("ui-api/lookups/Task/WhatId?searchType=TypeAhead&q=avonmouth&targetApiName=Installation__c", {})
    assert lookup.json()["lookupResults"][NAME]["count"] == 1


def test_its_activities_of_the_seed(grown: Person, dana: dict[str, Any]) -> None:
    (event,) = grown.query("SELECT Subject, What.Type FROM Event WHERE WhoId = {}", dana["Id"])
    assert (event["Subject"], event["What"]["Type"]) == ("Maintenance visit", NAME)


def test_an_activity_cannot_hang_on_it_where_it_is_not(mia: Person) -> None:
    refused = mia.post("sobjects/Task", {"Subject": "x", "WhatId": "a0B8V0000000001AAA"})
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] in ("FIELD_INTEGRITY_EXCEPTION", "MALFORMED_ID")
