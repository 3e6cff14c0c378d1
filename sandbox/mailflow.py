"""Mail that moves while the sandbox runs: the routes under `/_sandbox/mail`, for the mailboxes of both suites.

No part of any service; tests, benchmarks and the demo use them in place of people and of a mail transport. Whatever
does not fit is refused with 400 and `{"error"}`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses
from typing import Annotated, Any, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.seed.company import Company, CompanyUser

MOST = 200_000
_BCC = re.compile(rb"^bcc:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z)", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Placed:
    """Where a message stands now. `more` is what the suite likes to tell besides."""

    id: str
    internet_message_id: str | None
    more: Mapping[str, Any] = field(default_factory=dict)


class PostOffice(Protocol):
    """The mailboxes of one suite. Users are addresses; KeyError is for what is not there, ValueError for the rest."""

    def deliver(self, user: str, content: bytes, folder: str = "inbox", *, received: datetime | None = None) -> Any:
        """A message appears in a mailbox. Like `move` it gives a `Placed`, or something that has its attributes."""

    def move(self, user: str, id: str, to: str) -> Any: ...

    def delete(self, user: str, id: str) -> Any:
        """For ever."""

    def mark(self, user: str, id: str, name: str, on: bool) -> Any:
        """Sets or takes away a category or a label."""

    def fill(
        self, user: str, count: int, *, matching_percent: float, days: float, seed: int, attachments: bool = False
    ) -> Any:
        """Many small messages, made lazily. A mapping that it gives is told to whoever asked."""

    def listing(self, user: str) -> list[dict[str, Any]]:
        """Everything that stands in a mailbox: `id`, `internetMessageId`, and its folder or labels."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user: str


class _Content(_Strict):
    mime: str | None = None
    mime_base64: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> _Content:
        if (self.mime is None) == (self.mime_base64 is None):
            raise ValueError("Give either mime or mime_base64.")
        return self

    def content(self) -> bytes:
        if self.mime is not None:
            return self.mime.encode("utf-8", "surrogateescape")
        try:
            return base64.b64decode(self.mime_base64 or "", validate=True)
        except binascii.Error as error:
            raise ValueError("mime_base64 is no base64.") from error


class Delivery(_Content):
    """`folder` is a well-known name or an id. `received` is a moment of the past, without it now."""

    folder: str = "inbox"
    received: AwareDatetime | None = None


class Sending(_Content):
    """The user is the sender; who receives it stands in To, Cc and Bcc."""


class Move(_Strict):
    id: str
    to: str


class Deletion(_Strict):
    id: str


class Mark(_Strict):
    id: str
    name: Annotated[str, Field(min_length=1, max_length=225)]
    on: bool = True


class Filling(_Strict):
    """Of `count` messages over the last `days`, `matching_percent` are with contacts of Salesforce."""

    count: Annotated[int, Field(ge=1, le=MOST)]
    matching_percent: Annotated[float, Field(ge=0, le=100)] = 30
    days: Annotated[float, Field(gt=0, le=3660)] = 6
    seed: int = 1
    attachments: bool = False


