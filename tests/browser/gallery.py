"""Every state of the pane as pictures: `./dev gallery [--to FOLDER] [NAME …]`.

Each example of `tests/look/` is drawn by the real templates into the real shell and taken in Chromium at 320, 400 and
600 px, light and dark, as it looks in Outlook and in Gmail. Pictures and their pages go to docs/gallery/. The clock is
fixed and nothing moves, so that a run without a change changes nothing.
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import django
import time_machine

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "gallery"
NOW = datetime(2026, 11, 24, 9, 41, tzinfo=UTC)
SCHEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev gallery", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a part or of an example; without one, all of them")
    parser.add_argument("--to", type=Path, default=FOLDER, metavar="FOLDER")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with time_machine.travel(NOW, tick=False):
        django.setup()
        _take(asked.to, asked.names)


def _take(folder: Path, names: list[str]) -> None:
    from tests.browser.chromium import chromium
    from tests.look import pictures
    from tests.look.compress import small
    from tests.look.registry import examples

    every = examples()
    pictured = {name: one for name, one in every.items() if one.pictured}
    wanted = [one for one in pictured.values() if not names or one.name in names or one.part in names]
    folder.mkdir(parents=True, exist_ok=True)
    with pictures.served(every) as origin, chromium() as browser:
        press = browser.new_page()
        page = pictures.window(browser).new_page()
        page.clock.set_fixed_time(NOW)
        camera = page.context.new_cdp_session(page)
        stand = pictures.Stand(page, origin, "sheet")
        # One shell after the other, since loading one takes longer than a picture.
        every_look = [(one, host) for one in wanted for host in pictures.hosts(one)]
        for example, host in sorted(every_look, key=lambda look: pictures.shell_of(*look)):
            pictures.lay_out(stand, example, host)
            for scheme in SCHEMES:
                pictures.dress(page, scheme)
                taken = camera.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})["data"]
                _write(folder / f"{example.slug}.{host}.{scheme}.png", small(press, taken))
    if not names:
        _tidy(folder, {example.slug for example in wanted})
    _write_pages(folder, list(pictured.values()))


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def _tidy(folder: Path, slugs: set[str]) -> None:
    """Pictures of states that are no more."""
    for path in folder.glob("*.png"):
        if path.name.split(".")[0] not in slugs:
            path.unlink()


def _write_pages(folder: Path, every: list[object]) -> None:
    from tests.look.album import write

    write(folder, every)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
