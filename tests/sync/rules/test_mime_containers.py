"""Mail within containers: S/MIME (`sync.rules.cms`) and winmail.dat (`sync.rules.tnef`)."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from sync.rules import cms, tnef
from sync.rules.content import choose_files
from sync.rules.mime import parse_mime, read_attachment

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello Mia\r\n"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann@customer.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def signed(
    content: bytes, key: rsa.RSAPrivateKey, certificate: x509.Certificate, *options: pkcs7.PKCS7Options
) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def carried(kind: str, name: str, content: bytes) -> bytes:
    head = (
        f"From: ann@customer.example\r\nContent-Type: {kind}; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(content)


def test_an_opaque_signature_gives_what_it_signs(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    container = signed(INNER, key, certificate)
    assert cms.signed_content(container) == INNER
    read = parse_mime(carried("application/pkcs7-mime; smime-type=signed-data", "smime.p7m", container))
    assert (read.text, read.attachments, read.problem) == ("Hello Mia\n", (), "")


def test_attachments_within_a_signature_can_be_read(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    part = b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF"
    body = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + INNER + b"\r\n--x\r\n" + part + b"\r\n--x--\r\n"
    )
    raw = carried("application/pkcs7-mime", "smime.p7m", signed(body, key, certificate))
    (found,) = parse_mime(raw).attachments
    assert (found.name, read_attachment(raw, found.key)) == ("a.pdf", b"%PDF")


def test_a_detached_signature_holds_nothing(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    assert cms.signed_content(signed(INNER, key, certificate, pkcs7.PKCS7Options.DetachedSignature)) is None


def test_content_in_pieces_of_indefinite_length_is_put_together() -> None:
    octets = b"\x24\x80" + b"\x04\x05Hello" + b"\x04\x04 Mia" + b"\0\0"
    content = b"\x30\x80" + bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    signed_data = b"\x30\x80" + b"\x02\x01\x01" + b"\x31\0" + content + b"\x31\0" + b"\0\0"
    whole = b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + signed_data + b"\0\0" + b"\0\0"
    assert cms.signed_content(whole) == b"Hello Mia"


def test_an_envelope_is_encrypted(certificate: x509.Certificate) -> None:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(certificate)
    container = builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    assert cms.is_encrypted(container)
    assert cms.signed_content(container) is None
    read = parse_mime(carried("application/pkcs7-mime", "smime.p7m", container))
    assert (read.problem, read.attachments) == ("encrypted", ())


def test_a_damaged_container_is_a_file(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    raw = carried("application/pkcs7-mime; smime-type=signed-data", "smime.p7m", signed(INNER, key, certificate)[:90])
    read = parse_mime(raw)
    assert ([one.name for one in read.attachments], read.problem) == (["smime.p7m"], "")


@given(st.binary())
def test_no_bytes_stop_the_reading_of_containers(data: bytes) -> None:
    cms.signed_content(data)
    cms.is_encrypted(data)
    cms.signed_content(b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + data)
    tnef.unpack(data)
    tnef.unpack(tnef.SIGNATURE + b"\1\0" + data)


def test_a_container_that_nests_without_end_is_given_up() -> None:
    assert cms.signed_content(b"\x30\x80" * 10_000) is None
    assert not cms.is_encrypted(b"\x30\x84\xff\xff\xff\xff")


def attribute(level: int, name: int, content: bytes) -> bytes:
    checksum = sum(content) & 0xFFFF
    return struct.pack("<BHHI", level, name, 6, len(content)) + content + struct.pack("<H", checksum)


def properties(values: dict[int, tuple[int, bytes]]) -> bytes:
    packed = struct.pack("<I", len(values))
    for name, (kind, value) in values.items():
        packed += struct.pack("<HH", kind, name)
        if kind in {0x1E, 0x1F, 0x102}:
            packed += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
        else:
            packed += value
    return packed


def pack(*attributes: bytes) -> bytes:
    return tnef.SIGNATURE + b"\x34\x12" + attribute(1, 0x9006, struct.pack("<I", 0x10000)) + b"".join(attributes)


def packed_file(title: bytes, content: bytes, **more: Any) -> bytes:
    values = {0x0FF9: (3, b"\1\0\0\0"), 0x370E: (0x1E, b"application/pdf\0")}
    if more.get("long_name"):
        values[0x3707] = (0x1F, (more["long_name"] + "\0").encode("utf-16-le"))
    return (
        attribute(2, 0x9002, b"\0" * 14)
        + attribute(2, 0x8010, title + b"\0")
        + attribute(2, 0x800F, content)
        + attribute(2, 0x9005, properties(values))
    )


def test_winmail_dat_is_unpacked_and_what_comes_out_passes_the_same_tests() -> None:
    data = pack(
        packed_file(b"OFFER~1.PDF", b"%PDF", long_name="Größe.pdf"),
        packed_file(b"tool.exe", b"MZ"),
        packed_file(b"a", b""),
    )
    raw = carried("application/ms-tnef", "winmail.dat", data)
    read = parse_mime(raw)
    assert [(one.name, one.size, one.content_type) for one in read.attachments] == [
        ("Größe.pdf", 4, "application/pdf"),
        ("tool.exe", 2, "application/pdf"),
        ("a", 0, "application/pdf"),
    ]
    assert [choice.reason for choice in choose_files(read.attachments, html=read.html)] == ["", "dangerous", "empty"]
    assert read_attachment(raw, read.attachments[0].key) == b"%PDF"


def test_the_packed_text_counts_where_the_mail_has_none() -> None:
    values = {0x1000: (0x1E, b"Hello Mia\0"), 0x1013: (0x102, b"<p>Hello Mia</p>")}
    data = pack(attribute(1, 0x8008, b"IPM.Microsoft Mail.Note\0"), attribute(1, 0x9003, properties(values)))
    read = parse_mime(carried("application/ms-tnef", "winmail.dat", data))
    assert (read.text, read.html, read.attachments) == ("Hello Mia", "<p>Hello Mia</p>", ())


@pytest.mark.parametrize(
    "data", [b"", b"not packed", pack(packed_file(b"a.pdf", b"%PDF"))[:-20], tnef.SIGNATURE + b"\0\0\1"]
)
def test_what_cannot_be_unpacked_is_taken_as_a_file(data: bytes) -> None:
    read = parse_mime(carried("application/octet-stream", "winmail.dat", data))
    assert [(one.name, one.size) for one in read.attachments] == [("winmail.dat", len(data))]


def test_a_packed_invitation_is_about_a_meeting() -> None:
    data = pack(attribute(1, 0x8008, b"IPM.Schedule.Meeting.Request\0"))
    assert parse_mime(carried("application/ms-tnef", "winmail.dat", data)).is_meeting
