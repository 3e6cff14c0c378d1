"""What becomes of one email in Salesforce: the bodies of its record and of what stands beside it.

    Enhanced Email on    EmailMessage ──► relations of To, Cc, Bcc by its id lists, of the sender as a record
                              └─────────► one completed email Task for each further business record
    off                  completed email Task, its identity in CallObject ──► further Tasks likewise

Each thing beside the email has a key that says whether it stands there already: a relation its type and person, a Task
a text in its CallObject, made of the email's identity and the record that it is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sync.crm import EmailFiling, ObjectName, PersonRelation, RelatedRecord
from sync.providers.salesforce import limits

MAX_TASKS = 10
MAX_TASK_PEOPLE = 50
_READ, _SENT = "1", "3"
_LISTS = {"To": ("ToIds", "ToAddress"), "Cc": ("CcIds", "CcAddress"), "Bcc": ("BccIds", "BccAddress")}
_LINKABLE = frozenset({ObjectName.CONTACT, ObjectName.LEAD})


@dataclass(frozen=True, slots=True)
class Child:
    """A record beside an email. `words` name it for people without naming a record; `parent` is the field of the
    email's id, empty where it has none.
    """

    object_name: str
    body: dict[str, Any]
    key: str
    words: str
    parent: str = ""

    def on(self, email_id: str) -> dict[str, Any]:
        return {self.parent: email_id, **self.body} if self.parent else self.body


@dataclass(frozen=True, slots=True)
class EmailRecords:
    object_name: str
    body: dict[str, Any]
    relations: tuple[Child, ...]
    tasks: tuple[Child, ...]

    @property
    def children(self) -> tuple[Child, ...]:
        return (*self.relations, *self.tasks)


def email_records(filing: EmailFiling, *, enhanced: bool, closed_status: str, shared_activities: bool) -> EmailRecords:
    """The bodies for an email. At most ten further business records get a Task.

    https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm
    """
    people = _linked(filing.people)
    # An activity with a lead stands on nothing else.
    has_lead = any(person.object_name == ObjectName.LEAD for person in people)
    records = () if has_lead else tuple({record.id: record for record in filing.business_records}.values())
    task = _task(filing, people, closed_status, shared_activities)
    tasks = tuple(_further(filing, task, record) for record in records[1 : MAX_TASKS + 1])
    if enhanced:
        return EmailRecords("EmailMessage", _email(filing, people, records), tuple(_relations(people)), tasks)
    main = {**task, "CallObject": filing.message_identifier, **_what(records[:1])}
    return EmailRecords("Task", main, (), tasks)


def _further(filing: EmailFiling, task: dict[str, Any], record: RelatedRecord) -> Child:
    # Far shorter than CallObject takes, and no Message-ID: it is never found in place of the email itself.
    key = hashlib.sha256(filing.message_identifier.encode()).hexdigest()[:32] + ":" + record.id
    return Child("Task", {**task, "CallObject": key, **_what([record])}, key, "a Task on " + record.object_name)


def _linked(people: Sequence[PersonRelation]) -> tuple[PersonRelation, ...]:
    """Contacts, or the first lead alone, or nobody is linked; the others stay addresses. Users are linked anyway."""
    contacts = [person for person in people if person.record_id and person.object_name == ObjectName.CONTACT]
    lead = next((person.record_id for person in people if person.object_name == ObjectName.LEAD), "")
    kept = []
    for person in people:
        is_other_lead = person.object_name == ObjectName.LEAD and (contacts or person.record_id != lead)
        plain = PersonRelation(person.role, person.address, person.name)
        kept.append(plain if is_other_lead else person)
    return tuple(kept)


def _email(filing: EmailFiling, people: Sequence[PersonRelation], records: Sequence[RelatedRecord]) -> dict[str, Any]:
    sender = next((person for person in people if person.role == "From"), None)
    fields: dict[str, Any] = {
        "MessageIdentifier": filing.message_identifier,
        "Status": _READ if filing.incoming else _SENT,
        "Incoming": filing.incoming,
        "MessageDate": filing.sent_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "Subject": limits.line_within(filing.subject, limits.EMAIL_SUBJECT),
        "TextBody": limits.text_within(filing.text, limits.BODY),
        "HtmlBody": limits.html_within(filing.html, limits.BODY),
        "Headers": limits.lines_within(filing.headers, limits.HEADERS),
        "FromAddress": sender.address if sender else "",
        "FromName": limits.line_within(sender.name, limits.NAME) if sender else "",
    }
    # A part of an identifier identifies something else.
    if len(filing.thread_identifier) <= limits.IDENTIFIER:
        fields["ThreadIdentifier"] = filing.thread_identifier
    for role, (ids, addresses) in _LISTS.items():
        there = [person for person in people if person.role == role]
        fields[ids] = list(dict.fromkeys(person.record_id for person in there if person.record_id))
        fields[addresses] = limits.addresses_within(person.address for person in there if not person.record_id)
    if records:
        is_case = records[0].object_name == ObjectName.CASE
        fields["ParentId" if is_case else "RelatedToId"] = records[0].id
    return {name: value for name, value in fields.items() if value not in ("", [])}


def _relations(people: Iterable[PersonRelation]) -> Iterable[Child]:
    """The sender's relation, and those of people who are neither sender nor recipient (Reply-To)."""
    seen: set[tuple[str, str]] = set()
    for person in people:
        kind = "FromAddress" if person.role == "From" else "OtherAddress"
        if not person.record_id or person.role in _LISTS or (kind, person.record_id) in seen:
            continue
        seen.add((kind, person.record_id))
        body = {"RelationId": person.record_id, "RelationType": kind, "RelationAddress": person.address}
        whom = "the sender" if person.role == "From" else "somebody to reply to"
        words = whom + " as " + person.object_name
        yield Child("EmailMessageRelation", body, kind + ":" + person.record_id[:15], words, "EmailMessageId")


def _task(
    filing: EmailFiling, people: Sequence[PersonRelation], closed_status: str, shared_activities: bool
) -> dict[str, Any]:
    who = list(dict.fromkeys(p.record_id for p in people if p.record_id and p.object_name in _LINKABLE))
    fields: dict[str, Any] = {
        "Subject": limits.line_within(filing.subject, limits.TASK_SUBJECT) or "Email",
        "Status": closed_status,
        "TaskSubtype": "Email",
        "ActivityDate": filing.sent_at.date().isoformat(),
        "Description": limits.text_within(_description(filing, people), limits.TASK_DESCRIPTION),
    }
    if who:
        fields["WhoId"] = who[0]
    if len(who) > 1 and shared_activities:
        fields["TaskWhoIds"] = who[:MAX_TASK_PEOPLE]
    return fields


def _description(filing: EmailFiling, people: Sequence[PersonRelation]) -> str:
    """The body below its addresses: a Task has no fields for them."""
    lines = []
    for role in ("From", "To", "Cc", "Bcc"):
        shown = [_shown(person) for person in people if person.role == role]
        if shown:
            lines.append(role + ": " + ", ".join(shown))
    return "\n".join([*lines, "", filing.text])


def _shown(person: PersonRelation) -> str:
    return person.name + " <" + person.address + ">" if person.name else person.address


def _what(records: Sequence[RelatedRecord]) -> dict[str, str]:
    return {"WhatId": records[0].id} if records else {}
