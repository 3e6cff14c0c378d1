"""What is put into a query is compared as data, never read as a part of the query."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.providers.salesforce import soql

SINCE = date(2025, 11, 23)
CREATED = datetime(2026, 8, 25, 12, 0, tzinfo=UTC)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
# Stand for an escaped % and _ in a LIKE pattern, so that they are told from the wildcards.
_LIKE = {"%": "\ue000", "_": "\ue001"}
_letters = st.one_of(st.sampled_from("'\"\\%_\n\r\t{}()%;-/*@. "), st.characters(exclude_characters="\ue000\ue001"))
nasty = st.text(alphabet=_letters, min_size=1, max_size=40)


def strings_of(query: str) -> tuple[list[str], str]:
    """The string literals of a query, unescaped as Salesforce does, and the query with each replaced by ?."""
    found: list[str] = []
    rest = ""
    place = 0
    while place < len(query):
        if query[place] != "'":
            rest += query[place]
            place += 1
            continue
        value, place = "", place + 1
        while query[place] != "'":
            if query[place] == "\\":
                escaped = query[place + 1]
                value += _LIKE[escaped] if escaped in _LIKE else _ESCAPES[escaped]
                place += 2
            else:
                assert query[place] not in "\n\r", "a literal ends with its line"
                value += query[place]
                place += 1
        found.append(value)
        rest += "?"
        place += 1
    return found, rest


def pattern_of(value: str) -> str:
    return value.replace("%", _LIKE["%"]).replace("_", _LIKE["_"])


@given(st.lists(nasty, min_size=1, max_size=5))
def test_addresses_are_data(addresses: list[str]) -> None:
    found, rest = strings_of(soql.leads(addresses))
    assert found == addresses
    assert rest == strings_of(soql.leads(["x"] * len(addresses)))[1]


@given(st.lists(nasty, min_size=1, max_size=3), nasty)
def test_addresses_and_domains_of_the_longer_queries_are_data(addresses: list[str], domain: str) -> None:
    found, rest = strings_of(soql.contacts(addresses, email_fields=("Other__c",), closed_since=SINCE))
    assert found == addresses * 2
    assert rest.count("SELECT") == 2

    query = soql.accounts_of_people(
        addresses, [domain], closed_since=SINCE, created_since=CREATED, case_numbers=addresses, case_ids=[domain]
    )
    found, rest = strings_of(query)
    assert found == [domain, *addresses, *addresses, "%@" + pattern_of(domain), "%." + pattern_of(domain)]
    assert rest.count("SELECT") == 4


@given(nasty)
def test_a_domain_is_no_pattern(domain: str) -> None:
    (pattern,), rest = strings_of(soql.accounts_by_website([domain]))
    assert pattern == "%" + pattern_of(domain) + "%"
    assert rest.endswith("FROM Account WHERE Website LIKE ? LIMIT 200")


@given(nasty)
def test_an_identifier_is_data(identifier: str) -> None:
    assert strings_of(soql.email_messages(identifier))[0] == [identifier]
    assert strings_of(soql.email_tasks(identifier))[0] == [identifier, "Email"]
    assert strings_of(soql.files_of(identifier))[0] == [identifier]
    assert strings_of(soql.documents_of([identifier]))[0] == [identifier]


@pytest.mark.parametrize("name", ["", "Email__c OR Id != null", "1st", "A.B", "E-Mail", "Ä__c", "X__c\n", "a" * 81])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a field"):
        soql.contacts(["a@b.example"], email_fields=(name,), closed_since=SINCE)


def test_fields_that_a_user_may_not_read_are_left_out_and_required_ones_stay() -> None:
    hidden = {"Contact.Phone", "Account.Industry", "Contact.Email", "Opportunity.Amount"}
    query = soql.contacts(["a@b.example"], closed_since=SINCE, hidden=hidden)
    names = set(re.findall(r"[A-Za-z.]+", query.split(" FROM Contact")[0]))
    assert {"Email", "MobilePhone", "Account.Phone"} <= names
    assert not {"Phone", "Account.Industry", "Opportunity.Amount"} & names


def test_currency_and_person_accounts_are_asked_for_only_where_the_org_has_them() -> None:
    plain = soql.contacts(["a@b.example"], closed_since=SINCE)
    assert "CurrencyIsoCode" not in plain
    assert "IsPersonAccount" not in plain
    full = soql.contacts(["a@b.example"], closed_since=SINCE, multi_currency=True, person_accounts=True)
    assert "Opportunity.CurrencyIsoCode" in full
    assert "IsPersonAccount" in full


def test_dates_are_literals_without_quotes() -> None:
    query = soql.accounts_of_people(["a@b.example"], [], closed_since=SINCE, created_since=CREATED)
    assert "CloseDate >= 2025-11-23" in query
    assert "CreatedDate >= 2026-08-25T12:00:00+00:00" in query
