"""Graph's attachment resources: list, get, raw content.

https://learn.microsoft.com/graph/api/attachment-get
"""

from __future__ import annotations

from starlette.responses import Response

from sandbox.microsoft import ids, odata
from sandbox.microsoft.errors import GraphError, malformed_id, not_found
from sandbox.microsoft.gate import GraphCall, json_answer, stream
from sandbox.microsoft.mailbox import StoredMessage
from sandbox.microsoft.mime import Part
from sandbox.microsoft.representation import attachment_json


def list_attachments(call: GraphCall) -> Response:
    params = call.request.query_params
    odata.allow(params, "$select", "$top", "$skip", "$count")
    select = odata.attachment_select(params.get("$select"))
    message = call.message()
    skip = odata.whole_number(params, "$skip", 0, 100_000) or 0
    size = odata.whole_number(params, "$top", 1, 1000) or 1000
    places = range(len(message.parts))[skip : skip + size]
    where = f"/messages('{call.request.path_params['message']}')/attachments"
    answer = {
        "@odata.context": call.context(where, select),
        "value": [attachment_json(message, place, call.form, select) for place in places],
    }
    if skip + size < len(message.parts):
        answer["@odata.nextLink"] = call.link(skip=str(skip + size))
    return json_answer(answer)


def get_attachment(call: GraphCall) -> Response:
    params = call.request.query_params
    odata.allow(params, "$select")
    select = odata.attachment_select(params.get("$select"))
    message = call.message()
    place = _place(call, message)
    where = f"/messages('{call.request.path_params['message']}')/attachments"
    answer = {"@odata.context": call.context(where, select, entity=True)}
    return json_answer(answer | attachment_json(message, place, call.form, select))


def get_content(call: GraphCall) -> Response:
    """The bytes of a file, the MIME of an item, streamed. A link to a cloud file has no content here."""
    odata.allow(call.request.query_params)
    message = call.message()
    part: Part = message.parts[_place(call, message)]
    if part.kind == "reference":
        raise GraphError(405, "ErrorInvalidOperation", "The raw contents of a reference attachment are not available.")
    media_type = "text/plain" if part.kind == "item" else part.content_type
    return stream(part.chunks(), media_type)


def _place(call: GraphCall, message: StoredMessage) -> int:
    wanted = call.request.path_params["attachment"]
    for place in range(len(message.parts)):
        if wanted in (
            ids.attachment_id(message.default_id, place),
            ids.attachment_id(message.immutable_id, place),
        ):
            return place
    raise not_found() if ids.is_well_formed(wanted) else malformed_id()
