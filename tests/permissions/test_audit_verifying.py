"""What is done to the trail behind the product's back is found: with raw SQL, as the owner, with the triggers off."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import Organisation
from permissions.audit import export, guards, verifying
from permissions.audit.chain import as_said, digest
from permissions.audit.models import NO_ORGANISATION, AuditEntry, AuditHead
from permissions.audit.recording import COMMAND, PRODUCT, Event, record, record_many
from permissions.audit.verifying import Anchor, verify, verify_file
from permissions.models import Resource
from permissions.services import create_resource

ENTRIES, HEADS = AuditEntry._meta.db_table, AuditHead._meta.db_table


@pytest.fixture
def organisation(db: None) -> Organisation:
    root = create_resource(Resource.Kind.ORGANISATION)
    return Organisation.objects.create(id=root.id, name="Northwind", resource=root)


@pytest.fixture
def chain(organisation: Organisation) -> uuid.UUID:
    """Ten entries."""
    root = organisation.resource_id
    record_many([Event("user.made", root, PRODUCT, ("user", uuid.uuid4())) for _ in range(10)])
    return root


def tamper(sql: str, *values: Any) -> None:
    """As the owner of the tables, with the triggers off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        given = [value.hex if isinstance(value, uuid.UUID) else value for value in values]
        with guards.lifted(connection):
            cursor.execute(sql, given)


def entry(chain: uuid.UUID, number: int) -> AuditEntry:
    return AuditEntry.objects.get(root=chain, number=number)


def rehash(one: AuditEntry) -> str:
    one.hash = digest(as_said(one))
    return one.hash


def edit(chain: uuid.UUID) -> set[int]:
    tamper(f"UPDATE {ENTRIES} SET action = 'user.deleted' WHERE id = %s", entry(chain, 4).pk)
    return {4}


def edit_and_hash(chain: uuid.UUID) -> set[int]:
    one = entry(chain, 4)
    one.actor_kind = "operator"
    tamper(f"UPDATE {ENTRIES} SET actor_kind = 'operator', hash = %s WHERE id = %s", rehash(one), one.pk)
    return {5}


def edit_the_last_and_hash(chain: uuid.UUID) -> set[int]:
    one = entry(chain, 10)
    one.object_id = "7"
    tamper(f"UPDATE {ENTRIES} SET object_id = '7', hash = %s WHERE id = %s", rehash(one), one.pk)
    return {10}


def edit_the_detail(chain: uuid.UUID) -> set[int]:
    tamper(f"UPDATE {ENTRIES} SET detail = %s WHERE id = %s", '{"cause": "other"}', entry(chain, 2).pk)
    return {2}


def delete_in_the_middle(chain: uuid.UUID) -> set[int]:
    tamper(f"DELETE FROM {ENTRIES} WHERE id = %s", entry(chain, 6).pk)
    return {6}


def delete_the_first(chain: uuid.UUID) -> set[int]:
    tamper(f"DELETE FROM {ENTRIES} WHERE id = %s", entry(chain, 1).pk)
    return {1}


def delete_and_close_the_gap(chain: uuid.UUID) -> set[int]:
    tamper(f"DELETE FROM {ENTRIES} WHERE id = %s", entry(chain, 6).pk)
    for number in range(7, 11):
        tamper(f"UPDATE {ENTRIES} SET number = %s WHERE id = %s", number - 1, entry(chain, number).pk)
    return {6, 7, 8, 9, 10}


def cut_off_the_end(chain: uuid.UUID) -> set[int]:
    tamper(f"DELETE FROM {ENTRIES} WHERE number > 7 AND root_id = %s", chain)
    return {8}


def swap(chain: uuid.UUID) -> set[int]:
    one, other = entry(chain, 3), entry(chain, 4)
    for pk, number in ((one.pk, 99), (other.pk, 3), (one.pk, 4)):
        tamper(f"UPDATE {ENTRIES} SET number = %s WHERE id = %s", number, pk)
    return {3, 4, 5}


def put_in(chain: uuid.UUID) -> set[int]:
    """After entry 5, the later ones moved up and the head with them."""
    before = entry(chain, 5)
    for number in range(10, 5, -1):
        tamper(f"UPDATE {ENTRIES} SET number = %s WHERE id = %s", number + 1, entry(chain, number).pk)
    forged = AuditEntry(
        root_id=chain, number=6, at=before.at, actor_kind="product", action="signed-out", object_kind="user"
    )
    forged.previous = before.hash
    rehash(forged)
    forged.save(force_insert=True)
    tamper(f"UPDATE {HEADS} SET number = 11 WHERE chain = %s", chain)
    return {7, 8, 9, 10, 11}


def put_in_behind_the_end(chain: uuid.UUID) -> set[int]:
    last = entry(chain, 10)
    forged = AuditEntry(
        root_id=chain, number=11, at=last.at, actor_kind="product", action="signed-out", object_kind="user"
    )
    forged.previous = last.hash
    rehash(forged)
    forged.save(force_insert=True)
    return {11}


