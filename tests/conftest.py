"""Fixtures of all tests."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from permissions import isolation
from permissions.audit import guards
from tests.sandbox_process import SandboxProcess

# How long an example takes says something of the machine, not of the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def pools_see_what_the_test_sees() -> Iterator[None]:
    """Nothing of the product hands work to a pool: these are threads of tests."""
    submit = ThreadPoolExecutor.submit

    def carried(self: ThreadPoolExecutor, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return submit(self, contextvars.copy_context().run, call, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "submit", carried)
        yield


@pytest.fixture(autouse=True)
def sees_all() -> Iterator[None]:
    """A test looks at the rows of all; the requests and tasks that it makes enter whose they are."""
    with isolation.every_organisation("a test looks at the rows of all"):
        yield


@pytest.fixture(autouse=True)
def _words_are_english_again() -> Iterator[None]:
    """A request's language stays the thread's until the next request, which may be another test's."""
    yield
    translation.deactivate()


#: What migrations fill and no test changes.
_KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_quickly() -> Iterator[None]:
    """After a test with transactions of its own every table is emptied, the audit trail with the rest.

    Django would truncate each table and then have everything made anew that follows a migration, the row policies too:
    on PostgreSQL that takes longer than most tests.
    """
    tables: list[str] = []

    def emptied(self: TransactionTestCase) -> None:
        if not tables:
            tables.extend(set(connection.introspection.django_table_names(only_existing=True)) - _KEPT)
        with (
            guards.lifted(connection),
            isolation.every_organisation("a test has ended"),
            transaction.atomic(),
            connection.constraint_checks_disabled(),
            connection.cursor() as cursor,
        ):
            for table in tables:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)
        yield


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox on free ports, started once for the session, in whatever state the last test left it."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state")
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """The session's sandbox as on its first day."""
    sandbox_process.reset()
    return sandbox_process
