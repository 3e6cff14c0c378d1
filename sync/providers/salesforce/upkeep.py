"""What the engine asks an org now and then: what was deleted, what a user sees, how much of the allowance is used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.salesforce import soql
from sync.providers.salesforce.client import ApiUsage, SalesforceClient
from sync.providers.salesforce.queries import run_queries

_OUT_OF_REACH = "INVALID_REPLICATION_DATE"


def read_deleted(
    client: SalesforceClient, object_name: str, since: datetime, until: datetime
) -> tuple[frozenset[str], datetime]:
    """The ids (18 characters) deleted between two aware moments, and until when Salesforce has told of all: ask from
    there next time. One call; none where the two lie in one minute, since Salesforce leaves seconds out of account.

    Only what the client's user could see. Raises `CursorExpired` where `since` lies more than 30 days back.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getdeleted.htm
    """
    if _minute(since) >= _minute(until):
        return frozenset(), since
    span = {"start": _written(since), "end": _written(until)}
    try:
        answer = client.get("sobjects/" + object_name + "/deleted/", span)
    except errors.Refused as refused:
        if refused.code == _OUT_OF_REACH:
            raise errors.CursorExpired(refused.message, code=refused.code) from None
        raise
    try:
        ids = frozenset(str(record["id"]) for record in answer["deletedRecords"])
        covered = datetime.fromisoformat(answer["latestDateCovered"])
    except (KeyError, TypeError, ValueError):
        raise _unreadable() from None
    return ids, covered


def read_limits(client: SalesforceClient) -> ApiUsage:
    """The org's calls in the last 24 hours and how many it may make. Costs one of them.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm
    """
    answer: Any = client.get("limits")
    try:
        daily = answer["DailyApiRequests"]
        allowed, left = int(daily["Max"]), int(daily["Remaining"])
    except (KeyError, TypeError, ValueError):
        raise _unreadable() from None
    return ApiUsage(allowed - left, allowed)


def visible_ids(client: SalesforceClient, asked: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Which of these records (ids by object) the client's user sees. One call for each five objects.

    Ids that belong to none of the objects, or to an object that is closed to this user, count as not seen. Raises what
    the client raises where the call failed as a whole.
    """
    queries = {name: soql.those(name, sorted(ids)) for name, ids in asked.items() if ids}
    answers = run_queries(client, queries)
    found: set[str] = set()
    for answer in answers.values():
        if isinstance(answer, errors.ProviderError):
            if isinstance(answer, errors.Refused | errors.Forbidden | errors.Gone):
                continue
            raise answer
        found |= {str(row["Id"]) for row in answer}
    return frozenset(found)


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _unreadable() -> errors.Unavailable:
    return errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
