"""The synchronisation page: within the pane, and in a browser's tab."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string

from sidebar.syncpage import models
from sidebar.syncpage.forms import DecisionsIn, rules_of
from sidebar.syncpage.words import OUTCOMES, named_rules
from tests.look.registry import Example
from tests.sidebar import sync_examples
from tests.sidebar.examples import NOW, STATES

SAYS = {
    "current": "Everything is read",
    "waiting": "Emails wait for their moment",
    "reading": "Being read, with numbers",
    "just-begun": "Begun a moment ago",
    "behind": "Late, and why",
    "paused": "Paused",
    "reconnect": "A connection has ended",
    "two-mailboxes": "Two mailboxes",
    "no-mailbox": "No mailbox yet",
    "switched-on": "Switched on, and nothing read yet",
    "settings": "Settings and where they come from",
    "settings-locked": "A setting that an administrator has decided",
    "folders": "Which folders are read",
    "block-list": "Who is never filed",
    "block-list-empty": "Nobody is blocked",
    "issues": "What needs a person",
    "no-issues": "Nothing needs a person",
    "follows": "Followed conversations",
    "dry-run": "What would be filed",
    "read-again": "Reading again from a day",
    "no-decision": "No decision with these filters",
}


GRAPH = SimpleNamespace(pk=sync_examples.MAILBOX, id=sync_examples.MAILBOX, provider="graph", window_from=NOW)
GMAIL = SimpleNamespace(pk=uuid.UUID(int=8), id=uuid.UUID(int=8), provider="gmail", window_from=NOW)
NONE = dict.fromkeys(sync_examples.CONNECTED, "disconnected")
DECISIONS = tuple(
    models.DecisionOut(uuid.UUID(int=40), outcome, "", sentence, NOW, NOW, None, subject, sender)
    for outcome, subject, sender, sentence in (
        ("captured", "Re: Northwind renewal 2027", "Dana Ruiz", "Filed because people in it are known to Salesforce."),
        ("waiting", "Extra seats", "Dana Ruiz", "Waits for its moment."),
        ("skipped", sync_examples.LONG, "Newsletter", "Skipped because it is an automatic message."),
        ("failed", "", "شركة الشمال", "Salesforce refused the email."),
    )
)

#: The tab that a part is found under, where it is not the one of its name.
TABS = {
    "settings-locked": "settings",
    "folders": "settings",
    "block-list-empty": "block-list",
    "no-issues": "issues",
    "no-decision": "decisions",
}


def in_page(part: str, tab: str = "status") -> str:
    """A part with the page's head and navigation around it."""
    if 'id="sync-part"' in part:
        return part
    head = sync_examples.status().partition("<div id=")[0].replace(' aria-current="page"', "")
    head = head.replace(f'data-part="{tab}"', f'data-part="{tab}" aria-current="page"')
    return f'{head}<div id="sync-part" class="sync__part" tabindex="-1">{part}</div>'


def _part(name: str) -> Mapping[str, str]:
    return {"sync": in_page(sync_examples.PARTS[name], TABS.get(name, name))}


def _problem(name: str) -> Mapping[str, str]:
    return {"sync": in_page(render_to_string("sync/problem.html", {"state": STATES[name]}))}


def _with(template: str, tab: str, **values: Any) -> Callable[[], Mapping[str, str]]:
    """A part that no other example shows: the template with these values."""
    return lambda: {"sync": in_page(render_to_string(template, values), tab)}


def _visited() -> Mapping[str, str]:
    """The vendor's support looks, and the person administers."""
    visit = SimpleNamespace(staff=SimpleNamespace(name="Kim Park", email=""), reason="Case 4711", until=NOW)
    values = {"staff_now": [visit], "opens_administration": True}
    return {"sync": sync_examples.status(sync_examples.standing(), **values)}


def _dry(page: models.DryPageOut) -> Callable[[], Mapping[str, str]]:
    """A dry run's form with a page of what it found."""

    def draw() -> Mapping[str, str]:
        form = render_to_string("sync/dry_run.html", {"mailbox": GRAPH}).rstrip().removesuffix("</div>")
        found = render_to_string("sync/dry_page.html", {"mailbox": GRAPH, "page": page, "since": NOW.date()})
        return {"sync": in_page(f"{form}{found}</div>")}

    return draw


def _ended() -> Mapping[str, str]:
    reasons = ("cursor-expired", "needs-reconnect", "unavailable")
    standing = sync_examples.standing(
        state="reconnect", reconnect="mailbox", watched_until=None, last_success_at=None, reasons=reasons
    )
    ended = dict.fromkeys(sync_examples.CONNECTED, "needs_reconnect")
    return {"sync": sync_examples.status(standing, connections=ended, offers_google=True, connected=[])}


