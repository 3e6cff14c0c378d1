"""Gmail's page of the sandbox in a Chromium with our extension loaded, as a person has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    Worker,
    expect,
    sync_playwright,
)

from tests.browser.chromium import ARGUMENTS, EXECUTABLE
from tests.browser.conftest import Stack

EXTENSION = Path(__file__).resolve().parents[2] / "clients" / "chrome"
GMAIL = "https://mail.google.com/mail/u"
NOOR = "noor.haddad@larkfield-labs.example"


@dataclass
class Gmail:
    """A browser with the extension. `errors` are what pages of ours, Gmail's and the extension told of."""

    context: BrowserContext
    stack: Stack
    extension_id: str
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.errors.append(f"{message.text} {message.location['url']}")

        page.on("console", note)
        page.on("pageerror", lambda error: self.errors.append(f"thrown: {error}"))

    @property
    def worker(self) -> Worker:
        found = self.context.service_workers
        return found[0] if found else self.context.wait_for_event("serviceworker")

    def set_server(self, address: str) -> None:
        """As the options page does."""
        page = self.context.new_page()
        page.goto(f"chrome-extension://{self.extension_id}/options.html")
        page.locator("#server").fill(address)
        page.locator("#save").click()
        expect(page.locator("#said")).to_have_text("Saved.")
        page.close()

    def open(self, address: str = "#inbox", *, account: str = NOOR, number: int = 0) -> Page:
        """Gmail, signed in there as somebody."""
        page = self.context.new_page()
        self.watch(page)
        page.goto(f"{GMAIL}/{number}/{address}")
        chooser = page.locator(f'button[value="{account}"]')
        if chooser.count():
            chooser.click()
        page.locator("tr.zA").first.wait_for()
        return page

    def sign_in(self, page: Page, account: str = NOOR, *, button: str = "sign-in") -> None:
        """Presses the pane's button, and signs in with Google in the window that opens."""
        with self.context.expect_page() as opened:
            self.pane(page).locator(f'[data-action="{button}"]').click()
        window = opened.value
        person = window.locator(f'button[value="{account}"]')
        allow = window.locator('button[value="allow"]')
        expect(person.or_(allow)).to_be_visible()
        if person.count():
            person.click()
        with contextlib.suppress(Error):  # allowed before: the window is closed already
            allow.click(timeout=3_000)

    def read(self, page: Page, text: str) -> None:
        """Opens the newest conversation of the list that shows the text."""
        page.locator("tr.zA", has_text=text).first.click()
        expect(page.locator("h2.hP >> visible=true")).to_be_visible()

    def pane(self, page: Page) -> Frame:
        """The server's pane, in the extension's frame."""
        return _frame(page, "/pane/gmail/")

    def frame(self, page: Page) -> Frame:
        """The extension's own page."""
        return _frame(page, "/frame.html")


def _frame(page: Page, path: str) -> Frame:
    """By its address: within a closed shadow root, which no selector enters."""
    for _ in range(300):
        found = [frame for frame in page.frames if frame.url.partition("#")[0].endswith(path)]
        if found:
            return found[-1]
        page.wait_for_timeout(100)
    raise AssertionError(f"{path} did not come: {[frame.url for frame in page.frames]}")


@contextmanager
def gmail_with_extension(
    stack: Stack, profile: Path, *, extension: Path = EXTENSION, arguments: Sequence[str] = (), **options: Any
) -> Iterator[Gmail]:
    every = [
        *ARGUMENTS,
        *arguments,
        *stack.sandbox.info["browser_arguments"],
        f"--load-extension={extension}",
        f"--disable-extensions-except={extension}",
    ]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=EXECUTABLE,
            headless=False,  # the new headless mode, by its own argument: the old one has no extensions
            args=every,
            locale=options.pop("locale", "en-GB"),
            viewport=options.pop("viewport", {"width": 1360, "height": 860}),
            color_scheme=options.pop("color_scheme", "light"),
            **options,
        )
        try:
            worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
            yield Gmail(context, stack, worker.url.split("/")[2])
        finally:
            context.close()
