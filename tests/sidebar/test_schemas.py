"""The API's description is one that tools can read."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema
from pydantic import TypeAdapter

from sidebar.schemas import json_schema

pytestmark = pytest.mark.django_db


def test_the_description_of_the_api_is_valid_openapi() -> None:
    schema = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert '"null"' not in json.dumps(schema)


def test_what_may_be_absent_is_said_in_the_words_of_openapi() -> None:
    assert json_schema(TypeAdapter(str | None)) == {"type": "string", "nullable": True}
    several = json_schema(TypeAdapter(str | int | None))
    assert several == {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True}
    assert json_schema(TypeAdapter(str | int)) == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
