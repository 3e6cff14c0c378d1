"""The whole product beside its sandbox, as `./dev demo` starts it, and a browser on it.

A test fails on any console error that it does not expect; what the page looked like then, and the product's log,
stay in .artifacts/.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, FrameLocator, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError
from psycopg import sql

from scripts.demo import answers, listen, start_server
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import Processes
from tests.browser.chromium import ARTIFACTS, EXECUTABLE, SHELL, chromium, needed
from tests.sandbox_process import SandboxProcess

expect.set_options(timeout=15_000)


#: Nothing is filed by itself while a test looks at it; the test that wants it chooses a delay of its own.
LONG_DELAY = ("--delay-minutes", "1440")
#: For each step until the product stands; four of them start at once where tests run side by side.
START_SECONDS = 240


@dataclass(frozen=True)
class Stack:
    """`address` is the product's; `sandbox` takes faults and tells the calls it received."""

    address: str
    sandbox: SandboxProcess
    var: Path


@dataclass
class Outlook:
    """A person's window with the demo's mail client: `clicks` counts what they pressed."""

    page: Page
    stack: Stack
    clicks: int = 0
    errors: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    @property
    def pane(self) -> FrameLocator:
        return self.page.frame_locator("#pane")

    def start(self, person: str = "mia.keller") -> None:
        """Opens the printed address; another person than the first is chosen as one does it."""
        self.page.goto(f"{self.stack.address}/demo/")
        if person != "mia.keller":
            self.page.locator(".message").first.wait_for()
            self.page.locator("#person").select_option(person)
        self.page.locator(".message").first.wait_for()
        expect(self.pane.locator('[data-state="no-item"]')).to_be_visible()

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def message(self, text: str) -> Locator:
        return self.page.locator(".message", has_text=text).first

    def open(self, text: str) -> None:
        """Selects the newest email that shows the text, however far down, and waits for what the pane says of it."""
        rows, more = self.page.locator(".message"), self.page.locator(".message__more")
        rows.first.wait_for()
        while not self.message(text).count() and more.count():
            before = rows.count()
            self.click(more)
            expect(rows).not_to_have_count(before)
        with self.page.expect_response("**/pane/context/"):
            self.click(self.message(text))
        expect(self.pane.locator("#email")).to_have_attribute("aria-busy", "false")

    def sync_page(self) -> FrameLocator:
        """The synchronisation page in the pane, with a mailbox that is read."""
        self.pane.locator("#open-sync").click()
        expect(self.pane.locator("#sync .standing").first).to_be_visible(timeout=90_000)
        return self.pane

    def part(self, name: str) -> None:
        """Another part of that page, once it stands."""
        with self.page.expect_response("**/pane/sync/**"):
            self.pane.locator(f'#sync .tab[data-part="{name}"]').click()

    def into_pane(self) -> None:
        """The keyboard goes to the pane, as F6 takes it there."""
        self.page.locator("#pane").focus()

    def filed(self) -> Locator:
        return self.pane.locator('#foot [data-mode="filed"]')

    def expect_console(self, pattern: str) -> None:
        """A console error that belongs to what is tried, such as the browser's own note of a 503."""
        self.expected.append(re.compile(pattern))

    def as_text(self) -> str:
        """What stands in the window and in the pane, and what the console said, for who cannot look at it."""
        told = [f"console: {line}" for line in self.errors]
        for frame in self.page.frames:
            try:
                told.append(f"--- {frame.url}\n{frame.locator('body').inner_text(timeout=2_000)[:3_000]}")
            except PlaywrightError as error:
                told.append(f"--- {frame.url}: {error}")
        return "\n".join(told)

    def unexpected(self) -> list[str]:
        told = without_given_up(self.errors)
        return [line for line in told if not any(pattern.search(line) for pattern in self.expected)]


def without_given_up(errors: Sequence[str]) -> list[str]:
    """Without the two errors that htmx tells of each request that is given up: for a newer one, or with its view."""
    kept: list[str] = []
    for line in errors:
        rest = line.removeprefix("htmx:sendAbort")
        before = f"htmx:afterRequest{rest}"
        if rest != line and before in kept:
            kept.reverse()
            kept.remove(before)
            kept.reverse()
        else:
            kept.append(line)
    return kept


