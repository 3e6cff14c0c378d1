"""Finds what the strict content security policy would refuse in a page: inline scripts, styles and event handlers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from scripts.scans import Finding, project_files, read_text

# The template language gives way to as many line ends as it had, so that line numbers stay true.
TEMPLATE = re.compile(r"\{#[^\n]*?#\}|\{%\s*comment\b.*?\bendcomment\s*%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
HANDLER = re.compile(r"(?:data-)?(?:hx-)?on[a-z:-]+")
DATA_TYPES = {"application/json", "application/ld+json"}
EVALUATED = {"hx-vals", "hx-vars", "hx-headers", "hx-request"}
# (page, what stands in it) and why it may: nothing else is let through.
EXCUSED = {
    ("templates/demo/body.html", "an inline style sheet"): "an email in a sandboxed frame, under a policy of its own",
}


def scan(root: Path) -> Iterator[Finding]:
    """Findings in every page and partial below `root`; what stands in a comment does not count."""
    for path in project_files(root, [".html", ".svg"]):
        text = read_text(path)
        name = path.relative_to(root).as_posix()
        if text is None or name.startswith("tests/"):
            continue
        page = _Page()
        page.feed(TEMPLATE.sub(lambda tag: "\n" * tag[0].count("\n") or " ", text))
        page.close()
        yield from (Finding(name, line, what) for line, what in page.found if (name, what) not in EXCUSED)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: (value or "").strip().lower() for name, value in attrs}
        if tag == "script" and "src" not in values and values.get("type") not in DATA_TYPES:
            self._refused("an inline script")
        if tag == "style":
            self._refused("an inline style sheet")
        for name, value in values.items():
            if name == "style":
                self._refused("a style attribute")
            elif HANDLER.fullmatch(name):
                self._refused("an event handler")
            elif name in EVALUATED and value.startswith(("js:", "javascript:")):
                self._refused("script that htmx evaluates")
            elif value.startswith("javascript:"):
                self._refused("a javascript: address")

    def _refused(self, what: str) -> None:
        self.found.append((self.getpos()[0], what))
