"""The seeded mailboxes: their size, and that each kind of mail the rules speak of stands in every one of them."""

from __future__ import annotations

import email
import os
import subprocess
import sys
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest

from sandbox.seed.company import Company, build_company
from sandbox.seed.mail import PER_MAILBOX, SeedMail, seed_mail
from tests.sandbox_process import ROOT

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# Prints digests of the records, of the mail's bytes, and of the ids that Graph gives them.
STATE = """
from datetime import UTC, datetime
from hashlib import sha256
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.company import build_company
from sandbox.seed.mail import seed_mail

class Clock:
    def now(self):
        return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

company = build_company(7, Clock().now())
mail = [one.render() for mails in seed_mail(company, 7, Clock().now()).values() for one in mails]
ids = sorted(Tenant(company, Clock(), 7).mailbox(company.users[0].email).messages)
for state in (repr(company), repr(mail), repr(ids)):
    print(sha256(state.encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(7, NOW)


@pytest.fixture(scope="module")
def boxes(company: Company) -> dict[str, list[SeedMail]]:
    return seed_mail(company, 7, NOW)


def _read(mail: SeedMail) -> EmailMessage:
    return email.message_from_bytes(mail.render(), policy=policy.default)


def test_each_mailbox_has_three_hundred_messages_of_the_past(boxes: dict[str, list[SeedMail]]) -> None:
    assert {address: len(mails) for address, mails in boxes.items()} == dict.fromkeys(boxes, PER_MAILBOX)
    assert len(boxes) == 4
    assert all(mail.received <= NOW for mails in boxes.values() for mail in mails)


def test_the_same_number_gives_the_same_bytes(company: Company, boxes: dict[str, list[SeedMail]]) -> None:
    again = seed_mail(company, 7, NOW)
    for address, mails in boxes.items():
        for one, other in list(zip(mails, again[address], strict=True))[::7]:
            assert (one.message_id, one.received, one.render()) == (other.message_id, other.received, other.render())


def test_the_same_number_gives_the_same_state_in_every_process() -> None:
    states = {
        subprocess.run(
            [sys.executable, "-c", STATE],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (1, 2)
    }
    assert len(states) == 1
    assert len(states.pop().split()) == 3


def test_bodies_do_not_read_like_copies(boxes: dict[str, list[SeedMail]]) -> None:
    for mails in boxes.values():
        conversations = [mail.text for mail in mails if mail.text and not mail.is_bulk and mail.folder != "junkemail"]
        assert len(set(conversations)) > 0.9 * len(conversations)


def test_answers_refer_to_mail_before_them_and_quote_it(boxes: dict[str, list[SeedMail]]) -> None:
    for mails in boxes.values():
        received = {mail.message_id: mail.received for mail in mails}
        answers = [mail for mail in mails if mail.references]
        assert len(answers) > 60
        for mail in answers:
            before = received.get(mail.references[-1])
            assert before is None or before < mail.received
        assert all(">" in mail.text for mail in answers if mail.references[-1] in received)


def test_every_mailbox_holds_every_kind(boxes: dict[str, list[SeedMail]]) -> None:
    for address, mails in boxes.items():
        headers = {name.lower() for mail in mails for name, _ in mail.headers}
        assert {"list-id", "precedence", "auto-submitted", "sensitivity", "reply-to", "sender"} <= headers
        assert {mail.folder for mail in mails} >= {"inbox", "sentitems", "drafts", "deleteditems", "junkemail"}
        assert {mail.calendar[0] for mail in mails if mail.calendar} == {"REQUEST", "REPLY", "CANCEL"}
        assert any(mail.message_id is None for mail in mails)
        assert any(mail.enclosed for mail in mails)
        assert any(mail.big for mail in mails)
        assert any(mail.links for mail in mails)
        assert any(mail.bcc for mail in mails)
        assert any(file.inline for mail in mails for file in mail.files)
        assert any(file.content_id for mail in mails for file in mail.files)
        assert max(len(mail.to) + len(mail.cc) + 1 for mail in mails) == 50
        assert any("Case 000128" in mail.subject for mail in mails)
        assert any("ref:_00D" in mail.text and ":ref" in mail.text for mail in mails)
        assert any(_is_internal(mail) for mail in mails), address
        assert any("\u0590" <= letter <= "\u06ff" for mail in mails for letter in mail.subject + mail.text)
        assert any(ord(letter) > 127 for mail in mails for person in mail.to for letter in person.name)


def _is_internal(mail: SeedMail) -> bool:
    people = (mail.sender, *mail.to, *mail.cc)
    return len(people) > 1 and all(person.address.endswith("@larkfield.example") for person in people)


def test_colleagues_hold_the_same_message_under_one_id(boxes: dict[str, list[SeedMail]]) -> None:
    mia = {mail.message_id: mail for mail in boxes["mia.keller@larkfield.example"] if mail.message_id}
    tom = {mail.message_id: mail for mail in boxes["tom.okafor@larkfield.example"] if mail.message_id}
    shared = mia.keys() & tom.keys()
    assert len(shared) >= 5
    for message_id in shared:
        one, other = _read(mia[message_id]), _read(tom[message_id])
        assert (one["from"], one["date"], one["subject"]) == (other["from"], other["date"], other["subject"])


def test_inline_images_are_referred_to_by_the_html(boxes: dict[str, list[SeedMail]]) -> None:
    mails = [mail for mail in boxes["mia.keller@larkfield.example"] if any(file.content_id for file in mail.files)]
    assert len(mails) > 15
    for mail in mails[:10]:
        message = _read(mail)
        body = message.get_body(("html",))
        assert body is not None
        ids = [str(part["content-id"]).strip("<>") for part in message.walk() if part["content-id"]]
        assert all(f"cid:{identifier}" in body.get_content() for identifier in ids)


def test_a_received_copy_hides_the_blind_recipients(boxes: dict[str, list[SeedMail]]) -> None:
    for mails in boxes.values():
        for mail in mails:
            if mail.bcc:
                assert (_read(mail)["bcc"] is not None) is (mail.folder in ("sentitems", "drafts"))


def test_the_big_attachment_costs_nothing_until_it_is_read(boxes: dict[str, list[SeedMail]]) -> None:
    mail = next(mail for mail in boxes["mia.keller@larkfield.example"] if mail.big)
    assert len(mail.render()) < 10_000
    assert mail.big is not None
    assert sum(len(chunk) for chunk in mail.big.chunks()) == mail.big.size == 25_000_000
