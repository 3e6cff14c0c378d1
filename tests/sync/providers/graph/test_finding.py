"""Finding by category and by words: what is put into a query is data, never a part of it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from sync import errors
from sync.providers.graph.client import GraphMailbox
from sync.providers.graph.queries import instant, keywords, literal, with_query
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import asked, failure

MESSAGES = f"{GRAPH}/me/messages"
_letters = st.one_of(st.sampled_from("'\"\\()*:<>=+-&#%/?$, \n\t"), st.characters(exclude_categories=["Cs"]))
nasty = st.text(alphabet=_letters, max_size=40)
tricky = st.one_of(
    nasty, st.lists(st.sampled_from(["AND", "NOT", "from:", '"', "OR", "a*", "(b)", "NEAR(2)"])).map(" ".join)
)


def row(name: str, *categories: str, received: str = "2026-11-20T09:30:05Z") -> dict[str, Any]:
    return {"id": name, "categories": list(categories), "receivedDateTime": received}


@given(nasty)
def test_a_literal_is_one_literal_with_the_text_in_it(text: str) -> None:
    quoted = literal(text)
    assert re.fullmatch(r"'(?:[^']|'')*'", quoted)
    assert quoted[1:-1].replace("''", "'") == text


@given(nasty, nasty)
def test_a_query_comes_out_of_its_address_as_it_went_in(first: str, second: str) -> None:
    query = {"$filter": "categories/any(c:c eq " + literal(first) + ")", "$search": "x" + second}
    address = urlsplit(with_query("/me/messages", query))
    assert (address.path, address.fragment) == ("/me/messages", "")
    assert {name: values[0] for name, values in parse_qs(address.query, strict_parsing=True).items()} == query


@given(tricky)
def test_a_search_holds_words_and_nothing_else(text: str) -> None:
    searched = keywords(text)
    if not searched:
        assert not any(unicodedata.category(letter)[0] in "LMN" for letter in text.lower())
        return
    assert (searched[0], searched[-1]) == ('"', '"')
    inside = searched[1:-1]
    assert all(letter == " " or unicodedata.category(letter)[0] in "LMN" for letter in inside)
    assert not {"AND", "OR", "NOT", "NEAR", "ONEAR", "XRANK", "WORDS"} & set(inside.split())
    assert "".join(inside.split()) == "".join(one for one in text.lower() if unicodedata.category(one)[0] in "LMN")


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("Renewal 2027", '"renewal 2027"'),
        ('from:ceo" OR "x', '"from ceo or x"'),
        ("ref:_00D12._50034:ref", '"ref 00d12 50034 ref"'),
        ("Verlängerung नमस्ते", '"verlängerung नमस्ते"'),
        (' "*:\\ ', ""),
    ],
)
def test_the_words_of_a_search(text: str, searched: str) -> None:
    assert keywords(text) == searched


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1900))
def test_an_instant_is_in_whole_seconds_and_not_later(moment: datetime) -> None:
    read = datetime.fromisoformat(instant(moment))
    assert 0 <= (moment - read).total_seconds() < 1


def test_a_category_is_found_newest_first_in_one_call(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    rows = [
        row("AAk1", "Salesforce", received="2026-11-18T09:30:05Z"),
        row("AAk2", "salesFORCE", "Red", received="2026-11-20T09:30:05Z"),
        row("AAk3", "Salesforce/Sub"),
        row("AAk4", "Not Salesforce"),
    ]
    route = graph.get(MESSAGES).respond(json={"value": rows})
    assert mailbox.marked("Salesforce") == ("AAk2", "AAk1")
    query = route.calls.last.request.url.params
    assert query["$filter"] == "receivedDateTime ge 1900-01-01T00:00:00Z and categories/any(c:c eq 'Salesforce')"
    assert (query["$orderby"], query["$top"]) == ("receivedDateTime desc", "1000")
    assert route.call_count == 1


def test_a_quote_in_a_category_is_data(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    route = graph.get(MESSAGES).respond(json={"value": [row("AAk1", "Bob's & co")]})
    assert mailbox.marked("Bob's & co") == ("AAk1",)
    assert route.calls.last.request.url.params["$filter"].endswith("categories/any(c:c eq 'Bob''s & co')")


def test_where_sorting_is_too_complex_there_is_no_sorting(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.get(MESSAGES, params__contains={"$orderby": "receivedDateTime desc"}).respond(
        400, json=failure("InefficientFilter")
    )
    old, new = row("AAk1", "S", received="2026-11-18T09:30:05Z"), row("AAk2", "S")
    graph.get(MESSAGES, params__contains={"$filter": "categories/any(c:c eq 'S')"}).respond(json={"value": [old, new]})
    assert mailbox.marked("S") == ("AAk2", "AAk1")


def test_another_refusal_of_a_category_is_not_tried_again(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    graph.get(MESSAGES).respond(400, json=failure("BadRequest"))
    with pytest.raises(errors.Refused):
        mailbox.marked("S")
    assert len(graph.calls) == 1


def test_a_category_ends_at_a_thousand(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    rows = [row(f"AAk{number}", "S") for number in range(400)]
    graph.get(MESSAGES).respond(json={"value": rows, "@odata.nextLink": f"{MESSAGES}?$skip=400"})
    assert len(mailbox.marked("S")) == 1_000
    assert len(graph.calls) == 3


def test_words_are_searched_as_far_as_the_limit(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    first = {"value": [{"id": f"AAk{number}"} for number in range(250)], "@odata.nextLink": f"{MESSAGES}?$skiptoken=s"}
    graph.get(MESSAGES, params__contains={"$skiptoken": "s"}).respond(json=first)
    route = graph.get(MESSAGES, params__contains={"$search": '"renewal 2027"'}).respond(json=first)
    assert mailbox.search("Renewal: 2027", limit=3) == ("AAk0", "AAk1", "AAk2")
    assert len(mailbox.search("Renewal 2027", limit=300)) == 300
    query = route.calls.last.request.url.params
    assert (query["$top"], query["$select"]) == ("250", "id")
    assert not {"$filter", "$orderby"} & set(query), "Graph refuses them beside a search"
    assert len(asked(graph)) == 3


def test_no_words_find_nothing_without_a_call(graph: respx.MockRouter, mailbox: GraphMailbox) -> None:
    assert mailbox.search(' "": ') == ()
    assert len(graph.calls) == 0


def test_the_applications_token_looks_into_a_named_mailbox(graph: respx.MockRouter) -> None:
    route = graph.get(f"{GRAPH}/users/8f-oid/messages").respond(json={"value": []})
    box = GraphMailbox(FakeTokens(), mailbox="8f-oid")
    assert box.marked("S") == ()
    assert box.search("words") == ()
    assert route.call_count == 2
