"""Finds links in the documentation that lead nowhere: a file that is missing, a heading that is not there.

Addresses of other sites are not asked for: the check needs no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from scripts.scans import Finding, project_files, read_text

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\s*\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def scan(root: Path) -> Iterator[Finding]:
    """Findings in every Markdown file of the project below `root`."""
    for path in project_files(root, [".md"]):
        text = read_text(path)
        if text is None:
            continue
        name = path.relative_to(root).as_posix()
        text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
        for match in LINK.finditer(text):
            target = match[1] or match[2]
            if not ELSEWHERE.match(target) and not _resolves(root, path, unquote(target)):
                yield Finding(name, text.count("\n", 0, match.end()) + 1, f"the link {target} leads nowhere")


def _resolves(root: Path, page: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    place = page if not file else (root / file.lstrip("/") if file.startswith("/") else page.parent / file)
    if not place.exists() or not place.resolve().is_relative_to(root.resolve()):
        return False
    if not anchor or place.suffix != ".md":
        return True
    headings = HEADING.findall(CODE.sub(lambda code: code[0].strip("`"), place.read_text(encoding="utf-8")))
    return anchor.lower() in {_anchor(heading) for heading in headings}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
