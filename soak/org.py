"""What the Salesforce org held before the first email was filed, for the oracle to look up people and records in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soak.reading import normal, without_tag

Row = Mapping[str, Any]

# Of all there are, those that the plan and the seed use.
NOBODYS_DOMAINS = frozenset({"gmail.com", "outlook.com", "gmx.de", "yahoo.com", "mailinator.com"})


@dataclass(frozen=True, slots=True)
class Colleague:
    """A user of the company. `sees_all`: an administrator of Salesforce."""

    address: str
    salesforce_id: str
    sees_all: bool = False


@dataclass
class Org:
    """`records` are rows by object, field names as the API has them. `shares` are (record id, user id)."""

    records: Mapping[str, Iterable[Row]]
    shares: frozenset[tuple[str, str]] = frozenset()
    contacts: dict[str, list[Row]] = field(default_factory=dict)
    leads: dict[str, Row] = field(default_factory=dict)
    converted: dict[str, str] = field(default_factory=dict)
    by_id: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("Account", "Contact", "Opportunity", "Case"):
            self.by_id.update({row["Id"]: row for row in self.records[name]})
        for contact in self.records["Contact"]:
            if contact["Email"]:
                self.contacts.setdefault(normal(contact["Email"]), []).append(contact)
        for lead in sorted(self.records["Lead"], key=lambda row: row["Id"]):
            address = normal(lead["Email"] or "")
            if lead["IsConverted"] and lead["ConvertedContactId"]:
                self.converted.setdefault(address, lead["ConvertedContactId"])
            elif not lead["IsConverted"]:
                self.leads.setdefault(address, lead)
        for account in self.records["Account"]:
            # A person account is filed to as the contact that it has.
            if account["PersonEmail"] and account["PersonContactId"]:
                person = self.by_id[account["PersonContactId"]]
                self.contacts.setdefault(normal(account["PersonEmail"]), [person])

    def person(self, address: str, user: Colleague) -> Row | None:
        """The contact or lead that an address is linked to: exactly as it stands first, then without its tag."""
        for candidate in dict.fromkeys((address, without_tag(address))):
            if found := self.contacts.get(candidate):
                return _chosen(found, user)
            if lead := self.leads.get(candidate):
                return lead
            if contact_id := self.converted.get(candidate):
                return self.by_id[contact_id]
        return None

    def sees(self, user: Colleague, row: Row) -> bool:
        """Whether a user sees an opportunity or case: the owner, the owner of its account, who it is shared with."""
        account = self.by_id.get(row.get("AccountId") or "")
        owners = {row["OwnerId"], account["OwnerId"] if account else None}
        return user.sees_all or user.salesforce_id in owners or (row["Id"], user.salesforce_id) in self.shares

    def open_opportunities(self, user: Colleague) -> list[Row]:
        return [row for row in self.records["Opportunity"] if not row["IsClosed"] and self.sees(user, row)]

    def roles_of(self, opportunity_id: str) -> set[str]:
        """The contacts that have a role in it."""
        return {r["ContactId"] for r in self.records["OpportunityContactRole"] if r["OpportunityId"] == opportunity_id}

    def accounts_of_domain(self, domain: str) -> set[str]:
        """Accounts whose Website, or a main address of whose contacts, has that registrable domain."""
        if domain in NOBODYS_DOMAINS:
            return set()
        found = {row["Id"] for row in self.records["Account"] if registrable(_host(row["Website"] or "")) == domain}
        return found | {
            contact["AccountId"]
            for contact in self.records["Contact"]
            if contact["Email"] and registrable(normal(contact["Email"]).rpartition("@")[2]) == domain
        }


def registrable(host: str) -> str:
    """The last two labels: every domain here is right under its top-level domain."""
    return ".".join(host.split(".")[-2:])


def is_under(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _host(website: str) -> str:
    host = website.lower().partition("://")[2] or website.lower()
    host = host.partition("/")[0].partition("?")[0].partition(":")[0]
    return host.encode("idna").decode("ascii") if not host.isascii() else host


def _chosen(contacts: list[Row], user: Colleague) -> Row:
    """The user's own, else the one with the latest activity, else the lowest id."""
    own = [contact for contact in contacts if contact["OwnerId"] == user.salesforce_id]
    among = sorted(own or contacts, key=lambda contact: contact["Id"])
    return max(among, key=lambda contact: contact["LastActivityDate"] or "")
