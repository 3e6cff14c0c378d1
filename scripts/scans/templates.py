"""Finds what the strict content security policy would refuse in a page: inline scripts, styles and event handlers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.scans import Finding, project_files, read_text

COMMENTS = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}|<!--.*?-->", re.DOTALL)
TAG = r"<(?:[a-zA-Z][\w:-]*)(?:\"[^\"]*\"|'[^']*'|\{%.*?%\}|\{\{.*?\}\}|[^>\"'])*?"
REFUSED = {
    "an inline script": re.compile(
        r"<script\b(?!(?:\"[^\"]*\"|'[^']*'|[^>\"'])*\b(?:src\s*=|type\s*=\s*[\"']application/(?:ld\+)?json[\"']))",
        re.IGNORECASE,
    ),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(TAG + r"\sstyle\s*=", re.IGNORECASE | re.DOTALL),
    "an event handler": re.compile(TAG + r"\s(?:data-)?(?:hx-)?on[a-z:-]+\s*=", re.IGNORECASE | re.DOTALL),
    "script that htmx evaluates": re.compile(
        r"\bhx-(?:vals|vars|headers|request)\s*=\s*[\"']\s*js(?:cript)?:", re.IGNORECASE
    ),
    "a javascript: address": re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
}


def scan(root: Path) -> Iterator[Finding]:
    """Findings in every page and partial below `root`; what stands in a comment does not count."""
    for path in project_files(root, [".html", ".svg"]):
        text = read_text(path)
        name = path.relative_to(root).as_posix()
        if text is None or name.startswith("tests/"):
            continue
        # Comments give way to their own line ends, so that line numbers stay true.
        text = COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), text)
        for what, form in REFUSED.items():
            yield from (Finding(name, text.count("\n", 0, match.end()) + 1, what) for match in form.finditer(text))
