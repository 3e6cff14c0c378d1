"""Graph's message resources: list, get, MIME, change, move, remove, delta.

https://learn.microsoft.com/graph/api/resources/message
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.microsoft import delta, ids, odata, search
from sandbox.microsoft.errors import access_denied, bad_request, conflict, sync_state_not_found
from sandbox.microsoft.gate import GraphCall, json_answer, stream
from sandbox.microsoft.mailbox import Folder, StoredMessage
from sandbox.microsoft.mime import stream_mime
from sandbox.microsoft.odata import Expand
from sandbox.microsoft.representation import (
    MESSAGE_PROPERTIES,
    Json,
    attachment_json,
    extended_property,
    message_json,
)

_PAGE = 10
_DELTA_PAGE = 10
_LARGEST_DELTA_PAGE = 200
# Changing these on mail that is no draft needs a permission that nobody here has.
_CONTENT = frozenset(
    ("subject", "body", "uniqueBody", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "from", "sender")
)
_FLAG_STATES = ("notFlagged", "complete", "flagged")


def row(call: GraphCall, message: StoredMessage, select: tuple[str, ...] | None, expand: Expand) -> Json:
    """A message with what was asked to be expanded."""
    answer = message_json(message, call.form, select)
    if expand.attachments is not None:
        chosen = expand.attachments or None
        answer["attachments"] = [
            attachment_json(message, place, call.form, chosen) for place in range(len(message.parts))
        ]
    found = [extended_property(message, name) for name in expand.extended]
    known = [value for value in found if value is not None]
    if known:
        answer["singleValueExtendedProperties"] = known
    return answer


def list_messages(call: GraphCall) -> Response:
    if "$search" in call.request.query_params:
        return _search(call)
    query = odata.message_query(call.request.query_params)
    in_folder = "folder" in call.request.path_params
    held = _found(call, query, call.folder() if in_folder else None)
    size = query.top or call.max_page or _PAGE
    shown = held[query.skip : query.skip + size]
    where = f"/mailFolders('{call.request.path_params['folder']}')/messages" if in_folder else "/messages"
    answer: Json = {"@odata.context": call.context(where, query.select)}
    if query.count:
        answer["@odata.count"] = len(held)
    answer["value"] = [row(call, message, query.select, query.expand) for message in shown]
    if query.skip + size < len(held):
        answer["@odata.nextLink"] = call.link(skip=str(query.skip + size))
    return json_answer(answer)


def _search(call: GraphCall) -> Response:
    """The newest that have the words, at most a thousand, in pages that only their own links name."""
    params = call.request.query_params
    search.check(params)
    odata.allow(params, "$search", "$select", "$expand", "$top", "$skiptoken")
    select, expand = odata.message_select(params.get("$select")), odata.message_expand(params.get("$expand"))
    size = odata.whole_number(params, "$top", 1, 1000) or call.max_page or _PAGE
    place = params.get("$skiptoken", "0")
    if not place.isdigit():
        raise bad_request("The skip token is not valid.", "ErrorInvalidUrlQuery")
    start = int(place)
    folder = call.folder() if "folder" in call.request.path_params else None
    fits = search.matcher(params["$search"])
    wanted = min(start + size, search.MOST)
    found = list(islice((one for one in call.mailbox.newest_first(folder) if fits(one)), wanted + 1))
    where = f"/mailFolders('{call.request.path_params['folder']}')/messages" if folder else "/messages"
    answer: Json = {"@odata.context": call.context(where, select)}
    answer["value"] = [row(call, message, select, expand) for message in found[start:wanted]]
    if len(found) > wanted and wanted < search.MOST:
        answer["@odata.nextLink"] = call.link(skiptoken=str(wanted))
    return json_answer(answer)


def _found(call: GraphCall, query: odata.Query, folder: Folder | None) -> list[StoredMessage]:
    """What the options ask for, in order. Look-ups by Message-ID or thread do not pass the whole mailbox."""
    mailbox = call.mailbox
    if query.narrowed is None:
        held = mailbox.newest_first(folder)
        held = [message for message in held if all(test(message) for test in query.tests)] if query.tests else held
    else:
        held = [message for message in query.narrowed(mailbox) if all(test(message) for test in query.tests)]
        held = [message for message in held if folder is None or message.folder_id == folder.id]
        held.sort(key=lambda message: (message.received, message.serial), reverse=True)
    for read, descending in reversed(query.order):
        held = sorted(held, key=read, reverse=descending)
    return held


def get_message(call: GraphCall) -> Response:
    params = call.request.query_params
    odata.allow(params, "$select", "$expand")
    select, expand = odata.message_select(params.get("$select")), odata.message_expand(params.get("$expand"))
    return _entity(call, call.message(), select, expand)


def _entity(
    call: GraphCall,
    message: StoredMessage,
    select: tuple[str, ...] | None = None,
    expand: Expand | None = None,
    status: int = 200,
) -> JSONResponse:
    answer: Json = {"@odata.context": call.context("/messages", select, entity=True)}
    answer |= row(call, message, select, expand or Expand())
    return json_answer(answer, status, {"etag": message.etag})


def get_mime(call: GraphCall) -> Response:
    """The message as RFC 5322 text, streamed. https://learn.microsoft.com/graph/outlook-get-mime-message"""
    odata.allow(call.request.query_params)
    message = call.message()
    return stream(stream_mime(message.mime, message.big), "text/plain")


