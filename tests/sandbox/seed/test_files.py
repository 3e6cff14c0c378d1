"""Real mail from disk: whatever the files hold, each message is shown or reported by name, and none stops the rest."""

# ruff: noqa: E501 - one damaged message a line

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sandbox.microsoft.representation import Form, attachment_json, message_json
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.company import build_company
from sandbox.seed.files import load_mail
from tests.sandbox.graph.conftest import START, Clock

MIA = "mia.keller@larkfield.example"


def _nested(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\nAt the bottom\r\n"
    for level in range(depth):
        mark = b"b%d" % level
        inner = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--\r\n' % (
            mark,
            mark,
            inner,
            mark,
        )
    return b"From: a@b.example\r\nSubject: Nested\r\nMIME-Version: 1.0\r\n" + inner


MALFORMED: dict[str, bytes] = {
    "bad-charset.eml": b"From: a@b.example\r\nSubject: =?klingon-1?Q?qapla?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\nH\xe9\r\n",
    "bad-base64.eml": b"From: a@b.example\r\nSubject: =?utf-8?B?A?=\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=\x01A\r\n",
    "bad-word.eml": b"From: =?utf-8?B?////?= <a@b.example>\r\nTo: =?utf-8?q?=ZZ?=\r\nSubject: s\r\n\r\nx\r\n",
    "broken-boundary.eml": b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--y\r\n\r\ntext\r\n',
    "no-boundary.eml": b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\n--y\r\n\r\ntext\r\n",
    "missing-from.eml": b"To: a@b.example\r\nSubject: Nobody\r\n\r\nx\r\n",
    "empty-from.eml": b"From:\r\nSender: ,\r\nTo: ;\r\nSubject: Empty\r\n\r\nx\r\n",
    "nested.eml": _nested(60),
    "very-nested.eml": _nested(1200),
    "nul.eml": b"From: a@b.example\r\nSubject: N\x00UL\r\n\r\nbe\x00fore\x00\r\n",
    "eight-bit.eml": b"From: J\xf6rg <a@b.example>\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n\xff\xfe\r\n",
    "huge-header.eml": b"From: a@b.example\r\nX-Huge: " + b"x" * 2_000_000 + b"\r\nSubject: Huge\r\n\r\nx\r\n",
    "many-headers.eml": b"From: a@b.example\r\n" + b"Received: x\r\n" * 20_000 + b"\r\nx\r\n",
    "duplicates.eml": b"From: a@b.example\r\nFrom: c@d.example\r\nSubject: one\r\nSubject: two\r\nTo: a@b.example\r\nTo: x\r\n\r\nx\r\n",
    "empty.eml": b"",
    "blank.txt": b"\r\n\x00\r\n",
    "lone-cr.eml": b"From: a@b.example\rSubject: Old Mac\r\rBody\rof it\r",
    "bad-date.eml": b"From: a@b.example\r\nDate: Yesterday, 99 Foo 12345 88:99 +9999\r\n\r\nx\r\n",
    "far-date.eml": b"From: a@b.example\r\nDate: Fri, 31 Dec 9999 23:59:59 -2359\r\n\r\nx\r\n",
    "words.txt": b"Just some notes, no mail at all.\n",
    "bytes.eml": bytes(range(256)) * 40,
    "bad-name.eml": b"From: a@b.example\r\nContent-Disposition: attachment; filename*=no-such'x'%ZZ%FF\r\n\r\nx\r\n",
    "rfc822.eml": b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n",
    "bad-addresses.eml": b'From: "unclosed <a@b.example>\r\nTo: <<<>>>, @, a@, undisclosed-recipients:;\r\n\r\nx\r\n',
    "surrogates.eml": b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\xd8\x00\xd8\x00\r\n",
    "codec.eml": b"From: a@b.example\r\nContent-Type: text/plain; charset=rot13\r\n\r\nx\r\n",
    "null-charset.eml": b'From: a@b.example\r\nContent-Type: text/plain; charset="a\x00b"\r\n\r\nx\r\n',
    "calendar.eml": b"From: a@b.example\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nMETHOD:REQUEST\r\nDTSTART:never\r\n",
}


def _fill(path: Path) -> tuple[Tenant, list[str]]:
    tenant = Tenant(build_company(1, START), Clock(), 1)
    return tenant, tenant.load(MIA, path)


def _show_all(tenant: Tenant) -> int:
    """Writes every message as Graph answers it, in both body types; returns how many there are."""
    mailbox = tenant.mailbox(MIA)
    for message in mailbox.messages.values():
        for form in (Form(), Form(True, "text"), Form(True, "html")):
            every = message_json(message, form)
            every |= message_json(message, form, ("uniqueBody", "internetMessageHeaders"))
            files = [attachment_json(message, place, form) for place in range(len(message.parts))]
            json.dumps([every, files], ensure_ascii=False).encode("utf-8")
    return len(mailbox.messages)


