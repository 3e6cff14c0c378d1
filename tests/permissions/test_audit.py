"""The audit trail: what is recorded stands with its change, in a chain, and nobody changes it."""

from __future__ import annotations

import contextlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from permissions.audit import actions, shapes
from permissions.audit.chain import BEGINNING, as_said, digest
from permissions.audit.models import NO_ORGANISATION, AuditEntry, AuditHead
from permissions.audit.recording import (
    COMMAND,
    PRODUCT,
    UNKNOWN,
    Doer,
    Event,
    NotInTransaction,
    gathered,
    record,
    record_many,
)
from permissions.models import Resource
from permissions.services import create_resource


@pytest.fixture
def root() -> uuid.UUID:
    return create_resource(Resource.Kind.ORGANISATION).pk


def settle(root: uuid.UUID | None, name: str = "mark_name") -> AuditEntry:
    return record("setting.changed", root=root, by=PRODUCT, on=("setting", name), detail={"level": "organisation"})


@pytest.mark.django_db
def test_entries_of_an_organisation_are_numbered_and_chained(root: uuid.UUID) -> None:
    principal, staff = uuid.uuid4(), uuid.uuid4()
    first = settle(root)
    second = record(
        "grant.given",
        root=root,
        by=Doer("staff", principal, staff),
        on=("authorization", uuid.uuid4()),
        detail={"role": "rep", "principal": principal, "until": datetime(2026, 1, 2, tzinfo=UTC)},
    )
    assert (first.number, first.previous) == (1, BEGINNING)
    assert (second.number, second.previous) == (2, first.hash)
    kept = AuditEntry.objects.get(pk=second.pk)
    assert (kept.actor, kept.actor_kind, kept.on_behalf) == (principal, "staff", staff)
    assert kept.detail == {"role": "rep", "principal": str(principal), "until": "2026-01-02T00:00:00Z"}
    assert digest(as_said(kept)) == kept.hash == second.hash
    head = AuditHead.objects.get(pk=root)
    assert (head.number, head.hash) == (2, second.hash)


@pytest.mark.django_db
def test_each_organisation_and_those_of_none_have_a_chain_of_their_own(root: uuid.UUID) -> None:
    other = create_resource(Resource.Kind.ORGANISATION).pk
    settle(root)
    made = record_many(
        [
            Event("signed-out", None, UNKNOWN, ("user", "")),
            Event("signed-out", other, COMMAND, ("user", uuid.uuid4())),
            Event("signed-out", root, PRODUCT, ("user", uuid.uuid4())),
            Event("signed-out", None, PRODUCT, ("user", uuid.uuid4())),
        ]
    )
    assert [(entry.root_id, entry.number) for entry in made] == [(None, 1), (other, 1), (root, 2), (None, 2)]
    assert AuditHead.objects.get(pk=NO_ORGANISATION).number == 2


@pytest.mark.django_db
def test_a_batch_costs_no_query_for_each_entry(root: uuid.UUID) -> None:
    settle(root)
    with CaptureQueriesContext(
        connection,
    ) as one:
        settle(root)
    with CaptureQueriesContext(connection) as many:
        record_many([Event("signed-out", root, PRODUCT, ("user", uuid.uuid4())) for _ in range(50)])
    assert len(one) == len(many) == 3
    assert AuditHead.objects.get(pk=root).number == 52


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NotInTransaction):
        settle(None)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_what_is_gathered_is_appended_together_at_the_end(root: uuid.UUID) -> None:
    with CaptureQueriesContext(connection) as asked, gathered():
        settle(root, "first")
        with gathered():
            settle(root, "second")
        assert not AuditEntry.objects.exists()
        with contextlib.suppress(LookupError), gathered():
            settle(root, "rolled-back")
            raise LookupError
    assert list(AuditEntry.objects.order_by("number").values_list("object_id", flat=True)) == ["first", "second"]
    heads = [query["sql"] for query in asked if query["sql"].startswith('UPDATE "permissions_audithead"')]
    assert len(heads) == 1
    assert settle(root).number == 3


