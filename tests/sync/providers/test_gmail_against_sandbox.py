"""The Gmail adapter against the sandbox: real HTTPS, Google's own library, real faults, and every call counted."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from sync import errors
from sync.mail import Address, FolderKind, Message, Sensitivity
from sync.providers.gmail.client import GmailMailbox
from sync.providers.gmail.quota import QuotaMeter
from sync.providers.mailbox import Change, ChangePage
from sync.rules.mime import parse_mime
from tests.sandbox_process import SandboxProcess
from tests.sync.providers.conftest import SandboxTokens

Mailboxes = Callable[..., GmailMailbox]
DANA = "dana@northwind.example"
IDENTIFIER = "<Renewal.1@northwind.example>"
MIME = """\
From: Dana Ruiz <dana@northwind.example>
To: Noor Haddad <noor.haddad@larkfield-labs.example>
Cc: =?utf-8?q?J=C3=BCrgen?= <juergen@northwind.example>
Subject: Renewal
Date: Fri, 20 Nov 2026 10:30:00 +0100
Message-ID: <Renewal.1@northwind.example>
Sensitivity: Private
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>Please find our offer f=FCr Sie.</p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="Offer v3.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjcK
--b--
"""


class SandboxGoogle(SandboxTokens):
    def login(self) -> dict[str, str]:
        return self.sandbox.google_sign_in(self.name)

    def refresh(self) -> dict[str, str]:
        answer = self.sandbox.google_token(grant_type="refresh_token", refresh_token=self.given["refresh_token"])
        given: dict[str, str] = answer.json()
        return given


@pytest.fixture
def google(sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    """The sandbox on its first day, trusted by the product's HTTP policy; batches above 50 are refused."""
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_CA_FILE = sandbox.info["ca_file"]
    settings.GOOGLE_API_URL = sandbox.info["google_api_url"]
    settings.GOOGLE_PUBSUB_TOPIC = sandbox.info["google_pubsub_topic"]
    sandbox.limits(gmail_batch_parts=50)
    return sandbox


@pytest.fixture
def mailbox(google: SandboxProcess) -> Mailboxes:
    def open_mailbox(name: str = "noor", **more: Any) -> GmailMailbox:
        return GmailMailbox(SandboxGoogle(google, name), meter=QuotaMeter(10**9), **more)

    return open_mailbox


@pytest.fixture
def unlimited(google: SandboxProcess) -> SandboxProcess:
    """Without a quota of the minute, for what reads everything."""
    google.limits(gmail_user_units=10**9)
    return google


