"""What queries are refused for, with the real codes and the place in the statement."""

from __future__ import annotations

import pytest
from simple_salesforce.format import format_soql

from tests.sandbox.salesforce.conftest import Person

_MANY = [f"{n:060d}" for n in range(1700)]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM Contact WHERE Name = 'it's'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Contact WHERE Name = 'line\nbreak'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Contact WHERE Name = 'a\\qb'", "MALFORMED_QUERY", "Illegal character sequence '\\q'"),
        ("SELECT Id FROM Contact WHERE Name = 'a\\_b'", "MALFORMED_QUERY", "Illegal character sequence '\\_'"),
        ("SELECT Id, Id FROM Contact", "MALFORMED_QUERY", "duplicate field selected: Id"),
        ("SELECT Name n FROM Contact", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Name, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT SUM(Name) FROM Contact", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        ("SELECT Id FROM Contact WITH FANCY_MODE", "MALFORMED_QUERY", "FANCY_MODE"),
        ("SELECT Id FROM Contact ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"),
        ("SELECT Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'Contact'"),
        ("SELECT Account.Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'"),
        ("SELECT Foo.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path"),
        ("SELECT What.Amount FROM Task", "INVALID_FIELD", "No such column 'Amount' on entity 'Name'"),
        (
            "SELECT ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.Name FROM Contact",
            "INVALID_FIELD",
            "longer than 5 levels",
        ),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Opportunity WHERE Amount > '5'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE Name = 5", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE CreatedDate > SOMEDAY", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE CreatedDate > LAST_N_YEARS:999999", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 9999-12-31T23:59:59-10:00", "INVALID_FIELD", "must be of type"),
        ("SELECT Id FROM Task WHERE TaskWhoIds = '1'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Contact USING SCOPE delegated", "MALFORMED_QUERY", "Unknown scope"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported"),
        ("SELECT Id, (SELECT Id FROM Foos) FROM Contact", "INVALID_TYPE", "Didn't understand relationship 'Foos'"),
        ("SELECT Id FROM Contact WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Contact WHERE AccountId LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "id field"),
        ("SELECT Id FROM Contact WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "multipicklist"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' OR Id IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "only allowed at the top level",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id IN (SELECT AccountId FROM Case)"
            " AND Id NOT IN (SELECT AccountId FROM Opportunity)",
            "MALFORMED_QUERY",
            "Only up to 2 Semi Join",
        ),
        ("SELECT Id FROM Account WHERE Name IN (SELECT Name FROM Contact)", "MALFORMED_QUERY", "should be an id field"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY", "id or a reference"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)", "MALFORMED_QUERY", "same object type"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY", "Implementation restriction"),
        ("SELECT Id FROM Contact ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("SELECT Id FROM Contact LIMIT 1 FOR UPDATE", "MALFORMED_QUERY", "FOR UPDATE not allowed in this context"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_refused(mia: Person, text: str, code: str, message: str) -> None:
    given_code, given_message = mia.refusal(text)
    assert given_code == code
    assert message in given_message


def test_the_refusal_points_at_the_place(mia: Person) -> None:
    answer = mia.get("query", params={"q": "SELECT Foo FROM Contact"}).json()
    assert answer[0]["message"].startswith(
        "\nSELECT Foo FROM Contact\n       ^\nERROR at Row:1:Column:8\nNo such column"
    )


def test_a_statement_is_at_most_100_000_characters(mia: Person) -> None:
    text = format_soql("SELECT Id FROM Contact WHERE Name IN {}", _MANY)
    assert len(text) > 100_000
    sub = {"method": "GET", "url": "/services/data/v66.0/query", "referenceId": "q"}
    body = {"compositeRequest": [{**sub, "url": f"{sub['url']}?q={text}"}]}
    answer = mia.post("composite", body).json()["compositeResponse"][0]
    assert answer["body"][0]["errorCode"] == "MALFORMED_QUERY"


def test_an_address_is_at_most_16_kilobytes(mia: Person) -> None:
    assert mia.get("query", params={"q": "SELECT Id FROM Contact" + " " * 17_000}).status_code == 414
