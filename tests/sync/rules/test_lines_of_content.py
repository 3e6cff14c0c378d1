"""The rules of content, line by line: each name quotes its line (`sync.rules`)."""

import pytest

from sync.mail import AttachmentKind
from sync.rules.content import (
    MAX_FILE_BYTES,
    FileChoice,
    cut,
    cut_html,
    files_of,
    looks_like_program,
    without_control_characters,
)
from sync.rules.mime import parse_mime
from tests.sync.rules.build import message
from tests.sync.rules.test_files_of_a_message import attached
from tests.sync.rules.test_mime import TEXT, file, mail, parts
from tests.sync.rules.test_mime_containers import carried, pack, packed_file

HARMFUL = "exe dll com scr msi msp bat cmd ps1 psm1 vbs vbe js jse wsf wsh hta jar lnk reg iso img vhd vhdx dmg app"
PICTURE = "Content-Type: image/png\r\nContent-Disposition: inline\r\nContent-ID: <{}>\r\n\r\nx"
SHOWING = 'Content-Type: text/html\r\n\r\n<p>Hello <img src="cid:one@x"></p>'


def outcomes(*inner: str) -> dict[str, str]:
    read = parse_mime(mail(parts("multipart/mixed", *inner)))
    return {one.attachment.name: one.reason for one in files_of(read)}


def only(*attachments: object, **values: object) -> FileChoice:
    return files_of(message(attachments=attachments), **values)[0]  # type: ignore[arg-type]


def test_inline_image_an_image_part_whose_content_id_the_html_refers_to_is_left_out() -> None:
    assert outcomes(SHOWING, PICTURE.format("one@x")) == {"attachment.png": "inline-image"}


def test_an_unreferenced_inline_part_is_an_attachment() -> None:
    assert outcomes(SHOWING, PICTURE.format("two@x")) == {"attachment.png": ""}


def test_attachments_25_mib_each_decoded() -> None:
    assert MAX_FILE_BYTES == 25 * 1024 * 1024
    assert only(attached(size=MAX_FILE_BYTES)).included
    assert only(attached(size=MAX_FILE_BYTES + 1)).reason == "too-large"
    # 24 bytes travel as 32 of base64: the decoded ones count.
    read = parse_mime(mail(parts("multipart/mixed", TEXT, file("a.pdf", b"x" * 24))))
    assert [one.reason for one in files_of(read, max_bytes=24)] == [""]


def test_left_out_empty_files() -> None:
    assert outcomes(TEXT, file("a.pdf", b"")) == {"a.pdf": "empty"}


@pytest.mark.parametrize("extension", HARMFUL.split())
def test_left_out_dangerous_ones_by_extension(extension: str) -> None:
    choice = only(attached(f"a.{extension.upper()}"))
    assert (choice.included, choice.reason) == (False, "dangerous")
    assert f".{extension} " in choice.sentence


@pytest.mark.parametrize("start", [b"MZ\x90", b"\x7fELF", b"#!/bin/sh", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"])
def test_left_out_dangerous_ones_by_content_whatever_starts_like_a_program(start: bytes) -> None:
    assert looks_like_program(start)


def test_where_an_allow_list_is_set_everything_else_files_without_an_extension_included() -> None:
    allowed = frozenset({"pdf"})
    assert only(attached("a.pdf"), allowed_extensions=allowed).included
    for name in ("a.docx", "readme", ".profile", "pdf"):
        assert only(attached(name), allowed_extensions=allowed).reason == "not-allowed"
    assert only(attached("readme")).included


def test_links_to_cloud_files_are_listed_as_links() -> None:
    html = '<a href="https://customer.sharepoint.com/:w:/s/x">Offer</a> <a href="https://customer.example">us</a>'
    found = files_of(message(html=html))
    assert [(one.attachment.name, one.attachment.kind, one.reason) for one in found] == [
        ("Offer", AttachmentKind.LINK, "link")
    ]


def test_a_message_inside_a_message_is_an_eml_file() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nFrom: bob@customer.example\r\nSubject: Before\r\n\r\nHello"
    assert outcomes(TEXT, inner) == {"Before.eml": ""}


def test_winmail_dat_is_unpacked_what_comes_out_passes_the_same_tests_or_taken_as_a_file() -> None:
    data = pack(packed_file(b"offer.pdf", b"%PDF"), packed_file(b"tool.exe", b"MZ"))
    read = parse_mime(carried("application/ms-tnef", "winmail.dat", data))
    assert {one.attachment.name: one.reason for one in files_of(read)} == {"offer.pdf": "", "tool.exe": "dangerous"}
    damaged = parse_mime(carried("application/ms-tnef", "winmail.dat", data[:60]))
    assert {one.attachment.name: one.reason for one in files_of(damaged)} == {"winmail.dat": ""}


def test_signed_mail_is_filed_as_what_it_signs() -> None:
    signature = "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nx"
    inner = parts("multipart/mixed", TEXT, file("offer.pdf"))
    read = parse_mime(mail(parts("multipart/signed", inner, signature)))
    assert (read.text, [one.attachment.name for one in files_of(read)]) == ("Hello Mia", ["offer.pdf"])


def test_encrypted_mail_is_filed_with_its_addresses_and_subject_its_attachments_are_left_out() -> None:
    control = "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"
    read = parse_mime(mail(parts("multipart/encrypted", control, file("encrypted.asc"))))
    assert (read.problem, read.subject, read.text, read.html) == ("encrypted", "Our visit", "", "")
    assert read.from_
    assert files_of(read) == ()


def test_bodies_are_cut_at_the_object_s_limit_with_a_line_that_says_so() -> None:
    long = "word " * 10_000
    for short in (cut(long, 1000), cut_html(f"<p>{long}</p>", 1000)):
        assert len(short) <= 1000
        assert "Cut here: the whole is 50,0" in short
    assert cut("short", 1000) == "short"


def test_control_characters_are_removed() -> None:
    assert without_control_characters("a\0b\x1b\x7f\r\nc\td") == "ab\nc\td"


def test_what_can_be_read_of_a_damaged_message_is_filed() -> None:
    read = parse_mime(mail("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + TEXT))
    assert (read.problem, read.text) == ("", "Hello Mia")


def nested(levels: int) -> str:
    inner = TEXT
    for _ in range(levels):
        inner = parts("multipart/mixed", inner)
    return inner


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (nested(50), ""),
        (nested(51), "malformed"),
        (parts("multipart/mixed", *(TEXT for _ in range(1000))), ""),
        (parts("multipart/mixed", *(TEXT for _ in range(1001))), "malformed"),
        ("X: " + "x" * (2**20 - 1000) + "\r\n" + TEXT, ""),
        ("X: " + "x" * 2**20 + "\r\n" + TEXT, "malformed"),
    ],
    ids=["50 levels", "51 levels", "1,000 parts", "1,001 parts", "under 1 MiB of headers", "over 1 MiB of headers"],
)
def test_malformed_nested_deeper_than_50_or_more_than_1000_parts_or_1_mib_of_headers(rest: str, problem: str) -> None:
    assert parse_mime(mail(rest)).problem == problem
