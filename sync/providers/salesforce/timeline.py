"""The activities of one record, past and to come: one composite call with a query for each kind.

    Task (with calls and email tasks)     Event (not the attendees' copies)     EmailMessage

A person's are those that name them (with Shared Activities also those where they are one of several), an account's
those that Salesforce counts for it (`AccountId`), any other record's those about it (`WhatId`). An EmailMessage brings
a Task that Salesforce made for it: the email stands for both.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from pydantic import Field
from simple_salesforce.format import format_soql

from sync import errors
from sync.crm_beside import ActivityEntry, ActivityKind, Timeline
from sync.providers.salesforce.client import SalesforceClient, Subrequest
from sync.providers.salesforce.errors import error_for
from sync.providers.salesforce.queries import FATAL
from sync.providers.salesforce.wire import Flag, R, Record, Text, read

MOST = 200
PARTS = TASKS, EVENTS, EMAILS = "tasks", "events", "emails"
_WORDS = 240
PERSON_PREFIXES = ("003", "00Q")
_ACCOUNT, _CASE = "001", "500"


class _Named(Record):
    name: Text = Field("", alias="Name")


class _Activity(Record):
    id: Text = Field("", alias="Id")
    subject: Text = Field("", alias="Subject")
    day: date | None = Field(None, alias="ActivityDate")
    who: _Named | None = Field(None, alias="Who")
    what: _Named | None = Field(None, alias="What")
    owner: _Named | None = Field(None, alias="Owner")
    created_at: datetime | None = Field(None, alias="CreatedDate")
    words: Text = Field("", alias="Description")


class _Task(_Activity):
    status: Text = Field("", alias="Status")
    is_closed: Flag = Field(False, alias="IsClosed")
    subtype: Text = Field("", alias="TaskSubtype")
    done_at: datetime | None = Field(None, alias="CompletedDateTime")

    def entry(self, today: date) -> ActivityEntry:
        kinds = {"Call": ActivityKind.CALL, "Email": ActivityKind.EMAIL}
        at = None if self.day else (self.done_at or self.created_at) if self.is_closed else None
        entry = ActivityEntry(
            id=self.id,
            kind=kinds.get(self.subtype, ActivityKind.TASK),
            subject=self.subject,
            at=at,
            day=self.day,
            is_planned=not self.is_closed,
            is_overdue=not self.is_closed and self.day is not None and self.day < today,
            status=self.status,
        )
        return _beside(entry, self)


class _Event(_Activity):
    start: datetime | None = Field(None, alias="StartDateTime")
    end: datetime | None = Field(None, alias="EndDateTime")
    all_day: Flag = Field(False, alias="IsAllDayEvent")
    location: Text = Field("", alias="Location")

    def entry(self, now: datetime, today: date) -> ActivityEntry:
        if self.all_day:
            planned = self.day is not None and self.day >= today
        else:
            until = self.end or self.start
            planned = until is not None and until >= now
        entry = ActivityEntry(
            id=self.id,
            kind=ActivityKind.EVENT,
            subject=self.subject,
            at=None if self.all_day else self.start,
            day=self.day if self.all_day or self.start is None else None,
            is_planned=planned,
            status=self.location,
        )
        return _beside(entry, self)


class _Email(Record):
    id: Text = Field("", alias="Id")
    subject: Text = Field("", alias="Subject")
    at: datetime | None = Field(None, alias="MessageDate")
    incoming: Flag = Field(False, alias="Incoming")
    from_name: Text = Field("", alias="FromName")
    from_address: Text = Field("", alias="FromAddress")
    activity_id: Text = Field("", alias="ActivityId")
    related: _Named | None = Field(None, alias="RelatedTo")

    def entry(self) -> ActivityEntry:
        return ActivityEntry(
            id=self.id,
            kind=ActivityKind.EMAIL,
            subject=self.subject,
            at=self.at,
            incoming=self.incoming,
            who=self.from_name or self.from_address,
            what=self.related.name if self.related else "",
        )


def read_timeline(
    client: SalesforceClient,
    record_id: str,
    *,
    enhanced_email: bool,
    shared_activities: bool,
    today: date,
    most: int = MOST,
) -> Timeline:
    """At most `most` activities of each kind, in one call; `today` is the person's own day.

    Raises what `SalesforceClient` raises where the call failed as a whole, or every part of it.
    https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm
    """
    queries = _queries(record_id, enhanced_email, shared_activities, most)
    parts = [Subrequest(name, "GET", client.query_url(query)) for name, query in queries.items()]
    answers = client.composite(parts, all_or_none=False, writes=False)
    found: dict[str, list[dict[str, Any]]] = {}
    failures: dict[str, errors.ProviderError] = {}
    for name in queries:
        answer = answers.get(name)
        if answer is None or not answer.ok:
            failures[name] = error_for(answer.status, answer.body) if answer else errors.Unavailable()
        else:
            found[name] = answer.body.get("records", []) if isinstance(answer.body, dict) else []
    fatal = next((error for error in failures.values() if isinstance(error, FATAL)), None)
    if fatal or not found:
        raise fatal or next(iter(failures.values()))
    now = datetime.now(UTC)
    tasks = _rows(_Task, found, TASKS, failures)
    events = _rows(_Event, found, EVENTS, failures)
    emails = _rows(_Email, found, EMAILS, failures)
    told = {email.activity_id for email in emails if email.activity_id}
    entries = [
        *(task.entry(today) for task in tasks if task.id not in told),
        *(event.entry(now, today) for event in events),
        *(email.entry() for email in emails),
    ]
    return Timeline(
        planned=tuple(sorted((one for one in entries if one.is_planned), key=_soonest)),
        past=tuple(sorted((one for one in entries if not one.is_planned), key=_latest)),
        failed=tuple(name for name in PARTS if name in failures),
        more=any(len(rows) >= most for rows in found.values()),
        read_at=now,
    )


def _queries(record_id: str, enhanced_email: bool, shared_activities: bool, most: int) -> dict[str, str]:
    about, mail = "WhatId = {id}", "RelatedToId = {id}"
    if record_id.startswith(PERSON_PREFIXES):
        about, mail = "WhoId = {id}", _MAIL_OF_PERSON
    elif record_id.startswith(_ACCOUNT):
        about = "(AccountId = {id} OR WhatId = {id})"
    elif record_id.startswith(_CASE):
        mail = "ParentId = {id}"
    shared = shared_activities and record_id.startswith(PERSON_PREFIXES)

    def asked(query: str, where: str) -> str:
        return format_soql(query, where=format_soql(where, id=record_id), most=str(most))

    queries = {TASKS: asked(_TASKS, _TASKS_OF_PERSON if shared else about), EVENTS: asked(_EVENTS, about)}
    if enhanced_email:
        queries[EMAILS] = asked(_EMAILS, mail)
    return queries


_TASKS_OF_PERSON = "Id IN (SELECT TaskId FROM TaskWhoRelation WHERE RelationId = {id})"
_MAIL_OF_PERSON = "Id IN (SELECT EmailMessageId FROM EmailMessageRelation WHERE RelationId = {id})"
_TASKS = (
    "SELECT Id,Subject,ActivityDate,Status,IsClosed,TaskSubtype,CompletedDateTime,CreatedDate,Description,"
    "Who.Name,What.Name,Owner.Name FROM Task WHERE {where:literal}"
    " ORDER BY IsClosed,ActivityDate DESC NULLS LAST,CreatedDate DESC LIMIT {most:literal}"
)
_EVENTS = (
    "SELECT Id,Subject,ActivityDate,StartDateTime,EndDateTime,IsAllDayEvent,Location,CreatedDate,Description,"
    "Who.Name,What.Name,Owner.Name FROM Event WHERE {where:literal} AND IsChild = false"
    " ORDER BY StartDateTime DESC NULLS LAST,ActivityDate DESC LIMIT {most:literal}"
)
_EMAILS = (
    "SELECT Id,Subject,MessageDate,Incoming,FromName,FromAddress,ActivityId,RelatedTo.Name FROM EmailMessage"
    " WHERE {where:literal} ORDER BY MessageDate DESC LIMIT {most:literal}"
)


def _rows(
    model: type[R], found: dict[str, list[dict[str, Any]]], part: str, failures: dict[str, errors.ProviderError]
) -> list[R]:
    if part not in found:
        return []
    try:
        return read(model, found[part])
    except errors.Unavailable as error:
        failures[part] = error
        return []


def _beside(entry: ActivityEntry, record: _Activity) -> ActivityEntry:
    return replace(
        entry,
        who=record.who.name if record.who else "",
        what=record.what.name if record.what else "",
        owner=record.owner.name if record.owner else "",
        words=record.words[:_WORDS],
    )


def _moment(entry: ActivityEntry) -> float:
    if entry.at is not None:
        return entry.at.timestamp()
    if entry.day is not None:
        return datetime(entry.day.year, entry.day.month, entry.day.day, 12, tzinfo=UTC).timestamp()
    return 0.0


def _soonest(entry: ActivityEntry) -> tuple[bool, float, str]:
    """What has no date yet comes after what has one."""
    return entry.at is None and entry.day is None, _moment(entry), entry.id


def _latest(entry: ActivityEntry) -> tuple[float, str]:
    return -_moment(entry), entry.id