def nothing_known(ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def read_all(box: GmailMailbox, cursor: str, known: Any = nothing_known) -> list[ChangePage]:
    pages = [box.changes("", cursor, known)]
    while not pages[-1].done:
        pages.append(box.changes("", pages[-1].cursor, known))
    return pages


def told(pages: Sequence[ChangePage]) -> dict[str, Change]:
    return {change.provider_id: change for page in pages for change in page.changes}


def calls(google: SandboxProcess) -> list[str]:
    return [f"{call['method']} {call['path'].split('?')[0]}" for call in google.log("gmail")]


def order(google: SandboxProcess, what: str, whose: str = "noor", **more: Any) -> None:
    """Let something happen in a mailbox, see `/_sandbox/mail/…`."""
    address = f"{google.info['salesforce_login_url']}/_sandbox/mail/{what}"
    answer = google.http.post(address, json={"user": google.user(whose)["email"], **more}, timeout=60)
    assert answer.ok, answer.text


def listing(google: SandboxProcess, name: str = "noor") -> dict[str, dict[str, Any]]:
    """Everything that stands in a mailbox by id, newest first; labels by their names."""
    address = f"{google.info['salesforce_login_url']}/_sandbox/mail"
    answer = google.http.get(address, params={"user": google.user(name)["email"]}, timeout=60)
    return {row["id"]: row for row in reversed(answer.json()["value"])}


def caught_up(box: GmailMailbox) -> str:
    """The cursor of somebody who has read everything."""
    cursor = box.begin("", since=datetime.now(UTC) + timedelta(days=3650))
    return read_all(box, cursor)[-1].cursor


def test_a_person_reads_their_own_profile(mailbox: Mailboxes, google: SandboxProcess) -> None:
    assert mailbox().profile().address == google.user("noor")["email"]


def test_the_folders_of_a_mailbox(mailbox: Mailboxes) -> None:
    page = mailbox().folders("")
    kinds = {folder.id: folder.kind for folder in page.folders}
    assert {kinds["INBOX"], kinds["SENT"], kinds["DRAFT"], kinds["TRASH"], kinds["SPAM"]} == {
        FolderKind.INBOX,
        FolderKind.SENT,
        FolderKind.DRAFTS,
        FolderKind.TRASH,
        FolderKind.JUNK,
    }
    assert "UNREAD" not in kinds
    assert kinds["CATEGORY_PROMOTIONS"] is FolderKind.OTHER
    assert "Salesforce" in {folder.name for folder in page.folders}


def test_a_full_read_shows_everything_but_spam_and_trash(unlimited: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    pages = read_all(box, box.begin("", since=None))
    full = [change for page in pages if page.full for change in page.changes]
    there = listing(unlimited)
    wanted = {one for one, row in there.items() if not {"SPAM", "TRASH"} & set(row["labels"])}
    assert {change.provider_id for change in full} == wanted
    assert len(full) == len(wanted)
    received = [change.head.received_at for change in full if change.head and change.head.received_at]
    assert len(received) == len(full)
    assert received == sorted(received, reverse=True)
    names = {folder.id: folder.name for folder in box.folders("").folders}
    for change in full:
        assert change.head is not None
        labels = {names.get(label, label) for label in change.head.folder_ids}
        assert labels == set(there[change.provider_id]["labels"])


def test_a_window_leaves_out_what_came_before_it(unlimited: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    everything = told(read_all(box, box.begin("", since=None)))
    received = sorted(
        change.head.received_at for change in everything.values() if change.head and change.head.received_at
    )
    since = received[len(received) // 2]
    window = told(read_all(box, box.begin("", since=since)))
    expected = [one for one in received if one >= since]
    assert len(expected) <= len(window) <= len(expected) + 2
    assert set(window) <= set(everything)


def test_every_whole_message_is_the_mail_as_it_stands(unlimited: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    heads = {one: change.head for one, change in told(read_all(box, box.begin("", since=None))).items() if change.head}
    whole = box.messages(list(heads))
    differing = []
    for one, head in heads.items():
        message = whole[one]
        assert isinstance(message, Message)
        plain = replace(message, html="", text="", attachments=(), links=(), headers=(), is_meeting=False)
        plain = replace(plain, problem=head.problem if message.problem == "encrypted" else plain.problem)
        if plain != replace(head, headers=(), is_meeting=False):
            differing.append((plain, replace(head, headers=(), is_meeting=False)))
    assert differing == []
    assert any(message.attachments for message in whole.values() if isinstance(message, Message))
    assert {getattr(message, "problem", "") for message in whole.values()} >= {"", "encrypted"}


def test_a_message_is_found_by_each_of_its_names(google: SandboxProcess, mailbox: Mailboxes) -> None:
    delivered = google.deliver("noor", MIME)
    box = mailbox()
    message = box.find_message(internet_message_id=IDENTIFIER)
    assert message.provider_id == delivered["id"]
    assert message.from_ == Address(DANA, "Dana Ruiz")
    assert [one.name for one in message.cc] == ["Jürgen"]
    assert (message.folder, message.sensitivity, message.problem) == (FolderKind.INBOX, Sensitivity.PRIVATE, "")
    assert "für Sie" in message.html
    assert box.find_message(item_id=delivered["id"]) == message
    assert box.find_message(item_id=f"msg-f:{int(delivered['id'], 16)}", internet_message_id=IDENTIFIER) == message
    assert box.find_message(item_id="msg-a:r123", internet_message_id=IDENTIFIER) == message
    with pytest.raises(errors.Gone):
        box.find_message(internet_message_id="<nothing@x.example>")
    with pytest.raises(errors.Gone):
        mailbox("jonas").find_message(item_id=delivered["id"])


def test_odd_message_ids_are_looked_for_and_break_nothing(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    for odd in ("<a b@x.example>", "<(c) {d}@x.example>", "<-e@x.example>", "<f:g@x.example>"):
        google.deliver("noor", MIME.replace(IDENTIFIER, odd))
        wanted = "".join(odd.split())
        try:
            assert box.find_message(internet_message_id=odd).internet_message_id == wanted
        except errors.Gone:
            assert odd == "<a b@x.example>"
    with pytest.raises(errors.Gone):
        box.find_message(internet_message_id='<x" OR in:anywhere "@y>')


def test_an_attachment_comes_as_its_bytes(google: SandboxProcess, mailbox: Mailboxes) -> None:
    google.deliver("noor", MIME)
    box = mailbox()
    message = box.find_message(internet_message_id=IDENTIFIER)
    with box.open_attachment(message, message.attachments[0]) as blocks:
        assert b"".join(blocks) == b"%PDF-1.7\n"
    large = replace(message, attachments=(replace(message.attachments[0], size=40_000_000),))
    with mailbox().open_attachment(large, large.attachments[0]) as blocks:
        assert b"".join(blocks) == b"%PDF-1.7\n"


def test_mail_beyond_the_cap_reads_like_the_mail_itself(
    unlimited: SandboxProcess, mailbox: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.providers.gmail.transport.LONGEST_BATCH", 100_000)
    monkeypatch.setattr("sync.providers.gmail.fetch.MAX_TOGETHER", 50_000)
    small = [unlimited.deliver("noor", MIME.replace("Renewal.1", f"Renewal.{number}"))["id"] for number in range(3)]
    filler = base64.encodebytes(b"%PDF-" + b"x" * 300_000).decode()
    large = unlimited.deliver("noor", MIME.replace("JVBERi0xLjcK", filler).replace("Renewal.1", "Large.1"))["id"]
    box = mailbox()
    whole = box.messages([*small, large])
    assert all(isinstance(one, Message) for one in whole.values())
    monkeypatch.setattr("sync.providers.gmail.fetch.MAX_RAW", 200_000)
    capped = box.messages([*small, large])
    assert [capped[one] for one in small] == [whole[one] for one in small]
    first, second = capped[large], whole[large]
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.html, first.attachments, first.from_, first.sent_at) == (
        second.html,
        second.attachments,
        second.from_,
        second.sent_at,
    )


def test_marks_and_searches(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    marked = box.marked("sALESFORCE")
    assert marked
    assert {"Salesforce"} <= set(box.find_message(item_id=marked[0]).categories)
    delivered = google.deliver("noor", MIME.replace("Subject: Renewal", "Subject: Zirconium lattice"))["id"]
    order(google, "mark", id=delivered, name="Salesforce")
    assert box.marked("salesforce") == (delivered, *marked)
    assert box.search("lattice zirconium") == (delivered,)
    assert box.search('lattice" OR "a') == ()
    assert box.search("from:dana in:anywhere") == ()


def test_history_tells_what_happened(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    cursor = caught_up(box)
    new = google.deliver("noor", MIME)["id"]
    marked = google.deliver("noor", MIME.replace(IDENTIFIER, "<m@x.example>"))["id"]
    moved = google.deliver("noor", MIME.replace(IDENTIFIER, "<v@x.example>"))["id"]
    gone = google.deliver("noor", MIME.replace(IDENTIFIER, "<g@x.example>"))["id"]
    order(google, "delete", id=gone)
    google.clear_log()
    pages = read_all(box, cursor)
    assert {one: bool(change.head) for one, change in told(pages).items() if not change.removed} == {
        new: True,
        marked: True,
        moved: True,
    }
    assert told(pages)[gone].removed
    assert calls(google) == ["GET /gmail/v1/users/me/history", "POST /batch/gmail/v1"]

    order(google, "mark", id=marked, name="Salesforce")
    order(google, "move", id=moved, to="trash")
    order(google, "delete", id=new)
    pages = read_all(box, pages[-1].cursor, frozenset)
    changes = told(pages)
    assert changes[marked].categories == ("Salesforce",)
    assert (changes[moved].folder, changes[moved].head) == (FolderKind.TRASH, None)
    assert changes[new] == Change(new, removed=True)
    assert read_all(box, pages[-1].cursor)[0].changes == ()


def test_what_arrives_during_a_full_read_is_in_the_history_behind_it(
    unlimited: SandboxProcess, mailbox: Mailboxes
) -> None:
    box = mailbox()
    page = box.changes("", box.begin("", since=None), nothing_known)
    late = unlimited.deliver("noor", MIME)["id"]
    lost = page.changes[0].provider_id
    order(unlimited, "delete", id=lost)
    pages = read_all(box, page.cursor)
    changes = told(pages)
    assert changes[late].head is not None
    assert changes[lost].removed


def test_an_expired_history_is_an_expired_cursor_also_between_pages(
    unlimited: SandboxProcess, mailbox: Mailboxes
) -> None:
    box = mailbox()
    cursor = caught_up(box)
    unlimited.expire_gmail_history("noor")
    with pytest.raises(errors.CursorExpired):
        box.changes("", cursor, nothing_known)
    cursor = caught_up(box)
    unlimited.deliver("noor", MIME)
    unlimited.fault(service="gmail", kind="expired_cursor", path="/history")
    with pytest.raises(errors.CursorExpired):
        box.changes("", cursor, nothing_known)


def test_throttled_parts_come_with_the_next_page(unlimited: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    cursor = caught_up(box)
    ids = [unlimited.deliver("noor", MIME.replace("Renewal.1", f"Renewal.{number}"))["id"] for number in range(4)]
    unlimited.fault(service="gmail", kind="throttle", path=ids[1], retry_after=3)
    first, second = read_all(box, cursor)
    assert set(told([first])) == {ids[0], ids[2], ids[3]}
    assert [change.provider_id for change in second.changes] == [ids[1]]
    assert all(change.head for change in (*first.changes, *second.changes))

    unlimited.fault(service="gmail", kind="throttle", path=ids[2], retry_after=3)
    unlimited.fault(service="gmail", kind="error", status=500, path=ids[3])
    found = box.messages([*ids, "ff"])
    throttled, failed, missing = found[ids[2]], found[ids[3]], found["ff"]
    assert isinstance(throttled, errors.Throttled)
    assert throttled.retry_after == 3.0
    assert isinstance(failed, errors.Unavailable)
    assert isinstance(missing, errors.Gone)
    assert isinstance(found[ids[0]], Message)


def test_gmails_faults_are_typed(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    google.fault(service="gmail", kind="throttle", retry_after=7)
    with pytest.raises(errors.Throttled) as caught:
        box.profile()
    assert caught.value.retry_after == 7.0
    google.fault(service="gmail", kind="error", status=503)
    with pytest.raises(errors.Unavailable):
        box.profile()
    google.fault(service="gmail", kind="cut_before", times=4)
    with pytest.raises(errors.Unavailable):
        box.profile()
    google.clear_faults()
    google.fault(service="gmail", kind="revoked_token")
    assert box.profile().address == google.user("noor")["email"]


def test_a_person_who_took_the_access_away_is_asked_again(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    google.fault(service="gmail", kind="revoked_token", times=2)
    with pytest.raises(errors.NeedsReconnect) as caught:
        box.profile()
    assert caught.value.system == "google"


def test_a_scope_that_was_not_given_is_named(google: SandboxProcess) -> None:
    class WithoutMail(SandboxGoogle):
        def login(self) -> dict[str, str]:
            return self.sandbox.google_sign_in(self.name, scope="openid email profile")

    with pytest.raises(errors.NeedsReconnect) as caught:
        GmailMailbox(WithoutMail(google, "noor")).folders("")
    assert (caught.value.system, caught.value.code) == ("google", "insufficientPermissions")


def test_the_units_counted_are_the_units_charged(google: SandboxProcess, mailbox: Mailboxes) -> None:
    units: list[int] = []
    google.limits(gmail_user_units=10**9)
    box = mailbox(spend=units.append)
    cursor = box.begin("", since=None)
    box.changes("", cursor, nothing_known)
    charged = sum(units)
    google.advance(61)
    google.limits(gmail_user_units=charged)
    mailbox().changes("", mailbox().begin("", since=None), nothing_known)
    with pytest.raises(errors.Throttled):
        mailbox().profile()


def test_push_is_asked_for_renewed_and_ended(google: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox()
    until = datetime.now(UTC)
    ticket = box.watch(notification_url="", secret="", until=until)
    assert ticket.id == ""
    assert ticket.expires_at.tzinfo is not None
    assert len(google.pubsub()["watches"]) == 1
    google.advance(3600)
    assert box.renew("", until=until).expires_at - ticket.expires_at >= timedelta(seconds=3599)
    box.stop("")
    box.stop("")
    assert google.pubsub()["watches"] == []


def test_the_cost_of_a_thousand_new_messages_and_of_three_hundred_whole(
    google: SandboxProcess, mailbox: Mailboxes
) -> None:
    google.reset(google=1)
    google.limits(gmail_batch_parts=50, gmail_user_units=10**9)
    order(google, "fill", "rep01", count=1000)
    units: list[int] = []
    box = mailbox("rep01", spend=units.append)
    google.clear_log()
    pages = read_all(box, box.begin("", since=None))
    ids = [change.provider_id for page in pages for change in page.changes if change.head is not None]
    assert len(ids) == len(set(ids)) == 1000
    # The profile, two pages of ids, twenty batches, the history.
    assert (len(calls(google)), sum(units)) == (24, 1 + 2 * 5 + 1000 * 20 + 2)

    google.clear_log()
    units.clear()
    whole = box.messages(ids[:300])
    assert all(isinstance(one, Message) for one in whole.values())
    assert (len(calls(google)), sum(units)) == (6, 6000)


def test_raw_mail_is_what_the_rules_read(unlimited: SandboxProcess, mailbox: Mailboxes) -> None:
    delivered = unlimited.deliver("noor", MIME)["id"]
    message = mailbox().messages([delivered])[delivered]
    assert isinstance(message, Message)
    plain = parse_mime(MIME.encode(), provider_id=delivered, received_at=message.received_at)
    assert (message.headers, message.html, message.attachments) == (plain.headers, plain.html, plain.attachments)
