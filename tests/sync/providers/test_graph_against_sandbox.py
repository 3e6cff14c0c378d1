"""What the engine asks of a Microsoft mailbox, against the sandbox; and how many calls each answer costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import errors
from sync.mail import FolderKind, Message, Sensitivity
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import Change, ChangePage, Folder
from tests.sandbox.graph.receiver import Receiver
from tests.sandbox_process import SandboxProcess
from tests.sync.providers.conftest import SandboxMicrosoft
from tests.sync.providers.fakes import FakeTokens

Mailboxes = Callable[[str], GraphMailbox]
Call = Callable[..., Any]
MIME = """\
From: Dana Ruiz <dana@northwind.example>
To: Mia Keller <mia.keller@larkfield.example>
Subject: Renewal {number}
Date: Fri, 20 Nov 2026 10:30:00 +0100
Message-ID: <{number}@northwind.example>
Sensitivity: Private
MIME-Version: 1.0
Content-Type: {kind}

{body}
"""
PLAIN = ("text/html; charset=utf-8", "<p>Our offer {number}.</p>")
MIXED = (
    "multipart/mixed; boundary=b",
    "--b\nContent-Type: text/plain\n\nOur offer.\n--b\nContent-Type: application/pdf\n"
    'Content-Disposition: attachment; filename="Offer.pdf"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n--b--',
)
# With what the seed has in Mia's inbox.
MORE_THAN_A_PAGE = 30


@pytest.fixture
def box(mailbox: Mailboxes) -> GraphMailbox:
    return mailbox("mia")


@pytest.fixture
def mia(real: SandboxProcess) -> Call:
    """Mia at work in her own mailbox, with another program than ours."""
    token = real.microsoft_login("mia", scope="Mail.ReadWrite")["access_token"]

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Prefer": 'IdType="ImmutableId"'}
        address = f"{real.info['microsoft_graph_url']}/v1.0/me{path}"
        answer = real.http.request(method, address, json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    return call


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def mime(number: int, kind: tuple[str, str] = PLAIN) -> str:
    return MIME.format(number=number, kind=kind[0], body=kind[1].replace("{number}", str(number)))


def deliver(real: SandboxProcess, count: int, *, start: int = 0, folder: str = "inbox") -> None:
    for number in range(start, start + count):
        real.deliver("mia", mime(number), folder)


def fill(real: SandboxProcess, count: int) -> None:
    """Many messages at once, spread over the last days."""
    order = {"user": real.user("mia")["email"], "count": count, "matching_percent": 30, "days": 5, "seed": 1}
    answer = real.http.post(f"{real.info['salesforce_login_url']}/_sandbox/mail/fill", json=order, timeout=60)
    assert answer.ok, answer.text


def calls(real: SandboxProcess) -> list[str]:
    return [f"{call['method']} {call['path'].partition('?')[0]}" for call in real.log("graph")]


def folder_of(box: GraphMailbox, kind: FolderKind) -> Folder:
    return next(folder for folder in box.folders("").folders if folder.kind is kind)


def nobody(ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def everybody(ids: Sequence[str]) -> frozenset[str]:
    return frozenset(ids)


def read_on(box: GraphMailbox, folder: Folder, cursor: str) -> Iterator[ChangePage]:
    """The pages until there are no more for now."""
    while True:
        page = box.changes(folder.id, cursor, nobody)
        yield page
        if page.done:
            return
        cursor = page.cursor


def changed(box: GraphMailbox, folder: Folder, cursor: str) -> tuple[Change, ...]:
    page = box.changes(folder.id, cursor, everybody)
    assert (page.done, page.full) == (True, False)
    return page.changes


def subjects(changes: Sequence[Change]) -> list[str]:
    return [change.head.subject for change in changes if change.head is not None]


def test_folders_come_with_kinds_and_counts_and_then_as_changes(
    real: SandboxProcess, box: GraphMailbox, mia: Call
) -> None:
    real.clear_log()
    page = box.folders("")
    assert calls(real) == ["GET /v1.0/me/mailFolders/delta", "POST /v1.0/$batch"]
    assert (page.done, page.whole) == (True, True)
    kinds = {folder.kind: folder for folder in page.folders if folder.kind is not FolderKind.OTHER}
    assert kinds.keys() == set(FolderKind) - {FolderKind.OTHER}
    assert (kinds[FolderKind.SENT].name, kinds[FolderKind.INBOX].count > 100) == ("Sent Items", True)

    made = mia("POST", "/mailFolders", {"displayName": "Projects"})
    inner = mia("POST", f"/mailFolders/{made['id']}/childFolders", {"displayName": "Northwind"})
    later = box.folders(page.cursor)
    assert (later.done, later.whole) == (True, False)
    found = {folder.id: folder for folder in later.folders}
    assert (found[made["id"]].name, found[made["id"]].kind) == ("Projects", FolderKind.OTHER)
    assert found[inner["id"]].parent_id == made["id"]
    assert box.folders(later.cursor).folders == ()


def test_a_full_read_lists_all_heads_newest_first(real: SandboxProcess, box: GraphMailbox, mia: Call) -> None:
    deliver(real, MORE_THAN_A_PAGE)
    inbox = folder_of(box, FolderKind.INBOX)
    real.clear_log()

    pages = list(read_on(box, inbox, box.begin(inbox.id, since=None)))

    assert calls(real) == [f"GET /v1.0/me/mailFolders/{inbox.id}/messages/delta"] * 2
    assert [(page.full, page.done) for page in pages] == [(True, False), (True, True)]
    listed = mia("GET", "/mailFolders/inbox/messages?$top=1000&$select=id,subject")["value"]
    found = [change for page in pages for change in page.changes]
    assert {change.provider_id for change in found} == {message["id"] for message in listed}
    assert len(found) == len(listed) == inbox.count
    heads = [change.head for change in found if change.head is not None]
    assert len(heads) == len(found)
    newest = heads[0]
    assert newest.subject == f"Renewal {MORE_THAN_A_PAGE - 1}"
    assert newest.header("Message-ID") == newest.internet_message_id == f"<{MORE_THAN_A_PAGE - 1}@northwind.example>"
    assert (newest.sensitivity, newest.folder, newest.html) == (Sensitivity.PRIVATE, FolderKind.INBOX, "")
    by_id = box.heads([newest.provider_id])[newest.provider_id]
    assert isinstance(by_id, Message)
    # Where it opens is asked for with single messages only: those are what a person reads of.
    assert by_id.web_link.startswith("https://")
    assert newest == replace(by_id, web_link="")


def test_a_full_read_from_a_date_on_leaves_out_what_is_older(
    real: SandboxProcess, box: GraphMailbox, mia: Call
) -> None:
    inbox = folder_of(box, FolderKind.INBOX)
    since = datetime.now(UTC) - timedelta(days=6)
    found = [change for page in read_on(box, inbox, box.begin(inbox.id, since=since)) for change in page.changes]
    listed = mia("GET", "/mailFolders/inbox/messages?$top=1000&$select=id,receivedDateTime")["value"]
    expected = {one["id"] for one in listed if datetime.fromisoformat(one["receivedDateTime"]) >= since}
    assert {change.provider_id for change in found} == expected
    assert 0 < len(expected) < len(listed)


def test_what_happens_to_a_message_shows_in_the_changes(real: SandboxProcess, box: GraphMailbox, mia: Call) -> None:
    inbox, trash = folder_of(box, FolderKind.INBOX), folder_of(box, FolderKind.TRASH)
    deliver(real, 4)
    *_, last = read_on(box, inbox, box.begin(inbox.id, since=None))
    *_, last_of_trash = read_on(box, trash, box.begin(trash.id, since=None))
    ids = {message.subject: message.provider_id for message in map(box_message(box), range(4))}

    real.deliver("mia", mime(9))
    mia("PATCH", f"/messages/{ids['Renewal 0']}", {"categories": ["Salesforce"]})
    mia("PATCH", f"/messages/{ids['Renewal 1']}", {"isRead": True})
    mia("POST", f"/messages/{ids['Renewal 2']}/move", {"destinationId": "deleteditems"})
    mia("DELETE", f"/messages/{ids['Renewal 3']}")
    real.clear_log()
    found = changed(box, inbox, last.cursor)
    moved = changed(box, trash, last_of_trash.cursor)

    assert len(calls(real)) == 2, "nothing is fetched for what is known"
    assert subjects(found) == ["Renewal 9"]
    told = {change.provider_id: change for change in found}
    assert told[ids["Renewal 0"]] == Change(ids["Renewal 0"], categories=("Salesforce",))
    assert ids["Renewal 1"] not in told, "that it was read is no news"
    assert told[ids["Renewal 2"]].removed
    assert told[ids["Renewal 3"]].removed
    assert [(change.provider_id, change.head and change.head.folder) for change in moved] == [
        (ids["Renewal 2"], FolderKind.TRASH)
    ], "immutable ids stay"


def box_message(box: GraphMailbox) -> Callable[[int], Message]:
    return lambda number: box.find_message(internet_message_id=f"<{number}@northwind.example>")


def test_a_mark_on_mail_that_is_not_known_brings_its_head(real: SandboxProcess, box: GraphMailbox, mia: Call) -> None:
    inbox = folder_of(box, FolderKind.INBOX)
    deliver(real, 1)
    *_, last = read_on(box, inbox, box.begin(inbox.id, since=None))
    known = box_message(box)(0)
    mia("PATCH", f"/messages/{known.provider_id}", {"categories": ["Salesforce"]})
    real.clear_log()
    page = box.changes(inbox.id, last.cursor, nobody)
    assert calls(real)[1:] == ["POST /v1.0/$batch"]
    assert [change.head and change.head.categories for change in page.changes] == [("Salesforce",)]


def test_mail_that_arrives_during_a_full_read_is_not_lost(real: SandboxProcess, box: GraphMailbox) -> None:
    deliver(real, MORE_THAN_A_PAGE)
    inbox = folder_of(box, FolderKind.INBOX)
    found: list[str] = []
    for number, page in enumerate(read_on(box, inbox, box.begin(inbox.id, since=None))):
        found += subjects(page.changes)
        if number == 0:
            deliver(real, 1, start=500)
    found += subjects(changed(box, inbox, page.cursor))
    assert found.count("Renewal 500") == 1
    assert len(found) == inbox.count + 1


@pytest.mark.parametrize("after", [1, 2], ids=["in the middle", "afterwards"])
def test_an_expired_cursor_asks_for_a_full_read(real: SandboxProcess, box: GraphMailbox, after: int) -> None:
    deliver(real, MORE_THAN_A_PAGE)
    inbox = folder_of(box, FolderKind.INBOX)
    cursor = box.begin(inbox.id, since=None)
    for _ in range(after):
        cursor = box.changes(inbox.id, cursor, nobody).cursor
    real.fault(service="graph", kind="expired_cursor")
    with pytest.raises(errors.CursorExpired):
        box.changes(inbox.id, cursor, nobody)
    again = [change for page in read_on(box, inbox, box.begin(inbox.id, since=None)) for change in page.changes]
    assert len(again) == inbox.count


def test_the_cursor_of_another_folder_or_mailbox_is_expired(box: GraphMailbox, mailbox: Mailboxes) -> None:
    inbox = folder_of(box, FolderKind.INBOX)
    *_, last = read_on(box, inbox, box.begin(inbox.id, since=None))
    with pytest.raises((errors.CursorExpired, errors.Gone)):
        mailbox("tom").changes(inbox.id, last.cursor, nobody)


def test_two_hundred_heads_cost_one_call_and_three_hundred_messages_fifteen(
    real: SandboxProcess, box: GraphMailbox
) -> None:
    inbox = folder_of(box, FolderKind.INBOX)
    *_, last = read_on(box, inbox, box.begin(inbox.id, since=None))
    fill(real, 1_500)
    real.clear_log()

    pages = list(read_on(box, inbox, last.cursor))

    found = [change.provider_id for page in pages for change in page.changes if change.head is not None]
    assert len(set(found)) == len(found) > 800, "what was sent stands elsewhere"
    pages_of_200 = -(-len(found) // 200)
    assert calls(real) == [f"GET /v1.0/me/mailFolders/{inbox.id}/messages/delta"] * pages_of_200
    real.clear_log()
    whole = box.messages(found[:300])
    assert calls(real) == ["POST /v1.0/$batch"] * 15
    assert len(whole) == 300
    assert all(isinstance(message, Message) and message.html for message in whole.values())


def test_whole_messages_are_the_same_as_the_one_that_is_found(real: SandboxProcess, box: GraphMailbox) -> None:
    """All of the seed's oddities among them."""
    real.deliver("mia", mime(1, MIXED))
    inbox = folder_of(box, FolderKind.INBOX)
    ids = [
        change.provider_id for page in read_on(box, inbox, box.begin(inbox.id, since=None)) for change in page.changes
    ]
    found = box.messages(ids)
    offered = [one for one in found.values() if isinstance(one, Message) and one.subject == "Renewal 1"]
    assert [attachment.name for attachment in offered[0].attachments] == ["Offer.pdf"]
    assert sum(isinstance(one, Message) and bool(one.attachments) for one in found.values()) > 5
    for message_id in ids[:40]:
        assert found[message_id] == box.find_message(item_id=message_id)
    with box.open_attachment(offered[0], offered[0].attachments[0]) as blocks:
        assert b"".join(blocks) == b"%PDF-1.7\n"


