"""What is kept of Salesforce for one person, and dropped as soon as they write something themselves.

The keys of each carry a version of their own, which their every write renews: what was read before counts no more.
"""

from __future__ import annotations

import secrets

from django.core.cache import cache

from accounts.actor import Actor
from sync.services.clients import Crm
from sync.services.versions import user_changed

KEEP_SECONDS = 3600


def own_version(crm: Crm) -> str:
    """The version of what this person has read; "" until their first write, and an hour after their last."""
    return str(cache.get(_key(crm)) or "")


def drop_own(actor: Actor, crm: Crm) -> None:
    """After a write: matches, searches and painted answers of this person count no more."""
    cache.set(_key(crm), secrets.token_hex(8), KEEP_SECONDS)
    user_changed(actor.organisation.pk, actor.user.pk)


def key_of(crm: Crm, kind: str, *parts: str) -> str:
    """A key for something that changes with the org's set-up alone: layouts, objects, picklists."""
    return ":".join((kind, str(crm.org.organisation_id), crm.org.org_id, crm.user_id, *parts))


def _key(crm: Crm) -> str:
    return key_of(crm, "own-version")
