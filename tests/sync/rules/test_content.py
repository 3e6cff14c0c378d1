"""What of an email's content is filed (`sync.rules.content`, `sync.rules.html`)."""

import time
from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mail import Attachment, AttachmentKind
from sync.rules.content import (
    DANGEROUS,
    MAX_FILE_BYTES,
    FileChoice,
    choose_files,
    clean_html,
    cut,
    cut_html,
    file_extension,
    html_to_text,
    looks_like_program,
    without_control_characters,
)


def attached(name: str = "offer.pdf", size: int = 1000, **values: Any) -> Attachment:
    return Attachment(key="1", name=name, size=size, **values)


def image(content_id: str, **values: Any) -> Attachment:
    return attached("logo.png", content_type="image/png", content_id=content_id, is_inline=True, **values)


def choice(attachment: Attachment, **values: Any) -> FileChoice:
    return choose_files([attachment], **values)[0]


def test_a_file_is_included_without_a_reason() -> None:
    assert choice(attached()) == FileChoice(attached(), True, "", "")


@pytest.mark.parametrize(
    ("html", "included"),
    [
        ('<img src="cid:logo@1">', False),
        ("<img src='CID:Logo@1'>", False),
        ("<img src=cid:logo%401 alt=x>", False),
        ('<div style="background:url(cid:logo@1)">', False),
        ('<img src="cid:logo&#64;1">', False),
        ('<img src="cid:other@1">', True),
        ('<img src="cid:logo@12">', True),
        ("logo@1", True),
        ("", True),
    ],
)
def test_an_image_that_the_html_refers_to_is_left_out(html: str, included: bool) -> None:
    for content_id in ("logo@1", "<logo@1>"):
        found = choice(image(content_id), html=html)
        assert (found.included, found.reason) == (included, "" if included else "inline-image")


def test_an_unreferenced_inline_part_is_an_attachment() -> None:
    assert choice(image(""), html="<p>").included
    assert choice(attached("offer.pdf", is_inline=True, content_id="x"), html="<a href='cid:x'>").included


def test_an_image_of_no_better_type_is_known_by_its_name() -> None:
    part = attached("image001.png", content_id="x")
    assert choice(part, html='<img src="cid:x">').reason == "inline-image"


def test_of_a_hint_without_html_the_client_s_word_is_taken() -> None:
    assert choice(image("")).reason == "inline-image"
    assert choice(attached("scan.png", content_type="image/png")).included


def test_empty_and_too_large_files_are_left_out() -> None:
    assert choice(attached(size=0)).reason == "empty"
    assert choice(attached(size=MAX_FILE_BYTES)).included
    assert choice(attached(size=MAX_FILE_BYTES + 1)).reason == "too-large"
    assert choice(attached(size=MAX_FILE_BYTES + 1)).sentence == "It is larger than 25 MB."
    assert choice(attached(size=11), max_bytes=10).reason == "too-large"


@pytest.mark.parametrize("extension", sorted(DANGEROUS))
def test_dangerous_files_are_left_out_by_extension(extension: str) -> None:
    for name in (f"offer.{extension}", f"offer.pdf.{extension.upper()}"):
        assert choice(attached(name), allowed_extensions=frozenset({extension})).reason == "dangerous"


@pytest.mark.parametrize(
    "name",
    [
        "a.exe.",
        "a.exe ",
        "a.exe\u200b",
        "a.e\u00adxe",
        "a.exe::$DATA",
        "cod\u202efdp.exe",
        "a.ｅｘｅ",
        "dir\\a.exe",
        ".exe",
        "a.exe\0",
    ],
)
def test_nothing_in_a_name_hides_its_extension(name: str) -> None:
    assert choice(attached(name)).reason == "dangerous"


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.PDF", "pdf"),
        ("a", ""),
        (".bashrc", ""),
        ("a.tar.gz", "gz"),
        ("exe", ""),
        ("a.exe.txt", "txt"),
        ("", ""),
        ("a.", ""),
    ],
)
def test_the_extension_is_what_a_system_would_go_by(name: str, extension: str) -> None:
    assert file_extension(name) == extension


def test_where_an_allow_list_is_set_everything_else_is_left_out() -> None:
    allowed = frozenset({".PDF", "eml"})
    names = ["a.pdf", "a.docx", "readme"]
    assert [found.reason for found in choose_files(map(attached, names), allowed_extensions=allowed)] == [
        "",
        "not-allowed",
        "not-allowed",
    ]
    inner = attached("Our visit", kind=AttachmentKind.MESSAGE)
    assert choice(inner, allowed_extensions=allowed).included
    assert choice(inner, allowed_extensions=frozenset({"pdf"})).reason == "not-allowed"
    assert choice(attached(), allowed_extensions=frozenset()).reason == "not-allowed"


