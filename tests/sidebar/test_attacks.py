"""What somebody sends who means harm: each is refused in one sentence, none ends as a 500, none is held in memory."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import crypto, microsoft, signing_in
from accounts.models import Connection, SalesforceOrg, System, User
from accounts.services import connection_for, create_organisation, create_user
from sidebar import painted

pytestmark = pytest.mark.django_db

HINT: dict[str, Any] = {"item_key": "AAMkAGI=", "internet_message_id": "<m@x.example>", "conversation_id": "AAQk"}
FORMS = ["sidebar:context", "sidebar:filings"]
TWINS = ["sidebar:api-context", "sidebar:api-filings"]
DEEP = 100_000


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    crypto.forget_keys()
    cache.clear()
    yield
    crypto.forget_keys()


@pytest.fixture
def mia(db: None) -> User:
    tenant = str(uuid.uuid4())
    organisation = create_organisation("Larkfield", tenant_ids=[tenant], domains=["larkfield.example"])
    user = create_user(
        organisation, email="mia.keller@larkfield.example", name="Mia", tenant_id=tenant, oid=str(uuid.uuid4())
    )
    connection = connection_for(user, System.SALESFORCE)
    connection.salesforce_org = SalesforceOrg.objects.create(
        organisation=organisation, org_id="00D000000000001EAA", instance_url="https://larkfield.my.salesforce.com"
    )
    connection.state = Connection.State.ACTIVE
    connection.access_token, connection.refresh_token = "access", "refresh"
    connection.save()
    return user


@pytest.fixture
def pane(mia: User) -> Client:
    session, _actor = signing_in.begin_session(mia, client="outlook")
    return Client(headers={"Authorization": f"Bearer {session}"}, enforce_csrf_checks=True)


@pytest.mark.parametrize("route", FORMS)
@pytest.mark.parametrize(
    "hint",
    [
        "[" * DEEP,
        '{"a":' * 50_000,
        "null",
        "1" * 5000,
        "\x00",
        json.dumps({**HINT, "internet_message_id": {"$ne": ""}}),
        json.dumps({**HINT, "conversation_id": ["AAQk"]}),
        json.dumps({**HINT, "conversation_id": "AA\x00Qk"}),
        json.dumps({**HINT, "subject": "\ud800"}),
        json.dumps({**HINT, "item_key": "a\r\nSet-Cookie: x=y"}),
        json.dumps({**HINT, "item_key": "a" * 2000}),
        json.dumps({**HINT, "sent_at": "2026-11-23T08:00:00"}),
        json.dumps({**HINT, "to": [{"address": "a@b.example"}] * 1001}),
        json.dumps({**HINT, "subject": "x" * 300_000}),
        json.dumps({**HINT, "organisation": str(uuid.uuid4())}),
    ],
    ids=range(15),
)
def test_a_hint_that_is_none_is_refused_by_the_forms(pane: Client, route: str, hint: str) -> None:
    answer = pane.post(reverse(route), {"hint": hint, "generation": "1"})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("route", TWINS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"a":' * 50_000,
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        json.dumps({"hint": {**HINT, "subject": "\ud800"}}).encode(),
        json.dumps({"hint": {**HINT, "conversation_id": "a\x00"}}).encode(),
        json.dumps({"hint": {**HINT, "attachments": [{"key": "k", "name": "n", "size": -1}]}}).encode(),
        json.dumps({"hint": HINT, "generation": "1\r\nX: y"}).encode(),
        json.dumps({"hint": HINT, "user": "somebody else"}).encode(),
    ],
    ids=range(12),
)
def test_a_body_that_is_none_is_refused_by_the_twins(pane: Client, route: str, body: bytes) -> None:
    answer = pane.post(reverse(route), body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) & {"code", "detail"}


@pytest.mark.parametrize("route", [*TWINS, "sessions"])
def test_a_body_beyond_the_limit_is_refused(pane: Client, route: str) -> None:
    url = "/api/v1/sessions/" if route == "sessions" else reverse(route)
    body = b'{"token": "' + b"x" * 2_000_000 + b'"}'
    answer = pane.post(url, body, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("route", FORMS)
def test_a_form_beyond_the_limit_is_refused(pane: Client, route: str) -> None:
    fields = f"hint=x&generation={'1' * 2_000_000}"
    assert pane.post(reverse(route), fields, content_type="application/x-www-form-urlencoded").status_code == 400
    many = "&".join(f"f{number}=1" for number in range(2000))
    assert pane.post(reverse(route), many, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.parametrize(
    "chosen",
    [
        {"person": "003000000000001AAA' OR Name LIKE '%"},
        {"record": "../../sobjects/User"},
        {"record": "006"},
        {"attachment": "a\nb"},
        {"confirmed": "perhaps"},
    ],
)
def test_an_id_that_is_none_is_refused_before_anything_is_asked(pane: Client, chosen: dict[str, str]) -> None:
    form = {"hint": json.dumps(HINT), "generation": "1", **chosen}
    assert pane.post(reverse("sidebar:filings"), form).status_code == 400


def test_what_the_headers_echo_cannot_break_out_of_them(pane: Client) -> None:
    filing = reverse("sidebar:filing", args=[uuid.uuid4()])
    answer = pane.get(filing, headers={"X-Item-Key": "a b\x7f<script>", "X-Generation": "1;2"})
    assert answer.status_code == 404
    answer = pane.post(
        reverse("sidebar:context"), {"hint": "{}"}, headers={"X-Item-Key": "a <b>", "X-Generation": "-1"}
    )
    assert (answer.headers["X-Item-Key"], answer.headers["X-Generation"]) == ("", "")


@pytest.mark.parametrize("token", ["[" * 12_000, '{"alg":' * 1500, "null", '{"alg":"RS256","kid":{}}', "\x00"])
def test_a_token_whose_head_is_none_is_refused(token: str, db: None) -> None:
    head = base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    body = {"token": f"{head[:16_000]}.e30.c2ln", "client": "outlook"}
    answer = Client().post("/api/v1/sessions/", body, content_type="application/json")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_refused"
    with pytest.raises(microsoft.TokenRefused):
        microsoft.check_access_token(body["token"], is_provisioned=lambda _: True)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic bWlhOm1pYQ==", "bearer \xff", "Bearer a b", "x" * 9000])
def test_a_header_that_is_no_session_is_a_401(header: str, db: None) -> None:
    for route in (*FORMS, *TWINS):
        answer = Client().post(reverse(route), headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_painted_answer_is_found_by_its_own_person_connection_and_language_only(mia: User, rf: Any) -> None:
    from django.utils import translation

    from accounts.actor import Actor

    def place(user: User) -> str | None:
        return painted.place_of(Actor.of(User.objects.get(pk=user.pk)), {"hint": json.dumps(HINT)})

    places = [place(mia)]
    with translation.override("de"):
        places.append(place(mia))
    rival = create_organisation("Rival", tenant_ids=[str(uuid.uuid4())], domains=["rival.example"])
    rita = create_user(rival, email="rita@rival.example", name="Rita", tenant_id=str(uuid.uuid4()), oid="o")
    assert place(rita) is None
    # The same Salesforce org and user, connected by another organisation.
    theirs = connection_for(rita, System.SALESFORCE)
    theirs.salesforce_org = SalesforceOrg.objects.create(
        organisation=rival, org_id="00D000000000001EAA", instance_url="https://larkfield.my.salesforce.com"
    )
    theirs.state, theirs.access_token = Connection.State.ACTIVE, "access"
    theirs.save()
    places.append(place(rita))
    Connection.objects.filter(user=mia).update(external_user_id="005000000000009AAA")
    places.append(place(mia))
    assert None not in places
    assert len(set(places)) == len(places)
