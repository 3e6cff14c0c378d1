"""Activities of the seed's people: calls logged, meetings held and to come, tasks due and overdue, emails both ways.

Dana Ruiz has most of them; others have a few, and some have none.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.seed.company import Company, salesforce_id
from sandbox.seed.crm import instant

Record = dict[str, Any]

_FIRST = 5_000  # above the numbers of the seed's own records
_CALLS = (
    ("Call about delivery dates", "Second week of the month suits them. Will confirm in writing."),
    ("Call: questions about the quote", "Wants to see three years beside one. Price is not the sticking point."),
    ("Left a voicemail", "No answer; tried again in the afternoon."),
    ("Call after the visit", "Pleased with the pilot. Asks who trains the night shift."),
    ("Check-in call", "Nothing new. They decide after the board meets."),
)
_MEETINGS = (
    ("Site visit", "Their works, gate 3"),
    ("Quarterly review", "Video call"),
    ("Demonstration of the data logger", "Larkfield showroom"),
    ("Contract review", "Video call"),
    ("Lunch", "Harbour Café"),
)
_TASK_SUBJECTS = (
    "Send the revised quote",
    "Answer the security questionnaire",
    "Chase the purchase order",
    "Book the training",
)
_MAILS = (
    ("Revised quote", "please find the revised quote. It holds for thirty days."),
    ("Re: Access for the new colleague", "could you add her before Monday? She starts at eight."),
    ("Minutes of Tuesday", "the minutes are below. Shout if I have misheard anything."),
    ("Calibration certificates", "the certificates are signed and on their way by post."),
    ("Re: Invoice", "the invoice went to the wrong address. Here it is again."),
)


def timeline_records(company: Company, now: datetime) -> dict[str, list[Record]]:
    """Tasks, events, emails and their relations; ids are given where others name them."""
    return _Timeline(company, now).build()


class _Timeline:
    def __init__(self, company: Company, now: datetime) -> None:
        self.company = company
        self.now = now.replace(minute=0, second=0, microsecond=0)
        self.rng = random.Random(f"{company.salesforce_org_id}:timeline")
        self.addresses = {user.salesforce_user_id: user for user in company.users}
        self.out: dict[str, list[Record]] = {
            name: [] for name in ("Task", "Event", "EmailMessage", "EmailMessageRelation")
        }

    def build(self) -> dict[str, list[Record]]:
        contacts = self.company.records["Contact"]
        for place, contact in enumerate(contacts):
            if contact["Email"] is None or (place > 3 and place % 4 == 0):
                continue
            scale = 3 if place == 0 else 1
            self._calls(contact, scale * self.rng.randint(1, 2))
            self._meetings(contact, scale, place)
            self._todos(contact, scale if place % 3 == 0 else 0)
            self._mails(contact, scale * self.rng.randint(1, 3))
        return self.out

    def _related(self, contact: Record) -> str:
        deals = [o for o in self.company.records["Opportunity"] if o["AccountId"] == contact["AccountId"]]
        still_open = [o for o in deals if not o["IsClosed"]]
        return str((still_open or deals or [{"Id": contact["AccountId"]}])[0]["Id"])

    def _at(self, days: int) -> datetime:
        return (self.now + timedelta(days=days)).replace(hour=self.rng.randint(8, 17), minute=self.rng.choice((0, 30)))

    def _row(self, kind: str, prefix: str, contact: Record, at: datetime) -> Record:
        """What all of them have: ids, people, dates of record-keeping that are never in the future."""
        owner = contact["OwnerId"]
        kept = min(at, self.now - timedelta(hours=2))
        row: Record = {
            "Id": salesforce_id(prefix, _FIRST + len(self.out[kind])),
            "CreatedDate": instant(kept),
            "CreatedById": owner,
            "LastModifiedDate": instant(kept),
            "LastModifiedById": owner,
            "SystemModstamp": instant(kept),
        }
        self.out[kind].append(row)
        return row

    def _activity(self, kind: str, prefix: str, contact: Record, at: datetime) -> Record:
        row = self._row(kind, prefix, contact, at)
        row |= {
            "OwnerId": contact["OwnerId"],
            "WhoId": contact["Id"],
            "WhatId": self._related(contact),
            "AccountId": contact["AccountId"],
            "ActivityDate": at.date().isoformat(),
        }
        return row

    def _task(self, contact: Record, at: datetime, subtype: str, *, done: bool) -> Record:
        row = self._activity("Task", "00T", contact, at)
        row |= {
            "Status": "Completed" if done else "Not Started",
            "Priority": "Normal",
            "TaskSubtype": subtype,
            "IsClosed": done,
            "CompletedDateTime": instant(at) if done else None,
        }
        return row

    def _calls(self, contact: Record, count: int) -> None:
        for _ in range(count):
            subject, notes = self.rng.choice(_CALLS)
            row = self._task(contact, self._at(-self.rng.randint(1, 160)), "Call", done=True)
            row |= {
                "Subject": subject,
                "Description": notes,
                "CallType": self.rng.choice(("Inbound", "Outbound")),
                "CallDurationInSeconds": self.rng.randint(1, 40) * 30,
            }

    def _meetings(self, contact: Record, scale: int, place: int) -> None:
        days = [-self.rng.randint(3, 200) for _ in range(scale)]
        days += [self.rng.randint(1, 30) for _ in range(scale if place % 2 == 0 else 0)]
        for day in days:
            subject, location = self.rng.choice(_MEETINGS)
            start = self._at(day)
            minutes = self.rng.choice((30, 60, 90))
            end = start + timedelta(minutes=minutes)
            row = self._activity("Event", "00U", contact, start)
            row |= {
                "Subject": f"{subject} with {contact['FirstName']}",
                "Location": location,
                "StartDateTime": instant(start),
                "ActivityDateTime": instant(start),
                "EndDateTime": instant(end),
                "EndDate": end.date().isoformat(),
                "DurationInMinutes": minutes,
                "ShowAs": "Busy",
                "EventSubtype": "Event",
            }

    def _todos(self, contact: Record, count: int) -> None:
        for place in range(count):
            day = -self.rng.randint(1, 12) if place % 3 == 2 else self.rng.randint(0, 21)
            row = self._task(contact, self._at(day), "Task", done=False)
            row["Subject"] = self.rng.choice(_TASK_SUBJECTS)

    def _mails(self, contact: Record, count: int) -> None:
        user = self.addresses[contact["OwnerId"]]
        for _ in range(count):
            subject, words = self.rng.choice(_MAILS)
            at = self._at(-self.rng.randint(1, 120))
            incoming = self.rng.random() < 0.5
            task = self._task(contact, at, "Email", done=True)
            task |= {"Subject": f"Email: {subject}", "Description": words}
            sender, receiver = (contact["Name"], contact["Email"]), (user.name, user.email)
            if not incoming:
                sender, receiver = receiver, sender
            mail = self._row("EmailMessage", "02s", contact, at)
            mail |= {
                "ActivityId": task["Id"],
                "RelatedToId": task["WhatId"],
                "Subject": subject,
                "TextBody": f"Hello,\n\n{words}\n\nBest regards\n{sender[0]}",
                "FromName": sender[0],
                "FromAddress": sender[1],
                "ToAddress": receiver[1],
                "Incoming": incoming,
                "Status": "1" if incoming else "3",
                "MessageDate": instant(at),
                "MessageIdentifier": f"<timeline-{len(self.out['EmailMessage'])}@{user.email.partition('@')[2]}>",
            }
            self._relate(mail, contact["Id"], contact["Email"], "FromAddress" if incoming else "ToAddress")
            self._relate(mail, user.salesforce_user_id, user.email, "ToAddress" if incoming else "FromAddress")

    def _relate(self, mail: Record, record_id: str, address: str, kind: str) -> None:
        self.out["EmailMessageRelation"].append(
            {
                "EmailMessageId": mail["Id"],
                "RelationId": record_id,
                "RelationAddress": address,
                "RelationType": kind,
                "RelationObjectType": {"003": "Contact", "005": "User"}[record_id[:3]],
                "CreatedDate": mail["CreatedDate"],
            }
        )


def related_records(company: Company, now: datetime, count: int) -> dict[str, list[Record]]:
    """So many contacts, opportunities, cases and tasks of one account."""
    account = next(row for row in company.records["Account"] if row["Name"] == "Delmar Shipyards")
    rng = random.Random(f"{company.salesforce_org_id}:related")
    kept = instant(now - timedelta(days=30))
    common: Record = {"OwnerId": account["OwnerId"], "AccountId": account["Id"], "CreatedDate": kept}
    common |= {"LastModifiedDate": kept, "SystemModstamp": kept, "CreatedById": account["OwnerId"]}
    out: dict[str, list[Record]] = {"Contact": [], "Opportunity": [], "Case": [], "Task": []}
    for number in range(count):
        given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
        contact = salesforce_id("003", _FIRST + number)
        out["Contact"].append(
            {
                **common,
                "Id": contact,
                "FirstName": given,
                "LastName": family,
                "Name": f"{given} {family}",
                "Email": f"{given}.{family}{number}@delmar.example".lower(),
                "Title": rng.choice(("Fitter", "Purchasing", "Yard Manager", "Naval Architect")),
            }
        )
        out["Opportunity"].append(_deal(common, number, now))
        out["Case"].append(
            {
                **common,
                "Id": salesforce_id("500", _FIRST + number),
                "CaseNumber": f"{50_000 + number:08d}",
                "ContactId": contact,
                "Subject": f"Gauge {number + 1} in dock {number % 7 + 1} reads low",
                "Status": "Working",
                "Priority": "Medium",
                "Origin": "Phone",
            }
        )
        out["Task"].append(
            {
                **common,
                "WhoId": contact,
                "WhatId": account["Id"],
                "Subject": f"Follow up on dock {number % 7 + 1}",
                "Status": "Not Started",
                "Priority": "Normal",
                "TaskSubtype": "Task",
                "ActivityDate": (now + timedelta(days=number % 60)).date().isoformat(),
            }
        )
    return out


_GIVEN: Sequence[str] = (
    "Ada",
    "Ben",
    "Cleo",
    "Dov",
    "Esme",
    "Finn",
    "Gita",
    "Hugo",
    "Ines",
    "Jude",
    "Kit",
    "Lou",
    "Mae",
)
_FAMILY: Sequence[str] = (
    "Abernathy",
    "Boatwright",
    "Carrick",
    "Dredge",
    "Ellington",
    "Fairlead",
    "Gunwale",
    "Hawser",
    "Ironmonger",
    "Jolley",
    "Keelson",
    "Lanyard",
    "Mainsail",
    "Netherby",
    "Oarsby",
    "Pilot-Featherstonehaugh",
)


def _deal(common: Record, number: int, now: datetime) -> Record:
    amount = 1_000.0 + number * 250
    return {
        **common,
        "Id": salesforce_id("006", _FIRST + number),
        "Name": f"Dock {number % 7 + 1} gauges, lot {number + 1}",
        "StageName": "Qualification",
        "Amount": amount,
        "Probability": 10.0,
        "ExpectedRevenue": amount / 10,
        "CloseDate": (now + timedelta(days=10 + number)).date().isoformat(),
        "ForecastCategory": "Pipeline",
        "ForecastCategoryName": "Pipeline",
    }
