"""④–⑨ One batch of one lane: the emails of a user that are due to be filed by themselves.

What cannot go on in it leaves it with a state of its own; the rest goes on:

    nobody captures it       skipped, by the rule of its first mailbox
    another's to write       handed on to the lane of the user whose mailbox saw it first
    its message is gone      that mailbox drops out, and it is looked at again for the others
    an error                 where the one handler puts it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.authentication import require_acting
from accounts.errors import NotConnected
from accounts.models import System, User
from permissions import policy
from sync.capture import matching, recording, setbacks
from sync.capture.candidates import Candidate, Copy, claim_lane, load_copies
from sync.capture.matching import Threads
from sync.capture.preparing import pasts_of
from sync.capture.view import MailboxView
from sync.capture.writing import compose, write_all
from sync.errors import Conflict, NeedsReconnect, ProviderError, Unavailable
from sync.models import Intent
from sync.services import governor, leases
from sync.services.clients import Crm, connection_of, crm_of, mailbox_client
from sync.services.outcomes import MAX_ATTEMPTS
from sync.services.reading import records as beside
from sync.services.relating import types_for
from sync.services.wake import wake_lane

log = structlog.get_logger(__name__)

#: A batch is filled up until it is as full as this, or so many batches were looked at for it.
FULL_ENOUGH = 0.75
LOOKED_AT = 4


def file_lane(user_id: UUID) -> int:
    """Carries out one batch of a user's lane, as that user; gives how many emails it held. Wakes the next batch."""
    user = User.objects.select_related("organisation", "resource").filter(pk=user_id).first()
    if user is None or user.organisation is None:
        return 0
    most = setbacks.batch_size(user_id)
    candidates = claim_lane(user, most)
    if not candidates:
        return 0
    is_full = len(candidates) == most
    actor = Actor.of(user)
    try:
        require_acting(actor, "email.file")
        with governor.background(), ExitStack() as held:
            held.enter_context(leases.kept(*(one.lease for one in candidates)))
            crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
            views: dict[UUID | None, MailboxView] = {}
            live = _captured(crm, actor, candidates, views)
            while is_full and len(live) <= most * FULL_ENOUGH and len(candidates) < most * LOOKED_AT:
                # Most of what is due may be from people whom nobody knows: others take their places.
                further = claim_lane(user, most - len(live))
                is_full = len(further) == most - len(live)
                candidates += further
                held.enter_context(leases.kept(*(one.lease for one in further)))
                live += _captured(crm, actor, further, views)
            _carry_out(crm, actor, live)
    except (policy.Denied, policy.NotFound):
        for candidate in candidates:
            leases.finish(candidate.lease, Intent.State.PARKED, reason="forbidden", words=_RIGHT_TAKEN)
    except NotConnected as error:
        _all(candidates, NeedsReconnect(system=error.system))
    except ProviderError as error:
        _all(candidates, error)
    else:
        setbacks.over(user_id)
    log.info("capture.batch", user=str(user_id), emails=len(candidates))
    if is_full:
        wake_lane(user_id)
    return len(candidates)


_RIGHT_TAKEN = gettext_noop("The right to file was taken away.")


def _all(candidates: Sequence[Candidate], error: ProviderError) -> None:
    """What stopped the whole batch follows for each of its emails that is still held.

    An outage is nobody's fault: it burns no attempt of an email, unless that email was tried alone.
    """
    held = [one for one in candidates if leases.is_held(one.lease)]
    if not held:
        return
    if isinstance(error, Unavailable | Conflict) and len(candidates) > 1:
        wait = setbacks.another(candidates[0].intent.user_id)
        for candidate in held:
            leases.release(candidate.lease, due_in=wait, reason="unavailable", burn_attempt=False)
        return
    if isinstance(error, Unavailable | Conflict):
        setbacks.another(candidates[0].intent.user_id)
    for candidate in held:
        recording.postpone(candidate, error)


def _captured(
    crm: Crm, actor: Actor, candidates: Sequence[Candidate], views: dict[UUID | None, MailboxView]
) -> list[Candidate]:
    """④ and ⑤: those that this user's mailbox captures, as far as their addresses say."""
    load_copies(candidates, views)
    live = _with_a_past(_with_copies(candidates))
    if not live:
        return []
    types = types_for(actor)
    unsaid = matching.read_all(crm, live, types)
    _all(unsaid, Unavailable(gettext_noop("Salesforce did not answer a part of what was asked."), code="PARTIAL"))
    live = [one for one in live if one not in unsaid]
    return _judged(actor, live, matching.threads_of(actor.user.pk, crm.org, live, types))


