"""Links in an email's bodies: all of them, and those to files in cloud stores, which are listed as links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote, urlsplit

from sync.mail import Attachment, AttachmentKind
from sync.rules.html import MAX_HTML, attribute, tokens
from sync.rules.words import one_line

MAX_LINKS = 200
_MAX_URL = 2048
_URL = re.compile(r"\bhttps?://[^\s<>\"'\x00-\x1f]{3,2048}", re.IGNORECASE)
# (the host or what it ends with, how a path to a file begins)
_STORES = (
    ("drive.google.com", ("/file/", "/open", "/drive/folders/", "/uc")),
    ("docs.google.com", ("/document/", "/spreadsheets/", "/presentation/", "/forms/", "/file/")),
    ("1drv.ms", ("/",)),
    ("onedrive.live.com", ("/",)),
    (".sharepoint.com", ("/:", "/personal/", "/sites/", "/teams/")),
    ("dropbox.com", ("/s/", "/scl/", "/sh/", "/l/")),
    ("box.com", ("/s/", "/file/")),
    ("icloud.com", ("/iclouddrive/",)),
    ("wetransfer.com", ("/downloads/",)),
    ("we.tl", ("/",)),
)


def links_of(html: str, text: str) -> tuple[str, ...]:
    """The web addresses of the bodies, each once, at most 200."""
    found: dict[str, None] = {}
    for url, _ in _hrefs(html):
        found.setdefault(url)
        if len(found) == MAX_LINKS:
            return tuple(found)
    for match in _URL.finditer(text[:MAX_HTML]):
        found.setdefault(match.group().rstrip(".,;:!?)]}"))
        if len(found) == MAX_LINKS:
            break
    return tuple(found)


def cloud_files(html: str) -> tuple[Attachment, ...]:
    """Files in cloud stores that the HTML links to, as attachments of the kind link."""
    files: dict[str, str] = {}
    for url, words in _hrefs(html):
        if is_cloud_file(url):
            files.setdefault(url, words)
        if len(files) == MAX_LINKS:
            break
    return tuple(
        Attachment(f"link:{place}", _name(url, words), 0, kind=AttachmentKind.LINK, url=url)
        for place, (url, words) in enumerate(files.items())
    )


def is_cloud_file(url: str) -> bool:
    """Whether an address looks like a file (or folder) that somebody shares from a known cloud store."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return False
    return any(
        (host == store or (store.startswith(".") and host.endswith(store)) or host.endswith("." + store))
        and parts.path.startswith(beginnings)
        for store, beginnings in _STORES
    )


def _hrefs(html: str) -> Iterator[tuple[str, str]]:
    """(address, words) of each link."""
    url, words = "", ""
    for kind, name, rest in tokens(html[:MAX_HTML]):
        if kind == "text":
            words = (words + unescape(rest))[:_MAX_URL] if url and len(words) < _MAX_URL else words
        elif name == "a":
            if url:
                yield url, one_line(words)
            href = attribute(rest, "href") if kind == "open" else ""
            url, words = (href if href.lower().startswith(("http://", "https://")) else "")[:_MAX_URL], ""
    if url:
        yield url, one_line(words)


def _name(url: str, words: str) -> str:
    last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    described = words if words and not words.lower().startswith("http") else ""
    return (described or (last if "." in last else "") or urlsplit(url).hostname or url)[:255]
