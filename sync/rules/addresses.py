"""Reading addresses: what stands in a header, what an address and a domain are, which of them mean a company.

An address is written here in one way: lower-case, its domain in ASCII and without a trailing dot. So two addresses are
the same when their texts are. Everything takes any text, is linear in its length, and raises nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import idna
import tldextract

from sync.mail import Address
from sync.rules.words import decode_words, one_line

MAX_ADDRESS = 320
_DATA = Path(__file__).parent / "data"
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_LITERAL = re.compile(r"\[(?:ipv6:)?[0-9a-f.:]{2,64}\]\Z")
_PLAIN_LOCAL = re.compile(r"[^\s()<>\[\]:;@\\,\"]+\Z")
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*"\Z')
_NO_REPLY = re.compile(
    r"(?:^|[._+-])(?:(?:no|do[._-]?not|don[’']?t)[._-]?repl(?:y|ies)|mail(?:er)?[._-]?daemon)(?:$|[0-9._+=-])"
)
# The list ships with the library; nothing is fetched and nothing is written.
_suffixes = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


def parse_addresses(value: str) -> tuple[list[Address], list[str]]:
    """The mailboxes of a header's value (RFC 5322 address-list), and the texts that cannot be read as one.

    Groups give their members; comments and obsolete routes are read over; a comment stands in for a missing name.
    `;` parts addresses too, as Outlook writes them. Encoded words are decoded in names only, after the parts are known,
    so that nothing encoded can pose as an address.
    """
    addresses: list[Address] = []
    unreadable: list[str] = []
    for entry in _entries(value):
        address = normalise(entry.address) if entry.address else None
        if address is not None:
            addresses.append(Address(address, entry.name))
        elif text := one_line(entry.text):
            unreadable.append(text[:MAX_ADDRESS])
    return addresses, unreadable


@lru_cache(maxsize=4096)
def normalise(address: str) -> str | None:
    """The one spelling of an address, or None for what is none."""
    text = unicodedata.normalize("NFC", address.strip())
    local, at, domain = text.rpartition("@")
    if not at or len(text) > MAX_ADDRESS:
        return None
    host = ascii_domain(domain)
    if host is None or any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in local):
        return None
    if _QUOTED_LOCAL.match(local):
        bare = re.sub(r"\\(.)", r"\1", local[1:-1])
        local = bare if _PLAIN_LOCAL.match(bare) else local
    elif not _PLAIN_LOCAL.match(local):
        return None
    return f"{local.lower()}@{host}"


def ascii_domain(domain: str) -> str | None:
    """A domain in lower-case ASCII (IDNA 2008 with UTS 46), without a trailing dot; None for what is none."""
    text = domain.strip().rstrip(".").lower()
    if not text or len(text) > 253:
        return None
    if text.startswith("["):
        return text if _LITERAL.match(text) else None
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii").lower().rstrip(".")
        except (idna.IDNAError, UnicodeError):
            return None
    return text if all(_LABEL.match(label) for label in text.split(".")) else None


def without_tag(address: str) -> str:
    """The address without its plus-tag: `ann+news@x.org` is `ann@x.org`."""
    local, at, domain = address.rpartition("@")
    bare = local.partition("+")[0]
    return f"{bare}{at}{domain}" if bare and not local.startswith('"') else address


def domain_of(address: str) -> str:
    """What stands behind the last `@`, or the empty text."""
    return address.rpartition("@")[2].rstrip(".").lower() if "@" in address else ""


@lru_cache(maxsize=4096)
def registrable_domain(domain: str) -> str:
    """The part of a domain that somebody registers (`b.co.uk` of `a.b.co.uk`); empty for a bare suffix or an IP.

    Under a top level that the public suffix list does not know it is the last two labels, as the list's rules say.
    https://publicsuffix.org/list/
    """
    host = ascii_domain(domain)
    if host is None or host.startswith("[") or host.replace(".", "").isdigit():
        return ""
    found = _suffixes(host)
    if not found.suffix:
        labels = host.split(".")
        return ".".join(labels[-2:]) if len(labels) > 1 else ""
    if not found.domain and found.is_private:
        # The owner of a private suffix writes mail as well.
        found = _suffixes(host, include_psl_private_domains=False)
    return found.top_domain_under_public_suffix


def is_shared_domain(domain: str) -> bool:
    """Whether anybody can have an address there (free-mail, disposable): such a domain says nothing of a company."""
    host = ascii_domain(domain)
    return host is not None and any(parent in _shared_domains() for parent in parents(host))


def parents(domain: str) -> Iterator[str]:
    """The domain itself, then each domain that it is a subdomain of."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def is_no_reply(address: str) -> bool:
    """Whether nobody reads what is sent there, by the usual spellings of the local part."""
    local = address.rpartition("@")[0] or address
    return bool(_NO_REPLY.search(local.strip('" ').lower()))


