"""What `manage.py check` says of settings that do not go together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def shared_cache_beside_a_broker(**_: Any) -> list[CheckMessage]:
    """Several processes count a mailbox's calls and an org's allowance together, which they do in the cache."""
    if settings.BROKER_URL and not settings.CACHE_URL:
        return [
            Error(
                "BROKER_URL is set and CACHE_URL is not.",
                hint="Limits of mailboxes and of Salesforce are shared between processes: set CACHE_URL to redis://…",
                id="alongside.E001",
            )
        ]
    return []
