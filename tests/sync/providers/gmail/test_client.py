"""One mailbox over Gmail: a message by its names, attachments, labels, push, and every way it can go wrong."""

from __future__ import annotations

import base64
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httplib2
import pytest
from pytest_django import Settings

from accounts.google_http import AnswerTooLong
from sync import errors
from sync.mail import Address, AttachmentKind, FolderKind, Message, Sensitivity
from sync.providers.gmail.client import GmailMailbox
from sync.providers.gmail.quota import QuotaMeter
from sync.providers.mailbox import Folder, MailboxAdapter, MailboxProfile
from tests.sync.providers.fakes import FakeTokens
from tests.sync.providers.gmail.fake import MIME, FakeGmail, envelope

SOON = datetime(2026, 12, 1, tzinfo=UTC)
MIXED = """\
From: Dana Ruiz <dana@northwind.example>
Subject: Offer
Message-ID: <m1@northwind.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>f=FCr Sie</p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="Offer.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjcK
--b
Content-Type: message/rfc822

Subject: Before

Earlier words
--b--
"""


def box(**more: Any) -> GmailMailbox:
    return GmailMailbox(FakeTokens(), **more)


def test_it_is_a_mailbox() -> None:
    adapter: MailboxAdapter = box()
    assert (adapter.provider, adapter.collection_per_folder) == ("gmail", False)


def test_a_message_comes_with_all_that_the_rules_ask_about(gmail: FakeGmail) -> None:
    found = gmail.put(1, labels=("INBOX", "UNREAD", "Label_7"), thread="aa")
    message = box().find_message(item_id=found)
    assert message.provider_id == found
    assert message.internet_message_id == "<a1@northwind.example>"
    assert message.subject == "Verlängerung of the contract"
    assert message.from_ == Address("dana@northwind.example", "Dana Ruiz")
    assert message.to == (Address("noor.haddad@larkfield-labs.example", "Noor Haddad"),)
    assert message.cc == (Address("juergen@northwind.example", "Jürgen"),)
    assert message.unparsed == ("undisclosed",)
    assert message.sent_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert message.received_at == datetime.fromtimestamp(1_795_167_000.001, UTC)
    assert (message.conversation_id, message.sensitivity) == ("aa", Sensitivity.PRIVATE)
    assert (message.folder, message.folder_ids) == (FolderKind.INBOX, ("INBOX", "UNREAD", "Label_7"))
    assert message.categories == ("Salesforce",)
    assert (message.text.strip(), message.problem, message.is_draft) == ("Hello", "", False)


def test_a_head_reads_like_the_whole_without_its_content(gmail: FakeGmail) -> None:
    found = gmail.put(1, labels=("INBOX", "Label_7"))
    mailbox = box()
    head, whole = mailbox.heads([found])[found], mailbox.messages([found])[found]
    assert isinstance(whole, Message)
    assert head == replace(whole, html="", text="", attachments=(), links=())


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Jürgen <juergen@x.example>", "Jürgen"),
        ("=?utf-8?q?J=C3=BCrgen?= <juergen@x.example>", "Jürgen"),
        ('"Ann, Lee" <juergen@x.example>', "Ann, Lee"),
        ("Ann\r\n Lee <juergen@x.example>", "Ann Lee"),
    ],
)
def test_a_heads_headers_are_read_decoded_or_not(gmail: FakeGmail, value: str, name: str) -> None:
    told = {"id": "a1", "payload": {"headers": [{"name": "From", "value": value}, {"name": "Bad: one", "value": "x"}]}}
    gmail.fail("messages/a1", (200, told))
    head = box().heads(["a1"])["a1"]
    assert isinstance(head, Message)
    assert head.from_ == Address("juergen@x.example", name)
    assert [key for key, _ in head.headers] == ["From"]


