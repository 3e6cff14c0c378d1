"""Versions, tokens, methods, describes: what stands around the records."""

from __future__ import annotations

import pytest

from sandbox.salesforce.store import Org
from tests.sandbox.salesforce.conftest import DATA, Person, error_of


def test_versions_need_no_token(mia: Person) -> None:
    versions = mia.get("/services/data/", headers={"Authorization": ""}).json()
    assert versions[0]["version"] == "41.0"
    assert versions[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in versions


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic abc"])
def test_a_wrong_token_ends_the_session(mia: Person, header: str) -> None:
    answer = mia.get("limits", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize("path", ["sobjects", "limits", "sobjects/Contact/describe", ""])
def test_a_trailing_slash_makes_no_difference(mia: Person, path: str) -> None:
    with_slash, without = mia.get(f"{DATA}/{path}/".replace("//", "/")), mia.get(f"{DATA}/{path}".rstrip("/"))
    assert with_slash.status_code == 200
    assert with_slash.json() == without.json()


def test_what_is_not_there(mia: Person) -> None:
    assert error_of(mia.get("nothing")) == (404, "NOT_FOUND")
    assert error_of(mia.get("/services/data/v12.0/limits")) == (404, "NOT_FOUND")
    answer = mia.delete("sobjects")
    assert error_of(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.json()[0]["message"] == "HTTP Method 'DELETE' not allowed. Allowed are GET,HEAD"


def test_a_body_is_json(mia: Person) -> None:
    json_type, text_type = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
    for content in (b"{", b"[]", b"", b'"x"', b'{"NumberOfEmployees": NaN}', b"[" * 100_000):
        answer = mia.request("POST", "sobjects/Account", content=content, headers=json_type)
        assert error_of(answer) == (400, "JSON_PARSER_ERROR")
    assert error_of(mia.request("POST", "sobjects/Account", content=b"{}", headers=text_type)) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )


def test_a_describe_is_sent_again_only_when_the_schema_changed(mia: Person, org: Org) -> None:
    first = mia.get("sobjects/Contact/describe")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    again = mia.get("sobjects/Contact/describe", headers=since)
    assert (again.status_code, again.content) == (304, b"")
    org.clock.advance(4000)
    mia.post("/_sandbox/org", {"hidden_fields": [{"who": mia.user_id, "object": "Contact", "fields": ["Phone"]}]})
    changed = mia.get("sobjects/Contact/describe", headers=since)
    assert changed.status_code == 200
    assert "Phone" not in [field["name"] for field in changed.json()["fields"]]


def test_the_global_describe_lists_every_object(mia: Person) -> None:
    names = {entry["name"] for entry in mia.get("sobjects/").json()["sobjects"]}
    assert {"Account", "Contact", "Lead", "Opportunity", "Case", "EmailMessage", "ContentVersion", "Task"} <= names
    basic = mia.get("sobjects/Contact").json()
    assert basic["objectDescribe"]["keyPrefix"] == "003"
    assert len(basic["recentItems"]) == 5


def test_closed_statuses_and_stages_can_be_asked_for(mia: Person) -> None:
    assert mia.query("SELECT ApiName FROM TaskStatus WHERE IsClosed = true")[0]["ApiName"] == "Completed"
    stages = mia.query("SELECT MasterLabel FROM OpportunityStage WHERE IsWon = true")
    assert [stage["MasterLabel"] for stage in stages] == ["Closed Won"]
    organisation = mia.query("SELECT Name, IsSandbox FROM Organization")[0]
    assert organisation["Name"] == "Larkfield Instruments"
    assert mia.query("SELECT Profile.Name FROM User WHERE Username = 'ines.falk@larkfield.example'")[0]["Profile"][
        "Name"
    ] == ("System Administrator")


def test_the_limits_tell_the_daily_requests(mia: Person, org: Org) -> None:
    org.limits.used = 5
    daily = mia.get("limits").json()["DailyApiRequests"]
    assert daily == {"Max": org.limits.maximum, "Remaining": org.limits.maximum - 5}
