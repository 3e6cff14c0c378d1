"""Holds bodies of Google's APIs against the discovery documents that the client library ships.

Each schema becomes a closed JSON Schema: a property that the document does not name is a problem, and so is a value
of another type, format or enumeration. Used for what the sandbox answers and for what the product sends.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

_PATTERNS = {
    "int64": r"^-?\d{1,19}$",
    "uint64": r"^\d{1,20}$",
    "byte": r"^[A-Za-z0-9_-]*={0,2}$",
}
_RANGES = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1)}


class Document:
    """One API. `problems` are sentences, none when the body fits."""

    def __init__(self, name: str) -> None:
        folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
        self._document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        self._definitions = {key: _closed(schema) for key, schema in self._document["schemas"].items()}
        self._methods = dict(_methods(self._document["resources"]))

    def response_problems(self, method_id: str, body: Any) -> list[str]:
        """What of an answer the method's response does not have; an empty body for a method without one."""
        return self._problems(self._methods[method_id].get("response"), body)

    def request_problems(self, method_id: str, body: Any) -> list[str]:
        """What of a body the method does not take."""
        return self._problems(self._methods[method_id].get("request"), body)

    def schema_problems(self, schema: str, body: Any) -> list[str]:
        """What does not fit a schema by its name."""
        return self._problems({"$ref": schema}, body)

    def query_problems(self, method_id: str, names: set[str]) -> list[str]:
        """Names of a query that the method does not have."""
        known = {**self._document["parameters"], **self._methods[method_id].get("parameters", {})}
        return sorted(name for name in names if known.get(name, {}).get("location") != "query")

    def _problems(self, reference: dict[str, str] | None, body: Any) -> list[str]:
        if reference is None:
            return [] if body in (None, "", {}) else ["there must be no body"]
        schema = {"$ref": f"#/$defs/{reference['$ref']}", "$defs": self._definitions}
        found = Draft202012Validator(schema).iter_errors(body)
        return [f"{error.json_path}: {error.message[:200]}" for error in found]


def _methods(tree: dict[str, Any]) -> Any:
    for resource in tree.values():
        for method in resource.get("methods", {}).values():
            yield method["id"], method
        yield from _methods(resource.get("resources", {}))


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind, form = schema.get("type"), schema.get("format", "")
    if kind == "object" and "properties" in schema:
        properties = {name: _closed(inner) for name, inner in schema["properties"].items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if kind == "object":
        return {"type": "object", "additionalProperties": _closed(schema["additionalProperties"])}
    if kind == "array":
        return {"type": "array", "items": _closed(schema["items"])}
    if kind == "any":
        return {}
    closed: dict[str, Any] = {"type": kind}
    if "enum" in schema:
        closed["enum"] = schema["enum"]
    if form in _PATTERNS:
        closed["pattern"] = _PATTERNS[form]
    if form in _RANGES:
        closed["minimum"], closed["maximum"] = _RANGES[form]
    return closed


@cache
def gmail() -> Document:
    """Gmail v1."""
    return Document("gmail.v1")


@cache
def pubsub() -> Document:
    """Pub/Sub v1."""
    return Document("pubsub.v1")
