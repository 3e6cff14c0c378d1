"""A folder's messages by delta: full reads, changes, removals, bare rows, expired rounds, and Graph's own limit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from sync import errors
from sync.mail import FolderKind
from sync.providers.graph import changes as changes_module
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import Change
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, asked, failure
from tests.sync.providers.graph.test_client import MESSAGE

INBOX = f"{GRAPH}/me/mailFolders/folder-inbox"
DELTA = f"{INBOX}/messages/delta"
SINCE = datetime(2026, 11, 14, 9, 0, 30, 999_999, tzinfo=UTC)
HEAD = {name: value for name, value in MESSAGE.items() if name not in ("body", "hasAttachments")}


def head(message_id: str, **more: Any) -> dict[str, Any]:
    return {**HEAD, "id": message_id, **more}


def on_page(graph: respx.MockRouter, token: str, *rows: dict[str, Any], **links: str) -> respx.Route:
    annotations = {f"@odata.{name}": DELTA + "?" + value for name, value in links.items()}
    params = dict([token.split("=")]) if token else {}
    route = graph.get(DELTA, params=params) if token else graph.get(DELTA, params__contains={"$orderby": NEWEST_FIRST})
    return route.respond(json={"value": list(rows), **annotations})


NEWEST_FIRST = "receivedDateTime desc"


def nobody(ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def everybody(ids: Sequence[str]) -> frozenset[str]:
    return frozenset(ids)


def changes_cursor(graph: respx.MockRouter, mailbox: GraphMailbox) -> str:
    on_page(graph, "", deltaLink="$deltatoken=d1")
    return mailbox.changes("folder-inbox", mailbox.begin("folder-inbox", since=None), nobody).cursor


def test_a_full_read_begins_without_a_call_and_asks_for_heads_newest_first(
    graph: respx.MockRouter, mailbox: GraphMailbox
) -> None:
    route = on_page(graph, "", head("AAk1"), head("AAk2"), deltaLink="$deltatoken=d1")
    cursor = mailbox.begin("folder-inbox", since=SINCE)
    assert len(graph.calls) == 0

    page = mailbox.changes("folder-inbox", cursor, nobody)

    query = route.calls.last.request.url.params
    assert query["$filter"] == "receivedDateTime ge 2026-11-14T09:00:30Z"
    assert query["$orderby"] == NEWEST_FIRST
    assert query["$expand"] == "singleValueExtendedProperties($filter=id eq 'Integer 0x36')"
    assert "internetMessageHeaders" in query["$select"]
    assert "body" not in query["$select"].split(",")
    assert "odata.maxpagesize=200" in route.calls.last.request.headers["Prefer"]
    assert 'IdType="ImmutableId"' in route.calls.last.request.headers["Prefer"]
    assert (page.done, page.full, page.expected) == (True, True, 0)
    assert [change.provider_id for change in page.changes] == ["AAk1", "AAk2"]
    first = page.changes[0].head
    assert first is not None
    assert (first.html, first.text, first.attachments) == ("", "", ())
    assert (first.folder, first.folder_ids) == (FolderKind.INBOX, ("folder-inbox",))
    assert first.header("List-Id") == "One"


def test_without_a_date_nothing_is_filtered(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    changes_cursor(graph, mailbox)
    assert "$filter" not in graph.calls.last.request.url.params


def test_pages_go_on_to_the_changes_after_the_full_read(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    on_page(graph, "", head("AAk1"), nextLink="$skiptoken=s1")
    on_page(graph, "$skiptoken=s1", head("AAk2"), deltaLink="$deltatoken=d1")
    removed = {"id": "AAk1", "@removed": {"reason": "deleted"}}
    on_page(graph, "$deltatoken=d1", head("AAk3"), removed, nextLink="$skiptoken=s2")
    on_page(graph, "$skiptoken=s2", deltaLink="$deltatoken=d2")

    pages = []
    cursor = mailbox.begin("folder-inbox", since=None)
    for _ in range(4):
        pages.append(mailbox.changes("folder-inbox", cursor, nobody))
        cursor = pages[-1].cursor

    assert [(page.full, page.done) for page in pages] == [(True, False), (True, True), (False, False), (False, True)]
    assert pages[2].changes[1] == Change("AAk1", removed=True)
    assert "d2" in cursor


def test_a_page_can_be_asked_for_again(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    on_page(graph, "", head("AAk1"), deltaLink="$deltatoken=d1")
    cursor = mailbox.begin("folder-inbox", since=None)
    assert mailbox.changes("folder-inbox", cursor, nobody) == mailbox.changes("folder-inbox", cursor, nobody)


def test_a_read_state_alone_costs_no_call(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    cursor = changes_cursor(graph, mailbox)
    on_page(
        graph,
        "$deltatoken=d1",
        {"id": "AAk1", "isRead": True},
        {"@odata.etag": "x", "id": "AAk2"},
        deltaLink="$deltatoken=d2",
    )
    before = len(graph.calls)
    page = mailbox.changes("folder-inbox", cursor, nobody)
    assert (page.changes, page.done) == ((), True)
    assert len(graph.calls) == before + 1


def test_in_a_full_read_a_row_without_anything_is_a_message(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    on_page(graph, "", {"id": "AAk1"}, {"id": "AAk2", "isRead": True}, deltaLink="$deltatoken=d1")
    batches.answers["/me/messages/AAk1"] = head("AAk1")
    page = mailbox.changes("folder-inbox", mailbox.begin("folder-inbox", since=None), nobody)
    assert [(change.provider_id, change.head is not None) for change in page.changes] == [("AAk1", True)]


def test_a_bare_row_of_a_known_message_tells_its_categories(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    cursor = changes_cursor(graph, mailbox)
    rows = ({"id": "AAk1", "categories": ["Salesforce"]}, {"id": "AAk2", "parentFolderId": "folder-drafts"})
    on_page(graph, "$deltatoken=d1", *rows, deltaLink="$deltatoken=d2")
    first, second = mailbox.changes("folder-inbox", cursor, everybody).changes
    assert first == Change("AAk1", categories=("Salesforce",))
    assert second == Change("AAk2", folder=FolderKind.DRAFTS, folder_ids=("folder-drafts",))


def test_bare_rows_of_unknown_messages_are_completed_in_one_call(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    cursor = changes_cursor(graph, mailbox)
    rows = [{"id": name, "categories": ["Salesforce"]} for name in ("AAk1", "AAk2", "AAk3")]
    on_page(graph, "$deltatoken=d1", *rows, head("AAk4"), deltaLink="$deltatoken=d2")
    batches.answers["/me/messages/AAk2"] = head("AAk2")
    before = len(batches.sent)

    page = mailbox.changes("folder-inbox", cursor, lambda ids: frozenset(ids) & {"AAk1"})

    assert batches.paths[before:][-1] == ["/me/messages/AAk2", "/me/messages/AAk3"]
    known, completed, gone, whole = page.changes
    assert known == Change("AAk1", categories=("Salesforce",))
    assert completed.head is not None
    assert gone == Change("AAk3", removed=True)
    assert whole.head is not None


def test_a_page_whose_bare_rows_cannot_be_completed_now_is_not_given(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    cursor = changes_cursor(graph, mailbox)
    on_page(graph, "$deltatoken=d1", {"id": "AAk1", "categories": []}, deltaLink="$deltatoken=d2")
    batches.answers["/me/messages/AAk1"] = (429, failure("ApplicationThrottled"), {"Retry-After": "3"})
    with pytest.raises(errors.Throttled):
        mailbox.changes("folder-inbox", cursor, nobody)


def test_a_row_that_cannot_be_read_does_not_hold_up_its_page(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    odd = head("AAk1", receivedDateTime="some day")
    on_page(graph, "", odd, head("AAk2"), deltaLink="$deltatoken=d1")
    batches.answers["/me/messages/AAk1"] = odd
    first, second = mailbox.changes("folder-inbox", mailbox.begin("folder-inbox", since=None), nobody).changes
    assert first == Change("AAk1")
    assert second.head is not None


@pytest.mark.parametrize(
    ("status", "code"),
    [(410, "syncStateNotFound"), (410, "resyncRequired"), (400, "syncStateInvalid"), (404, "SyncStateNotFound")],
)
@pytest.mark.parametrize("token", ["$skiptoken=s1", "$deltatoken=d1"])
def test_a_round_may_expire_in_the_middle_too(
    graph: respx.MockRouter, mailbox: GraphMailbox, status: int, code: str, token: str
) -> None:
    link = "nextLink" if "skip" in token else "deltaLink"
    on_page(graph, "", head("AAk1"), **{link: token})
    graph.get(DELTA, params=dict([token.split("=")])).respond(status, json=failure(code))
    cursor = mailbox.changes("folder-inbox", mailbox.begin("folder-inbox", since=None), nobody).cursor
    with pytest.raises(errors.CursorExpired):
        mailbox.changes("folder-inbox", cursor, nobody)


def test_a_folder_that_is_gone_is_gone_and_not_expired(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    cursor = changes_cursor(graph, mailbox)
    graph.get(DELTA, params={"$deltatoken": "d1"}).respond(404, json=failure("ErrorItemNotFound"))
    with pytest.raises(errors.Gone):
        mailbox.changes("folder-inbox", cursor, nobody)


def test_a_refusal_of_the_first_page_is_no_expired_cursor(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.get(DELTA).respond(400, json=failure("ErrorInvalidUrlQuery"))
    with pytest.raises(errors.Refused):
        mailbox.changes("folder-inbox", mailbox.begin("folder-inbox", since=None), nobody)


def test_an_id_of_a_folder_is_one_segment_of_the_path(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    link = json.loads(mailbox.begin("../users/ceo?x#", since=None))["link"]
    assert link.startswith(f"{GRAPH}/me/mailFolders/..%2Fusers%2Fceo%3Fx%23/messages/delta?")
    with pytest.raises(errors.Gone):
        mailbox.begin("..", since=None)


def test_the_applications_token_reads_a_named_mailbox(graph: respx.MockRouter) -> None:
    box = GraphMailbox(FakeTokens(), mailbox="8f-oid")
    route = graph.get(f"{GRAPH}/users/8f-oid/mailFolders/folder-inbox/messages/delta").respond(
        json={"value": [], "@odata.deltaLink": f"{GRAPH}/users/8f-oid/x?$deltatoken=d"}
    )
    assert box.changes("folder-inbox", box.begin("folder-inbox", since=None), nobody).done
    assert route.call_count == 1


class Filtered:
    """A folder whose delta is filtered by date: it shows the newest `limit` messages and then ends, as Graph does."""

    def __init__(self, graph: respx.MockRouter, dates: list[datetime], limit: int) -> None:
        stamps = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in dates]
        self.rows = [head(f"AAk{place:05}", receivedDateTime=stamp) for place, stamp in enumerate(stamps)]
        self.limit = limit
        graph.get(DELTA).mock(side_effect=self.delta)
        self.listing = graph.get(f"{INBOX}/messages").mock(side_effect=self.list)

    def delta(self, request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params.get("$skiptoken", "0"))
        shown = self.rows[: self.limit][skip : skip + 200]
        more = skip + 200 < min(self.limit, len(self.rows))
        link = f"nextLink={DELTA}?$skiptoken={skip + 200}" if more else f"deltaLink={DELTA}?$deltatoken=d1"
        name, _, address = link.partition("=")
        return httpx.Response(200, json={"value": shown, f"@odata.{name}": address})

    def list(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        _, _, since, _, _, _, until = query["$filter"].split()
        fitting = [row for row in self.rows if since <= row["receivedDateTime"] <= until]
        skip = int(query.get("$skip", "0"))
        body: dict[str, Any] = {"value": fitting[skip : skip + int(query["$top"])]}
        if skip + int(query["$top"]) < len(fitting):
            body["@odata.nextLink"] = str(request.url.copy_set_param("$skip", str(skip + int(query["$top"]))))
        return httpx.Response(200, json=body)


def read_all(mailbox: GraphMailbox) -> tuple[list[str], list[bool], str]:
    cursor, ids, done = mailbox.begin("folder-inbox", since=SINCE), list[str](), list[bool]()
    while not done or not done[-1]:
        page = mailbox.changes("folder-inbox", cursor, nobody)
        assert page.full
        ids += [change.provider_id for change in page.changes]
        done.append(page.done)
        cursor = page.cursor
        assert len(done) < 100
    return ids, done, cursor


@pytest.mark.parametrize("same_second", [1, 450])
def test_what_graphs_limit_of_a_filtered_read_leaves_out_is_listed(
    graph: respx.MockRouter, mailbox: GraphMailbox, monkeypatch: pytest.MonkeyPatch, same_second: int
) -> None:
    monkeypatch.setattr(changes_module, "LISTED_FROM", 950)
    newest = datetime(2026, 11, 20, tzinfo=UTC)
    folder = Filtered(graph, [newest - timedelta(seconds=n // same_second) for n in range(1_700)], limit=1_000)
    ids, done, cursor = read_all(mailbox)
    assert set(ids) == {row["id"] for row in folder.rows}
    assert done.index(True) == len(done) - 1
    assert json.loads(cursor) == {"phase": "changes", "link": f"{DELTA}?$deltatoken=d1"}


def test_a_full_read_below_the_limit_lists_nothing(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    folder = Filtered(graph, [datetime(2026, 11, 20, tzinfo=UTC)] * 1_000, limit=5_000)
    ids, _, _ = read_all(mailbox)
    assert len(ids) == 1_000
    assert folder.listing.call_count == 0
    assert len([call for call in asked(graph) if call.endswith("/delta")]) == 5
