"""OpenActivities and ActivityHistories, and what may be asked of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person

OPEN = (
    "SELECT Subject, IsTask, ActivityDate FROM OpenActivities"
    " ORDER BY ActivityDate ASC NULLS LAST, LastModifiedDate DESC"
)
PAST = "SELECT Subject, IsClosed FROM ActivityHistories ORDER BY ActivityDate DESC NULLS LAST, LastModifiedDate DESC"


@pytest.fixture
def dana_id(mia: Person, dana: dict[str, Any]) -> str:
    mia.post("/_sandbox/org", {"grow": {"activities": True}})
    return str(dana["Id"])


def test_what_is_to_come_and_what_has_been(mia: Person, dana_id: str) -> None:
    text = f"SELECT Id, ({OPEN} LIMIT 499), ({PAST} LIMIT 10) FROM Contact WHERE Id = {{}}"
    (found,) = mia.query(text, dana_id)
    coming, past = found["OpenActivities"]["records"], found["ActivityHistories"]["records"]
    assert {one["IsTask"] for one in coming} == {True, False}
    days = [one["ActivityDate"] for one in coming if one["ActivityDate"]]
    assert days == sorted(days)
    assert len(past) == 10
    assert all(one["IsClosed"] for one in past)


def test_below_the_account_and_the_opportunity(mia: Person, dana: dict[str, Any], dana_id: str) -> None:
    (account,) = mia.query(f"SELECT ({PAST} LIMIT 499) FROM Account WHERE Id = {{}}", dana["AccountId"])
    assert account["ActivityHistories"]["totalSize"] >= 10
    (deal,) = mia.query(f"SELECT ({PAST} LIMIT 499) FROM Opportunity WHERE Name = {{}}", "Renewal 2027")
    assert deal["ActivityHistories"]["totalSize"] >= 1


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ({OPEN}) FROM Contact LIMIT 1",
        f"SELECT ({OPEN} LIMIT 500) FROM Contact LIMIT 1",
        f"SELECT ({OPEN} LIMIT 5) FROM Contact LIMIT 2",
        "SELECT (SELECT Id FROM OpenActivities LIMIT 5) FROM Contact LIMIT 1",
        f"SELECT ({PAST.replace('DESC NULLS', 'ASC NULLS')} LIMIT 5) FROM Contact LIMIT 1",
        f"SELECT ({OPEN.replace(' ORDER', ' WHERE IsTask = true ORDER')} LIMIT 5) FROM Contact LIMIT 1",
    ],
)
def test_a_rep_asks_in_one_way_only(mia: Person, ines: Person, dana_id: str, text: str) -> None:
    assert mia.refusal(text)[0] == "MALFORMED_QUERY"
    assert ines.get("query", params={"q": text}).status_code == 200


@pytest.mark.parametrize("name", ["OpenActivity", "ActivityHistory"])
def test_they_are_no_objects_to_query(mia: Person, name: str) -> None:
    assert mia.refusal(f"SELECT Id FROM {name}")[0] == "INVALID_TYPE"


def test_they_are_related_lists_of_a_page(mia: Person, dana_id: str) -> None:
    path = f"ui-api/related-list-records/{dana_id}/OpenActivities?fields=OpenActivity.Subject&pageSize=2"
    body = mia.get(path).json()
    assert (body["count"], body["nextPageToken"]) == (2, "2")
    assert body["records"][0]["fields"]["Subject"]["value"]
