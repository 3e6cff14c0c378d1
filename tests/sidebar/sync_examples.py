"""The parts of the synchronisation page as its models describe them, for drawing without a mailbox."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string

from sidebar.syncpage import models
from sidebar.syncpage.chart import chart
from sidebar.syncpage.forms import DecisionsIn, rules_of
from sidebar.syncpage.words import OUTCOMES, named_rules
from sync.capture.block_list import BlockLine
from sync.capture.folder_choice import FolderLine
from sync.crm import RelatedRecord

NOW = datetime.now(UTC)
MAILBOX = uuid.UUID(int=7)
CONNECTED = {"salesforce": "active", "microsoft": "active", "google": "disconnected"}
LONG = "Zusammenfassung der Rahmenvereinbarung über Durchflussmesser und Füllstandssensoren, Werk Süd"


def standing(**changes: Any) -> models.MailboxStanding:
    filed = (3, 0, 5, 8, 2, 0, 0, 6, 4, 7, 1, 0, 2, 5)
    values: dict[str, Any] = {
        "id": MAILBOX,
        "provider": "graph",
        "address": "mia.keller@larkfield.example",
        "state": "current",
        "last_success_at": NOW - timedelta(minutes=2),
        "next_run_at": NOW + timedelta(minutes=13),
        "lag_seconds": 0,
        "filed": 1_243,
        "waiting": 0,
        "skipped": 5_120,
        "failed": 1,
        "issues": 1,
        "reasons": (),
        "reading": False,
        "seen": 0,
        "expected": 0,
        "watched_until": NOW + timedelta(days=3),
        "reconnect": "",
        "calls_used": 4_210,
        "calls_allowed": 15_000,
        "filed_by_day": tuple(models.Day(date(2026, 11, 15 + n), count) for n, count in enumerate(filed)),
        "window_from": NOW - timedelta(days=6),
    }
    return models.MailboxStanding(**(values | changes))


def status(*mailboxes: models.MailboxStanding, **changes: Any) -> str:
    values = {
        "boxes": [{"mailbox": one, "chart": chart(one.filed_by_day)} for one in mailboxes],
        "connections": CONNECTED,
        "offers_google": False,
        "connected": ["microsoft"],
        "said": "",
        "open_issues": 2,
    }
    return str(render_to_string("sync/overview.html", values | changes))


def setting(name: str, value: Any, **changes: Any) -> models.OwnSetting:
    values: dict[str, Any] = {
        "name": name,
        "decides": "",
        "value": value,
        "source": "default",
        "locked": False,
        "choices": ("off", "known-people", "same-domain", "everything-external") if name == "auto_file_mode" else (),
        "least": 0,
        "most": 1440 if name == "auto_file_delay_minutes" else 100,
    }
    return models.OwnSetting(**(values | changes))


def settings(*shown: models.OwnSetting) -> str:
    mailboxes = [SimpleNamespace(pk=MAILBOX, provider="graph")]
    return str(render_to_string("sync/settings.html", {"settings": shown, "mailboxes": mailboxes}))


ISSUES = (
    models.IssueOut(
        id=uuid.UUID(int=1),
        reason="salesforce-refused",
        sentence="Salesforce refused the email.",
        words="Required fields are missing: [Region__c]",
        subject="Re: Northwind renewal 2027",
        sender="Dana Ruiz",
        received_at=NOW,
        raised_at=NOW - timedelta(hours=3),
        can_retry=True,
        mail_url="https://outlook.office365.com/owa/?ItemID=x",
        record_url="",
    ),
    models.IssueOut(
        id=uuid.UUID(int=2),
        reason="file-refused",
        sentence="Salesforce refused a file of the email; the email itself is filed.",
        words="Too large.",
        subject=LONG,
        sender="שלום תעשיות בע״מ",
        received_at=NOW,
        raised_at=NOW - timedelta(days=3),
        can_retry=True,
        mail_url="https://outlook.office365.com/owa/?ItemID=y",
        record_url="https://larkfield.my.salesforce.com/02s",
    ),
    models.IssueOut(
        id=uuid.UUID(int=3),
        reason="needs-reconnect",
        sentence="A connection has ended: connect again, and everything goes on where it stopped.",
        words="",
        subject="",
        sender="",
        received_at=None,
        raised_at=NOW - timedelta(minutes=1),
        can_retry=False,
        mail_url="",
        record_url="",
    ),
)
LINES = (
    models.DryLineOut(
        subject="Re: Northwind renewal 2027",
        sender="Dana Ruiz",
        received_at=NOW - timedelta(hours=1),
        files=True,
        outcome="waiting",
        rule="known-people",
        sentence="Will be filed because people in it are known to Salesforce.",
        records=(RelatedRecord("006000000000001AAA", "Opportunity", "Renewal 2027"),),
        people=("Dana Ruiz", "Li Wei"),
    ),
    models.DryLineOut(
        subject=LONG,
        sender="Newsletter",
        received_at=NOW - timedelta(days=2),
        files=False,
        outcome="skipped",
        rule="automatic-mail",
        sentence="Skipped because it is an automatic message.",
        records=(),
        people=(),
    ),
)
_BLOCKED = (
    BlockLine(1, "spam.example", is_domain=True, own=False),
    BlockLine(2, "dana.ruiz-and-a-long-local-part-that-goes-on@subdomain.of.northwind.example", False, own=True),
    BlockLine(3, "noise.example", is_domain=True, own=True),
)
_FOLDERS = [
    FolderLine("i", "Inbox", 0, always=True, chosen=False),
    FolderLine("i1", "Customers", 1, always=False, chosen=False),
    FolderLine("i2", LONG, 2, always=False, chosen=True),
    FolderLine("s", "Sent Items", 0, always=True, chosen=False),
    FolderLine("a", "Archive", 0, always=False, chosen=True),
]
_GMAIL = {"id": uuid.UUID(int=8), "provider": "gmail", "address": "mia.keller@gmail.com"}
_NOTHING = tuple(models.Day(date(2026, 11, 15 + n), 0) for n in range(14))
_ASKED = DecisionsIn(outcome="failed", words="invoice")


def _part(template: str, **values: Any) -> str:
    return str(render_to_string(template, values))


class Parts(Mapping[str, str]):
    """The parts by name, each drawn when it is asked for, in the language of that moment."""

    def __init__(self, draw: Mapping[str, Callable[[], str]]) -> None:
        self._draw = draw

    def __getitem__(self, name: str) -> str:
        return self._draw[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._draw)

    def __len__(self) -> int:
        return len(self._draw)


PARTS = Parts(
    {
        "current": lambda: status(standing()),
        "waiting": lambda: status(standing(state="waiting", waiting=3)),
        "reading": lambda: status(
            standing(state="reading", reading=True, seen=120, expected=400, filed_by_day=_NOTHING)
        ),
        "just-begun": lambda: status(
            standing(state="reading", reading=True, last_success_at=None, filed_by_day=_NOTHING)
        ),
        "behind": lambda: status(standing(state="behind", lag_seconds=1_260, reasons=("throttled", "quota-spent"))),
        "paused": lambda: status(standing(state="paused"), said="Paused. Nothing is read or filed."),
        "reconnect": lambda: status(
            standing(state="reconnect", reconnect="salesforce"),
            connections={**CONNECTED, "salesforce": "needs_reconnect"},
        ),
        "two-mailboxes": lambda: status(standing(), standing(**_GMAIL, state="waiting", waiting=1)),
        "no-mailbox": lambda: status(
            connections=dict.fromkeys(CONNECTED, "disconnected"), offers_google=True, connected=[]
        ),
        "switched-on": lambda: status(),
        "settings": lambda: settings(
            setting("auto_file_mode", "known-people", source="user"),
            setting("auto_file_delay_minutes", 3, source="preset"),
            setting("mark_name", "Salesforce", source="organisation", locked=True),
            setting("backfill_from", "2026-10-01", source="user"),
            setting("language", "de", source="user"),
        ),
        "settings-locked": lambda: settings(setting("auto_file_mode", "off", source="organisation", locked=True)),
        "folders": lambda: _part(
            "sync/folders.html",
            mailbox=SimpleNamespace(pk=MAILBOX, provider="graph"),
            lines=_FOLDERS,
            setting=setting("chosen_folders", ("a",), source="user"),
            said="",
        ),
        "block-list": lambda: _part("sync/block_list.html", lines=_BLOCKED, said="", value="", problem=None),
        "block-list-empty": lambda: _part("sync/block_list.html", lines=(), said="", value="", problem=None),
        "issues": lambda: _part("sync/issues.html", lines=ISSUES, count=3, said="It is tried again."),
        "no-issues": lambda: _part("sync/issues.html", lines=(), count=0, said=""),
        "follows": lambda: _part(
            "sync/follows.html",
            lines=(
                models.FollowOut(uuid.UUID(int=4), LONG, "Dana Ruiz", NOW + timedelta(days=80), "https://x.example/"),
            ),
            said="",
        ),
        "dry-run": lambda: (
            _part(
                "sync/dry_run.html", mailbox=SimpleNamespace(id=MAILBOX, window_from=NOW - timedelta(days=6))
            ).replace("</div>\n", "")
            + _part(
                "sync/dry_page.html",
                mailbox=SimpleNamespace(id=MAILBOX),
                page=models.DryPageOut(LINES, "cursor"),
                since=date(2026, 11, 20),
            )
            + "</div>"
        ),
        "read-again": lambda: _part("sync/read_again.html", mailbox=SimpleNamespace(id=MAILBOX, window_from=NOW)),
        "no-decision": lambda: _part(
            "sync/decisions.html",
            mailboxes=[
                SimpleNamespace(pk=MAILBOX, provider="graph"),
                SimpleNamespace(pk=uuid.UUID(int=8), provider="gmail"),
            ],
            mailbox=SimpleNamespace(pk=MAILBOX, provider="graph"),
            asked=_ASKED,
            outcomes=OUTCOMES,
            rules=named_rules(rules_of("failed")),
            page=models.DecisionPage((), 1, False, told=False),
        ),
    }
)
