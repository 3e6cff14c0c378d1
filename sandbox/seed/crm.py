"""The Salesforce records of the seed company, field names as the API has them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sandbox.seed.company import CompanyUser, salesforce_id
from sandbox.seed.names import ACCOUNTS, CASE_SUBJECTS, LEADS, OPPORTUNITY_NAMES, PEOPLE, TITLES, AccountRow

Record = dict[str, Any]

CONTACTS = 120
OPPORTUNITIES = 60
CASES = 25
FIRST_CASE_NUMBER = 12860
NORTHWIND_CASE_NUMBER = 12877

_STAGES: dict[str, tuple[int, str]] = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Best Case"),
    "Proposal/Price Quote": (75, "Best Case"),
    "Negotiation/Review": (90, "Commit"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
_OPEN_STAGES = [stage for stage in _STAGES if not stage.startswith("Closed")]
_ROLES = ("Decision Maker", "Economic Buyer", "Evaluator", "Technical Buyer", "Business User", "Influencer")
# One letter for each opportunity of an account: open, closed within the year, closed before.
_OPPORTUNITY_PATTERNS = ("oo", "o", "", "or", "ooo", "x", "rx", "o", "oo", "", "oor", "o", "x", "ooo")
_STREETS = ("Mill Road", "Station Street", "Quay", "Park Lane")
_NORTHWIND_PEOPLE = (
    ("Dana", "Ruiz", "dana", "VP Operations"),
    ("Oliver", "Hartnell", "oliver.hartnell", "Finance Director"),
    ("Amara", "Nwosu", "amara.nwosu", "IT Manager"),
    ("Zbigniew", "Król", "z.krol", "Warehouse Supervisor"),
)


def crm_records(users: tuple[CompanyUser, ...], seed: int, now: datetime) -> dict[str, list[Record]]:
    """All records by object: User, Account, Contact, Lead, Opportunity, OpportunityContactRole, Case, Task."""
    return _Seed(users, seed, now).build()


def instant(moment: datetime) -> str:
    """A datetime as the REST API writes it, for example `2026-11-23T21:00:00.000+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def ascii_domain(domain: str) -> str:
    """The domain in the form that mail addresses carry."""
    return domain.encode("idna").decode("ascii")


class _Seed:
    def __init__(self, users: tuple[CompanyUser, ...], seed: int, now: datetime) -> None:
        self.users = users
        self.reps = [user.salesforce_user_id for user in users if user.role == "rep" and user.suite == "microsoft"][:3]
        self.administrator = next(user.salesforce_user_id for user in users if user.role == "administrator")
        self.rng = random.Random(f"{seed}:crm")
        self.now = now
        self.accounts: list[Record] = []
        self.contacts: list[Record] = []
        self.opportunities: list[Record] = []
        self.roles: list[Record] = []

    def build(self) -> dict[str, list[Record]]:
        self._add_accounts()
        self._add_contacts()
        self._add_opportunities()
        leads = self._leads()
        cases = self._cases()
        return {
            "User": [self._user(user) for user in self.users],
            "Account": self.accounts,
            "Contact": self.contacts,
            "Lead": leads,
            "Opportunity": self.opportunities,
            "OpportunityContactRole": self.roles,
            "Case": cases,
            "Task": self._tasks(cases),
        }

    def _record(
        self, prefix: str, number: int, owner: str, created: datetime, changed: datetime | None = None
    ) -> Record:
        changed = changed or created
        return {
            "Id": salesforce_id(prefix, number),
            "IsDeleted": False,
            "OwnerId": owner,
            "CreatedDate": instant(created),
            "CreatedById": owner,
            "LastModifiedDate": instant(changed),
            "LastModifiedById": owner,
            "SystemModstamp": instant(changed),
        }

    def _ago(self, least: int, most: int) -> datetime:
        """A moment between so many whole days ago, in working hours."""
        day = self.now - timedelta(days=self.rng.randint(least, most))
        return day.replace(hour=self.rng.randint(8, 17), minute=self.rng.randint(0, 59)) if least else day

    def _user(self, user: CompanyUser) -> Record:
        given, family = user.name.split(" ", 1)
        record = self._record("005", 0, self.administrator, self.now - timedelta(days=900))
        del record["OwnerId"], record["IsDeleted"]
        return record | {
            "Id": user.salesforce_user_id,
            "Username": user.email,
            "Email": user.email,
            "FirstName": given,
            "LastName": family,
            "Name": user.name,
            "Alias": (given[0] + family)[:8].lower(),
            "CommunityNickname": user.email.partition("@")[0],
            "Title": "Salesforce Administrator" if user.role == "administrator" else "Account Executive",
            "CompanyName": "Larkfield Instruments",
            "IsActive": True,
            "UserType": "Standard",
            "ProfileId": salesforce_id("00e", 1 if user.role == "administrator" else 2),
            "TimeZoneSidKey": "Europe/London",
            "LocaleSidKey": "en_GB",
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
        }

    def _add_accounts(self) -> None:
        for number, row in enumerate(ACCOUNTS):
            owner = self.reps[0] if number == 0 else self.rng.choice(self.reps)
            record = self._record("001", number + 1, owner, self._ago(200, 1500), self._ago(1, 120))
            self.accounts.append(record | self._account_fields(row))

    def _account_fields(self, row: AccountRow) -> Record:
        is_person = row.name == "Haddad"
        return {
            "Name": "Amira Haddad" if is_person else row.name,
            "FirstName": "Amira" if is_person else None,
            "LastName": "Haddad" if is_person else None,
            "IsPersonAccount": is_person,
            "PersonContactId": None,
            "PersonEmail": f"amira@{row.domain}" if is_person else None,
            "Type": row.type,
            "Industry": row.industry,
            "BillingStreet": f"{self.rng.randint(1, 180)} {self.rng.choice(_STREETS)}",
            "BillingCity": row.city,
            "BillingCountry": row.country,
            "Phone": row.phone,
            "Website": row.website,
            "NumberOfEmployees": self.rng.choice((12, 40, 85, 150, 320, 900, 2400)),
            "Description": None,
        }

    def _add_contacts(self) -> None:
        for row in _NORTHWIND_PEOPLE:
            self._add_contact(0, *row)
        self.contacts[0]["Phone"] = "+1 555 0100"
        taken = dict.fromkeys(PEOPLE, 0)
        # Three rounds over the accounts, so that each has somebody before one has many.
        account_numbers = [number for _ in range(4) for number in range(1, len(ACCOUNTS) - 1)]
        for number in account_numbers:
            if len(self.contacts) == CONTACTS - 1:
                break
            people = PEOPLE[ACCOUNTS[number].tongue]
            if taken[ACCOUNTS[number].tongue] == len(people):
                people = PEOPLE["en"]
                tongue = "en"
            else:
                tongue = ACCOUNTS[number].tongue
            given, family, mailbox = people[taken[tongue] % len(people)]
            taken[tongue] += 1
            self._add_contact(number, given, family, mailbox, TITLES[len(self.contacts) % len(TITLES)])
        person = self.accounts[-1]
        self._add_contact(len(ACCOUNTS) - 1, "Amira", "Haddad", "amira", "Independent Surveyor")
        person["PersonContactId"] = self.contacts[-1]["Id"]
        self._make_exceptions()

    def _add_contact(self, account: int, given: str, family: str, mailbox: str, title: str) -> None:
        row = ACCOUNTS[account]
        owner = self.accounts[account]["OwnerId"] if self.rng.random() < 0.8 else self.rng.choice(self.reps)
        active = self._ago(1, 400)
        record = self._record("003", len(self.contacts) + 1, owner, self._ago(200, 1200), self._ago(1, 150))
        if row.domain == "gmail.com":
            mailbox = f"harbourstreetbakery.{mailbox}"
        self.contacts.append(
            record
            | {
                "AccountId": self.accounts[account]["Id"],
                "Salutation": None,
                "FirstName": given,
                "LastName": family,
                "Name": f"{given} {family}",
                "Email": f"{mailbox}@{ascii_domain(row.domain)}",
                "Title": title,
                "Department": None,
                "Phone": row.phone,
                "MobilePhone": f"+44 7700 900{self.rng.randint(0, 999):03d}" if self.rng.random() < 0.5 else None,
                "MailingCity": row.city,
                "MailingCountry": row.country,
                "LastActivityDate": active.date().isoformat() if self.rng.random() < 0.7 else None,
            }
        )

    def _make_exceptions(self) -> None:
        ashdown = [c for c in self.contacts if c["AccountId"] == self.accounts[3]["Id"]]
        for contact, owner in zip(ashdown[:2], self.reps, strict=False):
            contact["Email"] = "purchasing@ashdowncivil.example"
            contact["OwnerId"] = owner
        pellucid = [c for c in self.contacts if c["AccountId"] == self.accounts[17]["Id"]]
        pellucid[0]["Email"] = None
        ironbridge = [c for c in self.contacts if c["AccountId"] == self.accounts[18]["Id"]]
        ironbridge[0]["Email"] = str(ironbridge[0]["Email"]).replace("@", "+instruments@")
        vantor = [c for c in self.contacts if c["AccountId"] == self.accounts[5]["Id"]]
        vantor[0]["Email"] = str(vantor[0]["Email"]).replace("@", "@eu.")

    def _add_opportunities(self) -> None:
        mia = self.reps[0]
        renewal = self._add_opportunity(0, "Renewal 2027", "Proposal/Price Quote", 48_000, mia, closes_in=45)
        extra = self._add_opportunity(0, "Extra seats", "Qualification", 6_000, mia, closes_in=80)
        first = self._add_opportunity(0, "Harbour gauges 2026", "Closed Won", 31_500, mia, closes_in=-70)
        self._add_opportunity(0, "Pilot at Avonmouth", "Closed Lost", 9_000, self.reps[1], closes_in=-510)
        dana, oliver, amara, _ = self.contacts[:4]
        self._add_role(renewal, dana, "Decision Maker", primary=True)
        self._add_role(renewal, oliver, "Economic Buyer")
        self._add_role(extra, amara, "Technical Buyer", primary=True)
        self._add_role(first, dana, "Decision Maker", primary=True)
        for number in range(1, len(ACCOUNTS)):
            for kind in _OPPORTUNITY_PATTERNS[(number - 1) % len(_OPPORTUNITY_PATTERNS)]:
                if len(self.opportunities) < OPPORTUNITIES:
                    self._add_usual_opportunity(number, kind)

    def _add_usual_opportunity(self, account: int, kind: str) -> None:
        stage = self.rng.choice(_OPEN_STAGES) if kind == "o" else self.rng.choice(("Closed Won", "Closed Lost"))
        days = {"o": (10, 200), "r": (-350, -5), "x": (-900, -380)}[kind]
        name = OPPORTUNITY_NAMES[(len(self.opportunities) * 5) % len(OPPORTUNITY_NAMES)]
        name = name.format(year=self.now.year + 1, n=self.rng.randint(2, 9))
        amount = self.rng.randint(8, 640) * 250
        opportunity = self._add_opportunity(
            account, name, stage, amount, self.rng.choice(self.reps), self.rng.randint(*days)
        )
        people = [contact for contact in self.contacts if contact["AccountId"] == opportunity["AccountId"]]
        # Every sixth opportunity has nobody in a role: then the account's owner decides, not the role.
        if people and len(self.opportunities) % 6:
            chosen = people[: self.rng.randint(1, min(2, len(people)))]
            for place, contact in enumerate(chosen):
                self._add_role(
                    opportunity, contact, _ROLES[(len(self.roles) + place) % len(_ROLES)], primary=place == 0
                )

    def _add_opportunity(self, account: int, name: str, stage: str, amount: int, owner: str, closes_in: int) -> Record:
        probability, forecast = _STAGES[stage]
        closes = (self.now + timedelta(days=closes_in)).date()
        created = self.now - timedelta(days=max(30, 120 - closes_in))
        changed = created + timedelta(days=20)
        record = self._record("006", len(self.opportunities) + 1, owner, created, changed) | {
            "AccountId": self.accounts[account]["Id"],
            "Name": name,
            "Description": None,
            "StageName": stage,
            "Amount": float(amount),
            "Probability": float(probability),
            "ExpectedRevenue": amount * probability / 100,
            "CloseDate": closes.isoformat(),
            "Type": self.rng.choice(("New Customer", "Existing Customer - Upgrade")),
            "NextStep": None,
            "IsPrivate": False,
            "IsClosed": stage.startswith("Closed"),
            "IsWon": stage == "Closed Won",
            "ForecastCategoryName": forecast,
            "ForecastCategory": {"Best Case": "BestCase", "Commit": "Forecast"}.get(forecast, forecast),
            "LastStageChangeDate": instant(changed),
        }
        self.opportunities.append(record)
        return record

    def _add_role(self, opportunity: Record, contact: Record, role: str, *, primary: bool = False) -> None:
        record = self._record("00K", len(self.roles) + 1, opportunity["OwnerId"], self.now - timedelta(days=40))
        del record["OwnerId"]
        if primary:
            opportunity["ContactId"] = contact["Id"]
        self.roles.append(
            record
            | {"OpportunityId": opportunity["Id"], "ContactId": contact["Id"], "Role": role, "IsPrimary": primary}
        )

    def _leads(self) -> list[Record]:
        leads: list[Record] = []
        for number, (given, family, firm, domain, title) in enumerate(LEADS):
            created = self._ago(5, 300)
            converted = number % 5 == 4
            lead = self._record("00Q", number + 1, self.rng.choice(self.reps), created) | {
                "FirstName": given,
                "LastName": family,
                "Name": f"{given} {family}",
                "Company": firm,
                "Title": title,
                "Email": f"{given.partition(' ')[0].lower()}@{domain}".encode("ascii", "ignore").decode("ascii"),
                "Phone": f"+44 20 7946 0{number:03d}",
                "MobilePhone": None,
                "Website": f"https://{domain}" if number % 3 else None,
                "Country": "UK" if number % 2 else None,
                "LeadSource": ("Web", "Phone Inquiry", "Partner Referral", "Other")[number % 4],
                "Status": ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")[number % 3],
                "Rating": ("Hot", "Warm", "Cold", None)[number % 4],
                "IsConverted": False,
                "ConvertedDate": None,
                "ConvertedAccountId": None,
                "ConvertedContactId": None,
                "ConvertedOpportunityId": None,
            }
            if converted:
                self._convert(lead, number, created)
            leads.append(lead)
        leads[1]["Email"] = self.contacts[40]["Email"]
        return leads

    def _convert(self, lead: Record, number: int, created: datetime) -> None:
        contact = self.contacts[50 + number]
        lead |= {
            "FirstName": contact["FirstName"],
            "LastName": contact["LastName"],
            "Name": contact["Name"],
            "Status": "Closed - Converted",
            "IsConverted": True,
            "ConvertedDate": (created + timedelta(days=3)).date().isoformat(),
            "ConvertedAccountId": contact["AccountId"],
            "ConvertedContactId": contact["Id"],
        }
        if number % 10 == 9:
            lead["Email"] = contact["Email"]

    def _cases(self) -> list[Record]:
        people = [contact for contact in self.contacts if contact["Email"]]
        cases: list[Record] = []
        for place in range(CASES):
            number = FIRST_CASE_NUMBER + place
            kind = ("open", "recent", "old", "open", "open")[place % 5]
            contact = people[(place * 17 + 5) % len(people)]
            created = self._ago(*{"open": (1, 60), "recent": (20, 85), "old": (120, 400)}[kind])
            subject = CASE_SUBJECTS[place % len(CASE_SUBJECTS)]
            status = {"open": ("New", "Working", "Escalated")[place % 3]}.get(kind, "Closed")
            owner = self.rng.choice(self.reps)
            if number == NORTHWIND_CASE_NUMBER:
                kind, status, subject, contact = "open", "Working", "Login fails", self.contacts[0]
                created, owner = self.now - timedelta(days=3), self.reps[0]
            closed = created + timedelta(days=6 if kind == "recent" else 14) if status == "Closed" else None
            cases.append(
                self._record("500", place + 1, owner, created, closed)
                | {
                    "CaseNumber": f"{number:08d}",
                    "ContactId": contact["Id"],
                    "AccountId": contact["AccountId"],
                    "ContactEmail": contact["Email"],
                    "ContactPhone": contact["Phone"],
                    "ParentId": None,
                    "Subject": subject,
                    "Description": f"{contact['FirstName']} reports: {subject[0].lower()}{subject[1:]}.",
                    "Status": status,
                    "Priority": ("Medium", "High", "Low")[place % 3],
                    "Origin": ("Email", "Phone", "Web")[place % 3],
                    "Type": ("Electronic", "Mechanical", "Other")[place % 3],
                    "Reason": None,
                    "IsClosed": status == "Closed",
                    "ClosedDate": instant(closed) if closed else None,
                    "IsEscalated": status == "Escalated",
                }
            )
        return cases

    def _tasks(self, cases: list[Record]) -> list[Record]:
        subjects = ("Call", "Send quote", "Follow up after the visit", "Call back about delivery", "Send certificate")
        tasks: list[Record] = []
        for place in range(40):
            contact = self.contacts[(place * 11) % CONTACTS]
            related = [o for o in self.opportunities if o["AccountId"] == contact["AccountId"]]
            done = place % 3 != 0
            due = self.now + timedelta(days=-self.rng.randint(2, 90) if done else self.rng.randint(1, 21))
            is_call = place % 5 in (0, 3)
            tasks.append(
                self._record("00T", place + 1, self.rng.choice(self.reps), self._ago(91, 120))
                | {
                    "WhoId": contact["Id"],
                    "WhatId": related[0]["Id"] if related else contact["AccountId"],
                    "AccountId": contact["AccountId"],
                    "Subject": subjects[place % 5],
                    "Description": None,
                    "Status": "Completed" if done else "Not Started",
                    "Priority": "Normal",
                    "ActivityDate": due.date().isoformat(),
                    "TaskSubtype": "Call" if is_call else "Task",
                    "IsClosed": done,
                    "IsHighPriority": False,
                    "CompletedDateTime": instant(due) if done else None,
                }
            )
        login = next(case for case in cases if case["CaseNumber"] == f"{NORTHWIND_CASE_NUMBER:08d}")
        tasks[0] |= {"WhoId": login["ContactId"], "WhatId": login["Id"], "AccountId": login["AccountId"]}
        return tasks
