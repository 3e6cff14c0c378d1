"""One email in Salesforce: whether it stands there, writing it, taking it back. One call each.

The write is one composite call, all or nothing, so an answer says what happened. Without one it is `Ambiguous`, and
`find_email` tells.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop

from sync import errors
from sync.crm import EmailFiling, FiledEmail, FiledRecords
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import MAX_SUBREQUESTS, SalesforceClient, Subrequest, Subresponse
from sync.providers.salesforce.context import exactly
from sync.providers.salesforce.email_records import MAX_TASKS, email_records
from sync.providers.salesforce.errors import GONE_CODES, error_for, problems
from sync.providers.salesforce.wire import EmailRecord, TaskRecord, read


def find_email(client: SalesforceClient, message_identifier: str, *, enhanced: bool) -> FiledEmail | None:
    """The email with exactly this identifier, as far as this user may see it; the oldest of several. One call."""
    if not message_identifier:
        return None
    if enhanced:
        return exactly(read(EmailRecord, client.query(soql.email_messages(message_identifier))), message_identifier)
    tasks = read(TaskRecord, client.query(soql.email_tasks(message_identifier)))
    return next((task.filed() for task in tasks if task.identity == message_identifier), None)


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
    records = email_records(filing, enhanced=enhanced, closed_status=closed_status, shared_activities=shared_activities)
    parts = [Subrequest("email", "POST", client.sobject_url(records.object_name), records.body)]
    relations = [
        Subrequest(
            "relation" + str(number),
            "POST",
            client.sobject_url(child.object_name),
            child.on("@{email.id}"),
        )
        for number, child in enumerate(records.relations, 1)
    ]
    parts += relations[: MAX_SUBREQUESTS - MAX_TASKS - 1]
    parts += [
        Subrequest("task" + str(number), "POST", client.sobject_url(child.object_name), child.body)
        for number, child in enumerate(records.tasks)
    ]
    answers = client.composite(parts, all_or_none=True, writes=True)
    ids = _created(parts, answers)
    return FiledRecords(
        email_id=ids["email"],
        object_name=records.object_name,
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


def _created(parts: Sequence[Subrequest], answers: dict[str, Subresponse]) -> dict[str, str]:
    """The new ids by reference. All of the call was undone when one part failed: the first real reason is raised."""
    failed = [answers[part.reference] for part in parts if part.reference in answers and not answers[part.reference].ok]
    if failed:
        told = next((answer for answer in failed if not _halted(answer)), failed[0])
        raise error_for(told.status, told.body)
    try:
        return {part.reference: str(answers[part.reference].body["id"]) for part in parts}
    except (KeyError, TypeError):
        raise errors.Ambiguous(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE") from None


def _halted(answer: Subresponse) -> bool:
    return all(problem.code == "PROCESSING_HALTED" for problem in problems(answer.body))