def _settings() -> str:
    """Each way that a setting's own words can go."""
    one = sync_examples.setting
    problem = SimpleNamespace(name="choice", words="")
    shown = [
        ("setting", one("auto_file_delay_minutes", 9_999, source="preset"), problem),
        ("setting", one("mark_name", "x" * 120, source="organisation"), problem),
        ("setting", one("backfill_from", "2031-01-01"), problem),
        ("setting", one("auto_file_mode", "off", source="user"), SimpleNamespace(name="locked", words="")),
        ("setting", replace(one("language", ""), choices=("", "en", "de", "fr", "es", "ar")), None),
    ]
    return "".join(
        render_to_string("sync/setting.html", {"setting": setting, "problem": said}) for _, setting, said in shown
    )


def _decisions(**changes: Any) -> Callable[[], Mapping[str, str]]:
    values = {
        "mailboxes": [GRAPH, GMAIL],
        "mailbox": GRAPH,
        "asked": DecisionsIn(),
        "outcomes": OUTCOMES,
        "rules": named_rules(rules_of("")),
        "page": models.DecisionPage(DECISIONS, 2, True, told=True),
    }
    return _with("sync/decisions.html", "decisions", **(values | changes))


def _skeleton() -> Mapping[str, str]:
    return {"sync": render_to_string("sync/skeleton.html")}


EXAMPLES = (
    Example("sync/loading", "The skeleton", _skeleton, view="sync"),
    *(Example(f"sync/{name}", SAYS[name], partial(_part, name), view="sync") for name in sync_examples.PARTS),
    Example("sync/support-looks", "The vendor's support may look at the moment", _visited, view="sync"),
    Example(
        "sync/settings-refused",
        "Settings that are refused, and why",
        lambda: {"sync": in_page(_settings(), "settings")},
        view="sync",
    ),
    Example(
        "sync/settings-gmail",
        "Labels of Gmail",
        _with("sync/settings.html", "settings", settings=(), mailboxes=[GMAIL]),
        view="sync",
    ),
    Example(
        "sync/folders-not-read",
        "Labels that are not read yet",
        _with(
            "sync/folders.html",
            "settings",
            mailbox=GMAIL,
            lines=(),
            setting=sync_examples.setting("chosen_folders", (), locked=True),
            said="",
        ),
        view="sync",
    ),
    Example("sync/decisions", "What became of each email, and why", _decisions(), view="sync"),
    Example(
        "sync/decisions-untold",
        "The mailbox does not answer: subjects are missing",
        _decisions(page=models.DecisionPage(DECISIONS[:1], 1, False, told=False)),
        view="sync",
    ),
    Example(
        "sync/decisions-none",
        "Nothing was read yet",
        _decisions(page=models.DecisionPage((), 1, False, told=True)),
        view="sync",
    ),
    Example(
        "sync/decisions-no-mailbox",
        "Nothing is decided without a mailbox",
        _decisions(mailboxes=[], mailbox=None),
        view="sync",
    ),
    Example(
        "sync/block-list-refused",
        "Something that is no address",
        _with(
            "sync/block_list.html",
            "block-list",
            lines=(),
            said="",
            value="not an address",
            problem=SimpleNamespace(words=""),
        ),
        view="sync",
    ),
    Example(
        "sync/follows-none",
        "No conversation is followed",
        _with("sync/follows.html", "follows", lines=(), said=""),
        view="sync",
    ),
    Example(
        "sync/no-subjects",
        "Conversations without a subject or a link",
        _with(
            "sync/follows.html",
            "follows",
            lines=(
                models.FollowOut(uuid.UUID(int=4), "", "Dana Ruiz", NOW, "https://x.example/"),
                models.FollowOut(uuid.UUID(int=5), "", "Li Wei", NOW, ""),
            ),
            said="Not followed any more.",
        ),
        view="sync",
    ),
    Example(
        "sync/many-issues",
        "More issues than are shown, one of them without a subject",
        _with(
            "sync/issues.html",
            "issues",
            lines=(replace(sync_examples.ISSUES[0], subject=""), *sync_examples.ISSUES[1:]),
            count=340,
            said="",
        ),
        view="sync",
    ),
    Example(
        "sync/dry-run-empty",
        "A dry run without mail",
        _dry(models.DryPageOut((), "")),
        view="sync",
    ),
    Example(
        "sync/dry-run-end",
        "The end of a dry run",
        _dry(models.DryPageOut((replace(sync_examples.LINES[0], subject=""),), "")),
        view="sync",
    ),
    Example(
        "sync/no-mailbox-yet",
        "Salesforce is connected, no mailbox is",
        lambda: {"sync": sync_examples.status(connections={**NONE, "salesforce": "active"}, connected=[])},
        view="sync",
        pictured=False,
    ),
    Example("sync/all-connections-ended", "Every connection has ended", _ended, view="sync"),
    *(
        Example(f"sync/problem-{name}", f"A part without an answer: {name}", partial(_problem, name), view="sync")
        for name in ("unavailable", "throttled", "forbidden", "invalid", "locked")
    ),
    *(
        Example(f"sync/tab-{name}", f"In a tab: {SAYS[name].lower()}", partial(_part, name), view="sync", is_tab=True)
        for name in ("current", "settings", "issues", "dry-run")
    ),
)
