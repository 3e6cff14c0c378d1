"""The engine's scene for small tests: people with mailboxes of both suites, letters to them, and what became of each.

Mailboxes are read from the start of today on, so that what the seed has put into them costs no time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import time_machine
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from accounts import google
from accounts.models import BlockEntry, Connection, InternalDomain, System
from accounts.service_grants import connect_salesforce as connect_integration_user
from sidebar.management.commands.seed_demo import connect_google, connect_salesforce
from sync.models import Activity, Decision, Intent, Issue, Item, Mailbox
from sync.providers.graph import folders
from sync.rules.identity import identity_hash
from sync.services.party import forget_party
from tests.sandbox_process import SandboxProcess
from tests.sync.capture import engine
from tests.sync.services.stage import Stage

DANA = "Dana Ruiz <dana@northwind.example>"
OLIVER = "Oliver Hartnell <oliver.hartnell@northwind.example>"
LI_WEI = "Li Wei <li.wei@northwind.example>"
NOBODY = "Nobody <nobody@nowhere.example>"
MIA = "Mia Keller <mia.keller@larkfield.example>"
TOM = "Tom Okafor <tom.okafor@larkfield.example>"
NOOR = "Noor Haddad <noor.haddad@larkfield-labs.example>"
WHOSE = {"mia": MIA, "tom": TOM, "noor": NOOR}


@dataclass(frozen=True, slots=True)
class File:
    """An attachment of a letter."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"
    content_id: str = ""

    def part(self) -> str:
        way = f'inline; filename="{self.name}"' if self.content_id else f'attachment; filename="{self.name}"'
        lines = [f"Content-Type: {self.kind}", f"Content-Disposition: {way}", "Content-Transfer-Encoding: base64"]
        lines += [f"Content-ID: <{self.content_id}>"] if self.content_id else []
        return "\r\n".join([*lines, "", base64.encodebytes(self.content).decode().replace("\n", "\r\n")])


def letter(
    key: str,
    *,
    sender: str = DANA,
    to: str = MIA,
    text: str = "Please have a look.",
    html: str = "",
    files: Sequence[File] = (),
    kind: str = "",
    message_id: str | None = None,
    **headers: str,
) -> str:
    """One message as MIME. Further headers by name with `_` for `-`; an empty one is left out."""
    identifier = f"<{key}@northwind.example>" if message_id is None else message_id
    given = {"From": sender, "To": to, "Subject": f"About {key}", "Date": format_datetime(timezone.now())}
    given |= {"Message-ID": identifier, "MIME-Version": "1.0"}
    given |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    body = html or text
    first = f"Content-Type: {kind or ('text/html' if html else 'text/plain')}; charset=utf-8\r\n\r\n{body}\r\n"
    if not files:
        return head + first
    parts = "".join(f"--edge\r\n{part}" for part in [first, *(file.part() for file in files)])
    return f'{head}Content-Type: multipart/mixed; boundary="edge"\r\n\r\n{parts}--edge--\r\n'


