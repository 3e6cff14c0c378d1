"""What organisation, preset and user have settled about filing, as the engine and the pane read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from accounts.actor import Actor
from accounts.preferences import effective
from sync.rules.eligibility import Mode


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """The settings of `accounts.preference_names` that concern filing, in the types that the rules take."""

    mode: Mode
    delay: timedelta
    mark_name: str
    chosen_folders: frozenset[str]
    follow_for: timedelta
    link_blind_copies: bool
    max_file_bytes: int
    allowed_extensions: frozenset[str] | None
    opportunity_days: int
    case_days: int
    poll: timedelta


def settings_of(actor: Actor) -> CaptureSettings:
    """What counts for the actor's mailboxes now. One query."""
    chosen = effective(actor.user)
    extensions = frozenset(chosen["allowed_extensions"])
    return CaptureSettings(
        mode=Mode(chosen["auto_file_mode"]),
        delay=timedelta(minutes=chosen["auto_file_delay_minutes"]),
        mark_name=chosen["mark_name"],
        chosen_folders=frozenset(chosen["chosen_folders"]),
        follow_for=timedelta(days=chosen["follow_days"]),
        link_blind_copies=chosen["link_blind_copies"],
        max_file_bytes=chosen["max_file_mib"] * 2**20,
        allowed_extensions=extensions or None,
        opportunity_days=chosen["opportunity_days"],
        case_days=chosen["case_days"],
        poll=timedelta(minutes=chosen["poll_minutes"]),
    )
