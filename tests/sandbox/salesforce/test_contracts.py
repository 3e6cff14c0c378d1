"""The sandbox's objects against recorded describes of a real org, where `ALONGSIDE_CONTRACTS` points at them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce.schema import OBJECTS

RECORDED = ("Account", "Case", "Contact", "Event", "Lead", "Opportunity", "OpportunityContactRole")
_CONTRACTS = os.environ.get("ALONGSIDE_CONTRACTS")
pytestmark = pytest.mark.skipif(not _CONTRACTS, reason="ALONGSIDE_CONTRACTS is not set")


def _recorded(name: str) -> dict[str, Any]:
    path = Path(_CONTRACTS or "") / "salesforce" / f"{name}.json"
    recorded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return recorded


def _own(name: str) -> dict[str, Any]:
    return OBJECTS[name].describe("66.0", frozenset(), [])


@pytest.mark.parametrize("name", RECORDED)
def test_every_field_is_one_that_a_real_org_has_with_all_its_properties(name: str) -> None:
    real = {field["name"]: field for field in _recorded(f"{name}.describe")["fields"]}
    # A field for the record type comes with an object's first one, and is the same on every object; so is what tells
    # person accounts and their contacts apart from others.
    accounts = {field["name"]: field for field in _recorded("Account.describe")["fields"]}
    record_type = accounts["RecordTypeId"]
    known = {"RecordTypeId": record_type, "IsPersonAccount": accounts["IsPersonAccount"], **real}
    for field in _own(name)["fields"]:
        if field["name"] in known:
            assert field == known[field["name"]]
        else:
            # What the administrator of this org has added has all properties that such a field has elsewhere.
            assert field["name"].endswith("__c")
            assert field["custom"]
            assert field.keys() == record_type.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_every_child_relationship_is_one_that_a_real_org_has(name: str) -> None:
    real = _recorded(f"{name}.describe")["childRelationships"]
    for child in _own(name)["childRelationships"]:
        # The org's own objects are nobody else's.
        own = (child["relationshipName"] or "").endswith("__r") and child["childSObject"].endswith("__c")
        assert own or child in real


@pytest.mark.parametrize("name", RECORDED)
def test_the_object_itself_is_described_with_the_keys_and_flags_of_a_real_org(name: str) -> None:
    real, own = _recorded(f"{name}.describe"), _own(name)
    # Keys that the older of the recorded answers lack.
    newer = {"associateEntityType", "associateParentEntity", "sobjectDescribeOption"}
    assert own.keys() - real.keys() <= newer
    assert real.keys() - own.keys() == set()
    differing = {key for key in real if isinstance(real[key], (bool, str)) and own[key] != real[key]}
    assert differing == set()


def test_the_global_describe_has_the_flags_of_a_real_org() -> None:
    real = {entry["name"]: entry for entry in _recorded("_global.describe")["sobjects"]}
    shared = [found for found in OBJECTS.values() if found.name in real]
    assert len(shared) >= 9
    for found in shared:
        own = found.summary("66.0")
        assert own.keys() == real[found.name].keys()
        assert own["urls"].keys() <= real[found.name]["urls"].keys()
        # The global answer comes from another org than the describes; where both are recorded the describe stands.
        if found.name not in RECORDED:
            for key, value in real[found.name].items():
                if key != "urls":
                    assert own[key] == value, (found.name, key)
