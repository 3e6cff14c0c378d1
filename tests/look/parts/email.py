"""An email that is being read: who it is from, what is known of them, what stands open, where it may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sync.crm import (
    Account,
    Case,
    CrmContext,
    CustomRecord,
    FieldValue,
    FiledEmail,
    ObjectName,
    Opportunity,
    Person,
)
from sync.mail import Attachment, AttachmentKind
from sync.rules.business import BusinessChoice
from sync.rules.content import FileChoice, choose_files
from sync.rules.left_out import LeftOut, Reason
from sync.rules.people import Matches, PersonMatch
from sync.services.open_email import OpenEmail
from sync.services.pane_layout import default_layout
from sync.services.status import EmailStatus, StatusKind
from tests.look.registry import Example, places_of
from tests.sidebar import examples
from tests.sidebar.examples import DANA, LOGIN, NORTHWIND, NOW, RENEWAL, SEATS, TOM, opened, participant

NO_CHOICE = BusinessChoice(records=(), rule="none", ask=False)
FIRST = ("Amara", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Gwen", "Hiro", "Ines", "João")
LAST = ("Okonkwo", "Åkesson", "Lefèvre", "Sokolov", "Yıldız", "Haddad", "Pritchard", "Tanaka", "Falk", "Moura")
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def fifty_participants() -> OpenEmail:
    """Fifty people: twenty known at three accounts, twenty unknown, ten colleagues."""
    names = [f"{first} {last}" for first in FIRST for last in LAST][:50]
    accounts = [
        Account(id=f"0010000000005{n:02}AAA", name=name, type="Customer")
        for n, name in enumerate(("Northwind Ltd", "Fabrikam Werke GmbH", "Contoso SARL"))
    ]
    people = [
        Person(
            id=f"0030000000005{n:02}AAA",
            object_name=ObjectName.CONTACT,
            name=name,
            emails=(f"p{n}@known.example",),
            title="Buyer",
            account_id=accounts[n % 3].id,
        )
        for n, name in enumerate(names[:20])
    ]
    return opened(
        matches=Matches(
            people=tuple(PersonMatch(participant(person.emails[0]), person) for person in people),
            unknown=tuple(participant(f"p{n}@unknown.example", name) for n, name in enumerate(names[20:40])),
            internal=tuple(participant(f"p{n}@larkfield.example", name) for n, name in enumerate(names[40:])),
        ),
        crm=CrmContext(people=tuple(people), accounts=tuple(accounts), opportunities=(RENEWAL,), cases=(LOGIN,)),
        choice=NO_CHOICE,
    )


def many_records(count: int = 200) -> OpenEmail:
    """One person whose account has 200 open opportunities and 200 open cases."""
    opportunities = tuple(
        Opportunity(
            id=f"006000000002{n:03}AAA",
            name=f"Frame contract {n + 1}",
            account_id=NORTHWIND.id,
            stage="Qualification",
            amount=1_000.0 * (n + 1),
            currency="GBP",
            close_date=(NOW + timedelta(days=n + 1)).date(),
        )
        for n in range(count)
    )
    cases = tuple(
        Case(
            id=f"500000000002{n:03}AAA",
            number=f"{12_000 + n:08}",
            subject=f"Sensor {n + 1} reports nothing",
            status="New",
            created_at=NOW - timedelta(hours=n),
            account_id=NORTHWIND.id,
        )
        for n in range(count)
    )
    crm = CrmContext(people=(DANA,), accounts=(NORTHWIND,), opportunities=opportunities, cases=cases)
    return opened(crm=crm, choice=BusinessChoice(records=(), rule="none", ask=True))


def long_names() -> OpenEmail:
    """Names that do not end, in each field that a name can stand in."""
    account = replace(
        NORTHWIND, name=f"{LONG} mbH & Co. KGaA", type="Strategic key customer worldwide", country="Deutschland"
    )
    person = replace(
        DANA,
        name=f"Dr. Maximiliane {LONG}",
        title=f"Bevollmächtigte für {LONG}",
        emails=("maximiliane.wolfeschlegelsteinhausenbergerdorff@sub.division.of.a.very.long.company.example",),
    )
    return opened(
        matches=Matches(
            people=(PersonMatch(participant(person.emails[0], person.name, "From"), person),),
            unknown=(participant("l" * 64 + "@" + "d" * 60 + ".example", LONG),),
            internal=(replace(TOM, name=f"Tom {LONG}"),),
        ),
        crm=CrmContext(
            people=(person,),
            accounts=(account,),
            opportunities=(
                replace(RENEWAL, name=f"Verlängerung {LONG}", stage="Perception Analysis", amount=123_456_789.0),
            ),
            cases=(replace(LOGIN, subject=f"Anmeldung am {LONG} schlägt fehl", status="Waiting for third party"),),
        ),
        files=choose_files((Attachment("a1", f"{LONG}.pdf", 25_000_000, "application/pdf"),), html=""),
        status=EmailStatus(
            StatusKind.WILL_NOT, f"Will not be filed because {'x' * 60}@{'d' * 60}.example is on your block list."
        ),
    )


def right_to_left() -> OpenEmail:
    """Names in Arabic and Hebrew beside numbers and addresses, which stay as they are."""
    account = replace(NORTHWIND, name="شركة الشمال للصناعات (م.ض)", type="عميل", country="الإمارات")
    person = replace(DANA, name="ليلى الحداد", title="مديرة المشتريات", emails=("layla@northwind.example",))
    return opened(
        matches=Matches(
            people=(PersonMatch(participant("layla@northwind.example", person.name, "From"), person),),
            unknown=(participant("avi@north.example", "אבי כהן"),),
            internal=(TOM,),
        ),
        crm=CrmContext(
            people=(person,),
            accounts=(account,),
            opportunities=(replace(RENEWAL, name="تجديد العقد 2027", stage="عرض"), SEATS),
            cases=(replace(LOGIN, subject="فشل تسجيل الدخول (Login)", status="مفتوح"),),
        ),
    )


def tagged() -> OpenEmail:
    """Found without the tag of the address; one who was a lead once; a person account."""
    was_lead = replace(DANA, id="003000000000031AAA", name="Noor al-Hashimi", became_from="00Q000000000031AAA")
    alone = replace(DANA, id="003000000000032AAA", name="Pat Doe", account_id="", is_person_account=True)
    return opened(
        matches=Matches(
            people=(
                PersonMatch(participant("dana+quotes@northwind.example", "Dana Ruiz", "From"), DANA),
                PersonMatch(participant("dana@northwind.example", was_lead.name), was_lead),
                PersonMatch(participant("dana@northwind.example", alone.name), alone),
            )
        )
    )


def left_out() -> OpenEmail:
    """An address for each reason for which one is not looked up."""
    return opened(
        left_out=(
            LeftOut("mia.keller@larkfield.example", "Mia Keller", Reason.OWN_ADDRESS),
            LeftOut("sales@larkfield.example", "Larkfield Sales", Reason.SHARED_MAILBOX),
            LeftOut("news@spam.example", "Spam Weekly", Reason.BLOCKED_BY_ORGANISATION),
            LeftOut("noise@noise.example", "", Reason.BLOCKED_BY_USER),
            LeftOut("gmail.com", "", Reason.FREE_MAIL_DOMAIN),
        )
    )


def files() -> OpenEmail:
    """A file for each reason for which one is left out, beside one that goes."""
    attachments = (
        Attachment("a1", "Offer v3.pdf", 1_258_291, "application/pdf"),
        Attachment("a2", "logo.png", 4_096, "image/png", content_id="logo", is_inline=True),
        Attachment("a3", "nothing.pdf", 0, "application/pdf"),
        Attachment("a4", "film.mov", 80_000_000, "video/quicktime"),
        Attachment("a5", "setup.exe", 4_096, "application/octet-stream"),
        Attachment("a6", "drawing.dwg", 2_048, "image/vnd.dwg"),
        Attachment("a7", "Shared plan", 0, "text/html", kind=AttachmentKind.LINK),
    )
    allowed = frozenset({"pdf", "mov", "exe", "png"})
    chosen = choose_files(attachments, html='<img src="cid:logo">', allowed_extensions=allowed)
    return opened(files=(*chosen, FileChoice(Attachment("a8", "winmail.dat", 1, ""), False, "encrypted", "")))


def partial(*failed: str) -> OpenEmail:
    return opened(crm=CrmContext(people=(DANA,), failed=failed, read_at=NOW), choice=NO_CHOICE)


def filed_elsewhere() -> OpenEmail:
    return opened(
        status=examples.filed(records=(), sentence="Filed."),
        crm=CrmContext(people=(DANA,), accounts=(NORTHWIND,), filed=FiledEmail("02s000000000001AAA", "<m@x>")),
    )


def no_records() -> OpenEmail:
    alone = replace(DANA, account_id="")
    return opened(
        crm=CrmContext(people=(alone,)),
        choice=NO_CHOICE,
        files=(),
        matches=Matches(people=(PersonMatch(examples.SENDER, alone),)),
    )


def closed() -> OpenEmail:
    """Opportunities that were won and lost, and a closed case, after the open ones."""
    opportunities = (
        RENEWAL,
        replace(SEATS, id="006000000000003AAA", name="Pilot", is_closed=True, is_won=True),
        replace(SEATS, id="006000000000004AAA", name="Service", is_closed=True, is_won=False),
    )
    case = replace(LOGIN, id="500000000000002AAA", number="00012001", status="Closed", is_closed=True)
    return opened(
        crm=CrmContext(people=(DANA,), accounts=(NORTHWIND,), opportunities=opportunities, cases=(LOGIN, case))
    )


def own_objects() -> OpenEmail:
    """Records of an object of the org's own, with the fields that the pane is told to show of it."""
    layout = default_layout()
    installed = replace(layout.of("Installation__c"), shown=True, collapsed=("Status__c",))
    rows = tuple(
        CustomRecord(
            id=f"a00000000000{n:03}AAA",
            object_name="Installation__c",
            object_label="Installations",
            name=f"INST-{n:05}",
            account_id=NORTHWIND.id,
            values=(FieldValue("Status__c", status),),
        )
        for n, status in enumerate(("Running", "In service"), start=1)
    )
    return opened(
        crm=CrmContext(people=(DANA,), accounts=(NORTHWIND,), opportunities=(RENEWAL,), custom=rows),
        layout=replace(layout, objects=(*layout.objects, installed)),
    )


