"""Small real files for attachments, made in code: PDF, PNG, CSV, DOCX, XLSX, ICS, and one big PDF made on the spot."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

BIG_SIZE = 25_000_000
_BLOCK = bytes((place * 131 + place // 7) % 251 for place in range(65_536))


@dataclass(frozen=True, slots=True)
class BigContent:
    """An attachment made on the spot: `chunks` yields `size` bytes anew each time. `marker` stands for it in MIME."""

    size: int
    marker: bytes
    chunks: Callable[[], Iterator[bytes]]


def big_pdf(size: int = BIG_SIZE) -> BigContent:
    """A PDF of exactly `size` bytes: one page, and a stream of filler before it."""
    tail = b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    catalog = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    catalog += b"2 0 obj\n<< /Type /Pages /Count 0 /Kids [] >>\nendobj\n"
    head = catalog + b"3 0 obj\n<< /Length %010d >>\nstream\n" % (size - len(catalog) - len(tail) - 40)

    def chunks() -> Iterator[bytes]:
        yield head
        left = size - len(head) - len(tail)
        while left:
            piece = _BLOCK[: min(left, len(_BLOCK))]
            left -= len(piece)
            yield piece
        yield tail

    return BigContent(size, b"[drawing set, made when it is asked for]", chunks)


def pdf(title: str, lines: list[str], *, pages: int = 1, padding: int = 0) -> bytes:
    """A PDF 1.4 with the lines on its first page, and `padding` bytes of an embedded stream."""
    text = f"BT /F1 16 Tf 60 780 Td ({_pdf_text(title)}) Tj /F1 11 Tf"
    text += "".join(f" 0 -22 Td ({_pdf_text(line)}) Tj" for line in lines) + " ET"
    stream = text.encode("latin-1", "replace")
    kids = " ".join(f"{5 + number} 0 R" for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>%s >>"
    objects += [page % (b" /Contents 4 0 R" if number == 0 else b"") for number in range(pages)]
    if padding:
        filler = (_BLOCK * (padding // len(_BLOCK) + 1))[:padding]
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (padding, filler))
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _pdf_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A logo: a coloured bar on white, 8-bit RGB."""
    bar, white = bytes(colour), b"\xff\xff\xff"
    rows = b"".join(
        b"\x00" + (bar * (width * 2 // 3) + white * (width - width * 2 // 3) if 3 < row < height - 3 else white * width)
        for row in range(height)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    return ("\ufeff" + "\r\n".join(";".join(row) for row in rows) + "\r\n").encode("utf-8")


def docx(paragraphs: list[str]) -> bytes:
    """A Word document with plain paragraphs."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(f"<w:p><w:r><w:t>{_xml(text)}</w:t></w:r></w:p>" for text in paragraphs)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return _office("word/document.xml", kind, f"<w:document {space}><w:body>{body}</w:body></w:document>")


def xlsx(rows: Sequence[tuple[str, ...]]) -> bytes:
    """A workbook's one part that matters here: a sheet with inline texts."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{_xml(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
    return _office("xl/worksheets/sheet1.xml", kind, f"<worksheet {space}><sheetData>{cells}</sheetData></worksheet>")


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _office(part: str, kind: str, content: str) -> bytes:
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'
    )
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        f'officeDocument" Target="{part}"/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("[Content_Types].xml", types), ("_rels/.rels", relations), (part, content)):
            # A fixed date keeps the bytes the same for the same words.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def calendar(
    method: str,
    subject: str,
    start: datetime,
    organiser: str,
    attendees: list[str],
    *,
    uid: str,
    location: str = "",
    answer: str = "NEEDS-ACTION",
) -> str:
    """An iCalendar object of one event of an hour, for REQUEST, REPLY or CANCEL."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Larkfield Instruments//Mail//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{start - timedelta(days=7):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{subject}",
        f"LOCATION:{location}",
        f"ORGANIZER:mailto:{organiser}",
        *(f"ATTENDEE;PARTSTAT={answer}:mailto:{address}" for address in attendees),
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines) + "\r\n"
