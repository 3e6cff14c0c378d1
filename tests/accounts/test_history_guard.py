"""No code writes configuration past its history: by name in a step, or not at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from accounts.history import kinds
from accounts.models.recorded import Recorded, RecordedQuerySet

ROOT = Path(__file__).parents[2]
ROOMS = ("permissions", "accounts", "sync", "sidebar", "config")
MODELS = {
    "Organisation",
    "Team",
    "InternalDomain",
    "MicrosoftTenant",
    "GoogleDomain",
    "Preset",
    "PreferenceValue",
    "AddressAlias",
}
RELATED = {
    "teams",
    "internal_domains",
    "microsoft_tenants",
    "google_domains",
    "presets",
    "preference_values",
    "address_aliases",
}
WRITES = {"create", "update", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
#: Functions that write for a step which their callers have begun, and say so.
PARTS = {
    "accounts/history/putting_back.py": "*",  # all of it runs inside `restoring`'s step
    "accounts/teams.py": {"placed", "remove", "move_to"},
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def unnamed_writes(name: str, tree: ast.AST) -> list[str]:
    """Where a configuration model is written outside of a `with recorded(...)`: file, line."""
    found = []

    def walk(node: ast.AST, inside: bool, function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.With):
            inside = inside or any("recorded(" in ast.unparse(item) for item in node.items)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            chain = {one.id for one in ast.walk(node.func) if isinstance(one, ast.Name)}
            through = {one.attr for one in ast.walk(node.func) if isinstance(one, ast.Attribute)}
            if (chain & MODELS or through & RELATED) and not inside and function not in PARTS.get(name, ()):
                found.append(f"{name}:{node.lineno}")
        for child in ast.iter_child_nodes(node):
            walk(child, inside, function)

    if PARTS.get(name) != "*":
        walk(tree, False, "")
    return found


def test_every_write_of_configuration_names_who_writes() -> None:
    assert [place for name, tree in sources() for place in unnamed_writes(name, tree)] == []


@pytest.mark.parametrize(
    "line",
    [
        "Preset.objects.create(name='x')",
        "PreferenceValue.objects.filter(user=user).delete()",
        "organisation.internal_domains.filter(domain='x').update(domain='y')",
        "with transaction.atomic():\n    Team.objects.bulk_create([])",
    ],
)
def test_the_guard_sees(line: str) -> None:
    assert unnamed_writes("x.py", ast.parse(line)) != []
    wrapped = ast.parse("with recorded(doer(actor)):\n" + "\n".join(f"    {one}" for one in line.splitlines()))
    assert unnamed_writes("x.py", wrapped) == []


def test_nothing_writes_below_the_orm() -> None:
    """Raw SQL and Django's shortcuts are what the history cannot see."""
    tables = {apps.get_model("accounts", name)._meta.db_table for name in kinds.MODELS}
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"_raw_delete", "_update", "_insert", "_batched_insert"}, name
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.upper().split()
                if {"UPDATE", "DELETE", "INSERT"} & set(words[:1]):
                    assert not any(table in node.value for table in tables), f"{name}:{node.lineno}"


def test_who_moves_a_mailbox_into_a_team_is_recorded() -> None:
    callers = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "move_resource"
    }
    assert callers == {"accounts/teams.py"}


@pytest.mark.parametrize("name", sorted(kinds.MODELS))
def test_each_model_of_configuration_is_caught_where_the_orm_writes(name: str) -> None:
    model = apps.get_model("accounts", name)
    assert issubclass(model, Recorded)
    assert isinstance(model._default_manager.all(), RecordedQuerySet)
    assert isinstance(model._meta.base_manager, models.Manager)


def test_no_other_model_calls_itself_recorded() -> None:
    assert {str(model._meta.model_name) for model in apps.get_models() if issubclass(model, Recorded)} == kinds.MODELS
