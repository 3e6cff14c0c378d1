"""The records of the org's own object, Installation__c: what the company has put up at its customers'."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sandbox.seed.company import Company, salesforce_id
from sandbox.seed.crm import instant

Record = dict[str, Any]

_FIRST = 8_000
_MODELS = (("Flow gauge", "FG-100"), ("Flow gauge", "FG-200"), ("Level sensor", "LS-20"), ("Data logger", "DL-1"))
_PLACES = ("intake", "pump house", "tank 3", "outfall", "cooling circuit", "quay 2")
_ACCOUNTS = 12


def installation_records(company: Company, now: datetime) -> dict[str, list[Record]]:
    """Installations of the first accounts, and a visit and a task that hang on Northwind's."""
    rng = random.Random(f"{company.salesforce_org_id}:installations")
    contacts: dict[str, Record] = {}
    for contact in company.records["Contact"]:
        contacts.setdefault(contact["AccountId"], contact)
    rows: list[Record] = []
    for place, account in enumerate(company.records["Account"][:_ACCOUNTS]):
        for _ in range(2 if place == 0 else rng.randint(0, 3)):
            rows.append(_installation(len(rows), account, contacts.get(account["Id"]), rng, now))
    first = rows[0]
    tomorrow = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    kept = instant(now - timedelta(days=3))
    common: Record = {
        "OwnerId": first["OwnerId"],
        "WhoId": first["Contact__c"],
        "WhatId": first["Id"],
        "ActivityDate": tomorrow.date().isoformat(),
        "CreatedDate": kept,
        "CreatedById": first["OwnerId"],
    }
    event = {
        **common,
        "Subject": "Maintenance visit",
        "Location": first["Name"],
        "StartDateTime": instant(tomorrow),
        "ActivityDateTime": instant(tomorrow),
        "EndDateTime": instant(tomorrow + timedelta(hours=2)),
        "EndDate": tomorrow.date().isoformat(),
        "DurationInMinutes": 120,
        "ShowAs": "Busy",
        "EventSubtype": "Event",
    }
    task = {
        **common,
        "Subject": "Order spare seals",
        "Status": "Not Started",
        "Priority": "Normal",
        "TaskSubtype": "Task",
    }
    return {"Installation__c": rows, "Event": [event], "Task": [task]}


def _installation(number: int, account: Record, contact: Record | None, rng: random.Random, now: datetime) -> Record:
    product, model = _MODELS[number % len(_MODELS)]
    rented = number % 3 == 2
    kept = instant(now - timedelta(days=rng.randint(30, 400)))
    return {
        "Id": salesforce_id("a0B", _FIRST + number),
        "OwnerId": account["OwnerId"],
        "Name": f"{account['BillingCity']}, {_PLACES[number % len(_PLACES)]}",
        "Account__c": account["Id"],
        "Contact__c": contact["Id"] if contact else None,
        "Status__c": ("Running", "Running", "Under maintenance", "Planned")[number % 4],
        "Product__c": product,
        "Model__c": model,
        "Serial_Number__c": f"LF-{410_000 + number * 37}",
        "Commissioned_On__c": (now - timedelta(days=rng.randint(40, 900))).date().isoformat(),
        "Monthly_Rent__c": 180.0 + number * 10 if rented else None,
        "Points__c": float(rng.randint(2, 24)),
        "Needs_Visit__c": number % 5 == 0,
        "CreatedDate": kept,
        "CreatedById": account["OwnerId"],
        "LastModifiedDate": kept,
        "LastModifiedById": account["OwnerId"],
        "SystemModstamp": kept,
    }