class Scene:
    """Larkfield's people on their stage. Names are first names; a Message-ID stands for an email everywhere."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self.stage, self.sandbox = stage, stage.sandbox
        _point_at_google(self.sandbox, settings)
        InternalDomain.objects.create(organisation=stage.organisation, domain="larkfield-labs.example")

    def switch_on(self, *names: str, **settings: object) -> list[Mailbox]:
        """The mailboxes of these people, connected where they are not, with what the administrator chose."""
        for name in names:
            self.connect(name)
        settings.setdefault("backfill_from", timezone.now().date().isoformat())
        opened = engine.switch_on(self.stage, *names, **settings)  # type: ignore[arg-type]
        engine.run()  # what lies there from today
        return opened

    def connect(self, name: str) -> None:
        """The person's mailbox and Salesforce, by the real flows; again where a grant has gone."""
        person, actor = self.sandbox.user(name), self.stage.actor(name)
        standing = Connection.objects.filter(user=actor.user, state=Connection.State.ACTIVE)
        if person["suite"] == "google" and not standing.filter(system=System.GOOGLE).exists():
            connect_google(actor, person["email"], person["password"])
        if not standing.filter(system=System.SALESFORCE).exists():
            connect_salesforce(actor, person["email"], person["password"])

    def integration_user(self) -> None:
        """The org's own user, who sees everything."""
        key = Path(self.sandbox.info["salesforce_jwt_key_file"]).read_text(encoding="ascii")
        username = self.sandbox.user("ines")["email"]
        connect_integration_user(self.stage.organisation, username=username, private_key=key)

    def arrives(
        self,
        key: str,
        *,
        at: str | Sequence[str] = "mia",
        folder: str = "inbox",
        received: datetime | None = None,
        **what: Any,
    ) -> str:
        """A letter arrives in one mailbox or several; its Message-ID."""
        names = [at] if isinstance(at, str) else at
        what.setdefault("to", ", ".join(WHOSE[name] for name in names))
        order: dict[str, Any] = {"mime": letter(key, **what), "folder": folder}
        if received is not None:
            order["received"] = received.isoformat()
        told = [self._put(name, order) for name in names]
        return str(told[0]["internetMessageId"] or "")

    def _put(self, name: str, order: Mapping[str, Any]) -> dict[str, Any]:
        placed: dict[str, Any] = self.sandbox._control(
            "POST", "mail", {**order, "user": self.sandbox.user(name)["email"]}
        ).json()
        return placed

    def read(self) -> None:
        """Everything is looked at, the mailbox first that was switched on first, and whatever is due is done."""
        for mailbox in Mailbox.objects.filter(state=Mailbox.State.ACTIVE).order_by("created_at"):
            engine.hurry(mailbox)
        engine.run()

    @contextmanager
    def later(self, **span: float) -> Iterator[None]:
        """So much later, here and at every provider. The providers' clocks stay there."""
        self.sandbox.advance(timedelta(**span).total_seconds())
        with time_machine.travel(timezone.now() + timedelta(**span), tick=True):
            yield

    def let_pass(self) -> None:
        """The delay of whatever waits is over."""
        engine.let_pass()
        engine.run()

    def item(self, identifier: str, name: str = "mia") -> Item:
        return Item.objects.get(user=self.stage.users[name], identity_hash=identity_hash(identifier))

    def decided(self, identifier: str, name: str = "mia") -> tuple[str, str]:
        """(outcome, rule) of the email in a person's mailbox."""
        return _said(Decision.objects.get(item=self.item(identifier, name)))

    def records(self, identifier: str) -> list[dict[str, Any]]:
        return self.stage.records_of(identifier)

    def record(self, identifier: str) -> dict[str, Any]:
        """The one record of an email."""
        [found] = self.records(identifier)
        return found

    def people(self, identifier: str) -> set[str]:
        """Ids of the people whom an email's record is linked to: contacts and leads."""
        rows = (self.record(identifier)["EmailMessageRelations"] or {"records": []})["records"]
        return {row["RelationId"] for row in rows if (row["RelationId"] or "").startswith(("003", "00Q"))}

    def contact(self, address: str) -> dict[str, Any]:
        found = self.stage.query(f"SELECT Id, AccountId, OwnerId, Email FROM Contact WHERE Email = '{address}'")
        return found[0]

    def find(self, name: str, identifier: str) -> dict[str, Any]:
        """A message as it stands in the sandbox's mailbox of a person."""
        return next(row for row in self.sandbox.mail_of(name) if row["internetMessageId"] == identifier)

    def mark(self, name: str, identifier: str, *, on: bool = True, mark: str = "Salesforce") -> None:
        self.sandbox.mark_mail(name, self.find(name, identifier)["id"], mark, on)

    def block(self, value: str, by: str = "") -> None:
        """An entry of the organisation's block list, or of a person's."""
        user = self.stage.users[by] if by else None
        BlockEntry.objects.create(organisation=self.stage.organisation, user=user, value=value)
        for name in self.stage.users:
            forget_party(self.stage.actor(name))


def _said(decision: Decision) -> tuple[str, str]:
    return decision.outcome, decision.rule


def issues() -> list[str]:
    """The reasons of all open issues."""
    return sorted(Issue.objects.filter(settled_at=None).values_list("reason", flat=True))


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each gives, or the error that it raises, all of them on threads of their own."""

    def run(call: Callable[[], object]) -> object:
        try:
            return call()
        except Exception as error:
            return error
        finally:
            database.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def activity_of(identifier: str) -> Activity:
    return Activity.objects.get(identity=identifier)


def intent_of(identifier: str) -> Intent:
    return Intent.objects.get(activity__identity=identifier, kind=Intent.Kind.EMAIL)


def files_of(identifier: str) -> Mapping[str, tuple[str, str]]:
    """(state, words) of each planned file, by its name."""
    rows = Intent.objects.filter(activity__identity=identifier, kind=Intent.Kind.FILE)
    return {row.choice["name"]: (row.state, row.words) for row in rows}


def _point_at_google(sandbox: SandboxProcess, settings: Settings) -> None:
    for name in ("AUTH_URL", "TOKEN_URL", "REVOKE_URL", "CERTS_URL", "API_URL", "CLIENT_ID", "CLIENT_SECRET"):
        setattr(settings, f"GOOGLE_{name}", sandbox.info[f"google_{name.lower()}"])
    settings.GOOGLE_PUBSUB_TOPIC = sandbox.info["google_pubsub_topic"]
    settings.GOOGLE_PUSH_SERVICE_ACCOUNT = sandbox.info["google_push_service_account"]
    google.signing_keys.forget()
    folders.forget()
