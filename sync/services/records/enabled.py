"""Which objects a person works with in the pane, in their order."""

from __future__ import annotations

from accounts.actor import Actor
from sync.services.pane_layout import layout_of

#: An email is related to people by their addresses alone.
PEOPLE_OBJECTS = frozenset({"Contact", "Lead"})


def enabled_objects(actor: Actor) -> tuple[str, ...]:
    """API names of the objects, in the order in which they are shown. One query."""
    return tuple(one.name for one in layout_of(actor).shown)
