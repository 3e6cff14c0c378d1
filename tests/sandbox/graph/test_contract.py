"""Everything that the sandbox's Graph answers names only what the published schema knows."""

from __future__ import annotations

from tests.contracts.graph_csdl import checker
from tests.sandbox.graph.conftest import Graph

FILTER = "$filter=id eq 'Integer 0x36'"


def test_every_seeded_message_fits_the_schema(graph: Graph) -> None:
    schema = checker()
    for token in ("mia", "tom"):
        body = graph.get(
            "/me/messages?$top=1000&$expand=singleValueExtendedProperties(" + FILTER + ")", by=token
        ).json()
        assert len(body["value"]) == 300
        assert schema.collection_problems(body, "message") == []


def test_properties_on_request_fit_the_schema(graph: Graph) -> None:
    schema = checker()
    body = graph.get("/me/messages?$top=50&$select=uniqueBody,internetMessageHeaders,conversationIndex").json()
    assert schema.collection_problems(body, "message") == []


def test_attachments_of_every_kind_fit_the_schema(graph: Graph) -> None:
    schema = checker()
    kinds = set()
    for subject in ("Drawing in the mail", "Photographs of the line", "Fwd: Measured values"):
        body = graph.get(f"/me/messages/{graph.find(subject)['id']}/attachments").json()
        kinds |= {row["@odata.type"] for row in body["value"]}
        assert schema.collection_problems(body, "attachment") == []
    assert len(kinds) == 3


def test_folders_and_user_fit_the_schema(graph: Graph) -> None:
    schema = checker()
    assert schema.collection_problems(graph.get("/me/mailFolders?$top=100").json(), "mailFolder") == []
    assert schema.entity_problems(graph.get("/me").json(), "user") == []


def test_delta_rows_fit_the_schema(graph: Graph) -> None:
    schema = checker()
    body = graph.get("/me/mailFolders/inbox/messages/delta", headers={"prefer": "odata.maxpagesize=500"}).json()
    assert schema.collection_problems(body, "message") == []


def test_translated_ids_fit_the_schema(graph: Graph) -> None:
    schema = checker()
    request = {
        "inputIds": [graph.find("Marked for later")["id"], "wrong"],
        "sourceIdType": "restId",
        "targetIdType": "restImmutableEntryId",
    }
    assert schema.action_problems(request, "translateExchangeIds") == []
    body = graph.post("/me/translateExchangeIds", request).json()
    assert schema.collection_problems(body, "convertIdResult") == []


def test_the_checker_finds_what_does_not_exist() -> None:
    schema = checker()
    assert schema.entity_problems({"sensitivity": "private"}, "message")
    assert schema.entity_problems({"importance": "urgent"}, "message")
    assert schema.entity_problems({"isRead": "yes"}, "message")
    assert schema.entity_problems({"from": {"address": "a@b.example"}}, "message")
    assert schema.entity_problems({"@odata.type": "#microsoft.graph.event", "subject": "x"}, "message")
