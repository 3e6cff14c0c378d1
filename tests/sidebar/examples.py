"""Open emails as the services describe them, for drawing the pane without a provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext

from sidebar import presentation
from sidebar.states import State
from sync.crm import (
    Account,
    Case,
    CrmContext,
    FieldValue,
    FiledEmail,
    ObjectName,
    Opportunity,
    Person,
    RelatedRecord,
)
from sync.mail import Address, Attachment, MessageHint
from sync.rules.business import BusinessChoice
from sync.rules.content import choose_files
from sync.rules.left_out import LeftOut, Reason
from sync.rules.participants import Participant, Standing
from sync.rules.people import Matches, PersonMatch
from sync.services.open_email import OpenEmail
from sync.services.pane_layout import default_layout
from sync.services.status import EmailStatus, FileState, StatusKind

INSTANCE = "https://larkfield.my.salesforce.com"
NOW = datetime.now(UTC)

NORTHWIND = Account(id="001000000000001AAA", name="Northwind Ltd", type="Customer", country="UK", owner_id="005A")
DANA = Person(
    id="003000000000001AAA",
    object_name=ObjectName.CONTACT,
    name="Dana Ruiz",
    emails=("dana@northwind.example", "dana.ruiz@personal.example"),
    title="VP Operations",
    phone="+1 555 0100",
    mobile="+1 555 0199",
    account_id=NORTHWIND.id,
    last_activity=date(2026, 11, 12),
)
RENEWAL = Opportunity(
    id="006000000000001AAA",
    name="Renewal 2027",
    account_id=NORTHWIND.id,
    stage="Proposal",
    amount=48_000,
    currency="GBP",
    close_date=date(2026, 12, 18),
    contact_ids=(DANA.id,),
)
SEATS = Opportunity(
    id="006000000000002AAA",
    name="Extra seats",
    account_id=NORTHWIND.id,
    stage="Qualify",
    amount=6_200,
    currency="GBP",
    close_date=date(2027, 2, 1),
)
LOGIN = Case(
    id="500000000000001AAA",
    number="00012877",
    subject="Login fails",
    status="Open",
    created_at=NOW - timedelta(days=3),
    account_id=NORTHWIND.id,
)
OWNED = FieldValue("OwnerId", "Tom Okafor")
ON_RENEWAL = RelatedRecord(RENEWAL.id, "Opportunity", RENEWAL.name)
ATTACHMENTS = (
    Attachment("a1", "Offer v3.pdf", 1_258_291, "application/pdf"),
    Attachment("a2", "logo.png", 4_096, "image/png", content_id="logo", is_inline=True),
)


def participant(address: str, name: str = "", role: str = "To", standing: Standing = Standing.EXTERNAL) -> Participant:
    return Participant(address=address, name=name, role=role, standing=standing)


SENDER = participant("dana@northwind.example", "Dana Ruiz", "From")
LI = participant("li.wei@northwind.example", "Li Wei", "Cc")
TOM = participant("tom.okafor@larkfield.example", "Tom Okafor", "Cc", Standing.INTERNAL)
NOT_FILED = EmailStatus(
    StatusKind.WILL_NOT, "Will not be filed because automatic filing is switched off.", rule="mode-off"
)


def opened(**changes: Any) -> OpenEmail:
    """Dana's email about the renewal; `changes` replace fields of it."""
    values: dict[str, Any] = {
        "hint": MessageHint(
            item_key="AAMk1", subject="Renewal", from_=Address(SENDER.address, SENDER.name), attachments=ATTACHMENTS
        ),
        "participants": (SENDER, LI, TOM),
        "matches": Matches(people=(PersonMatch(SENDER, DANA),), unknown=(LI,), internal=(TOM,)),
        "crm": CrmContext(
            people=(DANA,),
            accounts=(NORTHWIND,),
            opportunities=(RENEWAL, SEATS),
            cases=(LOGIN,),
            read_at=NOW - timedelta(minutes=4),
        ),
        "choice": BusinessChoice(records=(ON_RENEWAL,), rule="contact-role", ask=False),
        "files": choose_files(ATTACHMENTS, html='<img src="cid:logo">'),
        "status": NOT_FILED,
        "from_cache": False,
        "instance_url": INSTANCE,
        "layout": default_layout(),
        "salesforce_user_id": "005000000000001AAA",
    }
    return OpenEmail(**(values | changes))


