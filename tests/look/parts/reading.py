"""What a card opens: activities, related records, and the forms for what is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.template.loader import render_to_string

from sidebar.reading import forms
from sidebar.reading.writing_views import WriteForm
from sidebar.states import State
from sync.capture.block_list import BlockLine
from sync.crm import FieldValue, RelatedRecord
from sync.crm_beside import ActivityEntry, ActivityKind, RelatedEntry, RelatedList, RelatedLists, Timeline
from sync.rules.signature import Signature
from sync.services.pane_layout import default_layout
from sync.services.reading.unknown import Proposal
from sync.services.reading.writing import WrittenKind
from tests.look.registry import Example, places_of, template_of
from tests.sidebar.examples import DANA, INSTANCE, NORTHWIND, STATES, draw, opened

NOW = datetime(2026, 11, 24, 9, 41, tzinfo=UTC)
TODAY = NOW.date()
KEY = "0b0a7a5e-6a55-4e0d-9a5f-2b1f0c9d8e7f"
HARM = '"><img src=x onerror="alert(1)">'
LATE = ActivityEntry(
    "00T000000000001AAA",
    ActivityKind.TASK,
    "Send the offer",
    day=TODAY - timedelta(days=2),
    is_planned=True,
    is_overdue=True,
    who="Dana Ruiz",
    what="Renewal 2027",
    owner="Mia Keller",
)
MEETING = ActivityEntry(
    "00U000000000001AAA",
    ActivityKind.EVENT,
    "Demonstration of the new sensors",
    at=NOW + timedelta(days=3),
    is_planned=True,
    who="Dana Ruiz",
)
SOMEDAY = ActivityEntry("00T000000000002AAA", ActivityKind.TASK, "", is_planned=True)
CALL = ActivityEntry(
    "00T000000000003AAA",
    ActivityKind.CALL,
    "Rang about the delivery",
    day=TODAY - timedelta(days=1),
    words="She wants it before the holidays.",
)
RECEIVED = ActivityEntry(
    "02s000000000001AAA", ActivityKind.EMAIL, HARM, at=NOW - timedelta(hours=5), incoming=True, who="Dana Ruiz"
)
SENT = ActivityEntry(
    "02s000000000002AAA", ActivityKind.EMAIL, "عرض السعر الجديد للمجسات", at=NOW - timedelta(days=40), who="Mia Keller"
)
TIMELINE = Timeline((LATE, MEETING, SOMEDAY), (RECEIVED, CALL, SENT), read_at=NOW)
FILES = RelatedList("files", (RelatedEntry("069000000000001AAA", "ContentDocument", "Offer v3", "pdf", TODAY),))
RELATED = RelatedLists(
    (
        RelatedList(
            "contacts",
            tuple(RelatedEntry(f"0030000000009{n:02}AAA", "Contact", f"Person {n}", "Buyer") for n in range(8)),
            more=True,
        ),
        RelatedList("opportunities", failed=True),
        RelatedList("cases", (RelatedEntry("500000000000009AAA", "Case", "", "Closed", date(2026, 10, 1), True),)),
        RelatedList("files"),
    ),
    NOW,
)


def _panel(template: str, values: Mapping[str, Any]) -> Mapping[str, str]:
    """Dana's email with her card opened, and the partial in the panel's place."""
    part = render_to_string(template, {"record_id": DANA.id, "instance_url": INSTANCE, **values})
    places = places_of(draw(opened()))
    panel = f'<div class="panel" data-panel><div class="panel__part" data-part>{part}</div></div>'
    return {**places, "email": places["email"].replace("</section>", f"{panel}</section>", 1)}


def _timeline(timeline: Timeline, page: int = 0, next_page: int | None = None) -> Mapping[str, str]:
    return _panel("pane/reading/timeline.html", {"timeline": timeline, "page": page, "next_page": next_page})


def _form(kind: WrittenKind, state: State | None = None, **problems: str) -> Mapping[str, str]:
    values = {"subject": HARM, "text": "Half a thought", "when": "date" if "due" in problems else ""}
    days = tuple((name, day) for name in forms.PRESETS if (day := forms.due_day(name, today=TODAY)))
    form = WriteForm(kind, KEY, values, problems, days)
    return _panel("pane/reading/write.html", {"form": form, "state": state})


def _written(kind: WrittenKind) -> Mapping[str, str]:
    written = {"kind": kind, "id": "00T000000000001AAA", "instance_url": INSTANCE}
    return _panel("pane/reading/written.html", {"written": written})


def _by_the_client(name: str) -> Mapping[str, str]:
    """What the client puts into a panel by itself."""
    places = places_of(draw(opened()))
    part = template_of(places["email"], name)
    panel = f'<div class="panel" data-panel><div class="panel__part" data-part>{part}</div></div>'
    return {**places, "email": places["email"].replace("</section>", f"{panel}</section>", 1)}


def _stayed() -> Mapping[str, str]:
    """Writing goes on beside an email that is open no longer."""
    places = _form(WrittenKind.NOTE)
    return {**places, "email": template_of(places["email"], "panel-stayed") + places["email"]}


def _problem(state: State, again: str = "/pane/reading/003/timeline/") -> Mapping[str, str]:
    return _panel("pane/reading/problem.html", {"state": state, "again": again})


def _fields() -> Mapping[str, str]:
    """Fields of the organisation's own choosing, in the rows and in what a row opens."""
    layout = default_layout()
    objects = tuple(
        replace(one, collapsed=("Type", "Key_Account__c", "On_Hold__c"), expanded=("Website", "Renewal_Day__c"))
        if one.name == "Account"
        else one
        for one in layout.objects
    )
    values = (
        FieldValue("Key_Account__c", True),
        FieldValue("On_Hold__c", False),
        FieldValue("Renewal_Day__c", "2027-03-01"),
    )
    account = replace(NORTHWIND, website="northwind.example", values=values)
    shown = opened(layout=replace(layout, objects=objects))
    return places_of(draw(replace(shown, crm=replace(shown.crm, accounts=(account,)))))


