"""Where pushes arrive: good ones leave a hint, and whatever else is sent gets the same answer and changes nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import google
from accounts.models import Connection, Organisation, System, User
from accounts.services import connection_for, create_organisation, create_user
from sync import webhooks
from sync.capture import scheduling
from sync.capture.mailboxes import address_key
from sync.models import Collection, Hint, Mailbox, Watch
from tests.accounts.conftest import at_google as at_google
from tests.accounts.google import OTHER_KEY, Google, push_claims, signed

GRAPH, GMAIL = "/webhooks/graph/", "/webhooks/gmail/"
SECRET = "the-subscription's-secret"
NOOR = "noor.haddad@larkfield-labs.example"


@pytest.fixture(autouse=True)
def fresh_keys() -> None:
    google.signing_keys.forget()


@pytest.fixture
def larkfield(db: None) -> Organisation:
    return create_organisation("Larkfield Instruments", domains=["larkfield.example"])


@pytest.fixture
def make_mailbox(larkfield: Organisation) -> Callable[..., Mailbox]:
    """A mailbox that is watched, with a collection that is due at its next poll."""

    def make(
        address: str, provider: str = "graph", *, watch: str = "", organisation: Organisation | None = None
    ) -> Mailbox:
        house = organisation or larkfield
        user = User.objects.filter(email=address).first() or create_user(house, email=address)
        connection = connection_for(user, System.GOOGLE if provider == "gmail" else System.MICROSOFT)
        Connection.objects.filter(pk=connection.pk).update(state="active", external_username=address)
        later = timezone.now() + timedelta(minutes=15)
        mailbox = Mailbox.objects.create(
            organisation=house,
            user=user,
            connection=connection,
            provider=provider,
            address_hash=address_key(address),
            window_from=timezone.now(),
        )
        Watch.objects.create(
            organisation=house,
            mailbox=mailbox,
            remote_id=watch,
            secret_hash=hashlib.sha256(SECRET.encode()).hexdigest() if watch else "",
            due_at=later,
        )
        for kind in ("mail", "marks", "folders"):
            Collection.objects.create(
                organisation=house, mailbox=mailbox, kind=kind, in_scope=kind == "mail", due_at=later
            )
        return mailbox

    return make


@pytest.fixture
def mia(make_mailbox: Callable[..., Mailbox]) -> Mailbox:
    return make_mailbox("mia.keller@larkfield.example", watch="subscription-1")


@pytest.fixture
def noor(make_mailbox: Callable[..., Mailbox]) -> Mailbox:
    return make_mailbox(NOOR, "gmail")


def post(url: str, body: Any, **headers: str) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer: HttpResponse = Client().post(url, content, content_type="application/json", headers=headers)  # type: ignore[assignment]
    return answer


def notice(**change: Any) -> dict[str, Any]:
    good = {
        "subscriptionId": "subscription-1",
        "clientState": SECRET,
        "changeType": "created",
        "resource": "Users/1/Messages/2",
        "resourceData": {"id": "2"},
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def of_graph(*notices: Any) -> HttpResponse:
    return post(GRAPH, {"value": list(notices)})


def push(token: str | None = None, *, address: str = NOOR, **message: Any) -> HttpResponse:
    data = base64.urlsafe_b64encode(json.dumps({"emailAddress": address, "historyId": 7}).encode()).decode()
    headers = {"Authorization": f"Bearer {signed(push_claims()) if token is None else token}"}
    return post(GMAIL, {"message": {"data": data, "messageId": "1", **message}, "subscription": "s"}, **headers)


def told(answer: HttpResponse) -> tuple[Any, ...]:
    return answer.status_code, answer.content, sorted(answer.headers.items())


def everything() -> list[Any]:
    """Every row that a push might touch, but for hints."""
    return [list(model.objects.order_by("pk").values()) for model in (Mailbox, Watch, Collection, Connection)]


def hints() -> list[tuple[Any, str]]:
    return list(Hint.objects.order_by("pk").values_list("mailbox_id", "kind"))


def test_the_handshake_gives_the_token_back_as_text(db: None) -> None:
    token = "Validation: <b>Testing</b> reachability & more"
    answer = Client().post(f"{GRAPH}?validationToken={token.replace('&', '%26').replace(' ', '+')}")
    assert (answer.status_code, answer.content.decode()) == (200, token)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert hints() == []


def test_a_good_notice_leaves_one_hint_and_nothing_more(
    mia: Mailbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = everything()
    with django_assert_num_queries(2):
        answer = of_graph(notice(), notice(), notice())
    assert (answer.status_code, answer.content) == (202, b"")
    assert hints() == [(mia.pk, "changed")]
    assert everything() == before


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"changeType": "created"}, "changed"),
        ({"changeType": "updated"}, "updated"),
        ({"changeType": "deleted"}, "changed"),
        ({"lifecycleEvent": "missed"}, "missed"),
        ({"lifecycleEvent": "reauthorizationRequired"}, "reauthorize"),
        ({"lifecycleEvent": "subscriptionRemoved"}, "removed"),
        ({"lifecycleEvent": "somethingNew"}, "changed"),
    ],
)
def test_a_notice_is_noted_as_what_it_is(mia: Mailbox, event: dict[str, str], kind: str) -> None:
    of_graph(notice(**event))
    assert hints() == [(mia.pk, kind)]


def test_many_mailboxes_of_one_delivery_each_have_their_hint(
    mia: Mailbox, make_mailbox: Callable[..., Mailbox], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tom = make_mailbox("tom.okafor@larkfield.example", watch="subscription-2")
    with django_assert_num_queries(2):
        of_graph(notice(), notice(subscriptionId="subscription-2"), notice(subscriptionId="subscription-2"))
    assert hints() == [(mia.pk, "changed"), (tom.pk, "changed")]


BAD_NOTICES = {
    "forged clientState": notice(clientState="guessed"),
    "no clientState": notice(clientState=None),
    "empty clientState": notice(clientState=""),
    "the hash in its place": notice(clientState=hashlib.sha256(SECRET.encode()).hexdigest()),
    "clientState of another type": notice(clientState={"a": 1}),
    "half of a character": notice(clientState="\ud800"),
    "unknown subscription": notice(subscriptionId="unknown"),
    "no subscription": notice(subscriptionId=None),
    "empty subscription": notice(subscriptionId=""),
    "subscription of another type": notice(subscriptionId=["subscription-1"]),
    "a NUL in the subscription": notice(subscriptionId="subscription-1\x00"),
    "half of a character in the subscription": notice(subscriptionId="\udfff"),
    "no object": "subscription-1",
    "null": None,
}


@pytest.mark.parametrize("bad", BAD_NOTICES.values(), ids=BAD_NOTICES.keys())
def test_a_bad_notice_gets_the_same_answer_and_changes_nothing(mia: Mailbox, bad: Any) -> None:
    good = told(of_graph(notice()))
    Hint.objects.all().delete()
    before = everything()
    assert told(of_graph(bad)) == good
    assert hints() == []
    assert everything() == before


def test_a_bad_notice_does_not_take_the_good_ones_beside_it_along(mia: Mailbox) -> None:
    of_graph(*BAD_NOTICES.values(), notice())
    assert hints() == [(mia.pk, "changed")]


def test_a_mailbox_without_a_secret_takes_no_notice(make_mailbox: Callable[..., Mailbox]) -> None:
    mailbox = make_mailbox("tom.okafor@larkfield.example", watch="subscription-2")
    Watch.objects.filter(mailbox=mailbox).update(secret_hash="")
    for given in ("", "0" * 64, SECRET):
        of_graph(notice(subscriptionId="subscription-2", clientState=given))
    assert hints() == []


def test_a_replayed_notice_is_another_hint_and_worth_nothing_more(mia: Mailbox) -> None:
    for _ in range(5):
        of_graph(notice())
    assert len(hints()) == 5
    assert scheduling.take_hints() == 5
    mail = Collection.objects.get(mailbox=mia, kind="mail")
    assert mail.due_at is not None
    assert mail.due_at <= timezone.now()
    assert Collection.objects.filter(mailbox=mia, due_at__lte=timezone.now()).count() == 1
    assert hints() == []


BODIES = {
    "oversize": json.dumps({"value": [notice()], "padding": "x" * webhooks.MOST_BYTES}).encode(),
    "deep nesting": b'{"value":' + b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "not JSON": b"subscriptionId=subscription-1",
    "no bytes": b"",
    "not UTF-8": b'{"value": "\xff\xfe"}',
    "a number too long": b'{"value": ' + b"9" * 10_000 + b"}",
    "a list": json.dumps([notice()]).encode(),
    "value is no list": json.dumps({"value": notice()}).encode(),
    "null": b"null",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_gets_the_same_answer_and_changes_nothing(
    mia: Mailbox, noor: Mailbox, at_google: Google, body: bytes
) -> None:
    good, good_push = told(of_graph(notice())), told(push())
    Hint.objects.all().delete()
    before = everything()
    assert told(post(GRAPH, body)) == good
    assert told(post(GMAIL, body, Authorization=f"Bearer {signed(push_claims())}")) == good_push
    assert hints() == []
    assert everything() == before


def test_what_is_just_small_enough_is_taken(mia: Mailbox) -> None:
    body = {"value": [notice()], "padding": ""}
    body["padding"] = "x" * (webhooks.MOST_BYTES - len(json.dumps(body)))
    assert len(json.dumps(body)) == webhooks.MOST_BYTES
    post(GRAPH, body)
    assert hints() == [(mia.pk, "changed")]


@pytest.mark.parametrize("url", [GRAPH, GMAIL])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_another_method_is_refused(mia: Mailbox, url: str, method: str) -> None:
    content = json.dumps({"value": [notice()]})
    answer = Client().generic(method.upper(), f"{url}?validationToken=x", content, content_type="application/json")
    assert answer.status_code == 405
    assert hints() == []


def test_a_session_of_ours_counts_for_nothing(mia: Mailbox) -> None:
    answer = Client(headers={"Authorization": "Bearer something", "Cookie": "sessionid=1"}, enforce_csrf_checks=True)
    assert answer.post(GRAPH, json.dumps({"value": [notice()]}), content_type="application/json").status_code == 202
    assert hints() == [(mia.pk, "changed")]


def test_a_good_push_leaves_one_hint_and_nothing_more(
    noor: Mailbox, at_google: Google, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = everything()
    with django_assert_num_queries(2):
        answer = push()
    assert (answer.status_code, answer.content) == (202, b"")
    assert hints() == [(noor.pk, "changed")]
    assert everything() == before


def _without(name: str) -> str:
    return signed({key: value for key, value in push_claims().items() if key != name})


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "signature": lambda: signed(push_claims(), key=OTHER_KEY),
    "altered": lambda: signed(push_claims())[:-6] + "AAAAAA",
    "issuer": lambda: signed(push_claims(iss="https://attacker.example")),
    "audience": lambda: signed(push_claims(aud="https://attacker.example/webhooks/gmail/")),
    "several audiences": lambda: signed(push_claims(aud=[settings.GOOGLE_PUSH_AUDIENCE, "other"])),
    "expired": lambda: signed(push_claims(exp=int(time.time()) - 120)),
    "issued in the future": lambda: signed(push_claims(iat=int(time.time()) + 600)),
    "account": lambda: signed(push_claims(email="other@project.iam.gserviceaccount.com")),
    "account not verified": lambda: signed(push_claims(email_verified=False)),
    "account verified in words": lambda: signed(push_claims(email_verified="true")),
    "no key id": lambda: signed(push_claims(), kid=None),
    "unknown key id": lambda: signed(push_claims(), kid="g9"),
    "another algorithm": lambda: signed(push_claims(), alg="RS512"),
    "no algorithm": lambda: signed(push_claims(), key=None, alg="none"),
    "a secret as key": lambda: signed(push_claims(), key="s" * 40, alg="HS256"),
    "no token": lambda: "",
    "no JWT": lambda: "abc.def.ghi",
    **{f"without {name}": partial(_without, name) for name in ("iss", "aud", "exp", "iat", "email")},
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_push_with_a_bad_token_gets_the_same_answer_and_changes_nothing(
    noor: Mailbox, at_google: Google, make: Callable[[], str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    good = told(push())
    Hint.objects.all().delete()
    before = everything()
    with django_assert_num_queries(0):
        assert told(push(make())) == good
    assert hints() == []
    assert everything() == before


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer"])
def test_a_token_that_is_not_borne_counts_for_nothing(noor: Mailbox, at_google: Google, scheme: str) -> None:
    body = {"message": {"data": base64.b64encode(json.dumps({"emailAddress": NOOR}).encode()).decode()}}
    answer = post(GMAIL, body, Authorization=f"{scheme}{signed(push_claims())}")
    assert answer.status_code == 202
    assert post(GMAIL, body).status_code == 202
    assert hints() == []


BAD_MESSAGES: dict[str, dict[str, Any]] = {
    "unknown address": {"address": "nobody@larkfield-labs.example"},
    "empty address": {"address": ""},
    "half of a character": {"address": "\ud800@larkfield-labs.example"},
    "no data": {"data": None},
    "no base64": {"data": "*" * 5},
    "no JSON": {"data": base64.b64encode(b"noor").decode()},
    "no object": {"data": base64.b64encode(b'"noor"').decode()},
    "deep nesting": {"data": base64.b64encode(b"[" * 90_000).decode()},
    "a number": {"data": 7},
    "not ASCII": {"data": "é"},
}


@pytest.mark.parametrize("bad", BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_push_that_says_nothing_to_us_gets_the_same_answer(
    noor: Mailbox, at_google: Google, bad: dict[str, Any]
) -> None:
    good = told(push())
    Hint.objects.all().delete()
    before = everything()
    assert told(push(**bad)) == good
    assert hints() == []
    assert everything() == before


def test_an_address_is_compared_without_case(noor: Mailbox, at_google: Google) -> None:
    push(address=f" {NOOR.upper()} ")
    assert hints() == [(noor.pk, "changed")]


def test_every_mailbox_of_an_address_has_its_hint_and_no_other(
    noor: Mailbox, make_mailbox: Callable[..., Mailbox], at_google: Google
) -> None:
    """Two organisations may have connected one account; a Microsoft mailbox of the address is another one."""
    other = create_organisation("Larkfield Labs")
    second = make_mailbox("noor@labs.example", "gmail", organisation=other)
    Mailbox.objects.filter(pk=second.pk).update(address_hash=address_key(NOOR))
    make_mailbox("jonas.weber@larkfield-labs.example", "gmail")
    make_mailbox(NOOR, "graph", watch="subscription-9")
    push()
    assert sorted(one for one, _ in hints()) == sorted([noor.pk, second.pk])


@pytest.mark.parametrize("state", ["paused", "needs_reconnect", "ended"])
def test_a_mailbox_that_is_not_read_has_no_hint(noor: Mailbox, at_google: Google, state: str) -> None:
    Mailbox.objects.filter(pk=noor.pk).update(state=state)
    assert push().status_code == 202
    assert hints() == []


def test_where_googles_keys_cannot_be_read_it_is_asked_to_send_again(noor: Mailbox, at_google: Google) -> None:
    at_google.mock.replace("GET", settings.GOOGLE_CERTS_URL, status=503)
    assert push().status_code == 503
    assert hints() == []


def test_what_a_log_holds_of_a_refused_push_is_the_rule_alone(noor: Mailbox, at_google: Google) -> None:
    with structlog.testing.capture_logs() as events:
        push(signed(push_claims(iss="https://attacker.example")))
    assert events == [{"rule": "iss", "event": "webhook.refused", "log_level": "info"}]


def test_what_a_log_holds_of_refused_notices_is_how_many(mia: Mailbox) -> None:
    with structlog.testing.capture_logs() as events:
        of_graph(notice(), notice(clientState="forged"), notice(subscriptionId="nobody's"))
    assert events == [{"rule": "clientState", "notices": 2, "event": "webhook.refused", "log_level": "info"}]
