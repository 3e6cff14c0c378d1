"""JSON schemas of typed models for the API's description, with every reference written out in place."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter


def json_schema(model: type[BaseModel] | TypeAdapter[Any]) -> dict[str, Any]:
    """The schema of a model or typed dataclass, without `$ref`. Our models do not refer to themselves."""
    raw = (
        model.json_schema(mode="serialization")
        if isinstance(model, TypeAdapter)
        else model.model_json_schema(by_alias=True)
    )
    definitions = raw.pop("$defs", {})
    written: dict[str, Any] = _written_out(raw, definitions)
    return written


def _written_out(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_written_out(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if reference:
        target = definitions[reference.rsplit("/", 1)[-1]]
        rest = {key: part for key, part in value.items() if key != "$ref"}
        return _written_out({**target, **rest}, definitions)
    written = {key: _written_out(part, definitions) for key, part in value.items()}
    return _nullable(written) if isinstance(written.get("anyOf"), list) else written


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 has no type `null`: what may be absent is said by `nullable`."""
    kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
    if len(kinds) == len(schema["anyOf"]):
        return schema
    rest = {key: part for key, part in schema.items() if key != "anyOf"}
    return {**kinds[0], **rest, "nullable": True} if len(kinds) == 1 else {**rest, "anyOf": kinds, "nullable": True}
