"""A record as its person sees it: one call, whether its layout is known or not."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from permissions import policy
from sync import errors
from sync.providers.salesforce import ui_api
from sync.providers.salesforce.ids import key_prefix, long_id
from sync.providers.salesforce.searching import FIELDS, PREFIXES
from sync.providers.salesforce.ui_api_models import Record
from sync.providers.salesforce.urls import record_url
from sync.services.clients import Crm, connection_of, crm_of
from sync.services.records import layouts
from sync.services.records.caches import key_of
from sync.services.records.enabled import PEOPLE_OBJECTS, enabled_objects
from sync.services.records.fields import Section, names_to_read, sections_of
from sync.services.records.kept import opened
from sync.services.records.layouts import Shown


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record with its layout. `modified`: LastModifiedDate as Salesforce writes it."""

    object_name: str
    object_label: str
    id: str
    name: str
    record_type: str
    sections: tuple[Section, ...]
    url: str
    modified: str
    pinned: bool = False
    may_edit: bool = False
    may_convert: bool = False
    may_take_email: bool = False


def crm_for(actor: Actor, permission: str) -> Crm:
    """Salesforce as the actor, who holds the permission. Raises policy.Denied, NotConnected, NeedsReconnect."""
    require_own(actor, permission)
    return crm_of(actor, connection_of(actor, System.SALESFORCE))


def may(actor: Actor, permission: str) -> bool:
    try:
        require_own(actor, permission)
    except policy.Denied:
        return False
    return True


def see_record(actor: Actor, record_id: str) -> SeenRecord:
    """A record, and that it was opened. Raises Gone for an id that is none, sync.errors.*, NotConnected, Denied."""
    crm = crm_for(actor, "record.view")
    record, shown = read_record(crm, record_id)
    pinned = opened(actor, crm, record.api_name, record.id)
    enabled = record.api_name in enabled_objects(actor)
    layout = shown.layouts.get("View")
    return SeenRecord(
        object_name=record.api_name,
        object_label=shown.info.label,
        id=record.id,
        name=name_of(shown, record),
        record_type=record.record_type_info.name if record.record_type_info else "",
        sections=sections_of(shown.info, layout, record, mode="View") if layout else (),
        url=record_url(crm.instance_url, record.id),
        modified=record.last_modified_date,
        pinned=pinned,
        may_edit=enabled and shown.info.updateable and may(actor, "record.edit"),
        may_convert=record.api_name == "Lead"
        and record.value("IsConverted") is not True
        and may(actor, "lead.convert"),
        may_take_email=enabled and record.api_name not in PEOPLE_OBJECTS and may(actor, "email.file"),
    )


def read_record(crm: Crm, record_id: str) -> tuple[Record, Shown]:
    """The record and its layouts: one call; the layouts come along where they are not known."""
    found = long_id(record_id)
    if not found:
        raise errors.Gone(gettext_noop("There is no such record."), code="MALFORMED_ID")
    kept = cache.get(key_of(crm, "record-type", found))
    if kept:
        object_name, record_type_id = kept
        shown = layouts.known(crm, object_name, record_type_id)
        if shown is not None and "View" in shown.layouts and "Edit" in shown.layouts:
            names = [names_to_read(shown.info, shown.layouts[mode], mode) for mode in ("View", "Edit")]
            record = ui_api.record(crm.client, object_name, found, names[0] | names[1] | _further(object_name))
            if record.record_type_id == record_type_id:
                return record, shown
    object_name = next((name for name, prefix in PREFIXES.items() if prefix == key_prefix(found)), "")
    answer = ui_api.record_ui(crm.client, object_name, found)
    shown = layouts.remember_ui(crm, answer, found)
    record = answer.records[found]
    cache.set(key_of(crm, "record-type", found), (record.api_name, record.record_type_id), layouts.KEEP_SECONDS)
    return record, shown


def name_of(shown: Shown, record: Record) -> str:
    """What people call the record."""
    for field in ("Name", *shown.info.name_fields, *FIELDS.get(record.api_name, ())):
        value = record.value(field)
        if isinstance(value, str) and value:
            return value
    parts = [record.value(field) for field in ("FirstName", "LastName")]
    return " ".join(str(part) for part in parts if part) or record.id


def _further(object_name: str) -> frozenset[str]:
    return frozenset({"IsConverted"}) if object_name == "Lead" else frozenset()
