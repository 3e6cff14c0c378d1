"""How a person leaves their pane (tab, folded sections, opened cards), and the order of its sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.authentication import ActorRequest
from permissions.declare import requires
from sidebar.answers import nothing
from sidebar.api import PaneView, actor_of, body_of
from sidebar.hints import Invalid
from sidebar.reading.parts import part
from sidebar.schemas import json_schema
from sync.services.reading.pane_state import PaneHabits, habits_of, move, remember

_habits: TypeAdapter[PaneHabits] = TypeAdapter(PaneHabits)
_STEPS = {"-1": -1, "0": 0, "1": 1}


class HabitIn(BaseModel):
    """One change: a `tab`, or that an object is `folded`, `unfolded`, `expanded` or `collapsed`, or that of several
    people with one `address` it is this `person`.
    """

    tab: str | None = None
    folded: str | None = None
    unfolded: str | None = None
    expanded: str | None = None
    collapsed: str | None = None
    address: str | None = None
    person: str | None = None


class OrderIn(BaseModel):
    """`step`: -1 up, 1 down, 0 in front of all."""

    object: str
    step: int


@requires("email.view")
@require_POST
@part
def habits(request: ActorRequest) -> HttpResponse:
    """Keeps one change."""
    _kept(request.actor, request.POST)
    return nothing(request)


@requires("mailbox.sync")
@require_POST
@part
def order(request: ActorRequest) -> HttpResponse:
    """Moves the section of an object."""
    _moved(request.actor, request.POST)
    return nothing(request)


@requires("email.view")
class HabitsView(PaneView):
    @extend_schema(
        operation_id="pane_habits",
        summary="How the person left the pane",
        responses={(200, "application/json"): json_schema(_habits)},
    )
    def get(self, request: Request) -> Response:
        return Response(_habits.dump_python(habits_of(actor_of(request)), mode="json"))

    @extend_schema(
        operation_id="keep_pane_habit",
        summary="Keep one change of how the pane is left",
        request={"application/json": json_schema(HabitIn)},
        responses={(200, "application/json"): json_schema(_habits)},
    )
    def post(self, request: Request) -> Response:
        return Response(_habits.dump_python(_kept(actor_of(request), body_of(request)), mode="json"))


@requires("mailbox.sync")
class OrderView(PaneView):
    @extend_schema(
        operation_id="move_section",
        summary="Move the section of an object: the new order of the objects",
        request={"application/json": json_schema(OrderIn)},
        responses={(200, "application/json"): {"type": "array", "items": {"type": "string"}}},
    )
    def post(self, request: Request) -> Response:
        return Response(list(_moved(actor_of(request), body_of(request))))


def _kept(actor: Actor, form: Mapping[str, Any]) -> PaneHabits:
    def named(name: str) -> str | None:
        value = form.get(name)
        if value is None or isinstance(value, str):
            return value
        raise Invalid((f"{name}: the name of an object.",))

    tab = named("tab")
    folded = [(value, on) for name, on in (("folded", True), ("unfolded", False)) if (value := named(name))]
    expanded = [(value, on) for name, on in (("expanded", True), ("collapsed", False)) if (value := named(name))]
    address, chosen = named("address"), named("person")
    person = (address, chosen) if address and chosen else None
    if tab is None and not folded and not expanded and not person:
        raise Invalid(("Name one change.",))
    return remember(
        actor,
        tab=tab,
        folded=folded[0] if folded else None,
        expanded=expanded[0] if expanded else None,
        person=person,
    )


def _moved(actor: Actor, form: Mapping[str, Any]) -> tuple[str, ...]:
    step = _STEPS.get(str(form.get("step", "")))
    name = form.get("object")
    if step is None or not isinstance(name, str):
        raise Invalid(("object, step: an object and -1, 0 or 1.",))
    return move(actor, name, step)
