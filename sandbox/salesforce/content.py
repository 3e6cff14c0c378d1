"""Files: a ContentVersion makes its ContentDocument, its number, its checksum, and the links that share it.

Reference: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contentversion.htm
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from sandbox.salesforce.emails import DRAFT
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.files import StoredFile
from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.store import Org, Row

if TYPE_CHECKING:
    from sandbox.salesforce.records import Draft

# So much decoded content fits into a JSON body; more has to come as multipart.
MAX_BASE64 = 37 * 1024 * 1024
_TYPES = {"txt": "TEXT", "htm": "HTML", "jpeg": "JPG", "docx": "WORD_X", "xlsx": "EXCEL_X", "pptx": "POWER_POINT_X"}


def receive(draft: Draft) -> None:
    """Keep the content of a new ContentVersion and set what follows from it."""
    if draft.sobject.name != "ContentVersion" or draft.before is not None:
        return
    row = draft.row
    stored = draft.upload or decode(draft.org, row["VersionData"])
    if stored is None and row["ContentUrl"] is None:
        raise SalesforceError("REQUIRED_FIELD_MISSING", "Required fields are missing: [VersionData]", ["VersionData"])
    if stored is not None and row["PathOnClient"] is None:
        raise SalesforceError("REQUIRED_FIELD_MISSING", "Required fields are missing: [PathOnClient]", ["PathOnClient"])
    name = str(row["PathOnClient"] or row["ContentUrl"]).replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    row["Title"] = row["Title"] or (stem if dot and stem else name)[:255]
    row["FileExtension"] = extension.lower() if dot and stem else None
    row["FileType"] = _TYPES.get(row["FileExtension"] or "", (row["FileExtension"] or "UNKNOWN").upper())[:20]
    row["VersionData"] = stored
    row["ContentSize"] = stored.size if stored else 0
    row["Checksum"] = stored.checksum if stored else None
    row["ContentModifiedDate"] = draft.org.now()


def decode(org: Org, data: object) -> StoredFile | None:
    """Keep the base64 text of a JSON body; raises `SalesforceError` for another value or too much of it."""
    if data is None:
        return None
    if not isinstance(data, str):
        raise SalesforceError(
            "JSON_PARSER_ERROR", "Cannot deserialize instance of base64 from the value of VersionData"
        )
    if len(data) * 3 // 4 > MAX_BASE64:
        raise SalesforceError("STRING_TOO_LONG", "Version Data: data value too large", ["VersionData"], 413)
    try:
        return org.files.keep_base64(data)
    except (ValueError, binascii.Error):
        raise SalesforceError(
            "JSON_PARSER_ERROR", "Cannot deserialize instance of base64 from VALUE_STRING value of VersionData"
        ) from None


def check(draft: Draft) -> None:
    if draft.sobject.name == "ContentVersion" and draft.before is None:
        _place(draft)
    if draft.sobject.name == "ContentDocumentLink" and draft.before is None:
        row = draft.row
        check_link(draft.org, row["LinkedEntityId"])
        row["ShareType"] = row["ShareType"] or "V"
        row["Visibility"] = row["Visibility"] or "AllUsers"
        if _link(draft.org, row["ContentDocumentId"], row["LinkedEntityId"]) is not None:
            raise SalesforceError(
                "DUPLICATE_VALUE",
                "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
                [],
            )


def check_link(org: Org, entity_id: str | None) -> None:
    """Refuse a file for an email that is no draft any more, where the org is set up so."""
    email = org.get("EmailMessage", entity_id) if entity_id else None
    if email is not None and email["Status"] != DRAFT and org.email_links_locked:
        raise SalesforceError(
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "You can't create a link for Email Message when it's not in draft state.",
            ["LinkedEntityId"],
        )


def _link(org: Org, document_id: str, entity_id: str) -> Row | None:
    links = org.live("ContentDocumentLink", "ContentDocumentId", document_id)
    return next((row for row in links if row["LinkedEntityId"] == entity_id), None)


def _place(draft: Draft) -> None:
    """The document: a new one, or the one of which this is the next version."""
    org, row = draft.org, draft.row
    check_link(org, row["FirstPublishLocationId"])
    number = 1
    if row["ContentDocumentId"] is not None:
        if row["FirstPublishLocationId"] is not None:
            raise SalesforceError(
                "FIELD_INTEGRITY_EXCEPTION",
                "First Publish Location ID: cannot be set on a further version",
                ["FirstPublishLocationId"],
            )
        versions = org.live("ContentVersion", "ContentDocumentId", row["ContentDocumentId"])
        number += len(versions)
        for version in versions:
            if version["IsLatest"]:
                org.change(draft.sobject, version["Id"], {"IsLatest": False}, None)
    else:
        document = org.blank(OBJECTS["ContentDocument"])
        document.update(OwnerId=row["OwnerId"], PublishStatus="P")
        row["ContentDocumentId"] = org.insert(OBJECTS["ContentDocument"], document, draft.caller.user_id)
    row["IsLatest"], row["VersionNumber"], row["PublishStatus"] = True, str(number), "P"


def after_save(draft: Draft) -> None:
    org, row, user_id = draft.org, draft.row, draft.caller.user_id
    if draft.sobject.name == "ContentVersion":
        changes = {name: row[name] for name in ("Title", "ContentSize", "FileType", "FileExtension")}
        changes |= {"LatestPublishedVersionId": row["Id"], "ContentModifiedDate": row["ContentModifiedDate"]}
        if row["IsLatest"]:
            org.change(OBJECTS["ContentDocument"], row["ContentDocumentId"], changes, user_id)
        if draft.before is None:
            for entity_id, share in ((user_id, "I"), (row["FirstPublishLocationId"], "V")):
                if entity_id and _link(org, row["ContentDocumentId"], entity_id) is None:
                    _share(org, row["ContentDocumentId"], entity_id, share, user_id)
    if draft.sobject.name == "ContentDocumentLink":
        _mark_email(org, row["LinkedEntityId"])


def _share(org: Org, document_id: str, entity_id: str, share: str, user_id: str) -> None:
    link = org.blank(OBJECTS["ContentDocumentLink"])
    link.update(ContentDocumentId=document_id, LinkedEntityId=entity_id, ShareType=share, Visibility="AllUsers")
    org.insert(OBJECTS["ContentDocumentLink"], link, user_id)
    _mark_email(org, entity_id)


def _mark_email(org: Org, entity_id: str) -> None:
    email = org.get("EmailMessage", entity_id)
    if email is not None and not email["HasAttachment"]:
        org.change(OBJECTS["EmailMessage"], entity_id, {"HasAttachment": True}, None)