def test_a_name_that_reads_like_an_address_is_no_sender(gmail: FakeGmail) -> None:
    forged = MIME.replace("Dana Ruiz <Dana@", "=?utf-8?q?ceo=40larkfield.example=2C?= <Dana@")
    ids = [gmail.put(1, forged), gmail.put(2)]
    told = {
        "id": ids[0],
        "payload": {"headers": [{"name": "From", "value": "ceo@larkfield.example, <dana@x.example>"}]},
    }
    gmail.fail(ids[0], (200, told))
    heads = box().heads(ids)
    assert [getattr(heads[one], "from_", None) for one in ids] == [
        Address("dana@northwind.example", "ceo@larkfield.example,"),
        Address("dana@northwind.example", "Dana Ruiz"),
    ]
    assert {getattr(one, "text", None) for one in heads.values()} == {""}
    assert len(gmail.calls) == 2


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (("INBOX", "UNREAD"), FolderKind.INBOX),
        (("SENT", "INBOX"), FolderKind.SENT),
        (("DRAFT",), FolderKind.DRAFTS),
        (("SPAM", "INBOX"), FolderKind.JUNK),
        (("TRASH", "SENT", "SPAM"), FolderKind.TRASH),
        (("Label_7",), FolderKind.OTHER),
        ((), FolderKind.OTHER),
    ],
)
def test_labels_say_what_folder_it_is(gmail: FakeGmail, labels: tuple[str, ...], kind: FolderKind) -> None:
    message = box().find_message(item_id=gmail.put(1, labels=labels))
    assert (message.folder, message.folder_ids, message.is_draft) == (kind, labels, "DRAFT" in labels)


def test_an_invitation_shows_in_the_head_where_its_content_is_one(gmail: FakeGmail) -> None:
    calendar = MIME.replace("text/plain; charset=utf-8", "text/calendar; method=REQUEST; charset=utf-8")
    classed = MIME.replace("Sensitivity: Private", "Content-Class: urn:content-classes:calendarmessage")
    part = MIXED.replace("application/pdf", "text/calendar; method=REPLY").replace("attachment; filename", "inline; x")
    ids = [gmail.put(number, mime) for number, mime in enumerate((calendar, classed, part, MIME), 1)]
    mailbox = box()
    heads, whole = mailbox.heads(ids), mailbox.messages(ids)
    assert [getattr(heads[one], "is_meeting", None) for one in ids] == [True, True, False, False]
    assert [getattr(whole[one], "is_meeting", None) for one in ids] == [True, True, True, False]


def test_a_draft_without_a_sender_is_not_damaged(gmail: FakeGmail) -> None:
    found = gmail.put(1, "Subject: later\n\nnot yet", labels=("DRAFT",))
    message = box().find_message(item_id=found)
    assert (message.is_draft, message.problem) == (True, "")
    assert box().find_message(item_id=gmail.put(2, "Subject: later\n\n")).problem == "malformed"


@pytest.mark.parametrize("written", ["msg-f:{}", "#msg-f:{}"])
def test_the_pages_own_id_is_converted(gmail: FakeGmail, written: str) -> None:
    number = 1_846_037_212_000_111_222
    found = gmail.put(number)
    assert box().find_message(item_id=written.format(number)).provider_id == found


@pytest.mark.parametrize("item_id", ["msg-a:r123", "../profile", "a1?format=full", "A1", "msg-f:", "msg-f:²", ""])
def test_an_id_that_is_none_is_never_asked_for(gmail: FakeGmail, item_id: str) -> None:
    with pytest.raises(errors.Gone):
        box().find_message(item_id=item_id)
    assert gmail.calls == []
    if item_id:
        assert isinstance(box().heads([item_id])[item_id], errors.Gone)
    assert gmail.calls == []


def test_the_message_id_decides_where_the_item_id_disagrees(gmail: FakeGmail) -> None:
    gmail.put(1)
    other = gmail.put(2, MIXED)
    message = box().find_message(item_id=other, internet_message_id="<a1@northwind.example>")
    assert message.internet_message_id == "<a1@northwind.example>"
    assert gmail.queries[1] == {
        "q": ["rfc822msgid:a1@northwind.example"],
        "includeSpamTrash": ["true"],
        "maxResults": ["5"],
        "alt": ["json"],
    }


def test_message_ids_are_compared_exactly(gmail: FakeGmail) -> None:
    gmail.put(1)
    with pytest.raises(errors.Gone):
        box().find_message(internet_message_id="<A1@northwind.example>")


def test_of_several_copies_the_one_that_is_kept_is_taken(gmail: FakeGmail) -> None:
    mime = MIME.replace("{id}", "same")
    gmail.put(3, mime, labels=("DRAFT",))
    kept = gmail.put(2, mime, labels=("SENT",))
    gmail.put(1, mime, labels=("TRASH",))
    assert box().find_message(internet_message_id="<same@northwind.example>").provider_id == kept
    assert gmail.counted() == {"messages": 1, "v1": 1}