TAMPERINGS: list[Callable[[uuid.UUID], set[int]]] = [
    edit,
    edit_and_hash,
    edit_the_last_and_hash,
    edit_the_detail,
    delete_in_the_middle,
    delete_the_first,
    delete_and_close_the_gap,
    cut_off_the_end,
    swap,
    put_in,
    put_in_behind_the_end,
]


def test_a_chain_that_nobody_touched_is_whole(chain: uuid.UUID) -> None:
    head = AuditHead.objects.get(pk=chain)
    known = [Anchor(chain, number, entry(chain, number).hash) for number in (1, 5, head.number)]
    assert list(verify(chain, known)) == []


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.__name__)
def test_each_tampering_is_found_and_the_entry_is_named(
    chain: uuid.UUID, tampering: Callable[[uuid.UUID], set[int]]
) -> None:
    named = tampering(chain)
    found = list(verify(chain))
    assert {finding.number for finding in found} == named
    assert all(finding.chain == chain for finding in found)


def test_an_entry_moved_to_another_chain_is_missing_here_and_too_much_there(chain: uuid.UUID) -> None:
    last = AuditHead.objects.get(pk=chain).number
    tamper(f"UPDATE {ENTRIES} SET root_id = NULL WHERE id = %s", entry(chain, last).pk)
    assert [finding.number for finding in verify(chain)] == [last]
    assert {finding.number for finding in verify(NO_ORGANISATION)} >= {0, last}


def test_an_end_cut_off_together_with_its_head_is_found_by_an_anchor(chain: uuid.UUID) -> None:
    noted = list(verifying.anchors())
    kept = entry(chain, 7)
    tamper(f"DELETE FROM {ENTRIES} WHERE number > 7 AND root_id = %s", chain)
    tamper(f"UPDATE {HEADS} SET number = 7, hash = %s WHERE chain = %s", kept.hash, chain)
    assert list(verify(chain)) == []
    assert [finding.number for finding in verify(chain, noted)] == [10]


def test_a_chain_made_anew_from_an_edit_on_is_found_by_an_anchor(chain: uuid.UUID) -> None:
    noted = [Anchor(chain, 8, entry(chain, 8).hash)]
    before = entry(chain, 4).hash
    for number in range(5, 11):
        one = entry(chain, number)
        one.previous, one.actor_kind = before, "operator"
        before = rehash(one)
        tamper(
            f"UPDATE {ENTRIES} SET actor_kind = 'operator', previous = %s, hash = %s WHERE id = %s",
            one.previous,
            one.hash,
            one.pk,
        )
    tamper(f"UPDATE {HEADS} SET hash = %s WHERE chain = %s", before, chain)
    assert list(verify(chain)) == []
    assert [finding.number for finding in verify(chain, noted)] == [8]


def test_a_whole_chain_that_is_gone_is_found_by_an_anchor(chain: uuid.UUID, tmp_path: Path) -> None:
    noted = tmp_path / "anchors"
    noted.write_text(run("verify_audit", "--print-anchors"))
    tamper(f"DELETE FROM {ENTRIES}")
    tamper(f"DELETE FROM {HEADS}")
    assert "whole" in run("verify_audit")
    assert "the end was cut off" in run("verify_audit", "--anchors", str(noted), fails=True)


def run(*arguments: str, fails: bool = False) -> str:
    out = io.StringIO()
    if not fails:
        call_command(*arguments, stdout=out)
        return out.getvalue()
    with pytest.raises(CommandError) as error:
        call_command(*arguments, stdout=out)
    assert error.value.returncode == 1
    return out.getvalue()


def test_the_command_says_one_line_for_each_finding(organisation: Organisation, chain: uuid.UUID) -> None:
    named = f"--organisation={organisation.pk}"
    assert "whole" in run("verify_audit", named)
    edit(chain)
    cut_off_the_end(chain)
    lines = run("verify_audit", named, fails=True).splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{chain} entry 4", f"{chain} entry 8"]
    assert "whole" in run("verify_audit", "--no-organisation")
    assert run("verify_audit", "--all", fails=True).splitlines() == lines


@pytest.mark.parametrize("name", ["audit_entry_delete", "audit_head_update"])
def test_the_command_misses_a_trigger_that_was_taken_away(chain: uuid.UUID, name: str) -> None:
    if connection.vendor == "postgresql":
        name = {"audit_entry_delete": "audit_entry_refuse", "audit_head_update": "audit_head_forward"}[name]
    on = (ENTRIES if "entry" in name else HEADS) if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {on} DISABLE TRIGGER {name}")
        else:
            cursor.execute(f"DROP TRIGGER {name}")
    assert name in run("verify_audit", fails=True)


def test_a_wrong_organisation_or_anchor_is_said(chain: uuid.UUID) -> None:
    for arguments in (
        [f"--organisation={uuid.uuid4()}"],
        ["--anchor", "7"],
        ["--anchor", "7:abc"],
        ["--anchor", "x:7:abc"],
        ["--anchors", "/nowhere"],
        ["--file", "/nowhere"],
    ):
        run("verify_audit", *arguments, fails=True)


