"""`./dev` itself: a POSIX shell script that finds Python, installs once, and runs. Python and uv are stand-ins that
write down how they were called, so nothing is installed and nobody is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import ROOT

SHELL_TOOLS = ("sh", "dirname", "cmp", "cat", "cp", "rm", "mkdir", "chmod")
# Answers the question for its version, makes environments that hold itself, and writes everything else down.
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit {too_old} ;;
    "-m venv "*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; exit 0 ;;
    "-m pip install"*bootstrap*) cp "{uv}" "{root}/.venv/bin/uv" ;;
esac
printf '%s|' "$ALONGSIDE_CALLER_DIR" "$@" >> "{calls}"
printf '\\n' >> "{calls}"
"""
UV = """#!/bin/sh
printf 'uv|' >> "{calls}"
printf '%s|' "$@" >> "{calls}"
printf '\\n' >> "{calls}"
exit {status}
"""


class Clone:
    """A clone in a folder with a space in its name, on a machine that has the shell's tools and what is added here."""

    def __init__(self, place: Path) -> None:
        self.root = place / "a clone"
        self.bin = place / "bin"
        self.calls_file = place / "calls"
        self.uv_file = place / "uv"
        self.bin.mkdir()
        (self.root / "requirements").mkdir(parents=True)
        shutil.copy(ROOT / "dev", self.root / "dev")
        for name in ("demo", "dev", "bootstrap"):
            (self.root / "requirements" / f"{name}.txt").write_text(f"{name} 1\n")
        for tool in SHELL_TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)
        self.uv()

    def python(self, name: str = "python3.11", *, too_old: int = 0) -> None:
        text = PYTHON.format(calls=self.calls_file, uv=self.uv_file, root=self.root, too_old=too_old)
        self._program(self.bin / name, text)

    def uv(self, *, status: int = 0) -> None:
        self._program(self.uv_file, UV.format(calls=self.calls_file, status=status))

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / "dev"), *arguments],
            cwd=cwd or self.root,
            env={"PATH": str(self.bin), "HOME": os.environ.get("HOME", "/")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """What was called since the last time, without the folder that the calls were made from."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return [line.removeprefix(f"{self.root}|") for line in lines]

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_without_a_python_it_says_what_is_needed(clone: Clone) -> None:
    done = clone.run("test")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_python_that_is_too_old_is_passed_over(clone: Clone) -> None:
    clone.python("python3.11", too_old=1)
    assert clone.run("test").returncode == 1
    clone.python("python3.13")
    assert clone.run("test").returncode == 0


def test_the_first_run_installs_from_the_hashed_lock_and_the_second_does_not(clone: Clone) -> None:
    clone.python()
    clone.run("test", "-k", "a b")
    install = (
        f"uv|pip|install|--quiet|--python|{clone.root}/.venv/bin/python|--require-hashes|-r|{{}}/requirements/dev.txt|"
    )
    first = clone.calls()
    assert first[0].startswith("-m|pip|install|")
    assert first[0].endswith(f"--require-hashes|-r|{clone.root}/requirements/bootstrap.txt|")
    assert first[1:] == [install.format(clone.root), "-m|pytest|-k|a b|"]
    clone.run("test", "-x")
    assert clone.calls() == ["-m|pytest|-x|"]


def test_a_changed_lock_is_installed_again(clone: Clone) -> None:
    clone.python()
    clone.run("demo")
    clone.calls()
    (clone.root / "requirements" / "demo.txt").write_text("demo 2\n")
    clone.run("demo", "--check")
    assert [call.split("|")[0] for call in clone.calls()] == ["uv", "-m"]


def test_the_demo_needs_nothing_more_where_the_tests_ran(clone: Clone) -> None:
    clone.python()
    clone.run("test")
    clone.calls()
    clone.run("demo", "--seed", "2")
    assert clone.calls() == ["-m|scripts.demo|--seed|2|"]


def test_an_environment_made_by_something_else_is_brought_up_to_date(clone: Clone) -> None:
    clone.python()
    (clone.root / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(clone.bin / "python3.11", clone.root / ".venv" / "bin" / "python")
    clone.run("test")
    assert any("requirements/dev.txt" in call for call in clone.calls())


def test_an_interrupted_installation_is_begun_again(clone: Clone) -> None:
    clone.python()
    clone.uv(status=1)
    python = clone.bin / "python3.11"
    python.write_text(python.read_text().replace("esac", "    *dev.txt*) exit 1 ;;\nesac"))
    done = clone.run("test")
    assert done.returncode == 1
    assert "could not be installed" in done.stderr
    assert not (clone.root / ".venv" / ".lock-dev").exists()


def test_where_uv_cannot_install_pip_does(clone: Clone) -> None:
    clone.python()
    clone.uv(status=1)
    done = clone.run("test", "-x")
    assert done.returncode == 0
    pip = f"-m|pip|install|--quiet|--disable-pip-version-check|--require-hashes|-r|{clone.root}/requirements/dev.txt|"
    assert pip in clone.calls()


def test_it_runs_at_the_root_and_tells_where_the_person_stood(clone: Clone, tmp_path: Path) -> None:
    clone.python()
    clone.run("test")
    clone.calls()
    clone.run("bench", "pane", "--json", "figures.json", cwd=tmp_path)
    assert clone.calls() == [f"{tmp_path}|-m|bench|pane|--json|figures.json|"]


def test_an_unknown_command_is_refused_and_help_lists_the_commands(clone: Clone) -> None:
    refused = clone.run("tset")
    assert refused.returncode == 1
    assert "unknown command: tset" in refused.stderr
    told = clone.run("help")
    assert told.returncode == 0
    for command in ("demo", "test", "check", "bench", "soak", "translations", "lock", "manage"):
        assert f"\n  {command} " in told.stdout
