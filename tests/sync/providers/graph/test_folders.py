"""The folders of a mailbox: whole lists and what changed among them, kinds, what is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import respx

from sync import errors
from sync.mail import FolderKind
from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from sync.providers.mailbox import Folder
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, asked, failure

DELTA = f"{GRAPH}/me/mailFolders/delta"


def row(folder_id: str, name: str = "Projects", **more: Any) -> dict[str, Any]:
    told = {"id": folder_id, "displayName": name, "parentFolderId": "folder-root", "totalItemCount": 3}
    return {**told, "isHidden": False, **more}


def on_delta(graph: respx.MockRouter, *rows: dict[str, Any], token: str = "", **links: str) -> respx.Route:
    annotations = {f"@odata.{name}": DELTA + "?" + value for name, value in links.items()}
    params = {"$deltatoken" if token.startswith("d") else "$skiptoken": token} if token else {}
    route = graph.get(DELTA, params=params) if token else graph.get(DELTA, params__contains={"$select": SELECT})
    return route.respond(json={"value": list(rows), **annotations})


SELECT = "id,displayName,parentFolderId,totalItemCount,isHidden"


def test_all_folders_come_with_their_kinds_in_two_calls(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    listed = [row(f"folder-{name}", name) for name, _ in folders.WELL_KNOWN]
    route = on_delta(graph, *listed, row("folder-project"), deltaLink="$deltatoken=d1")

    page = mailbox.folders("")

    assert (page.done, page.whole) == (True, True)
    assert [folder.kind for folder in page.folders] == [kind for _, kind in folders.WELL_KNOWN] + [FolderKind.OTHER]
    assert page.folders[-1] == Folder("folder-project", "Projects", "folder-root", FolderKind.OTHER, 3)
    assert asked(graph) == ["GET /v1.0/me/mailFolders/delta", "POST /v1.0/$batch"]
    assert "odata.maxpagesize=200" in route.calls.last.request.headers["Prefer"]
    assert 'IdType="ImmutableId"' in route.calls.last.request.headers["Prefer"]


def test_kinds_that_were_found_out_cost_no_call(graph: respx.MockRouter) -> None:
    on_delta(graph, row("folder-inbox"), row("folder-project"), deltaLink="$deltatoken=d1")
    GraphMailbox(FakeTokens()).folders("")
    before = len(graph.calls)
    GraphMailbox(FakeTokens()).folders("")
    assert asked(graph)[before:] == ["GET /v1.0/me/mailFolders/delta"]


def test_a_list_goes_on_page_by_page_and_then_tells_what_changed(
    graph: respx.MockRouter, mailbox: GraphMailbox
) -> None:
    on_delta(graph, row("folder-inbox"), nextLink="$skiptoken=s1")
    on_delta(graph, row("folder-a"), token="s1", deltaLink="$deltatoken=d1")
    gone = {"id": "folder-a", "@removed": {"reason": "deleted"}}
    on_delta(graph, gone, row("folder-b", "New"), token="d1", deltaLink="$deltatoken=d2")

    first = mailbox.folders("")
    second = mailbox.folders(first.cursor)
    third = mailbox.folders(second.cursor)

    assert [(page.done, page.whole) for page in (first, second, third)] == [(False, True), (True, True), (True, False)]
    assert third.folders[0] == Folder("folder-a", removed=True)
    assert third.folders[1].name == "New"
    assert len([call for call in asked(graph) if "$batch" in call]) == 1


def test_hidden_and_search_folders_are_left_out(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    searching = row("folder-search", **{"@odata.type": "#microsoft.graph.mailSearchFolder"})
    on_delta(graph, row("folder-hidden", isHidden=True), searching, row("folder-a"), deltaLink="$deltatoken=d1")
    on_delta(graph, row("folder-a", isHidden=True), token="d1", deltaLink="$deltatoken=d2")
    page = mailbox.folders("")
    assert [folder.id for folder in page.folders] == ["folder-a"]
    assert mailbox.folders(page.cursor).folders == (Folder("folder-a", removed=True),), "it was shown before"


def test_a_change_without_a_name_is_completed(graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox) -> None:
    on_delta(graph, row("folder-a"), deltaLink="$deltatoken=d1")
    on_delta(graph, {"id": "folder-a", "totalItemCount": 4}, {"id": "folder-b"}, token="d1", deltaLink="$deltatoken=d2")
    batches.answers["/me/mailFolders/folder-a"] = row("folder-a", totalItemCount=4)
    changed, gone = mailbox.folders(mailbox.folders("").cursor).folders
    assert (changed.name, changed.count, changed.removed) == ("Projects", 4, False)
    assert gone == Folder("folder-b", removed=True)


def test_a_kind_that_cannot_be_asked_for_now_is_no_other_kind(
    graph: respx.MockRouter, batches: Batches, mailbox: GraphMailbox
) -> None:
    on_delta(graph, row("folder-sentitems"), deltaLink="$deltatoken=d1")
    batches.answers["/me/mailFolders/inbox"] = (429, failure("ApplicationThrottled"), {"Retry-After": "9"})
    with pytest.raises(errors.Throttled) as caught:
        mailbox.folders("")
    assert caught.value.retry_after == 9.0
    batches.answers["/me/mailFolders/inbox"] = {"id": "folder-inbox"}
    assert mailbox.folders("").folders[0].kind is FolderKind.SENT


@pytest.mark.parametrize(
    ("status", "code"), [(410, "syncStateNotFound"), (400, "SyncStateInvalid"), (400, "badRequest"), (410, "")]
)
def test_a_forgotten_round_is_an_expired_cursor(
    graph: respx.MockRouter, mailbox: GraphMailbox, status: int, code: str
) -> None:
    on_delta(graph, row("folder-a"), deltaLink="$deltatoken=d1")
    graph.get(DELTA, params={"$deltatoken": "d1"}).respond(status, json=failure(code))
    with pytest.raises(errors.CursorExpired):
        mailbox.folders(mailbox.folders("").cursor)


@pytest.mark.parametrize("text", ["x", "{}", "[]", '{"phase": "other", "link": "https://localhost:9445/v1.0/x"}'])
def test_a_cursor_that_is_none_is_expired(graph: respx.MockRouter, mailbox: GraphMailbox, text: str) -> None:
    with pytest.raises(errors.CursorExpired):
        mailbox.folders(text)
    assert len(graph.calls) == 0


def test_a_stored_link_is_followed_to_the_expected_host_only(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    elsewhere = graph.route(host="evil.example").respond(json={"value": []})
    on_delta(graph, row("folder-a"), deltaLink="$deltatoken=d1")
    cursor = json.loads(mailbox.folders("").cursor)
    with pytest.raises(errors.CursorExpired):
        mailbox.folders(json.dumps({**cursor, "link": "https://evil.example/v1.0/me/mailFolders/delta"}))
    assert elsewhere.call_count == 0


@pytest.mark.parametrize("annotation", ["@odata.nextLink", "@odata.deltaLink"])
def test_a_link_to_another_host_is_not_stored(graph: respx.MockRouter, mailbox: GraphMailbox, annotation: str) -> None:
    graph.get(DELTA).respond(json={"value": [], annotation: "https://evil.example/v1.0/me"})
    with pytest.raises(errors.Unavailable) as caught:
        mailbox.folders("")
    assert caught.value.code == "FOREIGN_LINK"


def test_a_page_without_a_way_on_is_unreadable(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.get(DELTA).respond(json={"value": []})
    with pytest.raises(errors.Unavailable):
        mailbox.folders("")
