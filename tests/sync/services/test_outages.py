"""Each provider failing in each way, asked over each route: a designed state, never a 500, and no secret in a log."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import structlog
import structlog.testing
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import broker, crypto
from accounts.models import Connection, System, User
from config.logs import SafeFormatter
from sync.errors import Gone, NeedsReconnect, Unavailable
from sync.models import Activity, Intent, Issue, Item
from sync.services.background import carry_out, due_intents
from sync.services.choosing import BadChoice
from sync.services.clients import Crm, OpenMailbox, connection_of, crm_of, mailbox_of
from sync.services.context import cache_key, question_of
from sync.services.filing import file_email, filing_status, undo_filing
from sync.services.status import StatusKind
from tests.sessions import open_session
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

FAULTS: list[dict[str, Any]] = [
    {"kind": "throttle", "retry_after": 9},
    {"kind": "error", "status": 500},
    {"kind": "error", "status": 503},
    {"kind": "error", "status": 403},
    {"kind": "error", "status": 400},
    {"kind": "error", "status": 401},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
    {"kind": "revoked_token"},
]
SALESFORCE_ONLY = [{"kind": "spent_limit"}, {"kind": "locked_row"}]
CASES = [(service, fault) for service in ("salesforce", "graph") for fault in FAULTS]
CASES += [("salesforce", fault) for fault in SALESFORCE_ONLY]


READ: dict[str, Callable[[Crm, OpenMailbox], object]] = {
    "salesforce": lambda crm, mailbox: crm.client.get("limits"),
    "graph": lambda crm, mailbox: mailbox.find_message(internet_message_id="<none@northwind.example>"),
}


@dataclass
class Output:
    lines: io.StringIO
    streams: pytest.CaptureFixture[str]
    warned: list[warnings.WarningMessage]
    events: list[MutableMapping[str, Any]]

    def text(self) -> str:
        told = self.streams.readouterr()
        warned = "".join(str(one.message) for one in self.warned)
        return self.lines.getvalue() + told.out + told.err + warned + repr(self.events)


@pytest.fixture
def output(capfd: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """What logs of every level and the process's own streams say."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    capfd.readouterr()
    with warnings.catch_warnings(record=True) as warned, structlog.testing.capture_logs() as events:
        warnings.simplefilter("always")
        yield Output(written, capfd, warned, events)
    root.removeHandler(handler)
    root.setLevel(level)


def secrets_of(stage: Stage, message: dict[str, Any], session: str) -> list[str]:
    found = [session, message["subject"], message["internetMessageId"], message["id"]]
    found += ["dana@northwind.example", "mia.keller@larkfield.example", "li.wei@northwind.example"]
    for row in Connection.objects.filter(user=stage.users["mia"]):
        found += [secret for secret in (row.access_token.unseal(), row.refresh_token.unseal()) if secret]
    return found


def ask(message: dict[str, Any], person: str, session: str) -> dict[str, int]:
    """Every route with a session, as the pane and a twin ask; the status of each."""
    pane = Client(headers={"Authorization": f"Bearer {session}"})
    hint = {
        "item_key": message["id"],
        "internet_message_id": message["internetMessageId"],
        "conversation_id": message["conversationId"],
        "subject": message["subject"],
        "from": {"address": message["from"]["emailAddress"]["address"]},
        "to": [{"address": one["emailAddress"]["address"]} for one in message["toRecipients"]],
    }
    form = {"hint": json.dumps(hint), "generation": "1"}
    got: dict[str, int] = {}
    for name in ("context", "filings"):
        given = {"person": person} if name == "filings" else {}
        cache.clear()
        got[f"/pane/{name}/"] = pane.post(f"/pane/{name}/", {**form, **given}).status_code
        chosen = {"person": [person]} if name == "filings" else {}
        body = json.dumps({"hint": hint, "generation": "1", **chosen})
        cache.clear()
        got[f"/api/v1/{name}/"] = pane.post(f"/api/v1/{name}/", body, content_type="application/json").status_code
    for activity in Activity.objects.all():
        for prefix in ("/pane", "/api/v1"):
            url = f"{prefix}/filings/{activity.id}/"
            Intent.objects.update(due_at=timezone.now())
            got[f"GET {prefix}/filings/"] = pane.get(url).status_code
            got[f"POST {prefix}/undo/"] = pane.post(url + "undo/").status_code
    return got