class MailFlow:
    """Finds the post office of a user by the user's suite. `now` is the sandbox's time."""

    def __init__(self, company: Company, offices: Mapping[str, PostOffice], now: Callable[[], datetime]) -> None:
        self._users = {user.email: user for user in company.users}
        self._offices = offices
        self._now = now

    def user(self, address: str) -> CompanyUser | None:
        """By address, without case; a plus-address is its owner's."""
        local, _, domain = address.lower().rpartition("@")
        return self._users.get(address.lower()) or self._users.get(f"{local.partition('+')[0]}@{domain}")

    def office(self, address: str) -> tuple[str, PostOffice]:
        """The user's own address and post office. Raises KeyError."""
        user = self._users.get(address.lower())
        if user is None or user.suite not in self._offices:
            raise KeyError(address)
        return user.email, self._offices[user.suite]

    def deliver(self, order: Delivery) -> Any:
        if order.received is not None and order.received > self._now():
            raise ValueError("received is in the future.")
        address, office = self.office(order.user)
        return _told(office.deliver(address, order.content(), order.folder, received=order.received))

    def send(self, order: Sending) -> Any:
        """The sender's own copy keeps the Bcc header; nobody else's has it."""
        address, office = self.office(order.user)
        content = self._stamped(order.content(), address)
        recipients = self._recipients(content)
        folder = "sentitems" if self._users[address].suite == "microsoft" else "sent"
        sent = _told(office.deliver(address, content, folder))
        bare = _without_bcc(content)
        delivered = []
        for recipient in recipients:
            name, theirs = self.office(recipient.email)
            delivered.append({"user": name} | _told(theirs.deliver(name, bare)))
        return {"sent": {"user": address} | sent, "delivered": delivered}

    def move(self, order: Move) -> Any:
        address, office = self.office(order.user)
        return _told(office.move(address, order.id, order.to))

    def delete(self, order: Deletion) -> Any:
        address, office = self.office(order.user)
        office.delete(address, order.id)
        return {}

    def mark(self, order: Mark) -> Any:
        address, office = self.office(order.user)
        office.mark(address, order.id, order.name, order.on)
        return {}

    def fill(self, order: Filling) -> Any:
        address, office = self.office(order.user)
        found = office.fill(
            address,
            order.count,
            matching_percent=order.matching_percent,
            days=order.days,
            seed=order.seed,
            attachments=order.attachments,
        )
        told = {"count": order.count, "matching": int(order.count * order.matching_percent / 100)}
        return told | (dict(found) if isinstance(found, Mapping) else {})

    def listing(self, address: str) -> Any:
        name, office = self.office(address)
        return {"user": name, "value": office.listing(name)}

    def _recipients(self, content: bytes) -> list[CompanyUser]:
        head = _head(content)
        values = [str(value) for name in ("to", "cc", "bcc") for value in head.get_all(name, [])]
        found = (self.user(address) for _, address in getaddresses(values))
        return list({user.email: user for user in found if user is not None and user.suite in self._offices}.values())

    def _stamped(self, content: bytes, address: str) -> bytes:
        """As a transport sends it on: with a date and an id."""
        head, added = _head(content), b""
        if not head.get("date"):
            added += f"Date: {format_datetime(self._now())}\r\n".encode()
        if not head.get("message-id"):
            added += f"Message-ID: <{secrets.token_hex(16)}@{address.rpartition('@')[2]}>\r\n".encode()
        return added + content


def mail_routes(flow: MailFlow) -> list[BaseRoute]:
    """`/_sandbox/mail` delivers on POST and lists on GET; the other routes lie below it."""
    orders: dict[str, tuple[type[BaseModel], Callable[[Any], Any]]] = {
        "": (Delivery, flow.deliver),
        "/send": (Sending, flow.send),
        "/move": (Move, flow.move),
        "/delete": (Deletion, flow.delete),
        "/mark": (Mark, flow.mark),
        "/fill": (Filling, flow.fill),
    }

    async def list_all(request: Request) -> Response:
        if set(request.query_params) != {"user"}:
            return JSONResponse({"error": "Name the user, and nothing else."}, 400)
        return _answer(lambda: flow.listing(request.query_params["user"]))

    found: list[BaseRoute] = [Route("/_sandbox/mail", list_all, methods=["GET"])]
    for path, (model, act) in orders.items():
        found.append(Route(f"/_sandbox/mail{path}", _endpoint(model, act), methods=["POST"]))
    return found


def _endpoint(model: type[BaseModel], act: Callable[[Any], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        return _answer(lambda: act(model.model_validate(json.loads(raw))))

    return endpoint


def _answer(act: Callable[[], Any]) -> Response:
    try:
        return JSONResponse(act())
    except ValidationError as error:
        found = ", ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return JSONResponse({"error": f"This request is not valid. {found}"}, 400)
    except KeyError as error:
        return JSONResponse({"error": f"There is no mailbox, folder, message or value {error}."}, 400)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)


def _told(placed: Any) -> dict[str, Any]:
    more: Mapping[str, Any] = getattr(placed, "more", {})
    return {"id": placed.id, "internetMessageId": placed.internet_message_id} | dict(more)


def _head(content: bytes) -> Message:
    return BytesHeaderParser().parsebytes(content)


def _without_bcc(content: bytes) -> bytes:
    found = _HEAD_END.search(content)
    end = found.start() + 2 if found else len(content)  # the last header's own line end goes with it
    return _BCC.sub(b"", content[:end]) + content[end:]
