"""How a person left their pane, so that the next email is shown the same way: kept on the server, for all clients.

Order and pins are the layout's (`pane_objects`, locked where an administrator has forced it); what is folded, opened
and chosen is a habit, and no setting: it is not recorded in the configuration's history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.core.cache import cache

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.preferences import choose
from sync.errors import Gone
from sync.models import PaneState
from sync.providers.salesforce.ids import long_id
from sync.rules.addresses import normalise
from sync.rules.business import address_hash
from sync.services.pane_layout import Facet, layout_of
from sync.services.versions import user_changed

KEEP_SECONDS = 3600
MOST = 40
MOST_PEOPLE = 300
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
#: Contacts and leads stand under one name.
PEOPLE = "People"


@dataclass(frozen=True, slots=True)
class PaneHabits:
    """`tab`: an object's name, or "" for all. `folded`: sections that show ticks only; `expanded`: cards with all
    their fields; both by object. `people`: who was chosen of several with one address, by the address's hash.
    """

    tab: str = ""
    folded: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)

    def person_of(self, address: str) -> str:
        """The record that the person has chosen for an address, or nothing."""
        return self.people.get(address_hash(address), "")


def habits_of(actor: Actor) -> PaneHabits:
    """One query at most once an hour."""
    key = _key(actor)
    known = cache.get(key)
    if known is None:
        row = PaneState.objects.filter(user=actor.user).first()
        known = asdict(_of(row) if row else PaneHabits())
        cache.set(key, known, KEEP_SECONDS)
    return PaneHabits(known["tab"], tuple(known["folded"]), tuple(known["expanded"]), known.get("people", {}))


def remember(
    actor: Actor,
    *,
    tab: str | None = None,
    folded: tuple[str, bool] | None = None,
    expanded: tuple[str, bool] | None = None,
    person: tuple[str, str] | None = None,
) -> PaneHabits:
    """Keeps one change: a tab, or whether an object's section is folded, or its cards are opened, or which record an
    address is (`person`: both of them). Raises Gone.
    """
    require_own(actor, "email.view")
    for name in (tab, folded[0] if folded else None, expanded[0] if expanded else None):
        if name and not _NAME.fullmatch(name):
            raise Gone(code="NO_SUCH_OBJECT")
    row, _made = PaneState.objects.get_or_create(user=actor.user, defaults={"organisation": actor.organisation})
    if tab is not None:
        row.tab = tab
    if folded is not None:
        row.folded = _with(row.folded, *folded)
    if expanded is not None:
        row.expanded = _with(row.expanded, *expanded)
    if person is not None:
        row.people = _with_person(row.people, *person)
    row.save(update_fields=["tab", "folded", "expanded", "people"])
    cache.delete(_key(actor))
    user_changed(actor.organisation.pk, actor.user.pk)
    return _of(row)


def move(actor: Actor, name: str, step: int) -> tuple[str, ...]:
    """Puts an object that many places further (0: pinned, in front of all); the new order.

    Raises Gone for one that is not shown, accounts.preferences.Locked where the order is not the person's.
    """
    require_own(actor, "email.view")
    shown = [one.name for one in layout_of(actor).shown]
    moved = [one for one in shown if one == name or (name == PEOPLE and one in {"Contact", "Lead"})]
    if not moved:
        raise Gone(code="NO_SUCH_OBJECT")
    others = [one for one in shown if one not in moved]
    place = 0 if step == 0 else max(0, min(len(others), shown.index(moved[0]) + step))
    order = [*others[:place], *moved, *others[place:]]
    if order != shown:
        choose(actor, str(Facet.OBJECTS), order)
        user_changed(actor.organisation.pk, actor.user.pk)
    return tuple(order)


def _of(row: PaneState) -> PaneHabits:
    return PaneHabits(row.tab, tuple(row.folded), tuple(row.expanded), row.people)


def _with_person(people: Mapping[str, str], address: str, record_id: str) -> dict[str, str]:
    found = long_id(record_id)
    if not found or normalise(address) is None:
        raise Gone(code="NO_SUCH_PERSON")
    key = address_hash(address)
    others = [(known, chosen) for known, chosen in people.items() if known != key]
    return dict([*others, (key, found)][-MOST_PEOPLE:])


def _with(names: list[str], name: str, there: bool) -> list[str]:
    kept = [one for one in names if one != name]
    return [*kept, name][-MOST:] if there else kept


def _key(actor: Actor) -> str:
    return f"pane-state:{actor.organisation.pk}:{actor.user.pk}"
