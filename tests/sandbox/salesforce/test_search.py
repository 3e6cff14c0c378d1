"""SOSL and parameterized search."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Person, error_of


def _find(person: Person, text: str) -> list[dict[str, Any]]:
    answer = person.get("search/", params={"q": text})
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = answer.json()["searchRecords"]
    return records


def test_words_are_found_in_the_fields_and_objects_that_are_named(mia: Person) -> None:
    found = _find(
        mia,
        "FIND {dana ruiz} IN NAME FIELDS RETURNING Contact(Id, Name, Account.Name WHERE Email != null LIMIT 5), Lead",
    )
    assert [(row["attributes"]["type"], row["Name"]) for row in found] == [("Contact", "Dana Ruiz")]
    assert found[0]["Account"]["Name"] == "Northwind Ltd"
    assert _find(mia, "FIND {dana} IN EMAIL FIELDS RETURNING Contact(Name)")[0]["Name"] == "Dana Ruiz"
    assert _find(mia, "FIND {ruiz dana OR nobodyatall} RETURNING Contact(Name)")
    assert _find(mia, "FIND {00012877} IN NAME FIELDS RETURNING Case(CaseNumber)")[0]["CaseNumber"] == "00012877"


def test_a_star_stands_for_the_rest_of_a_word(mia: Person) -> None:
    assert _find(mia, "FIND {northw} RETURNING Account(Name)") == []
    assert _find(mia, "FIND {northw*} IN NAME FIELDS RETURNING Account(Name)")[0]["Name"] == "Northwind Ltd"


def test_escaped_characters_are_text(mia: Person) -> None:
    mia.create("Account", Name="Fish & Chips (Leeds)")
    assert len(_find(mia, r"FIND {Fish \& Chips \(Leeds\)} RETURNING Account(Name)")) == 1
    assert len(_find(mia, r"FIND {dana\@northwind.example} IN EMAIL FIELDS RETURNING Contact")) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FIND dana", "MALFORMED_SEARCH"),
        ("FIND {a}", "MALFORMED_SEARCH"),
        ("FIND {dana & ruiz}", "MALFORMED_SEARCH"),
        ("FIND {dana} IN SOME FIELDS", "MALFORMED_SEARCH"),
        ("FIND {dana} RETURNING Contact(Id", "MALFORMED_SEARCH"),
        ("FIND {dana} RETURNING Nothing(Id)", "INVALID_TYPE"),
        ("FIND {dana} RETURNING Contact(Foo)", "INVALID_FIELD"),
    ],
)
def test_a_search_is_refused(mia: Person, text: str, code: str) -> None:
    assert error_of(mia.get("search", params={"q": text})) == (400, code)


def test_a_search_by_parameters(mia: Person) -> None:
    body = {
        "q": "dana",
        "in": "NAME",
        "fields": ["Id", "Name"],
        "sobjects": [{"name": "Contact", "limit": 3}],
        "overallLimit": 5,
    }
    found = mia.post("parameterizedSearch", body).json()["searchRecords"]
    assert [row["Name"] for row in found] == ["Dana Ruiz"]
    found = mia.get("parameterizedSearch", params={"q": "dana", "sobject": "Contact", "fields": "Name"}).json()
    assert [row["Name"] for row in found["searchRecords"]] == ["Dana Ruiz"]


def test_a_limit_of_a_search_is_a_number(mia: Person) -> None:
    for wrong in ({"overallLimit": "many"}, {"defaultLimit": -1}):
        answer = mia.post("parameterizedSearch", {"q": "dana", "sobjects": [{"name": "Contact"}], **wrong})
        assert error_of(answer) == (400, "MALFORMED_SEARCH")


def test_a_search_finds_what_the_user_sees(mia: Person, tom: Person) -> None:
    account = mia.create("Account", Name="Mia's")
    mia.create("Opportunity", Name="Zeppelin", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    text = "FIND {zeppelin} RETURNING Opportunity(Name)"
    assert [len(_find(person, text)) for person in (mia, tom)] == [1, 0]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("(dana* OR oliver*) AND northwind*", {"Dana Ruiz", "Oliver Hartnell"}),
        ("northwind* AND NOT dana*", {"Oliver Hartnell", "Amara Nwosu", "Zbigniew Król"}),
        ("d?na", {"Dana Ruiz"}),
        ("d*a AND ruiz", {"Dana Ruiz"}),
        ('"dana ruiz"', {"Dana Ruiz"}),
        ('"ruiz dana"', set()),
    ],
)
def test_words_are_joined_and_have_wildcards(mia: Person, expression: str, found: set[str]) -> None:
    rows = _find(
        mia, f"FIND {{{expression}}} RETURNING Contact(Name WHERE Account.Name = 'Northwind Ltd' ORDER BY Name LIMIT 9)"
    )
    assert {row["Name"] for row in rows} == found


def test_a_limit_for_all_objects_together(mia: Person) -> None:
    text = "FIND {northwind*} RETURNING Contact(Name ORDER BY Name LIMIT 3), Account(Name)"
    assert len(_find(mia, text)) == 4
    assert len(_find(mia, f"{text} LIMIT 2")) == 2


@pytest.mark.parametrize(
    "expression", ["(dana", "dana)", "dana AND", "OR dana", "dana AND NOT", "*na", "NOT dana", '"da']
)
def test_an_expression_that_cannot_be_read(mia: Person, expression: str) -> None:
    text = f"FIND {{{expression}}} RETURNING Contact"
    assert error_of(mia.get("search", params={"q": text})) == (400, "MALFORMED_SEARCH")


def test_the_index_may_lag_behind(mia: Person, org: Any) -> None:
    mia.post("/_sandbox/org", {"search_lag": 30})
    mia.create("Contact", LastName="Latecomer")
    assert _find(mia, "FIND {latecomer} RETURNING Contact") == []
    org.clock.advance(31)
    assert len(_find(mia, "FIND {latecomer} RETURNING Contact")) == 1
    assert mia.post("/_sandbox/org", {"search_lag": -1}).status_code == 400


def test_names_that_begin_with_what_is_typed(mia: Person) -> None:
    body = mia.get("search/suggestions?q=northw&sobject=Account,Contact").json()
    assert [one["Name"] for one in body["autoSuggestResults"]] == ["Northwind Ltd"]
    assert not body["hasMoreResults"]
    for query in ("q=no&sobject=Account", "q=northw", "q=northw&sobject=Account&limit=x"):
        assert error_of(mia.get(f"search/suggestions?{query}")) == (400, "MALFORMED_SEARCH")
    assert error_of(mia.get("search/suggestions?q=northw&sobject=Nothing__c")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("expression", ["(" * 300 + "dana" + ")" * 300, "a" + "*a" * 40])
def test_an_expression_that_keeps_the_server_busy(mia: Person, expression: str) -> None:
    text = f"FIND {{{expression}}} RETURNING Contact"
    assert error_of(mia.get("search", params={"q": text})) == (400, "MALFORMED_SEARCH")
