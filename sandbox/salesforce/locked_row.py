"""``UNABLE_TO_LOCK_ROW`` as each of Salesforce's write resources tells it.

A single write is refused whole. A composite or a collection is refused whole only with ``allOrNone``; otherwise its
first write fails, what refers to it is halted, and the rest goes on.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite_post.htm
"""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.gate import Exchange

_MESSAGE = "unable to obtain exclusive access to this record"
_LOCKED = {"message": _MESSAGE, "errorCode": "UNABLE_TO_LOCK_ROW", "fields": []}
_HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction failed.",
}
_REFERENCE = re.compile(r"@\{(\w+)")


async def locked_row(path: str, exchange: Exchange) -> Response:
    """The answer to a write that finds its row locked."""
    resource = path.partition("?")[0].rstrip("/")
    if resource.endswith(("/composite", "/composite/graph", "/composite/sobjects")):
        given = _json(await exchange.body())
        if resource.endswith("/composite"):
            return await _composite(given, exchange)
        if resource.endswith("/graph"):
            return _graphs(given)
        if exchange.method != "DELETE":
            return await _collection(given, exchange)
    if "/ui-api/records" in resource:
        return JSONResponse(_locked_page(), status_code=400)
    return JSONResponse([_LOCKED], status_code=400)


def _locked_page() -> dict[str, Any]:
    """How the User Interface API tells it."""
    empty = dict.fromkeys(("constituentField", "duplicateRecordError", "field", "fieldLabel"))
    error = {**empty, "errorCode": "UNABLE_TO_LOCK_ROW", "message": _MESSAGE}
    return {
        "enhancedErrorType": "RecordError",
        "message": "An error occurred while trying to update the record. Please try again.",
        "output": {"errors": [error], "fieldErrors": {}},
        "statusCode": 400,
    }


async def _composite(given: Any, exchange: Exchange) -> Response:
    requests = _requests(given)
    locked = next((number for number, request in enumerate(requests) if _writes(request)), None)
    if locked is None:
        return await exchange.answer()
    if given.get("allOrNone") is True:
        answers = [
            _sub_answer(request, _LOCKED if number == locked else _HALTED) for number, request in enumerate(requests)
        ]
        return JSONResponse({"compositeResponse": answers})
    failed = {str(requests[locked].get("referenceId"))}
    fates: list[dict[str, Any] | None] = []
    for number, request in enumerate(requests):
        if number == locked:
            fates.append(_sub_answer(request, _LOCKED))
            continue
        broken = next((name for name in _REFERENCE.findall(json.dumps(request)) if name in failed), None)
        if broken is None:
            fates.append(None)
            continue
        failed.add(str(request.get("referenceId")))
        message = f"Invalid reference specified. No value for {broken} found"
        fates.append(_sub_answer(request, {"errorCode": "PROCESSING_HALTED", "message": message}))
    rest = [request for request, fate in zip(requests, fates, strict=True) if fate is None]
    others: list[dict[str, Any]] = []
    if rest:
        status, _, body = await exchange.captured(json.dumps({**given, "compositeRequest": rest}).encode())
        if status != 200:
            return Response(body, status_code=status, media_type="application/json")
        others = json.loads(body)["compositeResponse"]
    following = iter(others)
    return JSONResponse({"compositeResponse": [fate or next(following) for fate in fates]})


def _graphs(given: Any) -> Response:
    graphs = given.get("graphs", []) if isinstance(given, dict) else []
    answers = []
    for graph in graphs:
        requests = _requests(graph)
        locked = next((number for number, request in enumerate(requests) if _writes(request)), 0)
        nodes = [
            _sub_answer(request, _LOCKED if number == locked else _HALTED) for number, request in enumerate(requests)
        ]
        answers.append(
            {
                "graphId": graph.get("graphId"),
                "graphResponse": {"compositeResponse": nodes},
                "isSuccessful": False,
            }
        )
    return JSONResponse({"graphs": answers})


async def _collection(given: Any, exchange: Exchange) -> Response:
    records = given.get("records", []) if isinstance(given, dict) else []
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": _MESSAGE, "fields": []}]}
    if not records:
        return await exchange.answer()
    if given.get("allOrNone") is True:
        message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
        error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
        return JSONResponse([locked, *({"success": False, "errors": [error]} for _ in records[1:])])
    if not records[1:]:
        return JSONResponse([locked])
    status, _, body = await exchange.captured(json.dumps({**given, "records": records[1:]}).encode())
    if status != 200:
        return Response(body, status_code=status, media_type="application/json")
    return JSONResponse([locked, *json.loads(body)])


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _requests(given: Any) -> list[dict[str, Any]]:
    found = given.get("compositeRequest", []) if isinstance(given, dict) else []
    return [request for request in found if isinstance(request, dict)] if isinstance(found, list) else []


def _writes(request: dict[str, Any]) -> bool:
    return str(request.get("method", "")).upper() in ("POST", "PATCH", "PUT", "DELETE")


def _sub_answer(request: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    return {
        "body": [error],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": request.get("referenceId"),
    }
