"""The vendor's staff in an organisation: nothing standing, only what was asked for, approved, and ends by itself.

    ask ──► the organisation's administrators see it ──► approve (at most four hours) ──► staff look, and are recorded
                                                    └──► decline                     └──► either side ends it

What an approved session gives is a grant of the role `support` (`permissions.registry`) with the same end: it reads,
and neither what stands in an email nor a secret. Each step is recorded in the organisation's audit trail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Organisation, StaffSession, User
from permissions import policy, registry
from permissions import services as grants
from permissions.audit.recording import PRODUCT, Doer, record
from permissions.models import Principal

#: A request that nobody answered is over after this.
ANSWERED_WITHIN: Final = timedelta(days=1)
#: What an approver chooses from, in minutes.
CHOICES: Final = (30, 60, 120, 240)
#: The database's clock may be a little behind ours, and a grant that is longer than four hours by it never counts.
_CLOCKS_DIFFER: Final = timedelta(seconds=30)


class CannotStep(Exception):
    """The session is not where this step can be taken. The message is for people."""


@transaction.atomic
def ask(staff: User, organisation: Organisation, reason: str) -> StaffSession:
    """Raises CannotStep: not of the vendor's staff, without a reason, or while an earlier one is open."""
    reason = reason.strip()
    if not is_operator(staff):
        raise CannotStep(gettext("Only the vendor's staff ask for a staff session."))
    if not 10 <= len(reason) <= 200:
        raise CannotStep(gettext("Say in 10 to 200 characters why you ask: the organisation decides by it."))
    close_over(organisation)
    try:
        with transaction.atomic():
            session = StaffSession.objects.create(organisation=organisation, staff=staff, reason=reason)
    except IntegrityError:
        raise CannotStep(gettext("You have asked already, or have access.")) from None
    _record("staff.asked", session, _staff(session))
    return session


@transaction.atomic
def approve(session_id: UUID, approver: User, *, minutes: int) -> StaffSession:
    """For so many minutes from now who asked may look. Raises CannotStep, policy.Denied, policy.NotFound."""
    session = _answerable(session_id, approver)
    if minutes not in CHOICES:
        raise CannotStep(f"Choose {', '.join(map(str, CHOICES))} minutes.")
    if not session.staff.is_active:
        raise CannotStep(gettext("Who asked does not work for the vendor any more."))
    longest = registry.STAFF_AT_MOST - _CLOCKS_DIFFER
    session.answered_at = timezone.now()
    session.until = session.answered_at + min(timedelta(minutes=minutes), longest)
    session.state, session.answered_by = StaffSession.State.APPROVED, approver
    session.authorization = grants.grant(
        session.staff.principal,
        registry.STAFF_ROLE,
        session.organisation.resource,
        reason=session.reason,
        grantor=approver.principal,
        approver=approver.principal,
        until=session.until,
    )
    session.save()
    detail = {"minutes": minutes, "until": session.until, "role": registry.STAFF_ROLE}
    _record("staff.approved", session, Doer.user(approver.principal_id), detail)
    return session


@transaction.atomic
def decline(session_id: UUID, approver: User) -> StaffSession:
    """Raises CannotStep, policy.Denied, policy.NotFound."""
    session = _answerable(session_id, approver)
    session.state, session.answered_by = StaffSession.State.DECLINED, approver
    session.answered_at = timezone.now()
    session.save()
    _record("staff.declined", session, Doer.user(approver.principal_id))
    return session


@transaction.atomic
def begin(session_id: UUID, staff: User) -> StaffSession:
    """Staff begin to look, or go on. Raises CannotStep where it does not run, policy.NotFound for another's."""
    session = _locked(session_id)
    if session.staff_id != staff.pk:
        raise policy.NotFound
    if not session.is_running:
        raise CannotStep(gettext("This session is not running: ask again."))
    if session.begun_at is None:
        session.begun_at = timezone.now()
        session.save(update_fields=["begun_at"])
        _record("staff.begun", session, _staff(session))
    return session


