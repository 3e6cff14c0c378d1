"""Sealed secrets: what opens them, what does not, and what a copy of the database gives away."""

from __future__ import annotations

import base64
import copy
import io
import os
import pickle
import re
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction
from pytest_django import Settings

from accounts import crypto
from accounts.fields import Sealed
from accounts.models import Connection, ConnectionAttempt, DataKey, ServiceCredential, System, User
from accounts.services import connection_for, create_organisation

ROOT = Path(__file__).resolve().parents[2]
PLANTED = "planted-00D0000!AQEAQ-secret"

#: The only modules that may open what is sealed: the broker and its renewals, the attempts that are not connections
#: yet, and the one that reads who takes part in an email that waits.
SECRET_ROOMS = {
    "accounts/broker.py",
    "accounts/renewals.py",
    "accounts/connecting.py",
    "sync/capture/envelopes.py",
}

OLD = ("old", b"o" * 32)
NEW = ("new", b"n" * 32)


@pytest.fixture
def row(mia: User, salesforce_of: Callable[..., Connection]) -> Connection:
    return salesforce_of(mia, access=PLANTED, refresh=f"{PLANTED}-refresh")


def stored(row: Connection, column: str = "access_token") -> bytes:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM accounts_connection WHERE id = %s", [_id(row)])
        return bytes(cursor.fetchone()[0])


def put(row: Connection, value: bytes, column: str = "access_token") -> None:
    with database.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_connection SET {column} = %s WHERE id = %s", [value, _id(row)])


def _id(row: Connection) -> str:
    return str(row.pk.hex if database.vendor == "sqlite" else row.pk)


def read(row: Connection) -> str:
    return Connection.objects.get(pk=row.pk).access_token.unseal()


def test_what_was_saved_is_read_again(row: Connection) -> None:
    assert read(row) == PLANTED


def test_text_of_any_script_and_length_is_read_again(row: Connection) -> None:
    for text in ("", "x", "مرحبا 你好 ✓", "t" * 100_000):
        row.access_token = text
        row.save()
        assert read(row) == text


def test_the_column_holds_no_plain_text_and_differs_each_time(row: Connection) -> None:
    first = stored(row)
    assert PLANTED.encode() not in first
    row.access_token = PLANTED
    row.save()
    assert stored(row) != first


def test_an_unopened_value_shows_nothing(row: Connection) -> None:
    for value in (Connection(access_token=PLANTED).access_token, Connection.objects.get(pk=row.pk).access_token):
        assert isinstance(value, Sealed)
        assert PLANTED not in f"{value} {value!r} {vars(type(value))}"
        with pytest.raises(TypeError):
            _ = value == PLANTED


def test_it_is_never_pickled(row: Connection) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(row.access_token)
    with pytest.raises(TypeError):
        copy.deepcopy(row.access_token)


def test_it_is_written_by_save_alone_and_never_searched(row: Connection) -> None:
    box = stored(row)
    for sought in ("x", box):
        with pytest.raises(TypeError):
            Connection.objects.filter(access_token=sought).exists()
    with pytest.raises(TypeError):
        Connection.objects.update(access_token="x")


def test_a_deferred_secret_is_read_when_it_is_asked_for(row: Connection) -> None:
    assert Connection.objects.defer("access_token").get(pk=row.pk).access_token.unseal() == PLANTED


def test_refreshing_a_row_keeps_its_secret_readable(row: Connection) -> None:
    row.refresh_from_db()
    assert row.access_token.unseal() == PLANTED


def test_a_sealed_value_is_not_handed_to_another_row(row: Connection, tom: User) -> None:
    other = connection_for(tom, System.SALESFORCE)
    with pytest.raises(TypeError):
        other.access_token = row.access_token


def test_a_row_copied_over_another_does_not_open(
    row: Connection, tom: User, salesforce_of: Callable[..., Connection]
) -> None:
    other = salesforce_of(tom, access="toms")
    put(other, stored(row))
    with pytest.raises(crypto.SecretUnreadable):
        read(other)


