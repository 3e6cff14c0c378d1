"""The locks: what is wrong with one is found without asking anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import lock

PIN = "{name}=={version} \\\n    --hash=sha256:{digest}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in lock.LOCKS:
        (tmp_path / f"{name}.in").write_text("django\n")
        (tmp_path / f"{name}.txt").write_text(PIN.format(name="django", version="5.2.1", digest="0" * 64))
    (tmp_path / lock.RECORD).write_text(lock.record(tmp_path))
    return tmp_path


def test_sound_locks_have_no_problem(folder: Path) -> None:
    assert lock.problems(folder) == []


def test_the_projects_own_locks_have_no_problem() -> None:
    assert lock.problems() == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://registry.example/simple",
        "-i registry.example",
        "--find-links wheels",
        "a @ git+ssh://x.example/a",
    ],
)
def test_an_address_in_a_lock_is_found(folder: Path, line: str) -> None:
    (folder / "app.txt").write_text(line + "\n" + (folder / "app.txt").read_text())
    assert lock.problems(folder) == ["app.txt:1: holds an address"]


def test_a_pin_without_a_hash_is_found(folder: Path) -> None:
    with (folder / "demo.txt").open("a") as stream:
        stream.write("starlette==1.0\n")
    assert lock.problems(folder) == ["demo.txt: starlette has no hash"]


def test_a_changed_input_makes_the_lock_outdated(folder: Path) -> None:
    (folder / "app.in").write_text("django\nhttpx\n")
    assert lock.problems(folder) == ["a .in file has changed since the locks were made: run ./dev lock"]


def test_two_locks_with_different_versions_of_one_package_are_found(folder: Path) -> None:
    (folder / "dev.txt").write_text(PIN.format(name="django", version="5.2.2", digest="0" * 64))
    assert lock.problems(folder) == ["dev.txt: django is 5.2.2 here and 5.2.1 in another lock"]


def test_a_missing_lock_is_found(folder: Path) -> None:
    (folder / "dev.txt").unlink()
    assert lock.problems(folder) == ["dev.txt is missing: ./dev lock makes it"]
