"""Creating and changing records, as the person: once for each form, and never over what somebody else saved.

create   row (form's key) ─► POST ─► done ─► the record
            │   pressed again ─► done: the same record; under way: told; unknown: looked for first
            └─► refused: each message at its field; duplicates: the choice to go on

change   what was changed alone ─► PATCH with the moment it was read ─► the record
            └─► somebody saved meanwhile: both shown, the person chooses     └─► no answer: read, and compared
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.trail import record_own
from sync import errors
from sync.models import RecordWrite
from sync.providers.salesforce import searching, ui_api
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.ui_api_models import ObjectInfo, Record
from sync.services.clients import Crm
from sync.services.context import hidden_fields
from sync.services.records import layouts
from sync.services.records.caches import drop_own
from sync.services.records.fields import Kind, RecordField
from sync.services.records.forms import RecordForm, Sent, edit_form, filled, require_enabled
from sync.services.records.reading import crm_for, read_record
from sync.services.records.values import Unfit, as_text, check_dependents, to_value

#: After so long whoever was sending is not any more.
SENDING_SECONDS = 60
#: What was created is looked for from so long before the press: clocks differ.
SKEW = timedelta(minutes=5)
_TOLD_APART = (Kind.TEXT, Kind.EMAIL, Kind.PHONE)


@dataclass(frozen=True, slots=True)
class Saved:
    object_name: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A write of ours. `unsure`: an earlier press may have arrived."""

    row: RecordWrite
    unsure: bool


def create_record(actor: Actor, object_name: str, sent: Sent) -> Saved | RecordForm:
    """Creates the record, or gives the form back with what is wrong. Raises sync.errors.*, Forbidden, Denied."""
    crm = crm_for(actor, "record.create")
    require_enabled(actor, object_name)
    form = _new_again(crm, object_name, sent)
    values, at = _values(form, sent, new=True)
    if at:
        return replace(form, at=at)
    if sent.record_type_id and sent.record_type_id in form_types(crm, object_name):
        values = {**values, "RecordTypeId": sent.record_type_id}
    claim = claimed(actor, crm, RecordWrite.Kind.CREATE, object_name, sent.key, sorted(values))
    if claim.row.state == RecordWrite.State.DONE:
        return Saved(object_name, claim.row.record_id)
    try:
        record_id = _created(crm, object_name, values, form, claim, go_on=sent.go_on)
    except errors.Ambiguous:
        settle(claim.row, RecordWrite.State.UNKNOWN)
        raise
    except errors.Refused as refused:
        settle(claim.row, RecordWrite.State.REFUSED)
        return with_refusal(crm, form, refused)
    except errors.ProviderError:
        settle(claim.row, RecordWrite.State.UNKNOWN if claim.unsure else RecordWrite.State.REFUSED)
        raise
    with transaction.atomic():
        settle(claim.row, RecordWrite.State.DONE, record_id)
        record_own(
            actor,
            "record.created",
            ("record", record_id),
            object=object_name,
            fields=sorted(values),
            duplicate=sent.go_on or None,
        )
    drop_own(actor, crm)
    return Saved(object_name, record_id)


def update_record(actor: Actor, record_id: str, sent: Sent) -> Saved | RecordForm:
    """Changes what was changed in the form, or gives it back with what is wrong. Raises as `create_record`."""
    crm = crm_for(actor, "record.edit")
    record, shown = read_record(crm, record_id)
    require_enabled(actor, record.api_name)
    form = replace(
        filled(crm, shown, record, "Edit", record_type_id=record.record_type_id),
        texts=sent.texts,
        was=sent.was,
        names=sent.names,
        modified=sent.modified,
    )
    values, at = _values(form, sent, new=False)
    if at:
        return replace(form, at=at)
    if not values:
        return Saved(record.api_name, record.id)
    try:
        ui_api.update(crm.client, record.id, values, modified=sent.modified, allow_duplicates=sent.go_on)
    except errors.Conflict:
        return _with_theirs(actor, form, sent)
    except errors.Ambiguous:
        again = _after_silence(actor, form, sent, values)
        if again is not None:
            return again
    except errors.Refused as refused:
        return with_refusal(crm, form, refused)
    with transaction.atomic():
        record_own(
            actor,
            "record.changed",
            ("record", record.id),
            object=record.api_name,
            fields=sorted(values),
            duplicate=sent.go_on or None,
        )
    drop_own(actor, crm)
    return Saved(record.api_name, record.id)


