"""Files on a record: one streamed call to store one, and what is needed to store the same content once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import BinaryIO, TypeGuard

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.salesforce import limits, soql
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.multipart import MultipartFile, blocks_of
from sync.providers.salesforce.wire import FileLinkRecord, read

_VERSION_PREFIX = "068"
_TITLE, _PATH, _SUFFIX = 255, 500, 40


def attach_file(
    client: SalesforceClient,
    *,
    record_id: str,
    name: str,
    stream: Iterable[bytes] | BinaryIO,
    size: int,
    content_type: str,
) -> str:
    """Stores a file of exactly `size` bytes and puts it on a record, in one call; gives the id of its ContentVersion.

    The answer of Salesforce holds no more; `document_ids` and `link_file` find the document. A token that was rejected
    is renewed and the file sent again where `stream` can be read from its beginning; otherwise `Unavailable` (code
    STREAM_SPENT): nothing was stored, and a fresh stream will do. No answer is `Ambiguous`: ask `find_file`.
    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_insert_update_blob.htm
    """
    entity = {
        "Title": limits.line_within(PurePosixPath(name).stem or name, _TITLE),
        "PathOnClient": _short_path(name),
        "FirstPublishLocationId": record_id,
    }
    start = stream.tell() if _seekable(stream) else 0
    attempts = 0

    def body() -> MultipartFile:
        nonlocal attempts
        attempts += 1
        if attempts > 1:
            _rewind(stream, start)
        return MultipartFile(
            entity_part="entity_content",
            entity=entity,
            file_part="VersionData",
            file_name=entity["PathOnClient"],
            content_type=content_type or "application/octet-stream",
            blocks=blocks_of(stream),
            size=size,
        )

    answer = client.upload("sobjects/ContentVersion", body)
    version_id = answer.get("id") if isinstance(answer, dict) else None
    if not version_id:
        raise errors.Ambiguous(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
    return str(version_id)


def find_file(client: SalesforceClient, *, record_id: str, name: str, md5: str) -> str | None:
    """The ContentDocument on a record with this name and this MD5 (hex) of its latest version. One call."""
    wanted = _short_path(name)
    for link in read(FileLinkRecord, client.query(soql.files_of(record_id))):
        latest = link.document.latest if link.document else None
        if latest and latest.checksum.lower() == md5.lower() and latest.path == wanted:
            return link.document_id
    return None


def document_ids(client: SalesforceClient, version_ids: Iterable[str]) -> dict[str, str]:
    """The ContentDocument of each ContentVersion that this user may see. One call."""
    wanted = list(dict.fromkeys(version_ids))
    if not wanted:
        return {}
    return {row["Id"]: row["ContentDocumentId"] for row in client.query(soql.documents_of(wanted))}


def link_file(client: SalesforceClient, *, document_id: str, record_id: str) -> None:
    """Puts a stored file on a record too. Takes a ContentVersion's id as well, at the price of one more call.

    That it stands there already is fine. Raises `Gone` where the file was deleted or this user may not see it.
    https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contentdocumentlink.htm
    """
    if document_id.startswith(_VERSION_PREFIX):
        document_id = document_ids(client, [document_id]).get(document_id, "")
        if not document_id:
            raise errors.Gone(gettext_noop("The stored file is no longer there."), code="NOT_FOUND")
    body = {"ContentDocumentId": document_id, "LinkedEntityId": record_id, "ShareType": "V"}
    try:
        client.post("sobjects/ContentDocumentLink", body)
    except errors.Conflict as conflict:
        if conflict.code != "DUPLICATE_VALUE":
            raise


def unlink_file(client: SalesforceClient, *, document_id: str, record_id: str) -> None:
    """Takes a file from a record; the file itself stays with its owner. That it is not there is fine.

    Takes a ContentVersion's id as well, at the price of one more call.
    """
    if document_id.startswith(_VERSION_PREFIX):
        document_id = document_ids(client, [document_id]).get(document_id, "")
    if not document_id:
        return
    for row in client.query(soql.links_of(document_id, record_id)):
        try:
            client.delete("sobjects/ContentDocumentLink/" + str(row["Id"]))
        except errors.Gone:
            continue


def _seekable(stream: object) -> TypeGuard[BinaryIO]:
    seekable = getattr(stream, "seekable", None)
    return bool(seekable and seekable())


def _rewind(stream: Iterable[bytes] | BinaryIO, start: int) -> None:
    if _seekable(stream):
        stream.seek(start)
    elif iter(stream) is stream:
        raise errors.Unavailable(gettext_noop("The file has to be read anew."), code="STREAM_SPENT")


def _short_path(name: str) -> str:
    """At most 500 characters, the extension kept."""
    suffix = PurePosixPath(name).suffix[:_SUFFIX]
    return name if len(name) <= _PATH else name[: _PATH - len(suffix)] + suffix
