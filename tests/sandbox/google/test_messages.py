"""Messages through the real client: listing, the four formats, attachments, labels, threads."""

from __future__ import annotations

import base64
import email
from collections.abc import Callable
from email import policy
from typing import Any

import pytest

from tests.sandbox.google.conftest import Gmail, mail, reason

ABSENT = "18c5a1b2c3d4e5f6"


def decoded(data: str) -> bytes:
    return base64.urlsafe_b64decode(data)


def parts_of(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [part, *(inner for child in part.get("parts", []) for inner in parts_of(child))]


def headers_of(message: dict[str, Any]) -> dict[str, str]:
    return {header["name"].lower(): header["value"] for header in message["payload"]["headers"]}


def test_the_profile_says_whose_mailbox_it_is_and_where_its_history_stands(gmail: Gmail) -> None:
    profile = gmail.users.getProfile(userId="me").execute()
    assert profile["emailAddress"] == gmail.address
    assert profile["messagesTotal"] > 290
    assert 0 < profile["threadsTotal"] < profile["messagesTotal"]
    assert gmail.users.getProfile(userId=gmail.address).execute() == profile


def test_pages_give_every_message_once_and_leave_spam_and_trash_out(gmail: Gmail) -> None:
    total = gmail.users.getProfile(userId="me").execute()["messagesTotal"]
    messages = gmail.users.messages()
    request, seen = messages.list(userId="me", maxResults=50), list[str]()
    while request is not None:
        answer = request.execute()
        assert len(answer["messages"]) <= 50
        assert answer["resultSizeEstimate"] > 0
        seen += [row["id"] for row in answer["messages"]]
        request = messages.list_next(request, answer)
    everything = gmail.find("", includeSpamTrash=True, maxResults=500)
    hidden = {*gmail.find("in:spam"), *gmail.find("in:trash")}
    assert len(seen) == len(set(seen))
    assert set(seen) == set(everything) - hidden
    assert len(everything) == total
    assert len(hidden) >= 20


def test_newest_comes_first(gmail: Gmail) -> None:
    ids = gmail.find("in:inbox", maxResults=5)
    dates = [
        int(gmail.users.messages().get(userId="me", id=one, format="minimal").execute()["internalDate"]) for one in ids
    ]
    assert dates == sorted(dates, reverse=True)


def test_a_mailbox_that_changes_between_pages_repeats_and_skips_nothing_that_stays(gmail: Gmail) -> None:
    messages = gmail.users.messages()
    request = messages.list(userId="me", labelIds=["INBOX"], maxResults=10)
    first = request.execute()
    gmail.deliver(mail("Between the pages"))
    gmail.sandbox.move_mail("noor", first["messages"][-1]["id"], "trash")
    second = messages.list_next(request, first).execute()
    assert not {row["id"] for row in first["messages"]} & {row["id"] for row in second["messages"]}
    whole = gmail.find("", labelIds=["INBOX"], maxResults=500)
    assert [row["id"] for row in second["messages"]] == whole[10:20]


@pytest.mark.parametrize("label", ["INBOX", "SENT", "DRAFT", "UNREAD", "CATEGORY_PROMOTIONS"])
def test_labels_narrow_and_are_what_the_messages_carry(gmail: Gmail, label: str) -> None:
    ids = gmail.find("", labelIds=[label], maxResults=3)
    assert ids
    for one in ids:
        assert label in gmail.users.messages().get(userId="me", id=one, format="minimal").execute()["labelIds"]


def test_ids_are_sixteen_hexadecimal_digits_and_a_thread_has_one_of_its_own(gmail: Gmail) -> None:
    rows = gmail.users.messages().list(userId="me", maxResults=500).execute()["messages"]
    for row in rows:
        assert len(row["id"]) == len(row["threadId"]) == 16
        assert int(row["id"], 16) > 0
        assert row["id"] == row["id"].lower()
    assert len({row["threadId"] for row in rows}) < len(rows)


def test_the_four_formats_say_as_much_as_they_should(gmail: Gmail) -> None:
    identifier = gmail.find('subject:"Access to the test laboratory" has:attachment from:noor')[0]
    get = gmail.users.messages().get
    minimal = get(userId="me", id=identifier, format="minimal").execute()
    assert set(minimal) == {"id", "threadId", "labelIds", "snippet", "historyId", "internalDate", "sizeEstimate"}
    metadata = get(userId="me", id=identifier, format="metadata", metadataHeaders=["Subject", "message-id"]).execute()
    assert {header["name"].lower() for header in metadata["payload"]["headers"]} == {"subject", "message-id"}
    assert "body" not in metadata["payload"]
    assert "parts" not in metadata["payload"]
    raw = get(userId="me", id=identifier, format="raw").execute()
    assert "payload" not in raw
    message = email.message_from_bytes(decoded(raw["raw"]), policy=policy.default)
    assert len(decoded(raw["raw"])) == raw["sizeEstimate"]
    full = get(userId="me", id=identifier).execute()
    assert "raw" not in full
    assert headers_of(full)["message-id"] == message["message-id"]
    assert minimal["snippet"].startswith("Hi Dana,")
    kinds = [part["mimeType"] for part in parts_of(full["payload"])]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]
    assert [part["partId"] for part in parts_of(full["payload"])] == ["", "0", "0.0", "0.1", "1"]


