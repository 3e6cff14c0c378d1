"""The records of one org, in memory: ids, system fields, indexes, the recycle bin, and undoing of a transaction.

Rows are never changed in place: a write puts a new row in the place of the old one and notes the old one in the
journal of the transaction that is under way, so that `allOrNone` can take everything back.

Nothing here knows what a user may do (`access`) or what Salesforce demands of a record (`records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.limits import SalesforceLimits
from sandbox.salesforce import ids, record_types, values
from sandbox.salesforce.access import Access
from sandbox.salesforce.files import Files
from sandbox.salesforce.metadata import metadata_rows
from sandbox.salesforce.schema import BY_PREFIX, OBJECTS, SObject
from sandbox.salesforce.validation import SEED_RULES, ValidationRule
from sandbox.seed.company import Company
from sandbox.seed.growth import Growth

Row = dict[str, Any]

# Beside every reference field, what the product and its users look people and mail up by.
_INDEXED_TEXT = {
    "Account": ("PersonEmail",),
    "Contact": ("Email",),
    "Lead": ("Email",),
    "User": ("Email", "Username"),
    "Case": ("CaseNumber",),
    "EmailMessage": ("MessageIdentifier", "ThreadIdentifier", "External_Key__c"),
    "Installation__c": ("Serial_Number__c",),
}


def index_key(value: Any) -> Any:
    """Text is compared without regard to case."""
    return value.casefold() if isinstance(value, str) else value


class Org:
    """One Salesforce org, filled from the company's records.

    `enhanced_email`: whether email is an EmailMessage of its own, related to anything, rather than only to cases.
    `shared_activities`: whether a task or an event can have several people.
    `email_links_locked`: files can be linked to an email only while it is a draft, as for users without the permission
    "Update Email Messages".
    `duplicates_blocked`: the duplicate rule refuses what it finds, rather than asking.
    `person_accounts`: whether accounts can be persons.
    `convert_leads`: whether users have the permission "Convert Leads".
    `search_lag`: so many seconds after its creation a record is found by searches.
    `storage_full`: every insert is then refused with STORAGE_LIMIT_EXCEEDED.
    """

    def __init__(self, company: Company, clock: Clock, limits: SalesforceLimits | None = None) -> None:
        self.company = company
        self.clock = clock
        self.limits = limits or SalesforceLimits(clock)
        self.enhanced_email = True
        self.shared_activities = True
        self.storage_full = False
        self.email_links_locked = False
        self.convert_leads = True
        self.duplicates_blocked = False
        self.person_accounts = True
        self.search_lag = 0
        # By user and record, the latest last: when it was viewed and when referenced.
        self.views: dict[str, dict[str, tuple[datetime | None, datetime | None]]] = {}
        self.instance_url = ""
        self.validation_rules: list[ValidationRule] = list(SEED_RULES)
        self.files = Files()
        self.cursors: dict[str, tuple[str, int, list[dict[str, Any]]]] = {}
        self.cursor_count = 0
        self.schema_changed = clock.start
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}
        self.activity_floor: dict[str, Any] = {}
        self.access = Access(self)
        self._numbers: dict[str, int] = {}
        self._journal: list[tuple[str, str, Row | None]] | None = None
        self._indexes: dict[str, dict[str, dict[Any, dict[str, None]]]] = {}
        for name, sobject in OBJECTS.items():
            fields = [f.name for f in sobject.fields.values() if f.type == "reference"]
            self._indexes[name] = {field: {} for field in [*fields, *_INDEXED_TEXT.get(name, ())]}
        self.grown = Growth()
        self.load(metadata_rows(self.company) | self.company.records)

    def load(self, records: dict[str, list[dict[str, Any]]]) -> list[tuple[str, Row]]:
        """Put records as the API's JSON has them, without any rule or consequence; the rows by object.

        Raises ValueError for a field that an object has not.
        """
        loaded = []
        for name, rows in records.items():
            sobject = OBJECTS[name]
            for given in rows:
                unknown = given.keys() - sobject.fields.keys()
                if unknown:
                    raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
                row = self.blank(sobject)
                row.update({key: values.parse(sobject.fields[key], value) for key, value in given.items()})
                row["Id"] = row["Id"] or self.new_id(sobject)
                if "RecordTypeId" in row:
                    row["RecordTypeId"] = row["RecordTypeId"] or record_types.seeded(name, row)
                self._stamp_missing(row)
                self._put(name, row["Id"], row)
                if row.get("LastActivityDate"):
                    self.activity_floor[row["Id"]] = row["LastActivityDate"]
                loaded.append((name, row))
                if name == "Task" and row["WhoId"]:
                    self._relate(row)
        for account in self.rows["Account"].values():
            contact = self.get("Contact", account["PersonContactId"]) if account["PersonContactId"] else None
            if contact is not None and not contact["IsPersonAccount"]:
                self._put("Contact", contact["Id"], {**contact, "IsPersonAccount": True})
        return loaded

    def _relate(self, task: Row) -> None:
        """The relation that stands for a task's person."""
        sobject = OBJECTS["TaskWhoRelation"]
        relation = self.blank(sobject)
        kind = "Lead" if task["WhoId"].startswith("00Q") else "Contact"
        relation.update(Id=self.new_id(sobject), TaskId=task["Id"], RelationId=task["WhoId"], Type=kind)
        self._stamp_missing(relation)
        self._put(sobject.name, relation["Id"], relation)

    def _stamp_missing(self, row: Row) -> None:
        administrator = next(u.salesforce_user_id for u in self.company.users if u.role == "administrator")
        for field in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if field in row and row[field] is None:
                row[field] = row.get("CreatedDate") or self.clock.start
        for field in ("CreatedById", "LastModifiedById"):
            if field in row and row[field] is None:
                row[field] = administrator

    def blank(self, sobject: SObject) -> Row:
        """A row with every field of the object: false for a checkbox, None for the rest."""
        return {f.name: False if f.type == "boolean" else None for f in sobject.fields.values()}

    def new_id(self, sobject: SObject) -> str:
        number = self._numbers.get(sobject.name, 0) + 1
        self._numbers[sobject.name] = number
        return ids.make(sobject.key_prefix, number)

    def next_case_number(self) -> str:
        """Eight digits, one above the highest."""
        numbers = (int(row["CaseNumber"]) for row in self.rows["Case"].values() if row["CaseNumber"])
        return f"{max(numbers, default=1000) + 1:08d}"

    def now(self) -> datetime:
        """The org's time; Salesforce keeps whole seconds."""
        return self.clock.now().replace(microsecond=0)

    def get(self, name: str, record_id: str) -> Row | None:
        return self.rows[name].get(record_id)

    def find(self, record_id: str) -> tuple[SObject, Row] | None:
        """The record of this 18-character id whatever its object, deleted ones included."""
        sobject = BY_PREFIX.get(record_id[:3])
        row = self.rows[sobject.name].get(record_id) if sobject else None
        return (sobject, row) if sobject and row is not None else None

    def knows(self, found: SObject) -> bool:
        """Whether the org has this object: some are switched on."""
        return found.option is None or bool(getattr(self.grown, found.option))

    @property
    def own_objects(self) -> tuple[str, ...]:
        """The objects of its own that the org has, which activities, emails and files can hang on."""
        return tuple(name for name, found in OBJECTS.items() if found.option and self.knows(found))

    @property
    def absent_objects(self) -> frozenset[str]:
        return frozenset(name for name, found in OBJECTS.items() if not self.knows(found))

    def targets(self, found: SObject, field: str) -> tuple[str, ...]:
        """The objects that a reference field may name records of."""
        known = found.fields[field].reference_to
        return (*known, *self.own_objects) if found.takes_any(field) else known

    def indexed(self, name: str, field: str) -> bool:
        return field == "Id" or field in self._indexes[name]

    def by_value(self, name: str, field: str, value: Any) -> list[Row]:
        """The rows whose indexed field has this value, in the order in which they came, deleted ones included."""
        rows = self.rows[name]
        if field == "Id":
            return [rows[value]] if value in rows else []
        return [rows[found] for found in self._indexes[name][field].get(index_key(value), ())]

    def live(self, name: str, field: str, value: Any) -> list[Row]:
        return [row for row in self.by_value(name, field, value) if not row.get("IsDeleted")]

    def insert(self, sobject: SObject, row: Row, user_id: str) -> str:
        """Put a whole row of `blank` under a new id and stamp it; return the id."""
        record_id = self.new_id(sobject)
        now = self.now()
        row["Id"] = record_id
        for field in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if field in row:
                row[field] = now
        for field in ("CreatedById", "LastModifiedById"):
            if field in row:
                row[field] = user_id
        self._put(sobject.name, record_id, row)
        return record_id

    def change(self, sobject: SObject, record_id: str, changes: Row, user_id: str | None) -> None:
        """Put changed values; without a user (roll-ups) the record does not count as modified."""
        row = {**self.rows[sobject.name][record_id], **changes}
        if user_id is not None:
            now = self.now()
            for field in ("LastModifiedDate", "SystemModstamp"):
                if field in row:
                    row[field] = now
            if "LastModifiedById" in row:
                row["LastModifiedById"] = user_id
        self._put(sobject.name, record_id, row)

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Into the recycle bin with what belongs to the record."""
        row = self.rows[sobject.name][record_id]
        for child in sobject.children:
            for other in self.live(child.child, child.field, record_id):
                if child.cascade_delete:
                    self.delete(OBJECTS[child.child], other["Id"])
                elif child.relationship_name and "EmailMessage" not in (sobject.name, child.child):
                    self.change(OBJECTS[child.child], other["Id"], {child.field: None}, None)
        now = self.now()
        stamps: Row = {field: now for field in ("LastModifiedDate", "SystemModstamp") if field in row}
        self._put(sobject.name, record_id, {**row, "IsDeleted": True, **stamps})

    def _put(self, name: str, record_id: str, row: Row | None) -> None:
        rows = self.rows[name]
        old = rows.get(record_id)
        if self._journal is not None:
            self._journal.append((name, record_id, old))
        for field, index in self._indexes[name].items():
            before = index_key(old[field]) if old else None
            after = index_key(row[field]) if row else None
            if before == after:
                continue
            if before is not None:
                index[before].pop(record_id, None)
            if after is not None:
                index.setdefault(after, {})[record_id] = None
        if row is None:
            rows.pop(record_id, None)
        else:
            rows[record_id] = row

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take back every write of the block if an exception leaves it; blocks may stand in one another."""
        outer, self._journal = self._journal, []
        try:
            yield
        except BaseException:
            journal, self._journal = self._journal, None
            for name, record_id, old in reversed(journal):
                self._put(name, record_id, old)
            self._journal = outer
            raise
        if outer is not None:
            outer.extend(self._journal)
        self._journal = outer