EMPTY = replace(TIMELINE, planned=(), past=())
FAILED = replace(TIMELINE, failed=("tasks", "events", "emails"), planned=())


def _row(template: str, values: Mapping[str, Any]) -> Mapping[str, str]:
    """An email with somebody unknown, whose row the partial has taken."""
    part = render_to_string(template, dict(values))
    places = places_of(draw(opened()))
    begin = places["email"].index('<li class="who" data-unknown>')
    end = places["email"].index("</li>", begin) + len("</li>")
    return {**places, "email": places["email"][:begin] + part + places["email"][end:]}


SIGNED = Signature("Li", "Wei", "Buyer", "Northwind Ltd", "+44 20 7946 0100", "+44 7700 900123")
LI = Proposal("li.wei@northwind.example", "Li Wei", SIGNED, {}, True)
OBJECTS = [(name, "{}") for name in ("Contact", "Lead", "Account")]
REFERRED = tuple(
    RelatedRecord(f"{prefix}000000000007AAA", name, f"{name} of the email")
    for prefix, name in (
        ("001", "Account"),
        ("003", "Contact"),
        ("00Q", "Lead"),
        ("006", "Opportunity"),
        ("500", "Case"),
    )
)


def _referred() -> Mapping[str, str]:
    layout = default_layout()
    records = [(one, layout.of(one.object_name).actions) for one in REFERRED]
    part = render_to_string("pane/reading/linked.html", {"records": records, "instance_url": INSTANCE})
    places = places_of(draw(opened()))
    return {**places, "email": places["email"].replace("</form>", part + "</form>", 1)}


LINE = BlockLine(1, "li.wei@northwind.example", False, True)
EXAMPLES = (
    Example(
        "reading/proposal",
        "A new record, filled in from the signature",
        partial(_row, "pane/reading/proposal.html", {"proposal": LI, "objects": OBJECTS}),
    ),
    Example(
        "reading/proposal-unread",
        "A new record where the email could not be read",
        partial(_row, "pane/reading/proposal.html", {"proposal": replace(LI, read=False), "objects": OBJECTS}),
        pictured=False,
    ),
    Example("reading/referred", "Records that the email refers to", _referred),
    Example(
        "reading/blocked",
        "Somebody is not synchronised from now on",
        partial(_row, "pane/reading/blocked.html", {"line": LINE, "name": "Li Wei"}),
    ),
    Example("reading/fields", "Fields of the organisation's own choosing", _fields),
    Example("reading/activities", "A record's activities, planned and past", partial(_timeline, TIMELINE)),
    Example("reading/none", "A record without activities", partial(_timeline, EMPTY)),
    Example("reading/partial", "Salesforce answered in part", partial(_timeline, FAILED)),
    Example("reading/earlier", "More activities to ask for", partial(_timeline, TIMELINE, 0, 1), pictured=False),
    Example(
        "reading/most",
        "More activities than are read",
        partial(_timeline, replace(TIMELINE, more=True), 3),
        pictured=False,
    ),
    Example("reading/related", "Related lists", partial(_panel, "pane/reading/related.html", {"related": RELATED})),
    Example(
        "reading/files",
        "A list of files",
        partial(_panel, "pane/reading/related.html", {"related": RelatedLists((FILES,))}),
        pictured=False,
    ),
    *(Example(f"reading/write-{kind}", f"Writing down: {kind}", partial(_form, kind)) for kind in WrittenKind),
    *(
        Example(f"reading/written-{kind}", f"Written down: {kind}", partial(_written, kind), pictured=False)
        for kind in WrittenKind
    ),
    Example(
        "reading/refused",
        "Salesforce refuses a field",
        partial(_form, WrittenKind.FOLLOW_UP, subject="Too long.", due="Choose a day.", text="Not allowed."),
    ),
    Example(
        "reading/unconfirmed",
        "Salesforce did not confirm",
        partial(_form, WrittenKind.TASK, State("ambiguous", 503, "state-warning")),
        pictured=False,
    ),
    Example(
        "reading/loading", "Salesforce is asked for a record's activities", partial(_by_the_client, "panel-waiting")
    ),
    Example("reading/lost", "No answer came: offline, or the server is down", partial(_by_the_client, "panel-failed")),
    Example("reading/stayed", "Another email is open while one still writes", _stayed),
    Example("reading/unavailable", "Salesforce does not answer", partial(_problem, STATES["unavailable"])),
    Example("reading/forbidden", "No permission", partial(_problem, STATES["forbidden"]), pictured=False),
    Example(
        "reading/throttled",
        "Salesforce asks to wait",
        partial(_problem, State("throttled", 429, "state-wait", retry_after=12)),
    ),
    Example(
        "reading/reconnect",
        "Salesforce has to be connected again",
        partial(_problem, State("reconnect", 409, "state-connect", system="salesforce")),
        pictured=False,
    ),
)