def patch_message(call: GraphCall) -> Response:
    """Categories, flag and read state; everything else of a message stays as it came."""
    odata.allow(call.request.query_params)
    message = call.message()
    _check_match(call, message)
    changes = _object(call)
    fields = tuple(name for name in changes if not name.startswith("@odata."))
    for name in fields:
        if name in _CONTENT and not message.is_draft:
            raise access_denied()
        if name not in MESSAGE_PROPERTIES:
            text = f"The property '{name}' does not exist on type 'microsoft.graph.message'."
            raise bad_request(f"{text} Make sure to only use property names that are defined by the type.")
        if name not in ("categories", "flag", "isRead"):
            raise bad_request(f"The property '{name}' is read-only and can't be set.", "ErrorInvalidPropertySet")
    values = {name: _checked(name, changes[name]) for name in fields}
    for name, value in values.items():
        setattr(message, {"isRead": "is_read"}.get(name, name), value)
    if fields:
        call.mailbox.update(message, fields, call.tenant.clock.now())
    return _entity(call, message)


def _checked(name: str, value: Any) -> Any:
    if name == "isRead":
        if not isinstance(value, bool):
            raise bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Boolean'.")
        return value
    if name == "categories":
        if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
            raise bad_request("The value of 'categories' is a collection of texts.")
        if any("," in text or len(text) > 255 for text in value):
            raise bad_request("A category holds no comma and at most 255 characters.", "ErrorInvalidArgument")
        return list(dict.fromkeys(value))
    if not isinstance(value, dict) or value.get("flagStatus") not in _FLAG_STATES:
        raise bad_request("The value of 'flag' names its 'flagStatus'.")
    unknown = set(value) - {"flagStatus", "startDateTime", "dueDateTime", "completedDateTime"}
    if unknown:
        raise bad_request(f"The property '{min(unknown)}' does not exist on type 'microsoft.graph.followupFlag'.")
    return value


