"""The REST API over HTTP: access tokens, bodies, multipart uploads, and the table of resources.

`POST /_sandbox/org` changes what an administrator of a real org would change in its setup.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.salesforce import api, collections, composite, queries, recent, resources, setup
from sandbox.salesforce.api import Answer, Call, resource
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.files import StoredFile
from sandbox.salesforce.store import Org
from sandbox.salesforce.uiapi import resources as uiapi

MAX_URI = 16 * 1024
_METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]


class TokenHolder(Protocol):
    """What the REST API needs of the tokens that the login host gave out."""

    def user_id_for(self, access_token: str) -> str | None: ...


def _run(call: Call) -> Answer:
    return api.dispatch(RESOURCES, call)


_O = r"sobjects/(\w+)"
RESOURCES = (
    resource("", GET=resources.index),
    resource("limits", GET=resources.limits),
    resource("sobjects", GET=resources.describe_global),
    resource("query", GET=queries.query),
    resource("queryAll", GET=queries.query_all),
    resource("(?:query|queryAll)/([^/]+)", GET=queries.more),
    resource("recent", GET=recent.recent),
    resource("search", GET=queries.search),
    resource("search/suggestions", GET=queries.suggestions),
    resource("parameterizedSearch", GET=queries.parameterized_search, POST=queries.parameterized_search),
    resource("composite", POST=partial(composite.composite, run=_run)),
    resource("composite/graph", POST=partial(composite.graph, run=_run)),
    resource("composite/batch", POST=partial(composite.batch, run=_run)),
    resource("composite/sobjects", POST=collections.create, PATCH=collections.update, DELETE=collections.delete),
    resource(r"composite/sobjects/(\w+)", GET=collections.read, POST=collections.read),
    resource(r"composite/sobjects/(\w+)/(\w+)", PATCH=collections.upsert_all),
    resource(_O, GET=resources.basic, POST=resources.create),
    resource(f"{_O}/describe", GET=resources.describe),
    resource(f"{_O}/updated", GET=resources.updated),
    resource(f"{_O}/deleted", GET=resources.deleted),
    resource(f"{_O}/(\\w+)", GET=resources.read, PATCH=resources.update, DELETE=resources.delete),
    resource(f"{_O}/(\\w+)/(VersionData)", GET=resources.blob),
    resource(
        f"{_O}/(\\w+)/([^/]+)",
        GET=resources.read_external,
        PATCH=resources.upsert,
        DELETE=resources.delete_external,
    ),
    *uiapi.RESOURCES,
)


def routes(org: Org, tokens: TokenHolder) -> list[BaseRoute]:
    """The routes of the REST API of one org."""

    async def serve(request: Request) -> Response:
        try:
            answer = await _serve(org, tokens, request)
        except SalesforceError as error:
            answer = Answer(error.status, error.as_list())
        return _response(request, answer)

    async def change(request: Request) -> Response:
        try:
            return JSONResponse(setup.change(org, json.loads(await request.body())))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return [
        Route("/services/data", _versions, methods=["GET"]),
        Route("/services/data/", _versions, methods=["GET"]),
        Route("/services/data/{path:path}", serve, methods=_METHODS),
        Route("/_sandbox/org", change, methods=["POST"]),
    ]


async def _versions(request: Request) -> Response:
    return JSONResponse(
        [
            {"label": label, "url": f"/services/data/v{version}.0", "version": f"{version}.0"}
            for version, label in api.VERSIONS.items()
        ]
    )


async def _serve(org: Org, tokens: TokenHolder, request: Request) -> Answer:
    # The path as it was sent: what is quoted in it belongs to a value and separates nothing.
    address = (request.scope["raw_path"] + b"?" + request.scope["query_string"]).decode("latin-1")
    if len(address) > MAX_URI:
        raise SalesforceError("URI_TOO_LONG", "The URI is longer than the server takes")
    user_id = tokens.user_id_for(_bearer(request))
    if user_id is None:
        raise SalesforceError("INVALID_SESSION_ID", "Session expired or invalid")
    version, path, query = api.split(address)
    headers = {name.lower(): value for name, value in request.headers.items()}
    body, upload = await _body(org, request)
    method = request.method
    return _run(Call(org, user_id, version, method, path, query, headers, body, upload))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


async def _body(org: Org, request: Request) -> tuple[Any, StoredFile | None]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in ("GET", "HEAD", "DELETE"):
        return None, None
    if kind == "multipart/form-data":
        return await _multipart(org, request)
    raw = await request.body()
    if not raw:
        return None, None
    if kind != "application/json":
        raise SalesforceError("UNSUPPORTED_MEDIA_TYPE", f"Content type {kind or 'unknown'} is not supported")
    return _parse(raw), None


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise SalesforceError("JSON_PARSER_ERROR", f"{error} at [line:1, column:1]") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


async def _multipart(org: Org, request: Request) -> tuple[Any, StoredFile | None]:
    """The JSON part and the file part; the file goes to disk piece by piece."""
    async with request.form(max_files=1, max_fields=10) as form:
        entity: Any = None
        upload: StoredFile | None = None
        for _, part in form.multi_items():
            if isinstance(part, str):
                entity = _parse(part.encode()) if entity is None else entity
            elif part.content_type == "application/json" and entity is None:
                entity = _parse(await part.read())
            else:
                upload = org.files.keep(part.file)
    if entity is None or upload is None:
        raise SalesforceError("INVALID_MULTIPART_REQUEST", "A multipart request needs a JSON part and a binary part")
    return entity, upload


def _response(request: Request, answer: Answer) -> Response:
    if answer.file is not None:
        return FileResponse(answer.file, media_type="application/octet-stream", headers=answer.headers)
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    return JSONResponse(answer.body, status_code=answer.status, headers=answer.headers)