@lru_cache(maxsize=1)
def _shared_domains() -> frozenset[str]:
    lines = (
        line.strip()
        for name in ("free_mail.txt", "disposable.txt")
        for line in (_DATA / name).read_text(encoding="ascii").splitlines()
    )
    return frozenset(line for line in lines if line and not line.startswith("#"))


_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*+")|\[[^\[\]<>,;"]*+\]|[^"\[\](),;:<>\\@]++|\\.|.""",
    re.DOTALL,
)
_COMMENT = re.compile(r"[^()\\]*+(?:\\.[^()\\]*+)*+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Entry:
    """One entry of an address list while it is read: what stands before `<`, within, and in comments."""

    __slots__ = ("angles", "comments", "has_at", "phrase", "spec", "start", "text")

    def __init__(self, start: int) -> None:
        self.start = start
        self.phrase: list[str] = []
        self.spec: list[str] = []
        self.comments: list[str] = []
        self.angles: Literal["none", "open", "closed"] = "none"
        self.has_at = False
        self.text = ""

    @property
    def name(self) -> str:
        phrase = "" if self.angles == "none" else "".join(self.phrase)
        return one_line(decode_words(phrase)) or one_line(decode_words(" ".join(self.comments)))

    @property
    def address(self) -> str:
        if self.angles == "none":
            return "".join(self.phrase).strip()
        spec = "".join(self.spec).strip()
        # An obsolete route: <@one.example,@two.example:ann@three.example>
        return spec.partition(":")[2] if spec.startswith("@") else spec

    @property
    def in_route(self) -> bool:
        return self.angles == "open" and self.spec[:1] == ["@"]

    def take(self, piece: str, *, quoted_name: bool) -> None:
        if piece == "<" and self.angles != "open":
            self.angles, self.spec = "open", []
        elif piece == "<":
            return
        elif piece == ">" and self.angles == "open":
            self.angles = "closed"
        elif self.angles == "open":
            self.spec.append(piece)
        elif self.angles == "none":
            self.has_at = self.has_at or piece == "@"
            self.phrase.append(_ESCAPED.sub(r"\1", piece[1:-1]) if quoted_name else piece)


def _entries(value: str) -> Iterator[_Entry]:
    """The entries of an address list, in one pass."""
    entry, place, depth, comment = _Entry(0), 0, 0, 0
    while place < len(value):
        if depth:
            place, depth = _comment(value, place, depth)
            if not depth:
                entry.comments.append(_ESCAPED.sub(r"\1", value[comment : place - 1]))
            continue
        token = _TOKEN.match(value, place)
        if token is None:  # cannot be: the last alternative takes any character
            break
        text, place = token.group(), token.end()
        if text == "(":
            depth, comment = 1, place
        elif text == ":" and entry.angles != "open" and not entry.has_at:
            entry = _Entry(place)  # what stood before is the name of a group
        elif text == ";" or (text == "," and not entry.in_route):
            entry.text = value[entry.start : place - 1].strip()
            yield entry
            entry = _Entry(place)
        else:
            entry.take(text, quoted_name=token.lastgroup == "quoted" and value[place : place + 1] != "@")
    entry.text = value[entry.start :].strip()
    yield entry


def _comment(value: str, place: int, depth: int) -> tuple[int, int]:
    """Goes on to the next bracket of a comment: where reading goes on, and how deep it is then."""
    found = _COMMENT.match(value, place)
    place = found.end() if found else place
    if place >= len(value):
        return place, depth
    # A backslash at the very end escapes nothing.
    return place + 1, depth + {"(": 1, ")": -1}.get(value[place], 0)
