"""`./dev demo` as a person meets it: started from a shell, opened at the address it prints, stopped with Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts import ROOT, caller_path, demo
from scripts.environment import NO_SANDBOX, production_environment, sandbox_environment
from scripts.processes import ChildFailed

START_SECONDS = 120
STOP_SECONDS = 20
MARK = "ALONGSIDE_TEST_MARK"


class Demo:
    """One `./dev demo`, whose processes are known by a mark in their environment."""

    def __init__(self, *arguments: str) -> None:
        self.mark = uuid.uuid4().hex
        settings = {"DJANGO_SETTINGS_MODULE", "SECRET_KEY", "DATABASE_URL"}
        environment = {name: value for name, value in os.environ.items() if name not in settings}
        self.process = subprocess.Popen(
            [str(ROOT / "dev"), "demo", *arguments],
            cwd="/",
            env={**environment, MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pids(self, word: str = "") -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                marked = f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                continue
            if marked and command and word in command:
                found.append(int(folder.name))
        return found

    def first_line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=STOP_SECONDS)
            pytest.fail(f"the demo did not start: {errors}")
        return line

    def end(self, seconds: float = STOP_SECONDS) -> tuple[int, str, str]:
        output, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, output, errors


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        for pid in each.pids():
            os.kill(pid, signal.SIGKILL)


proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to see what is left")


@proc
@pytest.mark.timeout(300)
def test_check_stops_by_itself_once_all_answers_and_names_mail_that_cannot_be_shown(
    demos: list[Demo], tmp_path: Path
) -> None:
    (tmp_path / "good.eml").write_text("From: a@b.example\nSubject: Hello\n\nHello\n")
    (tmp_path / "damaged.eml").write_text("")
    demos.append(Demo("--check", "--mail", str(tmp_path)))
    status, output, errors = demos[0].end(START_SECONDS)
    assert status == 0, errors
    assert re.fullmatch(r"demo: not shown: damaged\.eml: .+\n", errors)
    assert re.fullmatch(r"Alongside answers: http://127\.0\.0\.1:\d+/demo/\n", output)
    assert demos[0].pids() == []


@proc
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_address_on_a_free_port_and_a_signal_leaves_no_process(
    demos: list[Demo], number: signal.Signals
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demos.append(Demo("--port", str(port)))
        line = demos[0].first_line()
        match = re.fullmatch(r"Alongside is ready: (http://127\.0\.0\.1:(\d+)/demo/)  \(Ctrl-C stops it\)\n", line)
        assert match, line
        assert int(match[2]) > port
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(match[1], timeout=10) as page:
            assert page.status == 200
    assert len(demos[0].pids()) >= 3  # the supervisor, the sandbox, the server and its worker
    begun = time.monotonic()
    demos[0].process.send_signal(number)
    status, rest, errors = demos[0].end()
    assert (status, rest, errors) == (0, "", "")
    assert time.monotonic() - begun < STOP_SECONDS
    assert demos[0].pids() == []


@proc
@pytest.mark.timeout(300)
def test_it_ends_with_a_clear_error_when_the_sandbox_dies(demos: list[Demo]) -> None:
    demos.append(Demo())
    demos[0].first_line()
    for pid in demos[0].pids("sandbox\0--state-dir"):
        os.kill(pid, signal.SIGKILL)
    status, _, errors = demos[0].end()
    assert status == 1
    assert errors.startswith("demo: sandbox ended unexpectedly")
    assert "sandbox.log" in errors
    assert demos[0].pids() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--mail", "no/such/folder"], "no/such/folder does not exist"), (["--port", "70000"], "up to 65535")],
)
def test_a_wrong_argument_is_refused_before_anything_starts(
    demos: list[Demo], arguments: list[str], words: str
) -> None:
    demos.append(Demo(*arguments))
    status, output, errors = demos[0].end()
    assert (status, output) == (2, "")
    assert words in errors


def test_a_start_keeps_keys_and_authority_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    with demo.installation() as var:
        for name in ("keys.json", "alongside.sqlite3", "alongside.sqlite3-wal"):
            (var / name).write_text(name)
        (var / "sandbox").mkdir()
        (var / "sandbox" / "ca.pem").write_text("ca")
        (var / "logs").mkdir()
        (var / "logs" / "server.log").write_text("old")
    with demo.installation() as again:
        assert again == var
        assert sorted(entry.name for entry in again.iterdir()) == ["keys.json", "lock", "sandbox"]
        assert (again / "sandbox" / "ca.pem").read_text() == "ca"


def test_a_second_demo_takes_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    with demo.installation() as first, demo.installation() as second:
        assert (first.name, second.name) == ("demo", "demo-2")
    monkeypatch.setattr(demo, "INSTALLATIONS", 1)
    with demo.installation(), pytest.raises(ChildFailed, match="run already"), demo.installation():
        pytest.fail("two demos in one folder")


def test_the_next_free_port_is_taken() -> None:
    with demo.listen(0) as taken, demo.listen(taken.getsockname()[1]) as listener:
        assert listener.getsockname()[1] > taken.getsockname()[1]


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = sandbox_environment(NO_SANDBOX, tmp_path, 8000)
    second = sandbox_environment(NO_SANDBOX, tmp_path, 8001)
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["ALONGSIDE_KEYS"] == second["ALONGSIDE_KEYS"]
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert set(json.loads((tmp_path / "keys.json").read_text())) == {"SECRET_KEY", "ALONGSIDE_KEYS"}
    assert sandbox_environment(NO_SANDBOX, tmp_path / "other", 8000)["SECRET_KEY"] != first["SECRET_KEY"]


def test_a_folder_with_a_space_is_a_good_database_address(tmp_path: Path) -> None:
    address = sandbox_environment(NO_SANDBOX, tmp_path / "a b", 8000)["DATABASE_URL"]
    assert " " not in address
    assert urlsplit(address).scheme == "sqlite"


def test_production_settings_hold_nothing_of_the_sandbox() -> None:
    settings = production_environment()
    assert settings["ALONGSIDE_SANDBOX"] == ""
    assert not any("localhost" in value or "127.0.0.1" in value for value in settings.values())


def test_paths_are_seen_from_where_the_person_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALONGSIDE_CALLER_DIR", str(tmp_path))
    assert caller_path("mail/inbox.mbox") == tmp_path / "mail" / "inbox.mbox"
    assert caller_path("/srv/inbox.mbox") == Path("/srv/inbox.mbox")


def test_the_sandbox_is_told_what_more_to_show() -> None:
    parser = demo.arguments()
    assert demo.growth_words(parser.parse_args([])) == ["--activities"]
    given = parser.parse_args(["--custom-object", "--person-accounts", "12", "--related-records", "200"])
    words = ["--activities", "--custom-object", "--person-accounts", "12", "--related-records", "200"]
    assert demo.growth_words(given) == words
