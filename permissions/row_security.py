"""Row-level security: what PostgreSQL itself refuses, whatever the code asks. Made anew after each `migrate`.

    the owner (migrations alone)      owns the tables, and is bound by the policies too (FORCE)
    the application role (`ROLE`)     reads and writes rows of the organisation that its transaction was told of

One policy for each model with `ISOLATED_BY`. SQLite has no such thing: there the code's own narrowing stands alone.
https://www.postgresql.org/docs/current/sql-createpolicy.html
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from permissions import isolated, isolation
from permissions.postgresql.base import SETTING

POLICY: Final = "of_one_organisation"
#: What the role may do with tables where it may not do everything.
RIGHTS: Final = {
    "permissions_auditentry": "SELECT, INSERT",
    "permissions_audithead": "SELECT, INSERT, UPDATE",
    "django_migrations": "SELECT",
}


class RoleMissing(RuntimeError):
    """The application role does not exist and the owner may not make it."""


def secure(connection: BaseDatabaseWrapper) -> None:
    """The role, its rights and the policies, as the models say. Raises RoleMissing."""
    role = str(settings.DATABASE_ROLE)
    with connection.cursor() as cursor:
        _make_role(cursor, role)
        _give_rights(cursor, role, connection.introspection.table_names(cursor))
        for model in isolated.isolated_models():
            _make_policy(cursor, model)


def secure_after_migrate(*, using: str, **_: Any) -> None:
    """Receiver of `post_migrate`."""
    from django.db import connections

    connection = connections[using]
    if connection.vendor == "postgresql" and _all_tables_exist(connection):
        secure(connection)


def _all_tables_exist(connection: BaseDatabaseWrapper) -> bool:
    there = set(connection.introspection.table_names())
    return all(model._meta.db_table in there for model in isolated.isolated_models())


def _make_role(cursor: Any, role: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        # Of two databases that are made at once, one makes the role.
        make = sql.SQL(
            "DO $$ BEGIN CREATE ROLE {} NOLOGIN NOINHERIT NOBYPASSRLS; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        try:
            cursor.execute(make.format(sql.Identifier(role)))
        except DatabaseError as error:
            raise RoleMissing(
                f"The role {role} is missing and this user may not make it. As a superuser: "
                f"CREATE ROLE {role} NOLOGIN NOINHERIT; GRANT {role} TO the users of DATABASE_URL."
            ) from error
    cursor.execute(
        "SELECT rolsuper, pg_has_role(current_user, %s, 'MEMBER') FROM pg_roles WHERE rolname = current_user", [role]
    )
    is_superuser, is_member = cursor.fetchone()
    if not (is_superuser or is_member):
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _give_rights(cursor: Any, role: str, tables: list[str]) -> None:
    name = sql.Identifier(role)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
    for table in tables:
        rights = RIGHTS.get(table, "SELECT, INSERT, UPDATE, DELETE")
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(table), name))
        cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(table), name))
    cursor.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))


def _make_policy(cursor: Any, model: type[models.Model]) -> None:
    table = sql.Identifier(model._meta.db_table)
    # A subquery is asked once for a statement, not once for a row.
    told = sql.SQL("(SELECT current_setting({}, true))").format(sql.Literal(SETTING))
    told_id = sql.SQL("(SELECT nullif(nullif({}, {}), '')::uuid)").format(told, sql.Literal(isolation.EVERY))
    whose = sql.Identifier(isolation.column(model))
    mine: sql.Composable = sql.SQL("{} = {}").format(whose, told_id)
    if getattr(model, "OWN_WHERE_NULL", False):
        # An id is one row's alone, so this is the root itself. As a sum of its parts the planner can estimate it.
        mine = sql.SQL("{} OR {} = {}").format(mine, sql.Identifier(_primary_key(model)), told_id)
    written = sql.SQL("({} = {} OR {})").format(told, sql.Literal(isolation.EVERY), mine)
    seen: sql.Composable = written
    if getattr(model, "SHARED_WHERE_NULL", False):
        seen = sql.SQL("({} OR {} IS NULL)").format(written, whose)
    cursor.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table))
    cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table))
    cursor.execute(sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(sql.Identifier(POLICY), table))
    cursor.execute(
        sql.SQL("CREATE POLICY {} ON {} USING {} WITH CHECK {}").format(sql.Identifier(POLICY), table, seen, written)
    )


def _primary_key(model: type[models.Model]) -> str:
    key = model._meta.pk
    if key is None:
        raise TypeError(f"{model.__name__} has no primary key.")
    return str(key.column)
