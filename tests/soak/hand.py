"""A small org and a small company, written by hand, for the oracle to judge single cases in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from soak.oracle import Company, Copy, Oracle, Record, Ruling, Settings, Verdict
from soak.org import Colleague, Org

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIA, TOM, REP = "mia@larkfield.example", "tom@larkfield.example", "rep@larkfield-labs.example"
COMPANY = Company(
    colleagues={MIA: Colleague(MIA, "005MIA"), TOM: Colleague(TOM, "005TOM"), REP: Colleague(REP, "005REP")},
    domains=frozenset({"larkfield.example", "larkfield-labs.example"}),
    aliases=frozenset({"mia.private@gmx.de"}),
    window=NOW - timedelta(days=6),
    org_id="00D5g00000AbcDeEAA",
)


def contact(number: str, email: str | None, account: str, owner: str = "005TOM", active: str = "") -> dict[str, Any]:
    return {
        "Id": f"003{number}",
        "Email": email,
        "AccountId": account,
        "OwnerId": owner,
        "LastActivityDate": active or None,
    }


def account(number: str, website: str | None, owner: str = "005TOM", **more: Any) -> dict[str, Any]:
    return {
        "Id": f"001{number}",
        "Website": website,
        "OwnerId": owner,
        "PersonEmail": None,
        "PersonContactId": None,
        **more,
    }


def lead(number: str, email: str, became: str | None = None) -> dict[str, Any]:
    return {"Id": f"00Q{number}", "Email": email, "IsConverted": became is not None, "ConvertedContactId": became}


def opportunity(number: str, of: str, owner: str, *, closed: bool = False) -> dict[str, Any]:
    return {"Id": f"006{number}", "AccountId": of, "OwnerId": owner, "IsClosed": closed}


def case(number: str, of: str, case_number: str, owner: str) -> dict[str, Any]:
    return {"Id": f"500{number}", "AccountId": of, "OwnerId": owner, "CaseNumber": case_number}


def role(of: str, who: str) -> dict[str, Any]:
    return {"OpportunityId": of, "ContactId": who}


RECORDS: dict[str, list[dict[str, Any]]] = {
    "Account": [
        account("NORTH", "https://www.northwind.example"),
        account("BRIGHT1", "brightwater.example"),
        account("BRIGHT2", "http://brightwater.example/uk"),
        account("BAKERY", "www.gmail.com"),
        account("MINE", None, owner="005MIA"),
        account("PERSON", None, PersonEmail="amira@cedarpost.example", PersonContactId="003AMIRA"),
    ],
    "Contact": [
        contact("DANA", "dana@northwind.example", "001NORTH"),
        contact("OLLY", "oliver@northwind.example", "001NORTH"),
        contact("TWIN1", "office@twins.example", "001BRIGHT1", "005TOM", "2026-10-01"),
        contact("TWIN2", "office@twins.example", "001BRIGHT2", "005MIA", "2026-01-01"),
        contact("TAGGED", "buy+gauges@tagged.example", "001BRIGHT1"),
        contact("BAKER", "baker@gmail.com", "001BAKERY"),
        contact("OWN", "own@mine.example", "001MINE", "005MIA"),
        contact("AMIRA", "amira.h@cedarpost.example", "001PERSON"),
        contact("BLANK", None, "001NORTH"),
    ],
    "Lead": [
        lead("LUCA", "luca@moretti.example"),
        lead("INGRID", "ingrid@tveit.example"),
        lead("ALSO", "dana@northwind.example"),
        lead("OLD", "old.address@northwind.example", became="003OLLY"),
    ],
    "Opportunity": [
        opportunity("CLOSED", "001NORTH", "005MIA", closed=True),
        opportunity("RENEWAL", "001NORTH", "005MIA"),
        opportunity("HIDDEN", "001BRIGHT1", "005REP"),
        opportunity("MINE1", "001MINE", "005MIA"),
    ],
    "OpportunityContactRole": [
        role("006CLOSED", "003DANA"),
        role("006RENEWAL", "003DANA"),
        role("006HIDDEN", "003TWIN2"),
    ],
    "Case": [
        case("0000LOGIN", "001NORTH", "00012877", "005MIA"),
        case("0000OTHER", "001BRIGHT1", "00012878", "005MIA"),
    ],
}


def mail(
    from_: str = "Dana <dana@northwind.example>",
    to: str = MIA,
    *headers: str,
    message_id: str = "<a@x>",
    subject: str = "Hello",
    body: str = "Words",
    kind: str = "text/plain",
    date: str = "Fri, 20 Nov 2026 09:00:00 +0000",
) -> bytes:
    lines = [f"From: {from_}"] if from_ else []
    lines += [f"To: {to}", f"Subject: {subject}", f"Date: {date}"]
    lines += [f"Message-ID: {message_id}"] if message_id else []
    return "\r\n".join([*lines, *headers, f"Content-Type: {kind}; charset=utf-8", "", body]).encode()


def copy(content: bytes | None = None, user: str = MIA, **more: Any) -> Copy:
    given: dict[str, Any] = {"key": user, "turn": 1, "received": NOW, **more}
    return Copy(user=user, content=mail() if content is None else content, **given)


def mode(name: str) -> Settings:
    return Settings(mode=name)


def judged(*copies: Copy, first: str | None = None, org: Org | None = None, company: Company = COMPANY) -> Verdict:
    return Oracle(org or Org(RECORDS), company).judge(copies, lambda keys: first)


def ruling(one: Copy) -> Ruling:
    return judged(one).rulings[one.key]


def decision(one: Copy) -> str:
    """`outcome rule` where one rule is right, else `outcome a|b`."""
    found = ruling(one)
    return f"{found.outcome} {'|'.join(sorted(found.rules))}"


def record(*copies: Copy, first: str | None = None) -> Record:
    found = judged(*copies, first=first).records
    assert len(found) == 1
    return found[0]


def people(*copies: Copy) -> list[str]:
    return list(record(*copies).people)
