"""What Salesforce demands of a record that a user creates, changes or deletes, and what follows from it.

```
 JSON body ─► known fields ─► writable fields ─► typed values ─► required, length, picklist, address, references
           ─► the object's own rules (email, activities, files) ─► derived fields ─► validation rules ─► duplicates
           ─► store ─► what Salesforce makes along with it
```
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce import (
    activities,
    content,
    derived,
    duplicates,
    emails,
    ids,
    person_accounts,
    picklists,
    record_types,
    validation,
    values,
)
from sandbox.salesforce.errors import SalesforceError, malformed_id, not_found
from sandbox.salesforce.schema import BY_PREFIX, TEXT, Field, SObject
from sandbox.salesforce.store import Org, Row

_KEPT_STRINGS = frozenset({"VersionData"})


@dataclass(frozen=True)
class Caller:
    """Who writes, and the headers of the request that bear upon it. `allow_save`: past duplicate warnings;
    `converting`: the lead whose conversion makes the record."""

    user_id: str
    allow_save: bool = False
    converting: str = ""


@dataclass
class Draft:
    """A write before it is stored. `before` is None for a new record; `junctions` are the id lists of the body
    (ToIds, TaskWhoIds, …); `upload` is what the body's VersionData was kept as."""

    org: Org
    caller: Caller
    sobject: SObject
    row: Row
    before: Row | None
    given: set[str]
    junctions: dict[str, list[str]] = field(default_factory=dict)
    upload: Any = None


def create(org: Org, caller: Caller, sobject: SObject, body: dict[str, Any], upload: Any = None) -> str:
    """Create a record and return its id; raises `SalesforceError` with the code that Salesforce gives."""
    if org.storage_full:
        raise SalesforceError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    if not sobject.can("createable"):
        raise SalesforceError(
            "INVALID_TYPE_FOR_OPERATION" if sobject.can("queryable") else "INVALID_TYPE",
            f"entity type {sobject.name} does not support create",
        )
    given, junctions = _read(org, caller, sobject, body, "createable")
    row = org.blank(sobject)
    row.update(_defaults(sobject, caller))
    row.update(given)
    draft = Draft(org, caller, sobject, row, None, set(given), junctions, upload)
    with org.transaction():
        content.receive(draft)
        _check_required(draft)
        _check_values(draft, given)
        _apply(draft)
        record_id = org.insert(sobject, row, caller.user_id)
        _follow(draft)
    return record_id


def update(org: Org, caller: Caller, sobject: SObject, record_id: str, body: dict[str, Any]) -> None:
    """Change a record; raises `SalesforceError`."""
    before = visible(org, caller.user_id, sobject, record_id)
    if not sobject.can("updateable"):
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"entity type {sobject.name} does not support update")
    if before.get("IsConverted"):
        raise SalesforceError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
    given, junctions = _read(org, caller, sobject, body, "updateable")
    if not org.access.can_change(caller.user_id, sobject.name, before):
        raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
    draft = Draft(org, caller, sobject, {**before, **given}, before, set(given), junctions)
    with org.transaction():
        _check_required(draft)
        _check_values(draft, given)
        _apply(draft)
        changed = {name: value for name, value in draft.row.items() if before[name] != value}
        org.change(sobject, before["Id"], changed, caller.user_id)
        _follow(draft)


def delete(org: Org, caller: Caller, sobject: SObject, record_id: str) -> None:
    """Put a record into the recycle bin with all that goes with it."""
    row = visible(org, caller.user_id, sobject, record_id)
    if not sobject.can("deletable"):
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"entity type {sobject.name} does not support delete")
    if not org.access.can_delete(caller.user_id, sobject.name, row):
        raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
    person_accounts.before_delete(sobject, row)
    if sobject.name in ("Account", "Contact"):
        _check_no_cases(org, sobject, row)
    with org.transaction():
        emails.before_delete(org, sobject, row)
        org.delete(sobject, row["Id"])
        activities.after_delete(org, sobject, row)


def visible(org: Org, user_id: str, sobject: SObject, record_id: str) -> Row:
    """The record as this user may see it; raises `SalesforceError` MALFORMED_ID, NOT_FOUND or ENTITY_IS_DELETED."""
    normal = ids.normalise(record_id)
    if normal is None:
        # A path with what is no id at all is an unknown resource; one of the right form is a wrong id.
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {record_id}"
        )
    if normal[:3] != sobject.key_prefix:
        raise not_found()
    row = org.get(sobject.name, normal)
    if row is None or not org.access.can_see(user_id, sobject.name, row):
        raise not_found()
    if row.get("IsDeleted"):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def _defaults(sobject: SObject, caller: Caller) -> Row:
    out: Row = {f.name: f.default for f in sobject.fields.values() if f.default is not None}
    if "OwnerId" in sobject.fields:
        out["OwnerId"] = caller.user_id
    return out


