"""Signing in to the pane in Outlook: nested app authentication with Microsoft's own library, and the dialog."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Outlook

Windows = Callable[..., Outlook]


def start(window: Outlook, nested: str) -> None:
    window.page.goto(f"{window.stack.address}/demo/?nested={nested}")
    window.page.locator(".message").first.click()


def test_who_is_signed_in_to_outlook_is_signed_in_to_the_pane(outlook: Windows) -> None:
    window = outlook()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    start(window, "silent")
    expect(window.pane.locator("#filing")).to_be_visible()
    assert any("vendor/msal/msal-browser" in url for url in asked)
    # Nothing of a token stays in the browser.
    kept = window.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert not re.search(r"eyJ|accesstoken|secret", kept, re.IGNORECASE)
    assert window.page.context.cookies() == []


def test_where_microsoft_wants_the_person_they_press_once(outlook: Windows) -> None:
    window = outlook()
    start(window, "popup")
    expect(window.pane.locator('[data-state="sign-in"]')).to_be_visible()
    expect(window.pane.locator("#status")).to_contain_text("Not signed in.")
    window.pane.get_by_role("button", name="Sign in").click()
    window.page.locator("#question").get_by_role("button", name="Allow").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def sign_in_in_the_dialog(window: Outlook) -> None:
    """The dialog shows Microsoft's page; the person signs in there."""
    expect(window.pane.locator('[data-state="sign-in"]')).to_be_visible()
    window.pane.get_by_role("button", name="Sign in").click()
    dialog = window.page.frame_locator("#dialog-frame")
    dialog.locator('input[name="username"]').fill("mia.keller@larkfield.example")
    dialog.locator('input[name="password"]').fill(window.stack.sandbox.user("mia")["password"])
    dialog.locator("button.main").click()


def test_an_outlook_without_nested_authentication_signs_in_in_a_dialog(outlook: Windows) -> None:
    window = outlook()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    start(window, "none")
    sign_in_in_the_dialog(window)
    expect(window.pane.locator("#filing")).to_be_visible()
    expect(window.page.locator("#dialog")).to_be_hidden()
    assert not any("vendor/msal" in url for url in asked)


def test_where_an_administrator_has_switched_it_off_the_dialog_does_it(outlook: Windows) -> None:
    window = outlook()
    start(window, "disabled")
    sign_in_in_the_dialog(window)
    expect(window.pane.locator("#filing")).to_be_visible()


def test_where_there_is_neither_offices_own_token_is_the_last_way(outlook: Windows) -> None:
    window = outlook()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    start(window, "office")
    expect(window.pane.locator("#filing")).to_be_visible()
    assert window.pane.locator("body").evaluate(
        "() => [typeof Office.context.ui.displayDialogAsync, 'nestedAppAuthBridge' in window]"
    ) == ["undefined", False]
    assert any("/token/" in url for url in asked)
    assert not any("vendor/msal" in url or "/connect/" in url for url in asked)
    expect(window.page.locator("#dialog")).to_be_hidden()


@pytest.mark.parametrize("first", ["Allow", "Cancel"])
def test_for_offices_own_token_too_nobody_is_asked_before_they_press(outlook: Windows, first: str) -> None:
    window = outlook()
    start(window, "office-popup")
    expect(window.pane.locator('[data-state="sign-in"]')).to_be_visible()
    expect(window.page.locator("#question")).to_be_hidden()
    window.pane.get_by_role("button", name="Sign in").click()
    window.page.locator("#question").get_by_role("button", name=first).click()
    if first == "Cancel":
        expect(window.pane.locator('[data-state="sign-in"]')).to_be_visible()
        window.pane.get_by_role("button", name="Sign in").click()
        window.page.locator("#question").get_by_role("button", name="Allow").click()
    expect(window.pane.locator("#filing")).to_be_visible()


def test_who_closes_the_dialog_may_press_again(outlook: Windows) -> None:
    window = outlook()
    start(window, "none")
    expect(window.pane.locator('[data-state="sign-in"]')).to_be_visible()
    window.pane.get_by_role("button", name="Sign in").click()
    expect(window.page.locator("#dialog")).to_be_visible()
    window.page.locator("#dialog-close").click()
    expect(window.pane.get_by_role("button", name="Sign in")).to_be_visible()
