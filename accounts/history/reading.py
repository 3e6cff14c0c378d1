"""What was changed, for people: pages of plain lines, the newest first. The policy is asked (`history.view`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from accounts.actor import Actor
from accounts.history import words
from accounts.history.words import Told
from accounts.models import ConfigurationChange, Organisation, User
from accounts.trail import doer
from permissions import policy
from permissions.audit.actions import action
from permissions.audit.models import AuditEntry
from permissions.audit.recording import Doer

PAGE: Final = 50
#: Actions of the audit trail that tell who was given what.
_ACCESS: Final = ("grant.given", "grant.revoked", "role.made", "role.changed", "role.deleted", "group.made")
_GROUPS: Final = ("group.changed", "group.deleted", "group.joined", "group.left")
_WHO: Final = {
    "command": gettext_noop("a command on the server"),
    "product": gettext_noop("Alongside itself"),
    "operator": gettext_noop("an operator"),
    "service": gettext_noop("background work"),
    "staff": gettext_noop("the vendor's staff"),
    "unknown": gettext_noop("somebody unknown"),
    "user": gettext_noop("somebody who was deleted"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One change. `entry`: its entry in the audit trail. `step`: the same for all that was written together.

    `title` is what was changed ("Filing delay of preset 'Sales EMEA'"), `sentences` how ("…: 3 minutes → 0 minutes").
    """

    id: int
    entry: UUID
    step: UUID
    at: datetime
    who: str
    kind: str
    object_id: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, the newest first. `older`: give it as `before` for the page after this one; none at the end."""

    lines: tuple[Line, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One change of roles, groups or grants, as the audit trail has it. `tells`: in a sentence."""

    number: int
    at: datetime
    who: str
    action: str
    tells: str
    object_kind: str
    object_id: str


def history(
    by: Actor | Doer,
    organisation: Organisation,
    *,
    about: tuple[str, str] | None = None,
    user_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    size: int = PAGE,
) -> Page:
    """What was changed: of one thing (`about`: kind and object id), of one person, or of all; `until` counts too.

    At most nine queries, however many lines. Raises policy.Denied, policy.NotFound.
    """
    allowed(by, organisation, "history.view")
    rows = ConfigurationChange.objects.filter(organisation=organisation)
    if about is not None:
        rows = rows.filter(kind=about[0], object_id=about[1])
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    return Page(tuple(lines_of(organisation, found)), found[-1].pk if more else None)


def line(by: Actor | Doer, change: ConfigurationChange) -> Line:
    """One change as people read it. Raises policy.Denied, policy.NotFound."""
    allowed(by, change.organisation, "history.view")
    return lines_of(change.organisation, [change])[0]


def difference(change: ConfigurationChange) -> tuple[str, ...]:
    """How it was changed, in sentences. Whether somebody may read it, callers ask first."""
    one = told(change)
    return words.sentences(one, words.names_for(change.organisation_id, [one]))


def access_history(
    by: Actor | Doer, organisation: Organisation, *, before: int | None = None, size: int = PAGE
) -> tuple[AccessLine, ...]:
    """Roles, groups and grants: their history is the audit trail, and they are not put back from here.

    Two queries. Raises policy.Denied, policy.NotFound.
    """
    allowed(by, organisation, "history.view")
    entries = AuditEntry.objects.filter(root=organisation.resource_id, action__in=[*_ACCESS, *_GROUPS])
    if before is not None:
        entries = entries.filter(number__lt=before)
    found = list(entries.order_by("-number")[:size])
    known = _people(organisation, (entry.actor for entry in found))
    return tuple(
        AccessLine(
            number=entry.number,
            at=entry.at,
            who=_who(entry.actor, entry.actor_kind, known),
            action=entry.action,
            tells=gettext(action(entry.action).tells),
            object_kind=entry.object_kind,
            object_id=entry.object_id,
        )
        for entry in found
    )


def forget_person(organisation: Organisation, user_id: UUID) -> int:
    """Erases what was remembered about a person, for whoever erases them; how many changes. Callers ask first."""
    return ConfigurationChange.objects.filter(organisation=organisation, user_id=user_id).delete()[0]


def allowed(by: Actor | Doer, organisation: Organisation, permission: str) -> Doer:
    """Who it is, for the trail. A Doer is a command: who has the machine is asked nothing. Raises as the policy."""
    if isinstance(by, Doer):
        return by
    policy.require(by.principal_id, permission, organisation.resource)
    return doer(by)


def told(change: ConfigurationChange) -> Told:
    return Told(change.kind, change.object_id, change.before, change.after)


def lines_of(organisation: Organisation, changes: Sequence[ConfigurationChange]) -> list[Line]:
    """Changes in their order as people read them; at most seven queries. Whether somebody may, callers ask first."""
    names = words.names_for(organisation.pk, map(told, changes))
    people = _people(organisation, (change.actor for change in changes))
    return [
        Line(
            id=change.pk,
            entry=change.entry,
            step=change.step,
            at=change.at,
            who=_who(change.actor, change.actor_kind, people),
            kind=change.kind,
            object_id=change.object_id,
            title=words.title(told(change), names),
            sentences=words.sentences(told(change), names),
        )
        for change in changes
    ]


def _people(organisation: Organisation, actors: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {actor for actor in actors if actor is not None}
    if not wanted:
        return {}
    users = User.objects.filter(organisation=organisation, principal__in=wanted)
    return {user.principal_id: user.name or user.email for user in users}


def _who(actor: UUID | None, kind: str, known: dict[UUID, str]) -> str:
    return known.get(actor, gettext(_WHO[kind])) if actor is not None else gettext(_WHO[kind])
