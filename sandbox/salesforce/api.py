"""One request of the REST API, whether it came by HTTP or inside a composite, and its answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.files import StoredFile
from sandbox.salesforce.records import Caller
from sandbox.salesforce.schema import SObject, sobject
from sandbox.salesforce.store import Org

_SEASONS = ("Winter", "Spring", "Summer")


def _label(version: int) -> str:
    """Three releases a year; 41 was Winter '18."""
    year, season = divmod(version - 41, 3)
    return f"{_SEASONS[season]} '{18 + year}"


VERSIONS = {version: _label(version) for version in range(41, 69)}
_PATH = re.compile(r"/services/data/v(\d+)\.0(?:/(.*))?\Z")


@dataclass(frozen=True)
class Call:
    """`path` is what stands behind `/services/data/vNN.0/`, without slashes at its ends; header names in small
    letters; `body` is the parsed JSON, `upload` the file of a multipart request."""

    org: Org
    user_id: str
    version: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    upload: StoredFile | None = None
    inside: bool = False

    @property
    def caller(self) -> Caller:
        rule = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Caller(self.user_id, allow_save="allowsave=true" in rule)

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}"

    def record_body(self) -> dict[str, Any]:
        """The body as an object; raises `SalesforceError` JSON_PARSER_ERROR."""
        if not isinstance(self.body, dict):
            raise SalesforceError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        return self.body

    def sobject(self, name: str) -> SObject:
        """The object of a path; raises `SalesforceError` NOT_FOUND."""
        found = sobject(name)
        if found is None or not self.org.knows(found):
            raise not_found()
        return found


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, None for no content, or the path of a file."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path | None:
        return self.body if isinstance(self.body, Path) else None


Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Resource:
    """A path (a pattern whose groups are handed to the handlers) and its handlers by method."""

    pattern: re.Pattern[str]
    handlers: dict[str, Handler]


def resource(pattern: str, **handlers: Handler) -> Resource:
    return Resource(re.compile(pattern, re.IGNORECASE), handlers)


def split(url: str) -> tuple[str, str, dict[str, str]]:
    """Version, path and query of the address of a request; raises `SalesforceError` NOT_FOUND."""
    parts = urlsplit(url)
    found = _PATH.match(parts.path)
    if found is None or int(found[1]) not in VERSIONS:
        raise not_found()
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return f"{found[1]}.0", (found[2] or "").strip("/"), query


def dispatch(resources: tuple[Resource, ...], call: Call) -> Answer:
    """Run the handler; raises `SalesforceError` NOT_FOUND and METHOD_NOT_ALLOWED, and what the handler raises."""
    for found in resources:
        match = found.pattern.fullmatch(call.path)
        if match is None:
            continue
        method = "GET" if call.method == "HEAD" else call.method
        handler = found.handlers.get(method)
        if handler is None:
            allowed = ",".join(sorted({*found.handlers, "HEAD"} if "GET" in found.handlers else found.handlers))
            raise SalesforceError(
                "METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
            )
        return handler(call, *(unquote(group) for group in match.groups()))
    raise not_found()


def answer_or_error(resources: tuple[Resource, ...], call: Call) -> Answer:
    """As `dispatch`, with a refusal as the answer that it is by HTTP."""
    try:
        return dispatch(resources, call)
    except SalesforceError as error:
        return Answer(error.status, error.as_list())
