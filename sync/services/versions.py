"""What tells that something about an email may have changed here, without asking the database.

Each change of an activity's intents or links, once committed, gives its version a new value in the cache, and a filing
does so for its conversation in each mailbox that has seen it. A version that fell out of the cache reads as empty:
whatever is kept under it must not be kept for long.
"""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from sync.models import Activity, Item

KEEP_SECONDS = 3600


def versions(salesforce_org_id: int, user_id: UUID, identity: str, conversation_id: str) -> str:
    """The versions that an open email hangs on, as one text."""
    keys = (_activity(salesforce_org_id, identity), _conversation(user_id, conversation_id))
    found = cache.get_many(keys)
    return ":".join(str(found.get(key, "")) for key in keys)


def changed(activity: Activity) -> None:
    """After the commit, nothing painted of this email before counts any more."""
    key = _activity(activity.salesforce_org_id, activity.identity)
    transaction.on_commit(lambda: cache.set(key, secrets.token_hex(8), KEEP_SECONDS))


def conversation_changed(activity: Activity) -> None:
    """The same for the other emails of its conversation."""
    for user_id, conversation_id in Item.objects.filter(sighting__activity=activity).values_list(
        "user_id", "conversation_id"
    ):
        key = _conversation(user_id, conversation_id)
        transaction.on_commit(lambda key=key: cache.set(key, secrets.token_hex(8), KEEP_SECONDS))  # type: ignore[misc]


def _activity(salesforce_org_id: int, identity: str) -> str:
    return f"version:{salesforce_org_id}:{hashlib.sha256(identity.encode()).hexdigest()}"


def _conversation(user_id: UUID, conversation_id: str) -> str:
    return f"version:{user_id}:{hashlib.sha256(conversation_id.encode()).hexdigest()}"