def _carry_out(crm: Crm, actor: Actor, candidates: Sequence[Candidate]) -> None:
    """⑥ to ⑨."""
    if not candidates:
        return
    types = types_for(actor)
    threads = matching.threads_of(actor.user.pk, crm.org, candidates, types)
    live = _fetched(candidates)
    live = _judged(actor, live, threads, whole=True)
    matching.read_cases(crm, live, types)
    matching.find_unseen(crm, live)
    matching.hide_unseen_threads(crm, live, threads)
    live = [one for one in live if _survives(one, lambda one: _choose(crm, one, threads))]
    live = [one for one in live if _survives(one, lambda one: compose(crm, one))]
    if live:
        # Fetching and choosing took their time: the right may have been taken away meanwhile.
        require_acting(actor, "email.file")
        write_all(crm, live)
        beside.forget(crm)


def _choose(crm: Crm, candidate: Candidate, threads: Threads) -> None:
    matching.choose(crm, candidate, threads.of(candidate))
    threads.add(candidate)


def _survives(candidate: Candidate, step: Callable[[Candidate], None]) -> bool:
    """Whether a step of one email alone went through: what breaks it must not stop the batch."""
    try:
        step(candidate)
    except (ProviderError, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001 - mail is hostile
        log.error("capture.set_aside", intent=str(candidate.intent.pk), error=type(error).__name__)
        recording.set_aside(candidate)
        return False
    return True


def _with_copies(candidates: Sequence[Candidate]) -> list[Candidate]:
    for candidate in candidates:
        if not candidate.copies:
            recording.skip(candidate, "stopped")
        elif candidate.intent.attempts > 4 * MAX_ATTEMPTS:
            # Whatever breaks each worker before it can say so must not be tried for ever.
            leases.finish(candidate.lease, Intent.State.PARKED, reason="unavailable")
    return [one for one in candidates if one.copies and one.intent.attempts <= 4 * MAX_ATTEMPTS]


def _with_a_past(candidates: Sequence[Candidate]) -> list[Candidate]:
    pasts = pasts_of([one.intent.activity for one in candidates])
    live = []
    for candidate in candidates:
        candidate.past = pasts[candidate.intent.activity_id]
        if candidate.past.filed:
            recording.settle_filed(candidate)
        else:
            live.append(candidate)
    return live


def _judged(actor: Actor, candidates: Sequence[Candidate], threads: Threads, *, whole: bool = False) -> list[Candidate]:
    """Those that this user's mailbox captures, by what is known now."""
    live: list[Candidate] = []
    handed_on: list[Candidate] = []
    again: list[Candidate] = []
    dropped: list[Copy] = []
    skipped: list[tuple[Candidate, str]] = []
    judge = matching.judge_whole if whole else matching.judge_copies
    for candidate in candidates:
        thread = threads.of(candidate)
        first = candidate.first
        if not _survives(candidate, lambda one, thread=thread: judge(one, thread)):  # type: ignore[misc]
            continue
        dropped += matching.keep_capturing(candidate)
        if not candidate.copies:
            skipped.append((candidate, first.judgement.rule if first.judgement else "stopped"))
        elif candidate.first.view.actor.user.pk != actor.user.pk:
            handed_on.append(candidate)
        elif whole and candidate.first is not first:
            again.append(candidate)  # the message that was fetched is that of a mailbox that dropped out
        else:
            live.append(candidate)
    recording.decide_copies(dropped, skipped)
    for candidate in handed_on:
        recording.hand_on(candidate)
        wake_lane(candidate.first.view.actor.user.pk)
    for candidate in again:
        recording.again(candidate)
    return live


def _fetched(candidates: Sequence[Candidate]) -> list[Candidate]:
    """With their whole messages, fetched from each mailbox in as few calls as it takes."""
    by_mailbox: dict[UUID, list[Candidate]] = {}
    for candidate in candidates:
        by_mailbox.setdefault(candidate.first.view.mailbox.pk, []).append(candidate)
    live: list[Candidate] = []
    for group in by_mailbox.values():
        live += _fetched_from_one(group)
    return live


def _fetched_from_one(group: Sequence[Candidate]) -> list[Candidate]:
    try:
        client = mailbox_client(group[0].first.view.mailbox)
        found = dict(client.messages([one.first.item.provider_id for one in group]))
    except NotConnected as error:
        _all(group, NeedsReconnect(system=error.system))
        return []
    except ProviderError as error:
        _all(group, error)
        return []
    for candidate in matching.fetch(group, found):
        recording.decide_gone(candidate)
        recording.again(candidate)
    for candidate in group:
        answer = found.get(candidate.first.item.provider_id)
        if candidate.message is None and isinstance(answer, ProviderError) and leases.is_held(candidate.lease):
            recording.postpone(candidate, answer)
    return [one for one in group if one.message is not None]
