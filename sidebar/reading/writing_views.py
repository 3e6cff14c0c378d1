"""Forms on a card: a note, a call, a task, a follow-up. What Salesforce refuses is told at its field, in the form."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.authentication import ActorRequest
from permissions.declare import requires
from sidebar import states
from sidebar.answers import answer
from sidebar.reading import forms
from sidebar.reading.parts import part
from sync.providers.salesforce.tasks import FIELD_NAMES
from sync.services.reading.records import record_id_of
from sync.services.reading.writing import DONE, WrittenKind, write_down


@dataclass(frozen=True, slots=True)
class WriteForm:
    """A form as it is painted: what it holds, and what is wrong with it by field."""

    kind: WrittenKind
    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    days: tuple[tuple[str, dt.date], ...] = ()
    fresh: bool = False


@requires("activity.write")
@require_http_methods(["GET", "POST"])
@part
def write(request: ActorRequest, record_id: str, kind: str) -> HttpResponse:
    """GET: an empty form. POST: writes it down, or the form again with what was wrong, in the words of its field."""
    record_id, asked = record_id_of(record_id), forms.kind_of(kind)
    if request.method == "GET":
        return _form(request, record_id, asked, {"key": str(uuid.uuid4()), "subject": _default(asked)}, {})
    values = {name: request.POST.get(name, "") for name in _FIELDS}
    try:
        written = write_down(request.actor, record_id, forms.read(asked, request.POST))
    except forms.BadForm as error:
        return _form(request, record_id, asked, values, error.problems, status=422)
    except states.EXPECTED as error:
        state = states.state_of(error)
        name = FIELD_NAMES.get(getattr(error, "field", ""), "")
        problems = {name: state.words} if name and state.words else {}
        shown = None if problems else state
        return _form(request, record_id, asked, values, problems, status=state.status, state=shown)
    day = timezone.localdate() if asked in DONE else None
    return answer(request, "pane/reading/written.html", {"written": written, "record_id": record_id, "day": day})


_FIELDS = ("key", "subject", "text", "when", "due", "priority", "direction")


def _form(
    request: ActorRequest,
    record_id: str,
    kind: WrittenKind,
    values: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    state: states.State | None = None,
) -> HttpResponse:
    days = tuple((name, day) for name in forms.PRESETS if (day := forms.due_day(name)))
    form = WriteForm(kind, values.get("key", ""), values, problems, days, fresh=request.method == "GET")
    return answer(
        request, "pane/reading/write.html", {"form": form, "record_id": record_id, "state": state}, status=status
    )


def _default(kind: WrittenKind) -> str:
    """What the subject begins with; a task's is the person's to say."""
    return {WrittenKind.CALL: _("Call"), WrittenKind.FOLLOW_UP: _("Follow up")}.get(kind, "")
