"""What a provider repeats of what was sent to it is left out of its words; what it says itself stays."""

from __future__ import annotations

import pytest

from sync import errors
from sync.said import without_values

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtaWEifQ.c2lnbmF0dXJl-_x"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ToAddress: invalid email address: dana@northwind.example", "ToAddress: invalid email address: …"),
        ("Not <dana@northwind.example>, nor 'li@x.example'.", "Not <…>, nor '…'."),
        (
            "Subject: data value too large: My\nsubject 1 (max length=3000)",
            "Subject: data value too large: … (max length=3000)",
        ),
        ("Subject: data value too large: cut off", "Subject: data value too large: …"),
        (f"Refused: Bearer {JWT}", "Refused: Bearer …"),
        (f"The token {JWT} has expired.", "The token … has expired."),
        ("Session 00D000000000001!AQEAQx.y_z is no more", "Session … is no more"),
        ("code 4/0AX4XfWhQ1234567890abcdefghijklmnop", "code …"),
    ],
)
def test_what_is_repeated_is_left_out(said: str, kept: str) -> None:
    assert without_values(said) == kept
    for kind in (errors.Refused, errors.Throttled, errors.NeedsReconnect):
        error = kind(said)
        assert (error.message, str(error)) == (kept, kept)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "No poison here.",
        "Required fields are missing: [Close_Reason_Of_The_Whole_Opportunity__c]",
        "duplicate value found: MessageIdentifier duplicates value on record with id: 02s000000000001AAA",
        "insufficient access rights on cross-reference id: 001000000000001AAA",
        "Kein Zugriff auf „Verkaufschance“ – fragen Sie Ihren Administrator.",
    ],
)
def test_what_it_says_itself_stays(said: str) -> None:
    assert without_values(said) == said