def test_a_value_copied_to_another_column_does_not_open(row: Connection) -> None:
    put(row, stored(row, "refresh_token"))
    with pytest.raises(crypto.SecretUnreadable):
        read(row)


def test_a_value_copied_to_another_organisation_does_not_open(
    row: Connection, rita: User, salesforce_of: Callable[..., Connection]
) -> None:
    other = salesforce_of(rita, access="ritas")
    put(other, stored(row))
    with pytest.raises(crypto.SecretUnreadable):
        read(other)


def test_an_organisations_data_key_does_not_open_for_another(
    row: Connection, rita: User, salesforce_of: Callable[..., Connection]
) -> None:
    other = salesforce_of(rita, access="ritas")
    mine = DataKey.objects.get(organisation=row.organisation)
    DataKey.objects.filter(organisation=other.organisation).update(wrapped=mine.wrapped)
    crypto.forget_keys()
    with pytest.raises(crypto.SecretUnreadable):
        read(other)


@pytest.mark.parametrize("place", [0, 3, 8, 20, -1])
def test_an_altered_byte_is_found(row: Connection, place: int) -> None:
    altered = bytearray(stored(row))
    altered[place] ^= 1
    put(row, bytes(altered))
    with pytest.raises(crypto.SecretUnreadable):
        read(row)


@pytest.mark.parametrize("value", [b"x", b"\x01" * 10, PLANTED.encode(), b"\x01\x00\x00\x00\x01" + b"0" * 28])
def test_what_was_never_sealed_is_not_given_out(row: Connection, value: bytes) -> None:
    put(row, value)
    with pytest.raises(crypto.SecretUnreadable):
        read(row)


def test_a_wrong_key_of_the_right_name_is_an_error(row: Connection, settings: Settings) -> None:
    crypto.forget_keys()
    settings.ALONGSIDE_KEYS = [("test", os.urandom(32))]
    with pytest.raises(crypto.SecretUnreadable, match="test"):
        read(row)


def test_a_missing_key_is_named_in_the_error(row: Connection, settings: Settings) -> None:
    crypto.forget_keys()
    settings.ALONGSIDE_KEYS = [NEW]
    with pytest.raises(crypto.SecretUnreadable, match="test"):
        read(row)


def test_without_any_key_nothing_is_stored(mia: User, settings: Settings) -> None:
    settings.ALONGSIDE_KEYS = []
    row = connection_for(mia, System.SALESFORCE)
    row.access_token = PLANTED
    with pytest.raises(ImproperlyConfigured):
        row.save()


