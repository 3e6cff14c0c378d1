"""Messages written by hand: a bounce, signed and encrypted mail, one without a Message-ID."""

from __future__ import annotations

import base64
from datetime import datetime
from email.utils import format_datetime

from sandbox.seed.message import Party, SeedMail
from sandbox.seed.office import Office


def _head(sender: Party, me: Party, subject: str, at: datetime, message_id: str | None) -> str:
    name = base64.b64encode(sender.name.encode()).decode("ascii")
    lines = [
        f"Received: from mx.{sender.address.rpartition('@')[2]} by mail.larkfield.example; {format_datetime(at)}",
        f"From: =?utf-8?B?{name}?= <{sender.address}>",
        f"To: {me.address}",
        f"Subject: {subject}",
        f"Date: {format_datetime(at)}",
        "MIME-Version: 1.0",
    ]
    if message_id:
        lines.insert(1, f"Message-ID: {message_id}")
    return "\r\n".join(lines) + "\r\n"


def _put(
    office: Office, address: str, sender: Party, subject: str, at: datetime, message_id: str | None, raw: str
) -> None:
    mail = SeedMail(
        folder="inbox",
        received=at,
        sender=sender,
        to=(office.staff[address],),
        subject=subject,
        text="",
        message_id=message_id,
        raw=raw.encode("utf-8"),
    )
    office.put(address, mail)


def without_message_id(office: Office, address: str, me: Party, sender: Party, at: datetime) -> None:
    subject = "Meter readings from the old system"
    body = "Hall 1: 4711\r\nHall 2: 4712\r\n\r\nSent by the recorder in the cellar.\r\n"
    raw = _head(sender, me, subject, at, None) + f"Content-Type: text/plain; charset=us-ascii\r\n\r\n{body}"
    _put(office, address, sender, subject, at, None, raw)


def bounce(office: Office, address: str, me: Party, at: datetime) -> None:
    """A delivery report with the null return path."""
    sender = Party("Mail Delivery System", "mailer-daemon@larkfield.example")
    subject = "Undelivered Mail Returned to Sender"
    message_id = office.message_id(f"bounce:{address}", "larkfield.example")
    head = "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n" + _head(sender, me, subject, at, message_id)
    body = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"\r\n\r\n'
        "--=_report\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "Your message to nobody@northwind.example could not be delivered: mailbox unknown.\r\n\r\n"
        "--=_report\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.larkfield.example\r\n\r\n"
        "Final-Recipient: rfc822; nobody@northwind.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--=_report\r\nContent-Type: message/rfc822\r\n\r\nFrom: {me.address}\r\nTo: nobody@northwind.example\r\n"
        "Subject: Offer\r\n\r\nHello\r\n--=_report--\r\n"
    )
    _put(office, address, sender, subject, at, message_id, head + body)


def signed(office: Office, address: str, me: Party, sender: Party, at: datetime) -> None:
    subject = "Signed order confirmation"
    message_id = office.message_id(f"signed:{address}", sender.address.rpartition("@")[2])
    signature = base64.b64encode(b"\x30\x82\x05\x10" + bytes(range(256))).decode("ascii")
    body = (
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; '
        'boundary="=_signed"\r\n\r\n'
        "--=_signed\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "We confirm the order as agreed.\r\n\r\nKind regards\r\n\r\n"
        '--=_signed\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n{signature}\r\n--=_signed--\r\n'
    )
    _put(office, address, sender, subject, at, message_id, _head(sender, me, subject, at, message_id) + body)


def encrypted(office: Office, address: str, me: Party, sender: Party, at: datetime) -> None:
    subject = "Encrypted: price agreement"
    message_id = office.message_id(f"encrypted:{address}", sender.address.rpartition("@")[2])
    envelope = base64.b64encode(b"\x30\x82\x09\x20" + bytes((n * 37) % 256 for n in range(900))).decode("ascii")
    body = (
        'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
        f"{envelope}\r\n"
    )
    _put(office, address, sender, subject, at, message_id, _head(sender, me, subject, at, message_id) + body)
