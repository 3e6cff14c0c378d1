"""A message that somebody writes in the demo's mail client, sent by the sandbox's transport of mail.

The sandbox keeps the sender's copy with its categories and headers, and delivers to the colleagues it knows. Nothing
goes to anybody else: no message leaves this machine.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from accounts.http import httpx_client
from sidebar.demo.facts import Person, sandbox

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,126}")
# What a mail client sets by itself and lets no add-in set.
_OWN = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "content-type", "sender"})


class LetterRefused(ValueError):
    """The message cannot be sent as it is; the text says why."""


class Recipient(BaseModel):
    model_config = ConfigDict(extra="ignore")

    emailAddress: Annotated[str, Field(max_length=320)]
    displayName: Annotated[str, Field(max_length=320)] = ""


class Letter(BaseModel):
    """As the page has it. `categories` and `headers` are what an add-in has set."""

    model_config = ConfigDict(extra="ignore")

    to: list[Recipient] = Field(default_factory=list, max_length=100)
    cc: list[Recipient] = Field(default_factory=list, max_length=100)
    bcc: list[Recipient] = Field(default_factory=list, max_length=100)
    subject: Annotated[str, Field(max_length=2000)] = ""
    text: Annotated[str, Field(max_length=500_000)] = ""
    categories: list[Annotated[str, Field(max_length=225)]] = Field(default_factory=list, max_length=25)
    headers: dict[str, Annotated[str, Field(max_length=2000)]] = Field(default_factory=dict, max_length=25)


def send(person: Person, letter: Letter) -> dict[str, Any]:
    """The ids of the sender's copy. Raises LetterRefused, httpx.HTTPError."""
    if not (letter.to or letter.cc or letter.bcc):
        raise LetterRefused(_("A message needs somebody to go to."))
    sent = _control("mail/send", {"user": person.email, "mime": _mime(person, letter).as_string()})["sent"]
    for name in letter.categories:
        _control("mail/mark", {"user": person.email, "id": sent["id"], "name": name, "on": True})
    return {"id": sent["id"], "internetMessageId": sent["internetMessageId"]}


def _mime(person: Person, letter: Letter) -> EmailMessage:
    mail = EmailMessage()
    try:
        mail["From"] = str(Address(person.name, addr_spec=person.email))
        for name, people in (("To", letter.to), ("Cc", letter.cc), ("Bcc", letter.bcc)):
            if people:
                mail[name] = ", ".join(str(Address(one.displayName, addr_spec=one.emailAddress)) for one in people)
        mail["Subject"] = " ".join(letter.subject.split())
        for name, value in letter.headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in _OWN:
                raise LetterRefused(_("An add-in cannot set the header %(name)s.") % {"name": name})
            mail[name] = value
    except (ValueError, IndexError) as error:
        if isinstance(error, LetterRefused):
            raise
        raise LetterRefused(_("An address or a header is not well formed.")) from error
    mail.set_content(letter.text)
    return mail


def _control(path: str, order: dict[str, Any]) -> dict[str, Any]:
    answer = httpx_client(base_url=sandbox().microsoft_graph_url).post(f"/_sandbox/{path}", json=order)
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise LetterRefused(str(told.get("error", "")))
    return told
