"""`/api/v1/pane-layout/`: the JSON twin of the page. Errors are those of `sidebar.api`; `locked` is 409."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from permissions.declare import requires
from sidebar.api import PaneView, actor_of, body_of
from sidebar.customise import models
from sidebar.customise.forms import draft
from sidebar.schemas import json_schema
from sidebar.syncpage.forms import read
from sync.services import customising

_objects: TypeAdapter[models.ObjectsOut] = TypeAdapter(models.ObjectsOut)
_object: TypeAdapter[models.ObjectOut] = TypeAdapter(models.ObjectOut)


class ObjectsIn(BaseModel):
    """The objects that the pane shows, by API name, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    objects: list[str] = Field(max_length=20)


class ObjectIn(BaseModel):
    """One object's arrangement. `collapsed` are at most four fields by API name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collapsed: list[str] = Field(max_length=4)
    expanded: list[str] = Field(max_length=12)
    filters: dict[str, int | bool] = Field(default_factory=dict)
    actions: list[str] = Field(max_length=20)


def _answers(adapter: TypeAdapter[Any]) -> dict[Any, Any]:
    return {(200, "application/json"): json_schema(adapter)}


@requires("mailbox.sync")
class LayoutView(PaneView):
    @extend_schema(operation_id="pane_layout", summary="The objects of one's pane", responses=_answers(_objects))
    def get(self, request: Request) -> Response:
        return _listed(request)

    @extend_schema(
        operation_id="choose_pane_objects",
        summary="Choose the objects of one's pane",
        request={"application/json": json_schema(TypeAdapter(ObjectsIn))},
        responses=_answers(_objects),
    )
    def put(self, request: Request) -> Response:
        customising.save_objects(actor_of(request), read(ObjectsIn, body_of(request)).objects)
        return _listed(request)

    @extend_schema(
        operation_id="reset_pane_objects", summary="Take one's own choice of objects back", responses=_answers(_objects)
    )
    def delete(self, request: Request) -> Response:
        customising.reset_objects(actor_of(request))
        return _listed(request)


@requires("mailbox.sync")
class ObjectView(PaneView):
    @extend_schema(operation_id="pane_object", summary="How an object is arranged", responses=_answers(_object))
    def get(self, request: Request, object_name: str) -> Response:
        return _one(request, object_name)

    @extend_schema(
        operation_id="arrange_pane_object",
        summary="Arrange an object",
        request={"application/json": json_schema(TypeAdapter(ObjectIn))},
        responses=_answers(_object),
    )
    def put(self, request: Request, object_name: str) -> Response:
        given: ObjectIn = read(ObjectIn, body_of(request))
        now = customising.arrangement(actor_of(request), object_name).layout
        wanted = draft(now, given.collapsed, given.expanded, given.filters, given.actions)
        customising.save(actor_of(request), wanted)
        return _one(request, object_name)

    @extend_schema(
        operation_id="reset_pane_object", summary="Take one's own arrangement back", responses=_answers(_object)
    )
    def delete(self, request: Request, object_name: str) -> Response:
        customising.arrangement(actor_of(request), object_name)
        customising.reset(actor_of(request), object_name)
        return _one(request, object_name)


def _listed(request: Request) -> Response:
    return Response(
        _objects.dump_python(models.objects_out(customising.objects_layout(actor_of(request))), mode="json")
    )


def _one(request: Request, name: str) -> Response:
    told = models.object_out(customising.arrangement(actor_of(request), name))
    return Response(_object.dump_python(told, mode="json"))