def test_a_part_that_must_wait_does_not_hold_up_the_others(real: SandboxProcess, box: GraphMailbox) -> None:
    deliver(real, 3)
    ids = [message.provider_id for message in map(box_message(box), range(3))]
    one = re.escape(ids[1].rstrip("="))
    real.fault(service="graph", kind="throttle", retry_after=7, path=one)
    found = box.messages([*ids, "AAkNothing"])
    failed = found[ids[1]]
    assert isinstance(failed, errors.Throttled)
    assert failed.retry_after == 7.0
    assert isinstance(found["AAkNothing"], errors.Gone)
    assert [isinstance(found[ids[place]], Message) for place in (0, 2)] == [True, True]
    assert isinstance(box.messages(ids)[ids[1]], Message)


def test_an_expired_token_is_renewed_once_for_a_batch(real: SandboxProcess) -> None:
    deliver(real, 2)
    tokens = SandboxMicrosoft(real, "mia")
    box = GraphMailbox(tokens)
    ids = [message.provider_id for message in map(box_message(box), range(2))]
    real.fault(service="graph", kind="revoked_token", path=r"\$batch")
    assert all(isinstance(message, Message) for message in box.heads(ids).values())
    assert tokens.renewals == 1


def test_marked_mail_is_found_by_the_whole_name_newest_first(
    real: SandboxProcess, box: GraphMailbox, mia: Call
) -> None:
    deliver(real, 3)
    ids = [message.provider_id for message in map(box_message(box), range(3))]
    for message_id, name in zip(ids, ("Bob's SALESFORCE", "Bob's Salesforce", "Bob's Salesforce too"), strict=True):
        mia("PATCH", f"/messages/{message_id}", {"categories": ["Red", name]})
    real.clear_log()
    found = box.marked("bob's salesforce")
    assert set(found) == {ids[0], ids[1]}
    assert len(calls(real)) == 1
    assert box.marked("Salesforce' or isRead eq true or 'a' eq 'a") == ()


