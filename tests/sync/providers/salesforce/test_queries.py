"""Many queries in few calls, every page of them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from sync import errors
from sync.providers.salesforce import queries
from sync.providers.salesforce.client import MAX_URI_BYTES, SalesforceClient
from sync.providers.salesforce.queries import fitting, run_queries
from tests.sync.providers.fakes import BASE, FakeTokens, error_body, on_composite, page, sent_json


def run(*names: str) -> dict[str, Any]:
    return run_queries(SalesforceClient(FakeTokens()), {name: f"SELECT {name} FROM X" for name in names})


def on_urls(pages: dict[str, Any]) -> None:
    """Answers each part by its query's text or by its address."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        answers = []
        for part in sent_json(request)["compositeRequest"]:
            asked = parse_qs(urlsplit(part["url"]).query).get("q", [part["url"]])[0]
            given = pages[asked]
            status, body = given if isinstance(given, tuple) else (200, given)
            answers.append({"referenceId": part["referenceId"], "httpStatusCode": status, "body": body})
        return 200, {}, json.dumps({"compositeResponse": answers})

    responses.add_callback(responses.POST, BASE + "composite", callback=answer)


def more(url: str, *records: dict[str, Any]) -> dict[str, Any]:
    return {"totalSize": 9, "done": False, "nextRecordsUrl": "/services/data/v66.0/query/" + url, "records": [*records]}


@responses.activate
def test_five_queries_are_one_call_and_the_sixth_is_another() -> None:
    on_composite({f"q{n}": page({"Id": str(n)}) for n in range(6)})
    assert run(*(f"q{n}" for n in range(6))) == {f"q{n}": [{"Id": str(n)}] for n in range(6)}
    counts = [len(sent_json(call.request)["compositeRequest"]) for call in responses.calls]
    assert counts == [5, 1]


@responses.activate
def test_pages_are_followed_together_those_of_children_too() -> None:
    large = {"Id": "1", "Contacts": more("01gC-200", {"Id": "c1"}), "Cases": None}
    on_urls(
        {
            "SELECT a FROM X": more("01gA-2000", large),
            "SELECT b FROM X": more("01gB-2000", {"Id": "b1"}),
            "/services/data/v66.0/query/01gA-2000": more("01gA-4000", {"Id": "2"}),
            "/services/data/v66.0/query/01gB-2000": page({"Id": "b2"}),
            "/services/data/v66.0/query/01gC-200": page({"Id": "c2"}),
            "/services/data/v66.0/query/01gA-4000": page({"Id": "3"}),
        }
    )
    found = run("a", "b")
    assert [record["Id"] for record in found["a"]] == ["1", "2", "3"]
    assert [record["Id"] for record in found["a"][0]["Contacts"]["records"]] == ["c1", "c2"]
    assert [record["Id"] for record in found["b"]] == ["b1", "b2"]
    counts = [len(sent_json(call.request)["compositeRequest"]) for call in responses.calls]
    assert counts == [2, 3, 1]


@pytest.mark.parametrize(
    "answer",
    [
        (400, error_body("INVALID_QUERY_LOCATOR")),
        {"records": {}},
        {"done": False, "records": []},
        {"done": False, "records": [], "nextRecordsUrl": "https://elsewhere.example/"},
    ],
)
@responses.activate
def test_a_page_that_fails_fails_its_query_only(answer: Any) -> None:
    on_urls(
        {
            "SELECT a FROM X": more("01gA-2000", {"Id": "1"}),
            "SELECT b FROM X": page({"Id": "b1"}),
            "/services/data/v66.0/query/01gA-2000": answer,
        }
    )
    found = run("a", "b")
    assert isinstance(found["a"], errors.ProviderError)
    assert found["b"] == [{"Id": "b1"}]


@responses.activate
def test_a_query_without_an_end_is_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_PAGES", 3)
    on_urls(
        {
            "SELECT a FROM X": more("01gA-1", {"Id": "1"}),
            "SELECT b FROM X": page({"Id": "b1"}),
            "/services/data/v66.0/query/01gA-1": more("01gA-1", {"Id": "1"}),
        }
    )
    found = run("a", "b")
    assert found["a"].code == "TOO_MANY_ROWS"
    assert found["b"] == [{"Id": "b1"}]
    assert len(responses.calls) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((403, error_body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")), errors.QuotaSpent),
        ((403, error_body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")), errors.Throttled),
        ((401, error_body("INVALID_SESSION_ID")), errors.NeedsReconnect),
    ],
)
@responses.activate
def test_limits_within_a_call_are_those_of_the_call(answer: Any, expected: type[Exception]) -> None:
    on_composite({"a": page(), "b": answer})
    with pytest.raises(expected):
        run("a", "b")


@responses.activate
def test_no_query_is_no_call() -> None:
    assert run() == {}
    assert len(responses.calls) == 0


def test_items_go_into_as_few_queries_as_an_address_has_room_for() -> None:
    client = SalesforceClient(FakeTokens())

    def query(some: Any) -> str:
        return "SELECT Id FROM X WHERE Y IN (" + ",".join(some) + ")"

    items = [f"'{n:05}'" for n in range(5000)] + ["'" + "x" * MAX_URI_BYTES + "'", "'last'"]
    parts, too_long = fitting(client, items, query)
    assert [item for part in parts for item in part] == [*items[:5000], "'last'"]
    assert too_long == (items[5000],)
    for part, following in pairwise(parts[:-1]):
        assert len(client.query_url(query(part))) <= MAX_URI_BYTES
        assert len(client.query_url(query([*part, following[0]]))) > MAX_URI_BYTES
    assert fitting(client, [], query) == ([], ())
