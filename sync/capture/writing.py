"""⑦ and ⑧: the emails of a batch in Salesforce, in as few calls as it takes them.

    found there already ──► linked; what an earlier try left out is added     (`ours` where this engine wrote it)
    not there ──► written, all of a batch in one call ──► their relations in another

The leases are prolonged before each call, so that a write fits into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync.capture import recording
from sync.capture.candidates import Candidate
from sync.capture.recording import Filed
from sync.crm import CrmContext, FiledRecords
from sync.errors import Ambiguous, Conflict, NeedsReconnect, ProviderError, QuotaSpent, Throttled, Unavailable
from sync.providers.salesforce.filings import complete_emails, write_emails
from sync.services import leases
from sync.services.clients import Crm
from sync.services.composing import email_filing

#: What passes: the relations are added by another try. Whatever else keeps one from being made keeps it for ever.
_PASSING = (Throttled, QuotaSpent, Unavailable, Conflict, Ambiguous, NeedsReconnect)


def write_all(crm: Crm, candidates: Sequence[Candidate]) -> None:
    """Writes, or links what stands, and records each. An error of the whole call goes to every email of it."""
    kept = leases.prolong_all([one.lease for one in candidates])
    held = [one for one in candidates if one.intent.pk in kept]
    _link([one for one in held if _stands(one)], crm)
    fresh = [one for one in held if not _stands(one)]
    if not fresh:
        return
    try:
        answers = write_emails(
            crm.client,
            [one.filing for one in fresh if one.filing],
            enhanced=crm.shape.enhanced_email,
            closed_status=crm.shape.closed_task_status,
            shared_activities=crm.shape.shared_activities,
        )
    except ProviderError as error:
        for candidate in fresh:
            recording.postpone(candidate, error)
        return
    _record(fresh, answers)


def _record(candidates: Sequence[Candidate], answers: Sequence[FiledRecords | ProviderError]) -> None:
    """What stands is recorded together; what does not stand yet is postponed."""
    filed: list[Filed] = []
    for candidate, answer in zip(candidates, answers, strict=True):
        if isinstance(answer, ProviderError):
            recording.postpone(candidate, answer)
        elif isinstance(answer.children_error, _PASSING):
            # The email stands; the next try finds it and adds what is missing.
            recording.postpone(candidate, answer.children_error)
        else:
            filed.append(Filed(candidate, answer, found=False))
    recording.record(filed)


def _stands(candidate: Candidate) -> bool:
    return candidate.context is not None and candidate.context.filed is not None


def _link(candidates: Sequence[Candidate], crm: Crm) -> None:
    """Those that Salesforce holds. Of our own, an earlier try may have left out relations."""
    ours = [one for one in candidates if one.intent.attempts > 1]
    _complete(ours, crm)
    object_name = "EmailMessage" if crm.shape.enhanced_email else "Task"
    theirs = [(one, one.context.filed) for one in candidates if one not in ours and one.context]
    recording.record(
        [Filed(one, FiledRecords(email.id, object_name, found=True), found=True) for one, email in theirs if email]
    )


def _complete(candidates: Sequence[Candidate], crm: Crm) -> None:
    items = [
        (one.context.filed.id, one.filing, one.context.filed)
        for one in candidates
        if one.context and one.context.filed and one.filing
    ]
    if not items:
        return
    try:
        answers = complete_emails(
            crm.client,
            items,
            enhanced=crm.shape.enhanced_email,
            closed_status=crm.shape.closed_task_status,
            shared_activities=crm.shape.shared_activities,
        )
    except ProviderError as error:
        for candidate in candidates:
            recording.postpone(candidate, error)
        return
    _record(candidates, [replace(answer, found=False) for answer in answers])


def compose(crm: Crm, candidate: Candidate) -> None:
    """What is written for the email, from its whole message and what it was decided to stand on."""
    message, context = candidate.message, candidate.context or CrmContext()
    if message is None:
        raise ValueError("an email that was not fetched cannot be written")
    candidate.filing = email_filing(
        crm,
        message,
        candidate.everyone,
        context,
        candidate.intent.choice,
        candidate.intent.activity,
        blind_copies=candidate.first.view.settings.link_blind_copies,
    )
