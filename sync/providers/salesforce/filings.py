"""Many emails in Salesforce for one of its users: finding, writing, completing them.

    write_emails     EmailMessages (or main Tasks), each by itself ──► their children, each by itself
                          │ refused: its own error                          │ no access: dropped, and told
                          └ no answer: Ambiguous, look up                   └ else: `children_error`, complete them
    complete_emails  what stands beside each email ──► the children that are missing

Whoever writes looks up before writing again:

- `find_emails` proves that an email stands there: by MessageIdentifier, or by a main Task's CallObject. Salesforce
  keeps neither unique: the caller holds the lock. What another user filed may be out of this user's sight.
- The relations of what `find_emails` (or `read_contexts`) found prove which people are related, and in which role.
- A further Task carries a key of its own in CallObject, by which `complete_emails` looks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync import errors
from sync.crm import EmailFiling, FiledEmail, FiledRecords
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.collections import Outcome, create_beside, create_records, with_type
from sync.providers.salesforce.email_records import Child, EmailRecords, email_records
from sync.providers.salesforce.queries import fitting, run_queries
from sync.providers.salesforce.wire import EmailRecord, R, TaskRecord, read


def find_emails(
    client: SalesforceClient, identifiers: Sequence[str], *, enhanced: bool = True
) -> dict[str, FiledEmail]:
    """The emails with exactly these identifiers, as far as this user may see them; the oldest of several.

    One call for about 900 identifiers (five queries of 16 KB). Raises what the client raises, for any part that failed:
    an answer is whole, and who is missing in it is not there.
    """
    model: type[EmailRecord] | type[TaskRecord] = EmailRecord if enhanced else TaskRecord
    query = soql.emails_of if enhanced else soql.email_tasks_of
    asked = [identifier for identifier in dict.fromkeys(identifiers) if identifier]
    found: dict[str, FiledEmail] = {}
    pieces, too_long = fitting(client, asked, query)
    if too_long:
        raise errors.Refused("An identifier is too long to look for.", code="URI_TOO_LONG")
    answers = run_queries(client, {f"emails{place}": query(piece) for place, piece in enumerate(pieces)})
    for answer in answers.values():
        if isinstance(answer, errors.ProviderError):
            raise answer
        for record in read(model, answer):
            email = record.filed()
            found.setdefault(email.message_identifier, email)
    # Salesforce compares without regard to case.
    return {identifier: found[identifier] for identifier in asked if identifier in found}


def write_emails(
    client: SalesforceClient,
    filings: Sequence[EmailFiling],
    *,
    enhanced: bool,
    closed_status: str,
    shared_activities: bool = True,
) -> list[FiledRecords | errors.ProviderError]:
    """Writes the emails, and then what stands beside those that were written; what became of each, in order.

    Two calls for 200 emails of together 8 MB with up to 1,000 children, one where there are none.

    An error says that this email was not written; `Ambiguous` that it may have been: look it up with `find_emails`
    before writing again, and hand what is found to `complete_emails`. Raises nothing of `sync.errors`.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm
    """
    written = [
        email_records(filing, enhanced=enhanced, closed_status=closed_status, shared_activities=shared_activities)
        for filing in filings
    ]
    outcomes = create_records(client, [with_type(one.object_name, one.body) for one in written])
    stand = {place: outcome for place, outcome in enumerate(outcomes) if isinstance(outcome, str)}
    beside = _create(client, {place: (email_id, written[place].children) for place, email_id in stand.items()})
    return [
        _told(outcome, written[place], beside[place]) if isinstance(outcome, str) else outcome
        for place, outcome in enumerate(outcomes)
    ]


def complete_emails(
    client: SalesforceClient,
    items: Sequence[tuple[str, EmailFiling, FiledEmail]],
    *,
    enhanced: bool,
    closed_status: str,
    shared_activities: bool = True,
) -> list[FiledRecords]:
    """Adds to emails that stand there (their ids, what was to be filed, what was found) the children that are missing.

    Repeating it makes nothing twice, as long as what was found is read anew: its relations say who is related already,
    and further Tasks are looked for here. At most two calls for 1,000 further Tasks with the children of 200 emails:
    one to look, one to write; none for what is not needed.

    `task_ids` are all further Tasks, those that were there too. Raises nothing of `sync.errors`.
    """
    wanted = [
        email_records(filing, enhanced=enhanced, closed_status=closed_status, shared_activities=shared_activities)
        for _, filing, _ in items
    ]
    tasks, failures = _tasks(client, [task.key for records in wanted for task in records.tasks])
    there: list[dict[str, Outcome]] = []
    for records, (_, _, existing) in zip(wanted, items, strict=True):
        keys = {relation.kind + ":" + relation.record_id[:15] for relation in existing.relations}
        known: dict[str, Outcome] = {child.key: "" for child in records.relations if child.key in keys}
        for task in records.tasks:
            # Without the look-up nobody knows whether it is there: it is not written.
            outcome = tasks.get(task.key) or failures.get(task.key)
            if outcome is not None:
                known[task.key] = outcome
        there.append(known)
    missing = {
        place: (email_id, tuple(child for child in wanted[place].children if child.key not in there[place]))
        for place, (email_id, _, _) in enumerate(items)
    }
    made = _create(client, missing)
    return [
        _told(email_id, wanted[place], {**there[place], **made[place]}, found=True)
        for place, (email_id, _, _) in enumerate(items)
    ]


def _create(
    client: SalesforceClient, wanted: Mapping[int, tuple[str, Sequence[Child]]]
) -> dict[int, dict[str, Outcome]]:
    """What became of the children of each email, by their keys."""
    listed = [(place, email_id, child) for place, (email_id, children) in wanted.items() for child in children]
    listed.sort(key=lambda entry: entry[2].object_name)
    outcomes = create_beside(
        client, [with_type(child.object_name, child.on(email_id)) for _, email_id, child in listed]
    )
    made: dict[int, dict[str, Outcome]] = {place: {} for place in wanted}
    for (place, _, child), outcome in zip(listed, outcomes, strict=True):
        made[place][child.key] = outcome
    return made


def _told(
    email_id: str, records: EmailRecords, outcomes: Mapping[str, Outcome], *, found: bool = False
) -> FiledRecords:
    """The ids of what stands now, and what does not."""
    refused = [
        (child, outcome)
        for child in records.children
        if isinstance(outcome := outcomes[child.key], errors.ProviderError)
    ]
    return FiledRecords(
        email_id=email_id,
        object_name=records.object_name,
        task_ids=tuple(outcome for task in records.tasks if isinstance(outcome := outcomes[task.key], str)),
        found=found,
        dropped=tuple(child.words for child, outcome in refused if _no_access(outcome)),
        children_error=next((outcome for _, outcome in refused if not _no_access(outcome)), None),
    )


def _no_access(outcome: errors.ProviderError) -> bool:
    """Whether this user may not relate the record: trying again changes nothing."""
    return isinstance(outcome, errors.Forbidden) and outcome.code.startswith("INSUFFICIENT_ACCESS")


def _tasks(client: SalesforceClient, keys: Sequence[str]) -> tuple[dict[str, str], dict[str, errors.ProviderError]]:
    """The ids of the Tasks with these keys, and the error of each key whose look-up failed."""
    pieces, _ = fitting(client, keys, soql.email_tasks_of)
    asked = {f"tasks{place}": piece for place, piece in enumerate(pieces)}
    try:
        answers = run_queries(client, {name: soql.email_tasks_of(piece) for name, piece in asked.items()})
    except errors.ProviderError as error:
        return {}, dict.fromkeys(keys, error)
    found: dict[str, str] = {}
    failures: dict[str, errors.ProviderError] = {}
    for name, piece in asked.items():
        try:
            for task in _read(TaskRecord, answers[name]):
                found.setdefault(task.identity, task.id)
        except errors.ProviderError as error:
            failures.update(dict.fromkeys(piece, error))
    return found, failures


def _read(model: type[R], answer: object) -> list[R]:
    if isinstance(answer, errors.ProviderError):
        raise answer
    return read(model, answer)
