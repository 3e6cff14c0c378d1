"""What a person writes down on a record from its card: a note, a call, a task, a follow-up. Each is one Task.

    press ─► ① its row, by the form's key          (pressed before: done ─► the same answer; under way ─► its answer)
          ─► ② not the first try? look in Salesforce for the key ─► found: ④
          ─► ③ write, as the person ─► no answer: look for the key, else `unknown`; refused: `refused`, with its field
          ─► ④ done; the trail is told; what is kept of records is forgotten, and cards show it

The row holds ids and states, no word of what was written: whoever presses again sends it again.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from accounts.trail import record_own
from sync.errors import Ambiguous, ProviderError
from sync.models import RecordWrite
from sync.providers.salesforce.tasks import TaskToWrite, find_task, write_task
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.reading.records import forget, record_id_of
from sync.services.reading.touched import touch
from sync.services.versions import user_changed

LEASE = timedelta(seconds=45)
WAIT_SECONDS = 8.0
_POLL_SECONDS = 0.1


class WrittenKind(StrEnum):
    NOTE = "note"
    CALL = "call"
    TASK = "task"
    FOLLOW_UP = "follow-up"


#: What is done once it is written: the record's last activity.
DONE = frozenset({WrittenKind.NOTE, WrittenKind.CALL})


@dataclass(frozen=True, slots=True)
class ToWrite:
    """What the form holds. `key` is the form's own, the same however often it is pressed."""

    kind: WrittenKind
    key: UUID
    subject: str
    text: str = ""
    due: date | None = None
    priority: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The Task that stands in Salesforce. `again`: it was there already when this was asked."""

    id: str
    kind: WrittenKind
    again: bool
    instance_url: str


def write_down(actor: Actor, record_id: str, wanted: ToWrite) -> Written:
    """Writes it down once. Raises sync.errors.* (`Refused` names its field), NotConnected, policy.Denied."""
    require_own(actor, "activity.write")
    record_id = record_id_of(record_id)
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    key = _key(crm, record_id, wanted)
    row, first = RecordWrite.objects.get_or_create(
        user=actor.user,
        key=key,
        defaults={
            "organisation": actor.organisation,
            "salesforce_org": crm.org,
            "kind": RecordWrite.Kind.ACTIVITY,
            "object_name": "Task",
            "begun_at": timezone.now(),
        },
    )
    if not first and not _claimed(row):
        return Written(_awaited(row), wanted.kind, True, crm.instance_url)
    try:
        found = "" if first else find_task(crm.client, key)
        task_id = found or _sent(crm, _task(crm, record_id, key, wanted))
    except Ambiguous:
        _settle(row, RecordWrite.State.UNKNOWN)
        raise
    except ProviderError:
        _settle(row, RecordWrite.State.REFUSED)
        raise
    with transaction.atomic():
        if _settle(row, RecordWrite.State.DONE, task_id):
            detail = {"kind": wanted.kind.value, "record": record_id, "found": bool(found)}
            record_own(actor, "activity.written", ("record", task_id), **detail)
    forget(crm)
    if wanted.kind in DONE:
        touch(crm, record_id, timezone.localdate())
        user_changed(actor.organisation.pk, actor.user.pk)
    return Written(task_id, wanted.kind, bool(found), crm.instance_url)


def _claimed(row: RecordWrite) -> bool:
    """Whether this press does the work: what was refused or went unanswered, or whose process died."""
    mine = RecordWrite.objects.filter(pk=row.pk, state=row.state, begun_at=row.begun_at)
    over = row.state in {RecordWrite.State.REFUSED, RecordWrite.State.UNKNOWN}
    late = row.state == RecordWrite.State.SENDING and row.begun_at <= timezone.now() - LEASE
    if not (over or late):
        return False
    now = timezone.now()
    if not mine.update(state=RecordWrite.State.SENDING, begun_at=now):
        return False
    row.begun_at = now
    return True


def _awaited(row: RecordWrite) -> str:
    """The id that another press is about to get. Raises Ambiguous where it did not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while row.state == RecordWrite.State.SENDING and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        row.refresh_from_db()
    if row.state != RecordWrite.State.DONE:
        raise Ambiguous(code="UNDER_WAY")
    return row.record_id


def _sent(crm: Crm, task: TaskToWrite) -> str:
    try:
        return write_task(crm.client, task)
    except Ambiguous:
        found = find_task(crm.client, task.key)
        if not found:
            # It may still be on its way: the next press looks again before it writes.
            raise
        return found


def _settle(row: RecordWrite, state: RecordWrite.State, record_id: str = "") -> bool:
    """False where another press has taken over meanwhile."""
    mine = RecordWrite.objects.filter(pk=row.pk, begun_at=row.begun_at, state=RecordWrite.State.SENDING)
    return bool(mine.update(state=state, record_id=record_id))


def _task(crm: Crm, record_id: str, key: str, wanted: ToWrite) -> TaskToWrite:
    done = wanted.kind in DONE
    return TaskToWrite(
        key=key,
        record_id=record_id,
        subject=wanted.subject,
        text=wanted.text,
        subtype="Call" if wanted.kind is WrittenKind.CALL else "Task",
        done_status=crm.shape.closed_task_status if done else "",
        due=timezone.localdate() if done else wanted.due,
        priority="" if done else wanted.priority,
        direction=wanted.direction if wanted.kind is WrittenKind.CALL else "",
    )


def _key(crm: Crm, record_id: str, wanted: ToWrite) -> str:
    parts = (crm.org.org_id, crm.user_id, record_id[:15], wanted.kind.value, str(wanted.key))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
