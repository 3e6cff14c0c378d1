"""Salesforce's records: search, record, form, lead conversion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.template.loader import render_to_string

from sidebar.records.display import shown_sections
from sidebar.records.inputs import drawn
from sidebar.records.lists import grouped
from sidebar.records.reading_forms import first_choice
from sidebar.records.words import singular
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.soap import Converted
from sync.services.records.converting import ConvertForm
from sync.services.records.fields import Choice, Item, Kind, Option, RecordField, Section
from sync.services.records.forms import RecordForm
from sync.services.records.kept import AtHand
from sync.services.records.reading import SeenRecord
from tests.look.registry import Example, template_of
from tests.sidebar.examples import STATES

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG auf Aktien"
DANA = FoundRecord("Contact", "003000000000001AAA", "Dana Ruiz", ("VP Operations", "Northwind Ltd"))
NORTHWIND = FoundRecord("Account", "001000000000001AAA", "Northwind Ltd", ("Customer", "Bristol"))
LOGIN = FoundRecord("Case", "500000000000001AAA", "00012877 Login fails", ("Working", "Northwind Ltd"))
WORDY = FoundRecord("Account", "001000000000002AAA", LONG, (LONG, LONG))
ARABIC = FoundRecord("Account", "001000000000003AAA", "شركة الشمال للقياس", ("عميل", "دبي"))
OBJECTS = [(name, singular(name)) for name in ("Contact", "Lead", "Account", "Opportunity", "Case")]


def in_view(part: str) -> Mapping[str, str]:
    """A part in the view, below its head."""
    head = render_to_string("pane/records/head.html")
    return {"records": f'{head}<div id="records-record" class="record">{part}</div>'}


def _listed(template: str, **values: Any) -> Callable[[], Mapping[str, str]]:
    return lambda: {"records-list": render_to_string(f"pane/records/{template}.html", values)}


def _drawn(template: str, **values: Any) -> Callable[[], Mapping[str, str]]:
    return lambda: in_view(render_to_string(f"pane/records/{template}.html", values))


def _problem(name: str) -> Callable[[], Mapping[str, str]]:
    return _listed("problem", state=STATES[name])


def _loading() -> Mapping[str, str]:
    return {"records-list": template_of(render_to_string("pane/records/shell.html"), "records-skeleton")}


STAGES = (Option("Qualification", "Qualification"), Option("Proposal", "Proposal/Price Quote"))
PARTS = (
    RecordField("Salutation", "Salutation", Kind.PICKLIST, options=(Option("Ms.", "Ms."),), part_of="Name"),
    RecordField("FirstName", "First Name", Kind.TEXT, "Dana", length=40, part_of="Name"),
    RecordField("LastName", "Last Name", Kind.TEXT, "Ruiz", required=True, length=80, part_of="Name"),
)
EVERY = (
    RecordField("Email", "Email", Kind.EMAIL, "dana@northwind.example"),
    RecordField("Phone", "Phone", Kind.PHONE, "+44 20 7946 0100"),
    RecordField("Website", "Website", Kind.URL, "northwind.example"),
    RecordField("Birthdate", "Birthdate", Kind.DATE, "1984-02-29"),
    RecordField("Met", "Met at", Kind.DATETIME, "2026-11-20T09:30:00.000Z"),
    RecordField("Call", "Call at", Kind.TIME, "09:30:00.000Z"),
    RecordField("Amount", "Amount", Kind.CURRENCY, 48000.5, "£48,000.50", scale=2, precision=16),
    RecordField("Points", "Measuring Points", Kind.NUMBER, 12),
    RecordField("Stage", "Stage", Kind.PICKLIST, "Proposal", "Proposal/Price Quote", options=STAGES, required=True),
    RecordField("Model", "Model", Kind.PICKLIST, None, options=(Option("a", "A", ("Proposal",)),), controller="Stage"),
    RecordField("Colours", "Colours", Kind.MULTIPICKLIST, "red;blue", "Red;Blue", options=(Option("red", "Red"),)),
    RecordField("Source", "Source", Kind.COMBOBOX, "Fair", options=(Option("Fair", "Fair"),)),
    RecordField("AccountId", "Account Name", Kind.REFERENCE, NORTHWIND.id, "Northwind Ltd", references=("Account",)),
    RecordField("OwnerId", "Owner", Kind.REFERENCE, "005000000000001AAA", "Mia Keller", references=("User",)),
    RecordField("Optout", "No email, please", Kind.CHECKBOX, True, help="Salesforce asks for it by law."),
    RecordField("Notes", "Notes", Kind.TEXTAREA, f"One line\n{LONG}", length=32000),
    RecordField("Rich", "Formatted", Kind.HTML, "<p>One <b>bold</b> word</p><script>x</script>"),
)
ADDRESS = (
    RecordField("MailingStreet", "Mailing Street", Kind.TEXTAREA, "1 Quay", part_of="MailingAddress"),
    RecordField("MailingCity", "Mailing City", Kind.TEXT, "Bristol", part_of="MailingAddress"),
)
SECTIONS = (
    Section("Contact Information", (Item("Name", PARTS, "Name"), *(Item(one.label, (one,)) for one in EVERY))),
    Section("", (Item("Mailing Address", ADDRESS, "MailingAddress"),)),
)
SEEN = SeenRecord(
    object_name="Contact",
    object_label="Contact",
    id=DANA.id,
    name="Dana Ruiz",
    record_type="Customer",
    sections=SECTIONS,
    url="https://larkfield.my.salesforce.com/003000000000001AAA",
    modified="",
    may_edit=True,
)
SEEN_ACCOUNT = replace(SEEN, object_name="Account", object_label="Account", name="Northwind Ltd", may_take_email=True)
WRITTEN = tuple(
    Section(
        section.heading,
        tuple(
            Item(
                item.label,
                tuple(replace(one, editable=True) for one in item.fields if one.kind is not Kind.HTML),
                item.name,
            )
            for item in section.items
            if item.fields[0].kind is not Kind.HTML
        ),
    )
    for section in SECTIONS
)
TEXTS = {
    "FirstName": "Dana",
    "LastName": "Ruiz",
    "Optout": "true",
    "Stage": "Proposal",
    "Colours": "red;blue",
    "AccountId": NORTHWIND.id,
}
FORM = RecordForm(
    object_name="Contact",
    object_label="Contact",
    name="Dana Ruiz",
    record_id=DANA.id,
    sections=WRITTEN,
    texts=TEXTS,
    was=TEXTS,
    names={"AccountId": "Northwind Ltd"},
)
NEW = replace(FORM, name="", record_id="", key="k" * 20)
LEAD = ConvertForm(
    lead_id="00Q000000000001AAA",
    name="Ada Quist",
    company="Quist & Sons",
    owner_id="005000000000001AAA",
    owner_name="Mia Keller",
    statuses=(Choice("Closed - Converted", "Closed - Converted"),),
    accounts=(NORTHWIND, WORDY),
    contacts=(DANA,),
)
SAID = {
    "status": "Fill this in.",
    "account": "Choose one.",
    "contact": "Choose one.",
    "opportunity": "Too long.",
    "owner": "Choose one.",
}


def _form(form: RecordForm) -> Callable[[], Mapping[str, str]]:
    return lambda: in_view(render_to_string("pane/records/form.html", {"form": form, "sections": drawn(form)}))


def _seen(seen: SeenRecord, **more: Any) -> Callable[[], Mapping[str, str]]:
    return lambda: in_view(
        render_to_string("pane/records/record.html", {"seen": seen, "sections": shown_sections(seen.sections), **more})
    )


def _converting(form: ConvertForm) -> Callable[[], Mapping[str, str]]:
    return _drawn("convert", form=form, sent=first_choice(form))


def _looked_up() -> Mapping[str, str]:
    """A lookup with its list open."""
    page = render_to_string("pane/records/form.html", {"form": NEW, "sections": drawn(NEW)})
    found = render_to_string("pane/records/options.html", {"groups": grouped([NORTHWIND, WORDY], "nor"), "text": "nor"})
    none = render_to_string("pane/records/options.html", {"groups": (), "text": "x", "too_short": False})
    closed = 'role="listbox" aria-label="Account Name" hidden></div>'
    return in_view(page.replace(closed, f'role="listbox" aria-label="Account Name">{found}{none}</div>'))


def _unsaved() -> Mapping[str, str]:
    """The question, which stands over the form as the client shows it."""
    question = template_of(render_to_string("pane/records/shell.html"), "edits-question")
    form = render_to_string("pane/records/form.html", {"form": FORM, "sections": drawn(FORM)})
    return in_view(form + question.replace("<dialog ", "<dialog open ", 1))


MANY = tuple(
    FoundRecord("Opportunity", f"006000000004{n:03}AAA", f"Frame contract {n + 1}", ("Proposal", "Northwind Ltd"))
    for n in range(200)
)
EXAMPLES = tuple(
    replace(example, view="records")
    for example in (
        Example("records/loading", "The skeleton", _loading),
        Example(
            "records/at-hand",
            "Pinned and recent records",
            _listed("at_hand", hand=AtHand((DANA, WORDY), (NORTHWIND, LOGIN)), creatable=OBJECTS),
        ),
        Example(
            "records/nothing-at-hand", "Nothing pinned or opened yet", _listed("at_hand", hand=AtHand(), creatable=())
        ),
        Example(
            "records/found",
            "What a search found",
            _listed(
                "found", groups=grouped([DANA, NORTHWIND, WORDY, LOGIN], "nor dan don"), count=4, creatable=OBJECTS
            ),
        ),
        Example(
            "records/one-found",
            "One record found",
            _listed("found", groups=grouped([DANA], "dana"), count=1, creatable=()),
            pictured=False,
        ),
        Example(
            "records/found-arabic",
            "What a search found, from right to left",
            _listed("found", groups=grouped([ARABIC, NORTHWIND], "nor"), count=2, creatable=()),
            language="ar",
        ),
        Example(
            "records/nothing-found",
            "A search that finds nothing",
            _listed("found", groups=(), count=0, text="zzz", creatable=OBJECTS),
        ),
        Example(
            "records/200-found",
            "Two hundred records found",
            _listed("found", groups=grouped(MANY, "frame"), count=200, creatable=OBJECTS),
        ),
        Example("records/unavailable", "Salesforce does not answer", _problem("unavailable")),
        Example("records/reconnect", "The connection to Salesforce has ended", _problem("reconnect"), pictured=False),
        Example("records/not-connected", "Salesforce is not connected", _problem("not-connected")),
        Example("records/throttled", "Salesforce asks to wait", _problem("throttled")),
        Example("records/not-allowed", "Somebody who may not", _problem("forbidden"), pictured=False),
        Example("records/record", "A record by the org's layout", _seen(replace(SEEN, pinned=True))),
        Example(
            "records/record-for-email",
            "A record that the open email can be filed to",
            _seen(SEEN_ACCOUNT),
            pictured=False,
        ),
        Example(
            "records/record-long",
            "A record with a very long name, a lead",
            _seen(replace(SEEN, name=LONG, object_name="Lead", may_convert=True)),
        ),
        Example(
            "records/record-empty",
            "A record with nothing on its layout",
            _seen(replace(SEEN, sections=(), may_edit=False, url="")),
        ),
        Example(
            "records/saved",
            "A record after it was saved",
            _seen(SEEN, saved=DANA.id, forget="record:x"),
            pictured=False,
        ),
        Example(
            "records/kinds",
            "The choice of a record type",
            _drawn(
                "types",
                form=RecordForm(
                    "Opportunity", "Opportunity", record_types=(Choice("1", "New Business"), Choice("2", LONG))
                ),
            ),
        ),
        Example("records/form", "The form of a record with every kind of field", _form(FORM)),
        Example("records/form-new", "The form for a new record", _form(NEW), pictured=False),
        Example(
            "records/form-refused",
            "Salesforce's words at their fields and at the page",
            _form(
                replace(
                    NEW,
                    page=(LONG,),
                    at={
                        "LastName": ("Fill this in.",),
                        "Email": (LONG,),
                        "Colours": ("Too many.",),
                        "Optout": ("No.",),
                    },
                )
            ),
        ),
        Example(
            "records/form-missing",
            "A field is missing",
            _form(replace(NEW, at={"LastName": ("Fill this in.",)})),
            pictured=False,
        ),
        Example(
            "records/form-duplicates",
            "Records that are alike",
            _form(replace(NEW, page=("Use one of these records?",), duplicates=(DANA, WORDY), may_go_on=True)),
        ),
        Example(
            "records/form-duplicates-hidden",
            "Records that are alike, which one may not see",
            _form(replace(NEW, page=("Use one of these records?",), may_go_on=True)),
            pictured=False,
        ),
        Example(
            "records/form-conflict",
            "Somebody else has saved meanwhile",
            _form(replace(FORM, notice="conflict", theirs={"LastName": "Ruiz-Long", "Stage": LONG})),
        ),
        Example(
            "records/form-conflict-elsewhere",
            "Somebody else has saved other fields",
            _form(replace(FORM, notice="conflict")),
            pictured=False,
        ),
        Example(
            "records/form-unknown", "Salesforce did not confirm", _form(replace(FORM, notice="unknown")), pictured=False
        ),
        Example(
            "records/form-empty",
            "A layout without a field that may be written",
            _form(replace(FORM, sections=())),
            pictured=False,
        ),
        Example("records/unsaved", "Left without saving: the question", _unsaved),
        Example("records/lookup", "A lookup while one types", _looked_up),
        Example("records/convert", "A lead to be converted", _converting(LEAD)),
        Example(
            "records/convert-refused",
            "A conversion that was refused",
            _converting(replace(LEAD, page=(LONG,), duplicates=(DANA,), may_go_on=True)),
            pictured=False,
        ),
        Example(
            "records/convert-hidden",
            "A copy of what one may not see",
            _converting(replace(LEAD, page=("No.",), may_go_on=True)),
            pictured=False,
        ),
        Example(
            "records/convert-missing",
            "A conversion with something missing",
            _converting(replace(LEAD, at=SAID)),
            pictured=False,
        ),
        Example(
            "records/converted",
            "What a lead became",
            _drawn(
                "converted",
                made=Converted(NORTHWIND.id, DANA.id, "006000000000001AAA"),
                lead_id="00Q000000000001AAA",
                is_new=True,
            ),
        ),
        Example(
            "records/converted-before",
            "A lead that was converted already",
            _drawn("converted", made=Converted(NORTHWIND.id, DANA.id), lead_id="00Q000000000001AAA", is_new=False),
            pictured=False,
        ),
    )
)