def test_a_lookup_that_fails_is_not_an_absence(gmail: FakeGmail) -> None:
    found = gmail.put(1)
    gmail.fail(found, envelope(429, "rateLimitExceeded"))
    with pytest.raises(errors.Throttled):
        box().find_message(internet_message_id="<a1@northwind.example>")


def test_an_attachment_comes_as_its_bytes_and_all_of_one_message_with_one_call(gmail: FakeGmail) -> None:
    found = gmail.put(1, MIXED)
    mailbox = box()
    message = mailbox.find_message(item_id=found)
    assert [(one.key, one.name, one.kind) for one in message.attachments] == [
        ("2", "Offer.pdf", AttachmentKind.FILE),
        ("3", "Before.eml", AttachmentKind.MESSAGE),
    ]
    gmail.calls.clear()
    contents = []
    for attachment in message.attachments:
        with mailbox.open_attachment(message, attachment) as blocks:
            contents.append(b"".join(blocks))
    assert contents[0] == b"%PDF-1.7\n"
    assert b"Earlier words" in contents[1]
    assert len(gmail.calls) == 1


def test_an_attachment_of_mail_that_is_too_large_is_fetched_alone(gmail: FakeGmail) -> None:
    found = gmail.put(1, MIXED)
    mailbox = box()
    message = mailbox.find_message(item_id=found)
    large = replace(message, attachments=(replace(message.attachments[0], size=30_000_000),))
    gmail.fail("attachments/at-1", (200, {"size": 9, "data": base64.urlsafe_b64encode(b"%PDF-1.7\n").decode()}))
    gmail.calls.clear()
    with mailbox.open_attachment(large, large.attachments[0]) as blocks:
        assert list(blocks) == [b"%PDF-1.7\n"]
    assert gmail.queries[-2]["format"] == ["full"]
    assert len(gmail.calls) == 2


def test_an_attachment_that_is_no_longer_there_is_gone(gmail: FakeGmail) -> None:
    mailbox = box()
    message = mailbox.find_message(item_id=gmail.put(1, MIXED))
    lost = replace(message.attachments[0], key="9")
    with pytest.raises(errors.Gone), mailbox.open_attachment(message, lost):
        pass
    link = replace(message.attachments[0], kind=AttachmentKind.LINK)
    with pytest.raises(errors.Refused), mailbox.open_attachment(message, link):
        pass


def test_folders_are_the_labels_that_hold_mail(gmail: FakeGmail) -> None:
    gmail.labels = [
        {"id": "INBOX", "name": "INBOX", "type": "system"},
        {"id": "TRASH", "name": "TRASH", "type": "system"},
        {"id": "UNREAD", "name": "UNREAD", "type": "system"},
        {"id": "STARRED", "name": "STARRED", "type": "system"},
        {"id": "CHAT", "name": "CHAT", "type": "system"},
        {"id": "CATEGORY_SOCIAL", "name": "CATEGORY_SOCIAL", "type": "system"},
        {"id": "Label_1", "name": "Clients", "type": "user"},
        {"id": "Label_2", "name": "Clients/North/Wind", "type": "user"},
        {"id": "Label_3", "name": "A/B", "type": "user"},
    ]
    page = box().folders("")
    assert (page.done, page.whole, len(gmail.calls)) == (True, True, 1)
    assert page.folders == (
        Folder("INBOX", "INBOX", kind=FolderKind.INBOX),
        Folder("TRASH", "TRASH", kind=FolderKind.TRASH),
        Folder("CHAT", "CHAT"),
        Folder("CATEGORY_SOCIAL", "CATEGORY_SOCIAL"),
        Folder("Label_1", "Clients"),
        Folder("Label_2", "Clients/North/Wind", parent_id="Label_1"),
        Folder("Label_3", "A/B"),
    )
    assert box().folders(page.cursor).whole


def test_a_mark_is_a_whole_name_in_whatever_case(gmail: FakeGmail) -> None:
    gmail.labels.append({"id": "Label_8", "name": "Clients/Salesforce", "type": "user"})
    first, last = gmail.put(1, labels=("Label_7",)), gmail.put(3, labels=("Label_7", "INBOX"))
    gmail.put(2, labels=("Label_8",))
    assert box().marked("sALESFORCE") == (last, first)
    assert box().marked("sales") == ()
    assert box().marked("INBOX") == ()


