"""The pane while an email is written: a switch that marks the draft, and its JSON twin."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from pydantic import TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ActorRequest, bearer_required
from permissions.declare import requires
from sidebar import states
from sidebar.answers import answer, state_answer
from sidebar.api import PaneView, actor_of
from sidebar.schemas import json_schema
from sync.services.drafts import Drafts, drafts_of

_drafts: TypeAdapter[Drafts] = TypeAdapter(Drafts)


@requires("email.view")
@require_safe
@bearer_required
def compose(request: ActorRequest) -> HttpResponse:
    """Body, status and foot for a draft; whether it is marked, the mail client says."""
    try:
        return answer(request, "pane/compose.html", {"drafts": drafts_of(request.actor)})
    except states.EXPECTED as error:
        return state_answer(request, states.state_of(error), "pane/state_answer.html")


@requires("email.view")
class ComposeView(PaneView):
    @extend_schema(responses={(200, "application/json"): json_schema(_drafts)})
    def get(self, request: Request) -> Response:
        """The mark that asks for filing, and whether the person's mailbox is read."""
        return Response(_drafts.dump_python(drafts_of(actor_of(request)), mode="json"))
