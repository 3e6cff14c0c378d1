"""Raw mail read as a message (`sync.rules.mime`)."""

import base64
import io
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.mail import Address, AttachmentKind, FolderKind, Message, Sensitivity
from sync.rules.content import choose_files
from sync.rules.eligibility import Cause, Facts, Mode, may_file
from sync.rules.identity import message_identity
from sync.rules.mime import parse_mime, read_attachment
from tests.sync.rules.build import outside

HEAD = (
    "From: =?utf-8?q?J=C3=BCrg?= <Juerg@Customer.example>\r\nTo: mia.keller@larkfield.example\r\n"
    "Subject: Our visit\r\nDate: Fri, 20 Nov 2026 10:30:00 +0100\r\nMessage-ID: <one@customer.example>\r\n"
    "MIME-Version: 1.0\r\n"
)


def mail(rest: str | bytes, head: str = HEAD) -> bytes:
    return head.encode() + (rest.encode() if isinstance(rest, str) else rest)


def parts(kind: str, *inner: str) -> str:
    """A multipart, ready to stand in another one."""
    boundary = f"b{abs(hash(inner))}"
    body = "".join(f"--{boundary}\r\n{one}\r\n" for one in inner)
    return f'Content-Type: {kind}; boundary="{boundary}"\r\n\r\n{body}--{boundary}--\r\n'


def file(name: str, content: bytes = b"content", kind: str = "application/pdf", more: str = "") -> str:
    return (
        f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n{more}'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(content).decode()}"
    )


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nHello Mia"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>Mia</b></p>"


def names(read: Message) -> list[str]:
    return [one.name for one in read.attachments]


def test_headers_and_text_of_a_plain_mail() -> None:
    read = parse_mime(mail("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\nJ".encode("latin-1")))
    assert read.from_ == Address("juerg@customer.example", "Jürg")
    assert read.to == (Address("mia.keller@larkfield.example"),)
    assert (read.subject, read.internet_message_id) == ("Our visit", "<one@customer.example>")
    assert read.sent_at == read.received_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (read.text, read.html, read.problem, read.attachments) == ("Grüße\nJ", "", "", ())
    assert read.header("message-id") == "<one@customer.example>"


def test_what_the_bytes_cannot_tell_comes_from_the_caller() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    read = parse_mime(
        mail("\r\n"),
        provider_id="p",
        received_at=moment,
        conversation_id="c",
        folder=FolderKind.JUNK,
        categories=("x",),
        is_draft=True,
    )
    assert (read.provider_id, read.received_at, read.conversation_id) == ("p", moment, "c")
    assert (read.folder, read.categories, read.is_draft) == (FolderKind.JUNK, ("x",), True)


def test_the_topmost_received_gives_the_arrival() -> None:
    head = "Received: by b; Sat, 21 Nov 2026 08:00:00 -0500\r\nReceived: by a; Fri, 20 Nov 2026 08:00:00 +0000\r\n"
    assert parse_mime(mail("\r\n", head + HEAD)).received_at == datetime(2026, 11, 21, 13, tzinfo=UTC)


def test_a_stream_is_read_like_bytes() -> None:
    raw = mail(parts("multipart/mixed", TEXT, file("a.pdf")))
    assert parse_mime(io.BytesIO(raw)) == parse_mime(raw)


def test_of_several_lines_of_a_header_the_first_counts() -> None:
    twice = "From: a@b.example\r\nFrom: c@d.example\r\nTo: x@b.example\r\nTo: y@b.example\r\n"
    read = parse_mime(mail("Subject: 1\r\nSubject: 2\r\n\r\n", twice))
    assert read.from_ == Address("a@b.example")
    assert read.to == (Address("x@b.example"),)
    assert read.subject == "1"


def test_what_is_no_address_is_kept_as_text() -> None:
    read = parse_mime(b"From: a@b.example\r\nTo: nobody, b@b.example\r\nCc: /CN=ANN\r\n\r\n")
    assert read.to == (Address("b@b.example"),)
    assert read.unparsed == ("nobody", "/CN=ANN")


@pytest.mark.parametrize("from_", ["", "From:\r\n", "From: nobody\r\n", "From: <>\r\n"])
def test_without_a_readable_from_it_is_malformed_and_the_rest_is_read(from_: str) -> None:
    read = parse_mime(mail("Subject: still here\r\n\r\nand this", from_))
    assert (read.problem, read.from_, read.subject, read.text) == ("malformed", None, "still here", "and this")


