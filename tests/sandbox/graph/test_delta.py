"""Delta rounds: a first full reading, then what changed, and 410 for cursors that are none any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.sandbox.graph.conftest import IMMUTABLE, Graph

Pages = Callable[..., Iterator[dict[str, Any]]]
INBOX = "/me/mailFolders/inbox/messages/delta"
MAIL = "From: Dana <dana@northwind.example>\r\nTo: mia.keller@larkfield.example\r\nSubject: New\r\n\r\nHello\r\n"


def _round(pages: Pages, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    rows: list[dict[str, Any]] = []
    link = ""
    for page in pages(path, headers=IMMUTABLE | headers):
        rows += page["value"]
        link = page.get("@odata.deltaLink", "")
    return rows, link


def test_the_first_round_reads_the_whole_folder_in_pages(graph: Graph, pages: Pages) -> None:
    counted = graph.get("/me/mailFolders/inbox").json()["totalItemCount"]
    small = {"prefer": 'IdType="ImmutableId", odata.maxpagesize=25'}
    found = list(pages(f"{INBOX}?$select=subject", headers=small))
    assert len(found) == -(-counted // 25)
    ids = [row["id"] for page in found for row in page["value"]]
    assert len(ids) == len(set(ids)) == counted
    assert set(found[0]["value"][0]) == {"@odata.etag", "id", "subject"}
    assert "@odata.deltaLink" in found[-1]
    assert "@odata.nextLink" not in found[-1]


def test_nothing_new_is_an_empty_round(graph: Graph, pages: Pages) -> None:
    _, link = _round(pages, INBOX)
    rows, again = _round(pages, link)
    assert rows == []
    assert again


def test_new_mail_comes_whole_and_marks_come_bare(graph: Graph, pages: Pages) -> None:
    known, link = _round(pages, f"{INBOX}?$select=subject,isRead,categories")
    new = graph.deliver(MAIL)
    old = known[5]["id"]
    graph.patch(f"/me/messages/{old}", {"isRead": not known[5]["isRead"]})
    rows, link = _round(pages, link)
    by_id = {row["id"]: row for row in rows}
    assert by_id[new["immutableId"]]["subject"] == "New"
    assert set(by_id[old]) == {"@odata.etag", "id", "isRead"}
    assert len(rows) == 2
    assert _round(pages, link)[0] == []


def test_a_move_is_a_removal_here_and_a_creation_there(graph: Graph, pages: Pages) -> None:
    known, inbox = _round(pages, INBOX)
    _, archive = _round(pages, "/me/mailFolders/archive/messages/delta")
    moved = known[0]["id"]
    graph.post(f"/me/messages/{moved}/move", {"destinationId": "archive"})
    assert _round(pages, inbox)[0] == [
        {"@odata.type": "#microsoft.graph.message", "id": moved, "@removed": {"reason": "deleted"}}
    ]
    assert [row["id"] for row in _round(pages, archive)[0]] == [moved]


def test_a_deletion_is_a_removal(graph: Graph, pages: Pages) -> None:
    known, link = _round(pages, INBOX)
    assert graph.call("DELETE", f"/me/messages/{known[3]['id']}").status_code == 204
    rows, _ = _round(pages, link)
    assert [(row["id"], row["@removed"]["reason"]) for row in rows] == [(known[3]["id"], "deleted")]


def test_mail_that_comes_between_two_pages_is_in_the_next_round(graph: Graph) -> None:
    small = {"prefer": 'IdType="ImmutableId", odata.maxpagesize=100'}
    page = graph.get(INBOX, headers=small).json()
    new = graph.deliver(MAIL)["immutableId"]
    seen = [row["id"] for row in page["value"]]
    while "@odata.nextLink" in page:
        page = graph.get(page["@odata.nextLink"], headers=small).json()
        seen += [row["id"] for row in page["value"]]
    assert new not in seen
    rows = graph.get(page["@odata.deltaLink"], headers=small).json()["value"]
    assert [row["id"] for row in rows] == [new]


def test_a_round_can_begin_at_a_date(graph: Graph, pages: Pages) -> None:
    edge = graph.get("/me/mailFolders/inbox/messages?$top=20").json()["value"][-1]["receivedDateTime"]
    rows, _ = _round(pages, f"{INBOX}?$filter=receivedDateTime ge {edge}")
    assert len(rows) == 20
    refused = graph.get(f"{INBOX}?$filter=isRead eq true")
    assert refused.status_code == 400


def test_unknown_foreign_and_expired_tokens_are_gone(graph: Graph, pages: Pages) -> None:
    _, link = _round(pages, INBOX)
    for path in (f"{INBOX}?$deltatoken=made-up", link[:-4] + "AAAA", link.replace("inbox", "archive")):
        answer = graph.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "syncStateNotFound")
    assert graph.get(link, by="tom").status_code == 410
    graph.tenant.expire_cursors(graph.mia.oid)
    assert graph.get(link).status_code == 410
    assert _round(pages, INBOX)[1]


def test_an_expired_cursor_is_gone_in_the_middle_of_a_round(graph: Graph) -> None:
    page = graph.get(INBOX, headers={"prefer": "odata.maxpagesize=10"}).json()
    graph.tenant.expire_cursors()
    assert graph.get(page["@odata.nextLink"]).status_code == 410


def test_folders_have_rounds_of_their_own(graph: Graph, pages: Pages) -> None:
    rows, link = _round(pages, "/me/mailFolders/delta")
    assert {"Inbox", "Sent Items", "Customers"} <= {row["displayName"] for row in rows}
    graph.deliver(MAIL)
    rows, link = _round(pages, link)
    assert [row["displayName"] for row in rows] == ["Inbox"]
    made = graph.post("/me/mailFolders", {"displayName": "Fairs"})
    assert made.status_code == 201
    assert [row["displayName"] for row in _round(pages, link)[0]] == ["Fairs"]
    assert graph.post("/me/mailFolders", {"displayName": "fairs"}).status_code == 409


def test_a_page_has_at_most_two_hundred_rows(graph: Graph) -> None:
    order = {"user": graph.mia.email, "count": 450, "days": 3}
    assert graph.post("/_sandbox/mail/fill", order).status_code == 200
    page = graph.get(f"{INBOX}?$select=id", headers={"prefer": "odata.maxpagesize=1000"}).json()
    assert len(page["value"]) == 200


def test_a_long_round_of_changes_comes_in_pages(graph: Graph, pages: Pages) -> None:
    _, link = _round(pages, f"{INBOX}?$select=isRead,subject")
    graph.post("/_sandbox/mail/fill", {"user": graph.mia.email, "count": 900, "days": 3})
    known = {
        row["id"] for row in graph.get("/me/mailFolders/inbox/messages?$top=1000", headers=IMMUTABLE).json()["value"]
    }
    small = {"prefer": 'IdType="ImmutableId", odata.maxpagesize=150'}
    page = graph.get(link, headers=small).json()
    gone = page["value"][0]["id"]
    graph.call("DELETE", f"/me/messages/{gone}")
    late = graph.deliver(MAIL)["immutableId"]
    seen = [row["id"] for row in page["value"]]
    while "@odata.nextLink" in page:
        page = graph.get(page["@odata.nextLink"], headers=small).json()
        seen += [row["id"] for row in page["value"]]
    assert len(seen) == len(set(seen)) >= 500
    assert set(seen) <= known
    rows, _ = _round(pages, page["@odata.deltaLink"])
    assert {row["id"]: "@removed" in row for row in rows} == {gone: True, late: False}


def test_the_expanded_sensitivity_stands_in_each_row(graph: Graph, pages: Pages) -> None:
    expand = "$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x36')"
    select = "$select=id,internetMessageHeaders,body,categories"
    rows, link = _round(pages, f"{INBOX}?{select}&{expand}")
    assert all(row["singleValueExtendedProperties"][0]["id"] == "Integer 0x36" for row in rows)
    assert all({"internetMessageHeaders", "body", "categories"} <= set(row) for row in rows)
    graph.deliver(MAIL)
    rows, _ = _round(pages, link)
    assert rows[0]["singleValueExtendedProperties"] == [{"id": "Integer 0x36", "value": "0"}]
    assert {"internetMessageHeaders", "body"} <= set(rows[0])


def test_what_a_delta_query_does_not_take_is_refused(graph: Graph) -> None:
    for option in (
        '$search="x"',
        "$skip=5",
        "$count=true",
        "$orderby=subject",
        "$expand=attachments",
        "$filter=receivedDateTime le 2026-11-01T00:00:00Z",
        "$filter=receivedDateTime ge 2026-11-01T00:00:00Z and isRead eq true",
        "changeType=moved",
    ):
        assert graph.get(f"{INBOX}?{option}").status_code == 400, option


def test_a_folder_comes_again_when_it_is_renamed_and_a_hidden_one_does_not(graph: Graph, pages: Pages) -> None:
    made = graph.post("/me/mailFolders/inbox/childFolders", {"displayName": "Fairs"}).json()
    rows, link = _round(pages, "/me/mailFolders/delta")
    by_name = {row["displayName"]: row for row in rows}
    assert by_name["Fairs"]["parentFolderId"] == by_name["Inbox"]["id"]
    assert by_name["Inbox"]["totalItemCount"] > 0
    assert graph.patch(f"/me/mailFolders/{made['id']}", {"displayName": "Shows"}).status_code == 200
    assert graph.post("/me/mailFolders", {"displayName": "Secret", "isHidden": True}).json()["isHidden"] is True
    rows, _ = _round(pages, link)
    assert [row["displayName"] for row in rows] == ["Shows"]
    names = [row["displayName"] for row in graph.get("/me/mailFolders?$top=100").json()["value"]]
    assert "Secret" not in names
    every = graph.get("/me/mailFolders?$top=100&includeHiddenFolders=true").json()["value"]
    assert "Secret" in [row["displayName"] for row in every]
    assert graph.patch("/me/mailFolders/inbox", {"displayName": "In"}).status_code == 403
