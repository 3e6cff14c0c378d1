"""Draws the clients' icons anew from `static/clients/icon.svg`: `python -m scripts.icons`. Needs Chromium."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from scripts import ROOT

FOLDER = ROOT / "static/clients"
#: 16 to 128 for Outlook's own places and Chrome's; 25 to 144 for Outlook on phones, where a pixel is up to three.
SIZES = (16, 20, 24, 25, 32, 40, 48, 50, 64, 75, 80, 96, 128, 144)
CHROMIUM = "/usr/bin/chromium"


def main() -> None:
    drawing = (FOLDER / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless=new", "--no-sandbox"])
        for size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                f"<style>*{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{drawing}"
            )
            page.screenshot(path=FOLDER / f"icon-{size}.png", omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
