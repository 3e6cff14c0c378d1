"""The dialog's refusals: each step once, in time, by the one who began, with answers that fit."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
import time_machine
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import connecting
from accounts.models import Connection, ConnectionAttempt, SalesforceOrg, System, User
from tests.accounts.people import Bearer
from tests.trails import said_anywhere, told

LOGIN = "https://login.salesforce.com"
INSTANCE = "https://larkfield.my.salesforce.com"
ORG, USER = "00D000000000001EAA", "005000000000001AAA"
SECRET = "client-secret"


class Salesforce:
    """Salesforce at the HTTP edge. A test changes one thing of its answers."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.answer: dict[str, Any] = {
            "access_token": "access-1",
            "refresh_token": "refresh-1",
            "instance_url": INSTANCE,
            "id": f"{LOGIN}/id/{ORG}/{USER}",
            "issued_at": "1800000000000",
            "token_type": "Bearer",
        }
        self.userinfo: dict[str, Any] = {
            "user_id": USER,
            "organization_id": ORG,
            "preferred_username": "mia@larkfield.example",
            "name": "Mia <b>Keller</b>",
        }
        self.signature = ""
        mock.add_callback(responses.POST, f"{LOGIN}/services/oauth2/token", self._token)
        mock.add_callback(responses.GET, re.compile(r".*/services/oauth2/userinfo"), self._userinfo)
        mock.post(f"{LOGIN}/services/oauth2/revoke", status=200)

    def _token(self, request: Any) -> tuple[int, dict[str, str], str]:
        signed = f"{self.answer.get('id')}{self.answer.get('issued_at')}".encode()
        good = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        return 200, {}, json.dumps({"signature": self.signature or good, **self.answer})

    def _userinfo(self, request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps(self.userinfo)

    def calls(self, ending: str) -> list[Any]:
        return [call.request for call in self.mock.calls if str(call.request.url).partition("?")[0].endswith(ending)]


@pytest.fixture
def at_salesforce(settings: Settings) -> Iterator[Salesforce]:
    settings.ALONGSIDE_SANDBOX = False
    settings.ALONGSIDE_PUBLIC_URL = "https://alongside.example"
    settings.SALESFORCE_LOGIN_URL = LOGIN
    settings.SALESFORCE_AUTHORIZE_URL = f"{LOGIN}/services/oauth2/authorize"
    settings.SALESFORCE_CLIENT_ID = "client-id"
    settings.SALESFORCE_CLIENT_SECRET = SECRET
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Salesforce(mock)


@pytest.fixture
def pane(mia: User, signed_in: Callable[[User], Bearer]) -> Bearer:
    return signed_in(mia)


def ticket_of(pane: Bearer) -> str:
    return str(pane.client.post("/api/v1/connections/salesforce/").json()["dialog_url"])


def sent_to(pane: Bearer) -> tuple[str, dict[str, str]]:
    """Where the dialog's first page sends the person, and with which parameters."""
    answer = Client().get(ticket_of(pane))
    assert answer.status_code == 302, answer.content
    parts = urlsplit(answer["Location"])
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"{parts.scheme}://{parts.netloc}{parts.path}", asked


def back(state: str, **query: str) -> HttpResponse:
    asked = {"state": state, "code": "the-code", **query}
    return Client().get("/connect/salesforce/callback/", asked)  # type: ignore[return-value]


def secret_in(page: HttpResponse) -> str:
    found = re.search(r'name="secret" value="([^"]+)"', page.content.decode())
    assert found is not None, page.content
    return found[1]


def confirmed(secret: str) -> HttpResponse:
    return Client().post("/connect/salesforce/confirm/", {"secret": secret})  # type: ignore[return-value]


def code_in(page: HttpResponse) -> str:
    found = re.search(r'data-code="([^"]+)"', page.content.decode())
    assert found is not None, page.content
    return found[1]


def finish(pane: Bearer, code: str) -> HttpResponse:
    address = "/api/v1/connections/salesforce/finish/"
    return pane.client.post(address, {"code": code}, content_type="application/json")  # type: ignore[return-value]


def refused(page: HttpResponse, reason: str) -> None:
    assert page.status_code == 400, page.content
    assert f'data-problem="{reason}"' in page.content.decode()
    assert not Connection.objects.filter(state="active").exists()


def test_the_way_to_salesforce_carries_pkce_and_an_exact_return_address(
    pane: Bearer, at_salesforce: Salesforce
) -> None:
    address, asked = sent_to(pane)
    assert address == f"{LOGIN}/services/oauth2/authorize"
    assert asked["redirect_uri"] == "https://alongside.example/connect/salesforce/callback/"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["state"]) == 43
    back(asked["state"])
    form = {name: values[0] for name, values in parse_qs(at_salesforce.calls("/token")[0].body).items()}
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert form["code"] == "the-code"


