"""The User Interface API: metadata, layouts and records for pages."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.uiapi import layouts
from tests.sandbox.salesforce.conftest import Person, error_of

MASTER = "012000000000000AAA"


def info(person: Person, name: str) -> dict[str, Any]:
    answer = person.get(f"ui-api/object-info/{name}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def kinds(person: Person, name: str) -> dict[str, str]:
    """Record types by name."""
    return {found["name"]: found["recordTypeId"] for found in info(person, name)["recordTypeInfos"].values()}


def items(layout: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The items of a layout by the name of their first field."""
    return {
        str(item["layoutComponents"][0]["apiName"]): item
        for section in layout["sections"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
    }


def test_every_field_on_a_layout_is_one_of_its_object() -> None:
    found = layouts.every_layout()
    assert {"Account", "Case", "Contact", "Lead", "Opportunity", "Task", "Event"} <= found.keys()
    for name, each in found.items():
        assert len({one.id for one in each}) == len(each)
        for layout in each:
            fields = [f for s in layout.sections for row in s.rows for item in row for f in item.fields]
            assert fields
            assert {f.name for f in fields} <= OBJECTS[name].fields.keys()


def test_object_info_tells_of_an_object_and_its_fields(mia: Person) -> None:
    body = info(mia, "Case")
    assert body["apiName"] == "Case"
    assert body["defaultRecordTypeId"] == kinds(mia, "Case")["Product Support"]
    assert body["nameFields"] == ["CaseNumber"]
    assert body["dependentFields"]["Product__c"] == {"Component__c": {"Fault__c": {}}}
    fields = body["fields"]
    assert fields["ContactId"]["dataType"] == "Reference"
    assert fields["ContactId"]["referenceToInfos"] == [
        {"apiName": "Contact", "nameFields": ["FirstName", "LastName", "Name"]}
    ]
    assert fields["Fault__c"]["controllerName"] == "Component__c"
    assert fields["Fault__c"]["controllingFields"] == ["Component__c", "Product__c"]
    assert not fields["CaseNumber"]["createable"]
    assert not fields["CaseNumber"]["updateable"]
    assert {"relationshipName": "Tasks", "childObjectApiName": "Task"}.items() <= next(
        child for child in body["childRelationships"] if child["relationshipName"] == "Tasks"
    ).items()


def test_object_info_is_not_sent_again_to_who_has_it(mia: Person) -> None:
    first = mia.get("ui-api/object-info/Contact")
    again = mia.get("ui-api/object-info/Contact", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_batch_of_object_infos_has_a_status_for_each(mia: Person) -> None:
    results = mia.get("ui-api/object-info/batch/Contact,Nothing__c").json()["results"]
    assert [one["statusCode"] for one in results] == [200, 400]
    assert results[0]["result"]["apiName"] == "Contact"
    assert results[1]["result"][0]["errorCode"] == "INVALID_TYPE"


@pytest.mark.parametrize("name", ["Nothing__c", "Profile", "LeadStatus"])
def test_an_object_without_pages_is_refused(mia: Person, name: str) -> None:
    assert error_of(mia.get(f"ui-api/object-info/{name}")) == (400, "INVALID_TYPE")
    assert error_of(mia.get(f"ui-api/layout/{name}")) == (400, "INVALID_TYPE")
    assert error_of(mia.get(f"ui-api/record-defaults/create/{name}")) == (400, "INVALID_TYPE")


def test_field_level_security_differs_by_profile(mia: Person, ines: Person) -> None:
    assert "Margin__c" not in info(mia, "Opportunity")["fields"]
    assert "Margin__c" in info(ines, "Opportunity")["fields"]
    assert not info(mia, "Account")["fields"]["SLA__c"]["updateable"]
    assert info(ines, "Account")["fields"]["SLA__c"]["updateable"]
    mine = items(mia.get("ui-api/layout/Account?mode=Edit").json())
    assert not mine["SLA__c"]["editableForUpdate"]
    assert mine["CustomerPriority__c"]["editableForUpdate"]


def test_layouts_differ_by_profile_and_record_type(mia: Person, ines: Person) -> None:
    renewal = kinds(mia, "Opportunity")["Renewal"]
    usual = mia.get("ui-api/layout/Opportunity").json()
    other = mia.get(f"ui-api/layout/Opportunity?recordTypeId={renewal}&mode=Edit").json()
    admins = ines.get("ui-api/layout/Opportunity").json()
    assert len({usual["id"], other["id"], admins["id"]}) == 3
    assert "LeadSource" in items(usual)
    assert "LeadSource" not in items(other)
    assert items(other)["Amount"]["required"]
    assert "Margin__c" in items(admins)
    assert "Margin__c" not in items(usual)
    assert (other["layoutType"], other["mode"], other["recordTypeId"]) == ("Full", "Edit", renewal)


def test_a_compact_layout_has_one_column(mia: Person) -> None:
    layout = mia.get("ui-api/layout/Contact?layoutType=Compact").json()
    assert [section["columns"] for section in layout["sections"]] == [1]
    assert list(items(layout)) == ["Name", "Title", "AccountId", "Phone", "Email"]


def test_names_and_addresses_are_items_of_several_fields(mia: Person) -> None:
    shown = items(mia.get("ui-api/layout/Contact").json())
    parts = [part["apiName"] for part in shown["Salutation"]["layoutComponents"]]
    assert parts == ["Salutation", "FirstName", "LastName"]
    assert [part["apiName"] for part in shown["MailingStreet"]["layoutComponents"]][-1] == "MailingCountry"
    assert shown["AccountId"]["lookupIdApiName"] == "AccountId"


@pytest.mark.parametrize(
    "query", ["layoutType=Wide", "mode=view", "formFactor=Tiny", "recordTypeId=012", "recordTypeId=0128V0000000001AAA"]
)
def test_a_layout_with_a_wrong_parameter_is_refused(mia: Person, query: str) -> None:
    assert error_of(mia.get(f"ui-api/layout/Opportunity?{query}")) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")


def test_picklist_values_of_a_record_type(mia: Person) -> None:
    renewal = kinds(mia, "Opportunity")["Renewal"]
    values = mia.get(f"ui-api/object-info/Opportunity/picklist-values/{renewal}").json()["picklistFieldValues"]
    stages = [entry["value"] for entry in values["StageName"]["values"]]
    assert "Prospecting" not in stages
    assert values["StageName"]["values"][stages.index("Closed Won")]["attributes"]["won"]
    everything = mia.get(f"ui-api/object-info/Opportunity/picklist-values/{MASTER}/StageName").json()
    assert "Prospecting" in [entry["value"] for entry in everything["values"]]


def test_a_dependent_picklist_says_what_it_goes_with(mia: Person) -> None:
    kind = kinds(mia, "Case")["Calibration"]
    body = mia.get(f"ui-api/object-info/Case/picklist-values/{kind}/Component__c").json()
    assert body["controllerValues"] == {"Flow gauge": 0, "Level sensor": 1}
    valid = {entry["value"]: entry["validFor"] for entry in body["values"]}
    assert valid["Transducer"] == [0, 1]
    assert valid["Display"] == [0]
    assert valid["Battery"] == []
    described = {field["name"]: field for field in mia.get("sobjects/Case/describe").json()["fields"]}
    assert described["Component__c"]["controllerName"] == "Product__c"
    assert described["Component__c"]["picklistValues"][0]["validFor"] == "wA=="


@pytest.mark.parametrize(
    ("path", "code"), [("Subject", "INVALID_FIELD"), ("Nothing", "INVALID_FIELD"), ("ContactId", "INVALID_FIELD")]
)
def test_values_of_what_is_no_picklist_are_refused(mia: Person, path: str, code: str) -> None:
    assert error_of(mia.get(f"ui-api/object-info/Case/picklist-values/{MASTER}/{path}")) == (400, code)


def test_record_ui_brings_layouts_metadata_and_data(mia: Person, dana: dict[str, Any]) -> None:
    answer = mia.get(f"ui-api/record-ui/{dana['Id']}?layoutTypes=Full,Compact&modes=View,Edit")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    by_type = body["layouts"]["Contact"][MASTER]
    assert by_type.keys() == {"Full", "Compact"}
    assert by_type["Full"].keys() == {"View", "Edit"}
    assert body["layoutUserStates"].keys() == {by_type["Full"]["View"]["id"]}
    assert body["objectInfos"].keys() == {"Contact", "User"}
    fields = body["records"][dana["Id"]]["fields"]
    assert fields["Name"]["value"] == "Dana Ruiz"
    assert fields["Account"]["displayValue"] == "Northwind Ltd"
    assert fields["Account"]["value"]["fields"]["Id"]["value"] == dana["AccountId"]
    assert fields["Owner"]["displayValue"] == "Mia Keller"


def test_the_defaults_of_a_new_record(mia: Person) -> None:
    renewal = kinds(mia, "Opportunity")["Renewal"]
    body = mia.get(f"ui-api/record-defaults/create/Opportunity?recordTypeId={renewal}&formFactor=Large").json()
    assert body["layout"]["mode"] == "Create"
    assert body["record"]["recordTypeId"] == renewal
    assert body["record"]["id"] is None
    case = mia.get("ui-api/record-defaults/create/Case").json()["record"]
    assert case["fields"]["Status"] == {"displayValue": "New", "value": "New"}
    assert case["fields"]["Owner"]["displayValue"] == "Mia Keller"


def test_a_record_by_fields_and_optional_fields(mia: Person, dana: dict[str, Any]) -> None:
    fields = "Contact.Name,Contact.Account.Name,Contact.Account.Owner.Name"
    body = mia.get(
        f"ui-api/records/{dana['Id']}?fields={fields}&optionalFields=Contact.Nothing__c,Contact.Email"
    ).json()
    assert body["fields"].keys() == {"Name", "Account", "Email"}
    assert body["fields"]["Account"]["value"]["fields"]["Owner"]["value"]["fields"]["Name"]["value"] == "Mia Keller"
    assert body["lastModifiedDate"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (400, "INVALID_INPUT_COMBINATION")),
        ("fields=Contact.Name&layoutTypes=Full", (400, "INVALID_INPUT_COMBINATION")),
        ("fields=Contact.Nothing__c", (400, "INVALID_FIELD")),
        ("fields=Name", (400, "INVALID_FIELD")),
        ("fields=Account.Name", (400, "INVALID_FIELD")),
        ("layoutTypes=Broad", (400, "ILLEGAL_QUERY_PARAMETER_VALUE")),
    ],
)
def test_a_record_is_not_given_for_a_wrong_selection(
    mia: Person, dana: dict[str, Any], query: str, expected: tuple[int, str]
) -> None:
    assert error_of(mia.get(f"ui-api/records/{dana['Id']}?{query}")) == expected