def filed(**changes: Any) -> EmailStatus:
    values: dict[str, Any] = {
        "kind": StatusKind.FILED,
        "sentence": "Filed to 2 records.",
        "rule": "button",
        "filing_id": "5b7cf3b0-8f1c-4b3e-9d6e-0c8f1d2a3b4c",
        "records": (ON_RENEWAL, RelatedRecord(NORTHWIND.id, "Account", NORTHWIND.name)),
        "url": f"{INSTANCE}/lightning/r/EmailMessage/02s000000000001AAA/view",
        "can_undo": True,
    }
    return EmailStatus(**(values | changes))


def many_people(count: int = 12) -> OpenEmail:
    """Several accounts, several people each, a lead, two contacts with one address, long and foreign names."""
    accounts = [
        Account(id=f"0010000000001{n:02}AAA", name=name, type="Customer - Direct", country="Deutschland")
        for n, name in enumerate(("Ashdown Civil Engineering and Geotechnical Surveying Holding", "שלום תעשיות בע״מ"))
    ]
    people = [
        Person(
            id=f"0030000000001{n:02}AAA",
            object_name=ObjectName.CONTACT,
            name=name,
            emails=(f"person{n}@ashdown.example",),
            title="Leiterin Einkauf und strategische Beschaffung Mitteleuropa",
            phone="+49 30 1234567",
            account_id=accounts[n % 2].id,
        )
        for n, name in enumerate(("Zoë Ærøskøbing-Þorvaldsdóttir", "אברהם כהן", "王小明"))
    ]
    twin = Person(
        id="003000000000199AAA",
        object_name=ObjectName.CONTACT,
        name="Pat Doe",
        company="Ashdown North",
        values=(OWNED,),
    )
    lead = Person(
        id="00Q000000000001AAA",
        object_name=ObjectName.LEAD,
        name="Noor al-Hashimi",
        emails=("noor@startup.example",),
        company="Startup FZ-LLC",
        status="Working - Contacted",
    )
    opportunities = tuple(
        Opportunity(
            id=f"0060000000001{n:02}AAA",
            name=f"Frame agreement {n}",
            account_id=accounts[0].id,
            stage="Negotiation/Review",
            amount=1_234_567.0 * (n + 1),
            currency="EUR",
            close_date=date(2026, 12, 1 + n),
            is_closed=n > 4,
            is_won=n == 5,
        )
        for n in range(count // 2)
    )
    matches = Matches(
        people=(
            PersonMatch(participant("person0@ashdown.example", role="From"), people[0], (people[0], twin)),
            PersonMatch(participant("person1@ashdown.example"), people[1]),
            PersonMatch(participant("person2+quote@ashdown.example"), people[2]),
            PersonMatch(participant("noor@startup.example"), lead, linked=False),
        ),
        unknown=(participant("a-very-long-local-part-that-does-not-end@subdomain.of.a.long.domain.example"),),
        internal=(TOM,),
    )
    return opened(
        matches=matches,
        left_out=(LeftOut("news@spam.example", "", Reason.BLOCKED_BY_ORGANISATION),),
        crm=CrmContext(
            people=(*people, twin, lead), accounts=tuple(accounts), opportunities=opportunities, failed=("leads",)
        ),
        choice=BusinessChoice(records=(), rule="none", ask=True),
    )


def lead_only() -> OpenEmail:
    lead = Person(
        id="00Q000000000001AAA",
        object_name=ObjectName.LEAD,
        name="Noor al-Hashimi",
        emails=("noor@startup.example",),
        title="Founder",
        company="Startup FZ-LLC",
        status="Working",
    )
    return opened(
        matches=Matches(people=(PersonMatch(participant("noor@startup.example", role="From"), lead),)),
        crm=CrmContext(people=(lead,), suggested_accounts=(Account(id="001000000000009AAA", name="Startup Group"),)),
        choice=BusinessChoice(records=(), rule="none", ask=False),
        files=(),
    )


def nobody() -> OpenEmail:
    return opened(
        matches=Matches(unknown=(participant("li.wei@northwind.example", "Li Wei", "From"),)),
        crm=CrmContext(suggested_accounts=(NORTHWIND,)),
        choice=BusinessChoice(records=(), rule="none", ask=False),
        files=(),
    )


def colleagues() -> OpenEmail:
    return opened(
        matches=Matches(internal=(TOM, participant("sofia.marin@larkfield.example", "Sofía Marín"))),
        crm=CrmContext(),
        choice=BusinessChoice(records=(), rule="none", ask=False),
        files=(),
    )


STATES: dict[str, State] = {
    "not-connected": State("not-connected", 409, "state-connect", system="salesforce"),
    "reconnect": State("reconnect", 409, "state-connect", system="salesforce"),
    "throttled": State("throttled", 429, "state-wait", retry_after=12),
    "quota": State("quota", 503, "state-wait", until=NOW + timedelta(hours=3)),
    "unavailable": State("unavailable", 503, "state-error"),
    "ambiguous": State("ambiguous", 503, "state-warning"),
    "refused": State("refused", 422, "state-warning", words="Account: required field missing"),
    "locked": State("locked", 409, "state-lock", words="An administrator has set this for you."),
    "forbidden": State("forbidden", 403, "state-lock"),
    "gone": State("gone", 404, "state-mail"),
    "conflict": State("conflict", 409, "state-warning"),
    "choice": State("choice", 422, "state-warning", words="An email can stand on at most 11 records."),
    "other-mailbox": State(
        "other-mailbox", 409, "state-key", words="jonas.weber@larkfield.example", own="mia.keller@larkfield.example"
    ),
    "invalid": State("invalid", 400, "state-error", problems=("hint.subject: String too long.",)),
}

PAGES: dict[str, OpenEmail] = {
    "one-person": opened(),
    "filed": opened(
        status=filed(),
        crm=CrmContext(
            people=(DANA,),
            accounts=(NORTHWIND,),
            opportunities=(RENEWAL, SEATS),
            cases=(LOGIN,),
            filed=FiledEmail("02s000000000001AAA", "<m@x>", people_ids=(DANA.id,)),
        ),
    ),
    "filing": opened(
        status=EmailStatus(
            StatusKind.FILING,
            "Filing…",
            filing_id="5b7cf3b0-8f1c-4b3e-9d6e-0c8f1d2a3b4c",
            files=(FileState("Offer v3.pdf", "stored"), FileState("Plan.pdf", "waiting")),
        )
    ),
    "colleague": opened(status=EmailStatus(StatusKind.FILED_BY_COLLEAGUE, "Filed by a colleague.")),
    "cannot": opened(status=EmailStatus(StatusKind.CANNOT, "Cannot be filed: it is a calendar invitation.")),
    "will-file": opened(
        status=EmailStatus(
            StatusKind.WILL_FILE,
            "Will be filed because people in it are known to Salesforce.",
            rule="known-people",
            filing_id="5b7cf3b0-8f1c-4b3e-9d6e-0c8f1d2a3b4c",
            records=(ON_RENEWAL,),
            can_stop=True,
            due_at=NOW + timedelta(minutes=2),
        )
    ),
    "will-file-later": opened(
        status=EmailStatus(
            StatusKind.WILL_FILE,
            "Salesforce is busy. It is filed by itself as soon as Salesforce takes it.",
            rule="known-people",
            filing_id="5b7cf3b0-8f1c-4b3e-9d6e-0c8f1d2a3b4c",
            can_stop=True,
        )
    ),
    "followed": opened(status=filed(following_until=NOW + timedelta(days=90))),
    "can-follow": opened(status=filed(can_follow=True)),
    "undone": opened(status=EmailStatus(StatusKind.UNDONE, "Taken back. It stays so unless you file it again.")),
    "confirm": opened(
        status=EmailStatus(
            StatusKind.NOT_FILED, "Marked private.", needs_confirmation="It is marked private. File it all the same?"
        )
    ),
    "file-problem": opened(
        status=filed(files=(FileState("Offer v3.pdf", "failed", "Salesforce refused the file: too large."),))
    ),
    "many": many_people(),
    "lead": lead_only(),
    "nobody": nobody(),
    "colleagues": colleagues(),
    "stale": opened(from_cache=True, stale_reason="unavailable"),
}


def draw(example: OpenEmail, unreadable: tuple[str, ...] = (), generation: str = "7") -> str:
    """The pane's answer for an example, as HTML."""
    status = replace(example.status, sentence=gettext(example.status.sentence))
    page = presentation.page(replace(example, status=status), unreadable)
    return render_to_string("pane/answer.html", {"page": page, "generation": generation}, request=HttpRequest())


def draw_state(name: str) -> str:
    return render_to_string("pane/state_answer.html", {"state": STATES[name], "generation": "7"})
