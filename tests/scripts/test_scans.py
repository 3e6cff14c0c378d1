"""Each scanner finds a planted case and leaves alone what only looks like one.

Planted secrets are put together here, so that the scan of this repository does not find this file.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from scripts.scans import links, queries, secrets, templates

RANDOM = base64.b64encode(hashlib.sha512(b"planted").digest()).decode().rstrip("=")
PLANTED = {
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a signed token (JWT)": ".".join(
        ("eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0", "c2lnbmF0dXJl" * 3)
    ),
    "a Salesforce session": "00D" + "5g000004ABcd!" + "AQEAQ." * 12,
    "a Salesforce refresh token": "5Aep" + "861" + "KIwKdekr90I4iHdZDgWwfRoO7O_uHL" * 2,
    "a Microsoft client secret": "abc" + "8Q~" + "d3fGh1JkLmN0pQrStUvWxYz012345678",
    "a Google key": "AIza" + "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v",
    "an AWS key": "AKIA" + "IOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "a password in an address": "postgres://alongside:" + "hunter2@db.example/alongside",
    "a long literal that looks random": RANDOM,
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_secret_is_found_and_not_repeated(tmp_path: Path, what: str) -> None:
    (tmp_path / "settings.py").write_text(f'# first line\nVALUE = "{PLANTED[what]}"\n')
    findings = list(secrets.scan(tmp_path, None))
    assert what in {finding.what for finding in findings}
    assert {(finding.path, finding.line) for finding in findings} == {("settings.py", 2)}
    assert not any(PLANTED[what] in str(finding) for finding in findings)


@pytest.mark.parametrize(
    "line",
    [
        'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"',
        "digest = '" + hashlib.sha256(b"x").hexdigest() + "'",
        "https://learn.microsoft.com/en-us/graph/api/message-get?view=graph-rest-1.0&tabs=http",
        "from sync.providers.salesforce.duplicates_and_validation import OpportunityContactRole2",
        "sobjects/EmailMessage/External_Key__c/key-1/OpportunityContactRoles",
        "amqp://guest:guest@127.0.0.1:5672",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(tmp_path: Path, line: str) -> None:
    (tmp_path / "page.md").write_text(line + "\n")
    assert list(secrets.scan(tmp_path, None)) == []


def test_a_literal_is_let_through_by_its_line_and_by_its_file_each_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'PICTURE = "{RANDOM}"  # not a secret: one pixel\n')
    (tmp_path / "b.txt").write_text(RANDOM + "\n")
    allowances = tmp_path / "secrets.allow"
    allowances.write_text("*.txt  hashes\n")
    assert list(secrets.scan(tmp_path, allowances)) == []
    allowances.write_text("*.txt\n")
    with pytest.raises(ValueError, match="without a reason"):
        list(secrets.scan(tmp_path, allowances))


def test_a_key_is_found_even_in_a_file_whose_literals_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(PLANTED["a private key"] + "\n")
    allowances = tmp_path / "secrets.allow"
    allowances.write_text("*.txt  hashes\n")
    assert [finding.path for finding in secrets.scan(tmp_path, allowances)] == ["b.txt"]


@pytest.mark.parametrize(
    "expression",
    [
        "f\"SELECT Id FROM Contact WHERE Email = '{address}'\"",
        'f"SELECT {fields} FROM {name}"',
        "\"SELECT Id FROM Contact WHERE Email = '%s'\" % address",
        "\"SELECT Id FROM Lead WHERE Email = '%(address)s'\" % values",
        '"SELECT Id FROM Contact WHERE Email IN ({})".format(addresses)',
        '"SELECT Id FROM Contact WHERE Id = " + record_id',
        '("SELECT Id" + " FROM Contact" + where)',
        '" ".join(["SELECT Id FROM Contact WHERE", condition])',
        'f"FIND {{{words}}} IN EMAIL FIELDS RETURNING Contact(Id)"',
        "f\" WHERE Email = '{address}'\"",
        'f"select id from accounts_user where email = {address}"',
        'f"DELETE FROM {table}"',
    ],
)
def test_a_query_put_together_from_strings_is_found(tmp_path: Path, expression: str) -> None:
    (tmp_path / "context.py").write_text(f"first = 1\nquery = {expression}\n")
    assert [(finding.path, finding.line) for finding in queries.scan(tmp_path)] == [("context.py", 2)]


@pytest.mark.parametrize(
    "expression",
    [
        '"SELECT Id FROM Contact WHERE IsDeleted = false"',
        'format_soql("SELECT Id FROM Contact WHERE Email IN {}", addresses)',
        'f"Select a record from the list: {names}"',
        'f"Find {name} in Salesforce"',
        'cursor.execute("SELECT id FROM sync_filing WHERE key = %s", [key])',
        'f"{count} of {total} files"',
    ],
)
def test_text_that_is_no_built_query_is_left_alone(tmp_path: Path, expression: str) -> None:
    (tmp_path / "context.py").write_text(f"query = {expression}\n")
    assert list(queries.scan(tmp_path)) == []


def test_the_one_builder_may_put_queries_together_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / Path(queries.BUILDER).parent
    folder.mkdir(parents=True)
    for name in ("soql.py", "context.py"):
        (folder / name).write_text('query = f"SELECT Id FROM {name}"\n')
    assert [Path(finding.path).name for finding in queries.scan(tmp_path)] == ["context.py"]


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<script>start()</script>", "an inline script"),
        ('<script type="module">start()</script>', "an inline script"),
        ("<style>a {}</style>", "an inline style sheet"),
        ('<p class="a > b"\n style="color: red">', "a style attribute"),
        ('<button {% if x > 1 %}disabled{% endif %} onclick="go()">', "an event handler"),
        ('<div hx-on:click="go()">', "an event handler"),
        ("<div hx-vals='js:{a: 1}'>", "script that htmx evaluates"),
        ('<a href="javascript:go()">', "a javascript: address"),
    ],
)
def test_what_the_content_security_policy_refuses_is_found(tmp_path: Path, page: str, what: str) -> None:
    (tmp_path / "pane.html").write_text(f"<p>\n{page}\n")
    findings = list(templates.scan(tmp_path))
    assert [finding.what for finding in findings] == [what]
    assert findings[0].line in (2, 3)


@pytest.mark.parametrize(
    "page",
    [
        "<script src=\"{% static 'pane/shell.js' %}\" defer></script>",
        '<script id="texts" type="application/json">{"a": 1}</script>',
        "<p>The style = the person; once on = always on.</p>",
        "<div data-json='{\"a\": 1}' hx-vals='{\"one\": 1}'>",
        "{# <script>start()</script> #}{% comment %}<style>{% endcomment %}<!-- <style> -->",
    ],
)
def test_what_the_policy_allows_is_left_alone(tmp_path: Path, page: str) -> None:
    (tmp_path / "pane.html").write_text(page)
    assert list(templates.scan(tmp_path)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "operating.md").write_text("# Operating\n## The settings, one by one\n[up](../README.md)\n")
    (tmp_path / "README.md").write_text(
        "[a](docs/operating.md#the-settings-one-by-one) [b](https://nowhere.example/x) `[code](gone.md)`\n"
        "[c](docs/gone.md)\n[d](docs/operating.md#no-such-part)\n"
    )
    assert [(finding.path, finding.line) for finding in links.scan(tmp_path)] == [("README.md", 2), ("README.md", 3)]
