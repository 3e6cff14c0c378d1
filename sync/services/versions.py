"""What tells that something about an email may have changed here, without asking the database.

Each change of an activity's intents or links, once committed, gives its version a new value in the cache, and a filing
does so for its conversation in each mailbox that has seen it. So does each page of a mailbox for the emails that were
decided on it, and whatever a person settles for all of theirs. A version that fell out of the cache reads as empty:
what is kept under it must not be kept for long.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from accounts.models import SalesforceOrg
from sync.models import Activity, Item

KEEP_SECONDS = 3600


def versions(organisation_id: UUID, salesforce_org_id: int, user_id: UUID, identity: str, conversation_id: str) -> str:
    """The versions that an open email hangs on, as one text."""
    keys = (
        _activity(organisation_id, salesforce_org_id, identity),
        _conversation(organisation_id, user_id, conversation_id),
        _user(organisation_id, user_id),
    )
    found = cache.get_many(keys)
    return ":".join(str(found.get(key, "")) for key in keys)


def changed(activity: Activity) -> None:
    """After the commit, nothing painted of this email before counts any more."""
    key = _of(activity)
    transaction.on_commit(lambda: cache.set(key, secrets.token_hex(8), KEEP_SECONDS))


def decided(org: SalesforceOrg, identities: Iterable[str]) -> None:
    """The same for emails that a mailbox has just decided on, whether anything of them is in the ledger or not."""
    _renew([_activity(org.organisation_id, org.pk, identity) for identity in identities if identity])


def user_changed(organisation_id: UUID, user_id: UUID) -> None:
    """The same for every email of a person: their settings, their lists, or their mailbox changed."""
    _renew([_user(organisation_id, user_id)])


def changed_all(activities: Iterable[Activity]) -> None:
    """The same as `changed` for many."""
    _renew([_of(one) for one in activities])


def conversation_changed(*activities: Activity) -> None:
    """The same for the other emails of their conversations."""
    seen = Item.objects.filter(sighting__activity__in=activities)
    _renew([_conversation(*one) for one in seen.values_list("organisation_id", "user_id", "conversation_id")])


def _renew(keys: Iterable[str]) -> None:
    fresh = {key: secrets.token_hex(8) for key in keys}
    if fresh:
        transaction.on_commit(lambda: cache.set_many(fresh, KEEP_SECONDS))


def _of(activity: Activity) -> str:
    return _activity(activity.organisation_id, activity.salesforce_org_id, activity.identity)


def _activity(organisation_id: UUID, salesforce_org_id: int, identity: str) -> str:
    return f"version:{organisation_id}:{salesforce_org_id}:{hashlib.sha256(identity.encode()).hexdigest()}"


def _user(organisation_id: UUID, user_id: UUID) -> str:
    return f"version:{organisation_id}:{user_id}"


def _conversation(organisation_id: UUID, user_id: UUID, conversation_id: str) -> str:
    return f"version:{organisation_id}:{user_id}:{hashlib.sha256(conversation_id.encode()).hexdigest()}"
