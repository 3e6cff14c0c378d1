"""What was deleted lately, and how much of the allowance is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import responses
from responses.matchers import query_param_matcher

from sync import errors
from sync.providers.salesforce.client import ApiUsage, SalesforceClient
from sync.providers.salesforce.upkeep import read_deleted, read_limits
from tests.sync.providers.fakes import BASE, FakeTokens, error_body

SINCE = datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=1)))
UNTIL = datetime(2026, 11, 20, 9, 30, 59, tzinfo=UTC)
DELETED = BASE + "sobjects/EmailMessage/deleted/"


def deleted() -> tuple[frozenset[str], datetime]:
    return read_deleted(SalesforceClient(FakeTokens()), "EmailMessage", SINCE, UNTIL)


@responses.activate
def test_the_moments_are_asked_in_utc_and_the_plus_survives_the_address() -> None:
    responses.get(
        DELETED,
        match=[query_param_matcher({"start": "2026-11-20T09:00:00+00:00", "end": "2026-11-20T09:30:59+00:00"})],
        json={
            "deletedRecords": [{"id": "02s000000000001AAA", "deletedDate": "2026-11-20T09:01:00.000+0000"}],
            "earliestDateAvailable": "2026-10-21T00:00:00.000+0000",
            "latestDateCovered": "2026-11-20T09:29:00.000+0000",
        },
    )
    assert deleted() == (frozenset({"02s000000000001AAA"}), datetime(2026, 11, 20, 9, 29, tzinfo=UTC))
    assert "%2B00%3A00" in str(responses.calls[0].request.url)


@responses.activate
def test_further_back_than_salesforce_remembers_is_an_expired_cursor() -> None:
    message = "startDate before org replication enabled date"
    responses.get(DELETED, json=error_body("INVALID_REPLICATION_DATE", message), status=400)
    with pytest.raises(errors.CursorExpired):
        deleted()


@responses.activate
def test_another_refusal_stays_one() -> None:
    responses.get(DELETED, json=error_body("EXCEEDED_ID_LIMIT", "too many deleted"), status=400)
    with pytest.raises(errors.Refused):
        deleted()


@responses.activate
def test_within_one_minute_nothing_is_asked() -> None:
    client = SalesforceClient(FakeTokens())
    assert read_deleted(client, "EmailMessage", SINCE, SINCE + timedelta(seconds=59)) == (frozenset(), SINCE)
    assert len(responses.calls) == 0


@pytest.mark.parametrize("answer", [{}, [], {"deletedRecords": [{}]}, {"deletedRecords": [], "latestDateCovered": "?"}])
@responses.activate
def test_an_answer_of_another_form_is_none(answer: Any) -> None:
    responses.get(DELETED, json=answer)
    with pytest.raises(errors.Unavailable):
        deleted()


@responses.activate
def test_the_allowance_is_what_is_used_of_what_is_allowed() -> None:
    responses.get(BASE + "limits", json={"DailyApiRequests": {"Max": 5000, "Remaining": 4982}})
    assert read_limits(SalesforceClient(FakeTokens())) == ApiUsage(18, 5000)


@responses.activate
def test_limits_without_the_allowance_are_no_answer() -> None:
    responses.get(BASE + "limits", json={"DataStorageMB": {"Max": 5, "Remaining": 5}})
    with pytest.raises(errors.Unavailable):
        read_limits(SalesforceClient(FakeTokens()))