def test_words_are_searched_as_words(real: SandboxProcess, box: GraphMailbox) -> None:
    deliver(real, 2, start=4_711)
    ids = [box_message(box)(number).provider_id for number in (4_711, 4_712)]
    real.clear_log()
    assert box.search("OUR: offer, 4711; Renewal") == (ids[0],)
    assert len(calls(real)) == 1
    assert set(box.search("our offer 471 dana")) == set(ids)
    assert len(box.search("renewal", limit=2)) == 2
    assert box.search('nothing" OR subject:"Renewal') == ()
    assert box.search("NOT subject:Nothing") == ()


def test_a_push_is_made_told_prolonged_replaced_and_ended(
    real: SandboxProcess, box: GraphMailbox, receiver: Receiver
) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    first = box.watch(notification_url=receiver.url, secret="first", until=until)
    assert first.expires_at == until
    real.deliver("mia", mime(1))
    note = receiver.wait(1)[0]
    assert note["clientState"] == "first"
    assert note["resourceData"]["id"] == box_message(box)(1).provider_id, "notices name immutable ids"

    later = until + timedelta(days=1)
    assert box.renew(first.id, until=later).expires_at == later

    second = box.watch(notification_url=receiver.url, secret="second", until=until)
    assert second.id != first.id
    with pytest.raises(errors.Gone):
        box.renew(first.id, until=later)
    real.deliver("mia", mime(2))
    assert receiver.wait(2)[-1]["clientState"] == "second"

    real.advance(4 * 86_400)
    with pytest.raises(errors.Gone):
        box.renew(second.id, until=later + timedelta(days=3))
    box.stop(second.id)
    third = box.watch(notification_url=receiver.url, secret="third", until=later + timedelta(days=2))
    box.stop(third.id)
    with pytest.raises(errors.Gone):
        box.renew(third.id, until=later)