@pytest.mark.django_db
def test_what_fails_while_it_is_gathered_leaves_nothing_behind(root: uuid.UUID) -> None:
    with contextlib.suppress(LookupError), gathered():
        settle(root)
        raise LookupError
    assert not AuditEntry.objects.exists()
    assert settle(root).number == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_recorded() -> None:
    root = create_resource(Resource.Kind.ORGANISATION).pk
    with transaction.atomic():
        settle(root)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()
    with transaction.atomic():
        assert settle(root).number == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("action", "on", "detail", "error"),
    [
        ("mail.read", ("user", ""), {}, actions.UnknownAction),
        ("signed-out", ("person", ""), {}, actions.UnknownAction),
        ("signed-out", ("user", "dana@northwind.example"), {}, actions.BadDetail),
        ("signed-out", ("user", "Re: Offer"), {}, actions.BadDetail),
        ("signed-out", ("user", "x" * 41), {}, actions.BadDetail),
        ("signed-out", ("user", ""), {"subject": "offer"}, actions.BadDetail),
        ("grant.given", ("authorization", 1), {"role": "Dana Whitfield"}, actions.BadDetail),
        ("grant.given", ("authorization", 1), {"principal": "dana"}, actions.BadDetail),
        ("grant.given", ("authorization", 1), {"until": "tomorrow"}, actions.BadDetail),
        ("setting.changed", ("setting", "mark_name"), {"level": "team"}, actions.BadDetail),
        ("filing.made", ("email", 1), {"automatic": "yes"}, actions.BadDetail),
        ("filing.made", ("email", 1), {"tasks": -1}, actions.BadDetail),
        ("filing.made", ("email", 1), {"tasks": True}, actions.BadDetail),
        ("filing.made", ("email", 1), {"record": "../../etc/passwd"}, actions.BadDetail),
        ("sign-in.refused", ("user", ""), {"client": "192.0.2.1"}, actions.BadDetail),
        ("role.changed", ("role", "rep"), {"added": "email.file"}, actions.BadDetail),
    ],
)
def test_what_is_not_registered_or_has_another_shape_is_refused(
    root: uuid.UUID, action: str, on: tuple[str, str | int], detail: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        record_many([Event("signed-out", root, PRODUCT, ("user", "")), Event(action, root, PRODUCT, on, detail)])
    assert "dana" not in str(refused.value)
    assert not AuditEntry.objects.exists()


def test_every_action_has_one_sentence_and_fits_its_column() -> None:
    for action in actions.actions():
        assert action.tells.endswith(".")
        assert ". " not in action.tells
        assert len(action.name) <= 32
    assert max(map(len, actions.OBJECT_KINDS | actions.ACTOR_KINDS)) <= 16


WORDS = st.one_of(
    st.emails(),
    st.text(min_size=1).filter(lambda text: not text.isascii() or " " in text or text != text.lower()),
    st.binary(min_size=24, max_size=64).map(lambda raw: "eyJ" + raw.hex().upper()),
    st.from_regex(r"[A-Za-z0-9_-]{41,64}", fullmatch=True),
)


@given(words=WORDS, name=st.sampled_from([action.name for action in actions.actions()]))
def test_no_address_no_sentence_and_no_token_fits_any_detail_of_any_action(words: str, name: str) -> None:
    for key, shape in actions.action(name).detail.items():
        if shape is shapes.salesforce_id and words.isalnum() and len(words) in {15, 18}:
            continue  # as long as an id: nothing tells them apart
        for value in (words, [words], {words: words}, words.encode()):
            with pytest.raises(actions.BadDetail):
                actions.checked(name, {key: value})
    with pytest.raises(actions.BadDetail):
        actions.checked(name, {words: 1})


GOOD: dict[Any, Any] = {
    shapes.ident: st.uuids(),
    shapes.code: st.sampled_from(["rep", "email.file", "needs-reconnect"]),
    shapes.codes: st.lists(st.sampled_from(["email.file", "email.undo"]), max_size=3),
    shapes.count: st.integers(0, 2**53 - 1),
    shapes.flag: st.booleans(),
    shapes.moment: st.datetimes(timezones=st.just(UTC)),
    shapes.salesforce_id: st.from_regex(r"[A-Za-z0-9]{18}", fullmatch=True),
    shapes.client: st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
}


@given(data=st.data(), name=st.sampled_from([action.name for action in actions.actions()]))
def test_what_is_kept_reads_the_same_after_a_way_through_json(data: st.DataObject, name: str) -> None:
    detail = {}
    for key, shape in actions.action(name).detail.items():
        if shape in GOOD:
            detail[key] = data.draw(GOOD[shape])
    kept = actions.checked(name, detail)
    assert set(kept) == set(detail)
    assert json.loads(json.dumps(kept)) == kept


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_an_entry_is_neither_changed_nor_deleted(root: uuid.UUID, verb: str) -> None:
    entry = settle(root)
    rows = AuditEntry.objects.filter(pk=entry.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(action="signed-out") if verb == "update" else rows._raw_delete("default")
    assert AuditEntry.objects.get(pk=entry.pk).action == "setting.changed"


@pytest.mark.django_db
def test_a_head_goes_forward_alone_and_only_to_an_entry_that_stands(root: uuid.UUID) -> None:
    other = create_resource(Resource.Kind.ORGANISATION).pk
    first, second, foreign = settle(root), settle(root), settle(other)
    heads = AuditHead.objects.filter(pk=root)
    for change in (
        {"number": 1, "hash": first.hash},
        {"number": F("number") + 1},
        {"hash": first.hash},
        {"hash": foreign.hash},
        {"chain": uuid.uuid4()},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            heads.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        heads._raw_delete("default")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditHead.objects.create(chain=uuid.uuid4(), number=1, hash=second.hash)
    head = heads.get()
    assert (head.number, head.hash) == (2, second.hash)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", [AuditEntry._meta.db_table, AuditHead._meta.db_table])
def test_the_tables_are_not_truncated(root: uuid.UUID, table: str) -> None:
    settle(root)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="only appended to"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
    assert AuditEntry.objects.count() == 1
