"""PostgreSQL and Redis at 127.0.0.1 for benchmarks: a database and two numbers of their own, empty at the start."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import redis

#: One for each run: two at the same time do not take it from each other.
DATABASE = f"alongside_bench_{os.getpid()}"
CACHE, BROKER = 13, 14


def are_there() -> bool:
    return _user() is not None and _redis_answers()


@contextmanager
def services() -> Iterator[dict[str, str] | None]:
    """The product's settings for them; None where one of them does not answer. The database is dropped afterwards."""
    user = _user()
    if user is None or not _redis_answers():
        yield None
        return
    _make(user)
    try:
        yield {
            "DATABASE_URL": f"postgres://{user}@127.0.0.1:5432/{DATABASE}",
            "CACHE_URL": f"redis://127.0.0.1:6379/{CACHE}",
            "BROKER_URL": f"redis://127.0.0.1:6379/{BROKER}",
            "ALONGSIDE_EMBEDDED_WORKER": "0",
        }
    finally:
        _drop(user)


def _user() -> str | None:
    """A superuser whom the server lets in without a password: the person's own, or postgres."""
    for user in dict.fromkeys([os.environ.get("PGUSER", ""), getpass.getuser(), "postgres"]):
        if not user:
            continue
        try:
            with _server(user):
                return user
        except psycopg.OperationalError:
            continue
    return None


def _server(user: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1", port=5432, user=user, dbname="postgres", autocommit=True, connect_timeout=3
    )


def _redis_answers() -> bool:
    try:
        with redis.Redis(socket_connect_timeout=3) as server:
            return bool(server.ping())
    except redis.RedisError:
        return False


def _make(user: str) -> None:
    _drop_left(user)
    with _server(user) as server:
        server.execute(f"CREATE DATABASE {DATABASE}")
    for number in (CACHE, BROKER):
        with redis.Redis(db=number) as numbered:
            numbered.flushdb()


def _drop_left(user: str) -> None:
    """What runs that were killed have left, and nobody is connected to."""
    with _server(user) as server:
        left = server.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'alongside\\_bench%' "
            "AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = pg_database.datname)"
        ).fetchall()
        for (name,) in left:
            server.execute(f"DROP DATABASE IF EXISTS {name}")


def _drop(user: str) -> None:
    with _server(user) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
