"""The audit claims success only when it has audited: a stand-in for pip-audit answers as a service would make it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts import audit

KNOWN = {"name": "django", "version": "3.2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.2.1"]}]}
SOUND = {"name": "httpx", "version": "0.28", "vulns": []}
SKIPPED = {"name": "httpx", "skip_reason": "Dependency not found"}


def answer(monkeypatch: pytest.MonkeyPatch, witness: list[dict[str, Any]] | str, lock: list[dict[str, Any]]) -> None:
    """pip-audit says `witness` of the release known to be vulnerable (or fails with that text), `lock` of the rest."""

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        packages = witness if "--no-deps" in command else lock
        if isinstance(packages, str):
            return subprocess.CompletedProcess(command, 1, "", packages)
        return subprocess.CompletedProcess(command, 0, json.dumps({"dependencies": packages, "fixes": []}), "")

    monkeypatch.setattr(subprocess, "run", run)


def outcome(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["audit", "dev.txt"])
    status = audit.main()
    return status, capsys.readouterr().out


def test_success_is_claimed_when_all_was_audited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, [KNOWN], [SOUND])
    assert outcome(capsys, monkeypatch) == (0, "1 packages audited, none has a known vulnerability\n")


def test_a_vulnerability_is_a_failure_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, [KNOWN], [KNOWN])
    assert outcome(capsys, monkeypatch) == (1, "django 3.2.0: PYSEC-1, mended in 3.2.1\n")


@pytest.mark.parametrize(
    ("witness", "lock", "reason"),
    [
        ("ConnectionError: no route", [], "could not be asked (ConnectionError: no route)"),
        ([{**KNOWN, "vulns": []}], [SOUND], "does not know even a release that is known to be vulnerable"),
        ([SKIPPED], [SKIPPED], "does not know even a release that is known to be vulnerable"),
        ([KNOWN], [SOUND, SKIPPED], "1 of 2 packages are not known to the service: httpx"),
        ([KNOWN], [], "no package was named"),
    ],
)
def test_it_says_plainly_that_it_could_not_audit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    witness: list[dict[str, Any]] | str,
    lock: list[dict[str, Any]],
    reason: str,
) -> None:
    answer(monkeypatch, witness, lock)
    status, printed = outcome(capsys, monkeypatch)
    assert status == 0
    assert printed.startswith("NOT AUDITED: ")
    assert reason in printed
    assert "none has" not in printed


def test_a_partial_audit_still_fails_on_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, [KNOWN], [KNOWN, SKIPPED])
    status, printed = outcome(capsys, monkeypatch)
    assert status == 1
    assert "PYSEC-1" in printed
    assert "NOT AUDITED: 1 of 2" in printed


def test_no_answer_in_time_is_no_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    assert "no answer within" in audit.audit(Path("dev.txt")).not_audited
