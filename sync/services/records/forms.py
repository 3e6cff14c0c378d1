"""The form of a record: what it begins with, and how it stands after it was refused.

open ─► RecordForm (texts as they are: `was`) ─► the person writes ─► Sent ─► saved, or RecordForm with messages
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext_noop

from accounts.actor import Actor
from sync import errors
from sync.providers.salesforce import ui_api
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.ui_api_models import ObjectInfo, Record
from sync.services.clients import Crm
from sync.services.records import layouts
from sync.services.records.enabled import enabled_objects
from sync.services.records.fields import Choice, Kind, RecordField, Section, fields_in, sections_of
from sync.services.records.reading import crm_for, name_of, read_record
from sync.services.records.values import as_text

_WITH_OPTIONS = (Kind.PICKLIST, Kind.MULTIPICKLIST, Kind.COMBOBOX)


@dataclass(frozen=True, slots=True)
class RecordForm:
    """A form. `texts` and `was` by field: as it stands, and as it stood when it was opened; `names`: what the records
    are called that lookups lead to. `record_types`: to choose from first, where there is a choice.

    After a refusal: `page` and `at` messages, `duplicates` with `may_go_on`, `theirs`: what somebody else has made of
    fields meanwhile, `notice`: a name out of NOTICES.
    """

    object_name: str
    object_label: str
    name: str = ""
    record_id: str = ""
    record_type_id: str = ""
    record_types: tuple[Choice, ...] = ()
    sections: tuple[Section, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    was: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    modified: str = ""
    key: str = ""
    page: tuple[str, ...] = ()
    at: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: tuple[FoundRecord, ...] = ()
    may_go_on: bool = False
    theirs: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def fields(self) -> dict[str, RecordField]:
        return {one.name: one for one in fields_in(self.sections)}


#: conflict: somebody else saved; unknown: Salesforce did not confirm, and it is not there.
NOTICES = ("conflict", "unknown")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form sends. `key` is the form's own, the same for each press; `go_on`: in spite of duplicates."""

    texts: Mapping[str, str]
    was: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    record_type_id: str = ""
    modified: str = ""
    key: str = ""
    go_on: bool = False


def require_enabled(actor: Actor, object_name: str) -> None:
    if object_name not in enabled_objects(actor):
        raise errors.Forbidden(
            gettext_noop("Records of this kind are not switched on for the pane."), code="NOT_ENABLED"
        )


def new_form(
    actor: Actor, object_name: str, *, record_type_id: str = "", given: Mapping[str, str] | None = None
) -> RecordForm:
    """The form for a new record: its record types where there is a choice, else one call for what it begins with.

    `given`: first values by the name of their field, and by `name.FIELD` what a lookup's record is called; what cannot
    be written is ignored. Raises Forbidden.
    """
    crm = crm_for(actor, "record.create")
    require_enabled(actor, object_name)
    info = layouts.object_of(crm, object_name)
    if not info.createable:
        raise errors.Forbidden(
            gettext_noop("Salesforce does not let you create records of this kind."), code="NOT_CREATEABLE"
        )
    choices = record_types_of(info)
    if len(choices) > 1 and record_type_id not in {one.value for one in choices}:
        return RecordForm(object_name, info.label, record_types=choices, texts=dict(given or {}))
    return begun(crm, object_name, record_type_id or info.default_record_type_id, given or {})


def record_types_of(info: ObjectInfo) -> tuple[Choice, ...]:
    """Those that the user may give to a new record, their default first."""
    types = [one for one in info.record_type_infos.values() if one.available and not one.master]
    types.sort(key=lambda one: (not one.default_record_type_mapping, one.name.casefold()))
    return tuple(Choice(one.record_type_id, one.name) for one in types)


def begun(crm: Crm, object_name: str, record_type_id: str, given: Mapping[str, str]) -> RecordForm:
    """A new record as Salesforce begins it: one call, and one for the picklists where they are not known."""
    defaults = ui_api.create_defaults(crm.client, object_name, record_type_id)
    info = defaults.object_infos.get(object_name)
    if info is None or defaults.layout is None:
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    shown = layouts.remember(crm, object_name, record_type_id, info, {"Create": defaults.layout})
    form = filled(crm, shown, defaults.record, "Create", record_type_id=record_type_id)
    known = form.fields
    texts = {**form.texts, **{name: text for name, text in given.items() if name in known and text}}
    called = {name: given[f"name.{name}"] for name in known if given.get(name) and given.get(f"name.{name}")}
    return replace(form, texts=texts, names={**form.names, **called}, key=secrets.token_urlsafe(24))


def edit_form(actor: Actor, record_id: str) -> RecordForm:
    """The form of a record: one call, and one for the picklists where they are not known. Raises as `see_record`."""
    crm = crm_for(actor, "record.edit")
    record, shown = read_record(crm, record_id)
    require_enabled(actor, record.api_name)
    if not shown.info.updateable:
        raise errors.Forbidden(
            gettext_noop("Salesforce does not let you change records of this kind."), code="NOT_UPDATEABLE"
        )
    return filled(crm, shown, record, "Edit", record_type_id=record.record_type_id)


def filled(crm: Crm, shown: layouts.Shown, record: Record, mode: str, *, record_type_id: str) -> RecordForm:
    """The form with the record's values."""
    layout = shown.layouts.get(mode)
    if layout is None:
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    sections = sections_of(shown.info, layout, record, mode=mode)
    if any(one.kind in _WITH_OPTIONS for one in fields_in(sections)):
        picklists = layouts.picklists_of(crm, shown.info.api_name, record_type_id)
        sections = sections_of(shown.info, layout, record, mode=mode, picklists=picklists)
    texts = {one.name: as_text(one.kind, one.value) for one in fields_in(sections)}
    return RecordForm(
        object_name=shown.info.api_name,
        object_label=shown.info.label,
        name=name_of(shown, record) if record.id else "",
        record_id=record.id,
        record_type_id=record_type_id,
        sections=sections,
        texts=texts,
        was=texts,
        names={one.name: one.display for one in fields_in(sections) if one.kind is Kind.REFERENCE and one.value},
        modified=record.last_modified_date,
    )
