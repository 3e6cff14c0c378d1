"""Eight letters to a rep with an empty mailbox, what has to stand for them in Salesforce, and time that passes."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from sync.capture.mailboxes import open_mailboxes
from sync.models import Collection, Decision, Intent, Issue, Item, Link, Mailbox, Watch
from tests.sync.capture import engine
from tests.sync.crash.nursery import Nursery
from tests.sync.queue import wait_for
from tests.sync.services.stage import Stage

REP = "rep01"
ADDRESS = "rep01@larkfield.example"
DANA, OLIVER, AMARA = "dana@northwind.example", "oliver.hartnell@northwind.example", "amara.nwosu@northwind.example"


@dataclass(frozen=True, slots=True)
class Letter:
    """`people` are contacts of Salesforce. The first of them writes it, unless the rep does."""

    key: str
    people: tuple[str, ...]
    files: tuple[str, ...] = ()
    sent: bool = False

    @property
    def message_id(self) -> str:
        return f"<{self.key}@crash.northwind.example>"

    def mime(self) -> str:
        sender, to = (ADDRESS, self.people) if self.sent else (self.people[0], (ADDRESS, *self.people[1:]))
        head = [
            f"From: {sender}",
            f"To: {', '.join(to)}",
            f"Subject: About {self.key}",
            f"Date: {format_datetime(timezone.now())}",
            f"Message-ID: {self.message_id}",
            "MIME-Version: 1.0",
        ]
        text = ["Content-Type: text/plain; charset=utf-8", "", f"Please have a look at {self.key}."]
        if not self.files:
            return "\n".join([*head, *text, ""])
        parts = [line for name in self.files for line in ("--edge", *self._file(name))]
        kind = 'Content-Type: multipart/mixed; boundary="edge"'
        return "\n".join([*head, kind, "", "--edge", *text, *parts, "--edge--", ""])

    def _file(self, name: str) -> list[str]:
        content = base64.b64encode(f"{name} of {self.key}".encode()).decode()
        disposition = f'Content-Disposition: attachment; filename="{name}"'
        return ["Content-Type: text/plain", disposition, "Content-Transfer-Encoding: base64", "", content]


LETTERS = (
    Letter("offer", (DANA,)),
    Letter("order", (OLIVER, DANA), files=("order.txt", "terms.txt")),
    Letter("delivery", (AMARA, OLIVER)),
    Letter("invoice", (DANA, AMARA, OLIVER), files=("invoice.txt",)),
    Letter("service", (OLIVER,)),
    Letter("answer", (DANA,), sent=True),
    Letter("thanks", (AMARA,), sent=True),
)
LATER = Letter("later", (DANA, OLIVER))


def post(stage: Stage, letter: Letter) -> None:
    stage.sandbox.deliver(REP, letter.mime().replace("\n", "\r\n"), "sentitems" if letter.sent else "inbox")


def open_rep(stage: Stage) -> Mailbox:
    """The rep's mailbox is switched on, without its push: nobody could deliver one here."""
    engine.choose(stage.actor("ines"), auto_file_delay_minutes=0)
    (mailbox,) = open_mailboxes(User.objects.get(email=ADDRESS))
    Watch.objects.update(due_at=None)
    return mailbox


def let_pass(seconds: int = 120) -> None:
    """Time passes, for all rows that wait for it: leases end, what was woken may be woken again."""
    earlier = timedelta(seconds=seconds)
    for model in (Collection, Intent):
        for name in ("lease_until", "woken_until", "due_at"):
            model.objects.filter(**{f"{name}__isnull": False}).update(**{name: F(name) - earlier})


def is_at_rest(letters: tuple[Letter, ...] = LETTERS) -> bool:
    """Everything that was posted is filed, and nothing is due, waits or is held."""
    return (
        Link.objects.filter(part=Link.Part.EMAIL).count() == len(letters)
        and not Intent.objects.filter(state__in=[Intent.State.WAITING, Intent.State.CLAIMED]).exists()
        and not Collection.objects.filter(lease_until__isnull=False).exists()
        and not Collection.objects.filter(due_at__lte=timezone.now()).exists()
    )


def await_rest(nursery: Nursery, letters: tuple[Letter, ...] = LETTERS) -> None:
    assert wait_for(lambda: is_at_rest(letters), 40), f"it does not come to rest: {stuck()}\n{nursery.log()}"


def stuck() -> dict[str, object]:
    """What a test shows when it does not come to rest."""
    held = Collection.objects.filter(lease_until__isnull=False)
    return engine.stuck() | {
        "decisions": list(Decision.objects.values_list("outcome", "rule")),
        "held": list(held.values("kind", "name", "due_at", "lease_until", "lease_token", "reason", "last_success_at")),
    }


def assert_filed_once(stage: Stage, letters: tuple[Letter, ...] = LETTERS) -> None:
    """One record for each letter with its people and files; nothing stuck; every cursor where the mailbox ends."""
    contacts = _contacts(stage)
    for letter in letters:
        records = stage.records_of(letter.message_id)
        assert len(records) == 1, f"{len(records)} records of {letter.key}"
        assert _people(records[0]) == Counter({contacts[address]: 1 for address in letter.people}), letter.key
        assert _files(stage, records[0]["Id"]) == Counter(letter.files), letter.key
    stored = stage.query("SELECT Title FROM ContentVersion WHERE Title IN ('invoice', 'order', 'terms')")
    assert len(stored) == sum(len(letter.files) for letter in letters)
    assert not Issue.objects.exists()
    assert Item.objects.count() == len(letters)
    outcomes = Decision.objects.values_list("outcome", flat=True)
    assert Counter(outcomes) == {Decision.Outcome.CAPTURED: len(letters)}
    assert Intent.objects.exclude(state=Intent.State.DONE).count() == 0
    mail = Collection.objects.filter(kind=Collection.Kind.MAIL, in_scope=True)
    assert mail.count() >= 2
    for collection in Collection.objects.filter(due_at__isnull=False):
        assert collection.last_success_at is not None
        assert collection.cursor or collection.kind == Collection.Kind.MARKS
        assert not (collection.full_read and collection.kind == Collection.Kind.MAIL)


def _contacts(stage: Stage) -> dict[str, str]:
    rows = stage.query(f"SELECT Id, Email FROM Contact WHERE Email IN ('{DANA}', '{OLIVER}', '{AMARA}')")
    found = {row["Email"].lower(): row["Id"][:15] for row in rows}
    assert len(found) == len(rows) == 3
    return found


def _people(record: dict[str, object]) -> Counter[str]:
    relations = record["EmailMessageRelations"] or {"records": []}
    assert isinstance(relations, dict)
    return Counter(row["RelationId"][:15] for row in relations["records"] if str(row["RelationId"]).startswith("003"))


def _files(stage: Stage, record_id: str) -> Counter[str]:
    asked = f"SELECT ContentDocument.Title FROM ContentDocumentLink WHERE LinkedEntityId = '{record_id}'"
    return Counter(f"{row['ContentDocument']['Title'].removesuffix('.txt')}.txt" for row in stage.query(asked))