def test_dumpdata_writes_boxes_and_loaddata_reads_them(row: Connection, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("dumpdata", "accounts.connection", stdout=out)
    assert PLANTED not in out.getvalue()
    Connection.objects.filter(pk=row.pk).delete()
    file = tmp_path / "dump.json"
    file.write_text(out.getvalue())
    call_command("loaddata", str(file), verbosity=0)
    assert read(row) == PLANTED


def test_keys_are_changed_on_live_data_and_the_old_one_can_go(
    mia: User, rita: User, salesforce_of: Callable[..., Connection], settings: Settings
) -> None:
    settings.ALONGSIDE_KEYS = [OLD]
    rows = [salesforce_of(mia, access="mias"), salesforce_of(rita, access="ritas")]
    boxes = [stored(row) for row in rows]
    crypto.forget_keys()

    settings.ALONGSIDE_KEYS = [NEW, OLD]
    assert [read(row) for row in rows] == ["mias", "ritas"]
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    assert "2 data keys wrapped with 'new', 0 were already" in out.getvalue()
    assert [read(row) for row in rows] == ["mias", "ritas"]

    settings.ALONGSIDE_KEYS = [NEW]
    crypto.forget_keys()
    assert [read(row) for row in rows] == ["mias", "ritas"]
    assert [stored(row) for row in rows] == boxes
    call_command("rotate_keys", stdout=out)
    assert "0 data keys wrapped with 'new', 2 were already" in out.getvalue()


def test_changing_keys_without_the_old_one_says_which_is_missing(
    mia: User, salesforce_of: Callable[..., Connection], settings: Settings
) -> None:
    settings.ALONGSIDE_KEYS = [OLD]
    salesforce_of(mia)
    settings.ALONGSIDE_KEYS = [NEW]
    with pytest.raises(CommandError, match="old"):
        call_command("rotate_keys")


@pytest.mark.django_db(transaction=True)
def test_a_data_key_that_was_rolled_back_is_not_remembered() -> None:
    organisation = create_organisation("Elsewhere")
    place, row_id = "accounts_connection.access_token", uuid.uuid4()
    with transaction.atomic():
        crypto.seal("lost", place=place, organisation_id=organisation.pk, row_id=row_id)
        transaction.set_rollback(True)
    assert not DataKey.objects.filter(organisation=organisation).exists()
    box = crypto.seal("kept", place=place, organisation_id=organisation.pk, row_id=row_id)
    crypto.forget_keys()
    assert crypto.open_box(box, place=place, organisation_id=organisation.pk, row_id=row_id) == "kept"


@pytest.mark.django_db(transaction=True)
def test_an_opened_data_key_stays_in_memory_for_minutes(
    mia: User, salesforce_of: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("accounts.crypto.time.monotonic", lambda: clock[0])
    row = salesforce_of(mia)
    opened: list[int] = []
    real = crypto.unwrap

    def counted(wrapped: bytes, *, key_id: str, organisation_id: uuid.UUID, number: int) -> bytes:
        opened.append(number)
        return real(wrapped, key_id=key_id, organisation_id=organisation_id, number=number)

    monkeypatch.setattr(crypto, "unwrap", counted)
    crypto.forget_keys()
    for _ in range(10):
        read(row)
    assert opened == [1]
    clock[0] += crypto.CACHE_SECONDS + 1
    read(row)
    assert opened == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_the_database_holds_no_planted_token(
    mia: User, salesforce_of: Callable[..., Connection], tmp_path: Path
) -> None:
    row = salesforce_of(mia, access=PLANTED, refresh=PLANTED)
    row.token_cache = PLANTED
    row.save()
    attempt = ConnectionAttempt(
        organisation=row.organisation,
        user=mia,
        system="salesforce",
        ticket_hash="t",
        expires_at="2100-01-01T00:00:00Z",
    )
    attempt.verifier = attempt.pending_tokens = PLANTED
    attempt.save()
    credential = ServiceCredential(organisation=row.organisation, system="salesforce", kind="salesforce_jwt")
    credential.secret = PLANTED
    credential.save()
    dump = b"".join(everything(tmp_path))
    assert b"mia.keller@larkfield.example" in dump  # it is the whole database
    for form in (PLANTED.encode(), base64.b64encode(PLANTED.encode())[:-4], PLANTED.encode().hex().encode()):
        assert form.lower() not in dump.lower()


def everything(tmp_path: Path) -> Iterator[bytes]:
    """The content of every table, as a thief of a backup would read it; of SQLite its files' bytes too."""
    if database.vendor == "sqlite":
        name = database.settings_dict["NAME"]
        with sqlite3.connect(name) as plain:
            for line in plain.iterdump():
                yield line.encode()
        plain.close()
        for file in Path(name).parent.glob(f"{Path(name).name}*"):
            yield file.read_bytes()
        return
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            with cursor.cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
                for part in rows:
                    yield bytes(part)


def test_secrets_are_opened_in_these_rooms_only() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "accounts/broker.py" in listed
    opening = re.compile(r"\.unseal\(|\bopen_box\(")
    found = {
        path
        for path in listed
        if not path.startswith(("tests/", "sandbox/"))
        and (ROOT / path).exists()
        and opening.search((ROOT / path).read_text())
    }
    assert found - {"accounts/fields.py", "accounts/crypto.py"} == SECRET_ROOMS