@pytest.fixture
def exported(organisation: Organisation, chain: uuid.UUID, tmp_path: Path) -> Path:
    path = tmp_path / "trail.jsonl"
    path.write_text(run("export_audit", f"--organisation={organisation.pk}"))
    return path


def test_an_export_is_recorded_and_verified_alone(exported: Path, chain: uuid.UUID) -> None:
    lines = [json.loads(line) for line in exported.read_text().splitlines()]
    assert [line["number"] for line in lines[1:-1]] == list(range(1, 11))
    assert lines[-1]["end"] == {"rows": 10, "number": 10, "hash": entry(chain, 10).hash}
    last = AuditEntry.objects.filter(root=chain).latest("number")
    assert (last.action, last.actor_kind, last.detail) == ("audit.exported", "command", {"number": 10})
    known = f"{chain}:10:{entry(chain, 10).hash}"
    assert "whole" in run("verify_audit", "--file", str(exported), "--anchor", known)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [
            line.replace('"user.made"', '"user.deleted"') if '"number":4,' in line else line for line in lines
        ],
        lambda lines: lines[:4] + lines[5:],
        lambda lines: lines[:1] + lines[2:],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-3], lines[-1]],
        lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
        lambda lines: [*lines[:3], lines[2], *lines[3:]],
        lambda lines: [*lines, lines[3]],
    ],
    ids=["edited", "one taken out", "the first taken out", "no end", "end cut off", "swapped", "twice", "put behind"],
)
def test_a_changed_file_is_found(exported: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = change(exported.read_text().splitlines(keepends=True))
    assert list(verify_file(lines)) != []


def test_a_file_whose_end_was_written_anew_is_found_by_its_opening_and_by_an_anchor(
    exported: Path, chain: uuid.UUID
) -> None:
    lines = exported.read_text().splitlines(keepends=True)
    cut = lines[:6]
    last = json.loads(cut[-1])
    cut.append(json.dumps({"end": {"rows": 5, "number": 5, "hash": last["hash"]}}))
    assert list(verify_file(cut)) != []
    opening = json.loads(cut[0])
    opening["export"].update(number=5, hash=last["hash"])
    cut[0] = json.dumps(opening)
    assert list(verify_file(cut)) == []
    assert list(verify_file(cut, [Anchor(chain, 8, entry(chain, 8).hash)])) != []


def test_a_part_of_the_trail_can_be_exported_and_verified(organisation: Organisation, chain: uuid.UUID) -> None:
    record("signed-out", root=chain, by=COMMAND, on=("user", ""))
    one = list(export.export_lines(chain, by=COMMAND, action="user.made"))
    assert len(one) == 12
    moment = entry(chain, 11).at
    late = list(export.export_lines(chain, by=COMMAND, since=moment))
    early = list(export.export_lines(chain, by=COMMAND, until=moment))
    nothing = list(export.export_lines(chain, by=COMMAND, since=moment + timedelta(days=1)))
    assert [json.loads(line).get("number") for line in late[1:3]] == [11, 12]
    assert json.loads(early[-1])["end"]["number"] == 10
    assert len(nothing) == 2
    for lines in (one, late, early, nothing):
        assert list(verify_file(lines)) == []
    assert list(verify_file(late[:2] + late[3:])) != []
    assert (
        run("export_audit", f"--organisation={organisation.pk}", "--action=signed-out", "--from=2026-01-01").count("\n")
        == 3
    )
    run("export_audit", f"--organisation={organisation.pk}", "--action=mail.read", fails=True)


def test_something_else_is_no_export(tmp_path: Path) -> None:
    path = tmp_path / "other"
    for text in ("", "[]\n", '{"a": 1}\n', "words\n"):
        path.write_text(text)
        run("verify_audit", "--file", str(path), fails=True)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_leave_a_chain_without_a_gap() -> None:
    root = create_resource(Resource.Kind.ORGANISATION).pk
    start = threading.Barrier(8)
    failed: list[BaseException] = []

    def append() -> None:
        try:
            start.wait()
            for number in range(25):
                with transaction.atomic():
                    record_many(
                        [
                            Event("user.made", root, PRODUCT, ("user", uuid.uuid4())),
                            *([Event("signed-out", None, PRODUCT, ("user", ""))] if number % 5 == 0 else []),
                        ]
                    )
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    numbers = AuditEntry.objects.filter(root=root).order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 201))
    assert AuditHead.objects.get(pk=NO_ORGANISATION).number == 40
    assert list(verify(root)) == list(verify(NO_ORGANISATION)) == []


@pytest.mark.django_db(transaction=True)
def test_every_hundredth_head_is_written_to_the_log_with_nothing_but_its_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = create_resource(Resource.Kind.ORGANISATION).pk
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("permissions.audit.recording.log.info", lambda event, **said: told.append((event, said)))
    with transaction.atomic():
        record_many([Event("user.made", root, PRODUCT, ("user", "")) for _ in range(98)])
        assert told == []
    with transaction.atomic():
        last = record_many([Event("user.made", root, PRODUCT, ("user", "")) for _ in range(3)])[-1]
        assert told == []
    assert told == [("audit.anchor", {"chain": str(root), "number": last.number, "hash": last.hash})]
