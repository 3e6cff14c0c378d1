"""The org's record types: which there are, who may choose them, and the picklist values that each of them leaves.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_recordtype.htm
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import Field, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.store import Org

MASTER = "012000000000000AAA"


@dataclass(frozen=True)
class RecordType:
    """`profiles` may choose it (None: all of them); the first of an object is everybody's default. `values` are what a
    picklist offers with it, where that is less than all."""

    sobject: str
    number: int
    name: str
    developer_name: str
    profiles: tuple[str, ...] | None = None
    person: bool = False
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return ids.make("012", self.number)

    def open_to(self, profile: str) -> bool:
        return self.profiles is None or profile in self.profiles

    def offers(self, known: Field) -> tuple[tuple[str, str], ...]:
        """Values and labels of a picklist with this record type."""
        left = self.values.get(known.name)
        return known.values if left is None else tuple(pair for pair in known.values if pair[0] in left)


RECORD_TYPES = (
    RecordType("Account", 1, "Business Account", "Organization"),
    RecordType("Account", 2, "Person Account", "PersonAccount", person=True),
    RecordType(
        "Opportunity",
        3,
        "New Business",
        "New_Business",
        values={"Type": ("New Customer",)},
    ),
    RecordType(
        "Opportunity",
        4,
        "Renewal",
        "Renewal",
        values={
            "Type": (
                "Existing Customer - Upgrade",
                "Existing Customer - Replacement",
                "Existing Customer - Downgrade",
            ),
            "StageName": (
                "Qualification",
                "Value Proposition",
                "Proposal/Price Quote",
                "Negotiation/Review",
                "Closed Won",
                "Closed Lost",
            ),
        },
    ),
    RecordType("Opportunity", 5, "Framework Agreement", "Framework_Agreement", profiles=("System Administrator",)),
    RecordType("Case", 6, "Product Support", "Product_Support"),
    RecordType(
        "Case",
        7,
        "Calibration",
        "Calibration",
        values={"Product__c": ("Flow gauge", "Level sensor"), "Priority": ("Medium", "Low")},
    ),
    RecordType("Installation__c", 8, "Sold", "Sold"),
    RecordType("Installation__c", 9, "Rented", "Rented", values={"Product__c": ("Flow gauge", "Data logger")}),
)


def of_object(name: str) -> tuple[RecordType, ...]:
    return tuple(found for found in RECORD_TYPES if found.sobject == name)


def _of_org(org: Org, name: str) -> tuple[RecordType, ...]:
    return tuple(found for found in of_object(name) if org.person_accounts or not found.person)


def by_id(name: str, record_type_id: str | None) -> RecordType | None:
    return next((found for found in of_object(name) if found.id == record_type_id), None)


def available(org: Org, name: str, user_id: str) -> tuple[RecordType, ...]:
    """The record types that the user may give to a record."""
    profile = org.access.profile(user_id)
    return tuple(found for found in _of_org(org, name) if found.open_to(profile))


def default_id(org: Org, name: str, user_id: str) -> str:
    """The record type that a new record of the user gets: the master's where the object has no others."""
    return next((found.id for found in available(org, name, user_id)), MASTER)


def seeded(name: str, row: dict[str, Any]) -> str | None:
    """The record type of a record that the org has from its first day."""
    kinds = of_object(name)
    if not kinds:
        return None
    if name == "Account":
        return kinds[1 if row["IsPersonAccount"] else 0].id
    if name == "Opportunity":
        return kinds[1 if "renewal" in row["Name"].casefold() else 0].id
    if name == "Installation__c":
        return kinds[1 if row["Monthly_Rent__c"] is not None else 0].id
    return kinds[0].id


def choose(org: Org, sobject: SObject, row: dict[str, Any], before: dict[str, Any] | None, user_id: str) -> None:
    """Give a new record its record type; raises `SalesforceError` for one that the user may not choose.

    A picklist's values narrow with the record type only where the picklist is restricted: over the API others pass.
    """
    if "RecordTypeId" not in sobject.fields or not of_object(sobject.name):
        return
    if row["RecordTypeId"] in (None, MASTER):
        row["RecordTypeId"] = before["RecordTypeId"] if before else default_id(org, sobject.name, user_id)
    chosen = by_id(sobject.name, row["RecordTypeId"])
    changed = before is None or before["RecordTypeId"] != row["RecordTypeId"]
    if chosen is None or (chosen.person and not org.person_accounts):
        raise SalesforceError(
            "INVALID_CROSS_REFERENCE_KEY",
            f"Record Type ID: this ID value isn't valid for the user: {row['RecordTypeId']}",
            ["RecordTypeId"],
        )
    if changed and not chosen.open_to(org.access.profile(user_id)):
        raise SalesforceError(
            "INVALID_CROSS_REFERENCE_KEY",
            f"Record Type ID: this ID value isn't valid for the user: {chosen.id}",
            ["RecordTypeId"],
        )


def infos(org: Org, sobject: SObject, user_id: str) -> list[dict[str, Any]]:
    """Name, ids and flags of each record type, the master last."""
    mine = {found.id for found in available(org, sobject.name, user_id)}
    default = default_id(org, sobject.name, user_id)
    found = [(kind.id, kind.name, kind.developer_name, False) for kind in _of_org(org, sobject.name)]
    found.append((MASTER, "Master", "Master", True))
    return [
        {
            "available": master or record_type_id in mine,
            "defaultRecordTypeMapping": record_type_id == default,
            "developerName": developer_name,
            "master": master,
            "name": name,
            "recordTypeId": record_type_id,
        }
        for record_type_id, name, developer_name, master in found
    ]