@contextmanager
def own_services() -> Iterator[dict[str, str]]:
    """Where the tests run on PostgreSQL and Redis: a database and a cache that the product has for itself."""
    database, cache = os.environ.get("DATABASE_URL", ""), os.environ.get("CACHE_URL", "")
    if not (database.startswith("postgres://") and cache):
        yield {}
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    parts = urlsplit(database)
    name = f"{parts.path.removeprefix('/')}_browser_{worker}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # Another database of Redis than those that tests empty, see tests/settings.py.
        own_cache = f"{cache.rpartition('/')[0]}/{1 + int(worker.removeprefix('gw'))}"
        with redis.Redis.from_url(own_cache) as kept:
            kept.flushdb()
        yield {"DATABASE_URL": parts._replace(path=f"/{name}").geturl(), "CACHE_URL": own_cache}
        server.execute(drop)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for each file: what is connected, filed or set in one must not decide about another."""
    needed()
    var = tmp_path_factory.mktemp("product")
    sandbox = SandboxProcess(var / "sandbox")
    try:
        with (
            own_services() as services,
            Processes(var / "logs") as processes,
            listen(18_400) as listener,
        ):
            environment = over_shell(sandbox_environment(sandbox.info, var, listener.getsockname()[1]) | services)
            manage = [sys.executable, "manage.py"]
            # The tables take longer than all the rest: made once for each process, then copied.
            tables, migrated = var / "alongside.sqlite3", tmp_path_factory.getbasetemp() / "migrated.sqlite3"
            if not services and migrated.exists():
                shutil.copyfile(migrated, tables)
            else:
                processes.run("migrate", [*manage, "migrate", "--no-input"], environment, seconds=START_SECONDS)
                if not services:
                    shutil.copyfile(tables, migrated)
            report = str(var / "sandbox" / "sandbox.json")
            processes.run("seed_demo", [*manage, "seed_demo", report, *LONG_DELAY], environment, seconds=START_SECONDS)
            start_server(processes, environment, listener)
            address = environment["ALONGSIDE_PUBLIC_URL"]
            processes.wait_until(lambda: answers(f"{address}/readyz"), "the product", seconds=START_SECONDS)
            # What both sides make at the first question takes long where four of them begin at once.
            for first in ("gmail/noor.haddad/messages/?view=inbox&page=", "mia.keller/folders/"):
                answered = partial(answers, f"{address}/demo/{first}")
                processes.wait_until(answered, "the demo's mail", seconds=START_SECONDS)
            yield Stack(address, sandbox, var)
    finally:
        sandbox.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needed()
    with chromium(SHELL if shutil.which(SHELL) else EXECUTABLE) as started:
        yield started


def last_words(stack: Stack) -> str:
    """The end of what the product's process has logged: why it answered as it did."""
    return "".join(
        "".join(log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-60:])
        for log in (stack.var / "logs").glob("*.log")
    )


@pytest.fixture
def outlook(stack: Stack, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Outlook]]:
    """Makes windows: `outlook()`, or with Playwright's context options."""
    windows: list[tuple[Outlook, BrowserContext]] = []
    request.node.windows = windows

    def make(**options: Any) -> Outlook:
        context = browser.new_context(
            **{"viewport": {"width": 1360, "height": 860}, "color_scheme": "light", "locale": "en-GB", **options}
        )
        window = Outlook(context.new_page(), stack)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                window.errors.append(f"{message.text} {message.location['url']}")

        def asked(dialog: Dialog) -> None:
            window.errors.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        window.page.on("console", note)
        window.page.on("pageerror", lambda error: window.errors.append(f"thrown: {error}"))
        window.page.on("dialog", asked)
        windows.append((window, context))
        return window

    yield make
    stack.sandbox.clear_faults()
    failed = getattr(request.node, "failed", False)
    unexpected = [line for window, _ in windows for line in window.unexpected()]
    if failed or unexpected:
        ARTIFACTS.mkdir(exist_ok=True)
        name = re.sub(r"\W+", "-", request.node.name)
        for number, (window, _) in enumerate(windows):
            window.page.screenshot(path=ARTIFACTS / f"{name}-{number}.png")
        for log in (stack.var / "logs").glob("*.log"):
            shutil.copy(log, ARTIFACTS / f"{name}-{log.name}")
    for _, context in windows:
        context.close()
    told = "\n".join(unexpected)
    assert not unexpected, f"the console told of errors:\n{told}\nThe product's last words:\n{last_words(stack)}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a process waits until the product and its sandbox stand, on a busy machine for minutes."""
    for item in items:
        if item.get_closest_marker("browser") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(600))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
        for number, (window, _) in enumerate(getattr(item, "windows", ())):
            report.sections.append((f"window {number}", window.as_text()))
    return report
