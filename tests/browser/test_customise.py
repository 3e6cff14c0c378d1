"""Arranging the pane in Chromium: by the keyboard alone, kept, shown on the next email, in a language of one's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import ARTIFACTS
from tests.browser.conftest import Outlook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Windows = Callable[..., Outlook]


@pytest.fixture
def mia(outlook: Windows) -> Outlook:
    window = outlook()
    window.start()
    window.open("Northwind renewal 2027")
    return window


def test_fields_are_put_in_order_with_the_keyboard_previewed_and_kept(mia: Outlook) -> None:
    pane = mia.pane
    pane.locator("#open-customise").click()
    expect(pane.get_by_role("main", name="Arrange the pane")).to_be_visible()
    expect(pane.locator("#customise [name=order]")).to_have_count(5)
    expect(pane.locator('.tab[aria-current="page"]')).to_have_text("Pane")
    pane.get_by_role("button", name="Contacts…").click()
    expect(pane.get_by_role("heading", name="Preview with")).to_be_visible()
    # The button keeps the focus while its field moves.
    up = pane.get_by_role("button", name="Email up")
    up.focus()
    mia.page.keyboard.press("Enter")
    expect(pane.locator("#customise [name=collapsed]").nth(1)).to_have_value("Email")
    expect(pane.locator("[data-focus]")).to_be_focused()
    mia.page.keyboard.press("Enter")
    expect(pane.locator("#customise [name=collapsed]").nth(0)).to_have_value("Email")
    pane.locator("#add-field").select_option("Department")
    pane.get_by_role("button", name="Add", exact=True).click()
    expect(pane.locator("#customise [name=expanded]").last).to_have_value("Department")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    mia.page.screenshot(path=str(ARTIFACTS / "customise.png"))
    pane.get_by_role("button", name="Save").click()
    expect(pane.locator("#sync .said")).to_have_text("Saved. It counts from the next email you open.")
    pane.get_by_role("button", name="Take back my choice").click()
    expect(pane.locator("#customise [name=collapsed]").nth(0)).to_have_value("Title")
    mia.page.keyboard.press("Escape")
    expect(pane.locator("#filing")).to_be_visible()


def test_an_object_that_is_left_out_is_not_in_the_pane(mia: Outlook) -> None:
    pane = mia.pane
    pane.locator("#open-customise").click()
    pane.get_by_label("Cases", exact=True).uncheck()
    pane.get_by_role("button", name="Save").click()
    expect(pane.locator("#sync .said")).to_have_text("Saved.")
    mia.page.keyboard.press("Escape")
    mia.open("Training at Newcastle")
    mia.open("Northwind renewal 2027")
    expect(pane.locator("#filing")).to_be_visible()
    expect(pane.get_by_text("Login fails")).to_have_count(0)
    pane.locator("#open-customise").click()
    pane.get_by_role("button", name="Take back my choice").click()
    expect(pane.get_by_label("Cases", exact=True)).to_be_checked()


@pytest.mark.parametrize(("locale", "language", "direction"), [("de-DE", "de", "ltr"), ("ar-EG", "ar", "rtl")])
def test_the_pane_speaks_the_browsers_language(outlook: Windows, locale: str, language: str, direction: str) -> None:
    window = outlook(locale=locale)
    window.start()
    window.open("Northwind renewal 2027")
    pane = window.pane
    expect(pane.locator("html")).to_have_attribute("dir", direction)
    expect(pane.locator("html")).to_have_attribute("lang", language)
    expect(pane.locator("#filing")).to_be_visible()
    pane.locator("#open-customise").click()
    expect(pane.locator("#customise [name=order]")).to_have_count(5)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    window.page.screenshot(path=str(ARTIFACTS / f"customise-{language}.png"))
    assert pane.locator("body").evaluate("body => body.scrollWidth <= document.documentElement.clientWidth")
