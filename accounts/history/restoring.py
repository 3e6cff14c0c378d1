"""Going back: one thing to what it was before a change, or the whole configuration to a point in time.

    changes since then ──► of each thing the first: what it was before ─┬─► written back, in one recorded step
                                                                        └─► what cannot be: left, with the reason

    organisation ─► teams, presets (made, renamed) ─► who has them ─► those that were not there (deleted)
        ─► settings ─► domains, block list, aliases

Going back is a change like any other: it is in the history, and can be gone back on. A rehearsal does the same and
rolls it back, so that what it lists is what would happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.history import kinds, words
from accounts.history.kinds import State
from accounts.history.putting_back import Back
from accounts.history.reading import allowed
from accounts.history.recording import Difference, Recording, recorded
from accounts.history.words import Told
from accounts.models import ConfigurationChange, Organisation
from permissions.audit.recording import Doer, record


class CannotRestore(Exception):
    """Nothing was put back. The message is for people."""


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that is (or would be) as it was: what it is called, and how it changes now."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that cannot be put back, and why, in a sentence."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`rehearsal`: this is what would happen; nothing did."""

    done: tuple[Done, ...]
    left: tuple[Left, ...]
    rehearsal: bool


def restore_organisation(
    by: Actor | Doer, organisation: Organisation, moment: datetime, *, rehearsal: bool = False
) -> Outcome:
    """The whole configuration as it was at a moment. Raises CannotRestore, policy.Denied, policy.NotFound."""
    doer = allowed(by, organisation, "history.restore")
    if moment > timezone.now():
        raise CannotRestore(gettext("This moment is still to come."))
    if moment < Organisation.objects.values_list("created_at", flat=True).get(pk=organisation.pk):
        raise CannotRestore(gettext("The organisation did not exist then."))
    since = ConfigurationChange.objects.filter(organisation=organisation, at__gt=moment)
    return _go_back(doer, organisation, since, until=moment, rehearsal=rehearsal)


def restore_object(by: Actor | Doer, change: ConfigurationChange, *, rehearsal: bool = False) -> Outcome:
    """What a change is about as it was before it: a preset with its settings, a team with who was in it.

    Raises CannotRestore, policy.Denied, policy.NotFound.
    """
    doer = allowed(by, change.organisation, "history.restore")
    belonging = Q(kind=change.kind, object_id=change.object_id)
    if change.kind == kinds.PRESET:
        belonging |= Q(kind=kinds.SETTING, object_id__startswith=f"preset:{change.object_id}:")
    if change.kind == kinds.TEAM:
        belonging |= Q(kind=kinds.TEAM_OF_USER, step=change.step)
    of_organisation = ConfigurationChange.objects.filter(organisation=change.organisation)
    first = of_organisation.filter(step=change.step).aggregate(first=Min("pk"))["first"]
    since = of_organisation.filter(belonging, pk__gte=first)
    return _go_back(doer, change.organisation, since, until=None, about=change.entry, rehearsal=rehearsal)


class _Rehearsed(Exception):
    """Rolls a rehearsal back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def _go_back(
    by: Doer,
    organisation: Organisation,
    since: QuerySet[ConfigurationChange],
    *,
    until: datetime | None,
    about: UUID | None = None,
    rehearsal: bool,
) -> Outcome:
    try:
        with recorded(by) as recording:
            Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
            back = Back(organisation, _states_before(organisation, since))
            back.put()
            outcome = _outcome(organisation, recording, back, rehearsal)
            if rehearsal:
                raise _Rehearsed(outcome)
            if outcome.done:
                on = ("history", "" if about is None else about)
                detail = {"until": until, "rows": len(outcome.done)}
                record("history.restored", root=organisation.resource_id, by=by, on=on, detail=detail)
            return outcome
    except _Rehearsed as rehearsed:
        return rehearsed.outcome
    except IntegrityError:
        raise CannotRestore(
            gettext("Somebody changed the same things at this moment. Nothing was put back: try again.")
        ) from None


def _states_before(
    organisation: Organisation, since: QuerySet[ConfigurationChange]
) -> dict[tuple[str, str], State | None]:
    """Of each thing that was changed since, by kind and object id, what it was before. One query."""
    first = since.order_by().values("kind", "object_id").annotate(first=Min("pk")).values("first")
    changes = ConfigurationChange.objects.filter(organisation=organisation, pk__in=first)
    return {(kind, named): before for kind, named, before in changes.values_list("kind", "object_id", "before")}


def _outcome(organisation: Organisation, recording: Recording, back: Back, rehearsal: bool) -> Outcome:
    differences = [_told(one) for one in recording.differences()]
    names = words.names_for(organisation.pk, [*differences, *(one for one, _ in back.left)])
    return Outcome(
        done=tuple(Done(words.title(one, names), words.sentences(one, names)) for one in differences),
        left=tuple(Left(words.title(one, names), reason) for one, reason in back.left),
        rehearsal=rehearsal,
    )


def _told(one: Difference) -> Told:
    before, after = (snapshot.state if snapshot else None for snapshot in (one.before, one.after))
    return Told(one.key.kind, one.key.object_id, before, after)
