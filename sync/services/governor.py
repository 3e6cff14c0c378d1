"""How much of a Salesforce org's daily calls may be spent, and on what. Shared by all processes, through the database.

    before a call   admit: background work stops at its share, or at 80 % of the org's use; a person's at 90 %
    after it        observe: what `Sforce-Limit-Info` said of the org, and one more call of ours

A spent allowance (`QuotaSpent`) waits until it is given back: the org counts the last 24 hours, so what it said last is
looked at again after a while, with one call.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import SalesforceOrg
from accounts.preferences import of_organisation
from sync.errors import QuotaSpent
from sync.models import ApiBudget, ApiUse
from sync.providers.salesforce.client import ApiUsage

BACKGROUND_STOPS_AT = 0.8
INTERACTIVE_STOPS_AT = 0.9
LOOK_AGAIN = timedelta(minutes=15)
PERSON_LOOKS_AGAIN = timedelta(minutes=1)
#: A person's calls are noted when the org's count moved by so many, or this often: a write for each would cost more.
NOTED_EACH = 25
NOTED_AFTER = timedelta(minutes=1)
DAY = timedelta(hours=24)

_in_background: contextvars.ContextVar[bool] = contextvars.ContextVar("salesforce_background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """What is asked for within is nobody's waiting: it leaves the rest of the allowance to people."""
    token = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(token)


def is_background() -> bool:
    return _in_background.get()


def admit(org: SalesforceOrg) -> None:
    """Raises QuotaSpent where this call has to wait. For a person's call it asks the cache alone."""
    now = timezone.now()
    if not is_background():
        used, allowed, seen_at = _noted(org)
        if used < allowed and now.timestamp() - seen_at < PERSON_LOOKS_AGAIN.total_seconds():
            _stop_at(INTERACTIVE_STOPS_AT, used, allowed, datetime.fromtimestamp(seen_at, UTC), PERSON_LOOKS_AGAIN)
        # Where all is spent Salesforce refuses by itself, which costs nothing and says when it is over.
        return
    budget = ApiBudget.objects.filter(salesforce_org=org).first()
    if budget is None or not budget.allowed:
        return
    if budget.seen_at is not None and now - budget.seen_at < LOOK_AGAIN:
        _stop_at(BACKGROUND_STOPS_AT, budget.used, budget.allowed, budget.seen_at, LOOK_AGAIN)
    _share(org, budget, now)


def _stop_at(share: float, used: int, allowed: int, seen_at: datetime, again: timedelta) -> None:
    if used >= allowed * share:
        until = seen_at + again
        raise QuotaSpent(gettext_noop("The org's calls for today are nearly used up."), code="GOVERNOR", until=until)


def _noted(org: SalesforceOrg) -> tuple[int, int, float]:
    """(used, allowed, when as a timestamp), as far as the cache knows."""
    noted = cache.get(_key(org)) or (0, 0, 0.0)
    return int(noted[0]), int(noted[1]), float(noted[2])


def _key(org: SalesforceOrg) -> str:
    return f"api-budget:{org.organisation_id}:{org.pk}"


def _share(org: SalesforceOrg, budget: ApiBudget, now: datetime) -> None:
    percent = of_organisation(org.organisation_id, "salesforce_background_percent")
    uses = ApiUse.objects.filter(salesforce_org=org, hour__gt=now - DAY)
    spent = uses.aggregate(all=Sum("background"))["all"] or 0
    if spent * 100 >= budget.allowed * percent:
        until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        raise QuotaSpent(
            gettext_noop("Background work has used its share of the org's calls."), code="GOVERNOR_SHARE", until=until
        )


def observe(org: SalesforceOrg, usage: ApiUsage) -> None:
    """After a call: what the org said, and that it was one of ours."""
    now = timezone.now()
    if is_background():
        _note(org, usage, now)
        _count(org, now, background=1)
        return
    used, allowed, seen_at = _noted(org)
    moved = usage.used < used or usage.used >= used + NOTED_EACH or usage.allowed != allowed
    if moved or now.timestamp() - seen_at > NOTED_AFTER.total_seconds():
        _note(org, usage, now)
        _count(org, now, interactive=max(usage.used - used, 1) if used else 1)


def _note(org: SalesforceOrg, usage: ApiUsage, now: datetime) -> None:
    cache.set(_key(org), (usage.used, usage.allowed, now.timestamp()), LOOK_AGAIN.total_seconds())
    mine = ApiBudget.objects.filter(salesforce_org=org)
    if not mine.update(used=usage.used, allowed=usage.allowed, seen_at=now):
        _begin(org, usage, now)


def _begin(org: SalesforceOrg, usage: ApiUsage, now: datetime) -> None:
    ApiBudget.objects.get_or_create(
        salesforce_org=org,
        defaults={
            "organisation_id": org.organisation_id,
            "used": usage.used,
            "allowed": usage.allowed,
            "seen_at": now,
        },
    )


def _count(org: SalesforceOrg, now: datetime, *, background: int = 0, interactive: int = 0) -> None:
    mine = ApiUse.objects.filter(salesforce_org=org, hour=now.replace(minute=0, second=0, microsecond=0))
    added = {"background": F("background") + background, "interactive": F("interactive") + interactive}
    if mine.update(**added):
        return
    # The first of the hour: of several processes one makes the row, and each adds to it.
    row = ApiUse(
        organisation_id=org.organisation_id,
        salesforce_org=org,
        hour=now.replace(minute=0, second=0, microsecond=0),
    )
    ApiUse.objects.bulk_create([row], ignore_conflicts=True)
    mine.update(**added)
