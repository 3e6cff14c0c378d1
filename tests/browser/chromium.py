"""Debian's Chromium under Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ARTIFACTS = Path(__file__).resolve().parents[2] / ".artifacts"
EXECUTABLE = "/usr/bin/chromium"
# The same engine without windows, tabs and extensions, for a sixth less of the processor (decision 039).
SHELL = "/usr/bin/chromium-headless-shell"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def needed() -> None:
    """A person may try the rest without Chromium; where everything has to hold it must be there."""
    if shutil.which(EXECUTABLE) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")


@contextmanager
def chromium(executable: str = EXECUTABLE) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
