"""What a card offers: the actions of the person's layout, as far as the person may do them here at all.

Whether Salesforce lets them on a record is found out when they do: the form of a record says what may be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from accounts.actor import Actor
from accounts.authentication import require_own
from permissions import policy
from sync.services.pane_layout import Action, PaneLayout

_NEEDS: Final[Mapping[Action, str]] = {
    Action.TASK: "activity.write",
    Action.CALL: "activity.write",
    Action.NOTE: "activity.write",
    Action.FOLLOW_UP: "activity.write",
    Action.EDIT: "record.edit",
    Action.CREATE: "record.create",
    Action.CONVERT: "lead.convert",
}


def offered(actor: Actor, layout: PaneLayout) -> PaneLayout:
    """The layout with those actions that the person has the permission for. One query for each permission at most."""
    wanted = {_NEEDS[action] for one in layout.objects for action in one.actions if action in _NEEDS}
    refused = {permission for permission in wanted if not _may(actor, permission)}
    if not refused:
        return layout
    return replace(
        layout,
        objects=tuple(
            replace(one, actions=tuple(action for action in one.actions if _NEEDS.get(action) not in refused))
            for one in layout.objects
        ),
    )


def _may(actor: Actor, permission: str) -> bool:
    try:
        require_own(actor, permission)
    except policy.Denied:
        return False
    return True
