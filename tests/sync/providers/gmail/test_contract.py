"""What the adapter reads of Gmail's answers is what Google's own description of them knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from googleapiclient.discovery_cache import get_static_doc

from sync.providers.gmail import wire


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get_static_doc("gmail", "v1"))["schemas"]
    return found


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (wire.GmailHeader, ["MessagePartHeader"]),
        (wire.GmailBody, ["MessagePartBody"]),
        (wire.GmailPart, ["MessagePart"]),
        (wire.GmailMessage, ["Message"]),
        (wire.GmailProfile, ["Profile"]),
        (wire.GmailMessageList, ["ListMessagesResponse"]),
        (wire.GmailLabel, ["Label"]),
        (wire.GmailLabelList, ["ListLabelsResponse"]),
        (wire.GmailHistoryRecord, ["History"]),
        (wire.GmailHistory, ["ListHistoryResponse"]),
        (wire.GmailWatch, ["WatchResponse"]),
        (wire.GmailChange, ["HistoryLabelAdded", "HistoryLabelRemoved"]),
    ],
)
def test_every_field_that_is_read_is_described(model: type[wire.Resource], names: list[str]) -> None:
    read = {field.alias for field in model.model_fields.values()}
    for name in names:
        assert read <= set(schemas()[name]["properties"]), name


def test_every_model_is_compared() -> None:
    models = {one for one in vars(wire).values() if isinstance(one, type) and issubclass(one, wire.Resource)}
    marks = test_every_field_that_is_read_is_described.pytestmark  # type: ignore[attr-defined]
    assert models - {wire.Resource} == {model for model, _ in marks[0].args[1]}
