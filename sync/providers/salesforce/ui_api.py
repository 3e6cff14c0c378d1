"""Records with their layout, field-level security and sharing in one: Salesforce's User Interface API.

    see      record-ui/{id}: record, layouts and object in one call; records/{id} where these are known
    begin    record-defaults/create/{object}: what a new record begins with, and its layout
    choose   object-info/{object}/picklist-values/{record type}: values, and which depend on which
    write    POST records, PATCH records/{id}: refused with each message at its field, or saved

https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_list.htm
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from sync import errors
from sync.providers.salesforce.client import NOT_MODIFIED, SalesforceClient
from sync.providers.salesforce.soql import field_name
from sync.providers.salesforce.ui_api_models import (
    CreateDefaults,
    ObjectInfo,
    Picklists,
    Record,
    RecordUi,
    Wire,
)

WireT = TypeVar("WireT", bound=Wire)

#: Fields that are read besides those of the layout: who changed it last and when, and what kind of record it is.
ALSO = ("LastModifiedDate", "RecordTypeId")


def record_ui(client: SalesforceClient, object_name: str, record_id: str) -> RecordUi:
    """A record with its layouts for seeing and editing, and its object: one call.

    https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_record_ui.htm
    """
    optional = ",".join(f"{field_name(object_name)}.{name}" for name in ALSO) if object_name else ""
    params = {"layoutTypes": "Full", "modes": "View,Edit"} | ({"optionalFields": optional} if optional else {})
    return _read(RecordUi, client.get(f"ui-api/record-ui/{record_id}", params))


def record(client: SalesforceClient, object_name: str, record_id: str, names: Collection[str]) -> Record:
    """A record with these fields (of parents as `Account.Name`), those of them that the user may see: one call."""
    fields = ",".join(sorted(f"{field_name(object_name)}.{name}" for name in {*names, *ALSO}))
    return _read(Record, client.get(f"ui-api/records/{record_id}", {"optionalFields": fields}))


def object_info(client: SalesforceClient, object_name: str, *, e_tag: str = "") -> ObjectInfo | None:
    """An object and its fields as this user may see them; None where nothing has changed since `e_tag`."""
    answer = client.get_unless(f"ui-api/object-info/{field_name(object_name)}", _quoted(e_tag))
    return None if answer is NOT_MODIFIED else _read(ObjectInfo, answer)


def create_defaults(client: SalesforceClient, object_name: str, record_type_id: str = "") -> CreateDefaults:
    """What a new record begins with, its layout and its object: one call.

    https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_record_defaults_create.htm
    """
    params = {"formFactor": "Large"} | ({"recordTypeId": record_type_id} if record_type_id else {})
    return _read(CreateDefaults, client.get(f"ui-api/record-defaults/create/{field_name(object_name)}", params))


def picklists(client: SalesforceClient, object_name: str, record_type_id: str, *, e_tag: str = "") -> Picklists | None:
    """The values of all picklists for a record type: one call; None where nothing has changed since `e_tag`."""
    path = f"ui-api/object-info/{field_name(object_name)}/picklist-values/{record_type_id}"
    answer = client.get_unless(path, _quoted(e_tag))
    return None if answer is NOT_MODIFIED else _read(Picklists, answer)


def create(
    client: SalesforceClient, object_name: str, fields: Mapping[str, Any], *, allow_duplicates: bool = False
) -> Record:
    """Creates a record. Raises RecordRefused with each message at its field, and Ambiguous where no answer came.

    https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_records_create.htm
    """
    body = {"apiName": field_name(object_name), "fields": dict(fields), "allowSaveOnDuplicate": allow_duplicates}
    return _written(client.post("ui-api/records", body))


def update(
    client: SalesforceClient,
    record_id: str,
    fields: Mapping[str, Any],
    *,
    modified: str = "",
    allow_duplicates: bool = False,
) -> Record:
    """Changes a record. `modified`: its LastModifiedDate as it was read; Conflict where it was changed after that.

    The header's name differs between the reference and Salesforce's own client (If-Modified-Since there,
    If-Unmodified-Since here): both are sent, and mean the same.
    https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_record_patch.htm
    """
    body = {"fields": dict(fields), "allowSaveOnDuplicate": allow_duplicates}
    headers = {"If-Modified-Since": modified, "If-Unmodified-Since": modified} if modified else {}
    return _written(client.patch(f"ui-api/records/{record_id}", body, headers=headers))


def _quoted(e_tag: str) -> str:
    """The tag of a body as the header names it."""
    return f'"{e_tag}"' if e_tag else ""


def _read(model: type[WireT], answer: Any) -> WireT:
    try:
        return model.model_validate(answer)
    except ValidationError:
        raise errors.Unavailable("Salesforce's answer could not be read.", code="UNREADABLE") from None


def _written(answer: Any) -> Record:
    try:
        return Record.model_validate(answer)
    except ValidationError:
        # It was taken; only what it looks like now is not known.
        raise errors.Ambiguous("Salesforce's answer could not be read.", code="UNREADABLE") from None