def test_the_whole_walk_connects(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    answer = finish(pane, code_in(confirmed(secret_in(back(asked["state"])))))
    assert answer.status_code == 200
    row = Connection.objects.get()
    assert (row.state, row.instance_url, row.external_user_id) == ("active", INSTANCE, USER)
    assert SalesforceOrg.objects.get().org_id == ORG
    assert row.access_token.unseal() == "access-1"
    assert told("connection.connected") == [
        ("connection.connected", {"system": "salesforce", "user": str(pane.actor.user.pk)})
    ]
    assert said_anywhere(asked["state"], "the-code", "access-1", "refresh-1", USER, "keller") == []


def test_a_ticket_is_good_for_one_visit(pane: Bearer, at_salesforce: Salesforce) -> None:
    ticket = ticket_of(pane)
    assert Client().get(ticket).status_code == 302
    refused(Client().get(ticket), "link-used")  # type: ignore[arg-type]


def test_an_invented_ticket_leads_nowhere(pane: Bearer, at_salesforce: Salesforce) -> None:
    refused(Client().get("/connect/salesforce/abc/"), "link-used")  # type: ignore[arg-type]


def test_a_state_is_taken_once(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    assert back(asked["state"]).status_code == 200
    refused(back(asked["state"]), "state")
    assert len(at_salesforce.calls("/token")) == 1


@pytest.mark.parametrize("state", ["", "invented"])
def test_a_state_that_was_never_given_is_refused_without_asking_salesforce(
    pane: Bearer, at_salesforce: Salesforce, state: str
) -> None:
    sent_to(pane)
    refused(back(state), "state")
    assert not at_salesforce.calls("/token")


def test_each_step_has_ten_minutes_from_the_first(pane: Bearer, at_salesforce: Salesforce) -> None:
    ticket = ticket_of(pane)
    _, asked = sent_to(pane)
    _, further = sent_to(pane)
    secret = secret_in(back(further["state"]))
    _, last = sent_to(pane)
    code = code_in(confirmed(secret_in(back(last["state"]))))
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        refused(Client().get(ticket), "link-used")  # type: ignore[arg-type]
        refused(back(asked["state"]), "state")
        refused(confirmed(secret), "link-used")
        with pytest.raises(connecting.ConnectingRefused):
            connecting.finish(pane.actor, System.SALESFORCE, code)


def test_a_confirmation_is_taken_once(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    secret = secret_in(back(asked["state"]))
    code = code_in(confirmed(secret))
    refused(confirmed(secret), "link-used")
    assert finish(pane, code).status_code == 200


def test_a_confirmation_is_posted_not_got(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    secret = secret_in(back(asked["state"]))
    assert Client().get("/connect/salesforce/confirm/", {"secret": secret}).status_code == 405


def test_a_code_is_taken_once(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    code = code_in(confirmed(secret_in(back(asked["state"]))))
    assert [finish(pane, code).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("stranger", ["tom", "rita"])
def test_another_user_cannot_use_a_code_and_spends_it(
    pane: Bearer,
    at_salesforce: Salesforce,
    request: pytest.FixtureRequest,
    signed_in: Callable[[User], Bearer],
    stranger: str,
) -> None:
    _, asked = sent_to(pane)
    code = code_in(confirmed(secret_in(back(asked["state"]))))
    assert finish(signed_in(request.getfixturevalue(stranger)), code).status_code == 400
    assert finish(pane, code).status_code == 400
    assert not Connection.objects.filter(state="active").exists()
    assert at_salesforce.calls("/revoke")[0].body == "token=refresh-1"


def test_switching_the_user_off_ends_their_attempt(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    User.objects.update(is_active=False)
    refused(back(asked["state"]), "state")


def test_not_allowing_it_spends_the_state(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    page = back(asked["state"], error="access_denied")
    assert (page.status_code, 'data-problem="denied"' in page.content.decode()) == (200, True)
    refused(back(asked["state"]), "state")
    # What nobody asked for is nobody's: it is not recorded.
    about = {"system": "salesforce", "user": str(pane.actor.user.pk), "reason": "denied"}
    assert told("connection.refused") == [("connection.refused", about)]


def test_any_other_error_of_salesforce_is_a_clear_page_without_its_words(
    pane: Bearer, at_salesforce: Salesforce
) -> None:
    _, asked = sent_to(pane)
    page = back(asked["state"], error="<script>", error_description="<img src=x>")
    refused(page, "provider")
    assert "<img" not in page.content.decode()


@pytest.mark.parametrize("issuer", ["https://login.attacker.example", "", "http://login.salesforce.com"])
def test_another_issuer_of_the_answer_is_refused(pane: Bearer, at_salesforce: Salesforce, issuer: str) -> None:
    _, asked = sent_to(pane)
    refused(back(asked["state"], iss=issuer), "issuer")
    assert not at_salesforce.calls("/token")


def test_the_right_issuer_is_taken(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    assert back(asked["state"], iss=LOGIN).status_code == 200


@pytest.mark.parametrize(
    "identity",
    [
        f"https://login.attacker.example/id/{ORG}/{USER}",
        f"http://login.salesforce.com/id/{ORG}/{USER}",
        f"https://login.salesforce.com@attacker.example/id/{ORG}/{USER}",
        f"https://login.salesforce.com/id/{ORG}",
        f"https://login.salesforce.com/id/{USER}/{ORG}",
        "",
        None,
    ],
)
def test_an_identity_that_salesforce_cannot_vouch_for_is_refused(
    pane: Bearer, at_salesforce: Salesforce, identity: str | None
) -> None:
    at_salesforce.answer["id"] = identity
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "issuer")


def test_a_tampered_identity_breaks_its_signature(pane: Bearer, at_salesforce: Salesforce) -> None:
    at_salesforce.signature = base64.b64encode(b"0" * 32).decode()
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "issuer")


@pytest.mark.parametrize(
    "instance",
    [
        "https://attacker.example",
        "https://larkfield.my.salesforce.com.attacker.example",
        "https://larkfield.my.salesforce.com@attacker.example",
        "https://larkfield.my.salesforce.com:8443",
        "https://larkfield.my.salesforce.com/",
        "https://larkfield.my.salesforce.com?x",
        "https://LARKFIELD.my.salesforce.com.",
        "http://larkfield.my.salesforce.com",
        "https://a.b.my.salesforce.com",
        "https://localhost:9443",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "",
        None,
    ],
)
def test_another_host_is_never_adopted_as_the_instance(
    pane: Bearer, at_salesforce: Salesforce, instance: str | None
) -> None:
    at_salesforce.answer["instance_url"] = instance
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "answer")
    assert not at_salesforce.calls("/userinfo")


@pytest.mark.parametrize(
    "host", ["larkfield", "larkfield--uat.sandbox", "larkfield--dev", "larkfield-1.develop", "larkfield.scratch"]
)
def test_my_domain_hosts_are_adopted(pane: Bearer, at_salesforce: Salesforce, host: str) -> None:
    at_salesforce.answer["instance_url"] = f"https://{host}.my.salesforce.com"
    _, asked = sent_to(pane)
    assert back(asked["state"]).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"user_id": "005000000000002AAA"}, {"organization_id": "00D000000000002EAA"}, {"preferred_username": ""}],
)
def test_userinfo_of_somebody_else_is_refused(pane: Bearer, at_salesforce: Salesforce, change: dict[str, str]) -> None:
    at_salesforce.userinfo |= change
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "answer")


def test_an_answer_without_a_refresh_token_is_refused(pane: Bearer, at_salesforce: Salesforce) -> None:
    del at_salesforce.answer["refresh_token"]
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "answer")


def test_another_salesforce_user_than_the_expected_is_refused_and_let_go(
    pane: Bearer, at_salesforce: Salesforce
) -> None:
    User.objects.update(salesforce_username="somebody.else@larkfield.example")
    _, asked = sent_to(pane)
    assert asked["login_hint"] == "somebody.else@larkfield.example"
    refused(back(asked["state"]), "other-user")
    assert at_salesforce.calls("/revoke")[0].body == "token=refresh-1"


def test_names_from_salesforce_are_shown_as_text(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    page = back(asked["state"]).content.decode()
    assert "Mia &lt;b&gt;Keller&lt;/b&gt;" in page


def test_no_page_of_the_dialog_is_kept_or_sets_a_cookie_or_runs_inline_script(
    pane: Bearer, at_salesforce: Salesforce
) -> None:
    opened = Client().get(ticket_of(pane))
    _, asked = sent_to(pane)
    question = back(asked["state"])
    done = confirmed(secret_in(question))
    for page in (opened, question, done):
        assert "no-store" in page.headers["Cache-Control"]
        assert not page.cookies
        assert page.headers["Referrer-Policy"] == "no-referrer"
        for script in re.findall(r"<script[^>]*>", page.content.decode()):
            assert "src=" in script
        assert "access-1" not in page.content.decode()
    assert 'data-origin="https://alongside.example"' in done.content.decode()


def test_salesforce_not_answering_is_a_clear_page(pane: Bearer, at_salesforce: Salesforce) -> None:
    at_salesforce.mock.replace(responses.POST, f"{LOGIN}/services/oauth2/token", status=503)
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "unavailable")


def test_a_code_that_salesforce_does_not_take_is_a_clear_page(pane: Bearer, at_salesforce: Salesforce) -> None:
    at_salesforce.mock.replace(
        responses.POST, f"{LOGIN}/services/oauth2/token", status=400, json={"error": "invalid_grant"}
    )
    _, asked = sent_to(pane)
    refused(back(asked["state"]), "grant")


def test_attempts_nobody_finished_are_deleted_and_their_grant_is_ended(pane: Bearer, at_salesforce: Salesforce) -> None:
    _, asked = sent_to(pane)
    confirmed(secret_in(back(asked["state"])))
    ticket_of(pane)
    call_command("clear_expired", verbosity=0)
    assert ConnectionAttempt.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        call_command("clear_expired", verbosity=0)
    assert not ConnectionAttempt.objects.exists()
    assert [call.body for call in at_salesforce.calls("/revoke")] == ["token=refresh-1"]


def test_an_attempt_whose_secret_no_longer_opens_is_deleted_too(
    pane: Bearer, at_salesforce: Salesforce, settings: Settings
) -> None:
    _, asked = sent_to(pane)
    back(asked["state"])
    settings.ALONGSIDE_KEYS = [("other", b"x" * 32)]
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        call_command("clear_expired", verbosity=0)
    assert not ConnectionAttempt.objects.exists()


def test_the_dialog_speaks_the_language_of_the_mail_client(pane: Bearer, at_salesforce: Salesforce) -> None:
    page = Client(headers={"Accept-Language": "ar"}).get("/connect/salesforce/abc/")
    assert 'lang="ar" dir="rtl"' in page.content.decode()
