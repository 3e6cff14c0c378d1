"""Records that an email's text refers to: links to Salesforce and case references."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ActorRequest
from permissions.declare import requires
from sidebar.answers import answer
from sidebar.api import PaneView, actor_of, body_of
from sidebar.hints import Invalid
from sidebar.reading.parts import part
from sidebar.reading.views import instance_url_of
from sidebar.schemas import json_schema
from sync.crm import RelatedRecord
from sync.services.pane_layout import layout_of
from sync.services.reading.linked import MOST_LENGTH, MOST_TEXTS, linked_records
from sync.services.reading.offered import offered

_records: TypeAdapter[tuple[RelatedRecord, ...]] = TypeAdapter(tuple[RelatedRecord, ...])


class ReferencesIn(BaseModel):
    """`references` are links and case references as they stand in the text, at most 20 of 600 characters."""

    references: list[str]


@requires("email.view")
@require_POST
@part
def references(request: ActorRequest) -> HttpResponse:
    """The records as rows; the form field `reference` is repeated."""
    found = linked_records(request.actor, _texts(request.POST.getlist("reference")))
    layout = offered(request.actor, layout_of(request.actor)) if found else None
    values = {
        "records": [(one, layout.of(one.object_name).actions) for one in found] if layout else [],
        "instance_url": instance_url_of(request) if found else "",
    }
    return answer(request, "pane/reading/linked.html", values)


@requires("email.view")
class ReferencesView(PaneView):
    @extend_schema(
        operation_id="referred_records",
        summary="Records that links and case references of an email lead to",
        request={"application/json": json_schema(ReferencesIn)},
        responses={(200, "application/json"): json_schema(_records)},
    )
    def post(self, request: Request) -> Response:
        found = linked_records(actor_of(request), _texts(body_of(request).get("references")))
        return Response(_records.dump_python(found, mode="json"))


def _texts(value: Any) -> list[str]:
    fits = isinstance(value, list) and 0 < len(value) <= MOST_TEXTS
    if not fits or not all(isinstance(one, str) and len(one) <= MOST_LENGTH for one in value):
        raise Invalid((f"references: 1 to {MOST_TEXTS} texts of at most {MOST_LENGTH} characters.",))
    return list(value)
