"""What an org may have beyond the seed's first records: activities, and very many records on one account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.__main__ import parse
from sandbox.seed.growth import Growth
from tests.sandbox.salesforce.conftest import Person


def grow(person: Person, **what: Any) -> None:
    answer = person.post("/_sandbox/org", {"grow": what})
    assert answer.status_code == 200, answer.text


def test_dana_has_a_past_and_a_future(mia: Person, dana: dict[str, Any], org: Any) -> None:
    grow(mia, activities=True)
    today = org.now().date().isoformat()
    tasks = mia.query(
        "SELECT Subject, TaskSubtype, IsClosed, ActivityDate, AccountId, Who.Name, What.Name, Owner.Name,"
        " CallDurationInSeconds FROM Task WHERE WhoId = {} ORDER BY ActivityDate DESC NULLS LAST",
        dana["Id"],
    )
    days = [task["ActivityDate"] for task in tasks]
    assert days == sorted(days, reverse=True)
    kinds = {task["TaskSubtype"] for task in tasks}
    assert {"Call", "Email", "Task"} <= kinds
    assert all(task["AccountId"] == dana["AccountId"] and task["What"] for task in tasks)
    assert any(task["CallDurationInSeconds"] for task in tasks)
    todo = [task["ActivityDate"] for task in tasks if not task["IsClosed"]]
    assert min(todo) < today <= max(todo)
    events = mia.query("SELECT StartDateTime, EndDateTime, Location FROM Event WHERE WhoId = {}", dana["Id"])
    now = org.now().strftime("%Y-%m-%dT%H:%M")
    assert {event["StartDateTime"] > now for event in events} == {True, False}
    assert all(event["StartDateTime"] < event["EndDateTime"] for event in events)


def test_emails_have_their_people_and_their_task(mia: Person, dana: dict[str, Any]) -> None:
    grow(mia, activities=True)
    emails = mia.query(
        "SELECT Id, Subject, Incoming, FromAddress, ActivityId, RelatedTo.Name, MessageDate FROM EmailMessage WHERE Id"
        " IN (SELECT EmailMessageId FROM EmailMessageRelation WHERE RelationId = {}) ORDER BY MessageDate DESC",
        dana["Id"],
    )
    assert len(emails) >= 3
    for email in emails:
        task = mia.get(f"sobjects/Task/{email['ActivityId']}").json()
        assert (task["TaskSubtype"], task["IsClosed"], task["WhoId"]) == ("Email", True, dana["Id"])
        assert (email["FromAddress"] == "dana@northwind.example") is email["Incoming"]


def test_tasks_are_children_of_their_people_and_records(mia: Person, dana: dict[str, Any]) -> None:
    grow(mia, activities=True)
    text = (
        "SELECT Id, (SELECT Id, ActivityDate FROM Tasks ORDER BY ActivityDate DESC LIMIT 3) FROM Contact WHERE Id = {}"
    )
    assert mia.query(text, dana["Id"])[0]["Tasks"]["totalSize"] == 3
    related = "SELECT Id FROM Task WHERE Id IN (SELECT TaskId FROM TaskWhoRelation WHERE RelationId = {})"
    assert len(mia.query(related, dana["Id"])) == len(mia.query("SELECT Id FROM Task WHERE WhoId = {}", dana["Id"]))


def test_the_last_activity_is_not_before_what_has_happened(mia: Person, dana: dict[str, Any]) -> None:
    grow(mia, activities=True)
    (last,) = mia.query("SELECT LastActivityDate FROM Contact WHERE Id = {}", dana["Id"])
    (done,) = mia.query("SELECT MAX(ActivityDate) latest FROM Task WHERE WhoId = {} AND IsClosed = true", dana["Id"])
    assert last["LastActivityDate"] >= done["latest"]


def test_nothing_was_kept_in_the_future(mia: Person, org: Any) -> None:
    grow(mia, activities=True, related_records=20)
    latest = org.now() + timedelta(seconds=1)
    for name in ("Task", "Event", "EmailMessage", "Contact", "Opportunity", "Case"):
        assert all(row["LastModifiedDate"] < latest for row in org.rows[name].values()), name


def test_two_hundred_records_on_one_account(mia: Person) -> None:
    grow(mia, related_records=200)
    account = mia.query("SELECT Id, Name FROM Account WHERE Name = 'Delmar Shipyards'")[0]["Id"]
    for name, field in (("Contact", "AccountId"), ("Case", "AccountId"), ("Task", "WhatId")):
        answer = mia.get("query", params={"q": f"SELECT COUNT() FROM {name} WHERE {field} = '{account}'"})
        assert answer.json()["totalSize"] >= 200, name
    body = mia.get(f"ui-api/related-list-records/{account}/Contacts?fields=Contact.Name").json()
    assert (body["count"], body["nextPageToken"]) == (50, "50")


def test_growing_twice_adds_nothing(mia: Person, org: Any) -> None:
    grow(mia, activities=True, related_records=5)
    before = {name: len(rows) for name, rows in org.rows.items()}
    grow(mia, activities=True, related_records=7)
    assert {name: len(rows) for name, rows in org.rows.items()} == before


@pytest.mark.parametrize(
    "wrong",
    [{"related_records": -1}, {"person_accounts": 1001}, {"activities": 1}, {"related_records": True}, {"x": 1}],
)
def test_an_org_does_not_grow_by_what_makes_no_sense(mia: Person, wrong: dict[str, Any]) -> None:
    assert mia.post("/_sandbox/org", {"grow": wrong}).status_code == 400


def test_the_command_line_says_how_the_org_is_grown() -> None:
    words = ["--activities", "--custom-object", "--person-accounts", "12", "--related-records", "200"]
    options = parse(["--state-dir", "x", *words])
    assert options.growth == Growth(True, 12, True, 200)
    assert parse(["--state-dir", "x"]).growth == Growth()


@pytest.mark.parametrize("number", ["-1", "1001", "many"])
def test_the_command_line_refuses_other_numbers(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--state-dir", "x", "--person-accounts", number])
    assert "person-accounts" in capsys.readouterr().err
