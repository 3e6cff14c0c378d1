"""Mail of the subsidiary while the sandbox runs: arriving, sent across suites, marked, filled by the thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.google.conftest import Gmail, mail
from tests.sandbox_process import SandboxProcess

EXTRA = "rep01@larkfield-labs"


def test_sent_mail_reaches_both_suites_and_only_the_sender_sees_the_blind_copy(gmail: Gmail) -> None:
    mime = mail(
        "Across",
        message_id="<across@larkfield-labs.example>",
        cc="mia.keller@larkfield.example",
        bcc="jonas.weber@larkfield-labs.example",
    ).replace("dana@northwind.example", gmail.address)
    gmail.sandbox.send_mail("noor", mime)
    copies = {
        name: [
            row for row in gmail.sandbox.mail_of(name) if row["internetMessageId"] == "<across@larkfield-labs.example>"
        ]
        for name in ("noor", "jonas", "mia", "tom")
    }
    assert {name: len(rows) for name, rows in copies.items()} == {"noor": 2, "jonas": 1, "mia": 1, "tom": 0}
    assert sorted(row["labels"] for row in copies["noor"]) == [["INBOX", "UNREAD"], ["SENT"]]
    headers = {
        row["id"]: {header["name"] for header in gmail.get(f"/messages/{row['id']}").json()["payload"]["headers"]}
        for row in copies["noor"]
    }
    assert sorted("Bcc" in names for names in headers.values()) == [False, True]


def test_places_and_labels_by_the_names_that_people_use(gmail: Gmail) -> None:
    identifier = gmail.deliver(mail("Moved"))

    def labels() -> set[str]:
        return set(next(row["labels"] for row in gmail.sandbox.mail_of("noor") if row["id"] == identifier))

    for place, expected in (
        ("spam", {"SPAM", "UNREAD"}),
        ("inbox", {"INBOX", "UNREAD"}),
        ("Projects", {"Projects", "UNREAD"}),
        ("trash", {"TRASH", "Projects", "UNREAD"}),
        ("archive", {"Projects", "UNREAD"}),
    ):
        gmail.sandbox.move_mail("noor", identifier, place)
        assert labels() == expected
    gmail.sandbox.mark_mail("noor", identifier, "PROJECTS", on=False)
    assert labels() == {"UNREAD"}
    gmail.sandbox.delete_mail("noor", identifier)
    assert gmail.get(f"/messages/{identifier}").status_code == 404


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("mail", {"user": "nobody@larkfield-labs.example", "mime": "Subject: x\r\n\r\nx"}),
        ("mail", {"user": "noor.haddad@larkfield-labs.example", "mime": ""}),
        ("mail/move", {"user": "noor.haddad@larkfield-labs.example", "id": "18c5a1b2c3d4e5f6", "to": "inbox"}),
        ("mail/delete", {"user": "noor.haddad@larkfield-labs.example", "id": "x"}),
        ("mail/mark", {"user": "noor.haddad@larkfield-labs.example", "id": "x", "name": "A", "on": True}),
    ],
)
def test_what_does_not_fit_is_refused(sandbox: SandboxProcess, path: str, order: dict[str, Any]) -> None:
    answer = sandbox.http.post(f"{sandbox.info['google_api_url']}/_sandbox/{path}", json=order, timeout=10)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_a_filled_mailbox_is_searched_and_read_like_any_other(
    sandbox: SandboxProcess, gmail_of: Callable[..., Gmail]
) -> None:
    sandbox.reset(google=1)
    gmail = gmail_of(EXTRA)
    start = gmail.history_id()
    sandbox.fill_mail(EXTRA, 2000, matching_percent=30, days=6, seed=3, attachments=True)
    rows = sandbox.mail_of(EXTRA)
    assert len(rows) == len({row["internetMessageId"] for row in rows}) == 2000
    assert rows == sorted(rows, key=lambda row: row["received"])
    assert len({row["threadId"] for row in rows}) < 1500
    newest = gmail.users.messages().get(userId="me", id=gmail.find("", maxResults=1)[0]).execute()
    assert newest["internalDate"] == str(rows[-1]["received"])
    head = {header["name"]: header["value"] for header in newest["payload"]["headers"]}
    assert head["Message-ID"] == rows[-1]["internetMessageId"]
    assert gmail.find(f"rfc822msgid:{head['Message-ID'].strip('<>')}") == [newest["id"]]
    assert gmail.find(f'subject:"{head["Subject"]}" {head["Message-ID"].partition("@")[0].strip("<")[:4]}') == []
    answer = gmail.get("/history", startHistoryId=start, maxResults=500).json()
    assert len(answer["history"]) == 500


def test_a_big_mailbox_is_read_page_by_page_without_a_scan_for_each(
    sandbox: SandboxProcess, gmail_of: Callable[..., Gmail]
) -> None:
    sandbox.reset(google=1)
    gmail = gmail_of(EXTRA)
    sandbox.limits(gmail_user_units=10_000_000)
    sandbox.fill_mail(EXTRA, 20_000, matching_percent=10, days=30)
    took = []
    token: str | None = None
    seen = 0
    while True:
        began = time.perf_counter()
        answer = gmail.get("/messages", maxResults=500, **({"pageToken": token} if token else {})).json()
        took.append(time.perf_counter() - began)
        seen += len(answer["messages"])
        token = answer.get("nextPageToken")
        if token is None:
            break
    assert seen == 20_000
    # The last page costs what the first one does; a second is far above either.
    assert max(took) < 1


def test_more_people_have_empty_mailboxes_and_are_announced(
    sandbox: SandboxProcess, gmail_of: Callable[..., Gmail]
) -> None:
    sandbox.reset(google=2, microsoft=1)
    names = [user["email"] for user in sandbox.info["users"][6:]]
    assert names == ["rep01@larkfield.example", "rep01@larkfield-labs.example", "rep02@larkfield-labs.example"]
    gmail = gmail_of("rep02@larkfield-labs")
    profile = gmail.users.getProfile(userId="me").execute()
    assert (profile["emailAddress"], profile["messagesTotal"]) == ("rep02@larkfield-labs.example", 0)
    assert gmail.get("/messages").json() == {"resultSizeEstimate": 0}
    assert sandbox.salesforce_login("rep02@larkfield-labs")["instance_url"]
    address = f"{sandbox.info['google_api_url']}/_sandbox/reset"
    for extra in ({"google": 501}, {"google": -1}, {"yahoo": 1}):
        assert sandbox.http.post(address, json={"extra": extra}, timeout=10).status_code == 400
    sandbox.reset()
    assert len(sandbox.info["users"]) == 6
