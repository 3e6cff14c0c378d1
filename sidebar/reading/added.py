"""A record that the person looked up and chose for the open email: a row with its tick."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.authentication import ActorRequest
from permissions.declare import requires
from sidebar.answers import answer
from sidebar.presentation.cards import CustomRow
from sidebar.reading.parts import part
from sidebar.reading.views import instance_url_of
from sync.providers.salesforce.urls import record_url
from sync.services.pane_layout import layout_of
from sync.services.reading.added import added_record
from sync.services.reading.offered import offered


@requires("email.file")
@require_POST
@part
def added(request: ActorRequest) -> HttpResponse:
    """The form field `record_id` says which."""
    found = added_record(request.actor, request.POST.get("record_id", ""))
    own = offered(request.actor, layout_of(request.actor)).of(found.object_name)
    row = CustomRow(
        id=found.id,
        name=found.name,
        url=record_url(instance_url_of(request), found.id),
        ticked=True,
        actions=tuple(map(str, own.actions)),
    )
    return answer(request, "pane/parts/custom.html", {"row": row})
