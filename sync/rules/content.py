"""What of an email's content is filed: which attachments and why not the others, and the bodies' outer form.

    encrypted ► link ► inline image ► empty ► dangerous ► not on the allow-list ► too large ► included

Salesforce may still refuse a file; then whoever files says so with its words (`refused`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
from typing import Literal
from urllib.parse import unquote

from django.utils.translation import gettext

from sync.mail import Attachment, AttachmentKind, Message
from sync.rules.html import clean_html, cut_html, html_to_text
from sync.rules.links import cloud_files

__all__ = [
    "DANGEROUS",
    "MAX_FILE_BYTES",
    "FileChoice",
    "choose_files",
    "clean_html",
    "cut",
    "cut_html",
    "file_extension",
    "files_of",
    "html_to_text",
    "looks_like_program",
    "referred_content_ids",
    "without_control_characters",
]

Reason = Literal["", "inline-image", "empty", "too-large", "dangerous", "not-allowed", "link", "refused", "encrypted"]

MAX_FILE_BYTES = 25 * 2**20
_DANGEROUS = "exe dll com scr msi msp bat cmd ps1 psm1 vbs vbe js jse wsf wsh hta jar lnk reg iso img vhd vhdx dmg app"
DANGEROUS = frozenset(_DANGEROUS.split())
_IMAGES_NAMED = "apng avif bmp emf gif heic ico jfif jpe jpeg jpg png svg tif tiff webp wmf"
_IMAGES = frozenset(_IMAGES_NAMED.split())
_PROGRAMS = (
    b"MZ",  # Windows, DOS
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",  # macOS, each byte order and width, and many in one
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",  # Java classes too
    b"\xbe\xba\xfe\xca",
    b"dex\n",
    b"\0asm",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",  # a Windows shortcut
    b"vhdxfile",
    b"conectix",  # a virtual disk
)
_ISO_MARK, _ISO_PLACE = b"CD001", 0x8001
_BATCH = re.compile(rb"\s*@\s*echo\s+off\b", re.IGNORECASE)
_CID = re.compile(r"\bcid:([^\"'\s<>)]+)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class FileChoice:
    """An attachment and whether it is filed; `reason` and `sentence` say why not, and are empty when it is."""

    attachment: Attachment
    included: bool
    reason: Reason
    sentence: str


def choose_files(
    attachments: Iterable[Attachment],
    *,
    html: str | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    allowed_extensions: frozenset[str] | None = None,
) -> tuple[FileChoice, ...]:
    """Each attachment with its outcome, in order.

    `html` is the HTML body, empty for an email without one; None where it is not known, as for a hint: then the
    client's word on inline images is taken. Sizes are compared as given, in bytes.
    """
    referred = None if html is None else referred_content_ids(html)
    allowed = None
    if allowed_extensions is not None:
        # An entry that says nothing must not let files without an extension in.
        allowed = frozenset(one.lower().strip(" .*") for one in allowed_extensions) - {""}
    return tuple(_choice(one, referred, max_bytes, allowed) for one in attachments)


def files_of(
    message: Message, *, max_bytes: int = MAX_FILE_BYTES, allowed_extensions: frozenset[str] | None = None
) -> tuple[FileChoice, ...]:
    """Everything that comes with a message, with its outcome: attachments in order, then the cloud files it links to.

    Of an encrypted message nothing is filed.
    """
    if message.problem == "encrypted":
        return tuple(
            FileChoice(one, False, "encrypted", gettext("It belongs to an encrypted email."))
            for one in message.attachments
        )
    listed = {one.url for one in message.attachments if one.kind is AttachmentKind.LINK}
    linked = [one for one in cloud_files(message.html) if one.url not in listed]
    return choose_files(
        (*message.attachments, *linked),
        html=message.html,
        max_bytes=max_bytes,
        allowed_extensions=allowed_extensions,
    )


def referred_content_ids(html: str) -> frozenset[str]:
    """The Content-IDs that an HTML body refers to, lower-case, without angle brackets."""
    return frozenset(_content_id(unquote(found)) for found in _CID.findall(unescape(html)))


def file_extension(name: str) -> str:
    """The lower-case extension that a system would go by, without the dot; empty where there is none.

    Invisible characters, trailing dots and blanks, and a stream's name (`a.exe::$DATA`) hide nothing.
    """
    visible = "".join(one for one in name if unicodedata.category(one) not in {"Cc", "Cf", "Cs"})
    last = re.split(r"[\\/]", visible)[-1].partition(":")[0].rstrip(". \t\u00a0")
    stem, dot, extension = unicodedata.normalize("NFKC", last).rpartition(".")
    return extension.strip().lower() if dot and (stem or extension.lower() in DANGEROUS) else ""


def looks_like_program(first_bytes: bytes) -> bool:
    """Whether a file starts like a program, a script for a shell, a shortcut or a disk image.

    32,774 bytes are enough to tell; of fewer a disk image is not recognised.
    """
    start = first_bytes.removeprefix(b"\xef\xbb\xbf")
    if first_bytes.startswith(_PROGRAMS) or start.startswith(b"#!") or _BATCH.match(start[:256]):
        return True
    return first_bytes[_ISO_PLACE : _ISO_PLACE + len(_ISO_MARK)] == _ISO_MARK


def cut(text: str, limit: int) -> str:
    """The text, or its start and a line that says so: together at most `limit` characters."""
    if len(text) <= limit:
        return text
    line = f"\n[Cut here: the whole is {len(text):,} characters long.]"
    if len(line) >= limit:
        return text[:limit]
    start = text[: limit - len(line)]
    # Not within what is shown as one character.
    while start and unicodedata.combining(text[len(start)]):
        start = start[:-1]
    return start.rstrip() + line


def without_control_characters(text: str) -> str:
    """The text with line ends as `\\n`, tabs, and no other control character. Marks of text direction stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _choice(
    attachment: Attachment, referred: frozenset[str] | None, max_bytes: int, allowed: frozenset[str] | None
) -> FileChoice:
    reason, sentence = _left_out(attachment, referred, max_bytes, allowed)
    return FileChoice(attachment, not reason, reason, sentence)


