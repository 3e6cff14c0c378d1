"""The seed company: who works there and what its Salesforce org holds on the first day.

The same seed number gives the same records; ids, names and addresses do not depend on the number at all, only who owns
what, amounts and ages do. Standing cases that tests and the demo rely on:

- Dana Ruiz at Northwind Ltd has a role in `Renewal 2027` alone; `Extra seats` belongs to a colleague of hers;
  case 00012877 `Login fails` is hers; li.wei@northwind.example is unknown;
- two contacts of Ashdown Civil Engineering share one address, one owned by Mia, one by Tom;
- two accounts stand on one web domain (Brightwater); one account's Website is a free-mail domain (the bakery);
- one contact has no address, one a plus-address, one a domain that is written with non-ASCII letters;
- converted leads, three of them with an address that the contact they became does not have;
- one lead has the address of a contact; one account is a person.

Mail of the parent company is Microsoft's, that of its subsidiary (larkfield-labs.example) is Google's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

COMPANY_NAME = "Larkfield Instruments"
COMPANY_DOMAIN = "larkfield.example"
SUBSIDIARY_DOMAIN = "larkfield-labs.example"
PASSWORD = "larkfield"
TENANT_ID = "6b1c7a52-3f0e-4d8b-9a55-1c0e5a1f2d43"

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

Suite = Literal["microsoft", "google"]
SUITES: dict[Suite, str] = {"microsoft": COMPANY_DOMAIN, "google": SUBSIDIARY_DOMAIN}
MOST_EXTRA = 500
# Numbers of Salesforce users: the standing ones count from 1.
_FIRST_EXTRA: dict[Suite, int] = {"microsoft": 1001, "google": 2001}


@dataclass(frozen=True)
class CompanyUser:
    """`suite` is where the mailbox lies. An extra user has an empty mailbox and owns nothing in Salesforce.

    A Google account that is not `is_hosted` belongs to no Workspace; one that is not `is_verified` has an address that
    nobody has confirmed.
    """

    email: str
    password: str
    name: str
    role: Literal["rep", "administrator"]
    oid: str
    salesforce_user_id: str
    profile: Literal["Standard User", "System Administrator"]
    suite: Suite = "microsoft"
    is_extra: bool = False
    is_hosted: bool = True
    is_verified: bool = True

    @property
    def google_sub(self) -> str:
        """The 21 digits under which Google knows the account."""
        return f"1{int(hashlib.sha256(self.email.encode()).hexdigest(), 16) % 10**20:020d}"

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


@dataclass(frozen=True)
class Company:
    """`records` are Salesforce records by object: field name to JSON value; datetimes and dates are the API's texts."""

    name: str
    domain: str
    tenant_id: str
    salesforce_org_id: str
    users: tuple[CompanyUser, ...]
    records: dict[str, list[dict[str, Any]]]

    def of_suite(self, suite: Suite) -> tuple[CompanyUser, ...]:
        """The users whose mailboxes lie there."""
        return tuple(user for user in self.users if user.suite == suite)


def salesforce_id(prefix: str, number: int) -> str:
    """An 18-character id: key prefix, pod, a number in base 62, and the three letters that make it case-safe."""
    number = number * 7919 + 104_729  # spread, so that neighbours differ in the case of letters as well
    digits = ""
    for _ in range(5):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    fifteen = f"{prefix}5g00000{digits}"
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(fifteen[start : start + 5]) if letter.isupper())
        suffix += _CHECK[bits]
    return fifteen + suffix


def _standing() -> tuple[CompanyUser, ...]:
    people: tuple[tuple[str, str, Literal["rep", "administrator"], str], ...] = (
        ("mia.keller", "Mia Keller", "rep", "0d5f3c7e-2a41-4c6b-8f10-5b9d2e7a1c01"),
        ("tom.okafor", "Tom Okafor", "rep", "1e6a4d8f-3b52-4d7c-9a21-6cae3f8b2d02"),
        ("sofia.marin", "Sofía Marín", "rep", "2f7b5e90-4c63-4e8d-ab32-7dbf409c3e03"),
        ("ines.falk", "Ines Falk", "administrator", "308c6fa1-5d74-4f9e-bc43-8ec051ad4f04"),
        ("noor.haddad", "Noor Haddad", "rep", "419d70b2-6e85-4a0f-8d54-9fd162be5a05"),
        ("jonas.weber", "Jonas Weber", "rep", "52ae81c3-7f96-4b10-9e65-a0e273cf6b06"),
    )
    in_google = ("noor.haddad", "jonas.weber")
    return tuple(
        CompanyUser(
            email=f"{mailbox}@{SUBSIDIARY_DOMAIN if mailbox in in_google else COMPANY_DOMAIN}",
            password=PASSWORD,
            name=name,
            role=role,
            oid=oid,
            salesforce_user_id=salesforce_id("005", number),
            profile="System Administrator" if role == "administrator" else "Standard User",
            suite="google" if mailbox in in_google else "microsoft",
        )
        for number, (mailbox, name, role, oid) in enumerate(people, start=1)
    )


def _extra(suite: Suite, count: int) -> tuple[CompanyUser, ...]:
    """`rep01` … in the suite's domain."""
    users = []
    for number in range(1, count + 1):
        email = f"rep{number:02d}@{SUITES[suite]}"
        digest = hashlib.sha256(email.encode()).hexdigest()
        users.append(
            CompanyUser(
                email=email,
                password=PASSWORD,
                name=f"Rep {number:02d} {suite.capitalize()}",
                role="rep",
                oid=f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}",
                salesforce_user_id=salesforce_id("005", _FIRST_EXTRA[suite] + number),
                profile="Standard User",
                suite=suite,
                is_extra=True,
            )
        )
    return tuple(users)


def build_company(seed: int, now: datetime | None = None, extra: Mapping[Suite, int] | None = None) -> Company:
    """The company for a seed number. Ages count back from `now` (default: the present), truncated to the hour.

    `extra` says how many more reps there are of each suite, at most `MOST_EXTRA`; everything else stays the same.
    """
    from sandbox.seed.crm import crm_records

    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    more = extra or {}
    if any(not 0 <= count <= MOST_EXTRA for count in more.values()):
        raise ValueError(f"extra users of a suite are at most {MOST_EXTRA}")
    users = _standing() + tuple(user for suite in SUITES for user in _extra(suite, more.get(suite, 0)))
    return Company(
        name=COMPANY_NAME,
        domain=COMPANY_DOMAIN,
        tenant_id=TENANT_ID,
        salesforce_org_id=salesforce_id("00D", 1),
        users=users,
        records=crm_records(users, seed, moment),
    )