def _read(
    org: Org, caller: Caller, sobject: SObject, body: dict[str, Any], flag: str
) -> tuple[Row, dict[str, list[str]]]:
    """Known, writable and typed values of a body, and its id lists."""
    given: Row = {}
    junctions: dict[str, list[str]] = {}
    unwritable: list[str] = []
    hidden = org.access.hidden_fields(caller.user_id, sobject.name)
    protected = org.access.read_only_fields(caller.user_id, sobject.name)
    for name, value in body.items():
        if name == "attributes":
            continue
        if name in sobject.junction_ids:
            junctions[name] = _id_list(name, value)
            continue
        known = sobject.field(name)
        if known is None or known.name in hidden:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if not known.can(flag) or known.name in protected:
            unwritable.append(known.name)
            continue
        if known.name in _KEPT_STRINGS:
            given[known.name] = value
            continue
        given[known.name] = values.parse(known, value)
        if given[known.name] is None and known.type == "boolean":
            given[known.name] = False
    if unwritable:
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(unwritable)}. Please check the security settings of this field"
            " and verify that it is read/write for your profile or permission set.",
            unwritable,
        )
    return given, junctions


def _id_list(name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize instance of junctionidlist from {name}")
    found = []
    for entry in value:
        normal = ids.normalise(entry)
        if normal is None:
            raise malformed_id(entry, name)
        found.append(normal)
    return found


def _check_required(draft: Draft) -> None:
    missing = [
        f.name
        for f in draft.sobject.fields.values()
        if not f.can("nillable")
        and (f.can("createable") if draft.before is None else f.name in draft.given)
        and draft.row[f.name] is None
        and (not f.can("defaultedOnCreate") or f.name in draft.given)
    ]
    # Salesforce gives and demands some without saying so in the flags of the field.
    missing = [name for name in missing if not derived.fills(draft.sobject.name, name)]
    missing += derived.demands(draft.sobject.name, draft.row)
    if missing:
        raise SalesforceError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def _check_values(draft: Draft, given: Row) -> None:
    for name, value in given.items():
        known = draft.sobject.fields[name]
        if value is None or name in _KEPT_STRINGS:
            continue
        if known.type in TEXT:
            _check_text(draft, known, value)
        elif known.type == "reference":
            _check_reference(draft, known, value)
        elif known.type == "datetime" and not 1700 <= value.year <= 4000:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", f"{known.label}: invalid date: {value}", [name])


def _check_text(draft: Draft, known: Field, value: str) -> None:
    if known.length and len(value) > known.length:
        shown = value if len(value) <= 80 else value[:80] + "…"
        raise SalesforceError(
            "STRING_TOO_LONG", f"{known.label}: data value too large: {shown} (max length={known.length})", [known.name]
        )
    if known.type == "email" and not values.is_email(value):
        raise SalesforceError("INVALID_EMAIL_ADDRESS", f"{known.label}: invalid email address: {value}", [known.name])
    if known.can("restrictedPicklist") and known.values:
        proper = [known.folded_values.get(part.casefold()) for part in picklists.parts(known, value)]
        if None in proper:
            raise picklists.bad_value(known, value)
        draft.row[known.name] = ";".join(part for part in proper if part)


def _check_reference(draft: Draft, known: Field, value: str) -> None:
    target = BY_PREFIX.get(value[:3])
    if target is None or target.name not in draft.org.targets(draft.sobject, known.name):
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION", f"{known.label}: id value of incorrect type: {value}", [known.name]
        )
    row = draft.org.get(target.name, value)
    if row is None:
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if row.get("IsDeleted"):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", [])
    if row.get("IsConverted"):
        raise SalesforceError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
    if not draft.org.access.can_see(draft.caller.user_id, target.name, row):
        raise SalesforceError(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            f"insufficient access rights on cross-reference id: {value}",
            [],
        )


def _apply(draft: Draft) -> None:
    """The object's own rules, then what is derived, then the administrator's rules."""
    emails.check(draft)
    activities.check(draft)
    content.check(draft)
    record_types.choose(draft.org, draft.sobject, draft.row, draft.before, draft.caller.user_id)
    person_accounts.check(draft)
    picklists.check(draft.sobject, draft.row, draft.given)
    derived.derive(draft.org, draft.sobject, draft.row, draft.before)
    _check_unique(draft)
    validation.check(draft.org.validation_rules, draft.sobject.name, draft.row)
    duplicates.check(draft)


def _check_unique(draft: Draft) -> None:
    for known in draft.sobject.fields.values():
        value = draft.row[known.name]
        if not known.can("unique") or value is None:
            continue
        for other in draft.org.live(draft.sobject.name, known.name, value):
            if other["Id"] != draft.row["Id"]:
                raise SalesforceError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {known.name} duplicates value on record with id: {other['Id'][:15]}",
                    [],
                )


def _follow(draft: Draft) -> None:
    """What Salesforce makes along with the record."""
    emails.after_save(draft)
    activities.after_save(draft)
    content.after_save(draft)
    person_accounts.after_save(draft)


def _check_no_cases(org: Org, sobject: SObject, row: Row) -> None:
    cases = [r["CaseNumber"] for r in org.live("Case", f"{sobject.name}Id", row["Id"])]
    if cases:
        raise SalesforceError(
            "DELETE_FAILED",
            f"Your attempt to delete {row['Name']} could not be completed because it is associated with the following"
            f" cases.: {', '.join(cases)}\n",
            [],
        )


def record_type_infos(sobject: SObject, org: Org, version: str, user_id: str) -> list[dict[str, Any]]:
    """`recordTypeInfos` of the describe: the org's own record types and the master."""
    if not sobject.can("layoutable"):
        return []
    base = f"/services/data/v{version}/sobjects/{sobject.name}/describe/layouts"
    return [
        {"active": True, **info, "urls": {"layout": f"{base}/{info['recordTypeId']}"}}
        for info in record_types.infos(org, sobject, user_id)
    ]
