"""Holds a call's query and body against its method, and refuses what the method does not have, as Google does."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from sandbox.google.discovery import Discovery, Method, Schema
from sandbox.google.errors import ApiError, bad_request, unknown_name

_BOOLEANS = {"true": True, "false": False}
_LIMITS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}


def read_query(method: Method, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """The query's values by name; lists for what may be repeated, defaults for what is not given. Raises 400."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in method.parameters:
            raise unknown_name(name)
        given.setdefault(name, []).append(value)
    found: dict[str, Any] = {}
    for name, schema in method.parameters.items():
        if name in given:
            values = [_typed(name, value, schema) for value in given[name]]
            if len(values) > 1 and not schema.get("repeated"):
                raise bad_request(f"Invalid value at '{_snake(name)}': the field is not repeating.", name)
            found[name] = values if schema.get("repeated") else values[0]
        elif schema.get("repeated"):
            found[name] = []
        elif "default" in schema:
            found[name] = _typed(name, str(schema["default"]), schema)
    if found.get("alt") != "json" or "callback" in found:
        raise bad_request("Only alt=json without a callback is answered for this method.", "alt")
    return found


def _typed(name: str, value: str, schema: Schema) -> Any:
    kind = schema["type"]
    if kind == "boolean":
        if value.lower() not in _BOOLEANS:
            raise bad_request(f"Invalid value at '{_snake(name)}' (TYPE_BOOL), \"{value}\"", _snake(name))
        return _BOOLEANS[value.lower()]
    if kind == "integer" or schema.get("format") in _LIMITS:
        return _number(name, value, schema)
    if "enum" in schema and value not in schema["enum"]:
        raise bad_request(f"Invalid value at '{_snake(name)}' (TYPE_ENUM), \"{value}\"", _snake(name))
    return value


def _number(name: str, value: str, schema: Schema) -> int:
    form = schema.get("format", "int32")
    least, most = _LIMITS[form]
    if not re.fullmatch(r"-?\d{1,20}", value) or not least <= int(value) <= most:
        raise bad_request(f"Invalid value at '{_snake(name)}' (TYPE_{form.upper()}), \"{value}\"", _snake(name))
    return int(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", name)


def read_body(discovery: Discovery, method: Method, raw: bytes, content_type: str) -> dict[str, Any]:
    """The JSON body, empty for none. Raises 400 for what is no JSON object of the method's schema."""
    if not raw.strip():
        return {}
    if method.verb in ("GET", "DELETE"):
        raise bad_request("Request contains a body, which this method does not take.")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(400, "badContent", f"Unsupported content with type: {content_type or 'none'}")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ApiError(400, "parseError", "Invalid JSON payload received. Unexpected token.") from error
    if not isinstance(body, dict):
        raise bad_request("Invalid JSON payload received. The root must be an object.")
    _check(discovery, {"$ref": method.request} if method.request else {"type": "object"}, body, "")
    return body


def _check(discovery: Discovery, schema: Schema, value: Any, path: str) -> None:
    schema = discovery.schemas[schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            raise _wrong(path, "TYPE_MESSAGE", value)
        known = schema.get("properties", {})
        for name, inner in value.items():
            if name not in known:
                raise unknown_name(name, where=f" at '{path}'" if path else " ")
            if inner is not None:
                _check(discovery, known[name], inner, f"{path}.{name}".lstrip("."))
    elif kind == "array":
        if not isinstance(value, list):
            raise _wrong(path, "TYPE_LIST", value)
        for place, inner in enumerate(value):
            _check(discovery, schema["items"], inner, f"{path}[{place}]")
    elif not _fits(schema, value):
        raise _wrong(path, f"TYPE_{'ENUM' if 'enum' in schema else str(kind).upper()}", value)


def _fits(schema: Schema, value: Any) -> bool:
    kind, form = schema.get("type"), schema.get("format", "")
    if kind == "boolean":
        return isinstance(value, bool)
    if form in _LIMITS:
        least, most = _LIMITS[form]
        text = str(value)
        whole = not isinstance(value, bool) and isinstance(value, int | str) and bool(re.fullmatch(r"-?\d{1,20}", text))
        return whole and least <= int(text) <= most
    if kind == "string":
        if not isinstance(value, str) or ("enum" in schema and value not in schema["enum"]):
            return False
        return form != "byte" or _is_base64(value)
    return not isinstance(value, bool) and isinstance(value, int | float)


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _wrong(path: str, kind: str, value: Any) -> ApiError:
    return bad_request(f"Invalid value at '{path}' ({kind}), {json.dumps(value)[:80]}", path)
