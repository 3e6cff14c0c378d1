"""Tells PostgreSQL whose rows each transaction is for, local to that transaction; row-level security does the rest.

    work in a context ──► first statement of a transaction = "SELECT set_config(…, true); the statement"

One round trip, as before: the two go together, and where no transaction is open PostgreSQL takes them as one. Nothing
is left on a connection that a pool hands on, whatever pool that is. The connection takes the role `ROLE`, which owns
nothing and is bound by the policies (`permissions.row_security`); `manage.py migrate` alone works as the owner.
https://www.postgresql.org/docs/current/ddl-rowsecurity.html
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from permissions import isolation

SETTING = "alongside.organisation"


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Whether this connection took the role, and is told whose each transaction is.
        self._is_told = False
        #: What the open transaction was told, as far as it is known.
        self._told: str | None = None
        self.execute_wrappers.append(self._tell)

    @property
    def as_owner(self) -> bool:
        """Without a role: migrations, and tests that make and empty their database."""
        return not self.settings_dict.get("ROLE")

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        # FORCE binds the owner too: migrations work on the rows of all.
        self._is_told = not self.as_owner
        told = f"-c {SETTING}={isolation.EVERY}" if self.as_owner else f"-c role={self.settings_dict['ROLE']}"
        params["options"] = f"{params.get('options', '')} {told}".strip()
        return params

    def _tell(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self._is_told:
            return execute(sql, params, many, context)
        wanted = isolation.current()
        is_open = self.connection.info.transaction_status != TransactionStatus.IDLE
        if is_open and self._told == wanted:
            return execute(sql, params, many, context)
        # An id or "*": nothing that could end the literal (isolation takes UUIDs alone).
        telling = f"SELECT set_config('{SETTING}', '{wanted}', true)"
        self._told = wanted if is_open or not self.get_autocommit() else None
        cursor = context["cursor"].cursor
        if many or getattr(cursor, "name", None):
            with self.wrap_database_errors, self.connection.transaction():
                self.connection.execute(telling)
                return execute(sql, params, many, context)
        result = execute(f"{telling}; {sql}", params, many, context)
        cursor.nextset()
        return result

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        # What was told within it is taken back with it.
        self._told = None

    def close(self) -> None:
        self._told = None
        super().close()
