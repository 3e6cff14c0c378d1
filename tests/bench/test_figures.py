"""Figures: what is printed and written, and on which side of a target a value may lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from bench import __main__ as program
from bench.figures import Figure, table
from scripts.processes import ChildFailed

PANE = Figure("pane.calls_cold", 1, "calls", 1, "equal")
SLOW = Figure("pane.p95_ms", 412.5, "ms", 300, "lower")


@pytest.mark.parametrize(
    ("better", "value", "met"),
    [
        ("lower", 1.15, True),
        ("lower", 1.16, False),
        ("higher", 1.15, True),
        ("higher", 1.14, False),
        ("equal", 1.15, True),
        ("equal", 1.14, False),
    ],
)
def test_a_target_is_met_on_its_better_side_and_on_itself(
    better: Literal["lower", "higher", "equal"], value: float, met: bool
) -> None:
    assert Figure("x", value, "s", 1.15, better).met is met


def test_the_table_names_value_unit_target_and_whether_it_is_met() -> None:
    assert table([PANE, SLOW]).splitlines() == [
        "name             value  unit   target  met",
        "pane.calls_cold      1  calls     = 1  yes",
        "pane.p95_ms      412.5  ms      ≤ 300  NO",
    ]


@pytest.fixture
def areas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    def pane() -> Iterator[Figure]:
        yield PANE
        yield SLOW

    def filing() -> Iterator[Figure]:
        yield Figure("filing.calls", 2, "calls", 2, "lower")
        raise ChildFailed("sandbox ended unexpectedly")

    monkeypatch.setattr(program, "areas", lambda: {"filing": filing, "pane": pane})
    monkeypatch.setenv("ALONGSIDE_CALLER_DIR", str(tmp_path))
    return tmp_path


def test_the_file_is_a_list_of_figures_beside_the_caller(areas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "pane", "--json", "out/figures.json"])
    assert program.main() == 0
    assert json.loads((areas / "out" / "figures.json").read_text()) == [
        {"name": "pane.calls_cold", "value": 1, "unit": "calls", "target": 1, "met": True},
        {"name": "pane.p95_ms", "value": 412.5, "unit": "ms", "target": 300, "met": False},
    ]


def test_an_area_that_cannot_be_measured_is_reported_and_the_others_go_on(
    areas: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench"])
    assert program.main() == 1
    printed = capsys.readouterr()
    assert "filing could not be measured: sandbox ended unexpectedly" in printed.err
    assert "pane.calls_cold" in printed.out


def test_an_unknown_area_is_refused(areas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "paint"])
    with pytest.raises(SystemExit) as refused:
        program.main()
    assert refused.value.code == 2


def test_the_harness_itself_is_no_area() -> None:
    assert not {"__main__", "figures", "live"} & set(program.areas())
