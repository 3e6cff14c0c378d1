"""`manage.py migrate`: as the tables' owner, on the rows of all; everything else takes the application role."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from permissions import isolation
from permissions.declare import public


@public("whoever owns the tables changes them")
class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> Any:
        connection = connections[options["database"]]
        role, connection.settings_dict["ROLE"] = connection.settings_dict.get("ROLE", ""), ""
        _let_go(connection)
        try:
            with isolation.every_organisation("a migration changes the tables of all"):
                return super().execute(*args, **options)
        finally:
            if role:
                connection.settings_dict["ROLE"] = role
                _let_go(connection)


def _let_go(connection: Any) -> None:
    """What was connected before keeps the role that it took."""
    if connection.in_atomic_block:
        return
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
