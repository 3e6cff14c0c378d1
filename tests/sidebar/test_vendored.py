"""What is vendored is what its makers published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = {
    "static/vendor/htmx/htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "static/vendor/msal/msal-browser.min.js": "1115b080498b79b0b4b621dd3df478b0a9b1035f5d076d5741d1888f06923b84",
}


def test_scripts_are_the_published_ones() -> None:
    found = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in PUBLISHED}
    assert found == PUBLISHED


def test_each_package_has_its_licence_beside_it() -> None:
    for folder in (ROOT / "static/vendor").iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").read_text(encoding="utf-8").strip()


def test_every_icon_that_is_shown_is_in_the_page_and_the_other_way_round() -> None:
    held = set(re.findall(r'id="icon-([a-z-]+)"', (ROOT / "templates/pane/icons.html").read_text(encoding="utf-8")))
    texts = [
        file.read_text(encoding="utf-8")
        for file in (*(ROOT / "templates").rglob("*.html"), *(ROOT / "sidebar").rglob("*.py"))
        if file.name != "icons.html"
    ]
    shown = {name for text in texts for name in re.findall(r'{% icon "([a-z-]+)"', text)}
    assert shown <= held
    assert [name for name in sorted(held) if not any(f'"{name}"' in text for text in texts)] == []
