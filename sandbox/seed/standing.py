"""The conversation that the demo opens first: Dana Ruiz of Northwind Ltd about the renewal, with her offer attached."""

from __future__ import annotations

from datetime import timedelta

from sandbox.seed import content
from sandbox.seed.message import Attached, Party
from sandbox.seed.office import Office
from sandbox.seed.threads import Conversation

LI_WEI = Party("Li Wei", "li.wei@northwind.example", ("Li Wei", "Northwind Ltd"))
OFFER_SIZE = 1_200_000


def northwind_thread(office: Office) -> None:
    """Newest of all: in Mia's inbox, and one earlier message of it in Tom's."""
    mia, tom = office.staff["mia.keller@larkfield.example"], office.staff["tom.okafor@larkfield.example"]
    dana = office.party(office.contact("dana@northwind.example"))
    oliver = office.party(office.contact("oliver.hartnell@northwind.example"))
    talk = Conversation(office, "northwind", "Northwind renewal 2027")
    lines = ["Northwind Ltd, Bristol", "120 seats, 12 months", "Total £48,000", "Valid for 30 days"]
    near = OFFER_SIZE - 1_000  # as many digits as the right number, which the file states inside
    padding = near + OFFER_SIZE - len(content.pdf("Offer v3", lines, padding=near))
    offer = Attached("Offer v3.pdf", "application/pdf", content.pdf("Offer v3", lines, padding=padding))
    image = Attached("logo.png", "image/png", content.png(120, 32, (20, 90, 140)), content_id="logo@northwind.example")
    talk.say(
        mia,
        (dana,),
        office.now - timedelta(days=2, hours=5),
        [
            "Hi Dana,",
            "your agreement ends in January. I have prepared the renewal on this year's terms: 120 seats, £48,000.",
            "Shall we go through it on the telephone this week?",
            "Best regards",
        ],
        cc=(oliver,),
    )
    talk.say(
        dana,
        (mia,),
        office.now - timedelta(days=1, hours=3),
        [
            "Hi Mia,",
            "thank you. Oliver would like to see three years next to one, and Li will need access from January.",
            "Some of us could not sign in again this morning; our ticket is still open.",
            "Kind regards",
        ],
        cc=(oliver, tom),
        files=(image,),
    )
    talk.say(
        mia,
        (dana,),
        office.now - timedelta(days=1),
        ["Hi Dana,", "three years come with seven per cent off. I am on the ticket, too.", "Best regards"],
        cc=(oliver,),
    )
    talk.say(
        dana,
        (mia,),
        office.now - timedelta(minutes=4),
        [
            "Hi Mia,",
            "we have been through your figures. Attached is the third version of the offer with our remarks: "
            "one year, 120 seats, and an option on more of them from the summer.",
            "Li Wei, in copy, looks after the roll-out and will send you the list of names.",
            "If the changes on page two are fine with you, I can sign on Friday.",
            "Kind regards",
        ],
        cc=(LI_WEI,),
        files=(image, offer),
        unread=(mia.address,),
    )
    _case_thread(office, mia, dana)


def both_offices(office: Office) -> None:
    """One message to Mia and to Noor of the subsidiary, in each of their mailboxes."""
    oliver = office.party(office.contact("oliver.hartnell@northwind.example"))
    mia, noor = office.colleague("mia.keller@larkfield.example"), office.colleague("noor.haddad@larkfield-labs.example")
    talk = Conversation(office, "both-offices", "One invoice for both offices")
    talk.say(
        oliver,
        (mia, noor),
        office.now - timedelta(days=4, hours=2),
        ["Hi Mia, hi Noor,", "we order from both of you. Could the invoices come together?", "Kind regards"],
    )


def _case_thread(office: Office, mia: Party, dana: Party) -> None:
    case = next(case for case in office.cases if case["CaseNumber"] == "00012877")
    talk = Conversation(office, "northwind:login", f"Login fails [Case {case['CaseNumber']}]")
    talk.say(
        dana,
        (mia,),
        office.now - timedelta(minutes=52),
        [
            "Hi Mia,",
            "for your information: two people still cannot sign in. The page says that the session has expired.",
            "Could you ask your support for a date?",
            "Kind regards",
        ],
        unread=(mia.address,),
        plain=True,
    )
