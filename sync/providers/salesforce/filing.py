"""One email in Salesforce: whether it stands there, writing it, taking it back. One call each.

    Enhanced Email on    EmailMessage ──► relations of To, Cc, Bcc by its id lists, of the sender as a record
                              └─────────► one completed email Task for each further business record
    off                  completed email Task, its identity in CallObject ──► further Tasks likewise

The write is one composite call, all or nothing, so an answer says what happened. Without one it is `Ambiguous`, and
`find_email` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

from sync import errors
from sync.crm import EmailFiling, FiledEmail, FiledRecords, ObjectName, PersonRelation, RelatedRecord
from sync.providers.salesforce import limits, soql
from sync.providers.salesforce.client import MAX_SUBREQUESTS, SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.context import exactly
from sync.providers.salesforce.errors import GONE_CODES, error_for, problems
from sync.providers.salesforce.wire import EmailRecord, TaskRecord, read

MAX_TASKS = 10
MAX_TASK_PEOPLE = 50
_READ, _SENT = "1", "3"
_LISTS = {"To": ("ToIds", "ToAddress"), "Cc": ("CcIds", "CcAddress"), "Bcc": ("BccIds", "BccAddress")}
_LINKABLE = frozenset({ObjectName.CONTACT, ObjectName.LEAD})


def find_email(client: SalesforceClient, message_identifier: str, *, enhanced: bool) -> FiledEmail | None:
    """The email with exactly this identifier, as far as this user may see it; the oldest of several. One call."""
    if not message_identifier:
        return None
    if enhanced:
        return exactly(read(EmailRecord, client.query(soql.email_messages(message_identifier))), message_identifier)
    tasks = read(TaskRecord, client.query(soql.email_tasks(message_identifier)))
    task = next((task for task in tasks if task.identity == message_identifier), None)
    if task is None:
        return None
    related = RelatedRecord(task.what_id, task.what.type, task.what.name) if task.what_id and task.what else None
    return FiledEmail(task.id, task.identity, (related,) if related else (), (task.who_id,) if task.who_id else ())


def write_email(
    client: SalesforceClient,
    filing: EmailFiling,
    *,
    enhanced: bool,
    closed_status: str,
    shared_activities: bool = True,
) -> FiledRecords:
    """Writes the email and its further Tasks in one call, all of them or none.

    `closed_status` is the org's closed Task status. `shared_activities` says whether a Task takes several people.
    Raises `Ambiguous` when there is no answer to tell whether it was written; any other error means that it was not.
    https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm
    """
    people = _people(filing.people)
    # An activity with a lead stands on nothing else.
    has_lead = any(person.object_name == ObjectName.LEAD for person in people)
    records = () if has_lead else filing.business_records
    task = _task(filing, people, closed_status, shared_activities)
    url = client.sobject_url("Task")
    if enhanced:
        parts = [Subrequest("email", "POST", client.sobject_url("EmailMessage"), _email(filing, people, records))]
        parts += _relations(client, people)
    else:
        main = {**task, "CallObject": filing.message_identifier, **_what(records[:1])}
        parts = [Subrequest("email", "POST", url, main)]
    parts += [
        Subrequest(_reference(number), "POST", url, {**task, **_what([record])})
        for number, record in enumerate(records[1 : MAX_TASKS + 1])
    ]
    answers = client.composite(parts[:MAX_SUBREQUESTS], all_or_none=True, writes=True)
    ids = _created(parts, answers)
    return FiledRecords(
        email_id=ids["email"],
        object_name="EmailMessage" if enhanced else "Task",
        task_ids=tuple(ids[reference] for reference in ids if reference.startswith("task")),
    )


def remove_email(client: SalesforceClient, records: FiledRecords) -> None:
    """Deletes the email and its further Tasks in one call. What is gone already is fine.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_delete.htm
    """
    ids = [record_id for record_id in (records.email_id, *records.task_ids) if record_id]
    if not ids:
        return
    try:
        answers = client.delete("composite/sobjects", {"ids": ",".join(ids), "allOrNone": "false"})
    except errors.Gone:
        return
    for answer in answers if isinstance(answers, list) else ():
        if answer.get("success"):
            continue
        if any(problem.code in GONE_CODES for problem in problems(answer)):
            continue
        raise error_for(400, answer)


def _people(people: Sequence[PersonRelation]) -> tuple[PersonRelation, ...]:
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


def _relations(client: SalesforceClient, people: Iterable[PersonRelation]) -> Iterable[Subrequest]:
    """The sender's relation, and those of people who are neither sender nor recipient (Reply-To)."""
    seen: set[tuple[str, str]] = set()
    url = client.sobject_url("EmailMessageRelation")
    for person in people:
        kind = "FromAddress" if person.role == "From" else "OtherAddress"
        if not person.record_id or person.role in _LISTS or (kind, person.record_id) in seen:
            continue
        if len(seen) == MAX_SUBREQUESTS - MAX_TASKS - 1:
            return
        seen.add((kind, person.record_id))
        body = {
            "EmailMessageId": "@{email.id}",
            "RelationId": person.record_id,
            "RelationType": kind,
            "RelationAddress": person.address,
        }
        yield Subrequest("relation" + str(len(seen)), "POST", url, body)


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


def _reference(number: int) -> str:
    return "task" + str(number)


def _created(parts: Sequence[Subrequest], answers: dict[str, Subresponse]) -> dict[str, str]:
    """The new ids by reference. All of the call was undone when one part failed: the first real reason is raised."""
    failed = [answers[part.reference] for part in parts if part.reference in answers and not answers[part.reference].ok]
    if failed:
        told = next((answer for answer in failed if not _halted(answer)), failed[0])
        raise error_for(told.status, told.body)
    try:
        return {part.reference: str(answers[part.reference].body["id"]) for part in parts}
    except (KeyError, TypeError):
        raise errors.Ambiguous("Salesforce's answer could not be read.", code="UNREADABLE") from None


def _halted(answer: Subresponse) -> bool:
    return all(problem.code == "PROCESSING_HALTED" for problem in problems(answer.body))
