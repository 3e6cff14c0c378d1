"""The partials of records against the sandbox: what they say, with which status, and that nothing breaks out."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from tests.sessions import open_session
from tests.sync.services.conftest import stage as stage
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

NASTY = "\"><img src=x onerror=alert(1)>{{7*7}}'`<script>alert(2)</script>"


def client(stage: Stage, name: str = "mia") -> Client:
    return Client(headers={"Authorization": f"Bearer {open_session(stage.actor(name).user)}"})


def inputs(page: str) -> dict[str, str]:
    """The fields of a form as a browser would send them untouched."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        names = dict(re.findall(r'(\S+?)="([^"]*)"', tag))
        if "name" in names and names.get("type") != "checkbox":
            found[names["name"]] = html.unescape(names.get("value", ""))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(text)
    return found


@pytest.fixture
def nasty(stage: Stage) -> str:
    body = {"LastName": NASTY[:80], "Title": NASTY[:120], "Description": NASTY, "Department": NASTY[:80]}
    owner = stage.sandbox.user("mia")["salesforce_user_id"]
    made: Any = stage.salesforce("POST", "/sobjects/Contact", **body, OwnerId=owner).json()
    return str(made["id"])


def untouched(page: str) -> None:
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_nothing_in_a_record_is_markup(stage: Stage, nasty: str) -> None:
    pane = client(stage)
    untouched(pane.get(f"/pane/records/r/{nasty}/").content.decode())
    form = pane.get(f"/pane/records/r/{nasty}/edit/").content.decode()
    untouched(form)
    assert inputs(form)["f.Description"] == NASTY
    untouched(pane.get("/pane/records/search/").content.decode())
    # What was typed comes back as it was typed.
    sent = pane.post(f"/pane/records/r/{nasty}/edit/", {**inputs(form), "f.Fax": NASTY, "f.Email": NASTY})
    assert sent.status_code == 422
    untouched(sent.content.decode())
    missing = pane.get("/pane/records/search/", {"q": NASTY})
    untouched(missing.content.decode())


def test_a_form_that_comes_back_as_it_was_changes_nothing(stage: Stage, nasty: str) -> None:
    pane = client(stage)
    form = pane.get(f"/pane/records/r/{nasty}/edit/").content.decode()
    stage.sandbox.clear_log()
    assert pane.post(f"/pane/records/r/{nasty}/edit/", inputs(form)).status_code == 200
    assert not [call for call in stage.calls() if call.startswith("PATCH")]


def test_an_edit_is_saved_and_the_record_shown(stage: Stage, nasty: str) -> None:
    pane = client(stage)
    fields = inputs(pane.get(f"/pane/records/r/{nasty}/edit/").content.decode())
    saved = pane.post(f"/pane/records/r/{nasty}/edit/", {**fields, "f.LastName": "Plain", "f.Birthdate": "1990-02-03"})
    assert saved.status_code == 200
    assert f'data-forget="record:{nasty}"' in saved.content.decode()
    [after] = stage.query(f"SELECT LastName, Birthdate, Title FROM Contact WHERE Id = '{nasty}'")
    assert (after["LastName"], after["Birthdate"], after["Title"]) == ("Plain", "1990-02-03", NASTY[:120])


def test_what_goes_wrong_while_sending_stands_at_the_foot_of_the_form(stage: Stage, nasty: str) -> None:
    pane = client(stage)
    fields = inputs(pane.get(f"/pane/records/r/{nasty}/edit/").content.decode())
    stage.sandbox.fault(service="salesforce", method="PATCH", path=".*", kind="throttle", retry_after=7)
    answer = pane.post(f"/pane/records/r/{nasty}/edit/", {**fields, "f.LastName": "Plain"})
    assert answer.status_code == 429
    assert answer.headers["HX-Retarget"] == "#record-problem"
    assert answer.headers["Retry-After"] == "7"


def test_defaults_that_are_given_fill_the_form_and_nothing_else(stage: Stage) -> None:
    given = {"LastName": "Wei", "Email": "li.wei@northwind.example", "OwnerId": "005000000000001AAA", "x": ["y"]}
    page = client(stage).get("/pane/records/new/Contact/", {"defaults": json.dumps(given)}).content.decode()
    fields = inputs(page)
    assert (fields["f.LastName"], fields["f.Email"]) == ("Wei", "li.wei@northwind.example")
    assert fields["was.LastName"] == ""
    assert "f.OwnerId" not in fields
    for broken in ("{", "[]", "null", "[" * 5000):
        assert client(stage).get("/pane/records/new/Contact/", {"defaults": broken}).status_code == 200


def test_a_lookup_that_is_given_shows_what_its_record_is_called(stage: Stage) -> None:
    given = {"AccountId": "001000000000001AAA", "name.AccountId": "North & West", "name.OwnerId": "Somebody"}
    page = client(stage).get("/pane/records/new/Contact/", {"defaults": json.dumps(given)}).content.decode()
    fields = inputs(page)
    assert (fields["f.AccountId"], fields["name.AccountId"]) == ("001000000000001AAA", "North & West")
    assert "name.OwnerId" not in fields
    assert "Somebody" not in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("r/x/", 404),
        ("r/003000000000009AAA/", 404),
        ("new/User/", 403),
        ("new/Contact__c/", 403),
        ("r/001000000000009AAA/edit/", 404),
        ("r/003000000000009AAA/convert/", 404),
    ],
)
def test_what_is_not_there_or_not_allowed_is_a_designed_state(stage: Stage, path: str, status: int) -> None:
    answer = client(stage).get(f"/pane/records/{path}")
    assert answer.status_code == status
    assert 'class="state"' in answer.content.decode()


