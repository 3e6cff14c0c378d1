"""What the parts of a mail are: its bodies, its attachments, whether it is encrypted or about a meeting."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.generator import BytesGenerator
from email.utils import collapse_rfc2231_value
from functools import partial
from html import escape
from io import BytesIO

from sync.mail import Attachment, AttachmentKind
from sync.rules import cms, tnef
from sync.rules.mime_tree import MailPart, children_of, parse_tree
from sync.rules.words import decode_bytes, decode_words, one_line

_INVITING = frozenset({"request", "reply", "cancel", "counter", "declinecounter", "refresh", "add"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_CONTAINERS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_RIGHTS_MANAGED = "application/x-microsoft-rpmsg-message"
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_PGP = "-----BEGIN PGP MESSAGE-----"
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_METHOD = re.compile(rb"^METHOD:([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAX_NAME = 200
# What the library's reading of parameters raises for damaged ones.
_DAMAGED = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An attachment and how to read its decoded content."""

    attachment: Attachment
    content: Callable[[], bytes]


@dataclass(slots=True)
class Reading:
    """What the parts gave."""

    html: str = ""
    text: str = ""
    files: list[FoundFile] = field(default_factory=list)
    encrypted: bool = False
    meeting: bool = False


def read_parts(tree: MailPart) -> Reading:
    """The bodies and attachments of a mail. Nothing of an encrypted one but that it is."""
    reader = _Reader()
    bodies = reader.read(tree, "", alone=True)
    bodies = bodies if bodies.html or bodies.text else reader.packed
    if bodies.text.lstrip().startswith(_PGP) and not bodies.html:
        reader.encrypted = True
    if reader.encrypted:
        return Reading(encrypted=True, meeting=reader.meeting)
    return Reading(bodies.html, bodies.text, reader.files, False, reader.meeting)


@dataclass(frozen=True, slots=True)
class _Bodies:
    html: str = ""
    text: str = ""

    def then(self, other: _Bodies) -> _Bodies:
        """Two texts that follow each other: where one has HTML only, the whole is HTML."""
        if not (self.html or self.text) or not (other.html or other.text):
            return other if not (self.html or self.text) else self
        html = self._as_html() + "\n" + other._as_html() if self.html or other.html else ""
        text = f"{self.text.rstrip()}\n\n{other.text}" if self.text and other.text else ""
        return _Bodies(html, text)

    def _as_html(self) -> str:
        return self.html or "<pre>" + escape(self.text, quote=False) + "</pre>"


class _Reader:
    def __init__(self) -> None:
        self.files: list[FoundFile] = []
        self.encrypted = False
        self.meeting = False
        # The text that a winmail.dat holds: it counts where the mail has none of its own.
        self.packed = _Bodies()

    def read(self, part: MailPart, key: str, *, alone: bool = False) -> _Bodies:
        """The bodies of a part; its attachments are noted. `alone`: no part beside it could be the body."""
        kind = part.get_content_type()
        if kind == "multipart/encrypted":
            self.encrypted = True
            return _Bodies()
        if kind in _MESSAGES or (part.is_multipart() and kind.startswith("message/")):
            self._note_message(part, key or "1")
            return _Bodies()
        if part.is_multipart():
            return self._several(kind, children_of(part), key)
        return self._leaf(part, kind, key or "1", alone)

    def _several(self, kind: str, children: list[MailPart], key: str) -> _Bodies:
        bodies = _Bodies()
        for number, child in enumerate(children, 1):
            if kind == "multipart/signed" and child.get_content_type() in _SIGNATURES:
                continue
            alternative = kind == "multipart/alternative"
            found = self.read(child, f"{key}.{number}" if key else str(number), alone=alternative or number == 1)
            if alternative:
                # The last is the richest that the sender could make, the first text the plainest.
                bodies = _Bodies(found.html or bodies.html, bodies.text or found.text)
            else:
                bodies = bodies.then(found)
        return bodies

    def _leaf(self, part: MailPart, kind: str, key: str, alone: bool) -> _Bodies:
        disposition = part.get_content_disposition()
        name = _file_name(part)
        if kind == _RIGHTS_MANAGED or name.lower() == "message.rpmsg":
            self.encrypted = True
            return _Bodies()
        if kind in _CONTAINERS:
            return self._container(part, key)
        if kind in _TNEF_TYPES or name.lower() == "winmail.dat":
            return self._pack(part, key, name)
        if kind == "text/calendar" and disposition != "attachment":
            self.meeting = self.meeting or _method(part) in _INVITING
            if not name:
                return _Bodies()
        is_body = disposition != "attachment" and (not name or alone)
        # Parts that were cut off or have no boundary are read as the text they are.
        if is_body and (kind in {"text/plain", "text/html", "text/enriched"} or kind.startswith("multipart/")):
            text = _text(part)
            return _Bodies(html=text) if kind == "text/html" else _Bodies(text=text)
        self._note(part, key, name or _default_name(kind))
        return _Bodies()

    def _note(self, part: MailPart, key: str, name: str) -> None:
        self.files.append(
            FoundFile(
                Attachment(
                    key=key,
                    name=name,
                    size=len(_content(part)),
                    content_type=part.get_content_type(),
                    content_id=one_line(str(part.get("Content-ID", ""))).strip("<> "),
                    is_inline=part.get_content_disposition() == "inline" or "Content-ID" in part,
                ),
                partial(_content, part),
            )
        )

    def _note_message(self, part: MailPart, key: str) -> None:
        """A message inside is a file, with its subject for a name where it has no other."""
        kind = part.get_content_type()
        if kind == "message/external-body":
            self._note_elsewhere(part, key)
            return
        inner = next(iter(children_of(part)), None)
        name = _file_name(part)
        if kind in _MESSAGES:
            subject = one_line(decode_words(_plain(str(inner.get("Subject", ""))))) if inner is not None else ""
            name = _safe_name(name or subject or "message")
            name = name if name.lower().endswith(".eml") else f"{name}.eml"
        content = partial(_inner_content, part)
        self.files.append(
            FoundFile(
                Attachment(
                    key=key,
                    name=name or "details.txt",
                    size=len(content()),
                    content_type=kind,
                    kind=AttachmentKind.MESSAGE if kind in _MESSAGES else AttachmentKind.FILE,
                ),
                content,
            )
        )

    def _note_elsewhere(self, part: MailPart, key: str) -> None:
        url = "".join(_parameter(part, "url").split())
        if url.lower().startswith(("http://", "https://")):
            name = _safe_name(_parameter(part, "name")) or url[:_MAX_NAME]
            link = Attachment(key=key, name=name, size=0, kind=AttachmentKind.LINK, url=url)
            self.files.append(FoundFile(link, lambda: b""))

    def _container(self, part: MailPart, key: str) -> _Bodies:
        """An S/MIME container: what it signs, or that it is encrypted, or a file."""
        data = _content(part)
        said = _parameter(part, "smime-type").lower()
        if said in {"enveloped-data", "authenveloped-data"} or cms.is_encrypted(data):
            self.encrypted = True
            return _Bodies()
        signed = cms.signed_content(data)
        if signed:
            tree, within_limits = parse_tree(signed)
            # A container within a container could go on without end.
            if within_limits and tree.get_content_type() not in _CONTAINERS:
                return self.read(tree, f"{key}.s", alone=True)
        if said != "certs-only":
            self._note(part, key, _file_name(part) or "smime.p7m")
        return _Bodies()

    def _pack(self, part: MailPart, key: str, name: str) -> _Bodies:
        unpacked = tnef.unpack(_content(part))
        if unpacked is None:
            self._note(part, key, name or "winmail.dat")
            return _Bodies()
        self.meeting = self.meeting or unpacked.message_class.lower().startswith(
            ("ipm.schedule.", "ipm.microsoft sche")
        )
        for number, packed in enumerate(unpacked.files, 1):
            content = packed.content
            self.files.append(
                FoundFile(
                    Attachment(
                        key=f"{key}.w{number}",
                        name=_safe_name(packed.name) or "attachment",
                        size=len(content),
                        content_type=packed.content_type or "application/octet-stream",
                        content_id=packed.content_id.strip("<> "),
                        is_inline=bool(packed.content_id),
                    ),
                    partial(bytes, content),
                )
            )
        self.packed = _Bodies(unpacked.html, unpacked.text)
        return _Bodies()


