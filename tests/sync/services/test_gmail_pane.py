"""The pane in Gmail: from the page's ids to the same context, status, filing and undo as in Outlook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.errors import NotConnected
from accounts.models import Connection, System, User
from accounts.signing_in import begin_session
from sync import errors
from sync.mail import Address, MessageHint
from sync.models import Item
from sync.services.choosing import FilingRequest
from sync.services.completing import WrongMailbox
from sync.services.filing import file_email, undo_filing
from sync.services.open_email import OpenEmail, open_email
from sync.services.status import StatusKind
from tests.sync.capture.conftest import scene  # noqa: F401 - a fixture
from tests.sync.capture.scene import Scene

NOOR = "noor.haddad@larkfield-labs.example"
DANA = Address("dana@northwind.example", "Dana Ruiz")
SUBJECT = "Access to the test laboratory"


@pytest.fixture
def noor(scene: Scene) -> Actor:  # noqa: F811
    """Noor in the pane beside Gmail, with nothing read by the engine yet."""
    scene.connect("noor")
    scene.sandbox.clear_log()
    return begin_session(scene.stage.users["noor"], client="gmail")[1]


@pytest.fixture
def row(scene: Scene, noor: Actor) -> dict[str, Any]:  # noqa: F811
    """The newest message of the conversation about the laboratory, as the sandbox tells of it."""
    return next(one for one in scene.sandbox.mail_of("noor") if one["subject"].endswith(SUBJECT))


def hint(row: dict[str, Any], **change: Any) -> MessageHint:
    """What Gmail's page shows of it."""
    shown: dict[str, Any] = {
        "item_key": row["id"],
        "conversation_id": row["threadId"],
        "subject": SUBJECT,
        "from_": DANA,
        "to": (Address(NOOR),),
        "account": NOOR,
    }
    return MessageHint(**{**shown, **change})


def request(opened: OpenEmail, asked: MessageHint) -> FilingRequest:
    return FilingRequest(
        hint=asked,
        person_ids=tuple(match.person.id for match in opened.matches.people if match.linked),
        record_ids=tuple(record.id for record in opened.choice.records),
    )


def test_people_of_the_page_need_no_call_to_gmail(scene: Scene, noor: Actor, row: dict[str, Any]) -> None:  # noqa: F811
    opened = open_email(noor, hint(row))
    assert [match.person.name for match in opened.matches.people] == ["Dana Ruiz"]
    assert scene.stage.calls("gmail") == []


def test_ids_alone_are_looked_up_once(scene: Scene, noor: Actor, row: dict[str, Any]) -> None:  # noqa: F811
    asked = hint(row, from_=None, to=(), subject="")
    opened = open_email(noor, asked)
    assert [match.person.name for match in opened.matches.people] == ["Dana Ruiz"]
    assert opened.hint.subject.endswith(SUBJECT)
    assert opened.hint.internet_message_id == row["internetMessageId"]
    # The message's headers, and what the mailbox calls its labels.
    looked_up = scene.stage.calls("gmail")
    assert looked_up == ["POST /batch/gmail/v1", "GET /gmail/v1/users/me/labels"]
    open_email(noor, asked)
    assert open_email(noor, hint(row)).hint.internet_message_id == row["internetMessageId"]
    assert scene.stage.calls("gmail") == looked_up


@pytest.mark.parametrize("write", [lambda one: f"#msg-f:{int(one, 16)}", lambda one: f"msg-f:{int(one, 16)}", str])
def test_each_form_of_the_pages_id_is_the_same_email(
    scene: Scene,  # noqa: F811
    noor: Actor,
    row: dict[str, Any],
    write: Callable[[str], str],
) -> None:
    thread = write(row["threadId"]).replace("msg-f", "thread-f")
    opened = open_email(noor, hint(row, item_key=write(row["id"]), conversation_id=thread))
    assert (opened.hint.item_key, opened.hint.conversation_id) == (row["id"], row["threadId"])


@pytest.mark.parametrize("key", ["msg-a:r-123", "#msg-a:r123", "nothing", "f" * 30, "0", "ffffffffffffffff"])
def test_what_gmail_does_not_know_is_gone_and_not_guessed(
    scene: Scene,  # noqa: F811
    noor: Actor,
    row: dict[str, Any],
    key: str,
) -> None:
    with pytest.raises(errors.Gone):
        open_email(noor, hint(row, item_key=key, from_=None, to=()))


def test_it_is_filed_from_the_persons_own_mailbox_once_and_taken_back(
    scene: Scene,  # noqa: F811
    noor: Actor,
    row: dict[str, Any],
) -> None:
    # What the page says of people and subject is a hint: the mailbox's own are what is filed.
    asked = hint(row, subject="<b>forged</b>", from_=DANA, to=(Address("ceo@elsewhere.example"),))
    wanted = request(open_email(noor, hint(row)), asked)
    status = file_email(noor, wanted)
    assert status.kind is StatusKind.FILED
    [record] = scene.stage.records_of(row["internetMessageId"])
    assert record["Subject"].endswith(SUBJECT)
    assert record["ToAddress"] == NOOR
    item = Item.objects.get(user=noor.user, provider="gmail")
    assert (item.provider_id, item.conversation_id) == (row["id"], row["threadId"])
    again = file_email(noor, wanted)
    assert (again.kind, again.filing_id) == (StatusKind.FILED, status.filing_id)
    assert len(scene.stage.records_of(row["internetMessageId"])) == 1
    scene.sandbox.clear_log()
    shown = open_email(noor, hint(row))
    assert (shown.status.kind, shown.status.filing_id) == (StatusKind.FILED, status.filing_id)
    assert scene.stage.calls("gmail") == []
    assert undo_filing(noor, UUID(status.filing_id)).kind is StatusKind.UNDONE
    assert scene.stage.records_of(row["internetMessageId"]) == []
    assert open_email(noor, hint(row)).status.kind is StatusKind.UNDONE