def test_somebody_who_is_not_connected_is_asked_to_connect(stage: Stage) -> None:
    answer = client(stage, "sofia").get("/pane/records/search/?q=dana")
    assert answer.status_code == 409
    assert 'data-action="connect"' in answer.content.decode()


def test_a_lookup_lists_what_it_may_lead_to(stage: Stage) -> None:
    page = client(stage).get("/pane/records/lookup/", {"objects": "Account", "q": "northw"}).content.decode()
    assert 'role="option"' in page
    assert 'data-name="Northwind Ltd"' in page
    for objects in ("", "x'", "Group", "User(Id)"):
        assert client(stage).get("/pane/records/lookup/", {"objects": objects, "q": "northw"}).status_code == 200


def test_the_json_twins_speak_of_the_same(stage: Stage) -> None:
    api = client(stage)
    found = api.get("/api/v1/records/search/", {"q": "dana@northwind.example"}).json()
    assert [one["name"] for one in found] == ["Dana Ruiz"]
    record_id = found[0]["id"]
    seen = api.get(f"/api/v1/records/r/{record_id}/").json()
    assert (seen["name"], seen["object_name"]) == ("Dana Ruiz", "Contact")
    form = api.get(f"/api/v1/records/r/{record_id}/form/").json()

    def post(path: str, body: Any) -> Any:
        return api.post(f"/api/v1/records/{path}", json.dumps(body), "application/json")

    changed = {"texts": {**form["texts"], "Title": "Chief"}, "was": form["was"], "modified": form["modified"]}
    assert post(f"r/{record_id}/form/", changed).json() == {"object_name": "Contact", "record_id": record_id}
    new = api.get("/api/v1/records/new/Contact/").json()
    body = {"texts": {"LastName": "Okonjo"}, "key": new["key"]}
    made = post("new/Contact/", body)
    assert made.status_code == 201
    assert post("new/Contact/", body).json() == made.json()
    refused = post("new/Contact/", {"texts": {"FirstName": "x"}, "key": "a" * 20})
    assert refused.status_code == 422
    assert refused.json()["at"] == {"LastName": ["Fill this in."]}
    assert post("new/Contact/", {"texts": {"Last Name": "x", "LastName": 1}}).status_code == 400
    assert post(f"r/{record_id}/form/", {"texts": {}, "nonsense": 1}).status_code == 400
