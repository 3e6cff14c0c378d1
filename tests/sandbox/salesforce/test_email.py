"""EmailMessage: people, immutability, the Task that stands for it, and what goes when it goes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.store import Org
from tests.sandbox.salesforce.conftest import Person, error_of


def _sent(dana: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Subject": "Renewal",
        "Status": "3",
        "MessageIdentifier": "<AbC@mail.example>",
        "MessageDate": "2026-11-02T10:30:00Z",
        "TextBody": "See you",
        "FromAddress": "mia.keller@larkfield.example",
        "ToIds": [dana["Id"]],
        "RelatedToId": dana["AccountId"],
        **more,
    }


def test_people_become_relations_and_salesforce_makes_a_task(mia: Person, dana: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", **_sent(dana, CcIds=[mia.user_id], ToAddress="other@x.example"))
    found = mia.query(
        "SELECT Id, MessageIdentifier, RelatedTo.Name, RelatedTo.Type, ActivityId, Activity.Subject, Activity.Status,"
        " Activity.TaskSubtype, Activity.WhoId, Activity.WhatId, Activity.ActivityDate, ToIds,"
        " (SELECT RelationId, RelationType, RelationAddress, RelationObjectType, Relation.Name"
        " FROM EmailMessageRelations)"
        " FROM EmailMessage WHERE MessageIdentifier IN ('<AbC@mail.example>')"
    )[0]
    assert found["Id"] == email
    assert (found["RelatedTo"]["Name"], found["RelatedTo"]["Type"]) == ("Northwind Ltd", "Account")
    assert found["ToIds"] == [dana["Id"]]
    relations = found["EmailMessageRelations"]["records"]
    assert [(r["RelationType"], r["RelationObjectType"], r["Relation"]["Name"]) for r in relations] == [
        ("ToAddress", "Contact", "Dana Ruiz"),
        ("CcAddress", "User", "Mia Keller"),
    ]
    assert relations[0]["RelationAddress"] == "dana@northwind.example"
    task = found["Activity"]
    assert (task["Subject"], task["Status"], task["TaskSubtype"]) == ("Email: Renewal", "Completed", "Email")
    assert (task["WhoId"], task["WhatId"], task["ActivityDate"]) == (dana["Id"], dana["AccountId"], "2026-11-02")


def test_the_identifier_is_found_in_any_case_and_need_not_be_unique(mia: Person, dana: dict[str, Any]) -> None:
    mia.create("EmailMessage", **_sent(dana))
    mia.create("EmailMessage", **_sent(dana, MessageIdentifier="<abc@mail.example>"))
    text = (
        "SELECT MessageIdentifier FROM EmailMessage WHERE MessageIdentifier = '<ABC@mail.example>'"
        " ORDER BY CreatedDate, Id"
    )
    assert [row["MessageIdentifier"] for row in mia.query(text)] == ["<AbC@mail.example>", "<abc@mail.example>"]


@pytest.mark.parametrize("change", [{"Subject": "x"}, {"RelatedToId": None}, {"ToIds": []}, {"Status": "4"}])
def test_a_sent_email_cannot_be_changed(mia: Person, dana: dict[str, Any], change: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", **_sent(dana))
    answer = mia.patch(f"sobjects/EmailMessage/{email}", change)
    assert error_of(answer) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert answer.json()[0]["fields"] == list(change)


def test_custom_fields_and_visibility_of_a_sent_email_can_be_changed(mia: Person, dana: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", **_sent(dana))
    change = {"External_Key__c": "k", "IsExternallyVisible": True}
    assert mia.patch(f"sobjects/EmailMessage/{email}", change).status_code == 204


def test_a_draft_can_be_changed_and_gets_its_task_when_it_is_sent(
    mia: Person, tom: Person, dana: dict[str, Any]
) -> None:
    email = mia.create("EmailMessage", **_sent(dana, Status="5"))
    assert mia.get(f"sobjects/EmailMessage/{email}").json()["ActivityId"] is None
    assert error_of(tom.get(f"sobjects/EmailMessage/{email}")) == (404, "NOT_FOUND")
    assert mia.patch(f"sobjects/EmailMessage/{email}", {"Subject": "Better", "Status": "3"}).status_code == 204
    sent = mia.get(f"sobjects/EmailMessage/{email}").json()
    assert mia.get(f"sobjects/Task/{sent['ActivityId']}").json()["Subject"] == "Email: Better"


def test_deleting_an_email_takes_its_task_and_relations_along(mia: Person, dana: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", **_sent(dana))
    task = mia.get(f"sobjects/EmailMessage/{email}").json()["ActivityId"]
    assert mia.delete(f"sobjects/EmailMessage/{email}").status_code == 204
    assert error_of(mia.get(f"sobjects/Task/{task}")) == (404, "ENTITY_IS_DELETED")
    assert mia.query("SELECT Id FROM EmailMessageRelation WHERE EmailMessageId = {}", email) == []
    assert mia.query("SELECT Id FROM EmailMessage WHERE MessageIdentifier = '<AbC@mail.example>'") == []


def test_the_last_activity_follows_the_email(mia: Person, org: Org) -> None:
    account = mia.create("Account", Name="Rolled up")
    contact = mia.create("Contact", LastName="Up", AccountId=account)
    email = mia.create("EmailMessage", **_sent({"Id": contact, "AccountId": account}))
    day = "2026-11-02"
    assert mia.get(f"sobjects/Account/{account}").json()["LastActivityDate"] == day
    assert mia.get(f"sobjects/Contact/{contact}").json()["LastActivityDate"] == day
    mia.delete(f"sobjects/EmailMessage/{email}")
    assert mia.get(f"sobjects/Account/{account}").json()["LastActivityDate"] is None


def test_a_lead_among_the_people_leaves_the_task_without_a_record(
    mia: Person, dana: dict[str, Any], lead_id: str
) -> None:
    email = mia.create("EmailMessage", **_sent(dana, ToIds=[lead_id]))
    activity = mia.query("SELECT Activity.WhoId, Activity.WhatId FROM EmailMessage WHERE Id = {}", email)[0]["Activity"]
    assert (activity["WhoId"], activity["WhatId"]) == (lead_id, None)


def test_an_email_of_a_case_is_related_to_it(mia: Person, dana: dict[str, Any]) -> None:
    case = mia.query("SELECT Id FROM Case WHERE CaseNumber = '00012877'")[0]["Id"]
    body = _sent(dana, ParentId=case)
    assert error_of(mia.post("sobjects/EmailMessage", body)) == (400, "FIELD_INTEGRITY_EXCEPTION")
    del body["RelatedToId"]
    email = mia.create("EmailMessage", **body)
    assert mia.get(f"sobjects/EmailMessage/{email}").json()["RelatedToId"] == case
    emails = mia.query("SELECT Id, (SELECT Id FROM EmailMessages) FROM Case WHERE Id = {}", case)[0]["EmailMessages"]
    assert [row["Id"] for row in emails["records"]] == [email]
    wrong = _sent(dana, ParentId=dana["AccountId"])
    assert error_of(mia.post("sobjects/EmailMessage", wrong)) == (400, "FIELD_INTEGRITY_EXCEPTION")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"MessageIdentifier": "<" + "x" * 255 + ">"}, "STRING_TOO_LONG"),
        ({"ToAddress": "x" * 4001}, "STRING_TOO_LONG"),
        ({"TextBody": "x" * 131_073}, "STRING_TOO_LONG"),
        ({"Headers": "x" * 32_001}, "STRING_TOO_LONG"),
        ({"Status": "9"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"ToIds": ["nobody"]}, "MALFORMED_ID"),
        ({"ToIds": "003"}, "JSON_PARSER_ERROR"),
        ({"ToIds": ["0038V0000000999AAA"]}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"ToIds": ["0018V0000000999AAA"]}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"RelatedToId": "0038V0000000001QAA"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Subject": "Plan [do not file]"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ({"HasAttachment": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_an_email_is_refused(mia: Person, dana: dict[str, Any], more: dict[str, Any], code: str) -> None:
    assert error_of(mia.post("sobjects/EmailMessage", _sent(dana, **more))) == (400, code)
    assert mia.query("SELECT Id FROM EmailMessage") == []


def test_the_activity_cannot_be_chosen(mia: Person, dana: dict[str, Any]) -> None:
    task = mia.create("Task", Subject="x")
    answer = mia.post("sobjects/EmailMessage", _sent(dana, ActivityId=task))
    assert error_of(answer) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_without_enhanced_email_there_is_mail_of_cases_only(mia: Person, dana: dict[str, Any]) -> None:
    assert mia.post("/_sandbox/org", {"enhanced_email": False}).json()["enhanced_email"] is False
    assert error_of(mia.post("sobjects/EmailMessage", _sent(dana))) == (400, "INVALID_FIELD")
    body = _sent(dana)
    del body["RelatedToId"]
    answer = mia.post("sobjects/EmailMessage", body)
    assert error_of(answer) == (400, "REQUIRED_FIELD_MISSING")
    assert answer.json()[0]["fields"] == ["ParentId"]
    names = [field["name"] for field in mia.get("sobjects/EmailMessage/describe").json()["fields"]]
    assert "RelatedToId" not in names
    case = mia.query("SELECT Id FROM Case WHERE CaseNumber = '00012877'")[0]["Id"]
    mia.create("EmailMessage", **body, ParentId=case)


def test_a_relation_is_created_and_not_changed(mia: Person, dana: dict[str, Any]) -> None:
    email = mia.create("EmailMessage", **_sent(dana))
    relation = mia.create(
        "EmailMessageRelation", EmailMessageId=email, RelationId=mia.user_id, RelationType="FromAddress"
    )
    read = mia.get(f"sobjects/EmailMessageRelation/{relation}").json()
    assert (read["RelationObjectType"], read["RelationAddress"]) == ("User", "mia.keller@larkfield.example")
    answer = mia.patch(f"sobjects/EmailMessageRelation/{relation}", {"RelationType": "CcAddress"})
    assert error_of(answer) == (400, "INVALID_TYPE_FOR_OPERATION")
    nobody = {"EmailMessageId": email, "RelationType": "ToAddress"}
    assert error_of(mia.post("sobjects/EmailMessageRelation", nobody)) == (400, "REQUIRED_FIELD_MISSING")
    wrong = {**nobody, "RelationAddress": "a@x.example", "RelationType": "Friend"}
    assert error_of(mia.post("sobjects/EmailMessageRelation", wrong)) == (
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    )
