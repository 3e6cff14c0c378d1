"""What the pane says of an email: one sentence, the rule it comes from, and what can be done next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from django.utils.translation import gettext, ngettext

from accounts.actor import Actor
from sync.capture.follows import followed
from sync.crm import CrmContext, RelatedRecord
from sync.models import Activity, Intent, Link
from sync.providers.salesforce.urls import record_url
from sync.said import in_the_readers_language
from sync.services.clients import Crm


class StatusKind(StrEnum):
    FILED = "filed"
    FILED_BY_COLLEAGUE = "filed_by_colleague"
    FILING = "filing"
    WILL_FILE = "will_file"
    WILL_NOT = "will_not"
    CANNOT = "cannot"
    NOT_FILED = "not_filed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class FileState:
    name: str
    state: Literal["waiting", "stored", "left out", "failed"]
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class EmailStatus:
    """`filing_id` names our activity (empty when there is none); `needs_confirmation` is a question to put first.

    `due_at` is when an email is filed that waits to be filed by itself; `can_stop` says that a person may stop it.
    `replaceable` is the record that another filing may take the place of: the person's own.
    `following_until`: its conversation is followed until then; `can_follow`: it may be followed from here.
    """

    kind: StatusKind
    sentence: str
    rule: str = ""
    filing_id: str = ""
    records: tuple[RelatedRecord, ...] = ()
    url: str = ""
    files: tuple[FileState, ...] = field(default=())
    can_undo: bool = False
    replaceable: str = ""
    can_stop: bool = False
    due_at: datetime | None = None
    can_follow: bool = False
    following_until: datetime | None = None
    needs_confirmation: str = ""


def filed_status(actor: Actor, crm: Crm, activity: Activity, link: Link, context: CrmContext | None) -> EmailStatus:
    """The status of an activity that has a record. Names only what the actor's Salesforce user may see."""
    seen = context.filed if context else None
    may_see = link.filed_by_id == actor.user.id or seen is not None
    if not may_see:
        return EmailStatus(
            StatusKind.FILED_BY_COLLEAGUE,
            gettext("Filed by a colleague."),
            rule="duplicate",
            filing_id=str(activity.id),
        )
    names = names_of(context) | {record.id: record.name for record in (seen.related if seen else ()) if record.name}
    # What was chosen, as far as this person is shown it; a record found there says itself what it stands on.
    chosen = tuple(
        RelatedRecord(id=record_id, object_name=object_name, name=names.get(record_id, ""))
        for object_name, record_id in link.related
        if link.filed_by_id == actor.user.id or record_id in names
    )
    standing = followed(actor, activity)
    records = chosen or (seen.related if seen else ())
    return EmailStatus(
        StatusKind.FILED,
        filed_sentence(records),
        rule="button" if not link.found else "duplicate",
        filing_id=str(activity.id),
        records=records,
        url=record_url(crm.instance_url, link.record_id),
        files=file_states(activity),
        # What another tool filed is not ours to take back.
        can_undo=not link.found,
        replaceable=link.record_id if not link.found and link.filed_by_id == actor.user.id else "",
        can_follow=standing is None,
        following_until=standing.until if standing else None,
    )


def filed_sentence(records: tuple[RelatedRecord, ...]) -> str:
    count = len(records)
    if not count:
        return gettext("Filed.")
    return ngettext("Filed to %(count)d record.", "Filed to %(count)d records.", count) % {"count": count}


def names_of(context: CrmContext | None) -> dict[str, str]:
    """Names of all records of a context, by id."""
    if context is None:
        return {}
    return {
        **{person.id: person.name for person in context.people},
        **{account.id: account.name for account in context.accounts},
        **{opportunity.id: opportunity.name for opportunity in context.opportunities},
        **{record.id: record.name for record in context.suggested_accounts},
        **{record.id: record.name for record in context.custom},
        **{case.id: f"{case.number} {case.subject}".strip() for case in context.cases},
    }


def file_states(activity: Activity) -> tuple[FileState, ...]:
    """One for each chosen attachment of a filing, in the order chosen."""
    states: list[FileState] = []
    intents = Intent.objects.filter(activity=activity, kind=Intent.Kind.FILE).exclude(state=Intent.State.UNDONE)
    for intent in intents.order_by("key"):
        name = intent.choice.get("name", "")
        if intent.state == Intent.State.DONE:
            states.append(FileState(name, "stored", in_the_readers_language(intent.words)))
        elif intent.state == Intent.State.PARKED:
            left_out = intent.reason == "file-left-out"
            states.append(FileState(name, "left out" if left_out else "failed", in_the_readers_language(intent.words)))
        else:
            states.append(FileState(name, "waiting"))
    return tuple(states)