def test_bodies_are_in_the_tree_and_files_behind_their_ids(gmail: Gmail) -> None:
    full = gmail.message("from:noor has:attachment subject:laboratory")
    text, file = (part for part in parts_of(full["payload"]) if part["mimeType"] in ("text/plain", "application/pdf"))
    assert "Thursday morning is free" in decoded(text["body"]["data"]).decode()
    assert text["body"]["size"] == len(decoded(text["body"]["data"]))
    assert file["filename"] == "Floor plan.pdf"
    assert "data" not in file["body"]
    attachments = gmail.users.messages().attachments()
    found = attachments.get(userId="me", messageId=full["id"], id=file["body"]["attachmentId"]).execute()
    assert decoded(found["data"]).startswith(b"%PDF")
    assert found["size"] == file["body"]["size"] == len(decoded(found["data"]))
    other = gmail.find("in:inbox")[0]
    wrong = gmail.get(f"/messages/{other}/attachments/{file['body']['attachmentId']}")
    assert reason(wrong) == (400, "invalidArgument")


def test_an_enclosed_message_is_a_file_with_parts_of_its_own(gmail: Gmail) -> None:
    full = gmail.message('subject:"Fwd: Measured values"')
    enclosed = next(part for part in parts_of(full["payload"]) if part["mimeType"] == "message/rfc822")
    assert enclosed["filename"].endswith(".eml")
    attachments = gmail.users.messages().attachments()
    found = attachments.get(userId="me", messageId=full["id"], id=enclosed["body"]["attachmentId"]).execute()
    inner = email.message_from_bytes(decoded(found["data"]), policy=policy.default)
    assert inner["subject"] == "Measured values"


def test_headers_come_decoded_and_text_in_utf_8_whatever_its_charset(gmail: Gmail) -> None:
    raw = (
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nFrom: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"Sch\xf6ne Gr\xfc\xdfe\r\n"
    )
    order = {"user": gmail.address, "mime_base64": base64.b64encode(raw).decode()}
    address = f"{gmail.sandbox.info['google_api_url']}/_sandbox/mail"
    identifier = gmail.sandbox.http.post(address, json=order, timeout=20).json()["id"]
    full = gmail.users.messages().get(userId="me", id=identifier).execute()
    assert headers_of(full)["subject"] == "Grüße"
    assert "charset=iso-8859-1" in headers_of(full)["content-type"]
    assert decoded(full["payload"]["body"]["data"]).decode() == "Schöne Grüße\r\n"
    kept = gmail.users.messages().get(userId="me", id=identifier, format="raw").execute()
    assert decoded(kept["raw"]) == raw


def test_a_message_without_a_message_id_stays_without_one(gmail: Gmail) -> None:
    identifier = gmail.deliver(mail("No id"))
    full = gmail.users.messages().get(userId="me", id=identifier).execute()
    assert "message-id" not in headers_of(full)
    assert gmail.sandbox.mail_of("noor")[-1]["internetMessageId"] is None


