"""How long the short-lived rows are kept: sessions a day past their end, connection attempts until theirs.

Staff sessions are kept; of those that ended by themselves it is written down here.
"""

from __future__ import annotations

from importlib import import_module

from django.conf import settings

from accounts import connecting, dialog, extension, signing_in, staff


def clear_expired() -> tuple[int, int]:
    """(pane sessions, connection attempts) deleted; expired web sessions and sign-ins in windows go too."""
    staff.close_over()
    extension.drop_expired()
    dialog.drop_expired()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return signing_in.drop_ended_sessions(), connecting.drop_expired()
