"""What the console may say without a test failing: nothing but that a request was given up."""

from __future__ import annotations

import pytest

from tests.browser.conftest import without_given_up

AFTER, ABORT, REFUSED = "htmx:afterRequest, [a] at", "htmx:sendAbort, [a] at", "htmx:sendError, [a] at"


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([], []),
        ([AFTER, ABORT], []),
        ([AFTER, ABORT, AFTER, ABORT], []),
        (["thrown: x", AFTER, "y", ABORT], ["thrown: x", "y"]),
        ([AFTER], [AFTER]),
        ([ABORT], [ABORT]),
        ([AFTER, REFUSED], [AFTER, REFUSED]),
        ([AFTER, REFUSED, AFTER, ABORT], [AFTER, REFUSED]),
        ([AFTER.replace("[a]", "[b]"), ABORT], [AFTER.replace("[a]", "[b]"), ABORT]),
    ],
)
def test_only_the_pair_of_a_request_that_is_given_up_is_left_out(told: list[str], left: list[str]) -> None:
    assert without_given_up(told) == left
