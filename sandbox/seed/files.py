"""Reads real mail from disk: an mbox file, or a folder of `.eml` and `.txt` files.

Whatever the files hold, each message comes out either with its bytes or with the reason why not; none stops the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 150 * 1024 * 1024  # Exchange Online's own ceiling for one message
_SUFFIXES = (".eml", ".txt")
_SEPARATOR = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER_LINE = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LoadedMail:
    """`data` is the message, or None and then `error` says why. `name` is the file, with a number for an mbox."""

    name: str
    data: bytes | None
    error: str | None


def load_mail(path: Path) -> Iterator[LoadedMail]:
    """All messages at `path`, files in the order of their names. Raises FileNotFoundError when it does not exist."""
    path = Path(path)
    if path.is_dir():
        for file in sorted(_files(path)):
            yield from _load_file(file, str(file.relative_to(path)))
        return
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    yield from _load_file(path, path.name)


def _files(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            if name.lower().endswith(_SUFFIXES):
                yield Path(base) / name


def _load_file(file: Path, name: str) -> Iterator[LoadedMail]:
    try:
        size = file.stat().st_size
        if size > MAX_BYTES and file.suffix.lower() in _SUFFIXES:
            yield LoadedMail(name, None, f"The file has {size} bytes; a mailbox takes {MAX_BYTES}.")
            return
        if not file.is_file():
            yield LoadedMail(name, None, "This is not a file.")
            return
        content = file.read_bytes()
    except OSError as error:
        yield LoadedMail(name, None, f"The file cannot be read: {error.strerror or error}.")
        return
    if content.startswith(b"From ") and file.suffix.lower() != ".eml":
        yield from _split(content, name)
    else:
        yield _checked(name, content)


def _split(content: bytes, name: str) -> Iterator[LoadedMail]:
    """The messages of an mbox. A separator counts at the start and after an empty line, as mail programs write it."""
    starts = [
        match
        for match in _SEPARATOR.finditer(content)
        if match.start() == 0 or content[max(0, match.start() - 3) : match.start()].endswith((b"\n\n", b"\n\r\n"))
    ]
    for number, match in enumerate(starts, start=1):
        end = starts[number].start() if number < len(starts) else len(content)
        yield _checked(f"{name}#{number}", _QUOTED.sub(rb"\1", content[match.end() : end]))


def _checked(name: str, content: bytes) -> LoadedMail:
    if not content.strip(b"\x00 \t\r\n"):
        return LoadedMail(name, None, "The message is empty.")
    if len(content) > MAX_BYTES:
        return LoadedMail(name, None, f"The message has {len(content)} bytes; a mailbox takes {MAX_BYTES}.")
    if not _HEADER_LINE.search(content[:1_000_000]):
        return LoadedMail(name, None, "The file holds no mail header.")
    return LoadedMail(name, content, None)