def test_what_the_engine_filed_is_recognised(scene: Scene) -> None:  # noqa: F811
    scene.switch_on("noor")
    key = scene.arrives("known", at="noor")
    scene.read()
    assert scene.decided(key, "noor") == ("captured", "known-people")
    found = scene.find("noor", key)
    noor = begin_session(scene.stage.users["noor"], client="gmail")[1]
    scene.sandbox.clear_log()
    opened = open_email(noor, hint(found))
    assert opened.status.kind is StatusKind.FILED
    assert scene.stage.calls("gmail") == []
    # Where the page shows no people, Gmail is asked for them; what the ledger knows stands beside.
    opened = open_email(noor, hint(found, from_=None, to=(), subject=""))
    assert opened.status.kind is StatusKind.FILED
    assert opened.matches.people
    assert scene.stage.calls("gmail") == ["POST /batch/gmail/v1"]


def test_what_the_engine_left_out_says_why(scene: Scene) -> None:  # noqa: F811
    scene.switch_on("noor", auto_file_mode="off")
    key = scene.arrives("left", at="noor")
    scene.read()
    found = scene.find("noor", key)
    noor = begin_session(scene.stage.users["noor"], client="gmail")[1]
    status = open_email(noor, hint(found)).status
    assert (status.kind, status.rule) == (StatusKind.WILL_NOT, "mode-off")


def test_a_thread_that_is_filed_leads_its_next_message_to_the_same_record(
    scene: Scene,  # noqa: F811
    noor: Actor,
    row: dict[str, Any],
) -> None:
    opened = open_email(noor, hint(row))
    file_email(noor, request(opened, hint(row)))
    other = next(
        one
        for one in scene.sandbox.mail_of("noor")
        if one["threadId"] == row["threadId"] and one["id"] != row["id"] and "SENT" not in one["labels"]
    )
    again = open_email(noor, hint(other))
    assert {record.id for record in again.choice.records} == {record.id for record in opened.choice.records}


def test_another_account_of_the_browser_is_not_looked_up(scene: Scene, noor: Actor, row: dict[str, Any]) -> None:  # noqa: F811
    shown = hint(row, account="jonas.weber@larkfield-labs.example")
    with pytest.raises(WrongMailbox) as refused:
        open_email(noor, shown)
    assert (refused.value.shown, refused.value.own) == ("jonas.weber@larkfield-labs.example", NOOR)
    with pytest.raises(WrongMailbox):
        file_email(noor, FilingRequest(hint=shown, person_ids=("003000000000001AAA",)))
    assert scene.stage.calls("gmail") == []
    assert open_email(noor, hint(row, account=NOOR.upper())).matches.people


def test_the_page_says_so_with_both_addresses(scene: Scene, row: dict[str, Any]) -> None:  # noqa: F811
    token, _ = begin_session(scene.stage.users["noor"], client="gmail")
    told = {"item_key": row["id"], "account": '"><img src=x onerror=alert(1)>@x.example'}
    answer = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/pane/context/", {"hint": json.dumps(told), "generation": "1"}
    )
    assert answer.status_code == 409
    page = answer.content.decode()
    assert 'data-state="other-mailbox"' in page
    assert NOOR in page
    assert "<img" not in page


def test_before_gmail_is_connected_the_context_shows_and_filing_asks_for_it(
    scene: Scene,  # noqa: F811
    noor: Actor,
    row: dict[str, Any],
) -> None:
    Connection.objects.filter(user=noor.user, system=System.GOOGLE).update(state=Connection.State.DISCONNECTED)
    opened = open_email(noor, hint(row))
    assert opened.matches.people
    with pytest.raises(NotConnected) as refused:
        file_email(noor, request(opened, hint(row)))
    assert refused.value.system == "google"


def test_another_persons_mail_is_not_found_by_its_id(scene: Scene, noor: Actor) -> None:  # noqa: F811
    jonas = next(one for one in scene.sandbox.mail_of("jonas"))
    mine = {one["id"] for one in scene.sandbox.mail_of("noor")}
    assert jonas["id"] not in mine
    with pytest.raises(errors.Gone):
        file_email(noor, FilingRequest(hint=hint(jonas), person_ids=("003000000000001AAA",)))


def test_a_session_of_outlook_reads_outlook(scene: Scene) -> None:  # noqa: F811
    """The session says which mailbox it is, not what a request names."""
    actor = Actor.of(User.objects.select_related("organisation", "resource").get(pk=scene.stage.users["mia"].pk))
    asked = MessageHint(item_key="AAMk", internet_message_id="<x@x.example>", from_=DANA, account=NOOR)
    assert open_email(actor, asked).hint == asked
