"""Reading and marking messages as Graph does it."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email import policy
from typing import Any

from tests.sandbox.graph.conftest import IMMUTABLE, Graph

Pages = Callable[..., Iterator[dict[str, Any]]]


def test_the_newest_message_of_the_inbox_is_danas_offer(graph: Graph) -> None:
    body = graph.get("/me/mailFolders/inbox/messages?$top=1&$expand=attachments($select=id,name,isInline,size)").json()
    first = body["value"][0]
    assert first["from"] == {"emailAddress": {"name": "Dana Ruiz", "address": "dana@northwind.example"}}
    assert [row["name"] for row in first["attachments"]] == ["logo.png", "Offer v3.pdf"]
    assert [row["isInline"] for row in first["attachments"]] == [True, False]
    assert first["attachments"][1]["size"] == 1_200_000
    assert first["hasAttachments"] is True
    assert first["ccRecipients"][0]["emailAddress"]["address"] == "li.wei@northwind.example"


def test_select_gives_what_was_selected_and_the_id(graph: Graph) -> None:
    row = graph.get("/me/messages?$top=1&$select=subject,isRead").json()["value"][0]
    assert set(row) == {"@odata.etag", "id", "subject", "isRead"}


def test_pages_of_a_list_give_each_message_once(graph: Graph, pages: Pages) -> None:
    seen = [row["id"] for page in pages("/me/messages?$select=id&$top=70&$count=true") for row in page["value"]]
    assert len(seen) == len(set(seen)) == 300


def test_filters_and_order(graph: Graph) -> None:
    edge = graph.get("/me/messages?$top=40&$select=receivedDateTime").json()["value"][-1]["receivedDateTime"]
    newer = graph.get(f"/me/messages?$filter=receivedDateTime gt {edge}&$top=1000&$select=id").json()["value"]
    assert 30 <= len(newer) <= 39
    by_age = f"/me/messages?$filter=receivedDateTime ge {edge}&$orderby=receivedDateTime asc&$top=1"
    assert graph.get(by_age).json()["value"][0]["receivedDateTime"] == edge
    dana = graph.find("Re: Northwind renewal 2027")
    wanted = dana["internetMessageId"]
    same = graph.get("/me/messages", params={"$filter": f"internetMessageId eq '{wanted}'"}).json()["value"]
    assert [row["id"] for row in same] == [dana["id"]]
    thread = graph.get("/me/messages", params={"$filter": f"conversationId eq '{dana['conversationId']}'"}).json()[
        "value"
    ]
    assert len(thread) == 4


def test_a_shared_message_has_one_message_id_and_two_ids(graph: Graph) -> None:
    mine = graph.get("/me/messages?$top=1000&$select=internetMessageId").json()["value"]
    toms = graph.get("/me/messages?$top=1000&$select=internetMessageId", by="tom").json()["value"]
    shared = {row["internetMessageId"] for row in mine} & {row["internetMessageId"] for row in toms}
    assert len(shared) >= 5
    assert not {row["id"] for row in mine} & {row["id"] for row in toms}


def test_mime_is_the_message(graph: Graph) -> None:
    dana = graph.find("Re: Northwind renewal 2027")
    answer = graph.get(f"/me/messages/{dana['id']}/$value")
    assert answer.headers["content-type"].startswith("text/plain")
    message = email.message_from_bytes(answer.content, policy=policy.default)
    assert message["message-id"] == dana["internetMessageId"]
    files = {part.get_filename(): part.get_content() for part in message.walk() if part.get_filename()}
    assert set(files) == {"logo.png", "Offer v3.pdf"}
    assert files["Offer v3.pdf"].startswith(b"%PDF-1.4")


def test_attachments_by_select_and_as_bytes(graph: Graph) -> None:
    dana = graph.find("Re: Northwind renewal 2027")
    start = f"/me/messages/{dana['id']}/attachments"
    select = "$select=id,name,size,contentType,isInline,microsoft.graph.fileAttachment/contentId"
    rows = graph.get(f"{start}?{select}").json()["value"]
    assert rows[0]["contentId"] == "logo@northwind.example"
    assert "contentBytes" not in rows[0]
    offer = graph.get(f"{start}/{rows[1]['id']}/$value")
    assert offer.headers["content-type"] == "application/pdf"
    assert len(offer.content) == rows[1]["size"]
    assert graph.get(f"{start}?$select=contentId").json()["error"]["code"] == "RequestBroker--ParseUri"


def test_a_message_inside_a_message_is_given_as_mime(graph: Graph) -> None:
    outer = graph.find("Fwd: Measured values")
    rows = graph.get(f"/me/messages/{outer['id']}/attachments").json()["value"]
    assert rows[0]["@odata.type"] == "#microsoft.graph.itemAttachment"
    content = graph.get(f"/me/messages/{outer['id']}/attachments/{rows[0]['id']}/$value").content
    assert email.message_from_bytes(content)["subject"] == "Measured values"


def test_a_link_to_a_cloud_file_has_no_bytes(graph: Graph) -> None:
    message = graph.find("Photographs of the line")
    rows = graph.get(f"/me/messages/{message['id']}/attachments").json()["value"]
    assert rows[0]["@odata.type"] == "#microsoft.graph.referenceAttachment"
    assert graph.get(f"/me/messages/{message['id']}/attachments/{rows[0]['id']}/$value").status_code == 405


def test_the_big_attachment_is_the_same_by_itself_and_inside_the_mime(graph: Graph) -> None:
    message = graph.find("Drawings for all halls")
    start = f"/me/messages/{message['id']}"
    row = graph.get(f"{start}/attachments?$select=id,size,name").json()["value"][0]
    assert row["size"] == 25_000_000
    alone = graph.get(f"{start}/attachments/{row['id']}/$value").content
    assert len(alone) == 25_000_000
    whole = email.message_from_bytes(graph.get(f"{start}/$value").content)
    inside = next(part for part in whole.walk() if part.get_filename())
    assert inside.get_payload(decode=True) == alone


def test_sensitivity_is_an_extended_property_and_a_header(graph: Graph) -> None:
    expand = "$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x36')"
    levels = {"Between us": "2", "Dinner on Saturday?": "1", "Before the board": "3", "Marked for later": "0"}
    for subject, level in levels.items():
        identifier = graph.find(subject)["id"]
        body = graph.get(f"/me/messages/{identifier}?{expand}&$select=internetMessageHeaders").json()
        assert body["singleValueExtendedProperties"] == [{"id": "Integer 0x36", "value": level}]
        has_header = any(header["name"] == "Sensitivity" for header in body["internetMessageHeaders"])
        assert has_header is (level != "0")


def test_headers_come_only_when_asked_for_and_only_for_received_mail(graph: Graph) -> None:
    assert "internetMessageHeaders" not in graph.find("Marked for later")
    sent = graph.get("/me/mailFolders/sentitems/messages?$top=1&$select=internetMessageHeaders").json()["value"][0]
    assert "internetMessageHeaders" not in sent


def test_the_preferred_body_type_is_given_and_said(graph: Graph) -> None:
    identifier = graph.find("Re: Northwind renewal 2027")["id"]
    for kind in ("text", "html"):
        answer = graph.get(
            f"/me/messages/{identifier}?$select=body", headers={"prefer": f'outlook.body-content-type="{kind}"'}
        )
        assert answer.json()["body"]["contentType"] == kind
        assert f'outlook.body-content-type="{kind}"' in answer.headers["preference-applied"]
        assert ("<p>" in answer.json()["body"]["content"]) is (kind == "html")


def test_the_unique_body_leaves_the_quoted_mail_out(graph: Graph) -> None:
    identifier = graph.find("Re: Northwind renewal 2027")["id"]
    row = graph.get(f"/me/messages/{identifier}?$select=body,uniqueBody").json()
    assert "Shall we go through it on the telephone" in row["body"]["content"]
    assert "Shall we go through it on the telephone" not in row["uniqueBody"]["content"]


def test_meeting_mail_says_so(graph: Graph) -> None:
    rows = graph.get("/me/messages?$top=1000").json()["value"]
    kinds = {row["meetingMessageType"] for row in rows if "meetingMessageType" in row}
    assert kinds == {
        "meetingRequest",
        "meetingCancelled",
        "meetingAccepted",
        "meetingDeclined",
        "meetingTenativelyAccepted",
    }
    types = {row.get("@odata.type") for row in rows if "meetingMessageType" in row}
    assert all(str(name).startswith("#microsoft.graph.eventMessage") for name in types)


def test_marks_can_be_set_and_content_cannot(graph: Graph) -> None:
    before = graph.find("Marked for later")
    path = f"/me/messages/{before['id']}"
    after = graph.patch(path, {"categories": ["Salesforce"], "flag": {"flagStatus": "flagged"}, "isRead": False})
    assert after.status_code == 200
    body = after.json()
    assert (body["categories"], body["flag"]["flagStatus"], body["isRead"]) == (["Salesforce"], "flagged", False)
    assert body["changeKey"] != before["changeKey"]
    assert graph.patch(path, {"subject": "Other"}).status_code == 403
    assert graph.patch(path, {"receivedDateTime": "2026-01-01T00:00:00Z"}).status_code == 400
    assert graph.patch(path, {"mood": "good"}).status_code == 400
    assert graph.patch(path, {"isRead": "yes"}).status_code == 400


def test_a_stale_etag_is_refused(graph: Graph) -> None:
    message = graph.find("Marked for later")
    path = f"/me/messages/{message['id']}"
    assert graph.patch(path, {"isRead": False}, headers={"if-match": message["@odata.etag"]}).status_code == 200
    stale = graph.patch(path, {"isRead": True}, headers={"if-match": message["@odata.etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "ErrorIrresolvableConflict")


def test_a_move_changes_the_default_id_and_keeps_the_immutable_one(graph: Graph) -> None:
    message = graph.find("Marked for later")
    lasting = graph.find("Marked for later", headers=IMMUTABLE)["id"]
    assert lasting != message["id"]
    moved = graph.post(f"/me/messages/{message['id']}/move", {"destinationId": "archive"})
    assert moved.status_code == 201
    assert moved.json()["id"] != message["id"]
    assert graph.get(f"/me/messages/{message['id']}").status_code == 404
    assert graph.get(f"/me/messages/{lasting}", headers=IMMUTABLE).json()["id"] == lasting


def test_ids_are_translated(graph: Graph) -> None:
    identifier = graph.find("Marked for later")["id"]
    lasting = graph.find("Marked for later", headers=IMMUTABLE)["id"]
    ews = identifier.replace("-", "/").replace("_", "+")
    for source, given in (("restId", identifier), ("ewsId", ews)):
        request = {"inputIds": [given], "sourceIdType": source, "targetIdType": "restImmutableEntryId"}
        assert graph.post("/me/translateExchangeIds", request).json()["value"][0]["targetId"] == lasting


def test_names_in_every_script_arrive_whole(graph: Graph) -> None:
    senders = {
        row["from"]["emailAddress"]["name"]
        for row in graph.get("/me/messages?$top=1000&$select=from").json()["value"]
        if row["from"]
    }
    assert any("\u0590" <= letter <= "\u06ff" for name in senders for letter in name)
    assert not any("=?" in name or "\ufffd" in name for name in senders)


def test_mail_that_came_without_a_message_id_has_none(graph: Graph) -> None:
    row = graph.find("Meter readings from the old system")
    assert row["internetMessageId"] is None
    assert row["conversationId"]
