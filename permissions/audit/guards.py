"""The database's own refusals, whoever asks it, the owner of the tables too: triggers on both databases.

    entries   no UPDATE, no DELETE, no TRUNCATE (PostgreSQL)
    heads     begin at 0, never go back, only to the hash of an entry that stands; no DELETE, no TRUNCATE

Who owns the tables can lift them (`lifted`); that is for tests, which empty the database, and for erasing a whole
organisation. What was changed meanwhile, `verify_audit` finds. Migrations install them with `install`: a change here
needs a migration that installs them anew, and so does any migration that alters the tables on SQLite, which makes
them anew without triggers; `missing` names those that are not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

ENTRIES: Final = "permissions_auditentry"
HEADS: Final = "permissions_audithead"

_POSTGRESQL: Final = (
    """
    CREATE OR REPLACE FUNCTION permissions_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'The audit trail is only appended to.' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION permissions_audit_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.number = 0 AND NEW.hash = '' THEN RETURN NEW; END IF;
        ELSIF NEW.chain = OLD.chain AND NEW.root_id IS NOT DISTINCT FROM OLD.root_id AND NEW.number >= OLD.number
            AND EXISTS (
                SELECT 1 FROM permissions_auditentry e WHERE e.number = NEW.number AND e.hash = NEW.hash
                AND (e.root_id = NEW.root_id OR (e.root_id IS NULL AND NEW.root_id IS NULL))
            )
        THEN RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The head of an audit trail only goes forward.' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_entry_refuse BEFORE UPDATE OR DELETE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION permissions_audit_refuse()
    """,
    f"""
    CREATE TRIGGER audit_entry_refuse_truncate BEFORE TRUNCATE ON {ENTRIES}
    FOR EACH STATEMENT EXECUTE FUNCTION permissions_audit_refuse()
    """,
    f"""
    CREATE TRIGGER audit_head_refuse BEFORE DELETE ON {HEADS}
    FOR EACH ROW EXECUTE FUNCTION permissions_audit_refuse()
    """,
    f"""
    CREATE TRIGGER audit_head_refuse_truncate BEFORE TRUNCATE ON {HEADS}
    FOR EACH STATEMENT EXECUTE FUNCTION permissions_audit_refuse()
    """,
    f"""
    CREATE TRIGGER audit_head_forward BEFORE INSERT OR UPDATE ON {HEADS}
    FOR EACH ROW EXECUTE FUNCTION permissions_audit_forward()
    """,
)
_POSTGRESQL_TRIGGERS: Final = {
    "audit_entry_refuse": ENTRIES,
    "audit_entry_refuse_truncate": ENTRIES,
    "audit_head_refuse": HEADS,
    "audit_head_refuse_truncate": HEADS,
    "audit_head_forward": HEADS,
}

_FORWARD: Final = """
    WHEN NOT (
        NEW.chain = OLD.chain AND NEW.root_id IS OLD.root_id AND NEW.number >= OLD.number
        AND EXISTS (
            SELECT 1 FROM permissions_auditentry e
            WHERE e.number = NEW.number AND e.hash = NEW.hash AND e.root_id IS NEW.root_id
        )
    )
"""
_SQLITE: Final = {
    "audit_entry_update": f"BEFORE UPDATE ON {ENTRIES}",
    "audit_entry_delete": f"BEFORE DELETE ON {ENTRIES}",
    "audit_head_insert": f"BEFORE INSERT ON {HEADS} WHEN NEW.number <> 0 OR NEW.hash <> ''",
    "audit_head_update": f"BEFORE UPDATE ON {HEADS} {_FORWARD}",
    "audit_head_delete": f"BEFORE DELETE ON {HEADS}",
}
_REFUSE: Final = "BEGIN SELECT RAISE(ABORT, 'The audit trail is only appended to.'); END"


def install(connection: BaseDatabaseWrapper) -> None:
    """As a migration does. Raises ValueError for a database that the product does not run on."""
    with connection.cursor() as cursor:
        for statement in _installing(connection.vendor):
            cursor.execute(statement)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Takes the triggers away, as a migration backwards does."""
    with connection.cursor() as cursor:
        for statement in _removing(connection.vendor):
            cursor.execute(statement)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without the refusals, for the owner of the tables alone: the database refuses it to anybody else."""
    if connection.vendor == "postgresql":
        _alter(connection, "DISABLE")
    else:
        uninstall(connection)
    try:
        yield
    finally:
        if connection.vendor == "postgresql":
            _alter(connection, "ENABLE")
        else:
            install(connection)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that are not there, or not in force."""
    if connection.vendor == "postgresql":
        asked = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'audit_%' AND tgenabled IN ('O', 'A')"
    else:
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'"
    with connection.cursor() as cursor:
        cursor.execute(asked)
        there = {name for (name,) in cursor.fetchall()}
    return sorted(set(_names(connection.vendor)) - there)


def _names(vendor: str) -> Iterable[str]:
    return _POSTGRESQL_TRIGGERS if vendor == "postgresql" else _SQLITE


def _alter(connection: BaseDatabaseWrapper, verb: str) -> None:
    with connection.cursor() as cursor:
        for table in (ENTRIES, HEADS):
            cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER USER")


def _installing(vendor: str) -> tuple[str, ...]:
    if vendor == "postgresql":
        return _POSTGRESQL
    if vendor == "sqlite":
        return tuple(f"CREATE TRIGGER {name} {when} {_REFUSE}" for name, when in _SQLITE.items())
    raise ValueError(f"The audit trail cannot be guarded on {vendor}.")


def _removing(vendor: str) -> tuple[str, ...]:
    if vendor == "postgresql":
        return tuple(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in _POSTGRESQL_TRIGGERS.items())
    return tuple(f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE)
