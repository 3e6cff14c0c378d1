"""Holds JSON bodies of Microsoft Graph against its schema (CSDL): only properties and enumeration members that exist.

`checker()` gives the `Schema` of `$ALONGSIDE_CONTRACTS/graph/metadata.xml`; without the variable the calling test is
skipped, with it a missing file is a failure. Used for what the sandbox answers and for what the product sends.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$")
_NUMBERS = ("Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Double", "Edm.Single", "Edm.Decimal", "Edm.Byte")


@dataclass
class _Structure:
    base: str | None
    properties: dict[str, str] = field(default_factory=dict)


class Schema:
    """The structured types and enumerations of a CSDL document, by qualified name."""

    def __init__(self, path: Path) -> None:
        self.structures: dict[str, _Structure] = {}
        self.enumerations: dict[str, set[str]] = {}
        self.parameters: dict[str, dict[str, str]] = {}
        for schema in ElementTree.parse(path).iter(f"{_EDM}Schema"):  # noqa: S314 - a file that we keep
            self._read(schema, schema.get("Namespace") or "")

    def _read(self, schema: ElementTree.Element, namespace: str) -> None:
        alias = schema.get("Alias")

        def full(name: str) -> str:
            inner = name.removeprefix("Collection(").removesuffix(")")
            if alias and inner.startswith(f"{alias}."):
                inner = f"{namespace}.{inner[len(alias) + 1 :]}"
            elif inner.startswith("graph."):
                inner = f"microsoft.{inner}"
            return f"Collection({inner})" if name.startswith("Collection(") else inner

        for element in schema:
            name = f"{namespace}.{element.get('Name')}"
            tag = element.tag.removeprefix(_EDM)
            if tag in ("EntityType", "ComplexType"):
                base = element.get("BaseType")
                structure = _Structure(full(base) if base else None)
                for child in element:
                    if child.tag in (f"{_EDM}Property", f"{_EDM}NavigationProperty"):
                        structure.properties[child.get("Name") or ""] = full(child.get("Type") or "")
                self.structures[name] = structure
            elif tag == "EnumType":
                self.enumerations[name] = {member.get("Name") or "" for member in element.iter(f"{_EDM}Member")}
            elif tag == "Action":
                found = {p.get("Name") or "": full(p.get("Type") or "") for p in element.iter(f"{_EDM}Parameter")}
                self.parameters.setdefault(name, {}).update(found)

    def property_type(self, type_name: str, name: str) -> str | None:
        """The type of a property, base types included; None where there is none."""
        current: str | None = type_name
        while current:
            structure = self.structures[current]
            if name in structure.properties:
                return structure.properties[name]
            current = structure.base
        return None

    def problems(self, body: Any, type_name: str, where: str = "$") -> list[str]:
        """What in `body` the schema does not know, each with its place. Annotations (`@odata.…`) are left out."""
        if body is None:
            return []
        if type_name.startswith("Collection("):
            inner = type_name[len("Collection(") : -1]
            if not isinstance(body, list):
                return [f"{where}: a collection of {inner} is no {type(body).__name__}"]
            found = [self.problems(item, inner, f"{where}[{place}]") for place, item in enumerate(body)]
            return [problem for problems in found for problem in problems]
        if type_name in self.enumerations:
            return [] if body in self.enumerations[type_name] else [f"{where}: {body!r} is no {type_name}"]
        if type_name.startswith("Edm."):
            return self._primitive(body, type_name, where)
        return self._structure(body, type_name, where)

    def _structure(self, body: Any, type_name: str, where: str) -> list[str]:
        if not isinstance(body, dict):
            return [f"{where}: a {type_name} is no {type(body).__name__}"]
        stated = body.get("@odata.type")
        if stated is not None:
            stated = str(stated).lstrip("#")
            if not self._is_kind_of(stated, type_name):
                return [f"{where}: {stated} is no {type_name}"]
            type_name = stated
        problems: list[str] = []
        for name, value in body.items():
            if "@" in name:
                continue
            kind = self.property_type(type_name, name)
            if kind is None:
                problems.append(f"{where}.{name}: {type_name} has no such property")
            else:
                problems += self.problems(value, kind, f"{where}.{name}")
        return problems

    def _is_kind_of(self, name: str, wanted: str) -> bool:
        current: str | None = name
        while current and current in self.structures:
            if current == wanted:
                return True
            current = self.structures[current].base
        return False

    @staticmethod
    def _primitive(body: Any, type_name: str, where: str) -> list[str]:
        fits = True
        if type_name == "Edm.Boolean":
            fits = isinstance(body, bool)
        elif type_name in _NUMBERS:
            fits = isinstance(body, int | float) and not isinstance(body, bool)
        elif type_name == "Edm.DateTimeOffset":
            fits = isinstance(body, str) and _MOMENT.match(body) is not None
        elif type_name.startswith("Edm."):
            fits = isinstance(body, str)
        return [] if fits else [f"{where}: {body!r} is no {type_name}"]

    def entity_problems(self, body: dict[str, Any], type_name: str) -> list[str]:
        """Of an answer that is one entity."""
        return self.problems(body, f"microsoft.graph.{type_name}")

    def collection_problems(self, body: dict[str, Any], type_name: str) -> list[str]:
        """Of an answer `{"value": […]}`; beside it stand annotations alone."""
        others = [f"$.{name}: stands beside value" for name in body if name != "value" and "@" not in name]
        return others + self.problems(body.get("value"), f"Collection(microsoft.graph.{type_name})", "$.value")

    def action_problems(self, body: dict[str, Any], action: str) -> list[str]:
        """Of a request body that calls an action: parameters are compared without case, as Graph does."""
        known = {name.lower(): kind for name, kind in self.parameters[f"microsoft.graph.{action}"].items()}
        problems: list[str] = []
        for name, value in body.items():
            kind = known.get(name.lower())
            problems += (
                [f"$.{name}: {action} has no such parameter"]
                if kind is None
                else self.problems(value, kind, f"$.{name}")
            )
        return problems


@cache
def _load(path: Path) -> Schema:
    return Schema(path)


def checker() -> Schema:
    """The schema, read once. Skips the test where no contracts are given."""
    folder = os.environ.get("ALONGSIDE_CONTRACTS")
    if not folder:
        pytest.skip("ALONGSIDE_CONTRACTS names no folder of contracts")
    path = Path(folder) / "graph" / "metadata.xml"
    if not path.is_file():
        pytest.fail(f"There is no {path}.")
    return _load(path)
