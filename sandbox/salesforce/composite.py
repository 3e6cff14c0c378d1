"""/composite, /composite/graph and /composite/batch: several requests in one call.

```
 sub-requests in order ─► @{reference} put in ─► handler ─► answer kept under its reference
        └─ one fails ─┬─ allOrNone / graph: everything is taken back, the others read PROCESSING_HALTED
                      └─ otherwise: those that refer to it read PROCESSING_HALTED, the rest go on
```
Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sandbox.salesforce.api import Answer, Call, split
from sandbox.salesforce.errors import SalesforceError

MAX_REQUESTS = 25
MAX_QUERIES = 5
MAX_NODES = 500
MAX_GRAPHS = 75
_REFERENCE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_COUNTED = re.compile(r"(query|queryAll|composite/sobjects)(/|\?|\Z)", re.IGNORECASE)
_ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."

Run = Callable[[Call], Answer]


class _Halted(SalesforceError):
    def __init__(self, message: str) -> None:
        super().__init__("PROCESSING_HALTED", message)


class _RollBack(Exception):
    """Leaves the transaction with the answers that were made so far."""


@dataclass
class _Step:
    """One sub-request: its reference and, once it has run, its answer."""

    reference: str
    given: dict[str, Any]
    status: int = 0
    body: Any = None
    headers: dict[str, str] | None = None

    @property
    def failed(self) -> bool:
        return self.status >= 400

    def result(self) -> dict[str, Any]:
        return {
            "body": self.body,
            "httpHeaders": self.headers or {},
            "httpStatusCode": self.status,
            "referenceId": self.reference,
        }

    def halt(self, message: str) -> None:
        self.status, self.headers = 400, {}
        self.body = [{"errorCode": "PROCESSING_HALTED", "message": message}]


def _steps(requests: Any) -> list[_Step]:
    if not isinstance(requests, list) or not requests:
        raise SalesforceError("INVALID_INPUT", "compositeRequest must be a list of subrequests")
    steps: list[_Step] = []
    for given in requests:
        if not isinstance(given, dict) or not {"method", "url", "referenceId"} <= given.keys():
            raise SalesforceError("JSON_PARSER_ERROR", "A subrequest needs a method, a url and a referenceId")
        unknown = given.keys() - {"method", "url", "referenceId", "body", "httpHeaders"}
        if unknown:
            raise SalesforceError("JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}" in a subrequest')
        reference = given["referenceId"]
        if not isinstance(reference, str) or not _REFERENCE_ID.match(reference):
            raise SalesforceError("INVALID_INPUT", f"Provided referenceId ('{reference}') must be alphanumeric")
        if any(step.reference == reference for step in steps):
            raise SalesforceError("INVALID_INPUT", f"Duplicate referenceId provided: '{reference}'")
        steps.append(_Step(reference, given))
    return steps


def composite(call: Call, run: Run) -> Answer:
    body = _body(call, {"compositeRequest", "allOrNone", "collateSubrequests"})
    steps = _steps(body.get("compositeRequest"))
    if len(steps) > MAX_REQUESTS:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"The number of subrequests, {len(steps)}, exceeds the limit of {MAX_REQUESTS}"
        )
    counted = sum(bool(_COUNTED.match(_path(step))) for step in steps)
    if counted > MAX_QUERIES:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"The number of query and collection subrequests exceeds the limit of {MAX_QUERIES}"
        )
    _run_all(call, run, steps, all_or_none=body.get("allOrNone") is True)
    return Answer(200, {"compositeResponse": [step.result() for step in steps]})


def graph(call: Call, run: Run) -> Answer:
    graphs = _body(call, {"graphs"}).get("graphs")
    if not isinstance(graphs, list) or not graphs:
        raise SalesforceError("INVALID_INPUT", "graphs must be a list")
    if len(graphs) > MAX_GRAPHS:
        raise SalesforceError("LIMIT_EXCEEDED", f"A request takes at most {MAX_GRAPHS} graphs")
    prepared: list[tuple[str, list[_Step]]] = []
    for given in graphs:
        if not isinstance(given, dict) or not isinstance(given.get("graphId"), str):
            raise SalesforceError("JSON_PARSER_ERROR", "A graph needs a graphId and a compositeRequest")
        prepared.append((given["graphId"], _steps(given.get("compositeRequest"))))
    if len({graph_id for graph_id, _ in prepared}) < len(prepared):
        raise SalesforceError("INVALID_INPUT", "Duplicate graphId")
    if sum(len(steps) for _, steps in prepared) > MAX_NODES:
        raise SalesforceError("LIMIT_EXCEEDED", f"A request takes at most {MAX_NODES} nodes")
    results = []
    for graph_id, steps in prepared:
        for step in steps:
            if _COUNTED.match(_path(step)) or not _path(step).lower().startswith("sobjects/"):
                raise SalesforceError("INVALID_INPUT", f"A graph does not take the resource {step.given['url']}")
        _run_all(call, run, steps, all_or_none=True)
        results.append(
            {
                "graphId": graph_id,
                "graphResponse": {"compositeResponse": [step.result() for step in steps]},
                "isSuccessful": not any(step.failed for step in steps),
            }
        )
    return Answer(200, {"graphs": results})


def _path(step: _Step) -> str:
    return re.sub(r"\A/services/data/v\d+\.0/", "", str(step.given["url"]))


def _body(call: Call, known: set[str]) -> dict[str, Any]:
    body = call.record_body()
    unknown = body.keys() - known
    if unknown:
        raise SalesforceError("JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}"')
    return body


def _run_all(call: Call, run: Run, steps: list[_Step], *, all_or_none: bool) -> None:
    if not all_or_none:
        for step in steps:
            _run_one(call, run, step, steps)
        return
    try:
        with call.org.transaction():
            for step in steps:
                _run_one(call, run, step, steps)
                if step.failed:
                    raise _RollBack
    except _RollBack:
        guilty = next(step for step in steps if step.failed)
        for step in steps:
            if step is not guilty:
                step.halt(_ROLLED_BACK)


def _run_one(call: Call, run: Run, step: _Step, steps: list[_Step]) -> None:
    done = {other.reference: other for other in steps if other.status}
    try:
        url = _resolve_url(str(step.given["url"]), done)
        body = _resolve(step.given.get("body"), done)
        headers = _headers(_resolve(step.given.get("httpHeaders"), done))
        version, path, query = split(url)
        # Composites are documented for sObject, query and collection resources; pages have batches of their own.
        if path.lower() == "composite" or path.lower().startswith(("composite/batch", "composite/graph", "ui-api")):
            raise SalesforceError("INVALID_INPUT", f"A subrequest cannot be {url}")
        sub = replace(call, method=str(step.given["method"]).upper(), version=version, path=path, query=query)
        answer = run(replace(sub, headers={**call.headers, **headers}, body=body, inside=True))
    except SalesforceError as error:
        answer = Answer(error.status, error.as_list())
    step.status, step.body, step.headers = answer.status, answer.body, answer.headers


def _headers(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise SalesforceError("JSON_PARSER_ERROR", "httpHeaders must be an object")
    return {name.lower(): str(value) for name, value in given.items()}


def _lookup(match: re.Match[str], done: dict[str, _Step]) -> Any:
    """The value that `@{reference.path}` names; halts the sub-request where there is none."""
    whole, reference, path = match[0], match[1], match[2]
    step = done.get(reference)
    if step is None:
        raise _Halted(f"Invalid reference specified. No value for {reference} found in the request: {whole}")
    value = step.body
    for part in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", path):
        value = _inside(value, part[0], part[1])
        if value is None or step.failed:
            raise _Halted(f"Invalid reference specified. No value for {whole[2:-1]} found in {reference}")
    return value


def _inside(value: Any, name: str, place: str) -> Any:
    if place:
        return value[int(place)] if isinstance(value, list) and int(place) < len(value) else None
    if not isinstance(value, dict):
        return None
    return next((found for key, found in value.items() if key.casefold() == name.casefold()), None)


def _resolve(value: Any, done: dict[str, _Step]) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(inner, done) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolve(inner, done) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _lookup(whole, done)
    return _REFERENCE.sub(lambda match: str(_lookup(match, done)), value)


def _resolve_url(url: str, done: dict[str, _Step]) -> str:
    return _REFERENCE.sub(lambda match: quote(str(_lookup(match, done)), safe=""), url)


def batch(call: Call, run: Run) -> Answer:
    body = _body(call, {"batchRequests", "haltOnError"})
    requests = body.get("batchRequests")
    if not isinstance(requests, list) or not requests:
        raise SalesforceError("INVALID_INPUT", "batchRequests must be a list")
    if len(requests) > MAX_REQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"A batch takes at most {MAX_REQUESTS} requests")
    results: list[dict[str, Any]] = []
    halted = False
    for given in requests:
        if halted:
            message = "Batch request aborted per caller request"
            results.append(
                {"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]}
            )
            continue
        answer = _run_batched(call, run, given)
        results.append({"statusCode": answer.status, "result": answer.body})
        halted = body.get("haltOnError") is True and answer.status >= 400
    return Answer(200, {"hasErrors": any(r["statusCode"] >= 400 for r in results), "results": results})


def _run_batched(call: Call, run: Run, given: Any) -> Answer:
    if not isinstance(given, dict) or not {"method", "url"} <= given.keys():
        raise SalesforceError("JSON_PARSER_ERROR", "A request of a batch needs a method and a url")
    try:
        address = "/" + str(given["url"]).lstrip("/")
        address = address if address.startswith("/services/") else f"/services/data{address}"
        version, path, query = split(address)
        if path.lower().startswith(("composite", "ui-api")):
            raise SalesforceError("INVALID_INPUT", f"A batch cannot hold {address}")
        sub = replace(call, method=str(given["method"]).upper(), version=version, path=path, query=query)
        return run(replace(sub, body=given.get("richInput"), inside=True))
    except SalesforceError as error:
        return Answer(error.status, error.as_list())
