"""Finds words for people that no catalogue can translate: text in templates, sentences in Python and in JavaScript.

a template     a text node, or an attribute that people read, outside {% translate %}
Python         a sentence (a capital, words, a full stop) that is neither marked nor an exception for programmers
JavaScript     a sentence in a string: words come from the page
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from scripts.scans import Finding, project_files, read_text

_MARKED: Final = re.compile(
    r"\{#[^\n]*?#\}|\{%\s*comment\b.*?\bendcomment\s*%\}|\{%\s*blocktrans(?:late)?\b.*?\bendblocktrans(?:late)?\s*%\}"
    r"|\{%\s*block (?:bodyclass|coltype)\b.*?\bendblock\s*%\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
_READ: Final = frozenset({"title", "alt", "placeholder", "aria-label", "aria-description", "label"})
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SENTENCE: Final = re.compile(r"[A-Z“][^\n]*\s[^\n]*[a-z…”][.!?…]\Z")
_NAMES: Final = frozenset({"Alongside", "Salesforce", "Microsoft", "Gmail", "Outlook", "Google", "MiB", "hidden"})
#: The demo stands beside the sandbox only.
_NOT: Final = ("templates/demo/", "sidebar/demo/", "static/demo/", "static/vendor/", "tests/")
#: Attributes that a tag takes in.
_PARTS: Final = ("templates/pane/records/field_about.html",)
_CODE: Final = ("sidebar/", "sync/services/", "sync/capture/", "sync/rules/")
_MARKS: Final = frozenset(
    {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "_"}
)
#: Whose words programmers or an API's readers read.
_OTHERS: Final = frozenset(
    {
        "extend_schema",
        "OpenApiParameter",
        "Invalid",
        "ValueError",
        "TypeError",
        "RuntimeError",
        "LookupError",
        "KeyError",
    }
    | {
        "NotImplementedError",
        "ImproperlyConfigured",
        "AssertionError",
        "debug",
        "info",
        "warning",
        "error",
        "exception",
    }
)


def scan(root: Path) -> Iterator[Finding]:
    for path in project_files(root, [".html", ".py", ".js"]):
        name = path.relative_to(root).as_posix()
        text = read_text(path)
        if text is None or name.startswith(_NOT) or name in _PARTS or "/management/" in name or "/migrations/" in name:
            continue
        found: Iterator[tuple[int, str]] = iter(())
        if name.startswith("templates/") and path.suffix == ".html":
            found = in_template(text)
        elif name.startswith(_CODE) and path.suffix == ".py":
            found = in_python(text)
        elif name.startswith("static/") and path.suffix == ".js":
            found = in_script(text)
        yield from (Finding(name, line, f"words outside the catalogues: {what!r}") for line, what in found)


def in_template(text: str) -> Iterator[tuple[int, str]]:
    page = _Page()
    text = re.sub(r"(</?)\{\{.*?\}\}", r"\1h2", text)  # the name of a tag that the page chooses
    page.feed(_MARKED.sub(lambda tag: "\n" * tag[0].count("\n") or " ", text))
    page.close()
    yield from page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"code", "pre", "script", "style"}
        for name, value in attrs:
            if name in _READ:
                self._held(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre", "script", "style"} and self._code > 0

    def handle_data(self, data: str) -> None:
        if not self._code:
            self._held(data)

    def _held(self, text: str) -> None:
        # An example of an address or a domain is none of a language.
        if set(_WORD.findall(re.sub(r"\S+\.example\b", "", text))) - _NAMES:
            self.found.append((self.getpos()[0], " ".join(text.split())[:80]))


def in_python(text: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(text)
    excused: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            excused.add(id(node.value))  # a docstring
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in _MARKS | _OTHERS:
                excused.update(id(one) for one in ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in excused:
            said = node.value.strip()
            if _SENTENCE.match(said):
                yield node.lineno, said[:80]


def in_script(text: str) -> Iterator[tuple[int, str]]:
    without = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(without.split("\n"), 1):
        line = re.sub(r"(?<!:)//.*", "", line)
        if "Error(" in line or "console." in line:
            continue
        for found in re.findall(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`", line):
            words = next(filter(None, found), "").strip()
            if _SENTENCE.match(words):
                yield number, words[:80]
