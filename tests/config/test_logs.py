"""Lines of the standard library's loggers: one JSON object each, in UTC, without the values they were about."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings

from config.logs import SafeFormatter


def line_of(record: logging.LogRecord) -> dict[str, object]:
    text = SafeFormatter().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def record(template: str, *values: object, error: BaseException | None = None) -> logging.LogRecord:
    caught = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord("planted", logging.WARNING, "somewhere.py", 1, template, values, caught)


def test_the_time_is_utc_and_says_so_whatever_the_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        told = str(line_of(record("%s", "x"))["timestamp"])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert told.endswith("Z")
    assert abs(datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds() < 5


def test_a_value_ends_no_line_and_is_not_told() -> None:
    told = line_of(record("Not Found: %s", '/x\n{"event": "forged"}'))
    assert told["event"] == "Not Found: %s"
    assert "forged" not in str(told)
    assert line_of(record("planted\nforged"))["event"] == "planted"


def test_of_an_exception_its_kind_and_place_are_told() -> None:
    try:
        raise KeyError("mia.keller@larkfield.example")
    except KeyError:
        told = line_of(record("%s", "x", error=sys.exc_info()[1]))
    assert told["exception"] == "KeyError"
    assert "test_logs.py" in str(told["at"])
    assert "mia.keller" not in str(told)


def test_nothing_is_logged_to_anywhere_but_standard_error() -> None:
    kinds = {handler["class"] for handler in settings.LOGGING["handlers"].values()}
    assert kinds == {"logging.StreamHandler"}
    assert all("handlers" not in logger for logger in settings.LOGGING["loggers"].values())