def test_each_malformed_file_is_shown_or_reported_by_name(tmp_path: Path) -> None:
    for name, content in MALFORMED.items():
        (tmp_path / name).write_bytes(content)
    tenant, report = _fill(tmp_path)
    assert _show_all(tenant) + len(report) == len(MALFORMED)
    reported = {line.partition(":")[0] for line in report}
    assert {"empty.eml", "blank.txt", "words.txt"} <= reported
    assert {"nested.eml", "eight-bit.eml", "missing-from.eml", "lone-cr.eml", "bad-date.eml"}.isdisjoint(reported)
    assert all(line.partition(": ")[2].endswith(".") for line in report)


def test_what_can_be_read_of_a_damaged_message_is_shown(tmp_path: Path) -> None:
    for name in ("eight-bit.eml", "duplicates.eml", "missing-from.eml", "nested.eml", "lone-cr.eml"):
        (tmp_path / name).write_bytes(MALFORMED[name])
    tenant, report = _fill(tmp_path)
    assert report == []
    shown = {message.parsed.subject: message for message in tenant.mailbox(MIA).messages.values()}
    assert shown["Grüße"].parsed.from_ is not None
    assert shown["Grüße"].parsed.from_.name == "Jörg"
    assert "one" in shown
    assert shown["Nobody"].parsed.from_ is None
    assert "At the bottom" in (shown["Nested"].parsed.text or "")
    assert "Old Mac" in shown


def test_cpythons_own_test_messages_are_shown_or_reported() -> None:
    package = pytest.importorskip("test.test_email")
    folder = Path(next(iter(package.__path__))) / "data"
    if not folder.is_dir():
        pytest.skip("this Python comes without its test messages")
    files = [file for file in folder.rglob("*") if file.suffix in (".txt", ".eml")]
    assert len(files) > 40
    tenant, report = _fill(folder)
    assert _show_all(tenant) + len(report) == len(files)
    assert len(report) < 5, report


def test_an_mbox_is_split_at_its_separators(tmp_path: Path) -> None:
    box = tmp_path / "mail.mbox"
    box.write_bytes(
        b"From a@b.example Mon Nov 23 09:00:00 2026\nFrom: a@b.example\nSubject: One\n\nFirst\n>From here on\n"
        b"From the middle of a paragraph\n\n"
        b"From b@c.example Mon Nov 23 10:00:00 2026\nFrom: b@c.example\nSubject: Two\n\nSecond\n\n"
        b"From c@d.example Mon Nov 23 11:00:00 2026\n\n"
        b"From d@e.example Mon Nov 23 12:00:00 2026\nFrom: d@e.example\nSubject: Four\n\nFourth\n"
    )
    loaded = list(load_mail(box))
    assert [mail.name for mail in loaded] == ["mail.mbox#1", "mail.mbox#2", "mail.mbox#3", "mail.mbox#4"]
    assert Counter(mail.data is None for mail in loaded) == {False: 3, True: 1}
    assert loaded[0].data is not None
    assert b"\nFrom here on\nFrom the middle" in loaded[0].data
    assert loaded[2].error == "The message is empty."


def test_folders_are_read_with_what_lies_below_and_other_files_are_left(tmp_path: Path) -> None:
    below = tmp_path / "2025" / "spring"
    below.mkdir(parents=True)
    (below / "a.eml").write_bytes(b"From: a@b.example\n\nx\n")
    (tmp_path / "B.EML").write_bytes(b"From: a@b.example\n\nx\n")
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8")
    assert [mail.name for mail in load_mail(tmp_path)] == ["2025/spring/a.eml", "B.EML"]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.eml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.eml").mkdir()
    (tmp_path / "c.eml").write_bytes(b"From: a@b.example\n\nx\n")
    loaded = {mail.name: mail for mail in load_mail(tmp_path)}
    assert loaded["a.eml"].data is None
    assert loaded["a.eml"].error
    assert loaded["c.eml"].data


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(load_mail(tmp_path / "nowhere"))


def test_loaded_mail_takes_the_place_of_the_seed_and_stands_at_its_own_date(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\nDate: Mon, 02 Nov 2026 10:00:00 +0100\n\nx\n")
    (tmp_path / "b.eml").write_bytes(b"From: a@b.example\nDate: Mon, 02 Nov 2099 10:00:00 +0100\n\nx\n")
    tenant, report = _fill(tmp_path)
    assert report == []
    received = sorted(message.received for message in tenant.mailbox(MIA).messages.values())
    assert received[0].isoformat() == "2026-11-02T09:00:00+00:00"
    assert received[1] == tenant.clock.now()
    assert len(tenant.mailbox("tom.okafor@larkfield.example").messages) == 300