def test_links_are_listed_as_links_and_messages_are_files() -> None:
    assert choice(attached(size=0, kind=AttachmentKind.LINK, url="https://x.example")).reason == "link"
    assert choice(attached("Our visit", kind=AttachmentKind.MESSAGE)).included


def test_every_reason_comes_with_one_sentence() -> None:
    parts = [attached("a.exe"), attached(size=0), image(""), attached(kind=AttachmentKind.LINK), attached(size=2**30)]
    for found in choose_files(parts):
        assert not found.included
        assert found.sentence.endswith(".")


@pytest.mark.parametrize(
    "start",
    [
        b"MZ\x90\0",
        b"\x7fELF\2",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"#!/bin/sh",
        b"\xef\xbb\xbf#!/bin/sh",
        b"\0asm\1",
        b"L\0\0\0\x01\x14\x02\0",
        b"vhdxfile",
        b"@echo off\r\n",
        b"  @ECHO OFF",
        b"\0" * 0x8001 + b"CD001\1",
    ],
)
def test_what_starts_like_a_program_is_known(start: bytes) -> None:
    assert looks_like_program(start)


@pytest.mark.parametrize(
    "start", [b"", b"M", b"%PDF-1.7", b"PK\3\4", b"\x89PNG", b"\xd0\xcf\x11\xe0", b"Hello #!", b"<html>"]
)
def test_documents_are_not_programs(start: bytes) -> None:
    assert not looks_like_program(start)


def test_clean_html_keeps_what_shows() -> None:
    html = (
        '<p dir="rtl">שלום <b>Ann</b></p><table><tr><td colspan="2">1</td></tr></table><img src="cid:logo" alt="Logo">'
    )
    assert clean_html(html) == html.replace("<tr>", "<tbody><tr>").replace("</tr>", "</tr></tbody>")


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<style>p{}</style>",
        "<p onclick='alert(1)' style='x'>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href='data:text/html,alert(1)'>x</a>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<iframe src='https://x.example'>alert(1)</iframe>",
        "<form action='https://x.example'><input name=alert(1)></form>",
        "<base href='https://x.example'><meta http-equiv=refresh content='0;alert(1)'>",
        "<math><mtext></p><style><img src onerror=alert(1)></style></math>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<!--><script>alert(1)</script-->",
        "<link rel=stylesheet href='https://x.example'>",
        "<img alt='\"><script>alert(1)</script>' src='https://x.example/a'>",
        "<a href='https://x.example/&quot; onclick=alert(1) x=&quot;'>x</a>",
    ],
)
def test_clean_html_leaves_nothing_that_runs_or_loads(html: str) -> None:
    cleaned = clean_html(f"<p>a</p>{html}")
    allowed = {"p", "a", "img", "div", "span", "b"}
    for element in lxml.html.fragment_fromstring(cleaned, create_parent=True).iterdescendants():
        assert element.tag in allowed
        assert not any(str(name).startswith("on") or name == "style" for name in element.attrib)
        assert str(element.get("href", "https:")).startswith(("http:", "https:", "mailto:", "tel:", "cid:"))
        assert str(element.get("src", "cid:")).startswith("cid:")


def test_images_from_elsewhere_become_links() -> None:
    rel = 'rel="noopener noreferrer nofollow"'
    assert clean_html('<img src="https://x.example/a?b&c" alt="Our > lamp">') == (
        f'<a href="https://x.example/a?b&amp;c" {rel}>Our &gt; lamp</a>'
    )
    assert clean_html('<a href="https://x.example"><img src="https://x.example/a"></a>') == (
        f'<a href="https://x.example" {rel}>[image]</a>'
    )
    assert clean_html('a<img src="https://x.example/pixel" width=1 height="1">b') == "ab"


@pytest.mark.parametrize(
    "scheme", ["http://x.example", "https://x.example", "mailto:a@b.example", "tel:+4930123", "cid:x"]
)
def test_the_allowed_addresses_stay(scheme: str) -> None:
    assert f'href="{scheme}"' in clean_html(f'<a href="{scheme}">x</a>')


