"""Partial answers: the `fields` parameter, as `messages(id,threadId),nextPageToken` or `payload/headers`.

https://developers.google.com/workspace/gmail/api/guides/performance#partial-response
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.google.discovery import Discovery, Schema
from sandbox.google.errors import ApiError

_TOKEN = re.compile(r"[A-Za-z0-9_*]+|[(),/]")
Mask = dict[str, Any]  # field name → Mask; an empty one means all of it


def read(text: str) -> Mask:
    """The mask of a `fields` parameter. Raises 400 for what is none."""
    tokens = _TOKEN.findall(text.replace(" ", ""))
    if "".join(tokens) != text.replace(" ", "") or not tokens:
        raise _invalid(text)
    mask, rest = _list(tokens, text)
    if rest:
        raise _invalid(text)
    return mask


def _list(tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        tokens = _one(tokens, mask, text)
        if not tokens or tokens[0] != ",":
            return mask, tokens
        tokens = tokens[1:]


def _one(tokens: list[str], mask: Mask, text: str) -> list[str]:
    if not tokens or tokens[0] in "(),/":
        raise _invalid(text)
    inner: Mask = mask.setdefault(tokens[0], {})
    tokens = tokens[1:]
    if tokens and tokens[0] == "/":
        return _one(tokens[1:], inner, text)
    if tokens and tokens[0] == "(":
        found, tokens = _list(tokens[1:], text)
        inner.update(found)
        if not tokens or tokens[0] != ")":
            raise _invalid(text)
        tokens = tokens[1:]
    return tokens


def check(discovery: Discovery, mask: Mask, schema_name: str) -> None:
    """Raises 400 for a field that the answer's schema does not have."""
    _check(discovery, mask, {"$ref": schema_name})


def _check(discovery: Discovery, mask: Mask, schema: Schema) -> None:
    while "$ref" in schema or schema.get("type") == "array":
        schema = discovery.schemas[schema["$ref"]] if "$ref" in schema else schema["items"]
    known = schema.get("properties", {})
    for name, inner in mask.items():
        if name != "*" and name not in known:
            raise _invalid(name)
        if inner:
            for property_name in known if name == "*" else [name]:
                _check(discovery, inner, known[property_name])


def keep(mask: Mask, value: Any) -> Any:
    """What of an answer the mask leaves."""
    if not mask:
        return value
    if isinstance(value, list):
        return [keep(mask, one) for one in value]
    if not isinstance(value, dict):
        return value
    # A field that is named by itself follows its own mask, the others that of the star.
    rest: Mask | None = mask.get("*")
    masks: dict[str, Mask | None] = {name: mask.get(name, rest) for name in value}
    return {name: keep(inner, value[name]) for name, inner in masks.items() if inner is not None}


def _invalid(text: str) -> ApiError:
    return ApiError(400, "invalidParameter", f"Invalid field selection {text}")