@transaction.atomic
def end(session_id: UUID, by: User) -> StaffSession:
    """Ends it at once, and takes a request back. By its own staff, or by who may approve.

    Raises CannotStep where it is over already, policy.Denied, policy.NotFound.
    """
    session = _locked(session_id)
    if session.staff_id == by.pk:
        doer = _staff(session)
    else:
        policy.require(by.principal_id, "staff.approve", session.organisation.resource)
        doer = Doer.user(by.principal_id)
    if session.state not in {StaffSession.State.ASKED, StaffSession.State.APPROVED}:
        raise CannotStep(gettext("It is over already."))
    if session.state == StaffSession.State.APPROVED and not session.is_running:
        return _over(session)
    return _ended(session, doer, by, "early")


@transaction.atomic
def close_over(organisation: Organisation | None = None) -> int:
    """Writes down of what ended by itself that it is over; how many. They counted no more before."""
    now = timezone.now()
    opened = StaffSession.objects.select_for_update(of=("self",)).select_related(*_RELATED)
    if organisation is not None:
        opened = opened.filter(organisation=organisation)
    over = [
        *opened.filter(state=StaffSession.State.APPROVED, until__lte=now).order_by("pk"),
        *opened.filter(state=StaffSession.State.ASKED, asked_at__lte=now - ANSWERED_WITHIN).order_by("pk"),
    ]
    for session in over:
        _over(session)
    return len(over)


def running(session_id: UUID, staff: User) -> StaffSession | None:
    """The staff's own session while it runs, and while the policy agrees; else None. Asked at each request."""
    mine = StaffSession.objects.running().select_related("organisation__resource", "staff")
    session = mine.filter(pk=session_id, staff=staff, staff__is_active=True).first()
    if session is None:
        return None
    resource = session.organisation.resource
    return session if policy.allows(staff.principal_id, "organisation.view", resource) else None


def looking_now(organisation: Organisation) -> list[StaffSession]:
    """Who of the vendor's staff may look at the organisation at this moment, for its own people to see. One query."""
    now_running = StaffSession.objects.running().filter(organisation=organisation)
    return list(now_running.select_related("staff").order_by("until"))


def is_operator(user: User) -> bool:
    """Whether somebody is of the vendor's staff."""
    return bool(
        user.is_active
        and user.is_staff
        and user.organisation_id is None
        and user.principal.kind == Principal.Kind.STAFF
    )


_RELATED: Final = ("staff__principal", "organisation__resource", "authorization")


def _locked(session_id: UUID) -> StaffSession:
    rows = StaffSession.objects.select_for_update(of=("self",)).select_related(*_RELATED)
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise policy.NotFound
    return session


def _answerable(session_id: UUID, approver: User) -> StaffSession:
    session = _locked(session_id)
    policy.require(approver.principal_id, "staff.approve", session.organisation.resource)
    if session.state != StaffSession.State.ASKED:
        raise CannotStep(gettext("It has been answered already, or was taken back."))
    if session.asked_at <= timezone.now() - ANSWERED_WITHIN:
        raise CannotStep(gettext("It was asked for too long ago. Let them ask again."))
    return session


def _over(session: StaffSession) -> StaffSession:
    if session.state == StaffSession.State.APPROVED:
        return _ended(session, PRODUCT, None, "time")
    session.state, session.ended_at = StaffSession.State.EXPIRED, session.asked_at + ANSWERED_WITHIN
    session.save()
    _record("staff.ended", session, PRODUCT, {"cause": "not-answered"})
    return session


def _ended(session: StaffSession, doer: Doer, by: User | None, cause: str) -> StaffSession:
    if session.authorization is not None:
        grants.revoke(session.authorization, by=by.principal if by is not None else None)
    session.state, session.ended_by = StaffSession.State.ENDED, by
    session.ended_at = session.until if by is None else timezone.now()
    session.save()
    _record("staff.ended", session, doer, {"cause": cause})
    return session


def _staff(session: StaffSession) -> Doer:
    return Doer("staff", session.staff.principal_id, session.pk)


def _record(action: str, session: StaffSession, by: Doer, detail: dict[str, object] | None = None) -> None:
    record(
        action,
        root=session.organisation.resource_id,
        by=by,
        on=("staff-session", session.pk),
        detail={"staff": session.staff.principal_id, **(detail or {})},
    )