def will_file(rule: str) -> OpenEmail:
    status = examples.PAGES["will-file"].status
    return opened(status=replace(status, rule=rule))


def _shown(
    name: str,
    says: str,
    example: OpenEmail,
    *,
    unreadable: tuple[str, ...] = (),
    opens: tuple[str, ...] = (),
    pictured: bool = True,
) -> Example:
    def draw() -> Mapping[str, str]:
        return places_of(examples.draw(example, unreadable))

    return Example(f"email/{name}", says, draw, opens=opens, pictured=pictured)


def _told(status: EmailStatus) -> OpenEmail:
    return opened(status=status)


EXAMPLES = (
    Example("email/loading", "The skeleton: the size of what comes", dict),
    _shown("one-person", "One person, their account, what is open with them", opened()),
    _shown("more", "Everything unfolded", opened(), opens=(".more", ".fold")),
    _shown("lead", "A lead alone takes no further record", examples.lead_only()),
    _shown("found-otherwise", "Found without the tag of the address, through a lead, as a person account", tagged()),
    _shown("several", "Several accounts, two people with one address, a lead beside contacts", examples.many_people()),
    _shown("nobody", "Nobody is known; an account is proposed by its domain", examples.nobody()),
    _shown("nobody-at-all", "Nobody is known, and nothing is proposed", replace(examples.nobody(), crm=CrmContext())),
    _shown("colleagues", "Only colleagues", examples.colleagues()),
    _shown(
        "no-one",
        "Nobody outside the company, and no colleague either",
        replace(examples.colleagues(), matches=Matches()),
    ),
    _shown(
        "200-records",
        "Two hundred opportunities and two hundred cases: the nearest first, the others folded",
        many_records(),
    ),
    _shown("0-records", "A person without an account or any record", no_records()),
    _shown("closed", "What was won, lost and closed", closed()),
    _shown("own-objects", "Records of an object of the org's own", own_objects()),
    _shown("50-participants", "Fifty people", fifty_participants()),
    _shown("long-names", "Names that do not end", long_names()),
    _shown("right-to-left-names", "Arabic and Hebrew names in an English pane", right_to_left()),
    _shown(
        "left-out",
        "Addresses that were left out, and why",
        left_out(),
        unreadable=("undisclosed recipients:;",),
        opens=(".fold",),
    ),
    _shown("files", "Files, and those that are left out", files()),
    _shown("partial-people", "Salesforce did not answer for a part; the rest shows", partial("leads", "accounts")),
    _shown("partial-email", "Salesforce did not say whether it is filed", partial("email", "people")),
    _shown("partial-suggested", "Salesforce did not answer for proposals", partial("suggested"), pictured=False),
    _shown(
        "stale-undated",
        "Salesforce does not answer: what was known, nobody knows since when",
        opened(from_cache=True, stale_reason="unavailable", crm=CrmContext(people=(DANA,)), choice=NO_CHOICE),
        pictured=False,
    ),
    _shown("stale", "Salesforce does not answer: what was known", examples.PAGES["stale"]),
    _shown("stale-throttled", "Salesforce is busy: what was known", opened(from_cache=True, stale_reason="throttled")),
    _shown("will-file", "It files itself in two minutes", examples.PAGES["will-file"]),
    _shown("will-file-later", "It files itself once Salesforce takes it", examples.PAGES["will-file-later"]),
    *(
        _shown(f"will-file-{rule}", f"It files itself: {rule}", will_file(rule), pictured=False)
        for rule in ("mark", "followed-thread", "same-domain", "everything-external", "other-mailbox")
    ),
    _shown("will-not", "It is not filed by itself, and why", opened()),
    _shown("not-filed", "Not filed", _told(EmailStatus(StatusKind.NOT_FILED, "Not filed yet."))),
    _shown("cannot", "It cannot be filed, and why", examples.PAGES["cannot"]),
    _shown("filed", "Filed", examples.PAGES["filed"]),
    _shown("filed-elsewhere", "Filed, on records that this person does not see", filed_elsewhere()),
    _shown("colleague", "Filed by a colleague", examples.PAGES["colleague"]),
    _shown("undone", "Taken back", examples.PAGES["undone"]),
)
