"""`./dev translations`: takes the words out of code and templates, and puts them into the catalogues.

    code, templates ─► xgettext ─► what is said ─► msgmerge ─► locale/LANGUAGE/LC_MESSAGES/django.po ─► msgfmt ─► .mo

Catalogues are sorted and without places in the code, so that they change only with the words. `problems` is the check:
every sentence translated in every language, none fuzzy, the same placeholders, and `.mo` what `.po` says.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts import ROOT
from scripts.scans import Finding, project_files

LANGUAGES: Final = ("de", "fr", "es", "ar")
LOCALE: Final = ROOT / "locale"
#: Where words for people are. The demo stands beside the sandbox only, and commands speak to operators in English.
_WHERE: Final = ("accounts", "config", "permissions", "sidebar", "sync", "templates")
_NOT: Final = ("sidebar/demo/", "templates/demo/", "/management/", "/migrations/")
_KEYWORDS: Final = (
    *("gettext_lazy", "ngettext_lazy:1,2", "gettext_noop", "pgettext:1c,2", "npgettext:1c,2,3", "_"),
    *("pgettext_lazy:1c,2", "npgettext_lazy:1c,2,3", "gettext", "ngettext:1,2"),
)
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]|%[sd]")
TOOLS: Final = ("xgettext", "msgmerge", "msgfmt", "msgcat", "msgunfmt")


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a catalogue: `texts` are its translations, one for each plural form."""

    context: str
    text: str
    plural: str
    texts: tuple[str, ...]
    flags: frozenset[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.text


def catalogue(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def extract(into: Path) -> Path:
    """A template of everything that is said, below `into`."""
    from django.utils.translation.template import templatize

    names: list[str] = []
    for path in project_files(ROOT, [".py", ".html"]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(tuple(one + "/" for one in _WHERE)) or any(one in "/" + name for one in _NOT):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = templatize(text, origin=name)
        copy = into / (name + (".py" if path.suffix == ".html" else ""))
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        names.append(copy.relative_to(into).as_posix())
    pot = into / "django.pot"
    listed = into / "files"
    listed.write_text("\n".join(sorted(names)), encoding="utf-8")
    options = ["--language=Python", "--from-code=UTF-8", "--add-location=never", "--sort-output", "--no-wrap"]
    keywords = ["--keyword", *(f"--keyword={one}" for one in _KEYWORDS)]
    # What comments say to programmers is not for translators.
    _run("xgettext", *options, *keywords, f"--files-from={listed}", f"--output={pot}", cwd=into)
    return pot


def update() -> None:
    """Every catalogue with what is said now, compiled. What is said no more is taken out."""
    with tempfile.TemporaryDirectory() as folder:
        pot = extract(Path(folder))
        for language in LANGUAGES:
            path = catalogue(language)
            options = ["--no-fuzzy-matching", "--no-wrap", "--sort-output", "--add-location=never", "--quiet"]
            merged = Path(folder) / f"{language}.po"
            _run("msgmerge", *options, f"--output-file={merged}", str(path), str(pot))
            _run("msgattrib", "--no-obsolete", "--no-wrap", "--sort-output", f"--output-file={path}", str(merged))
            _run("msgfmt", "--check-format", f"--output-file={path.with_suffix('.mo')}", str(path))


def problems(root: Path = ROOT) -> Iterator[Finding]:
    """What keeps somebody from reading the product in their language."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        yield Finding("locale", 1, f"gettext is not installed: {', '.join(absent)} missing")
        return
    with tempfile.TemporaryDirectory() as folder:
        said = {one.key: one for one in read(extract(Path(folder)))}
        for language in LANGUAGES:
            path = catalogue(language)
            name = path.relative_to(root).as_posix()
            if not path.is_file():
                yield Finding(name, 1, "there is no such catalogue")
                continue
            known = {one.key: one for one in read(path)}
            yield from (Finding(name, 1, f"not in the catalogue: {key[1]!r}") for key in said.keys() - known.keys())
            yield from (Finding(name, 1, f"said no more: {key[1]!r}") for key in known.keys() - said.keys() if key[1])
            for one in known.values():
                yield from (Finding(name, 1, f"{what}: {one.text!r}") for what in wrong_with(one))
            yield from _compiled(name, path, Path(folder))


def wrong_with(one: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    if not one.text:
        return
    if "fuzzy" in one.flags:
        yield "fuzzy"
    if not one.texts or not all(one.texts):
        yield "not translated"
        return
    wanted = _placeholders(one.plural or one.text)
    for text in one.texts:
        # A form for one or two may leave the number out: Arabic says "two days" in a word.
        given = _placeholders(text)
        spare = {"count", "n"} if one.plural else set()
        if given - wanted or wanted - given - spare:
            yield f"other placeholders in {text!r}"
    if one.text.startswith("\n") != one.texts[0].startswith("\n") or one.text[-1:] == " " != one.texts[0][-1:]:
        yield "other blanks at its ends"


def _placeholders(text: str) -> set[str]:
    return {found[1] or found[0] for found in _PLACEHOLDER.finditer(text.replace("%%", ""))}


def _compiled(name: str, path: Path, folder: Path) -> Iterator[Finding]:
    mo = path.with_suffix(".mo")
    fresh = folder / "fresh.mo"
    _run("msgfmt", f"--output-file={fresh}", str(path))
    if not mo.is_file() or _unpacked(mo) != _unpacked(fresh):
        yield Finding(name, 1, "the compiled catalogue is another: run ./dev translations")


def _unpacked(mo: Path) -> str:
    command = ["msgunfmt", "--no-wrap", "--sort-output", str(mo)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(path: Path) -> Iterator[Message]:
    """The entries of a catalogue; its head is the one with an empty text."""
    done = subprocess.run(["msgcat", "--no-wrap", "--add-location=never", str(path)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    for block in done.stdout.strip().split("\n\n"):
        if not block.startswith("#~"):
            yield _entry(block.split("\n"))


def _entry(lines: list[str]) -> Message:
    flags: set[str] = set()
    found: dict[str, str] = {}
    part = ""
    for line in lines:
        if line.startswith("#,"):
            flags.update(flag.strip() for flag in line[2:].split(","))
        elif line.startswith("#"):
            continue
        elif line.startswith('"'):
            found[part] += _text(line)
        else:
            part, _sep, rest = line.partition(" ")
            found[part] = _text(rest)
    texts = [found[one] for one in sorted(one for one in found if one.startswith("msgstr"))]
    return Message(
        found.get("msgctxt", ""), found.get("msgid", ""), found.get("msgid_plural", ""), tuple(texts), frozenset(flags)
    )


def _text(quoted: str) -> str:
    escapes = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), quoted.strip()[1:-1])


def _run(tool: str, *arguments: str, cwd: Path | None = None) -> None:
    done = subprocess.run([tool, *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{tool}: {done.stderr}")


if __name__ == "__main__":
    update()
    left = [str(finding) for finding in problems()]
    print("\n".join(left) or "Every sentence is translated.")
    sys.exit(1 if left else 0)