def test_a_mark_is_read_up_to_a_thousand(gmail: FakeGmail) -> None:
    for number in range(1, 1201):
        gmail.put(number, b"x", labels=("Label_7",))
    found = box().marked("Salesforce")
    assert (len(found), found[0]) == (1000, f"{1200:016x}")
    assert gmail.counted() == {"labels": 1, "messages": 2}


def test_a_search_asks_for_words_and_no_more_than_it_should(gmail: FakeGmail) -> None:
    for number in range(1, 8):
        gmail.put(number)
    assert len(box().search("offer from:ceo", limit=5)) == 5
    assert gmail.queries[-1]["q"] == ['"offer" "from:ceo"']
    assert gmail.queries[-1]["maxResults"] == ["5"]
    assert box().search(' "" -- ') == ()
    assert len(gmail.calls) == 1


def test_whose_mailbox_it_is(gmail: FakeGmail) -> None:
    address = "noor.haddad@larkfield-labs.example"
    assert box().profile() == MailboxProfile(id=address, address=address, name="")


def test_push_is_asked_for_and_renewed_by_asking_again(gmail: FakeGmail, settings: Settings) -> None:
    settings.GOOGLE_PUBSUB_TOPIC = "projects/p/topics/t"
    gmail.fail("/watch", (200, {"historyId": "7", "expiration": "1795771800000"}), times=2)
    gmail.fail("/stop", (204, b""))
    mailbox = box()
    ticket = mailbox.watch(notification_url="https://x.example", secret="s", until=SOON)
    assert (ticket.id, ticket.expires_at) == ("", datetime.fromtimestamp(1_795_771_800, UTC))
    assert mailbox.renew("", until=SOON) == ticket
    mailbox.stop("")
    assert gmail.bodies == [{"topicName": "projects/p/topics/t"}, {"topicName": "projects/p/topics/t"}, None]


def test_without_a_topic_there_is_no_push(gmail: FakeGmail, settings: Settings) -> None:
    settings.GOOGLE_PUBSUB_TOPIC = ""
    with pytest.raises(errors.Refused, match="GOOGLE_PUBSUB_TOPIC"):
        box().watch(notification_url="", secret="", until=SOON)
    assert gmail.calls == []


def test_a_rejected_token_is_renewed_once(gmail: FakeGmail) -> None:
    gmail.fail("/profile", envelope(401, "authError"))
    tokens = FakeTokens()
    assert GmailMailbox(tokens).profile().address
    assert (tokens.rejected, gmail.tokens) == (["token-1"], ["Bearer token-1", "Bearer token-2"])

    gmail.fail("/profile", envelope(401, "authError"), times=9)
    gmail.calls.clear()
    with pytest.raises(errors.NeedsReconnect) as caught:
        GmailMailbox(FakeTokens("a", "b", "c")).profile()
    assert (caught.value.system, caught.value.code, len(gmail.calls)) == ("google", "authError", 2)