def test_a_hidden_field_is_not_given(mia: Person) -> None:
    deal = mia.query("SELECT Id FROM Opportunity LIMIT 1")[0]["Id"]
    assert error_of(mia.get(f"ui-api/records/{deal}?fields=Opportunity.Margin__c")) == (400, "INVALID_FIELD")


def test_records_that_are_missing_or_out_of_sight(mia: Person, tom: Person, dana: dict[str, Any]) -> None:
    deal = mia.create("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01")
    query = "layoutTypes=Compact"
    assert error_of(tom.get(f"ui-api/records/{deal}?{query}")) == (403, "INSUFFICIENT_ACCESS")
    assert error_of(tom.get(f"ui-api/record-ui/{deal}")) == (403, "INSUFFICIENT_ACCESS")
    assert mia.delete(f"ui-api/records/{deal}").status_code == 204
    assert error_of(mia.get(f"ui-api/records/{deal}?{query}")) == (404, "NOT_FOUND")
    assert error_of(mia.get(f"ui-api/records/nonsense?{query}")) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")
    results = mia.get(f"ui-api/records/batch/{dana['Id']},{deal}?fields=Contact.Name").json()
    assert [one["statusCode"] for one in results["results"]] == [200, 404]


@pytest.mark.parametrize("composite", ["composite", "composite/batch"])
def test_pages_are_no_part_of_a_composite(mia: Person, composite: str) -> None:
    url = "/services/data/v66.0/ui-api/object-info/Contact"
    request = {"method": "GET", "url": url}
    if composite == "composite":
        body = mia.post(composite, {"compositeRequest": [{**request, "referenceId": "a"}]}).json()
        assert body["compositeResponse"][0]["httpStatusCode"] == 400
    else:
        body = mia.post(composite, {"batchRequests": [request]}).json()
        assert body["results"][0]["statusCode"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "object-info/Case/picklist-values/012000000000000AAA",
        "object-info/Case/picklist-values/012000000000000AAA/Product__c",
        "layout/Case",
        "records/{dana}?layoutTypes=Full",
        "record-ui/{dana}",
    ],
)
def test_what_somebody_has_is_not_sent_again(mia: Person, dana: dict[str, Any], path: str) -> None:
    address = f"ui-api/{path.format(dana=dana['Id'])}"
    first = mia.get(address)
    assert first.headers["ETag"] == f'"{first.json()["eTag"]}"'
    assert mia.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert mia.get(address, headers={"If-None-Match": '"another"'}).status_code == 200
