"""What the adapters ask for is what the providers' published descriptions know."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from sync.providers.graph.client import GraphMailbox
from sync.providers.graph.queries import ATTACHMENT_FIELDS, FOLDER_FIELDS, MESSAGE_FIELDS
from sync.providers.graph.wire import GraphAttachment, GraphFolder, GraphMessage, GraphSubscription, GraphUser
from sync.providers.salesforce.soql import FIELDS
from tests.contracts.graph_csdl import checker
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, well_known
from tests.sync.providers.graph.test_client import MESSAGE, listed_attachments

NOT_FIELDS = {"odata_type"}


def recorded(object_name: str) -> dict[str, Any]:
    folder = os.environ.get("ALONGSIDE_CONTRACTS")
    if not folder:
        pytest.skip("ALONGSIDE_CONTRACTS names no folder of contracts")
    answer: dict[str, Any] = json.loads((Path(folder) / "salesforce" / f"{object_name}.describe.json").read_text())
    return answer


@pytest.mark.parametrize("object_name", sorted(FIELDS))
def test_every_field_of_a_query_is_one_of_a_real_org(object_name: str) -> None:
    known = {field["name"] for field in recorded(object_name)["fields"]}
    assert set(FIELDS[object_name]) <= known


@pytest.mark.parametrize(
    ("object_name", "relationship"),
    [
        ("Contact", "OpportunityContactRoles"),
        ("Account", "Contacts"),
        ("Account", "Opportunities"),
        ("Account", "Cases"),
    ],
)
def test_every_child_relationship_of_a_query_is_one_of_a_real_org(object_name: str, relationship: str) -> None:
    children = {child["relationshipName"] for child in recorded(object_name)["childRelationships"]}
    assert relationship in children


@pytest.mark.parametrize(
    ("object_name", "field", "relationship"),
    [
        ("Contact", "AccountId", "Account"),
        ("Lead", "ConvertedContactId", "ConvertedContact"),
        ("OpportunityContactRole", "OpportunityId", "Opportunity"),
    ],
)
def test_every_parent_relationship_of_a_query_is_one_of_a_real_org(
    object_name: str, field: str, relationship: str
) -> None:
    found = next(entry for entry in recorded(object_name)["fields"] if entry["name"] == field)
    assert found["relationshipName"] == relationship


def test_the_properties_asked_of_graph_exist() -> None:
    schema = checker()
    for name in MESSAGE_FIELDS:
        assert schema.property_type("microsoft.graph.message", name), name
    for name in FOLDER_FIELDS:
        assert schema.property_type("microsoft.graph.mailFolder", name), name
    for name in ATTACHMENT_FIELDS:
        owner, _, plain = name.rpartition("/")
        assert schema.property_type(owner or "microsoft.graph.attachment", plain), name


@pytest.mark.parametrize(
    ("model", "type_name"),
    [
        (GraphUser, "user"),
        (GraphMessage, "message"),
        (GraphAttachment, "fileAttachment"),
        (GraphFolder, "mailFolder"),
        (GraphSubscription, "subscription"),
    ],
)
def test_the_properties_read_from_graph_exist(model: Any, type_name: str) -> None:
    schema = checker()
    for name, field in model.model_fields.items():
        if name not in NOT_FIELDS:
            assert schema.property_type(f"microsoft.graph.{type_name}", field.alias), field.alias


def test_the_answers_that_the_tests_give_are_graphs() -> None:
    schema = checker()
    assert schema.entity_problems(MESSAGE, "message") == []
    assert schema.collection_problems({"value": listed_attachments()}, "attachment") == []


def test_what_is_sent_to_translate_an_id_is_the_actions() -> None:
    schema = checker()
    with respx.mock:
        respx.get(url__startswith=f"{GRAPH}/me/messages/AAMk").mock(return_value=httpx.Response(404))
        sent = respx.post(f"{GRAPH}/me/translateExchangeIds").respond(
            json={"value": [{"sourceId": "AAMk", "targetId": "AAkA"}]}
        )
        respx.get(url__startswith=f"{GRAPH}/me/messages/AAkA").respond(json=MESSAGE)
        respx.post(f"{GRAPH}/$batch").mock(side_effect=Batches(well_known("me")))
        GraphMailbox(FakeTokens()).find_message(item_id="AAMk")
    body = json.loads(sent.calls.last.request.content)
    assert schema.action_problems(body, "translateExchangeIds") == []
