"""Calls to Salesforce: one renewal, typed errors, what counts as unknown."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from sync import errors
from sync.providers.salesforce.client import ApiUsage, SalesforceClient, Subrequest
from tests.sync.providers.fakes import BASE, INSTANCE, FakeTokens, error_body

EXPIRED = error_body("INVALID_SESSION_ID", "Session expired or invalid")


@responses.activate
def test_it_renews_once_and_replays_once_on_an_expired_session() -> None:
    responses.get(BASE + "limits", json=EXPIRED, status=401)
    responses.get(BASE + "limits", json={"DailyApiRequests": {}}, status=200)
    tokens = FakeTokens("old", "new")

    assert SalesforceClient(tokens).get("limits") == {"DailyApiRequests": {}}

    assert tokens.rejected == ["old"]
    assert [call.request.headers["Authorization"] for call in responses.calls] == ["Bearer old", "Bearer new"]


@responses.activate
def test_a_second_rejection_asks_for_a_new_connection_and_stops() -> None:
    responses.get(BASE + "limits", json=EXPIRED, status=401)
    tokens = FakeTokens("old", "new", "newer")

    with pytest.raises(errors.NeedsReconnect):
        SalesforceClient(tokens).get("limits")

    assert len(responses.calls) == 2
    assert tokens.rejected == ["old"]


@responses.activate
def test_a_renewal_that_fails_leaves_it_at_one_call() -> None:
    responses.get(BASE + "limits", json=EXPIRED, status=401)
    with pytest.raises(errors.NeedsReconnect):
        SalesforceClient(FakeTokens("only")).get("limits")
    assert len(responses.calls) == 1


@responses.activate
def test_it_follows_the_instance_address_that_a_renewal_brings() -> None:
    class Moved(FakeTokens):
        def renew(self, rejected: str) -> str:
            self.instance_url = "https://moved.my.salesforce.com"
            return super().renew(rejected)

    responses.get(BASE + "limits", json=EXPIRED, status=401)
    responses.get("https://moved.my.salesforce.com/services/data/v66.0/limits", json={"here": {}})
    assert SalesforceClient(Moved("old", "new")).get("limits") == {"here": {}}


@responses.activate
def test_it_notes_how_much_of_the_allowance_is_used_also_when_refused() -> None:
    client = SalesforceClient(FakeTokens())
    responses.get(BASE + "limits", json={"a": 1}, headers={"Sforce-Limit-Info": "api-usage=18/5000"})
    client.get("limits")
    assert client.api_usage == ApiUsage(18, 5000)

    responses.get(
        BASE + "query",
        json=error_body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        status=403,
        headers={"Sforce-Limit-Info": "api-usage=5000/5000, per-app-api-usage=17/250(appName=other)"},
    )
    with pytest.raises(errors.QuotaSpent):
        client.query("SELECT Id FROM Account")
    assert client.api_usage == ApiUsage(5000, 5000)


@responses.activate
def test_each_answer_that_tells_of_the_allowance_is_reported() -> None:
    told: list[ApiUsage] = []
    client = SalesforceClient(FakeTokens("old", "new"), observe=told.append)
    responses.get(BASE + "limits", json=EXPIRED, status=401)
    responses.get(BASE + "limits", json={"a": 1}, headers={"Sforce-Limit-Info": "api-usage=18/5000"})
    responses.get(BASE + "query", json=error_body("X"), status=400, headers={"Sforce-Limit-Info": "api-usage=19/5000"})
    client.get("limits")
    with pytest.raises(errors.Refused):
        client.query("SELECT Id FROM Account")
    assert told == [ApiUsage(18, 5000), ApiUsage(19, 5000)]


@responses.activate
def test_the_governor_is_asked_ahead_of_each_call_and_may_forbid_it() -> None:
    asked: list[int] = []

    def before() -> None:
        asked.append(len(responses.calls))
        if len(asked) > 3:
            raise errors.QuotaSpent("the share of background work")

    responses.get(BASE + "limits", json=EXPIRED, status=401)
    responses.get(BASE + "limits", json={"a": 1})
    responses.get(INSTANCE + "/services/data/", json=[{"version": "66.0"}])
    client = SalesforceClient(FakeTokens("old", "new"), before=before)
    client.get("limits")
    assert client.versions() == ("66.0",)
    for forbidden in (lambda: client.post("sobjects/Task", {}), lambda: client.get("limits"), client.versions):
        with pytest.raises(errors.QuotaSpent):
            forbidden()
    assert asked == [0, 1, 2, 3, 3, 3]
    assert len(responses.calls) == 3


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (409, "UNABLE_TO_LOCK_ROW", errors.Conflict),
        (400, "UNABLE_TO_LOCK_ROW", errors.Conflict),
        (404, "ENTITY_IS_DELETED", errors.Gone),
        (404, "NOT_FOUND", errors.Gone),
        (400, "INVALID_CROSS_REFERENCE_KEY", errors.Gone),
        (400, "MALFORMED_ID", errors.Refused),
        (400, "INVALID_FIELD", errors.Refused),
        (400, "INVALID_TYPE", errors.Refused),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", errors.Forbidden),
        (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", errors.Forbidden),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", errors.Refused),
        (400, "REQUIRED_FIELD_MISSING", errors.Refused),
        (400, "DUPLICATES_DETECTED", errors.Refused),
        (400, "DUPLICATE_VALUE", errors.Conflict),
        (400, "INVALID_EVENTWHOIDS", errors.Refused),
        (400, "STORAGE_LIMIT_EXCEEDED", errors.QuotaSpent),
        (403, "API_DISABLED_FOR_ORG", errors.Forbidden),
        (403, "REQUEST_LIMIT_EXCEEDED", errors.QuotaSpent),
        (400, "QUERY_TIMEOUT", errors.Unavailable),
        (500, "UNKNOWN_EXCEPTION", errors.Unavailable),
        (429, "", errors.Throttled),
        (500, "", errors.Unavailable),
        (502, "", errors.Unavailable),
        (503, "SERVER_UNAVAILABLE", errors.Unavailable),
        (302, "", errors.Unavailable),
    ],
)
@responses.activate
def test_every_code_of_a_read_has_its_error(status: int, code: str, expected: type[errors.ProviderError]) -> None:
    body: Any = error_body(code, "why", ["Email"]) if code else None
    responses.get(BASE + "limits", status=status, **({"json": body} if body else {"body": "<html>"}))
    with pytest.raises(errors.ProviderError) as caught:
        SalesforceClient(FakeTokens()).get("limits")
    assert type(caught.value) is expected
    assert caught.value.code == (code or f"HTTP_{status}")
    if code:
        assert caught.value.message == "why"


@responses.activate
def test_a_validation_names_its_field() -> None:
    body = error_body("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Write the subject", ["Subject"])
    responses.post(BASE + "sobjects/Task", json=body, status=400)
    with pytest.raises(errors.Refused) as caught:
        SalesforceClient(FakeTokens()).post("sobjects/Task", {})
    assert (caught.value.field, caught.value.message) == ("Subject", "Write the subject")


@responses.activate
def test_too_many_calls_at_once_are_a_throttle_although_the_code_says_limit() -> None:
    body = error_body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    responses.get(BASE + "limits", json=body, status=403, headers={"Retry-After": "7"})
    with pytest.raises(errors.Throttled) as caught:
        SalesforceClient(FakeTokens()).get("limits")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@responses.activate
def test_a_server_error_after_a_write_is_ambiguous(status: int) -> None:
    responses.post(BASE + "sobjects/Task", body="oops", status=status, headers={"Retry-After": "3"})
    with pytest.raises(errors.Ambiguous):
        SalesforceClient(FakeTokens()).post("sobjects/Task", {})
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("failure", "for_write"),
    [
        (requests.ReadTimeout("slow"), errors.Ambiguous),
        (requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())), errors.Ambiguous),
        (requests.exceptions.ChunkedEncodingError("cut"), errors.Ambiguous),
        (requests.exceptions.SSLError(OSError("EOF occurred in violation of protocol")), errors.Ambiguous),
        (requests.ConnectTimeout("no route"), errors.Unavailable),
        (
            requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused"))),  # type: ignore[arg-type]
            errors.Unavailable,
        ),
    ],
)
@responses.activate
def test_silence_after_a_write_is_ambiguous_unless_nothing_was_sent(
    failure: requests.RequestException, for_write: type[errors.ProviderError]
) -> None:
    responses.post(BASE + "sobjects/Task", body=failure)
    responses.get(BASE + "limits", body=failure)
    client = SalesforceClient(FakeTokens())
    with pytest.raises(errors.ProviderError) as caught:
        client.post("sobjects/Task", {})
    assert type(caught.value) is for_write
    with pytest.raises(errors.Unavailable):
        client.get("limits")


@responses.activate
def test_an_unreadable_answer_is_none() -> None:
    responses.get(BASE + "limits", body="<html>maintenance</html>", status=200)
    responses.post(BASE + "composite", json={"unexpected": []}, status=200)
    client = SalesforceClient(FakeTokens())
    with pytest.raises(errors.Unavailable):
        client.get("limits")
    part = Subrequest("one", "POST", client.sobject_url("Task"), {})
    with pytest.raises(errors.Ambiguous):
        client.composite([part], all_or_none=True, writes=True)


@responses.activate
def test_a_redirect_to_another_host_is_not_followed_with_the_token() -> None:
    responses.get(BASE + "limits", status=302, headers={"Location": "https://elsewhere.example/"})
    elsewhere = responses.get("https://elsewhere.example/", json={"got": "it"})
    with pytest.raises(errors.Unavailable):
        SalesforceClient(FakeTokens()).get("limits")
    assert elsewhere.call_count == 0
