"""Conversations between a rep and a customer: several turns, each quoting what it answers, in everybody's mailbox."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.seed.message import Attached, Party, SeedMail, as_html, quoted_html, quoted_text
from sandbox.seed.office import Office, Record, attachment, filling, logo
from sandbox.seed.texts import CLOSINGS, DETAILS, FAREWELLS, GREETINGS, OPENINGS, TOPICS, Topic


@dataclass
class Conversation:
    """A thread in the making. `name` makes its Message-IDs; each call of `say` is one message for all involved."""

    office: Office
    name: str
    subject: str
    ids: list[str] = field(default_factory=list)
    last: tuple[str, Party, datetime] | None = None

    def say(
        self,
        author: Party,
        to: tuple[Party, ...],
        at: datetime,
        paragraphs: list[str],
        *,
        cc: tuple[Party, ...] = (),
        bcc: tuple[Party, ...] = (),
        files: tuple[Attached, ...] = (),
        plain: bool = False,
        rtl: bool = False,
        subject: str | None = None,
        folder: str = "inbox",
        unread: tuple[str, ...] = (),
        extra: dict[str, object] | None = None,
    ) -> None:
        """`unread` lists the mailboxes in which it is new; `extra` are further fields of `SeedMail`."""
        signature = author.signature or (author.name,)
        written = "\n\n".join(paragraphs) + "\n\n" + "\n".join(signature)
        text, quote = written + "\n", ""
        if self.last:
            text += "\n" + quoted_text(*self.last)
            quote = quoted_html(*self.last)
        images = tuple(file for file in files if file.content_id)
        html = as_html(paragraphs, signature, quote, logo=(images[0].content_id or "") if images else "", rtl=rtl)
        prefix = "Re: " if self.ids else ""
        message_id = self.office.message_id(f"{self.name}:{len(self.ids)}", author.address.rpartition("@")[2])
        fields: dict[str, object] = {
            "received": at,
            "sender": author,
            "to": to,
            "cc": cc,
            "bcc": bcc,
            "subject": subject or prefix + self.subject,
            "text": text,
            "html": None if plain else html,
            "message_id": message_id,
            "references": tuple(self.ids),
            "files": files if not plain else tuple(file for file in files if not file.content_id),
        } | (extra or {})
        for address in self.office.boxes:
            is_author = address == author.address
            if not is_author and address not in {person.address for person in (*to, *cc, *bcc)}:
                continue
            place = "sentitems" if is_author else folder
            mail = SeedMail(folder=place, is_read=address not in unread, **fields)  # type: ignore[arg-type]
            self.office.put(address, mail)
        self.ids.append(message_id)
        self.last = (text[:4000], author, at)


def usual_thread(office: Office, user: str, number: int, rng: random.Random) -> None:
    """One ordinary conversation of a mailbox, weeks or hours ago, about the customer's own business."""
    contact = rng.choice(office.contacts if rng.random() < 0.85 else office.leads)
    me, them = office.staff[user], office.party(contact)
    topic = rng.choice(TOPICS)
    at = _start(rng, office.now)
    values = filling(rng, office, contact, at)
    subject = rng.choice(topic.subjects).format_map(values)
    conversation = Conversation(office, f"{user}:{number}", subject)
    colleagues = office.colleagues(contact)
    chosen = rng.sample(colleagues, k=min(len(colleagues), rng.choice((0, 0, 0, 0, 0, 1, 1, 2))))
    others = tuple(office.party(colleague) for colleague in chosen)
    helpers = (office.staff[rng.choice([a for a in office.staff if a != user])],) if rng.random() < 0.08 else ()
    mine_first = topic.subjects[0].startswith(("Visit", "Renewal")) or rng.random() < 0.15
    has_logo, plain = rng.random() < 0.35, rng.random() < 0.25
    folder = "inbox/Customers" if rng.random() < 0.06 else "archive" if rng.random() < 0.03 else "inbox"
    unread = (user,) if at > office.now - timedelta(days=3) and rng.random() < 0.5 else ()
    for turn in range(rng.choice((1, 1, 2, 2, 3, 3, 4, len(topic.turns)))):
        if turn >= len(topic.turns) or at > office.now - timedelta(hours=2) or office.is_full(user):
            break
        by_me = (turn % 2 == 0) == mine_first
        author, reader = (me, them) if by_me else (them, me)
        conversation.say(
            author,
            (reader,),
            at,
            _paragraphs(rng, topic, turn, values, reader, contact),
            cc=(*others, *helpers),
            files=_files(rng, topic, turn, values, with_logo=has_logo and not by_me, name=f"{user}.{number}.{turn}"),
            plain=plain and not by_me,
            folder=folder,
            unread=unread,
        )
        at += timedelta(minutes=rng.choice((7, 22, 48, 95, 180, 400, 1300, 2700, 4200)))


def _start(rng: random.Random, now: datetime) -> datetime:
    """More of the mail is recent than old; all of it is older than the first hours that are written by hand."""
    days = min(rng.expovariate(1 / 20), 150)
    at = now - timedelta(days=days, hours=3)
    at = at.replace(hour=rng.randint(7, 18), minute=rng.randint(0, 59), second=rng.randint(0, 59), microsecond=0)
    return at - timedelta(days=1 if days < 1 else 0)


def _paragraphs(
    rng: random.Random, topic: Topic, turn: int, values: dict[str, str], reader: Party, contact: Record
) -> list[str]:
    first = contact["FirstName"] if reader.address == contact["Email"] else reader.name.partition(" ")[0]
    core = rng.choice(topic.turns[turn])
    opening = rng.choice(OPENINGS) if turn == 0 or rng.random() < 0.2 else ""
    detail = rng.choice(DETAILS) if rng.random() < 0.6 else ""
    closing = rng.choice(CLOSINGS)
    body = " ".join(piece for piece in (opening, core) if piece)
    pieces = [rng.choice(GREETINGS), body, detail, closing, rng.choice(FAREWELLS)]
    return [piece.format_map(values | {"first": first}) for piece in pieces if piece]


def _files(
    rng: random.Random, topic: Topic, turn: int, values: dict[str, str], *, with_logo: bool, name: str
) -> tuple[Attached, ...]:
    files: tuple[Attached, ...] = ()
    if with_logo:
        files += (logo(rng, f"logo.{name.replace('@', '.')}"),)
    if topic.file and (turn == 1 or rng.random() < 0.08):
        files += (attachment(rng, topic.file, values),)
    return files
