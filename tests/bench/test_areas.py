"""What `./dev bench` can be asked for."""

from __future__ import annotations

from bench.__main__ import areas
from bench.capture import NEED_SERVICES, PARTS, least_gmail, least_graph


def test_an_area_and_each_of_its_parts_can_be_asked_for() -> None:
    known = areas()
    assert {"access", "pane", "panes", "capture"} == {name for name in known if "." not in name}
    assert {f"capture.{part}" for part in PARTS} == {name for name in known if "." in name}
    assert set(PARTS) > NEED_SERVICES


def test_the_least_calls_are_counted_from_what_lies_in_the_mailbox() -> None:
    # List of folders, their kinds, marks; five and two pages and an empty folder's; fifteen batches of twenty.
    assert least_graph({"inbox": 999, "sentitems": 201}, watched=3) == 3 + 5 + 2 + 1 + 15
    assert least_gmail() == 3 + 2 + 20 + 6