def claimed(actor: Actor, crm: Crm, kind: RecordWrite.Kind, object_name: str, key: str, names: list[str]) -> Claim:
    """The row of this form. Raises Conflict while another press of it is under way, Refused for a form without key."""
    if not key:
        raise errors.Refused(_("The form is incomplete. Open it again."), code="NO_KEY")
    digest = hashlib.sha256(f"{kind}:{object_name}:{key}".encode()).hexdigest()
    now = timezone.now()
    with transaction.atomic():
        row, made = RecordWrite.objects.select_for_update().get_or_create(
            user=actor.user,
            key=digest,
            defaults={
                "organisation": actor.organisation,
                "salesforce_org": crm.org,
                "kind": kind,
                "object_name": object_name,
                "fields": names,
                "begun_at": now,
            },
        )
        if made or row.state == RecordWrite.State.DONE:
            return Claim(row, unsure=False)
        late = now - row.begun_at > timedelta(seconds=SENDING_SECONDS)
        if row.state == RecordWrite.State.SENDING and not late:
            raise errors.Conflict(gettext_noop("It is being saved already."), code="UNDER_WAY")
        unsure = row.state in (RecordWrite.State.SENDING, RecordWrite.State.UNKNOWN)
        row.state, row.begun_at, row.fields = RecordWrite.State.SENDING, now, names
        row.save(update_fields=["state", "begun_at", "fields"])
    return Claim(row, unsure=unsure)


def settle(row: RecordWrite, state: RecordWrite.State, record_id: str = "") -> None:
    row.state, row.record_id = state, record_id
    row.save(update_fields=["state", "record_id"])


def with_refusal(crm: Crm, form: RecordForm, refused: errors.Refused) -> RecordForm:
    """The form with Salesforce's own words at their fields, and the records that it may be a copy of."""
    if not isinstance(refused, errors.RecordRefused):
        if refused.field in form.fields:
            return replace(form, at={refused.field: (refused.message,)})
        return replace(form, page=(refused.message,))
    known = form.fields
    at = {name: messages for name, messages in refused.at.items() if name in known}
    # What is not in the form is said of the whole.
    rest = tuple(f"{name}: {text}" for name, texts in refused.at.items() if name not in known for text in texts)
    return replace(
        form,
        at=at,
        page=(*refused.page, *rest),
        duplicates=matches(crm, refused.duplicates),
        may_go_on=bool(refused.duplicates) and refused.may_go_on,
    )


def matches(crm: Crm, found: tuple[tuple[str, str], ...]) -> tuple[FoundRecord, ...]:
    """The records that are alike, those that the person may see: one call."""
    ids: dict[str, list[str]] = {}
    for name, record_id in found[:20]:
        ids.setdefault(name, []).append(record_id)
    ids.pop("", None)
    if not ids:
        return ()
    records, _recent = searching.kept(crm.client, ids, hidden=hidden_fields(crm))
    return tuple(records.values())


def form_types(crm: Crm, object_name: str) -> frozenset[str]:
    info = layouts.object_of(crm, object_name)
    return frozenset(one.record_type_id for one in info.record_type_infos.values() if one.available and not one.master)


