"""JSON twins of the pane's partials, for clients that draw for themselves. Schema: /api/schema/.

Errors are `{"code", "detail", "system", "retry_after", "problems"}`; `code` is the name of a state (`sidebar.states`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from pydantic import TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actor import Actor
from permissions.declare import requires
from sidebar import states
from sidebar.hints import ContextIn, FilingIn, read_context, read_filing
from sidebar.schemas import json_schema
from sync.services.filing import (
    file_email,
    filing_status,
    follow_filing,
    stop_filing,
    undo_filing,
    unfollow_filing,
)
from sync.services.open_email import OpenEmail, open_email
from sync.services.status import EmailStatus

_opened: TypeAdapter[OpenEmail] = TypeAdapter(OpenEmail)
_status: TypeAdapter[EmailStatus] = TypeAdapter(EmailStatus)

_STATUS_SCHEMA = {(200, "application/json"): json_schema(_status)}


class PaneView(APIView):
    """Answers expected errors as their state."""

    def handle_exception(self, exc: Exception) -> Response:
        if not isinstance(exc, states.EXPECTED):
            return super().handle_exception(exc)
        state = states.state_of(exc)
        body: dict[str, Any] = {"code": state.name, "detail": state.words}
        if state.system:
            body["system"] = state.system
        if state.retry_after is not None:
            body["retry_after"] = state.retry_after
        if state.problems:
            body["problems"] = list(state.problems)
        response = Response(body, status=state.status)
        if state.retry_after is not None:
            response.headers["Retry-After"] = str(state.retry_after)
        return response


def actor_of(request: Request) -> Actor:
    """The signed-in actor that `BearerAuthentication` has found."""
    actor: Actor = request._request.actor  # type: ignore[attr-defined]
    return actor


@requires("email.view")
class ContextView(PaneView):
    @extend_schema(
        operation_id="open_email",
        summary="People, records, files and status of an email",
        request={"application/json": json_schema(ContextIn)},
        responses={(200, "application/json"): json_schema(_opened)},
    )
    def post(self, request: Request) -> Response:
        asked = read_context(body_of(request))
        answer = _opened.dump_python(open_email(actor_of(request), asked.hint), mode="json")
        return Response({**answer, "generation": asked.generation, "unreadable": asked.unreadable})


@requires("email.file")
class FilingsView(PaneView):
    @extend_schema(
        operation_id="file_email",
        summary="File an email with the people, records and attachments chosen",
        request={"application/json": json_schema(FilingIn)},
        responses=_STATUS_SCHEMA,
    )
    def post(self, request: Request) -> Response:
        _asked, wanted = read_filing(body_of(request))
        return Response(_status.dump_python(file_email(actor_of(request), wanted), mode="json"))


@requires("email.view")
class FilingView(PaneView):
    @extend_schema(operation_id="filing_status", summary="How a filing stands", responses=_STATUS_SCHEMA)
    def get(self, request: Request, filing_id: UUID) -> Response:
        return Response(_status.dump_python(filing_status(actor_of(request), filing_id), mode="json"))


@requires("email.undo")
class UndoView(PaneView):
    @extend_schema(operation_id="undo_filing", summary="Take a filing back", request=None, responses=_STATUS_SCHEMA)
    def post(self, request: Request, filing_id: UUID) -> Response:
        return Response(_status.dump_python(undo_filing(actor_of(request), filing_id), mode="json"))


@requires("email.file")
class StopView(PaneView):
    @extend_schema(
        operation_id="stop_filing",
        summary="Stop an email that waits to be filed by itself",
        request=None,
        responses=_STATUS_SCHEMA,
    )
    def post(self, request: Request, filing_id: UUID) -> Response:
        return Response(_status.dump_python(stop_filing(actor_of(request), filing_id), mode="json"))


@requires("email.file")
class FollowView(PaneView):
    @extend_schema(
        operation_id="follow_filing",
        summary="Follow the conversation of a filed email",
        request=None,
        responses=_STATUS_SCHEMA,
    )
    def post(self, request: Request, filing_id: UUID) -> Response:
        return Response(_status.dump_python(follow_filing(actor_of(request), filing_id), mode="json"))

    @extend_schema(operation_id="unfollow_filing", summary="Stop following it", request=None, responses=_STATUS_SCHEMA)
    def delete(self, request: Request, filing_id: UUID) -> Response:
        return Response(_status.dump_python(unfollow_filing(actor_of(request), filing_id), mode="json"))


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; anything else is read as an empty one and refused field by field."""
    return request.data if isinstance(request.data, dict) else {}
