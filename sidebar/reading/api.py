"""`/api/v1/reading/`: the JSON twins. Errors are those of `sidebar.api`."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from permissions.declare import requires
from sidebar.api import PaneView, actor_of, body_of
from sidebar.hints import Invalid
from sidebar.reading import forms
from sidebar.schemas import json_schema
from sync.crm_beside import RelatedLists, Timeline
from sync.services.reading.records import record_id_of, related_of, timeline_of
from sync.services.reading.writing import Written, write_down

_timeline: TypeAdapter[Timeline] = TypeAdapter(Timeline)
_related: TypeAdapter[RelatedLists] = TypeAdapter(RelatedLists)
_written: TypeAdapter[Written] = TypeAdapter(Written)


class WriteIn(BaseModel):
    """`key` is a UUID of the form, the same however often it is sent; `due` is a day such as 2026-11-28."""

    key: str
    subject: str = ""
    text: str = ""
    when: Literal["", "tomorrow", "in-3-days", "next-week", "date"] = ""
    due: str = ""
    priority: Literal["", "High", "Normal", "Low"] = ""
    direction: Literal["", "Outbound", "Inbound", "Internal"] = ""


def answers(adapter: TypeAdapter[Any], status: int = 200) -> dict[Any, Any]:
    return {(status, "application/json"): json_schema(adapter)}


@requires("email.view")
class TimelineView(PaneView):
    @extend_schema(
        operation_id="record_timeline",
        summary="A record's activities, planned and past, at most 200 of each kind",
        responses=answers(_timeline),
    )
    def get(self, request: Request, record_id: str) -> Response:
        return Response(_timeline.dump_python(timeline_of(actor_of(request), record_id), mode="json"))


@requires("email.view")
class RelatedView(PaneView):
    @extend_schema(
        operation_id="record_related",
        summary="A record's related lists, at most 200 entries of each",
        responses=answers(_related),
    )
    def get(self, request: Request, record_id: str) -> Response:
        return Response(_related.dump_python(related_of(actor_of(request), record_id), mode="json"))


@requires("activity.write")
class WriteView(PaneView):
    @extend_schema(
        operation_id="write_down",
        summary="Write a note, a call, a task or a follow-up down on a record, once for each key",
        request={"application/json": json_schema(WriteIn)},
        responses=answers(_written, 201),
    )
    def post(self, request: Request, record_id: str, kind: str) -> Response:
        record_id = record_id_of(record_id)
        try:
            wanted = forms.read(forms.kind_of(kind), body_of(request))
        except forms.BadForm as error:
            raise Invalid(tuple(f"{name}: {sentence}" for name, sentence in error.problems.items())) from None
        written = write_down(actor_of(request), record_id, wanted)
        return Response(_written.dump_python(written, mode="json"), status=201)
