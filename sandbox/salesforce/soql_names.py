"""Names in a statement into readers of rows, as one user sees the org."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.salesforce import recent, values
from sandbox.salesforce.schema import OBJECTS, TEXT, Field, SObject, sobject
from sandbox.salesforce.soql_parse import Path, refuse
from sandbox.salesforce.store import Org, Row

MAX_LEVELS = 5
# What can be asked of a record whose object is not known: the fields of the object that Salesforce calls Name.
_NAME_FIELDS = [
    "Id",
    "Name",
    "Type",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "Title",
    "Username",
    "IsActive",
    "Alias",
    "Department",
    "MobilePhone",
    "ProfileId",
]
_APPEND = (
    "be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for"
    " the appropriate names."
)

Getter = Callable[[Row], Any]


@dataclass(frozen=True)
class Column:
    """A field that a statement names: how to read it from a row, its type, and the path with the schema's own case."""

    read: Getter
    type: str
    name: str
    field: Field | None
    hops: tuple[Field, ...] = ()

    @property
    def direct(self) -> bool:
        """Whether it is a field of the row itself, so that an index can serve it."""
        return not self.hops


@dataclass(frozen=True)
class Reader:
    """One statement as one user reads it. `deleted`: rows of the recycle bin count as well."""

    org: Org
    user_id: str
    version: str
    text: str
    deleted: bool = False

    def source(self, path: Path) -> SObject:
        """The object of a FROM; raises `SalesforceError` INVALID_TYPE."""
        found = sobject(path.text)
        if found is None or not found.can("queryable") or not self.org.knows(found):
            refuse(
                self.text,
                path.at,
                f"sObject type '{path.text}' is not supported. If you are attempting to use a custom object, be sure to"
                " append the '__c' after the entity name. Please reference your WSDL or the describe call for the"
                " appropriate names.",
                "INVALID_TYPE",
            )
        return found

    def sees(self, found: SObject, row: Row) -> bool:
        return (self.deleted or not row.get("IsDeleted")) and self.org.access.can_see(self.user_id, found.name, row)

    def field(self, found: SObject, name: str) -> Field | None:
        """The field as this user knows it: None if it does not exist or is hidden."""
        known = found.field(name)
        if known is not None and known.name in self.org.access.hidden_fields(self.user_id, found.name):
            return None
        return known

    def parent(self, field: Field, row: Row) -> tuple[SObject, Row] | None:
        """The record that a reference field names, if this user sees it."""
        record_id = row.get(field.name)
        found = self.org.find(record_id) if record_id else None
        return found if found is not None and self.sees(*found) else None

    def column(self, found: SObject, path: Path, alias: str | None = None) -> Column:
        """Resolve a path from an object; raises `SalesforceError` INVALID_FIELD at the place of the path."""
        parts = path.parts
        if len(parts) > 1 and parts[0].casefold() in {found.name.casefold(), (alias or found.name).casefold()}:
            parts = parts[1:]
        if len(parts) - 1 > MAX_LEVELS:
            refuse(self.text, path.at, "SOQL relationship paths cannot be longer than 5 levels", "INVALID_FIELD")
        hops: list[Field] = []
        for place, part in enumerate(parts[:-1]):
            hop = self.relationship(found, part)
            if hop is None:
                self.refuse_relationship(path, part)
            hops.append(hop)
            if hop.polymorphic:
                if place < len(parts) - 2:
                    self.refuse_relationship(path, parts[place + 1])
                return self._name_column(tuple(hops), path, parts[-1])
            found = OBJECTS[hop.reference_to[0]]
        known = self.field(found, parts[-1])
        if known is None:
            if parts[-1] in found.junction_ids and not hops:
                return Column(self._junction(found, parts[-1]), "junctionidlist", parts[-1], None)
            self.refuse_field(found.name, path, parts[-1])
        return self._walk(tuple(hops), known, self.getter(found, known))

    def getter(self, found: SObject, field: Field) -> Getter:
        """How a field of the row itself is read, in its stored form."""
        name = field.name
        if field.type == "address":
            return lambda row: values.address(found, field, row)
        if field.type == "base64":
            base = f"/services/data/v{self.version}/sobjects/{found.name}"
            return lambda row: f"{base}/{row['Id']}/{name}" if row[name] is not None else None
        if name in recent.FIELDS and found.name != "RecentlyViewed":
            place = recent.FIELDS.index(name)
            return lambda row: recent.seen(self.org, self.user_id, row["Id"])[place]
        return lambda row: row[name]

    def relationship(self, found: SObject, name: str) -> Field | None:
        field = found.by_relationship.get(name.casefold())
        if field is None or self.field(found, field.name) is None:
            return None
        return field if field.polymorphic or field.reference_to[0] in OBJECTS else None

    def _walk(self, hops: tuple[Field, ...], known: Field, read: Getter) -> Column:
        name = ".".join([*(hop.relationship_name or "" for hop in hops), known.name])
        if not hops:
            return Column(read, known.type, name, known)

        def follow(row: Row) -> Any:
            for hop in hops:
                above = self.parent(hop, row)
                if above is None:
                    return None
                row = above[1]
            return read(row)

        return Column(follow, known.type, name, known, hops)

    def _name_column(self, hops: tuple[Field, ...], path: Path, name: str) -> Column:
        known = next((field for field in _NAME_FIELDS if field.casefold() == name.casefold()), None)
        if known is None:
            self.refuse_field("Name", path, name)
        last = hops[-1]

        def read(row: Row) -> Any:
            for hop in hops[:-1]:
                above = self.parent(hop, row)
                if above is None:
                    return None
                row = above[1]
            target = self.parent(last, row)
            return self.name_value(target, known) if target else None

        kind = "id" if known == "Id" else "boolean" if known == "IsActive" else "string"
        shown = ".".join([*(hop.relationship_name or "" for hop in hops), known])
        return Column(read, kind, shown, None, hops)

    def name_value(self, target: tuple[SObject, Row], known: str) -> Any:
        """A field of the Name object for a record of any object."""
        found, row = target
        if known == "Type":
            return found.name
        if known == "Name":
            label = found.name_field
            return row.get(label.name) if label else row.get("Subject")
        field = self.field(found, known)
        return (
            row.get(field.name) if field is not None and (field.type in TEXT or known in ("Id", "IsActive")) else None
        )

    def _junction(self, found: SObject, name: str) -> Getter:
        kind = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}.get(name)

        def read(row: Row) -> list[str] | None:
            if name == "TaskWhoIds":
                people = self.org.live("TaskWhoRelation", "TaskId", row["Id"])
                return [r["RelationId"] for r in people] or ([row["WhoId"]] if row["WhoId"] else None)
            if kind is None:
                return [row["WhoId"]] if row.get("WhoId") else None
            relations = self.org.live("EmailMessageRelation", "EmailMessageId", row["Id"])
            return [r["RelationId"] for r in relations if r["RelationType"] == kind and r["RelationId"]] or None

        return read

    def refuse_field(self, entity: str, path: Path, name: str) -> NoReturn:
        refuse(
            self.text,
            path.at,
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, {_APPEND}",
            "INVALID_FIELD",
        )

    def refuse_relationship(self, path: Path, name: str) -> NoReturn:
        refuse(
            self.text,
            path.at,
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom"
            " relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL"
            " or the describe call for the appropriate names.",
            "INVALID_FIELD",
        )
