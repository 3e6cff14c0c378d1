"""Sessions of tests' people."""

from __future__ import annotations

from accounts.models import User
from accounts.signing_in import begin_session


def open_session(user: User) -> str:
    """The bearer token of a new pane session."""
    token, _ = begin_session(user, client="outlook")
    return token