def test_a_receiver_that_fails_the_handshake_gets_no_push(box: GraphMailbox, receiver: Receiver) -> None:
    receiver.shake = lambda token: (200, "text/plain", "something else")
    with pytest.raises(errors.Refused):
        box.watch(notification_url=receiver.url, secret="s", until=datetime.now(UTC) + timedelta(days=1))


@pytest.fixture
def application(real: SandboxProcess) -> Callable[[str], GraphMailbox]:
    """The organisation's own grant, which has a token of its own and no user."""
    form = {
        "grant_type": "client_credentials",
        "client_id": real.info["microsoft_client_id"],
        "client_secret": real.info["microsoft_client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    token = real.microsoft_token(**form).json()["access_token"]

    def open_mailbox(name: str) -> GraphMailbox:
        return GraphMailbox(FakeTokens(token), mailbox=real.user(name)["oid"])

    return open_mailbox


def test_the_applications_grant_does_all_of_it_for_a_named_mailbox(
    real: SandboxProcess, application: Mailboxes, receiver: Receiver, mia: Call
) -> None:
    box = application("mia")
    deliver(real, 1)
    assert box.profile().address == "mia.keller@larkfield.example"
    inbox = folder_of(box, FolderKind.INBOX)
    *_, last = read_on(box, inbox, box.begin(inbox.id, since=None))
    message = box_message(box)(0)
    mia("PATCH", f"/messages/{message.provider_id}", {"categories": ["Salesforce"]})
    assert changed(box, inbox, last.cursor) == (Change(message.provider_id, categories=("Salesforce",)),)
    assert isinstance(box.messages([message.provider_id])[message.provider_id], Message)
    assert box.marked("salesforce") == (message.provider_id,)
    until = datetime.now(UTC) + timedelta(days=1)
    ticket = box.watch(notification_url=receiver.url, secret="s", until=until)
    assert box.watch(notification_url=receiver.url, secret="s", until=until).id != ticket.id


def test_a_mailbox_outside_the_applications_scope_is_forbidden(real: SandboxProcess, application: Mailboxes) -> None:
    address = f"{real.info['salesforce_login_url']}/_sandbox/tenant"
    order = {"application_access": ["mia.keller@larkfield.example"]}
    assert real.http.post(address, json=order, timeout=30).ok
    assert application("mia").folders("").done
    with pytest.raises(errors.Forbidden):
        application("tom").folders("")