def test_answers_join_the_thread_and_another_subject_begins_a_new_one(gmail: Gmail) -> None:
    def thread(identifier: str) -> str:
        row: dict[str, str] = gmail.users.messages().get(userId="me", id=identifier, format="minimal").execute()
        return row["threadId"]

    first = gmail.deliver(mail("Gauges", message_id="<one@northwind.example>"))
    answer = gmail.deliver(mail("Re: Gauges", message_id="<two@x.example>", in_reply_to="<one@northwind.example>"))
    late = gmail.deliver(mail("AW: Gauges", references="<gone@x.example> <two@x.example>"))
    other = gmail.deliver(mail("Something else", in_reply_to="<one@northwind.example>"))
    stranger = gmail.deliver(mail("Gauges", message_id="<three@x.example>"))
    assert thread(first) == thread(answer) == thread(late) == first
    assert len({thread(first), thread(other), thread(stranger)}) == 3
    whole = gmail.users.threads().get(userId="me", id=first, format="metadata").execute()
    assert [message["id"] for message in whole["messages"]] == [first, answer, late]


def test_modify_trash_and_untrash_change_labels_only(gmail: Gmail) -> None:
    messages = gmail.users.messages()
    identifier = gmail.deliver(mail("To be marked"))
    label = gmail.users.labels().create(userId="me", body={"name": "Projects/Alpha"}).execute()
    body = {"addLabelIds": [label["id"], "STARRED"], "removeLabelIds": ["UNREAD"]}
    changed = messages.modify(userId="me", id=identifier, body=body).execute()
    assert set(changed) == {"id", "threadId", "labelIds"}
    assert set(changed["labelIds"]) == {"INBOX", "STARRED", label["id"]}
    trashed = messages.trash(userId="me", id=identifier).execute()
    assert set(trashed["labelIds"]) == {"TRASH", "STARRED", label["id"]}
    assert identifier not in gmail.find("subject:marked")
    back = messages.untrash(userId="me", id=identifier).execute()
    assert set(back["labelIds"]) == {"STARRED", label["id"]}
    assert gmail.find("label:projects-alpha") == [identifier]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"addLabelIds": ["Label_404"]},
        {"addLabelIds": ["SENT"]},
        {"removeLabelIds": ["DRAFT"]},
        {"addLabelIds": ["STARRED"], "removeLabelIds": ["STARRED"]},
    ],
)
def test_a_change_that_gmail_does_not_make_is_refused(gmail: Gmail, body: dict[str, Any]) -> None:
    identifier = gmail.find("in:inbox")[0]
    before = gmail.history_id()
    assert reason(gmail.post(f"/messages/{identifier}/modify", body)) == (400, "invalidArgument")
    assert gmail.history_id() == before