def test_folded_and_raw_headers_are_one_decoded_line() -> None:
    subject = "=?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe?= an\r\n\talle"
    raw = f"From: Jürg Müller <j@b.example>\r\nSubject: {subject}\r\nX: \xff\r\n\r\n"
    read = parse_mime(raw.encode("utf-8"))
    assert read.from_ == Address("j@b.example", "Jürg Müller")
    assert read.subject == "Grüße an alle"
    assert parse_mime(raw.encode("latin-1")).from_ == Address("j@b.example", "Jürg Müller")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Fri, 20 Nov 2026 09:30:00", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("20 Nov 2026 09:30 -0000", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 09:30:00 GMT (really)", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("yesterday", None),
        ("Fri, 99 Nov 2026 09:30:00 +0000", None),
        ("Fri, 20 Nov 0000 09:30:00 +9999999999", None),
        ("Fri, 31 Dec 9999 23:00:00 -2300", None),
        ("", None),
    ],
)
def test_dates_are_instants_or_nothing(value: str, expected: datetime | None) -> None:
    read = parse_mime(f"From: a@b.example\r\nDate: {value}\r\n\r\n".encode())
    assert read.sent_at == expected


def test_of_alternatives_both_text_and_html_are_kept() -> None:
    read = parse_mime(mail(parts("multipart/alternative", TEXT, HTML)))
    assert (read.text, read.html, read.attachments) == ("Hello Mia", "<p>Hello <b>Mia</b></p>", ())


def test_texts_that_follow_each_other_are_one_body() -> None:
    footer = "Content-Type: text/plain\r\n\r\nsent by a list <here>"
    read = parse_mime(mail(parts("multipart/mixed", TEXT, file("a.pdf"), footer)))
    assert (read.text, read.html, names(read)) == ("Hello Mia\n\nsent by a list <here>", "", ["a.pdf"])
    read = parse_mime(mail(parts("multipart/mixed", HTML, footer)))
    assert read.html == "<p>Hello <b>Mia</b></p>\n<pre>sent by a list &lt;here&gt;</pre>"


def test_attachments_have_keys_of_their_own_and_can_be_read() -> None:
    body = parts("multipart/alternative", TEXT, HTML)
    raw = mail(parts("multipart/mixed", body, file("a.pdf", b"one"), parts("multipart/mixed", file("a.pdf", b"two!"))))
    read = parse_mime(raw)
    assert [(one.name, one.size, one.content_type) for one in read.attachments] == [
        ("a.pdf", 3, "application/pdf"),
        ("a.pdf", 4, "application/pdf"),
    ]
    assert len({one.key for one in read.attachments}) == 2
    assert [read_attachment(raw, one.key) for one in read.attachments] == [b"one", b"two!"]
    with pytest.raises(KeyError):
        read_attachment(raw, "9")


def test_a_mail_that_is_a_file_has_that_attachment() -> None:
    raw = mail(file("scan.pdf", b"%PDF"))
    read = parse_mime(raw)
    assert [(one.name, read_attachment(raw, one.key)) for one in read.attachments] == [("scan.pdf", b"%PDF")]
    assert (read.text, read.html) == ("", "")


def test_inline_images_are_told_from_attachments_by_the_html() -> None:
    html = 'Content-Type: text/html\r\n\r\n<img src="cid:logo@1">'

    def picture(content_id: str) -> str:
        return (
            f"Content-Type: image/png; name=x.png\r\nContent-Disposition: inline\r\nContent-ID: <{content_id}>\r\n\r\nx"
        )

    read = parse_mime(mail(parts("multipart/related", html, picture("logo@1"), picture("other@1"))))
    assert [(c.attachment.content_id, c.reason) for c in choose_files(read.attachments, html=read.html)] == [
        ("logo@1", "inline-image"),
        ("other@1", ""),
    ]


def test_a_named_inline_text_is_an_attachment() -> None:
    inline = 'Content-Type: text/plain; name="notes.txt"\r\nContent-Disposition: inline\r\n\r\nnotes'
    read = parse_mime(mail(parts("multipart/mixed", TEXT, inline)))
    assert (read.text, names(read)) == ("Hello Mia", ["notes.txt"])


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        ('attachment; filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        ('attachment; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe=2Epdf?="', "Grüße.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\a.pdf"', "a.pdf"),
        ("attachment; filename*=nothing''%ff.pdf", "ÿ.pdf"),
        ("attachment; filename*=utf-8''%E2%80%AEfdp.exe", "fdp.exe"),
        ("attachment; filename=" + "a" * 300 + ".pdf", "a" * 179 + ".pdf"),
        ("attachment", "attachment.pdf"),
    ],
)
def test_names_of_files_are_decoded_and_harmless(header: str, name: str) -> None:
    read = parse_mime(mail(f"Content-Type: application/pdf\r\nContent-Disposition: {header}\r\n\r\nx"))
    assert names(read) == [name]


