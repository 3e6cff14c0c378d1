"""Layouts, objects and picklists as one Salesforce user may see them, kept for a while.

They change with the org's set-up alone. After `FRESH_SECONDS` picklists are asked for again by their entity tag, and
layouts come along with the next record that is opened.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext_noop
from pydantic import BaseModel

from sync import errors
from sync.providers.salesforce import ui_api
from sync.providers.salesforce.ui_api_models import Layout, ObjectInfo, Picklists, RecordUi
from sync.services.clients import Crm
from sync.services.records.caches import key_of

FRESH_SECONDS = 600
KEEP_SECONDS = 24 * 3600


class _Kept(BaseModel):
    info: ObjectInfo
    layouts: dict[str, Layout]


class _KeptPicklists(BaseModel):
    picklists: Picklists
    read_at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """An object with its layouts for a record type; `layouts` by mode: View, Edit, Create."""

    info: ObjectInfo
    layouts: dict[str, Layout]


def known(crm: Crm, object_name: str, record_type_id: str) -> Shown | None:
    """What is kept, without a call."""
    text = cache.get(key_of(crm, "layout", object_name, record_type_id))
    kept = _Kept.model_validate_json(text) if text else None
    return Shown(kept.info, kept.layouts) if kept else None


def remember(crm: Crm, object_name: str, record_type_id: str, info: ObjectInfo, layouts: dict[str, Layout]) -> Shown:
    """Keeps what was read, together with the other modes that are kept already."""
    before = known(crm, object_name, record_type_id)
    joined = {**(before.layouts if before else {}), **layouts}
    text = _Kept(info=info, layouts=joined).model_dump_json(by_alias=False)
    cache.set(key_of(crm, "layout", object_name, record_type_id), text, FRESH_SECONDS)
    cache.set(key_of(crm, "object", object_name), info.model_dump_json(by_alias=False), FRESH_SECONDS)
    return Shown(info, joined)


def remember_ui(crm: Crm, answer: RecordUi, record_id: str) -> Shown:
    """Keeps what came with a record. Raises Unavailable where its layout or object is missing."""
    record = answer.records.get(record_id)
    info = answer.object_infos.get(record.api_name) if record else None
    if record is None or info is None:
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    by_type = answer.layouts.get(record.api_name, {})
    modes = by_type.get(record.record_type_id) or next(iter(by_type.values()), {})
    return remember(crm, record.api_name, record.record_type_id, info, dict(modes.get("Full", {})))


def object_of(crm: Crm, object_name: str) -> ObjectInfo:
    """An object; one call where it is not kept."""
    text = cache.get(key_of(crm, "object", object_name))
    if text:
        return ObjectInfo.model_validate_json(text)
    info = ui_api.object_info(crm.client, object_name)
    if info is None:
        raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    cache.set(key_of(crm, "object", object_name), info.model_dump_json(by_alias=False), FRESH_SECONDS)
    return info


def picklists_of(crm: Crm, object_name: str, record_type_id: str) -> Picklists:
    """The values of an object's picklists for a record type: one call, none while they are fresh."""
    key = key_of(crm, "picklists", object_name, record_type_id)
    text = cache.get(key)
    kept = _KeptPicklists.model_validate_json(text) if text else None
    if kept and time.time() - kept.read_at < FRESH_SECONDS:
        return kept.picklists
    tag = kept.picklists.e_tag if kept else ""
    fresh = ui_api.picklists(crm.client, object_name, record_type_id, e_tag=tag)
    picklists = fresh or (kept.picklists if kept else Picklists())
    told = _KeptPicklists(picklists=picklists, read_at=time.time())
    cache.set(key, told.model_dump_json(by_alias=False), KEEP_SECONDS)
    return picklists
