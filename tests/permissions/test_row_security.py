"""What PostgreSQL refuses by itself: raw SQL, as the role that everything but `migrate` takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

from accounts.models import Organisation, Preset, User
from accounts.services import create_organisation, create_user
from permissions import isolated, isolation, row_security
from permissions.models import Authorization, OwnRole, Principal

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security is PostgreSQL's"),
]


@contextmanager
def as_the_application() -> Iterator[None]:
    """The connection as everything but `migrate` has it."""
    connection.close()
    connection.settings_dict["ROLE"] = settings.DATABASE_ROLE
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["ROLE"] = ""


@pytest.fixture
def application() -> Iterator[None]:
    with as_the_application():
        yield


@pytest.fixture
def two() -> tuple[Organisation, Organisation]:
    """Two organisations with a user and a preset each."""
    made = []
    for name in ("larkfield", "northwind"):
        organisation = create_organisation(name)
        create_user(organisation, email=f"a@{name}.example")
        Preset.objects.create(organisation=organisation, name=name)
        made.append(organisation)
    return made[0], made[1]


def ask(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def tables() -> list[tuple[str, str]]:
    """(table, column that says whose the row is) of every model of an organisation."""
    return [(model._meta.db_table, isolation.column(model)) for model in isolated.isolated_models()]


def test_every_model_of_ours_is_isolated_or_says_why_not() -> None:
    ours = [model for name in isolated.APPS for model in apps.get_app_config(name).get_models()]
    assert len(ours) > 30
    assert isolated.check_models(None) == []
    # Sign-ins whose person is not known yet.
    nobodys = {model.__name__ for model in ours if not getattr(model, "ISOLATED_BY", "")}
    assert nobodys == {"DialogSignIn", "ExtensionSignIn"}


def test_every_one_of_their_tables_is_forced_and_has_the_one_policy() -> None:
    found = ask(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, "
        "(SELECT array_agg(polname::text) FROM pg_policy WHERE polrelid = c.oid) FROM pg_class c WHERE c.relkind = 'r'"
    )
    secured = {name: (on, forced, policies) for name, on, forced, policies in found}
    for table, _ in tables():
        assert secured[table] == (True, True, [row_security.POLICY]), table


def test_the_role_owns_nothing_and_stands_above_no_policy(application: None) -> None:
    assert ask("SELECT current_user") == [(settings.DATABASE_ROLE,)]
    assert ask(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user"
    ) == [(0,)]
    assert ask(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ) == [(False, False, False, False)]
    for statement in (
        "ALTER TABLE accounts_user DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_one_organisation ON accounts_user",
        "TRUNCATE accounts_preset",
        "UPDATE permissions_auditentry SET action = 'x'",
        "DELETE FROM permissions_auditentry",
        "DELETE FROM permissions_audithead",
        "DELETE FROM django_migrations",
        "CREATE TABLE mine (id int)",
    ):
        with pytest.raises(DatabaseError):
            ask(statement)


def test_without_being_told_whose_work_it_is_no_row_is_there(two: tuple[Organisation, ...], application: None) -> None:
    with isolation.nobodys():
        for table, _ in tables():
            shared = " WHERE root_id IS NOT NULL" if table == "permissions_principal" else ""
            assert ask(f"SELECT count(*) FROM {table}{shared}") == [(0,)], table


def test_only_the_rows_of_the_organisation_are_there(two: tuple[Organisation, Organisation], application: None) -> None:
    mine, other = two
    with isolation.for_organisation(mine.pk):
        for table, whose in tables():
            foreign = ask(f"SELECT count(*) FROM {table} WHERE {whose} = %s", [other.pk])
            assert foreign == [(0,)], table
        assert ask("SELECT name FROM accounts_preset") == [("larkfield",)]
        assert ask("SELECT name FROM accounts_organisation") == [("larkfield",)]


def test_foreign_rows_are_neither_changed_nor_deleted_nor_made(
    two: tuple[Organisation, Organisation], application: None
) -> None:
    mine, other = two
    with isolation.for_organisation(mine.pk):
        assert ask("UPDATE accounts_preset SET name = 'taken'") == [(1,)]
        assert ask("UPDATE accounts_preset SET name = 'taken' WHERE organisation_id = %s", [other.pk]) == [(0,)]
        assert ask("DELETE FROM accounts_preset WHERE organisation_id = %s", [other.pk]) == [(0,)]
        for statement in (
            "INSERT INTO accounts_preset (organisation_id, name) VALUES (%s, 'planted')",
            "UPDATE accounts_preset SET organisation_id = %s",
        ):
            with pytest.raises(DatabaseError, match="row-level security"):
                ask(statement, [other.pk])
    with isolation.every_organisation("looking after it"):
        assert ask("SELECT name FROM accounts_preset ORDER BY name") == [("northwind",), ("taken",)]


def test_what_the_code_forgets_the_database_does_not(two: tuple[Organisation, Organisation], application: None) -> None:
    """The manager that narrows is passed by: `_base_manager`, as foreign keys and deletions use it."""
    mine, other = two
    with isolation.for_organisation(mine.pk):
        everyone = User._base_manager.order_by("email")
        assert [user.email for user in everyone] == ["a@larkfield.example"]
        assert [user.email for user in everyone.iterator()] == ["a@larkfield.example"]
        assert not Authorization._base_manager.filter(root=other.pk).exists()
        assert not Principal._base_manager.filter(root=other.pk).exists()


def test_it_is_told_for_one_transaction_and_is_gone_after_it(
    two: tuple[Organisation, Organisation], application: None
) -> None:
    mine, other = two
    setting = "SELECT coalesce(current_setting('alongside.organisation', true), '')"

    def told() -> str:
        # Past Django's cursor, which tells it anew.
        row = connection.connection.execute(setting).fetchone()
        return str(row[0])

    with isolation.for_organisation(mine.pk):
        with transaction.atomic():
            assert Preset._base_manager.get().name == "larkfield"
            assert told() == str(mine.pk)
        assert told() == ""
        assert Preset._base_manager.get().name == "larkfield"
        assert told() == ""
    with isolation.for_organisation(other.pk):
        assert Preset._base_manager.get().name == "northwind"


def test_a_context_that_changes_within_a_transaction_is_told_again(
    two: tuple[Organisation, Organisation], application: None
) -> None:
    mine, other = two
    with transaction.atomic():
        with isolation.for_organisation(mine.pk):
            assert [preset.name for preset in Preset._base_manager.all()] == ["larkfield"]
            savepoint = transaction.savepoint()
            with isolation.every_organisation("told within a savepoint"):
                assert Preset._base_manager.count() == 2
            transaction.savepoint_rollback(savepoint)
            assert [preset.name for preset in Preset._base_manager.all()] == ["larkfield"]
        with isolation.for_organisation(other.pk):
            assert [preset.name for preset in Preset._base_manager.all()] == ["northwind"]


def test_many_rows_are_written_at_once_for_the_organisation_alone(
    two: tuple[Organisation, Organisation], application: None
) -> None:
    mine, other = two
    insert = "INSERT INTO permissions_ownrole (id, root_id, name, title, cloned_from) VALUES (%s, %s, %s, '', '')"
    with isolation.for_organisation(mine.pk):
        with connection.cursor() as cursor:
            cursor.executemany(insert, [(uuid4(), mine.pk, f"r{n}") for n in range(5)])
            with pytest.raises(DatabaseError, match="row-level security"):
                cursor.executemany(insert, [(uuid4(), mine.pk, "good"), (uuid4(), other.pk, "bad")])
        assert OwnRole.objects.count() == 5


def test_threads_of_one_process_keep_their_organisations_apart(
    two: tuple[Organisation, Organisation], application: None
) -> None:
    mistaken: list[str] = []

    def look(organisation_id: UUID, name: str) -> None:
        try:
            with isolation.for_organisation(organisation_id):
                for _ in range(50):
                    if [preset.name for preset in Preset._base_manager.all()] != [name]:
                        mistaken.append(name)
        except Exception as error:
            mistaken.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=look, args=(one.pk, one.name)) for one in two * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistaken == []


def test_an_id_that_ends_the_literal_is_no_id(application: None) -> None:
    with pytest.raises(ValueError, match="UUID"), isolation.for_organisation("x', true); DROP TABLE accounts_user; --"):  # type: ignore[arg-type]
        pass


def test_making_it_again_changes_nothing() -> None:
    before = ask("SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY polrelid")
    row_security.secure(connection)
    assert ask("SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY polrelid") == before


def test_an_unknown_organisation_sees_nothing(two: tuple[Organisation, ...], application: None) -> None:
    with isolation.for_organisation(uuid4()):
        assert Preset._base_manager.count() == 0


def test_every_foreign_key_of_a_row_stays_within_its_organisation() -> None:
    """Each model that another one belongs to is isolated as well: no way leads round the border."""
    ours = set(isolated.isolated_models())
    for model in ours:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                assert field.related_model in ours, f"{model.__name__}.{field.name}"