def test_a_message_inside_is_an_eml_file() -> None:
    head = "From: x@y.example\r\nSubject: The =?utf-8?q?=C3=B6ffer?="
    inner = f"Content-Type: message/rfc822\r\n\r\n{head}\r\n\r\nInner text\r\n"
    raw = mail(parts("multipart/mixed", TEXT, inner))
    read = parse_mime(raw)
    (found,) = read.attachments
    assert (found.kind, found.name, read.text) == (AttachmentKind.MESSAGE, "The öffer.eml", "Hello Mia")
    content = read_attachment(raw, found.key)
    assert len(content) == found.size
    assert parse_mime(content).text.strip() == "Inner text"
    assert parse_mime(content).subject == "The öffer"


def test_a_message_inside_in_base64_is_decoded() -> None:
    packed = base64.encodebytes(b"From: x@y.example\r\nSubject: packed\r\n\r\nInner").decode()
    part = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{packed}"
    raw = mail(parts("multipart/mixed", TEXT, part))
    content = read_attachment(raw, parse_mime(raw).attachments[0].key)
    assert parse_mime(content).subject == "packed"


def test_signed_mail_is_what_it_signs() -> None:
    signature = "Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nx"
    body = parts("multipart/mixed", TEXT, file("a.pdf"))
    read = parse_mime(mail(parts("multipart/signed", body, signature)))
    assert (read.text, names(read), read.problem) == ("Hello Mia", ["a.pdf"], "")


@pytest.mark.parametrize(
    "rest",
    [
        parts(
            "multipart/encrypted", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", file("encrypted.asc")
        ),
        file("smime.p7m", b"x", 'application/pkcs7-mime; smime-type="enveloped-data"'),
        file(
            "smime.p7m",
            bytes.fromhex("30800609 2a864886f70d010703 a080 0000 0000".replace(" ", "")),
            "application/pkcs7-mime",
        ),
        parts("multipart/mixed", TEXT, file("message.rpmsg", b"x", "application/x-microsoft-rpmsg-message")),
        "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n",
    ],
    ids=["pgp", "smime", "smime-by-content", "rights-managed", "inline-pgp"],
)
def test_of_encrypted_mail_only_addresses_and_subject_are_taken(rest: str) -> None:
    read = parse_mime(mail(rest))
    assert (read.problem, read.text, read.html, read.attachments) == ("encrypted", "", "", ())
    assert (read.subject, read.from_) == ("Our visit", Address("juerg@customer.example", "Jürg"))


@pytest.mark.parametrize(
    ("part", "meeting"),
    [
        ("Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR", True),
        ("Content-Type: text/calendar; method=reply\r\n\r\nBEGIN:VCALENDAR", True),
        ("Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\n", True),
        ("Content-Type: text/calendar; method=PUBLISH\r\n\r\nBEGIN:VCALENDAR", False),
        (file("invite.ics", b"METHOD:REQUEST", "text/calendar"), False),
    ],
)
def test_invitations_answers_and_cancellations_are_known(part: str, meeting: bool) -> None:
    assert parse_mime(mail(parts("multipart/alternative", TEXT, part))).is_meeting is meeting


@pytest.mark.parametrize(
    ("value", "sensitivity"),
    [
        ("Private", Sensitivity.PRIVATE),
        ("personal", Sensitivity.PERSONAL),
        ("Company-Confidential", Sensitivity.CONFIDENTIAL),
        ("Normal", Sensitivity.NORMAL),
    ],
)
def test_the_sensitivity_is_read(value: str, sensitivity: Sensitivity) -> None:
    assert parse_mime(mail("\r\n", HEAD + f"Sensitivity: {value}\r\n")).sensitivity is sensitivity


def test_links_to_cloud_files_are_listed_as_links() -> None:
    html = (
        'Content-Type: text/html\r\n\r\n<a href="https://larkfield.sharepoint.com/:w:/s/a/x?e=1">Offer</a>'
        '<a href="https://drive.google.com/file/d/1/view">https://drive.google.com/file/d/1/view</a>'
        '<a href="https://evil.example/drive.google.com/file/">no</a><a href="https://shop.example/a">shop</a>'
    )
    read = parse_mime(mail(html))
    assert [(one.kind, one.name) for one in read.attachments] == [
        (AttachmentKind.LINK, "Offer"),
        (AttachmentKind.LINK, "drive.google.com"),
    ]
    assert [choice.reason for choice in choose_files(read.attachments, html=read.html)] == ["link", "link"]
    assert read.links[-1] == "https://shop.example/a"
    assert len(read.links) == 4


