"""Each command of ours says which permission it is an exercise of, or why it is of none."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.core.management import get_commands

from permissions.declare import declared_permission, declared_public

OURS = sorted(name for name, app in get_commands().items() if app in {"permissions", "accounts", "sync", "sidebar"})


def test_there_are_commands() -> None:
    assert {"migrate", "why", "verify_audit", "export_audit", "end_sessions", "configuration", "sweep"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_declared(name: str) -> None:
    command = import_module(f"{get_commands()[name]}.management.commands.{name}").Command
    assert (declared_permission(command) is None) != (declared_public(command) is None)
