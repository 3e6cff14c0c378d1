"""How long the short-lived rows are kept: sessions a day past their end, connection attempts until theirs."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings

from accounts import connecting, signing_in


def clear_expired() -> tuple[int, int]:
    """(pane sessions, connection attempts) deleted; administrators' expired web sessions go too."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return signing_in.drop_ended_sessions(), connecting.drop_expired()
