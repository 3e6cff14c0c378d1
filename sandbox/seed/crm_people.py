"""Private customers of the seed company: person accounts, each with the contact behind it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sandbox.seed.company import Company, salesforce_id
from sandbox.seed.crm import instant

Record = dict[str, Any]

_FIRST = 9_000
_GIVEN = ("Asha", "Björn", "Celeste", "Dimitri", "Elowen", "Farid", "Greta", "Hanae", "Ivo", "Jasmin", "Kofi", "Lucía")
_FAMILY = ("Okonkwo", "Lindqvist", "Moreau", "Papadakis", "Trevanion", "Rahimi", "Ottensen", "Watanabe", "Novák")
_PLAIN = str.maketrans("öíáé", "oiae")
_CITIES = ("Bristol", "Malmö", "Lyon", "Thessaloniki", "Truro", "Hamburg", "Nagoya", "Brno")


def person_records(company: Company, now: datetime, count: int) -> dict[str, list[Record]]:
    """So many accounts and contacts, in pairs."""
    rng = random.Random(f"{company.salesforce_org_id}:people")
    reps = [user.salesforce_user_id for user in company.users if user.role == "rep" and not user.is_extra]
    out: dict[str, list[Record]] = {"Account": [], "Contact": []}
    for number in range(count):
        given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number * 5 % len(_FAMILY)]
        local = f"{given}.{family}{number or ''}".lower().translate(_PLAIN)
        kept = instant(now - timedelta(days=rng.randint(20, 500)))
        account, contact = salesforce_id("001", _FIRST + number), salesforce_id("003", _FIRST + number)
        common: Record = {
            "FirstName": given,
            "LastName": family,
            "Name": f"{given} {family}",
            "Phone": f"+44 7700 9{number:05d}",
            "OwnerId": reps[number % len(reps)],
            "CreatedDate": kept,
            "LastModifiedDate": kept,
            "SystemModstamp": kept,
        }
        address, title = f"{local}@post.example", rng.choice(("Surveyor", "Restorer", "Consultant", None))
        out["Account"].append(
            {
                **common,
                "Id": account,
                "IsPersonAccount": True,
                "PersonContactId": contact,
                "PersonEmail": address,
                "PersonTitle": title,
                "Type": "Customer - Direct",
                "BillingCity": _CITIES[number % len(_CITIES)],
            }
        )
        out["Contact"].append(
            {**common, "Id": contact, "AccountId": account, "Email": address, "Title": title, "IsPersonAccount": True}
        )
    return out
