"""The search box: the operators that programs use, alone and together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.google.conftest import Gmail, mail, reason
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def box(sandbox_process: SandboxProcess) -> tuple[Gmail, dict[str, str]]:
    """An empty mailbox with a handful of messages; their ids by their subjects."""
    sandbox_process.reset(google=1)
    gmail = Gmail(sandbox_process, "rep01@larkfield-labs")
    ids = {
        "offer": gmail.deliver(
            mail("Offer for gauges", message_id="<offer.1@northwind.example>", body="Twelve pieces, please.")
        ),
        "answer": gmail.deliver(
            mail("Re: Offer for gauges", message_id="<offer.2@x.example>", cc="Li Wei <li.wei@northwind.example>"),
            "sent",
        ),
        "lunch": gmail.deliver(mail("Lunch", body="Shall we have lunch in Hull? The gauges can wait.")),
        "spam": gmail.deliver(mail("You have won gauges"), "spam"),
        "gone": gmail.deliver(mail("Old gauges"), "trash"),
        "draft": gmail.deliver(mail("Draft about valves"), "drafts"),
        "kept": gmail.deliver(mail("Kept report"), "archive"),
    }
    gmail.sandbox.mark_mail("rep01@larkfield-labs", ids["kept"], "Big Customers/North")
    return gmail, ids


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("rfc822msgid:offer.1@northwind.example", "offer"),
        ("rfc822msgid:<offer.2@x.example>", "answer"),
        ("rfc822msgid:nobody@x.example", ""),
        ("in:inbox", "offer lunch"),
        ("in:sent", "answer"),
        ("in:drafts", "draft"),
        ("in:spam", "spam"),
        ("in:trash", "gone"),
        ("in:anywhere gauges", "offer answer lunch spam gone"),
        ("gauges", "offer answer lunch"),
        ("gauges -in:inbox", "answer"),
        ("-in:trash gauges", "offer answer lunch"),
        ('"twelve pieces"', "offer"),
        ('"pieces twelve"', ""),
        ("twelve pieces", "offer"),
        ("gaug", ""),
        ("subject:gauges", "offer answer"),
        ('subject:"offer for"', "offer answer"),
        ("-subject:gauges in:inbox", "lunch"),
        ("cc:li.wei@northwind.example", "answer"),
        ("to:li.wei@northwind.example", "answer"),
        ("from:dana@northwind.example in:inbox", "offer lunch"),
        ("from:northwind.example is:unread -in:inbox", "kept"),
        ("from:nobody@northwind.example", ""),
        ("label:big-customers-north", "kept"),
        ('label:"Big Customers/North"', "kept"),
        ("label:unknown", ""),
        ("has:userlabels", "kept"),
        ("has:attachment", ""),
        ("lunch OR report", "lunch kept"),
        ("{lunch report}", "lunch kept"),
        ("gauges (from:dana) -(lunch OR twelve)", "answer"),
        ("in:spam OR in:trash", "spam gone"),
        ("after:2020/01/01 lunch", "lunch"),
        ("before:2020/01/01", ""),
        ("after:1577836800 before:4102444800 lunch", "lunch"),
        ("newer_than:1d report", "kept"),
        ("older_than:1d", ""),
    ],
)
def test_a_search_finds(box: tuple[Gmail, dict[str, str]], q: str, expected: str) -> None:
    gmail, ids = box
    names = {identifier: name for name, identifier in ids.items()}
    assert sorted(names[one] for one in gmail.find(q)) == sorted(expected.split())


@pytest.mark.parametrize("q", ["deliveredto:a@b.example", "is:muted", "after:soon", "(open", "closed)", "larger:5M"])
def test_what_the_sandbox_cannot_answer_rightly_it_refuses(box: tuple[Gmail, dict[str, str]], q: str) -> None:
    gmail, _ = box
    assert reason(gmail.get("/messages", q=q)) == (400, "invalidArgument")


def test_times_narrow_to_the_second(gmail_of: Callable[..., Gmail], sandbox: SandboxProcess) -> None:
    gmail = gmail_of("noor")
    sandbox.advance(10)
    row = gmail.message("in:inbox", "minimal")
    second = int(row["internalDate"]) // 1000
    assert gmail.find(f"after:{second} in:inbox")[-1] == row["id"]
    assert row["id"] not in gmail.find(f"before:{second} in:inbox")
    assert row["id"] not in gmail.find(f"after:{second + 1} in:inbox")
