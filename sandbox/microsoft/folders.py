"""Graph's mail folder resources: list, get, make, rename, delta.

https://learn.microsoft.com/graph/api/resources/mailfolder
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from sandbox.microsoft import delta, odata
from sandbox.microsoft.errors import GraphError, bad_request
from sandbox.microsoft.gate import GraphCall, json_answer
from sandbox.microsoft.messages import token_round
from sandbox.microsoft.representation import FOLDER_PROPERTIES, Json, folder_json

_PAGE = 10


def list_folders(call: GraphCall) -> Response:
    """The folders under the root, or under the folder of the path."""
    params = call.request.query_params
    odata.allow(params, "$select", "$top", "$skip", "$count", "includeHiddenFolders")
    select = odata.names(params.get("$select"), FOLDER_PROPERTIES, "mailFolder")
    mailbox = call.mailbox
    within = "folder" in call.request.path_params
    parent = call.folder().id if within else mailbox.root.id
    hidden = params.get("includeHiddenFolders")
    if hidden not in (None, "true", "false"):
        raise bad_request(f"Invalid value '{hidden}' for includeHiddenFolders.")
    found = mailbox.children(parent, hidden=hidden == "true")
    skip = odata.whole_number(params, "$skip", 0, 100_000) or 0
    size = odata.whole_number(params, "$top", 1, 1000) or call.max_page or _PAGE
    where = f"/mailFolders('{call.request.path_params['folder']}')/childFolders" if within else "/mailFolders"
    answer: Json = {"@odata.context": call.context(where, select)}
    if params.get("$count") == "true":
        answer["@odata.count"] = len(found)
    answer["value"] = [folder_json(mailbox, folder, select) for folder in found[skip : skip + size]]
    if skip + size < len(found):
        answer["@odata.nextLink"] = call.link(skip=str(skip + size))
    return json_answer(answer)


def get_folder(call: GraphCall) -> Response:
    params = call.request.query_params
    odata.allow(params, "$select")
    select = odata.names(params.get("$select"), FOLDER_PROPERTIES, "mailFolder")
    answer = {"@odata.context": call.context("/mailFolders", select, entity=True)}
    return json_answer(answer | folder_json(call.mailbox, call.folder(), select))


def make_folder(call: GraphCall) -> Response:
    name = _name(call, "displayName", "isHidden")
    is_hidden = call.body.get("isHidden", False)
    if not isinstance(is_hidden, bool):
        raise bad_request("The value of 'isHidden' is a Boolean.")
    mailbox = call.mailbox
    parent = call.folder() if "folder" in call.request.path_params else mailbox.root
    try:
        folder = mailbox.add_folder(name, parent.id, is_hidden=is_hidden)
    except ValueError as error:
        raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.") from error
    answer = {"@odata.context": call.context("/mailFolders", entity=True)}
    return json_answer(answer | folder_json(mailbox, folder), 201)


def rename_folder(call: GraphCall) -> Response:
    """A well-known folder keeps its name."""
    odata.allow(call.request.query_params)
    name, folder = _name(call, "displayName"), call.folder()
    if folder.well_known:
        raise GraphError(403, "ErrorAccessDenied", "Distinguished folders cannot be renamed.")
    try:
        call.mailbox.rename_folder(folder, name)
    except ValueError as error:
        raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.") from error
    answer = {"@odata.context": call.context("/mailFolders", entity=True)}
    return json_answer(answer | folder_json(call.mailbox, folder))


def _name(call: GraphCall, *known: str) -> str:
    body = call.body
    name = body.get("displayName") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name.strip() or set(body) - set(known):
        raise bad_request("A folder has a 'displayName'.")
    return name


def folder_delta(call: GraphCall) -> Response:
    """One page of a delta round over all folders; a folder whose counts changed comes again."""
    mailbox = call.mailbox
    state = token_round(call, "folders")
    if state is None:
        params = call.request.query_params
        odata.allow(params, "$select")
        state = delta.Round(
            mailbox=mailbox.oid,
            folder="folders",
            generation=mailbox.generation,
            since=None,
            upto=mailbox.sequence,
            select=odata.names(params.get("$select"), FOLDER_PROPERTIES, "mailFolder"),
        )
    found = delta.changed_folders(mailbox, state)
    size = call.max_page or 100
    shown = found[:size]
    answer: Json = {
        "@odata.context": f"{call.context('/mailFolders', state.select)}/$delta",
        "value": [folder_json(mailbox, folder, state.select) for folder in shown],
    }
    base = f"{call.base}{call.request.url.path.removeprefix('/v1.0')}"
    if len(found) > size:
        answer["@odata.nextLink"] = f"{base}?$skiptoken={delta.seal(replace(state, after=shown[-1].changed))}"
    else:
        over = replace(state, since=state.upto, after=None)
        answer["@odata.deltaLink"] = f"{base}?$deltatoken={delta.seal(over)}"
    return json_answer(answer)
