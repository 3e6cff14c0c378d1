"""The gallery's pages: one for each part of the pane, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.look.pictures import hosts
from tests.look.registry import PARTS, Example

_ABOUT = """# How it looks

Every state of the pane, drawn by the real templates and taken in Chromium at 320, 400 and 600 px, light and dark, with
the tokens of Outlook (Fluent) and of Gmail (Material). Made by `./dev gallery`; a run without a change changes nothing.

"""


def write(folder: Path, examples: Sequence[Example]) -> None:
    lines = [_ABOUT]
    for part, title in PARTS.items():
        own = [example for example in examples if example.part == part]
        (folder / f"{part}.md").write_text(_page(folder, title, own), encoding="utf-8")
        lines.append(f"- [{title}]({part}.md): {len(own)} states\n")
    (folder / "README.md").write_text("".join(lines), encoding="utf-8")


def _page(folder: Path, title: str, examples: Sequence[Example]) -> str:
    lines = [f"# {title}\n\n[All parts](README.md)\n"]
    for example in examples:
        lines.append(f"\n## {example.says}\n\n`{example.name}`\n\n")
        for host in hosts(example):
            for scheme in ("light", "dark"):
                picture = f"{example.slug}.{host}.{scheme}.png"
                # One that a run of some parts only has not taken yet.
                if (folder / picture).exists():
                    lines.append(f"![{example.says}: {host.capitalize()}, {scheme}]({picture})\n")
    return "".join(lines)