def test_a_file_that_stands_elsewhere_is_a_link() -> None:
    kind = 'message/external-body; access-type=URL; name="a.pdf"; url="https://x.example/a.pdf"'
    part = f"Content-Type: {kind}\r\n\r\nx: y\r\n\r\n"
    (found,) = parse_mime(mail(parts("multipart/mixed", TEXT, part))).attachments
    assert (found.kind, found.name, found.url) == (AttachmentKind.LINK, "a.pdf", "https://x.example/a.pdf")


def test_bounces_and_null_return_paths_are_automatic_mail() -> None:
    facts = Facts(participants=outside("a@b.example"), known_people=True, mode=Mode.KNOWN_PEOPLE)
    status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n"
    bounce = parse_mime(mail(parts("multipart/report", TEXT, status)))
    assert may_file(bounce, facts, Cause.MODE).rule == "automatic-mail"
    assert "Action: failed" in read_attachment(mail(parts("multipart/report", TEXT, status)), "2").decode()
    null = parse_mime(mail("\r\nx", "Return-Path: <>\r\n" + HEAD))
    assert may_file(null, facts, Cause.MODE).rule == "automatic-mail"


def nested(depth: int) -> bytes:
    head = HEAD
    for level in range(depth):
        head += f"Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n"
    return (head + "\r\nhello\r\n").encode()


def test_50_levels_are_read_and_one_more_is_malformed() -> None:
    assert (parse_mime(nested(50)).problem, parse_mime(nested(50)).text.strip()) == ("", "hello")
    for depth in (51, 3000):
        read = parse_mime(nested(depth))
        assert (read.problem, read.text, read.subject) == ("malformed", "", "Our visit")


def test_messages_within_messages_count_as_levels() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\n"
    assert parse_mime(mail(inner * 50 + "\r\nx")).problem == ""
    assert parse_mime(mail(inner * 51 + "\r\nx")).problem == "malformed"


def test_1000_parts_are_read_and_one_more_is_malformed() -> None:
    part = "Content-Type: image/png\r\n\r\nx"
    assert len(parse_mime(mail(parts("multipart/mixed", *[part] * 1000))).attachments) == 1000
    assert parse_mime(mail(parts("multipart/mixed", *[part] * 1001))).problem == "malformed"


def test_1_mib_of_headers_is_read_and_more_is_malformed() -> None:
    fits = "X: " + "a" * (2**20 - 1000) + "\r\n"
    assert parse_mime(mail("\r\n", HEAD + fits)).problem == ""
    read = parse_mime(mail("\r\n", HEAD + fits + "Y: " + "a" * 1000 + "\r\n"))
    assert (read.problem, read.subject) == ("malformed", "Our visit")
    inner = parts("multipart/mixed", TEXT, f"X: {'a' * 2**20}\r\n\r\n")
    assert parse_mime(mail(inner)).problem == "malformed"


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: multipart/mixed" + ";" * 500_000,
        "Content-Disposition: attachment; " + "filename*0*=a;" * 60_000,
        "Content-Type: multipart/mixed; boundary=" + "a" * 500_000,
        "To: " + "(<" * 300_000,
        "Subject: " + "=?utf-8?q?a?= " * 60_000,
        "Received: " + "(;" * 300_000,
        "Date: " + "1 " * 300_000,
        "X: a\r\n" * 100_000 + "Y: b",
    ],
    ids=lambda header: header[:20],
)
def test_a_hostile_header_takes_bounded_time(header: str) -> None:
    begin = time.process_time()
    parse_mime(mail("\r\nhello", HEAD + header + "\r\n"))
    assert time.process_time() - begin < 8


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ("Content-Type: multipart/mixed\r\n\r\nno boundary at all", "no boundary at all"),
        ("Content-Type: multipart/mixed; boundary=x\r\n\r\nnever begins", "never begins"),
        ("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ncut o", "cut o"),
        ("Content-Type: \r\n\r\nno type", "no type"),
        ("Content-Type: nonsense; ; =\r\n\r\nodd type", "odd type"),
        ("Content-Type: text/plain; charset=nobody-knows\r\n\r\nodd charset", "odd charset"),
        ('Content-Type: text/plain; charset="\0"\r\n\r\nnul', "nul"),
        ("Content-Type: text/plain; charset=hex\r\n\r\n6869", "6869"),
        ("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8", "hello"),
        ("Content-Transfer-Encoding: nonsense\r\n\r\nas it is", "as it is"),
        ("no colon here\r\n\r\nbody", "no colon here\n\nbody"),
    ],
)
def test_of_damaged_mail_is_read_what_can_be(rest: str, text: str) -> None:
    read = parse_mime(mail(rest))
    assert read.text.strip() == text
    assert read.problem == ""