def test_a_rejected_token_of_a_batch_is_renewed_once(gmail: FakeGmail) -> None:
    found = gmail.put(1)
    gmail.fail("batch", envelope(401, "authError"))
    tokens = FakeTokens()
    assert isinstance(GmailMailbox(tokens).heads([found])[found], Message)
    assert gmail.tokens == ["Bearer token-1", "Bearer token-2"]

    gmail.fail(found, envelope(401, "authError"))
    tokens = FakeTokens()
    assert isinstance(GmailMailbox(tokens).heads([found])[found], Message)
    assert tokens.rejected == ["token-1"]


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (envelope(403, "rateLimitExceeded"), errors.Throttled, {"retry_after": 30.0}),
        (envelope(403, "userRateLimitExceeded"), errors.Throttled, {"code": "userRateLimitExceeded"}),
        (envelope(429, "rateLimitExceeded", status="RESOURCE_EXHAUSTED"), errors.Throttled, {"retry_after": 30.0}),
        (envelope(403, "dailyLimitExceeded"), errors.QuotaSpent, {"until": None}),
        (envelope(403, "insufficientPermissions"), errors.NeedsReconnect, {"code": "insufficientPermissions"}),
        (envelope(403, "domainPolicy"), errors.Forbidden, {"code": "domainPolicy"}),
        (envelope(404, "notFound"), errors.Gone, {"code": "notFound"}),
        (envelope(400, "failedPrecondition", "Mail service not enabled"), errors.Forbidden, {}),
        (envelope(400, "invalidArgument", "Invalid id value"), errors.Gone, {}),
        (envelope(400, "invalidArgument"), errors.Refused, {"field": ""}),
        (envelope(409, "aborted"), errors.Conflict, {}),
        (envelope(500, "backendError"), errors.Unavailable, {"code": "backendError"}),
        ((503, b"<html>"), errors.Unavailable, {"code": "HTTP_503"}),
        ((302, b""), errors.Unavailable, {"code": "HTTP_302"}),
        ((403, b"<html>no</html>"), errors.Forbidden, {"code": "HTTP_403"}),
        ((200, b"<html>hotel wifi</html>"), errors.Unavailable, {"code": "UNREADABLE"}),
        ((200, []), errors.Unavailable, {"code": "UNREADABLE"}),
        ((200, {"emailAddress": "x"}), errors.Unavailable, {"code": "UNREADABLE"}),
        (TimeoutError("x"), errors.Unavailable, {"code": "TimeoutError"}),
        (ConnectionResetError("x"), errors.Unavailable, {}),
        (ssl.SSLCertVerificationError("x"), errors.Unavailable, {}),
        (httplib2.ServerNotFoundError("x"), errors.Unavailable, {}),
    ],
)
def test_every_failure_is_typed(
    gmail: FakeGmail, answer: Any, kind: type[errors.ProviderError], told: dict[str, Any]
) -> None:
    gmail.fail("/profile", answer)
    with pytest.raises(errors.ProviderError) as caught:
        box().profile()
    assert type(caught.value) is kind
    assert {name: getattr(caught.value, name) for name in told} == told


def test_what_gmail_says_of_waiting_is_heeded_and_its_addresses_are_not_repeated(gmail: FakeGmail) -> None:
    at = datetime.now(UTC).replace(microsecond=0).timestamp() + 90
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    gmail.fail("/profile", envelope(429, "rateLimitExceeded", f"User-rate limit exceeded.  Retry after {moment}"))
    with pytest.raises(errors.Throttled) as caught:
        box().profile()
    assert 80 < caught.value.retry_after <= 90

    gmail.fail("/profile", envelope(403, "forbidden", "Delegation denied for noor@larkfield-labs.example"))
    with pytest.raises(errors.Forbidden, match=r"^Delegation denied for …$"):
        box().profile()


def test_a_refused_address_is_not_called(gmail: FakeGmail, settings: Settings) -> None:
    settings.ALONGSIDE_SANDBOX = False
    with pytest.raises(errors.Unavailable) as caught:
        box().profile()
    assert (caught.value.code, gmail.calls) == ("TARGET_REFUSED", [])


def test_the_parts_of_a_batch_fail_each_for_itself(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 5)]
    gmail.fail(ids[1], envelope(429, "rateLimitExceeded"))
    gmail.fail(ids[2], envelope(500, "backendError"))
    gmail.fail(ids[3], (200, {"nothing": 1}))
    found = box().messages([*ids, "ff"])
    kinds = [type(found[one]) for one in (*ids, "ff")]
    assert kinds == [Message, errors.Throttled, errors.Unavailable, errors.Unavailable, errors.Gone]


def test_three_hundred_whole_messages_cost_six_calls_and_a_minutes_quota(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 301)]
    units: list[int] = []
    found = box(spend=units.append).messages(ids)
    assert all(isinstance(one, Message) for one in found.values())
    assert (len(gmail.calls), len(gmail.parts), sum(units)) == (6, 300, 6000)


def test_a_batch_beyond_the_minutes_quota_is_not_begun(gmail: FakeGmail) -> None:
    now = [100.0]
    meter = QuotaMeter(clock=lambda: now[0])
    ids = [gmail.put(number) for number in range(1, 351)]
    found = box(meter=meter).messages(ids)
    late = [one for one in ids if isinstance(found[one], errors.Throttled)]
    assert (late, len(gmail.calls)) == (ids[300:], 6)
    now[0] = 130.0
    with pytest.raises(errors.Throttled) as caught:
        box(meter=meter).messages(late)
    assert caught.value.retry_after == 30.0
    now[0] = 160.0
    assert isinstance(box(meter=meter).messages(late)[late[0]], Message)


