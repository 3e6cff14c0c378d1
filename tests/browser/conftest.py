"""The whole product beside its sandbox, as `./dev demo` starts it, and a browser on it.

A test fails on any console error that it does not expect; what the page looked like then stays in .artifacts/.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, FrameLocator, Locator, Page, expect

from scripts.demo import answers, listen, start_server
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import Processes
from tests.browser.chromium import ARTIFACTS, available, chromium
from tests.sandbox_process import SandboxProcess

expect.set_options(timeout=15_000)


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

    def into_pane(self) -> None:
        """The keyboard goes to the pane, as F6 takes it there."""
        self.page.locator("#pane").focus()

    def filed(self) -> Locator:
        return self.pane.locator('#foot [data-mode="filed"]')

    def expect_console(self, pattern: str) -> None:
        """A console error that belongs to what is tried, such as the browser's own note of a 503."""
        self.expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [line for line in self.errors if not any(pattern.search(line) for pattern in self.expected)]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not available():
        # A person may try the rest without it; where everything has to hold it must be there.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")
    var = tmp_path_factory.mktemp("product")
    sandbox = SandboxProcess(var / "sandbox")
    try:
        with Processes(var / "logs") as processes, listen(18_400) as listener:
            environment = over_shell(sandbox_environment(sandbox.info, var, listener.getsockname()[1]))
            manage = [sys.executable, "manage.py"]
            processes.run("migrate", [*manage, "migrate", "--no-input"], environment, seconds=120)
            report = str(var / "sandbox" / "sandbox.json")
            processes.run("seed_demo", [*manage, "seed_demo", report], environment, seconds=120)
            start_server(processes, environment, listener)
            address = environment["ALONGSIDE_PUBLIC_URL"]
            processes.wait_until(lambda: answers(f"{address}/readyz"), "the product", seconds=60)
            yield Stack(address, sandbox, var)
    finally:
        sandbox.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def outlook(stack: Stack, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Outlook]]:
    """Makes windows: `outlook()`, or with Playwright's context options."""
    windows: list[tuple[Outlook, BrowserContext]] = []

    def make(**options: Any) -> Outlook:
        context = browser.new_context(
            **{"viewport": {"width": 1360, "height": 860}, "color_scheme": "light", "locale": "en-GB", **options}
        )
        window = Outlook(context.new_page(), stack)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                window.errors.append(message.text)

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
    for _, context in windows:
        context.close()
    assert unexpected == [], "the console told of errors"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
    return report
