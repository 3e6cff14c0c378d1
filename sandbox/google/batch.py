"""`POST /batch/gmail/v1`: several calls in one multipart body, each answered, and paid for, by itself.

https://developers.google.com/workspace/gmail/api/guides/batch
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from sandbox.google.answers import Answer, error_answer
from sandbox.google.errors import ApiError
from sandbox.limits import GmailLimits

PATHS = frozenset({"/batch", "/batch/gmail/v1"})
_BOUNDARY = re.compile(r'multipart/mixed\s*;.*?boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_LINE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (\S+)(?: HTTP/1\.[01])?")
PartFault = Callable[[str, str], ApiError | None]


class Host(Protocol):
    """The API host that runs the calls. ``part_fault`` may spoil one, by its verb and its path with the query."""

    limits: GmailLimits
    part_fault: PartFault

    def answer(self, verb: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One call. ``headers`` have names in lower case."""

    content_id: str
    verb: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.verb} {self.path}" + (f"?{self.query}" if self.query else "")


def read(content_type: str, body: bytes) -> list[Part]:
    """The calls of a batch. Raises 400 for what is none."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ApiError(400, "badRequest", "Failed to parse batch request, error: no boundary in the content type.")
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\r\n" + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ApiError(400, "badRequest", "Failed to parse batch request, error: the last boundary is missing.")
    return [_part(piece.removeprefix(b"\r\n")) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    outer, _, call = piece.partition(b"\r\n\r\n")
    head, _, body = call.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    about = _headers(outer)
    found = _LINE.fullmatch(line.decode("latin-1").strip())
    if found is None or about.get("content-type", "").partition(";")[0].strip().lower() != "application/http":
        raise ApiError(400, "badRequest", "Failed to parse batch request, error: a part is no application/http call.")
    address = re.sub(r"^https?://[^/]+", "", found[2])
    path, _, query = address.partition("?")
    headers = _headers(rest)
    length = headers.get("content-length", "")
    content = body[: int(length)] if length.isdigit() else body.removesuffix(b"\r\n")
    return Part(about.get("content-id", ""), found[1], path, query, headers, content)


def _headers(block: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.decode("latin-1").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def run(host: Host, headers: Mapping[str, str], body: bytes) -> Answer:
    """All calls, in their order."""
    try:
        parts = read(headers.get("content-type", ""), body)
        most = host.limits.batch_parts
        if len(parts) > most:
            sentence = f"Inner request count exceeds the limit. Received: {len(parts)}, Limit: {most}"
            raise ApiError(400, "badRequest", sentence)
        if not parts:
            raise ApiError(400, "badRequest", "The batch request does not contain any calls.")
    except ApiError as error:
        return error_answer(error)
    mark = f"batch_{uuid.uuid4().hex}"
    written = []
    for part in parts:
        spoilt = host.part_fault(part.verb, part.line.partition(" ")[2])
        if spoilt is not None:
            answer = error_answer(spoilt)
        elif part.path in PATHS:
            answer = error_answer(ApiError(400, "badRequest", "Nested batch requests are not supported."))
        else:
            own = {"authorization": headers.get("authorization", "")} | part.headers
            answer = host.answer(part.verb, part.path, part.query, own, part.body)
        written.append(_written(mark, part, answer))
    content = b"".join(written) + f"--{mark}--\r\n".encode()
    return Answer(200, content, media_type=f"multipart/mixed; boundary={mark}")


def _written(mark: str, part: Part, answer: Answer) -> bytes:
    identifier = part.content_id
    named = f"Content-ID: <response-{identifier[1:]}\r\n" if identifier.startswith("<") else ""
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
    headers = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body)), **answer.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = f"--{mark}\r\nContent-Type: application/http\r\n{named}\r\n{status}{lines}\r\n"
    return start.encode() + answer.body + b"\r\n"