def move_message(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    body = _object(call)
    destination = body.get("destinationId")
    if not isinstance(destination, str) or set(body) != {"destinationId"}:
        raise bad_request("The action takes the parameter 'destinationId'.", "ErrorInvalidParameter")
    message, folder = call.message(), call.folder(destination)
    call.mailbox.move(message, folder, call.tenant.clock.now())
    return _entity(call, message, status=201)


def delete_message(call: GraphCall) -> Response:
    odata.allow(call.request.query_params)
    message = call.message()
    _check_match(call, message)
    call.mailbox.remove(message)
    return Response(status_code=204)


def _check_match(call: GraphCall, message: StoredMessage) -> None:
    wanted = call.request.headers.get("if-match")
    if wanted is not None and wanted.strip() not in ("*", message.etag):
        raise conflict()


def _object(call: GraphCall) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise bad_request("Empty Payload. JSON content expected.")
    return call.body


def message_delta(call: GraphCall) -> Response:
    """One page of a delta round over a folder's messages."""
    folder, mailbox = call.folder(), call.mailbox
    state = _round(call, folder.id)
    size = min(call.max_page or state.page or _DELTA_PAGE, _LARGEST_DELTA_PAGE)
    rows, after, is_over = delta.page(mailbox, state, size)
    expand = Expand(extended=state.extended)
    value = [_delta_row(call, found, state.select, expand) for found in rows]
    where = f"/mailFolders('{call.request.path_params['folder']}')/messages"
    base = f"{call.base}{_collection_path(call)}"
    answer: Json = {"@odata.context": f"{call.context(where, state.select)}/$delta", "value": value}
    if is_over:
        answer["@odata.deltaLink"] = f"{base}?$deltatoken={delta.seal(after)}"
    else:
        answer["@odata.nextLink"] = f"{base}?$skiptoken={delta.seal(after)}"
    return json_answer(answer)


def _collection_path(call: GraphCall) -> str:
    return call.request.url.path.removeprefix("/v1.0")


def token_round(call: GraphCall, collection: str) -> delta.Round | None:
    """The round of a `$skiptoken` or `$deltatoken`, or None where the call has neither."""
    params = call.request.query_params
    skip, since = params.get("$skiptoken"), params.get("$deltatoken")
    if skip is None and since is None:
        return None
    odata.allow(params, "$skiptoken" if since is None else "$deltatoken")
    state = delta.unseal(skip or since or "", call.mailbox, collection)
    if (state.after is None) != (since is not None):
        raise sync_state_not_found()
    return state if since is None else delta.begin(call.mailbox, state)


def _round(call: GraphCall, folder_id: str) -> delta.Round:
    known = token_round(call, folder_id)
    if known:
        return known
    params = call.request.query_params
    query = odata.message_query(params, "changeType")
    if query.skip or query.count or query.expand.attachments is not None:
        raise bad_request("A delta query takes $select, $filter, $orderby, $top and $expand of extended properties.")
    if params.get("$orderby") not in (None, "receivedDateTime desc"):
        raise bad_request("A delta query can be sorted by 'receivedDateTime desc' only.", "ErrorInvalidUrlQuery")
    kinds = params.get("changeType")
    if kinds not in (None, "created", "updated", "deleted"):
        raise bad_request(f"Invalid value '{kinds}' for changeType.")
    not_before, strictly = _window(params.get("$filter"))
    return delta.Round(
        mailbox=call.mailbox.oid,
        folder=folder_id,
        generation=call.mailbox.generation,
        since=None,
        upto=call.mailbox.sequence,
        select=query.select,
        extended=query.expand.extended,
        not_before=not_before,
        strictly=strictly,
        kinds=kinds,
        page=query.top,
    )


def _window(raw: str | None) -> tuple[str | None, bool]:
    """`receivedDateTime ge|gt {instant}` is the one filter that a delta query takes."""
    if raw is None:
        return None, False
    words = raw.split()
    if len(words) != 3 or words[0] != "receivedDateTime" or words[1] not in ("ge", "gt"):
        raise bad_request("Change tracking supports the filter receivedDateTime ge or gt only.", "ErrorInvalidUrlQuery")
    return odata.instant(words[2]).isoformat(), words[1] == "gt"


def _delta_row(call: GraphCall, found: delta.Row, select: tuple[str, ...] | None, expand: Expand) -> Json:
    if found.removed:
        identifier = found.removed[1] if call.form.immutable else found.removed[0]
        return {
            "@odata.type": "#microsoft.graph.message",
            "id": identifier,
            "@removed": {"reason": "deleted"},
        }
    message = call.mailbox.messages[found.serial]
    if found.fields is None:
        return row(call, message, select, expand)
    # An update brings what it touched and no more, and of that only what was selected.
    touched = tuple(name for name in found.fields if select is None or name in select)
    return message_json(message, call.form, touched)


def translate_ids(call: GraphCall) -> Response:
    """https://learn.microsoft.com/graph/api/user-translateexchangeids"""
    odata.allow(call.request.query_params)
    body = _object(call)
    lowered = {name[:1].lower() + name[1:]: value for name, value in body.items()}
    inputs, source, target = (lowered.get(name) for name in ("inputIds", "sourceIdType", "targetIdType"))
    if set(lowered) - {"inputIds", "sourceIdType", "targetIdType"} or not isinstance(inputs, list):
        raise bad_request("The action takes 'inputIds', 'sourceIdType' and 'targetIdType'.")
    if len(inputs) > 1000:
        raise bad_request("The number of ids exceeds the maximum of 1000.", "ErrorInvalidRequest")
    known = ("restId", "restImmutableEntryId", "ewsId")
    if source not in known or target not in known:
        raise bad_request("The sandbox translates restId, restImmutableEntryId and ewsId.", "ErrorInvalidRequest")
    value = [_translated(call, str(identifier), str(source), str(target)) for identifier in inputs]
    context = f"{call.base}/$metadata#Collection(microsoft.graph.convertIdResult)"
    return json_answer({"@odata.context": context, "value": value})


def _translated(call: GraphCall, identifier: str, source: str, target: str) -> Json:
    message = call.mailbox.message(ids.from_ews(identifier) if source == "ewsId" else identifier)
    if message is None:
        details = {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}
        if ids.is_well_formed(ids.from_ews(identifier)):
            details = {"code": "ErrorItemNotFound", "message": "The specified object was not found in the store."}
        return {"sourceId": identifier, "errorDetails": details}
    translated = message.immutable_id if target == "restImmutableEntryId" else message.default_id
    return {"sourceId": identifier, "targetId": ids.to_ews(translated) if target == "ewsId" else translated}
