"""One mailbox over Graph: finding a message, its attachments, and every way it can go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from sync import errors
from sync.mail import Address, Attachment, AttachmentKind, FolderKind, Sensitivity
from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import MailboxAdapter, MailboxProfile
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, asked, failure, well_known

ME = GRAPH + "/me"
ID = "AAkALgAAimmutable="
HEADERS = [
    {"name": "Date", "value": "Fri, 20 Nov 2026 10:30:00 +0100"},
    {"name": "Subject", "value": "=?utf-8?q?Verl=C3=A4ngerung?="},
    {"name": "References", "value": "<a0@northwind.example>\r\n <a00@northwind.example>"},
    {"name": "List-Id", "value": "One"},
    {"name": "list-id", "value": "Two"},
]
MESSAGE: dict[str, Any] = {
    "@odata.etag": 'W/"1"',
    "id": ID,
    "internetMessageId": "<a1@northwind.example>",
    "conversationId": "conv",
    "subject": "Verlängerung",
    "from": {"emailAddress": {"name": "Dana Ruiz", "address": "Dana@NORTHWIND.example"}},
    "sender": {"emailAddress": {"name": "dana@northwind.example", "address": "dana@northwind.example"}},
    "replyTo": [],
    "toRecipients": [
        {"emailAddress": {"name": "Mia Keller", "address": "mia.keller@larkfield.example"}},
        {"emailAddress": {"name": "Old", "address": "/O=EXCHANGELABS/CN=RECIPIENTS/CN=OLD"}},
    ],
    "ccRecipients": [],
    "bccRecipients": [],
    "sentDateTime": "2026-11-20T09:30:01Z",
    "receivedDateTime": "2026-11-20T09:30:05Z",
    "internetMessageHeaders": HEADERS,
    "body": {"contentType": "html", "content": "<p>Hello</p>"},
    "parentFolderId": "folder-inbox",
    "isDraft": False,
    "hasAttachments": False,
    "categories": ["Salesforce"],
}


def test_it_is_a_mailbox_adapter() -> None:
    adapter: MailboxAdapter = GraphMailbox(FakeTokens())
    assert (adapter.provider, adapter.collection_per_folder) == ("graph", True)


def test_a_message_comes_with_all_that_the_rules_ask_about(graph: respx.MockRouter) -> None:
    route = graph.get(f"{ME}/messages/{ID}").respond(json=MESSAGE)

    message = GraphMailbox(FakeTokens()).find_message(item_id=ID)

    assert message.provider_id == ID
    assert message.from_ == Address("dana@northwind.example", "Dana Ruiz")
    assert message.sender == Address("dana@northwind.example", "")
    assert message.to == (Address("mia.keller@larkfield.example", "Mia Keller"),)
    assert message.unparsed == ("/O=EXCHANGELABS/CN=RECIPIENTS/CN=OLD",)
    assert message.sent_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC), "the instant of Date, not Graph's"
    assert message.received_at == datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)
    assert (message.html, message.text) == ("<p>Hello</p>", "")
    assert message.header("subject") == "Verlängerung"
    assert message.header("References") == "<a0@northwind.example> <a00@northwind.example>"
    assert message.header("LIST-ID") == "One"
    assert (message.folder, message.folder_ids) == (FolderKind.INBOX, ("folder-inbox",))
    assert (message.is_draft, message.is_meeting, message.problem) == (False, False, "")
    assert (message.sensitivity, message.categories) == (Sensitivity.NORMAL, ("Salesforce",))
    query = route.calls.last.request.url.params
    assert "internetMessageHeaders" in query["$select"]
    assert query["$expand"] == "singleValueExtendedProperties($filter=id eq 'Integer 0x36')"


def test_every_call_asks_for_immutable_ids_utc_and_html(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json=MESSAGE)
    GraphMailbox(FakeTokens()).find_message(item_id=ID)
    request_ids = set()
    for call in graph.calls:
        prefer = call.request.headers["Prefer"]
        assert 'IdType="ImmutableId"' in prefer
        assert 'outlook.timezone="UTC"' in prefer
        assert 'outlook.body-content-type="html"' in prefer
        assert call.request.headers["Authorization"] == "Bearer token-1"
        request_ids.add(call.request.headers["client-request-id"])
    assert len(request_ids) == len(graph.calls)


def test_a_clients_id_is_translated_to_an_immutable_one(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages/AAMk-client").respond(404, json=failure("ErrorItemNotFound"))
    translate = graph.post(f"{ME}/translateExchangeIds").respond(
        json={"value": [{"sourceId": "AAMk-client", "targetId": ID}]}
    )
    graph.get(f"{ME}/messages/{ID}").respond(json=MESSAGE)
    assert GraphMailbox(FakeTokens()).find_message(item_id="AAMk-client").provider_id == ID
    assert json.loads(translate.calls.last.request.content) == {
        "inputIds": ["AAMk-client"],
        "sourceIdType": "restId",
        "targetIdType": "restImmutableEntryId",
    }


def test_an_id_cannot_leave_its_place_in_the_path(graph: respx.MockRouter) -> None:
    route = graph.get(url__regex=r".*/messages/.*").respond(404, json=failure("ErrorItemNotFound"))
    graph.post(f"{ME}/translateExchangeIds").respond(400, json=failure("RequestBroker--ParseUri"))
    with pytest.raises(errors.Gone):
        GraphMailbox(FakeTokens()).find_message(item_id="../../users/ceo?$select=id#")
    assert route.calls.last.request.url.raw_path.startswith(b"/v1.0/me/messages/..%2F..%2Fusers%2Fceo%3F%24select")


def test_the_message_id_decides_where_the_item_id_disagrees(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "internetMessageId": "<other@x.example>"})
    listed = graph.get(f"{ME}/messages").respond(json={"value": [{**MESSAGE, "id": "AAk-right"}]})
    mailbox = GraphMailbox(FakeTokens())
    assert mailbox.find_message(item_id=ID, internet_message_id="<a1@northwind.example>").provider_id == "AAk-right"
    assert listed.calls.last.request.url.params["$filter"] == "internetMessageId eq '<a1@northwind.example>'"


def test_a_quote_in_a_message_id_is_data(graph: respx.MockRouter) -> None:
    listed = graph.get(f"{ME}/messages").respond(json={"value": []})
    with pytest.raises(errors.Gone):
        GraphMailbox(FakeTokens()).find_message(internet_message_id="<a' or id ne 'b+c@x>")
    assert listed.calls.last.request.url.params["$filter"] == "internetMessageId eq '<a'' or id ne ''b+c@x>'"
    assert b"b%2Bc" in listed.calls.last.request.url.raw_path


def test_message_ids_are_compared_exactly(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages").respond(json={"value": [{**MESSAGE, "internetMessageId": "<A1@northwind.example>"}]})
    with pytest.raises(errors.Gone):
        GraphMailbox(FakeTokens()).find_message(internet_message_id="<a1@northwind.example>")


def test_of_several_copies_the_one_that_is_not_deleted_is_taken(graph: respx.MockRouter) -> None:
    copies = [
        {**MESSAGE, "id": "AAk-trash", "parentFolderId": "folder-deleteditems"},
        {**MESSAGE, "id": "AAk-sent", "parentFolderId": "folder-sentitems"},
    ]
    graph.get(f"{ME}/messages").respond(json={"value": copies})
    message = GraphMailbox(FakeTokens()).find_message(internet_message_id="<a1@northwind.example>")
    assert (message.provider_id, message.folder) == ("AAk-sent", FolderKind.SENT)


@pytest.mark.parametrize(
    ("folder_id", "kind"),
    [(f"folder-{name}", kind) for name, kind in folders.WELL_KNOWN] + [("folder-project", FolderKind.OTHER)],
)
def test_a_folder_is_told_by_its_id_and_asked_for_once(
    graph: respx.MockRouter, folder_id: str, kind: FolderKind
) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "parentFolderId": folder_id})
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).folder is kind
    assert asked(graph)[1:] == ["POST /v1.0/$batch"], "one call for all five"
    before = len(graph.calls)
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).folder is kind
    assert len(graph.calls) == before + 1


def test_a_mailbox_without_a_well_known_folder_still_answers(graph: respx.MockRouter) -> None:
    some = {path: answer for path, answer in well_known("me").items() if not path.endswith("/inbox")}
    graph.post(f"{GRAPH}/$batch").mock(side_effect=Batches(some))
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "parentFolderId": "folder-sentitems"})
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).folder is FolderKind.SENT


@pytest.mark.parametrize(
    ("own", "header", "expected"),
    [
        (None, None, Sensitivity.NORMAL),
        ("0", None, Sensitivity.NORMAL),
        ("1", None, Sensitivity.PERSONAL),
        ("2", None, Sensitivity.PRIVATE),
        ("3", None, Sensitivity.CONFIDENTIAL),
        (None, "Private", Sensitivity.PRIVATE),
        (None, "Company-Confidential", Sensitivity.CONFIDENTIAL),
        ("0", "personal", Sensitivity.PERSONAL),
        (None, "whatever", Sensitivity.NORMAL),
    ],
)
def test_sensitivity_is_the_property_or_the_header(
    graph: respx.MockRouter, own: str | None, header: str | None, expected: Sensitivity
) -> None:
    body = {**MESSAGE, "internetMessageHeaders": list(HEADERS)}
    if own is not None:
        body["singleValueExtendedProperties"] = [{"id": "Integer 0x36", "value": own}]
    if header is not None:
        body["internetMessageHeaders"].append({"name": "Sensitivity", "value": header})
    graph.get(f"{ME}/messages/{ID}").respond(json=body)
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).sensitivity is expected


@pytest.mark.parametrize(
    ("changes", "headers", "problem"),
    [
        ({"from": None}, [], "malformed"),
        ({"from": {"emailAddress": {"name": "", "address": "not an address"}}}, [], "malformed"),
        ({"from": None}, [("From", "Dana <dana@northwind.example>")], ""),
        ({"from": None, "isDraft": True}, [], ""),
        ({}, [("X-Long", "x" * (2**20 + 1))], "malformed"),
        ({}, [("Content-Type", 'application/pkcs7-mime; smime-type="enveloped-data"')], "encrypted"),
        ({}, [("Content-Type", "application/pkcs7-mime; smime-type=signed-data")], ""),
        ({}, [("Content-Type", "multipart/encrypted; protocol=x")], "encrypted"),
        ({}, [("Content-Class", "rpmsg.message")], "encrypted"),
    ],
)
def test_damaged_and_encrypted_messages_are_named(
    graph: respx.MockRouter, changes: dict[str, Any], headers: list[tuple[str, str]], problem: str
) -> None:
    given = [{"name": name, "value": value} for name, value in headers]
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, **changes, "internetMessageHeaders": given})
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).problem == problem


def test_an_invitation_is_known_by_its_type(graph: respx.MockRouter) -> None:
    kind = "#microsoft.graph.eventMessageRequest"
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "@odata.type": kind})
    assert GraphMailbox(FakeTokens()).find_message(item_id=ID).is_meeting


def listed_attachments() -> list[dict[str, Any]]:
    prefix = "#microsoft.graph."
    return [
        {
            "@odata.type": prefix + "fileAttachment",
            "@odata.mediaContentType": "image/png",
            "id": "att1",
            "name": "logo.png",
            "size": 900,
            "contentType": "image/png",
            "isInline": True,
            "contentId": "<logo@x>",
        },
        {
            "@odata.type": prefix + "itemAttachment",
            "id": "att2",
            "name": "Re: offer",
            "size": 5000,
            "contentType": None,
        },
    ]


def test_attachments_are_listed_over_pages_of_the_same_host(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "hasAttachments": True})
    link = {"@odata.type": "#microsoft.graph.referenceAttachment", "id": "att3", "name": "Cloud", "size": 0}
    graph.get(f"{ME}/messages/{ID}/attachments", params={"page": "2"}).respond(json={"value": [link]})
    first = graph.get(f"{ME}/messages/{ID}/attachments", params__contains={"$select": ATTACHMENT_SELECT}).respond(
        json={"value": listed_attachments(), "@odata.nextLink": f"{ME}/messages/{ID}/attachments?page=2"}
    )
    logo, inner, cloud = GraphMailbox(FakeTokens()).find_message(item_id=ID).attachments
    assert first.call_count == 1
    assert logo == Attachment("att1", "logo.png", 900, "image/png", AttachmentKind.FILE, "logo@x", is_inline=True)
    assert (inner.kind, inner.content_type) == (AttachmentKind.MESSAGE, "application/octet-stream")
    assert cloud.kind is AttachmentKind.LINK


ATTACHMENT_SELECT = "id,name,size,contentType,isInline,microsoft.graph.fileAttachment/contentId"


@pytest.mark.parametrize("host", ["https://evil.example", "https://localhost:9446", "http://localhost:9445"])
def test_a_link_to_another_host_is_not_followed(graph: respx.MockRouter, host: str) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "hasAttachments": True})
    elsewhere = graph.route(url__startswith=host + "/v1.0/next").respond(json={"value": []})
    graph.get(f"{ME}/messages/{ID}/attachments").respond(json={"value": [], "@odata.nextLink": host + "/v1.0/next"})
    with pytest.raises(errors.Unavailable) as caught:
        GraphMailbox(FakeTokens()).find_message(item_id=ID)
    assert caught.value.code == "FOREIGN_LINK"
    assert elsewhere.call_count == 0


def test_inline_images_are_listed_although_graph_says_no_attachments(graph: respx.MockRouter) -> None:
    html = {"contentType": "html", "content": '<img src="cid:logo@x">'}
    graph.get(f"{ME}/messages/{ID}").respond(json={**MESSAGE, "body": html})
    graph.get(f"{ME}/messages/{ID}/attachments").respond(json={"value": listed_attachments()[:1]})
    assert len(GraphMailbox(FakeTokens()).find_message(item_id=ID).attachments) == 1


def test_without_attachments_and_with_a_known_folder_it_is_one_call(graph: respx.MockRouter) -> None:
    graph.get(f"{ME}/messages/{ID}").respond(json=MESSAGE)
    GraphMailbox(FakeTokens()).find_message(item_id=ID)
    before = len(graph.calls)
    GraphMailbox(FakeTokens()).find_message(item_id=ID, internet_message_id="<a1@northwind.example>")
    assert asked(graph)[before:] == [f"GET /v1.0/me/messages/{ID}"]


def open_message(graph: respx.MockRouter) -> Any:
    graph.get(f"{ME}/messages/{ID}").respond(json=MESSAGE)
    return GraphMailbox(FakeTokens()).find_message(item_id=ID)


FILE = Attachment("att/1=", "a.bin", 10)
VALUE = f"{ME}/messages/{ID}/attachments/att%2F1%3D/$value"


def test_an_attachment_is_streamed_in_blocks(graph: respx.MockRouter) -> None:
    message = open_message(graph)
    route = graph.get(VALUE).respond(content=b"x" * 200_000)
    with GraphMailbox(FakeTokens()).open_attachment(message, FILE) as blocks:
        sizes = [len(block) for block in blocks]
    assert sum(sizes) == 200_000
    assert max(sizes) <= 65_536
    assert route.calls.last.request.headers["Accept-Encoding"] == "identity"


def test_an_expired_token_is_renewed_once_before_a_stream_begins(graph: respx.MockRouter) -> None:
    message = open_message(graph)
    graph.get(VALUE).mock(
        side_effect=[
            httpx.Response(401, json=failure("InvalidAuthenticationToken")),
            httpx.Response(200, content=b"ok"),
        ]
    )
    tokens = FakeTokens("old", "new")
    with GraphMailbox(tokens).open_attachment(message, FILE) as blocks:
        assert b"".join(blocks) == b"ok"
    assert tokens.rejected == ["old"]


def test_a_stream_that_breaks_is_a_provider_error(graph: respx.MockRouter) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"x" * 65_536
            raise httpx.ReadError("cut")

    message = open_message(graph)
    graph.get(VALUE).mock(return_value=httpx.Response(200, stream=Broken()))
    with (
        pytest.raises(errors.Unavailable),
        GraphMailbox(FakeTokens()).open_attachment(message, FILE) as blocks,
    ):
        list(blocks)


def test_a_link_has_no_content(graph: respx.MockRouter) -> None:
    message = open_message(graph)
    with (
        pytest.raises(errors.Refused),
        GraphMailbox(FakeTokens()).open_attachment(message, replace(FILE, kind=AttachmentKind.LINK)),
    ):
        pass


@pytest.mark.parametrize(
    ("status", "code", "headers", "expected"),
    [
        (400, "BadRequest", {}, errors.Refused),
        (400, "ErrorInvalidIdMalformed", {}, errors.Gone),
        (403, "ErrorAccessDenied", {}, errors.Forbidden),
        (403, "Authorization_RequestDenied", {}, errors.Forbidden),
        (404, "MailboxNotEnabledForRESTAPI", {}, errors.Forbidden),
        (404, "ErrorItemNotFound", {}, errors.Gone),
        (404, "", {}, errors.Gone),
        (409, "ErrorIrresolvableConflict", {}, errors.Conflict),
        (412, "PreconditionFailed", {}, errors.Conflict),
        (410, "syncStateNotFound", {}, errors.CursorExpired),
        (400, "SyncStateInvalid", {}, errors.CursorExpired),
        (400, "resyncRequired", {}, errors.CursorExpired),
        (429, "ApplicationThrottled", {"Retry-After": "17"}, errors.Throttled),
        (503, "ServiceUnavailable", {"Retry-After": "17"}, errors.Throttled),
        (504, "GatewayTimeout", {"Retry-After": "17"}, errors.Throttled),
        (503, "ServiceUnavailable", {}, errors.Unavailable),
        (500, "InternalServerError", {}, errors.Unavailable),
        (502, "", {}, errors.Unavailable),
        (507, "ErrorQuotaExceeded", {}, errors.QuotaSpent),
        (302, "", {"Location": "https://evil.example/"}, errors.Unavailable),
    ],
)
def test_every_code_has_its_error(
    graph: respx.MockRouter, status: int, code: str, headers: dict[str, str], expected: type[errors.ProviderError]
) -> None:
    graph.get(ME).respond(status, headers=headers, **({"json": failure(code)} if code else {"text": "<html>"}))
    with pytest.raises(errors.ProviderError) as caught:
        GraphMailbox(FakeTokens()).profile()
    assert type(caught.value) is expected
    assert caught.value.code == (code or f"HTTP_{status}")
    if isinstance(caught.value, errors.Throttled):
        assert caught.value.retry_after == 17.0
    assert len(graph.calls) == 1, "nothing is tried again here"


def test_a_rejected_token_is_renewed_once_and_the_call_replayed_once(graph: respx.MockRouter) -> None:
    route = graph.get(ME).mock(
        side_effect=[
            httpx.Response(401, json=failure("InvalidAuthenticationToken")),
            httpx.Response(200, json={"id": "oid", "displayName": "Mia", "mail": None, "userPrincipalName": "mia@x.y"}),
        ]
    )
    tokens = FakeTokens("old", "new")
    assert GraphMailbox(tokens).profile() == MailboxProfile("oid", "mia@x.y", "Mia")
    assert [call.request.headers["Authorization"] for call in route.calls] == ["Bearer old", "Bearer new"]


def test_a_second_rejection_asks_for_a_new_connection(graph: respx.MockRouter) -> None:
    route = graph.get(ME).respond(401, json=failure("InvalidAuthenticationToken"))
    with pytest.raises(errors.NeedsReconnect):
        GraphMailbox(FakeTokens("a", "b", "c")).profile()
    assert route.call_count == 2


@pytest.mark.parametrize(
    "silence", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
def test_silence_is_unavailable(graph: respx.MockRouter, silence: Exception) -> None:
    graph.get(ME).mock(side_effect=silence)
    with pytest.raises(errors.Unavailable):
        GraphMailbox(FakeTokens()).profile()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"displayName": "no id"}'])
def test_an_unreadable_answer_is_unavailable(graph: respx.MockRouter, body: bytes) -> None:
    graph.get(ME).respond(200, content=body)
    with pytest.raises(errors.Unavailable) as caught:
        GraphMailbox(FakeTokens()).profile()
    assert caught.value.code == "UNREADABLE"


def test_another_mailbox_is_named_in_the_path(graph: respx.MockRouter) -> None:
    route = graph.get(url__regex=r".*/v1\.0/users/.*").respond(json={"id": "oid", "mail": "a@b.c"})
    GraphMailbox(FakeTokens(), mailbox="a/b@c.example").profile()
    assert route.calls.last.request.url.raw_path.startswith(b"/v1.0/users/a%2Fb%40c.example?")
