"""Words that tests of this room share."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client

from accounts.actor import Actor

TENANT = "aaaaaaaa-0000-4000-8000-00000000000a"
RIVAL_TENANT = "bbbbbbbb-0000-4000-8000-00000000000b"


@dataclass(frozen=True)
class Bearer:
    """A client that sends its session, the session's token, and who acts with it."""

    client: Client
    token: str
    actor: Actor