@pytest.mark.parametrize(("service", "fault"), CASES, ids=lambda value: str(value))
def test_whatever_fails_ends_in_a_state_and_tells_no_log_of_it(
    stage: Stage, service: str, fault: dict[str, Any], output: Output
) -> None:
    message = stage.message("Northwind renewal")
    session = open_session(stage.users["mia"])
    planted = secrets_of(stage, message, session)
    if service == "graph":
        file_email(stage.actor(), stage.request(message))
    person = stage.query("SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")[0]["Id"]
    stage.sandbox.fault(service=service, times=None, **fault)
    got = ask(message, person, session)
    for intent_id in due_intents():
        carry_out(intent_id)
    stage.sandbox.clear_faults()
    structlog.get_logger("tests").warning("probe.seen")
    assert {status for status in got.values() if status >= 500} <= {503}
    planted += secrets_of(stage, message, session)
    logging.getLogger("tests").warning("probe %s", message["subject"])
    said = output.text()
    assert "probe.seen" in said
    assert "probe %s" in said
    assert [secret for secret in planted if secret in said] == []


def test_a_mailbox_that_is_disconnected_parks_the_filing_and_names_itself(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = replace(stage.request(message), attachment_keys=())
    stage.sandbox.fault(service="salesforce", method="POST", path=".*composite.*", kind="cut_before", skip=1)
    filed = file_email(stage.actor(), request)
    assert filed.kind is StatusKind.FILING
    broker.forget(Connection.objects.get(user=stage.users["mia"], system=System.MICROSOFT))
    Intent.objects.update(due_at=timezone.now())
    status = filing_status(stage.actor(), UUID(filed.filing_id))
    assert (status.kind, status.rule) == (StatusKind.NOT_FILED, "needs-reconnect")
    assert "mailbox" in status.sentence
    intent = Intent.objects.get(kind=Intent.Kind.EMAIL)
    assert intent.state == Intent.State.PARKED
    assert Issue.objects.get().reason == Issue.Reason.NEEDS_RECONNECT


@pytest.mark.parametrize(("system", "service"), [(System.SALESFORCE, "salesforce"), (System.MICROSOFT, "graph")])
def test_whoever_disconnects_in_the_middle_is_asked_to_connect_that_system(
    stage: Stage, system: System, service: str
) -> None:
    actor = stage.actor()
    crm, mailbox = crm_of(actor), mailbox_of(actor)
    crm.client.get("limits")
    broker.forget(connection_of(actor, system))
    stage.sandbox.fault(service=service, kind="revoked_token", times=None, path=".*/v[0-9.]+/.*")
    read = READ[service]
    with pytest.raises(NeedsReconnect) as refused:
        read(crm, mailbox)
    assert refused.value.system == system


@pytest.mark.parametrize(("service", "system"), [("salesforce", "salesforce"), ("graph", "microsoft")])
def test_a_provider_that_refuses_a_new_token_too_is_the_one_to_connect_again(
    stage: Stage, service: str, system: str
) -> None:
    actor = stage.actor()
    crm, mailbox = crm_of(actor), mailbox_of(actor)
    stage.sandbox.fault(service=service, kind="revoked_token", times=None, path=".*/v[0-9.]+/.*")
    read = READ[service]
    with pytest.raises(NeedsReconnect) as refused:
        read(crm, mailbox)
    assert refused.value.system == system


def test_a_renewal_that_moves_the_instance_is_followed(stage: Stage) -> None:
    actor = stage.actor()
    crm = crm_of(actor)
    crm.client.get("limits")
    moved = stage.sandbox.info["salesforce_login_url"].replace("localhost", "127.0.0.1")
    row = connection_of(actor, System.SALESFORCE)
    given = stage.sandbox.salesforce_login("mia")
    row.access_token, row.instance_url = given["access_token"], moved
    row.save(update_fields=["access_token", "instance_url"])
    stage.sandbox.fault(service="salesforce", kind="revoked_token", path=".*limits.*")
    crm.client.get("limits")
    assert crm.client.instance_url == moved


def test_a_secret_that_no_key_opens_is_no_answer_and_no_defect(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: Any, **__: Any) -> str:
        raise crypto.SecretUnreadable("no such key")

    actor = stage.actor()
    crm = crm_of(actor)
    monkeypatch.setattr("accounts.fields.Sealed.unseal", unreadable, raising=True)
    with pytest.raises(Unavailable):
        crm.client.get("limits")


def test_somebody_switched_off_files_nothing_more(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="spent_limit")
    file_email(stage.actor(), request)
    User.objects.filter(pk=stage.users["mia"].pk).update(is_active=False)
    Intent.objects.update(due_at=timezone.now())
    for intent_id in due_intents():
        carry_out(intent_id)
    assert Intent.objects.get(kind=Intent.Kind.EMAIL).state == Intent.State.PARKED
    assert stage.records_of(message["internetMessageId"]) == []


def test_an_item_of_another_mailbox_is_not_there(stage: Stage) -> None:
    """Neither by its id, nor by its Message-ID, nor by a path in the id's place."""
    theirs = stage.message("Re:", "tom")
    own = stage.message("Northwind renewal")
    request = stage.request(own)
    me = f"/users/{stage.sandbox.user('tom')['oid']}/messages/{theirs['id']}"
    for key in (theirs["id"], f"../..{me}", "..", ".", me, "inbox/messages", "%2e%2e"):
        foreign = replace(request, hint=replace(request.hint, item_key=key, internet_message_id=""))
        with pytest.raises(Gone):
            file_email(stage.actor(), foreign)
    assert not Item.objects.exists()


def test_people_and_what_is_no_record_cannot_be_chosen(stage: Stage) -> None:
    """People come by the email's addresses alone; a record has to be one that Salesforce shows to this person."""
    request = stage.request(stage.message("Northwind renewal"))
    others = stage.query("SELECT Id FROM Contact WHERE Email != 'dana@northwind.example' LIMIT 1")
    with pytest.raises(BadChoice):
        file_email(stage.actor(), replace(request, person_ids=("005" + "0" * 12,)))
    for chosen in (others[0]["Id"], "001" + "9" * 15, "not an id", stage.users["tom"].pk.hex[:15]):
        with pytest.raises(BadChoice):
            file_email(stage.actor(), replace(request, record_ids=(str(chosen),)))
    assert not Intent.objects.exists()


def test_too_many_records_are_refused_before_any_is_looked_up(stage: Stage) -> None:
    request = stage.request(stage.message("Northwind renewal"))
    stage.sandbox.clear_log()
    with pytest.raises(BadChoice, match="at most 11"):
        file_email(stage.actor(), replace(request, record_ids=tuple(f"001{n:015}" for n in range(12))))
    assert stage.calls("salesforce") == []


def test_a_context_is_kept_for_one_organisation_org_and_salesforce_user(stage: Stage) -> None:
    mia, tom = (crm_of(stage.actor(name)) for name in ("mia", "tom"))
    opened = stage.open(stage.message("Northwind renewal"))
    question = question_of(mia, opened.layout, opened.participants, "<m@x.example>", "")
    keys = {cache_key(crm, question) for crm in (mia, tom)}
    keys.add(cache_key(replace(mia, org=type(mia.org)(organisation_id=UUID(int=9), org_id=mia.org.org_id)), question))
    keys.add(
        cache_key(replace(mia, org=type(mia.org)(organisation_id=mia.org.organisation_id, org_id="00D")), question)
    )
    assert len(keys) == 4


def test_a_filing_of_a_colleague_is_none_of_ones_own_until_seen(stage: Stage) -> None:
    from permissions import policy

    filed = file_email(stage.actor(), replace(stage.request(stage.message("Northwind renewal")), attachment_keys=()))
    for act in (filing_status, undo_filing):
        with pytest.raises(policy.NotFound):
            act(stage.actor("tom"), UUID(filed.filing_id))


def test_where_a_colleague_filed_the_thread_is_told_only_as_far_as_one_sees_it(stage: Stage) -> None:
    """Mia's opportunity is not shared with Tom: the next email of the conversation does not propose it to him."""
    people = "To: Mia Keller <mia.keller@larkfield.example>, Tom Okafor <tom.okafor@larkfield.example>\n"
    head = f"From: Dana Ruiz <dana@northwind.example>\n{people}MIME-Version: 1.0\nContent-Type: text/plain\n"
    for name in ("mia", "tom"):
        first = f"{head}Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: Thread of both\nMessage-ID: <one@x.example>\n"
        stage.receive(f"{first}\nHello.\n", name)
    filed = file_email(stage.actor(), stage.request(stage.message("Thread of both")))
    [opportunity] = [record.id for record in filed.records]
    file_email(stage.actor("tom"), stage.request(stage.message("Thread of both", "tom"), "tom"))
    answer = f"{head}Date: Mon, 23 Nov 2026 10:00:00 +0000\nSubject: Re: Thread of both\nMessage-ID: <two@x.example>\n"
    stage.receive(f"{answer}In-Reply-To: <one@x.example>\nReferences: <one@x.example>\n\nHello again.\n", "tom")
    reply = stage.message("Re: Thread of both", "tom")
    assert opportunity not in repr(stage.open(reply, "tom"))