def cpython_messages() -> list[Path]:
    """The messages that CPython tests its own parser with, where the interpreter has its tests with it."""
    try:
        package = find_spec("test.test_email")
    except ModuleNotFoundError:
        return []
    folders = [Path(folder) / "data" for folder in (package.submodule_search_locations or ())] if package else []
    return sorted(path for folder in folders for path in folder.iterdir() if path.suffix in {".txt", ".eml"})


@pytest.mark.parametrize("path", cpython_messages(), ids=lambda path: path.name)
def test_cpython_s_own_messages_are_read(path: Path) -> None:
    raw = path.read_bytes()
    read = parse_mime(raw)
    assert message_identity(read)
    assert (read.problem == "malformed") is (read.from_ is None)
    for one in read.attachments:
        if one.kind is not AttachmentKind.LINK:
            assert len(read_attachment(raw, one.key)) == one.size


def test_one_of_cpython_s_messages_in_full() -> None:
    path = next((path for path in cpython_messages() if path.name == "msg_07.txt"), None)
    if path is None:
        pytest.skip("this interpreter has no tests with it")
    raw = path.read_bytes()
    read = parse_mime(raw)
    assert (read.subject, read.text) == ("Here is your dingus fish", "Hi there,\n\nThis is the dingus fish.\n")
    assert names(read) == ["dingusfish.gif"]
    assert read_attachment(raw, read.attachments[0].key).startswith(b"GIF87a")


LINES = [
    b"From: a@b.example",
    b"To: x, y@z.example",
    b"Subject: =?utf-8?b?4?=",
    b"Date: x",
    b"Content-Type: multipart/mixed; boundary=x",
    b"Content-Type: multipart/alternative; boundary=y",
    b"Content-Type: message/rfc822",
    b"Content-Type: text/html; charset=\xff",
    b"Content-Type: message/delivery-status",
    b"Content-Type: application/ms-tnef",
    b"Content-Type: application/pkcs7-mime",
    b"Content-Type: multipart/signed; boundary=x",
    b"Content-Type: message/external-body; url=x",
    b"Content-Type: text/calendar",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Disposition: attachment; filename*0*=x''%ff; filename*1=\"",
    b"Content-ID: <x",
    b"--x",
    b"--y",
    b"--x--",
    b"--y--",
    b"",
    b"hello \xff\xfe",
    b"begin 644 x",
    b" folded",
    b"\t",
    b"\0",
    b"=3D=",
    b"MDKA",
    b"<a href='https://drive.google.com/file/'>",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(LINES)), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_no_mail_stops_the_reading(lines: list[bytes], end: bytes) -> None:
    raw = end.join(lines)
    read = parse_mime(raw)
    for one in read.attachments:
        if one.kind is not AttachmentKind.LINK:
            assert len(read_attachment(raw, one.key)) == one.size
    assert len({one.key for one in read.attachments}) == len(read.attachments)
    message_identity(read).encode()


@given(st.binary())
def test_no_bytes_stop_it_either(raw: bytes) -> None:
    parse_mime(raw)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Content-Type: multipart/alternative; boundary=parts\r\n",
        "Content-Type: multipart/encrypted; boundary=parts\r\n",
        "Content-Type: multipart/mixed\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: message/delivery-status\r\n",
        "Content-Type: text/calendar; method=REQUEST\r\n",
        "Content-Type: application/ms-tnef; name=winmail.dat\r\n",
        "no header at all\r\nContent-Type: text/html\r\n",
        "X-Long: " + "x" * 2**20 + "\r\n",
    ],
)
def test_a_head_alone_reads_as_the_head_of_a_whole_mail(content: str) -> None:
    raw = mail(f"{content}Sensitivity: Private\r\n\r\n")
    whole, head = parse_mime(raw), parse_mime(raw, head_alone=True)
    told = (
        "headers",
        "subject",
        "from_",
        "to",
        "sent_at",
        "internet_message_id",
        "sensitivity",
        "is_meeting",
        "problem",
    )
    assert [getattr(head, name) for name in told] == [getattr(whole, name) for name in told]