def _content(part: MailPart) -> bytes:
    """The decoded bytes of a part, as far as they can be decoded."""
    with suppress(*_DAMAGED):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            return content
    return b""


def _inner_content(part: MailPart) -> bytes:
    """The bytes of what stands in a part of messages."""
    if not part.is_multipart():
        return _content(part)
    written = BytesIO()
    for child in children_of(part):
        with suppress(MessageError, *_DAMAGED):
            BytesGenerator(written, mangle_from_=False, maxheaderlen=0).flatten(child)
    content = written.getvalue()
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() != "base64":
        return content
    # Forbidden for messages, and done all the same.
    packed: MailPart = type(part)()
    packed["Content-Transfer-Encoding"] = "base64"
    packed.set_payload(content.decode("ascii", "replace").lstrip())
    return _content(packed) or content


def _text(part: MailPart) -> str:
    data = _content(part)
    charset = ""
    with suppress(*_DAMAGED):
        charset = part.get_content_charset("") or ""
    if not charset and part.get_content_subtype() == "html":
        named = _META_CHARSET.search(data[:2048])
        charset = named.group(1).decode("ascii") if named else ""
    return decode_bytes(data, charset).replace("\r\n", "\n").replace("\r", "\n")


def _method(part: MailPart) -> str:
    said = _parameter(part, "method")
    if not said:
        found = _METHOD.search(_content(part)[:4096])
        said = found.group(1).decode("ascii") if found else ""
    return said.strip().lower()


def _parameter(part: MailPart, name: str, header: str = "content-type") -> str:
    with suppress(*_DAMAGED):
        value = part.get_param(name, "", header=header)
        return _plain(collapse_rfc2231_value(value or ""))
    return ""


def _file_name(part: MailPart) -> str:
    name = _parameter(part, "filename", "content-disposition") or _parameter(part, "name")
    return _safe_name(decode_words(name))


def _safe_name(name: str) -> str:
    """The last step of a path, without control characters and marks that turn the direction; its extension stays."""
    last = one_line(_DIRECTIONS.sub("", re.split(r"[\\/]", name)[-1])).strip()
    if len(last) <= _MAX_NAME:
        return last
    stem, dot, extension = last.rpartition(".")
    return stem[: _MAX_NAME - 21] + dot + extension if dot and len(extension) <= 20 else last[:_MAX_NAME]


def _default_name(kind: str) -> str:
    return "attachment" + (mimetypes.guess_extension(kind) or "")


def _plain(value: str) -> str:
    return decode_bytes(value.encode("utf-8", "surrogateescape"))
