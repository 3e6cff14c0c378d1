"""Creating, changing and deleting records for pages, and where each refusal stands."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.salesforce.conftest import Person, error_of

DEAL = {"Name": "Gauges", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


def post(person: Person, name: str, fields: dict[str, Any], **more: Any) -> httpx.Response:
    return person.post("ui-api/records", {"apiName": name, "fields": fields, **more})


def made(person: Person, name: str, **fields: Any) -> dict[str, Any]:
    answer = post(person, name, fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def output(answer: httpx.Response) -> dict[str, Any]:
    """What an Error with Output says."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body.keys() == {"enhancedErrorType", "message", "output", "statusCode"}
    assert (body["enhancedErrorType"], body["statusCode"]) == ("RecordError", 400)
    found: dict[str, Any] = body["output"]
    return found


def kinds(person: Person, name: str) -> dict[str, str]:
    infos = person.get(f"ui-api/object-info/{name}").json()["recordTypeInfos"].values()
    return {found["name"]: found["recordTypeId"] for found in infos}


def test_a_record_is_created_changed_and_deleted(mia: Person) -> None:
    body = made(mia, "Opportunity", **DEAL, Amount=1200.5)
    assert body["fields"]["Amount"] == {"displayValue": "£1,200.50", "value": 1200.5}
    assert body["fields"]["CloseDate"] == {"displayValue": "01/12/2026", "value": "2026-12-01"}
    assert body["recordTypeId"] == kinds(mia, "Opportunity")["New Business"]
    answer = mia.patch(f"ui-api/records/{body['id']}", {"fields": {"StageName": "Closed Lost"}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"]["StageName"]["value"] == "Closed Lost"
    assert mia.delete(f"ui-api/records/{body['id']}").status_code == 204


def test_fields_beside_the_layout_come_back_where_that_is_asked_for(mia: Person) -> None:
    path = f"ui-api/records/{made(mia, 'Contact', LastName='x')['id']}"
    change = {"fields": {"IsDeleted": None}}
    assert "LeadSource" in mia.patch(path, {"fields": {"LeadSource": "Web"}}).json()["fields"]
    assert output(mia.patch(path, change))["fieldErrors"].keys() == {"IsDeleted"}
    deal = f"ui-api/records/{made(mia, 'Opportunity', **DEAL)['id']}"
    private = {"fields": {"IsPrivate": True}}
    assert "IsPrivate" not in mia.patch(deal, private).json()["fields"]
    assert mia.patch(f"{deal}?includeFieldsInBody=true", private).json()["fields"]["IsPrivate"]["value"] is True


def test_every_required_field_that_is_missing_is_named(mia: Person) -> None:
    found = output(post(mia, "Opportunity", {"StageName": "Prospecting"}))
    assert found["errors"] == []
    assert found["fieldErrors"].keys() == {"Name", "CloseDate"}
    assert found["fieldErrors"]["CloseDate"] == [
        {
            "constituentField": None,
            "duplicateRecordError": None,
            "errorCode": "REQUIRED_FIELD_MISSING",
            "field": "CloseDate",
            "fieldLabel": "Close Date",
            "message": "Required fields are missing: [Name, CloseDate]",
        }
    ]


def test_a_part_of_a_compound_field_is_told_at_the_whole(mia: Person) -> None:
    (error,) = output(post(mia, "Contact", {"FirstName": "x"}))["fieldErrors"]["Name"]
    assert (error["field"], error["constituentField"]) == ("Name", "LastName")


def test_validation_rules_at_the_page_and_at_a_field(mia: Person) -> None:
    rules = [
        {"object": "Opportunity", "when": {"Type": "New Customer"}, "message": "Not this year."},
        {"object": "Opportunity", "field": "NextStep", "empty": True, "message": "What comes next?"},
    ]
    mia.post("/_sandbox/org", {"validation_rules": rules})
    found = output(post(mia, "Opportunity", {**DEAL, "Type": "New Customer"}))
    assert [(one["errorCode"], one["field"], one["message"]) for one in found["errors"]] == [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", None, "Not this year.")
    ]
    assert [one["message"] for one in found["fieldErrors"]["NextStep"]] == ["What comes next?"]
    rest = mia.post("sobjects/Opportunity", {**DEAL, "Type": "New Customer"})
    assert [one["message"] for one in rest.json()] == ["Not this year.", "What comes next?"]


@pytest.mark.parametrize(
    "fields",
    [
        {"Product__c": "Spade"},
        {"Product__c": "Data logger", "Component__c": "Transducer"},
        {"Component__c": "Transducer"},
        {"Product__c": "Flow gauge", "Component__c": "Display", "Fault__c": "Drift"},
    ],
)
def test_a_picklist_takes_what_it_offers_with_what_it_depends_on(mia: Person, fields: dict[str, str]) -> None:
    (name,) = output(post(mia, "Case", fields))["fieldErrors"]
    assert name == list(fields)[-1]
    right = {"Product__c": "Flow gauge", "Component__c": "Display", "Fault__c": "Dead pixels"}
    path = f"ui-api/records/{made(mia, 'Case', **right)['id']}"
    found = output(mia.patch(path, {"fields": {"Product__c": "Level sensor"}}))["fieldErrors"]["Component__c"]
    assert found[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_record_type_leaves_values_out(mia: Person) -> None:
    kind = kinds(mia, "Case")["Calibration"]
    found = output(post(mia, "Case", {"RecordTypeId": kind, "Product__c": "Data logger"}))
    assert found["fieldErrors"]["Product__c"][0]["message"] == (
        "Product: bad value for restricted picklist field: Data logger"
    )


def test_a_record_type_that_the_profile_has_not(mia: Person, ines: Person) -> None:
    kind = kinds(mia, "Opportunity")["Framework Agreement"]
    info = mia.get("ui-api/object-info/Opportunity").json()["recordTypeInfos"][kind]
    assert not info["available"]
    found = output(post(mia, "Opportunity", {**DEAL, "RecordTypeId": kind}))
    assert found["fieldErrors"]["RecordTypeId"][0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert made(ines, "Opportunity", **DEAL, RecordTypeId=kind)["recordTypeId"] == kind
    other = kinds(mia, "Case")["Calibration"]
    assert "RecordTypeId" in output(post(mia, "Opportunity", {**DEAL, "RecordTypeId": other}))["fieldErrors"]


def test_several_values_of_a_picklist(mia: Person) -> None:
    body = made(mia, "Opportunity", **DEAL, Competitors__c="Hydrosense;Delta Metering")
    assert body["fields"]["Competitors__c"]["value"] == "Hydrosense;Delta Metering"
    wrong = {**DEAL, "Competitors__c": "Hydrosense;Us"}
    assert output(post(mia, "Opportunity", wrong))["fieldErrors"].keys() == {"Competitors__c"}


def test_duplicates_are_told_with_the_records_they_double(mia: Person, dana: dict[str, Any]) -> None:
    fields = {"LastName": "Ruiz", "Email": "dana@northwind.example"}
    found = output(post(mia, "Contact", fields))
    assert found["fieldErrors"] == {}
    (error,) = found["errors"]
    assert error["errorCode"] == "DUPLICATES_DETECTED"
    (match,) = error["duplicateRecordError"]["matchResults"]
    assert match["apiName"] == "Contact"
    assert match["matchRecordIds"] == [dana["Id"]]
    assert match["isAllowSave"] is True
    assert match["objectLabelPlural"] == "Contacts"
    assert match["themeInfo"].keys() == {"color", "iconUrl"}
    assert post(mia, "Contact", fields, allowSaveOnDuplicate=True).status_code == 201
    again = mia.post("ui-api/records?allowSaveOnDuplicate=true", {"apiName": "Contact", "fields": fields})
    assert again.status_code == 201


def test_fields_that_the_user_may_only_read_or_not_even_see(mia: Person, ines: Person) -> None:
    account = made(mia, "Account", Name="x")["id"]
    found = output(mia.patch(f"ui-api/records/{account}", {"fields": {"SLA__c": "Gold"}}))
    assert found["fieldErrors"]["SLA__c"][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert ines.patch(f"ui-api/records/{account}", {"fields": {"SLA__c": "Gold"}}).status_code == 200
    assert error_of(post(mia, "Opportunity", {**DEAL, "Margin__c": 5})) == (400, "INVALID_FIELD")
    assert made(ines, "Opportunity", **DEAL, Margin__c=5)["fields"]["Margin__c"]["displayValue"] == "5.00%"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "ILLEGAL_QUERY_PARAMETER_VALUE"),
        ({"apiName": "Contact"}, "ILLEGAL_QUERY_PARAMETER_VALUE"),
        ({"fields": {}}, "ILLEGAL_QUERY_PARAMETER_VALUE"),
        ({"apiName": "Nothing__c", "fields": {}}, "INVALID_TYPE"),
        ({"apiName": "Contact", "fields": {}, "colour": 1}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Contact", "fields": {"LastName": 5}}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Account", "fields": {"Name": "x", "NumberOfEmployees": "5"}}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Opportunity", "fields": {**DEAL, "IsPrivate": "true"}}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Opportunity", "fields": {**DEAL, "CloseDate": "soon"}}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Contact", "fields": {"LastName": "x"}, "allowSaveOnDuplicate": 1}, "POST_BODY_PARSE_ERROR"),
        ({"apiName": "Contact", "fields": {"LastName": "x", "Nothing__c": "x"}}, "INVALID_FIELD"),
    ],
)
def test_a_request_that_cannot_be_understood(mia: Person, body: Any, expected: str) -> None:
    assert error_of(mia.post("ui-api/records", body)) == (400, expected)


def test_a_change_of_what_somebody_else_has_changed(mia: Person, tom: Person, org: Any) -> None:
    record = made(mia, "Contact", LastName="x")
    path, read = f"ui-api/records/{record['id']}", record["lastModifiedDate"]
    org.clock.advance(60)
    assert tom.patch(path, {"fields": {"Title": "Buyer"}}).status_code == 200
    headers = {"If-Unmodified-Since": read}
    answer = mia.request("PATCH", path, json={"fields": {"Title": "Seller"}}, headers=headers)
    (error,) = output(answer)["errors"]
    assert error["errorCode"] == "CollisionDetectedException"
    assert "Tom Okafor" in error["message"]
    now = mia.get(f"{path}?fields=Contact.Title").json()
    assert now["fields"]["Title"]["value"] == "Buyer"
    headers = {"If-Unmodified-Since": now["lastModifiedDate"]}
    assert mia.request("PATCH", path, json={"fields": {"Title": "Seller"}}, headers=headers).status_code == 200
    wrong = mia.request("PATCH", path, json={"fields": {}}, headers={"If-Unmodified-Since": "then"})
    assert error_of(wrong) == (400, "INVALID_HTTP_HEADER")


def test_a_change_of_what_is_not_the_users(mia: Person, tom: Person) -> None:
    deal = made(mia, "Opportunity", **DEAL)["id"]
    assert error_of(tom.patch(f"ui-api/records/{deal}", {"fields": {}})) == (403, "INSUFFICIENT_ACCESS")
    assert error_of(tom.delete(f"ui-api/records/{deal}")) == (403, "INSUFFICIENT_ACCESS")
    contact = made(mia, "Contact", LastName="x")["id"]
    found = output(tom.delete(f"ui-api/records/{contact}"))
    assert found["errors"][0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    body = {"apiName": "Contact", "fields": {"Title": "x"}}
    assert error_of(mia.patch(f"ui-api/records/{contact}", body)) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")


def test_a_lookup_to_what_cannot_be_seen_or_is_of_another_kind(mia: Person, tom: Person, dana: dict[str, Any]) -> None:
    deal = made(mia, "Opportunity", **DEAL)["id"]
    found = output(post(tom, "Task", {"Subject": "x", "WhatId": deal}))
    assert found["errors"][0]["errorCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    found = output(post(mia, "Contact", {"LastName": "x", "AccountId": dana["Id"]}))
    assert found["fieldErrors"]["AccountId"][0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_giving_a_record_away(mia: Person, tom: Person) -> None:
    change = {"fields": {"OwnerId": tom.user_id}}
    deal = made(mia, "Opportunity", **DEAL)["id"]
    assert error_of(mia.patch(f"ui-api/records/{deal}", change)) == (404, "NOT_FOUND")
    assert tom.get(f"ui-api/records/{deal}?fields=Opportunity.Name").status_code == 200
    deal = made(mia, "Opportunity", **DEAL)["id"]
    assert mia.patch(f"ui-api/records/{deal}?handleOwnerChange=true", change).status_code == 204


def test_a_duplicate_rule_that_leaves_no_choice(mia: Person) -> None:
    mia.post("/_sandbox/org", {"duplicates_blocked": True})
    fields = {"LastName": "Ruiz", "Email": "dana@northwind.example"}
    (error,) = output(post(mia, "Contact", fields, allowSaveOnDuplicate=True))["errors"]
    assert error["duplicateRecordError"]["matchResults"][0]["isAllowSave"] is False
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert error_of(mia.post("sobjects/Contact", fields, headers=header)) == (400, "DUPLICATES_DETECTED")