def test_html_as_text() -> None:
    html = """<html><head><title>no</title><style>no</style></head><body><p>Dear&nbsp;<b>Ann</b>,</p>
      <div>one</div><div>two<br><br>see <a href="https://x.example/a">here</a> or https://y.example</div>
      <ul><li>first<li>second</ul><pre>  kept\n    as is</pre><!-- no <p> -->
      <table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table><script>no</script></body></html>"""
    assert html_to_text(html) == (
        "Dear\u00a0Ann,\n\none\ntwo\n\nsee here <https://x.example/a> or https://y.example\n\n- first\n- second\n\n"
        "  kept\n    as is\n\n1\t2\n3\t4"
    )


def test_text_that_looks_like_markup_stays_text() -> None:
    assert html_to_text("1 < 2 &lt;b&gt; 3 > 2") == "1 < 2 <b> 3 > 2"
    assert html_to_text("a<br/>b") == "a\nb"
    assert html_to_text('<a title="a > b" href="mailto:a@b.example">a@b.example</a>') == "a@b.example"


@given(st.text())
def test_no_text_stops_the_reading_of_html(text: str) -> None:
    html_to_text(text)
    clean_html(text)
    without_control_characters(text)
    file_extension(text)


PIECES = [
    "<",
    ">",
    "</",
    "<a ",
    "<p>",
    "<!--",
    "-->",
    "<script>",
    "</script",
    "'",
    '"',
    "=",
    "href",
    "cid:",
    "&",
    "&lt;",
    "<img src=",
    "http://x",
    "<pre>",
    " ",
    "\n",
    "\0",
    "\x01",
    "<!",
    "<?",
]


@given(st.lists(st.sampled_from(PIECES)))
def test_no_pieces_of_html_stop_it_either(pieces: list[str]) -> None:
    html = "".join(pieces)
    html_to_text(html)
    cleaned = clean_html(html)
    assert len(cut_html(cleaned, 200)) <= 200
    assert "<script" not in cleaned


HOSTILE = [
    "<div>",
    "<b>",
    "<p>",
    "<font color=1>",
    "<a href=x>",
    "<table>",
    "<td>",
    "<",
    "<!--",
    "</",
    "<a '",
    '<a "x>"',
    "<style>",
    "&",
    "<pre>",
    "<blockquote>",
    "<li>",
    "\t",
    "<svg>",
    "cid:",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_html_takes_bounded_time_and_room(piece: str) -> None:
    html = piece * 10_000
    begin = time.process_time()
    cleaned, text = clean_html(html), html_to_text(html)
    choose_files([image("x")], html=html)
    assert time.process_time() - begin < 5
    assert len(cleaned) < 60 * len(html)
    assert len(text) <= len(html) + 10


def test_formatting_that_multiplies_is_read_as_text() -> None:
    html = "".join(f"<font color={number}>" for number in range(3000)) + "<p>x" * 3000
    assert len(clean_html(html)) < len(html)
    assert html_to_text(html).count("x") == 3000


def test_html_that_is_larger_than_any_mail_is_read_as_text() -> None:
    cleaned = clean_html("<p>Hello</p>" + "<!-- -->" * 300_000)
    assert cleaned == "<pre>Hello</pre>"


def test_a_body_is_cut_with_a_line_that_says_so() -> None:
    assert cut("short", 5) == "short"
    text = "word " * 100
    shorter = cut(text, 100)
    assert len(shorter) <= 100
    assert shorter.startswith("word word")
    assert shorter.endswith("\n[Cut here: the whole is 500 characters long.]")


@given(st.text(), st.integers(min_value=0, max_value=300))
def test_what_is_cut_always_fits(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert len(cut_html(text, limit)) <= limit


def test_html_is_cut_into_html() -> None:
    html = clean_html("<div><p>" + "<b>word</b> &amp; " * 100 + "</p></div>")
    shorter = cut_html(html, 500)
    assert len(shorter) <= 500
    assert shorter.endswith("characters long.]</p>")
    assert clean_html(shorter) == shorter  # everything that was opened is closed
    assert "&am" not in shorter.replace("&amp;", "")


def test_control_characters_are_removed_and_text_directions_stay() -> None:
    assert without_control_characters("a\0b\x1b[1m\x85c\td\r\ne\rf\x7f\ud800") == "ab[1mc\td\ne\nf"
    assert without_control_characters("\u202bשלום\u202c 👨‍👩‍👧") == "\u202bשלום\u202c 👨‍👩‍👧"
