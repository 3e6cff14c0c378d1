"""The end of a filing: what stands in Salesforce for an email, and the files that are to follow.

    emails that stand ──► ONE transaction: their links, intents done, intents of files ──► whose lease was lost: nothing

A press records one email, a batch all of its emails together.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.trail import doer
from permissions.audit.recording import Event, gathered, record_many
from sync.capture.follows import NothingToFollow, follow
from sync.crm import FiledEmail, FiledRecords
from sync.models import Activity, Decision, Intent, Item, Link
from sync.services import leases
from sync.services.leases import Lease
from sync.services.versions import conversation_changed
from sync.services.wake import wake


@dataclass(frozen=True, slots=True)
class Standing:
    """An email whose record stands. `existing`: it was found there.

    `unseen`: the integration user found the record, and this person may not see it: it is nobody's.
    """

    intent: Intent
    lease: Lease
    records: FiledRecords
    existing: FiledEmail | None = None
    unseen: bool = False


@gathered()
def record_links(actor: Actor, emails: Sequence[Standing]) -> list[Standing]:
    """Links, the end of the intents and their file intents; gives those whose lease still counted, the others stay."""
    held = leases.held_all([one.lease for one in emails])
    mine = [one for one in emails if one.lease.intent_id in held]
    _link_emails(actor, mine)
    for one in mine:
        _link_tasks(actor, one)
        for number, entry in enumerate([] if one.unseen else one.intent.choice.get("files", [])):
            _plan_file(actor, one.intent, number, entry)
    leases.finish_all([one.lease for one in mine], Intent.State.DONE)
    conversation_changed(*(one.intent.activity for one in mine))
    for one in mine:
        if one.intent.choice.get("follow") and not one.unseen:
            with contextlib.suppress(NothingToFollow):
                follow(actor, one.intent.activity)
    record_many(_event(actor, one) for one in mine)
    return mine


def _event(actor: Actor, one: Standing) -> Event:
    """What the audit trail is told of a filing: ids and counts alone."""
    detail = {
        "automatic": one.intent.automatic,
        "found": one.records.found,
        "record": one.records.email_id,
        "tasks": len(one.records.task_ids),
    }
    root = actor.organisation.resource_id
    return Event("filing.made", root, doer(actor), ("email", one.intent.activity_id), detail)


def settle_waiting(*activities: Activity) -> None:
    """Mailboxes in which these emails wait to be filed by themselves: they are filed."""
    waiting = Decision.objects.filter(item__sighting__activity__in=activities, outcome=Decision.Outcome.WAITING)
    items = list(waiting.values_list("item_id", flat=True))
    if not items:
        return
    Decision.objects.filter(item__in=items, outcome=Decision.Outcome.WAITING).update(
        outcome=Decision.Outcome.CAPTURED, rule="duplicate", decided_at=timezone.now()
    )
    Item.forget_envelope(items)


def _base(actor: Actor, one: Standing) -> dict[str, Any]:
    author = None if one.unseen else actor.user
    return {"organisation": actor.organisation, "filed_by": author, "found": one.records.found}


def _link_emails(actor: Actor, emails: Sequence[Standing]) -> None:
    """The link of each email. Its intent is locked, so that nobody else makes one meanwhile."""
    activities = [one.intent.activity_id for one in emails]
    there = {link.activity_id: link for link in Link.objects.filter(activity__in=activities, part=Link.Part.EMAIL)}
    fresh: list[Link] = []
    for one in emails:
        values = {
            **_base(actor, one),
            "object_name": one.records.object_name,
            "record_id": one.records.email_id,
            "related": _related(one),
        }
        link = there.get(one.intent.activity_id)
        if link is None:
            fresh.append(Link(activity=one.intent.activity, part=Link.Part.EMAIL, **values))
            continue
        for name, value in values.items():
            setattr(link, name, value)
        link.save(update_fields=list(values))
    Link.objects.bulk_create(fresh)


def _related(one: Standing) -> list[Any]:
    if one.unseen:
        return []
    related = [[record.object_name, record.id] for record in one.existing.related] if one.existing else []
    return related or one.intent.choice.get("records", []) or _people_of(one.intent)


def _people_of(intent: Intent) -> list[list[str]]:
    return [[entry["object_name"], entry["id"]] for entry in intent.choice.get("people", [])]


def _link_tasks(actor: Actor, one: Standing) -> None:
    for task_id in one.records.task_ids:
        Link.objects.update_or_create(
            activity=one.intent.activity,
            record_id=task_id,
            defaults={**_base(actor, one), "part": Link.Part.TASK, "object_name": "Task"},
        )


def _plan_file(actor: Actor, intent: Intent, number: int, entry: dict[str, str]) -> None:
    left_out = bool(entry["reason"])
    planned, _ = Intent.objects.update_or_create(
        activity=intent.activity,
        key=f"file:{number:03}:{hashlib.sha256(entry['key'].encode()).hexdigest()[:32]}",
        defaults={
            "organisation": actor.organisation,
            "user": actor.user,
            "kind": Intent.Kind.FILE,
            "choice": {**entry, "automatic": intent.automatic},
            "state": Intent.State.PARKED if left_out else Intent.State.WAITING,
            "reason": "file-left-out" if left_out else "",
            "words": entry["words"] if left_out else "",
            "due_at": timezone.now(),
            "attempts": 0,
            "finished_at": None,
        },
    )
    if not left_out:
        wake(planned)
