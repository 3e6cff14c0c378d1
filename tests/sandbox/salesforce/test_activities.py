"""Tasks and events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of


def test_a_lead_stands_alone(mia: Person, dana: dict[str, Any], lead_id: str) -> None:
    body = {"Subject": "Call", "WhoId": lead_id, "WhatId": dana["AccountId"]}
    for sobject, more in (
        ("Task", {}),
        ("Event", {"ActivityDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30}),
    ):
        assert error_of(mia.post(f"sobjects/{sobject}", body | more)) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_a_person_is_no_record_and_a_record_no_person(mia: Person, dana: dict[str, Any]) -> None:
    assert error_of(mia.post("sobjects/Task", {"WhoId": dana["AccountId"]})) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert error_of(mia.post("sobjects/Task", {"WhatId": dana["Id"]})) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_a_task_is_closed_by_its_status_and_counts_for_the_account(mia: Person, dana: dict[str, Any]) -> None:
    task = mia.create("Task", Subject="Call", WhoId=dana["Id"], Status="completed", ActivityDate="2026-11-20")
    read = mia.get(f"sobjects/Task/{task}").json()
    assert (read["Status"], read["IsClosed"], read["AccountId"]) == ("Completed", True, dana["AccountId"])
    assert read["CompletedDateTime"] is not None
    assert read["OwnerId"] == mia.user_id


def test_several_people_need_shared_activities(mia: Person, dana: dict[str, Any], lead_id: str) -> None:
    people = [row["Id"] for row in mia.query("SELECT Id FROM Contact LIMIT 51")]
    task = mia.create("Task", Subject="x", TaskWhoIds=people[:50])
    found = mia.query(
        "SELECT WhoId, TaskWhoIds, (SELECT RelationId FROM TaskWhoRelations) FROM Task WHERE Id = {}", task
    )
    assert found[0]["WhoId"] == people[0]
    assert found[0]["TaskWhoIds"] == people[:50]
    assert found[0]["TaskWhoRelations"]["totalSize"] == 50
    mia.create("Task", Subject="x", TaskWhoIds=[lead_id])
    for wrong in (people, [dana["Id"], lead_id], [mia.user_id]):
        assert error_of(mia.post("sobjects/Task", {"TaskWhoIds": wrong})) == (400, "INVALID_EVENTWHOIDS")
    mia.post("/_sandbox/org", {"shared_activities": False})
    assert error_of(mia.post("sobjects/Task", {"TaskWhoIds": [dana["Id"]]})) == (400, "INVALID_EVENTWHOIDS")


def test_the_describe_tells_whether_activities_are_shared(mia: Person) -> None:
    def junctions() -> list[str]:
        children = mia.get("sobjects/Task/describe").json()["childRelationships"]
        return [name for child in children for name in child["junctionIdListNames"]]

    assert junctions() == ["TaskWhoIds"]
    mia.post("/_sandbox/org", {"shared_activities": False})
    assert junctions() == []


def test_an_event_has_a_beginning_and_a_length(mia: Person) -> None:
    event = mia.create(
        "Event", Subject="Visit", StartDateTime="2026-12-01T09:00:00Z", EndDateTime="2026-12-01T10:30:00Z"
    )
    read = mia.get(f"sobjects/Event/{event}").json()
    assert (read["DurationInMinutes"], read["ActivityDate"]) == (90, "2026-12-01")
    assert read["ActivityDateTime"] == "2026-12-01T09:00:00.000+0000"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Subject": "x"}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-12-01T09:00:00Z"}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-12-01T09:00:00Z", "EndDateTime": "2026-12-01T08:00:00Z"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"StartDateTime": "2026-12-01T09:00:00Z", "EndDateTime": "2026-12-20T08:00:00Z"}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            {"StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 5, "ShowAs": "Maybe"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
    ],
)
def test_an_event_is_refused(mia: Person, body: dict[str, Any], code: str) -> None:
    assert error_of(mia.post("sobjects/Event", body)) == (400, code)
