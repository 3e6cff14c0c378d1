"""What a real mailbox holds beside plain conversations."""

from __future__ import annotations

from sandbox.seed.office import Office


def add_oddities(office: Office) -> None:
    return None