def _new_again(crm: Crm, object_name: str, sent: Sent) -> RecordForm:
    """The form as it was sent; its layout from what is kept, else asked for again."""
    info = layouts.object_of(crm, object_name)
    record_type_id = sent.record_type_id or info.default_record_type_id
    shown = layouts.known(crm, object_name, record_type_id)
    if shown is None or "Create" not in shown.layouts:
        defaults = ui_api.create_defaults(crm.client, object_name, sent.record_type_id)
        layout, about = defaults.layout, defaults.object_infos.get(object_name)
        if layout is None or about is None:
            raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
        shown = layouts.remember(crm, object_name, record_type_id, about, {"Create": layout})
    form = filled(crm, shown, Record(api_name=object_name), "Create", record_type_id=record_type_id)
    return replace(form, texts=sent.texts, was=sent.was, names=sent.names, key=sent.key)


def _values(form: RecordForm, sent: Sent, *, new: bool) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """What is to be written by field, and what cannot be. Only fields of the form count, whatever was sent."""
    fields = form.fields
    values: dict[str, Any] = {}
    at: dict[str, tuple[str, ...]] = {}
    for name, field in fields.items():
        text, before = sent.texts.get(name, ""), sent.was.get(name, "")
        if (text == before and not new) or (new and not text and not before):
            continue
        try:
            values[name] = to_value(field, text)
        except Unfit as error:
            at[name] = (str(error),)
    for name, field in fields.items():
        if field.required and not sent.texts.get(name, "").strip() and (new or name in values):
            at[name] = (_("Fill this in."),)
    for name, message in check_dependents(fields, sent.texts).items():
        if name in values or fields[name].controller in values:
            at.setdefault(name, (message,))
    return values, at


def _created(
    crm: Crm, object_name: str, values: Mapping[str, Any], form: RecordForm, claim: Claim, *, go_on: bool
) -> str:
    if claim.unsure:
        info = layouts.object_of(crm, object_name)
        found = _look_for(crm, info, values, form.fields, claim.row)
        if found:
            return found
    return ui_api.create(crm.client, object_name, values, allow_duplicates=go_on).id


def _look_for(
    crm: Crm, info: ObjectInfo, values: Mapping[str, Any], fields: Mapping[str, RecordField], row: RecordWrite
) -> str:
    """The record that an earlier press of this form made, if it did."""
    apart = {
        name: value
        for name, value in values.items()
        if name in fields
        and fields[name].kind in _TOLD_APART
        and value
        and name in info.fields
        and info.fields[name].filterable
    }
    return searching.written_by(crm.client, info.api_name, crm.user_id, row.created_at - SKEW, apart)


def _with_theirs(actor: Actor, form: RecordForm, sent: Sent) -> RecordForm:
    """Somebody else saved meanwhile: what they made of what the person changed too; the rest is taken as it is now."""
    fresh = edit_form(actor, form.record_id)
    mine = {name for name in fresh.fields if sent.texts.get(name, "") != sent.was.get(name, "")}
    fields = fresh.fields
    theirs = {
        name: fields[name].display or fresh.texts[name]
        for name in mine
        if fresh.texts[name] != sent.was.get(name, "") and fresh.texts[name] != sent.texts.get(name, "")
    }
    texts = {**fresh.texts, **{name: sent.texts.get(name, "") for name in mine}}
    names = {**fresh.names, **{name: sent.names[name] for name in mine if name in sent.names}}
    return replace(fresh, texts=texts, names=names, theirs=theirs, notice="conflict")


def _after_silence(actor: Actor, form: RecordForm, sent: Sent, values: Mapping[str, Any]) -> RecordForm | None:
    """No answer came: None where the record holds now what was written, else the form to be sent again."""
    fresh = edit_form(actor, form.record_id)
    fields = fresh.fields
    if all(name in fields and fresh.texts[name] == as_text(fields[name].kind, value) for name, value in values.items()):
        return None
    return replace(fresh, texts={**fresh.texts, **sent.texts}, names={**fresh.names, **sent.names}, notice="unknown")
