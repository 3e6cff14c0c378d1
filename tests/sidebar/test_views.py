"""The pane's routes and their JSON twins: who may ask, what an answer says of itself, and how errors are told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import crypto, signing_in
from accounts.models import User
from accounts.services import create_organisation, create_user

pytestmark = pytest.mark.django_db

HINT = {"item_key": "AAMkAGI=", "subject": "Renewal", "from": {"address": "dana@northwind.example", "name": "Dana"}}
FORM = {"hint": json.dumps(HINT), "generation": "4"}
# The same in every process that collects these tests.
FILING = "c1301ee5-275d-4e50-909c-e50050ebd70d"
PARTIALS = [
    ("post", reverse("sidebar:context")),
    ("post", reverse("sidebar:filings")),
    ("get", reverse("sidebar:filing", args=[FILING])),
    ("post", reverse("sidebar:undo", args=[FILING])),
]
TWINS = [
    ("post", reverse("sidebar:api-context")),
    ("post", reverse("sidebar:api-filings")),
    ("get", reverse("sidebar:api-filing", args=[FILING])),
    ("post", reverse("sidebar:api-undo", args=[FILING])),
]


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    crypto.forget_keys()
    yield
    crypto.forget_keys()


@pytest.fixture
def mia(db: None) -> User:
    tenant = str(uuid.uuid4())
    organisation = create_organisation("Larkfield", tenant_ids=[tenant], domains=["larkfield.example"])
    return create_user(
        organisation, email="mia.keller@larkfield.example", name="Mia", tenant_id=tenant, oid=str(uuid.uuid4())
    )


@pytest.fixture
def pane(mia: User) -> Client:
    session, _actor = signing_in.begin_session(mia, client="outlook")
    return Client(headers={"Authorization": f"Bearer {session}"}, enforce_csrf_checks=True)


def test_the_shell_is_public_and_holds_no_data(client: Client) -> None:
    response = client.get(reverse("sidebar:outlook"))
    assert response.status_code == 200
    assert "@" not in response.content.decode().replace("@media", "")
    assert not response.cookies


def test_the_shell_may_be_framed_by_outlook_and_runs_no_inline_script(client: Client) -> None:
    response = client.get(reverse("sidebar:outlook"))
    policy = response.headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert "https://outlook.office.com" in rules["frame-ancestors"].split()
    assert "unsafe" not in policy
    assert rules["default-src"] == "'none'"
    assert "X-Frame-Options" not in response.headers
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")


@pytest.mark.parametrize(("method", "path"), [*PARTIALS, *TWINS])
def test_without_a_session_nothing_is_answered(client: Client, method: str, path: str) -> None:
    response = getattr(client, method)(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), [*PARTIALS, *TWINS])
def test_a_cookie_is_no_session(client: Client, mia: User, method: str, path: str) -> None:
    client.force_login(mia)
    assert getattr(client, method)(path).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("get", PARTIALS[0][1]), ("get", PARTIALS[1][1]), ("get", PARTIALS[3][1])]
)
def test_only_the_method_that_is_meant(pane: Client, method: str, path: str) -> None:
    assert getattr(pane, method)(path).status_code == 405


def test_without_a_connection_the_pane_offers_to_connect(pane: Client) -> None:
    response = pane.post(PARTIALS[0][1], FORM)
    assert response.status_code == 409
    assert 'data-state="not-connected"' in response.content.decode()
    assert 'data-action="connect" data-system="salesforce"' in response.content.decode()


def test_every_answer_says_which_email_it_belongs_to(pane: Client) -> None:
    echoed = pane.post(PARTIALS[0][1], FORM, headers={"X-Item-Key": "AAMkAGI=", "X-Generation": "4"})
    assert (echoed.headers["X-Item-Key"], echoed.headers["X-Generation"]) == ("AAMkAGI=", "4")


def test_a_header_that_is_not_plain_is_not_echoed(pane: Client) -> None:
    response = pane.post(PARTIALS[0][1], FORM, headers={"X-Item-Key": "a b", "X-Generation": "-1"})
    assert (response.headers["X-Item-Key"], response.headers["X-Generation"]) == ("", "")


def test_a_hint_that_cannot_be_read_is_refused_by_field(pane: Client) -> None:
    response = pane.post(PARTIALS[0][1], {"hint": "{}", "generation": "1"})
    assert response.status_code == 400
    assert "hint.item_key: Field required." in response.content.decode()


@pytest.mark.parametrize("path", [PARTIALS[2][1], TWINS[2][1]])
def test_a_filing_that_is_not_ones_own_does_not_exist(pane: Client, path: str) -> None:
    assert pane.get(path).status_code == 404


def as_json(pane: Client, path: str, body: Any) -> Any:
    return pane.post(path, json.dumps(body), content_type="application/json")


def test_the_twin_tells_the_same_error_as_json(pane: Client) -> None:
    response = as_json(pane, TWINS[0][1], {"hint": HINT})
    assert response.status_code == 409
    assert response.json() == {"code": "not-connected", "detail": "", "system": "salesforce"}


@pytest.mark.parametrize("body", [{}, [], {"hint": HINT, "surprise": 1}, {"hint": {"item_key": 5}}])
def test_the_twin_names_what_is_wrong(pane: Client, body: Any) -> None:
    response = as_json(pane, TWINS[0][1], body)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert response.json()["problems"]


def test_the_schema_describes_the_twins(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    filing = schema["paths"]["/api/v1/filings/"]["post"]
    fields = filing["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"hint", "person", "record", "attachment", "confirmed"} <= set(fields)
    assert "$ref" not in json.dumps(fields)
    assert schema["paths"]["/api/v1/context/"]["post"]["responses"]["200"]