def test_labels_are_gmails_own_and_peoples(gmail: Gmail) -> None:
    labels = gmail.users.labels()
    found = {label["name"]: label for label in labels.list(userId="me").execute()["labels"]}
    assert {"INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "CHAT", "CATEGORY_PROMOTIONS"} <= set(found)
    assert found["Salesforce"]["type"] == "user"
    assert found["Salesforce"]["id"] != "Salesforce"
    counted = labels.get(userId="me", id=found["Salesforce"]["id"]).execute()
    assert (counted["messagesTotal"], counted["threadsTotal"], counted["messagesUnread"]) == (1, 1, 0)
    assert reason(gmail.post("/labels", {"name": "salesFORCE"})) == (409, "aborted")
    assert reason(gmail.post("/labels", {"name": "Inbox"})) == (400, "invalidArgument")
    assert reason(gmail.post("/labels", {"name": " "})) == (400, "invalidArgument")
    assert reason(gmail.get("/labels/Label_404")) == (404, "notFound")


def test_the_shared_message_stands_in_both_suites_under_one_message_id(gmail: Gmail) -> None:
    here = headers_of(gmail.message('subject:"One invoice for both offices"'))["message-id"]
    there = [row["internetMessageId"] for row in gmail.sandbox.mail_of("mia")]
    assert here in there


def test_the_seed_holds_marked_private_and_automatic_mail(gmail: Gmail) -> None:
    assert len(gmail.find("label:salesforce")) == 1
    assert headers_of(gmail.message('subject:"Between us"'))["sensitivity"] == "Private"
    promotion = headers_of(gmail.message("category:promotions"))
    assert promotion["precedence"] in ("bulk", "list")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/messages/nonsense", (400, "invalidArgument")),
        (f"/messages/{ABSENT}", (404, "notFound")),
        (f"/threads/{ABSENT}", (404, "notFound")),
        (f"/messages/{ABSENT}/attachments/x", (404, "notFound")),
        ("/messages?maxResults=501", (400, "invalidArgument")),
        ("/messages?maxResults=0", (400, "invalidArgument")),
        ("/messages?maxResults=many", (400, "badRequest")),
        ("/messages?pageToken=made-up", (400, "invalidArgument")),
        ("/messages?labelIds=Label_404", (400, "invalidArgument")),
        ("/messages?color=red", (400, "badRequest")),
        ("/messages?includeSpamTrash=perhaps", (400, "badRequest")),
        ("/messages?maxResults=1&maxResults=2", (400, "badRequest")),
        ("/messages?fields=messages(color)", (400, "invalidParameter")),
        ("/messages?alt=media", (400, "badRequest")),
        ("/profile?q=x", (400, "badRequest")),
        ("/drafts", (501, "notImplemented")),
    ],
)
def test_what_gmail_does_not_take_is_refused_in_its_words(gmail: Gmail, path: str, expected: tuple[int, str]) -> None:
    assert reason(gmail.get(path)) == expected


def test_a_body_that_the_method_does_not_take_is_refused(gmail: Gmail) -> None:
    identifier = gmail.find("in:inbox")[0]
    assert reason(gmail.post(f"/messages/{identifier}/modify", {"color": "red"})) == (400, "badRequest")
    assert reason(gmail.post(f"/messages/{identifier}/modify", {"addLabelIds": "STARRED"})) == (400, "badRequest")
    assert reason(gmail.post(f"/messages/{identifier}/trash", {"id": identifier})) == (400, "badRequest")
    assert reason(gmail.post("/labels", {"name": "A", "labelListVisibility": "maybe"})) == (400, "badRequest")
    form = gmail.call("POST", f"/messages/{identifier}/modify", data={"addLabelIds": "STARRED"})
    assert reason(form) == (400, "badContent")
    assert reason(gmail.call("GET", "/profile", data=b"{}", headers={"Content-Type": "application/json"})) == (
        400,
        "badRequest",
    )


def test_an_unknown_path_is_not_found_in_html(gmail: Gmail) -> None:
    for method, path in (("GET", "/nothing"), ("PUT", "/messages"), ("GET", "/messages/")):
        answer = gmail.call(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


def test_partial_answers_hold_what_was_asked_for(gmail: Gmail) -> None:
    answer = gmail.users.messages().list(userId="me", maxResults=2, fields="messages/id,nextPageToken").execute()
    assert set(answer) == {"messages", "nextPageToken"}
    assert all(set(row) == {"id"} for row in answer["messages"])
    full = gmail.get(f"/messages/{answer['messages'][0]['id']}", fields="id,payload(headers/name,mimeType)").json()
    assert set(full) == {"id", "payload"}
    assert all(set(header) == {"name"} for header in full["payload"]["headers"])


def test_another_persons_mailbox_is_out_of_reach(gmail_of: Callable[..., Gmail]) -> None:
    noor, jonas = gmail_of("noor"), gmail_of("jonas")
    address = f"{noor.sandbox.info['google_api_url']}/gmail/v1/users/{jonas.address}/messages"
    headers = {"Authorization": f"Bearer {noor.credentials.token}"}
    answer = noor.sandbox.http.get(address, headers=headers, timeout=20)
    assert reason(answer) == (403, "forbidden")
    assert answer.json()["error"]["message"].startswith("Delegation denied")
    foreign = jonas.find("in:inbox")[0]
    assert reason(noor.get(f"/messages/{foreign}")) == (404, "notFound")
