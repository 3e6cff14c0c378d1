"""Who plays: the company's users with their first settings, and the people outside whom Salesforce knows, or not."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soak.org import Colleague, Row

ORGANISATION_BLOCKS = ("rival-gauges.example", "*.copperfieldmining.example", "press@delmar.example")
DOMAINS = frozenset({"larkfield.example", "larkfield-labs.example"})
# Two contacts share it; which one counts is settled only for their owners.
SHARED_ADDRESS = "purchasing@ashdowncivil.example"
_OWNED = ("Account", "Contact", "Opportunity", "Case")
_UNKNOWN = ("hello", "office", "j.smith", "kontakt", "m.rossi", "sales.team", "anna", "post")
# A person's own account, or two accounts on one domain: nothing that a domain could stand for alone.
_NO_DOMAIN = ("cedarpost.example", "gmail.com", "brightwater.example")


@dataclass(frozen=True, slots=True)
class User:
    """`delay` is in minutes. `alias` is a further address of theirs; `nuisance` is whom only they block."""

    address: str
    name: str
    suite: str
    salesforce_id: str
    sees_all: bool
    mode: str
    delay: int
    alias: str
    nuisance: str

    def colleague(self) -> Colleague:
        return Colleague(self.address, self.salesforce_id, self.sees_all)


@dataclass
class Cast:
    """`contacts` are whom anybody may write with. `records` are the org's as they stand once the plan's owners have
    theirs: (object, id, user's id) in `owners`."""

    users: list[User]
    contacts: list[Row]
    leads: list[Row]
    cases: list[Row]
    shares: list[tuple[str, str]]
    owners: list[tuple[str, str, str]]
    domains: list[str]
    org_id: str
    records: Mapping[str, Sequence[Row]]
    by_account: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for contact in self.contacts:
            self.by_account.setdefault(contact["AccountId"], []).append(contact)

    def unknown(self, rng: random.Random, number: int) -> str:
        """An address that Salesforce does not know, of a domain that it does not know either."""
        return f"{rng.choice(_UNKNOWN)}@nobody{number}.example"


def cast(seed: int, people: Sequence[Mapping[str, Any]], records: Mapping[str, Sequence[Row]], org_id: str) -> Cast:
    """`people` are the users of sandbox.json; `records` are the org's on its first day."""
    rng = random.Random(f"{seed}:cast")
    owners = _owners(rng, records, [str(person["salesforce_user_id"]) for person in people])
    given = {record: user for _, record, user in owners}
    records = {
        name: [{**row, "OwnerId": given[row["Id"]]} if row["Id"] in given else row for row in rows]
        for name, rows in records.items()
    }
    blocked = tuple(entry.removeprefix("*.") for entry in ORGANISATION_BLOCKS)
    usable = [
        row
        for row in records["Contact"]
        if row["Email"]
        and row["Email"] != SHARED_ADDRESS
        and not row["Email"].endswith(blocked)
        and row["AccountId"] is not None
    ]
    rng.shuffle(usable)
    nuisances, contacts = usable[: len(people)], usable[len(people) :]
    kept = {row["Email"] for row in nuisances}
    contacts = [row for row in contacts if row["Email"] not in kept]
    users = [
        User(
            address=person["email"],
            name=person["name"],
            suite=person["suite"],
            salesforce_id=person["salesforce_user_id"],
            sees_all=person["role"] == "administrator",
            mode=rng.choices(("known-people", "same-domain", "everything-external", "off"), (60, 20, 12, 8))[0],
            delay=1 if number % 6 == 5 else 0,
            alias=f"{person['email'].partition('@')[0]}.private{number}@gmx.de" if number % 3 == 0 else "",
            nuisance=nuisances[number]["Email"],
        )
        for number, person in enumerate(people)
    ]
    reps = [user.salesforce_id for user in users if not user.sees_all]
    shared = [row for name in ("Opportunity", "Case") for row in records[name] if rng.random() < 0.4]
    shares = [(row["Id"], rep) for row in shared for rep in rng.sample(reps, min(len(reps), rng.randint(1, 6)))]
    addresses = {row["Email"] for row in records["Contact"] if row["Email"]}
    domains = sorted(
        {address.rpartition("@")[2] for address in addresses if not address.endswith((*_NO_DOMAIN, *blocked))}
    )
    return Cast(
        users=users,
        contacts=contacts,
        leads=[
            row for row in records["Lead"] if row["Email"] and not row["IsConverted"] and row["Email"] not in addresses
        ],
        cases=[row for row in records["Case"] if row["AccountId"]],
        shares=shares,
        owners=owners,
        domains=[domain for domain in domains if domain.count(".") == 1],
        org_id=org_id,
        records=records,
    )


def owners_of_shared(whole: Cast) -> list[User]:
    """Whose mailboxes mail of the shared address may reach."""
    ids = {row["OwnerId"] for row in whole.records["Contact"] if row["Email"] == SHARED_ADDRESS}
    return [user for user in whole.users if user.salesforce_id in ids]


def _owners(
    rng: random.Random, records: Mapping[str, Sequence[Row]], users: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Half of the records get an owner among the users; so do the contacts who share an address, each another."""
    chosen: list[tuple[str, str, str]] = []
    for name in _OWNED:
        for row in records[name]:
            is_shared = row.get("Email") == SHARED_ADDRESS
            if is_shared or rng.random() < 0.5:
                taken = {user for _, _, user in chosen} if is_shared else set()
                chosen.append((name, row["Id"], rng.choice([one for one in users if one not in taken] or users)))
    return chosen