def test_whoever_counts_the_units_may_refuse_the_call(gmail: FakeGmail) -> None:
    def refuse(units: int) -> None:
        raise errors.Throttled("shared", retry_after=units)

    with pytest.raises(errors.Throttled) as caught:
        box(spend=refuse).profile()
    assert (caught.value.retry_after, gmail.calls) == (1, [])


def test_a_batch_that_stops_midway_keeps_what_came(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 121)]
    original = gmail.batch
    count = [0]

    def second_fails(body: str, headers: dict[str, str]) -> tuple[httplib2.Response, bytes]:
        count[0] += 1
        if count[0] == 2:
            raise TimeoutError("x")
        return original(body, headers)

    gmail.batch = second_fails  # type: ignore[method-assign]
    found = box().heads(ids)
    assert [isinstance(found[one], Message) for one in ids] == [True] * 50 + [False] * 70
    assert {type(found[one]) for one in ids[50:]} == {errors.Unavailable}
    assert count == [2]


def test_mail_that_is_too_large_together_is_fetched_in_portions(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 9)]
    for one, size in zip(ids, (5, 5, 5, 1, 1, 30, 40, 1), strict=True):
        gmail.messages[one]["sizeEstimate"] = size * 1_000_000
    gmail.fail("batch", AnswerTooLong())
    found = box().messages(ids)
    assert all(isinstance(one, Message) for one in found.values())
    # Too long, the sizes, then 5+5, 5+1+1, 30 alone, 40 in full, 1 alone.
    assert [call.split(" ")[0] for call in gmail.calls] == ["POST"] * 4 + ["GET"] * 3
    assert [query["format"][0] for query in gmail.queries] == ["raw", "full", "raw"]


def test_portions_and_heads_that_are_too_long_all_the_same_are_split(gmail: FakeGmail) -> None:
    ids = [gmail.put(number) for number in range(1, 5)]
    sizes_come = gmail.batch

    def too_long_but_for_sizes(body: str, headers: dict[str, str]) -> tuple[httplib2.Response, bytes]:
        if "format=minimal" not in body:
            raise AnswerTooLong
        return sizes_come(body, headers)

    gmail.batch = too_long_but_for_sizes  # type: ignore[method-assign]
    assert all(isinstance(one, Message) for one in box().messages(ids).values())
    # Too long, the sizes, too long again, then each alone.
    assert len(gmail.calls) == 3 + 4

    gmail.batch = sizes_come  # type: ignore[method-assign]
    gmail.calls.clear()
    gmail.fail("batch", AnswerTooLong(), times=2)
    heads = box().heads(ids)
    assert all(isinstance(one, Message) for one in heads.values())
    # 4 and 2 are too many, then 1, 1 and 2.
    assert len(gmail.calls) == 5
    gmail.fail("batch", AnswerTooLong())
    assert isinstance(box().heads(ids[:1])[ids[0]], errors.Refused)


def test_mail_beyond_the_cap_keeps_its_words_and_its_list_of_files(gmail: FakeGmail) -> None:
    found = gmail.put(1, MIXED)
    gmail.messages[found]["sizeEstimate"] = 40_000_000
    mailbox = box()
    whole = mailbox.messages([found])[found]
    gmail.fail("batch", AnswerTooLong())
    capped = mailbox.messages([found])[found]
    assert isinstance(whole, Message)
    assert isinstance(capped, Message)
    assert (capped.html, capped.subject, capped.from_) == (whole.html, whole.subject, whole.from_)
    assert capped.attachments[0] == whole.attachments[0]
    assert capped.attachments[1].kind is AttachmentKind.MESSAGE
    assert "für Sie" in capped.html


def test_nothing_of_a_mail_stands_in_an_error(gmail: FakeGmail) -> None:
    found = gmail.put(1)
    gmail.fail(found, (200, {"id": found, "raw": "secret words %%%"}))
    failure = box().messages([found])[found]
    assert isinstance(failure, errors.Unavailable)
    assert "secret" not in repr(failure) + str(failure.__cause__)
