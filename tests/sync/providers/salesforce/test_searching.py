"""What names exactly one record is asked for by SOQL, everything else is searched for."""

from __future__ import annotations

import pytest

from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.searching import exact_queries, record_id_in

OBJECTS = ("Contact", "Lead", "Account", "Opportunity", "Case")
SHORT, LONG = "0038V00000ABCde", "0038V00000ABCdeQAH"


def test_an_id_has_a_long_form() -> None:
    assert long_id("001000000000001") == "001000000000001AAA"
    assert long_id("001000000000001AAA") == "001000000000001AAA"
    assert long_id("001000000000001AAB") == ""
    assert long_id("x") == ""


@pytest.mark.parametrize(
    "text",
    [
        "001000000000001",
        " 001000000000001AAA ",
        "https://larkfield.my.salesforce.com/001000000000001",
        "https://larkfield.lightning.force.com/lightning/r/Account/001000000000001AAA/view",
        "https://larkfield.lightning.force.com/lightning/r/001000000000001AAA/view?ws=1",
    ],
)
def test_an_id_or_a_link_is_found(text: str) -> None:
    assert record_id_in(text) == "001000000000001AAA"
    queries = exact_queries(text, OBJECTS)
    assert list(queries) == ["Account"]
    assert "Id = '001000000000001AAA'" in queries["Account"]


@pytest.mark.parametrize("text", ["internationally", "https://example.com/", "Northwind Ltd", "12345678901234567"])
def test_words_are_no_ids(text: str) -> None:
    assert record_id_in(text) == ""


def test_a_custom_objects_id_is_asked_of_the_custom_objects() -> None:
    queries = exact_queries("a0X000000000001EAA", (*OBJECTS, "Renewal__c"))
    assert list(queries) == ["Renewal__c"]


def test_an_address_is_asked_by_its_beginning() -> None:
    queries = exact_queries("o'dana_x@north", OBJECTS, person_accounts=True)
    assert list(queries) == ["Contact", "Lead", "Account"]
    assert r"Email LIKE 'o\'dana\_x@north%'" in queries["Contact"]
    assert "IsConverted = false" in queries["Lead"]
    assert "PersonEmail LIKE" in queries["Account"]


def test_a_telephone_number_is_asked_however_it_is_written() -> None:
    queries = exact_queries("+44 (20) 7946-0123", OBJECTS)
    assert "Phone LIKE '%0%7%9%4%6%0%1%2%3'" in queries["Contact"]
    assert list(queries) == ["Contact", "Lead", "Account"]


@pytest.mark.parametrize("text", ["dana", "00012877", "12", "dana ruiz", "a@b@c", "' OR Id != null"])
def test_the_rest_are_words(text: str) -> None:
    assert exact_queries(text, OBJECTS) == {}


def test_what_may_not_be_read_is_not_asked_for() -> None:
    queries = exact_queries(
        "+44 20 7946 0123", OBJECTS, hidden={"Contact.Phone", "Contact.Title", "Lead.Phone", "Lead.MobilePhone"}
    )
    assert "Lead" not in queries
    assert "Title" not in queries["Contact"]
    assert "(MobilePhone LIKE" in queries["Contact"]
