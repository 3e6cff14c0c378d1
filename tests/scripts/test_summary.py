"""The last line of .ci/run counts what really ran, and its exit status hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import summary

REPORT = (
    '<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped message="no"/></testcase>'
    '<testcase name="c"/>{more}</testsuite></testsuites>'
)


def outcome(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["summary", *map(str, arguments)])
    return summary.main(), capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("more", "status", "line"),
    [
        ("", 0, "4 passed, 0 failed, 2 skipped"),
        ('<testcase name="d"><failure message="x"/></testcase>', 1, "4 passed, 2 failed, 2 skipped"),
        ('<testcase name="d"><error message="x"/></testcase>', 1, "4 passed, 2 failed, 2 skipped"),
    ],
)
def test_the_reports_are_added_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: str,
    status: int,
    line: str,
) -> None:
    for name in ("sqlite.xml", "postgres.xml"):
        (tmp_path / name).write_text(REPORT.format(more=more))
    reports = [tmp_path / "sqlite.xml", tmp_path / "postgres.xml"]
    assert outcome(monkeypatch, capsys, 0, *reports) == (status, line)


def test_a_part_that_failed_without_a_test_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sqlite.xml").write_text(REPORT.format(more=""))
    assert outcome(monkeypatch, capsys, 1, tmp_path / "sqlite.xml") == (1, "2 passed, 0 failed, 1 skipped")


def test_no_test_at_all_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(monkeypatch, capsys, 0) == (1, "0 passed, 0 failed, 0 skipped")


def test_a_report_that_broke_off_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sqlite.xml").write_text("<testsuites><testsuite><testcase")
    (tmp_path / "postgres.xml").write_text(REPORT.format(more=""))
    assert outcome(monkeypatch, capsys, 0, tmp_path / "sqlite.xml", tmp_path / "postgres.xml") == (
        1,
        "2 passed, 1 failed, 1 skipped",
    )