def _left_out(
    attachment: Attachment, referred: frozenset[str] | None, max_bytes: int, allowed: frozenset[str] | None
) -> tuple[Reason, str]:
    if attachment.kind is AttachmentKind.LINK:
        return "link", gettext("It is a link to a file elsewhere.")
    if _is_inline_image(attachment, referred):
        return "inline-image", gettext("It is an image within the text.")
    if attachment.kind is AttachmentKind.FILE and attachment.size <= 0:
        return "empty", gettext("It is empty.")
    is_message = attachment.kind is AttachmentKind.MESSAGE
    extension = "eml" if is_message else file_extension(attachment.name)
    if extension in DANGEROUS:
        return "dangerous", gettext("Files of the kind .%(extension)s can do harm.") % {"extension": extension}
    if allowed is not None and extension not in allowed:
        if not extension:
            return "not-allowed", gettext("Files without an extension are not allowed by your organisation.")
        refused = gettext("Files of the kind .%(extension)s are not allowed by your organisation.")
        return "not-allowed", refused % {"extension": extension}
    if attachment.size > max_bytes:
        return "too-large", gettext("It is larger than %(most)d MB.") % {"most": max_bytes // 2**20}
    return "", ""


def _is_inline_image(attachment: Attachment, referred: frozenset[str] | None) -> bool:
    if attachment.kind is not AttachmentKind.FILE or not _is_image(attachment):
        return False
    if referred is None:
        return attachment.is_inline
    return bool(attachment.content_id) and _content_id(attachment.content_id) in referred


def _is_image(attachment: Attachment) -> bool:
    kind = attachment.content_type.partition(";")[0].strip().lower()
    # Some servers give no better type than this for an image.
    unknown = kind in {"", "application/octet-stream"}
    return kind.startswith("image/") or (unknown and file_extension(attachment.name) in _IMAGES)


def _content_id(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">").lower()
