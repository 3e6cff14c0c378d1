"""Gmail's discovery document, as the client library ships it: methods, paths, parameters, bodies and scopes.

https://developers.google.com/discovery/v1/reference/apis
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

_DOCUMENT = "gmail.v1.json"
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One method. ``request`` and ``response`` name schemas; an empty name means that there is no body."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    parameters: dict[str, Schema]
    request: str
    response: str
    scopes: frozenset[str]


class Discovery:
    """The document, read once."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = document["schemas"]
        self._everywhere: dict[str, Schema] = document["parameters"]
        # A path without a variable is meant before one with a variable in the same place.
        self.methods = sorted(
            self._methods(document["resources"]), key=lambda method: method.pattern.pattern.count("(")
        )
        self._by_verb: dict[str, list[Method]] = {}
        for method in self.methods:
            self._by_verb.setdefault(method.verb, []).append(method)

    def find(self, verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method of a call and the values in its path."""
        for method in self._by_verb.get(verb, ()):
            found = method.pattern.fullmatch(path)
            if found:
                return method, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def _methods(self, tree: dict[str, Any]) -> Iterator[Method]:
        for resource in tree.values():
            for method in resource.get("methods", {}).values():
                yield self._method(method)
            yield from self._methods(resource.get("resources", {}))

    def _method(self, method: dict[str, Any]) -> Method:
        own = {name: one for name, one in method.get("parameters", {}).items() if one["location"] == "query"}
        return Method(
            id=method["id"],
            verb=method["httpMethod"],
            pattern=re.compile("/" + re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", method["path"])),
            parameters=self._everywhere | own,
            request=method.get("request", {}).get("$ref", ""),
            response=method.get("response", {}).get("$ref", ""),
            scopes=frozenset(method.get("scopes", ())),
        )


@cache
def gmail() -> Discovery:
    """The document of Gmail v1."""
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    return Discovery(json.loads((folder / _DOCUMENT).read_text(encoding="utf-8")))
