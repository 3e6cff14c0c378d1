"""People whom Salesforce does not know: a new record filled in from their signature, or never to be synchronised."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from pydantic import TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ActorRequest
from permissions.declare import requires
from sidebar.answers import answer
from sidebar.api import PaneView, actor_of, body_of
from sidebar.hints import ContextIn, Invalid, read_context
from sidebar.reading.parts import part
from sidebar.schemas import json_schema
from sync.capture import block_list
from sync.services.reading.unknown import Proposal, propose

_proposal: TypeAdapter[Proposal] = TypeAdapter(Proposal)
_MOST = 320


@requires("email.view")
@require_POST
@part
def unknown(request: ActorRequest) -> HttpResponse:
    """What a new record would be filled in with; form fields `hint`, `generation` and `address`."""
    found = propose(request.actor, read_context(request.POST).hint, _address(request.POST.get("address")))
    objects = [(name, json.dumps(values, ensure_ascii=False)) for name, values in found.defaults.items()]
    return answer(request, "pane/reading/proposal.html", {"proposal": found, "objects": objects})


@requires("mailbox.sync")
@require_POST
@part
def block(request: ActorRequest) -> HttpResponse:
    """Puts an address on the person's own block list, and says so in its row."""
    line = block_list.add(request.actor, _address(request.POST.get("address")))
    name = request.POST.get("name", "")[:1024]
    return answer(request, "pane/reading/blocked.html", {"line": line, "name": name})


@requires("mailbox.sync")
@require_POST
@part
def unblock(request: ActorRequest, entry_id: int) -> HttpResponse:
    """Takes it off again: the row as it was."""
    block_list.remove(request.actor, entry_id)
    shown = {"address": request.POST.get("address", "")[:_MOST], "name": request.POST.get("name", "")[:1024]}
    return answer(request, "pane/reading/unknown_row.html", {"participant": shown})


@requires("email.view")
class UnknownView(PaneView):
    @extend_schema(
        operation_id="propose_record",
        summary="First values of a new record for somebody of an email whom Salesforce does not know",
        request={"application/json": json_schema(ContextIn)},
        responses={(200, "application/json"): json_schema(_proposal)},
    )
    def post(self, request: Request) -> Response:
        body: dict[str, Any] = dict(body_of(request))
        address = _address(body.pop("address", None))
        found = propose(actor_of(request), read_context(body).hint, address)
        return Response(_proposal.dump_python(found, mode="json"))


def _address(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST:
        raise Invalid(("address: an address of this email.",))
    return value
