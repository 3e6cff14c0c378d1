"""JSON twins of the partials of records: search, read, defaults, create, update, convert.

Values are texts as a form writes them (`sync.services.records.values`). A refusal is 422, a change that somebody else
made meanwhile 409: the form as it stands, with each message at its field.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from permissions.declare import requires
from sidebar.api import PaneView, actor_of, body_of
from sidebar.hints import Invalid, SalesforceId
from sidebar.schemas import json_schema
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.soap import Converted
from sync.services.records.converting import ConvertForm, ConvertSent, convert
from sync.services.records.forms import RecordForm, Sent, edit_form, new_form
from sync.services.records.kept import AtHand, at_hand
from sync.services.records.reading import SeenRecord, see_record
from sync.services.records.search import search_records
from sync.services.records.writing import Saved, create_record, update_record

_found: TypeAdapter[tuple[FoundRecord, ...]] = TypeAdapter(tuple[FoundRecord, ...])
_at_hand: TypeAdapter[AtHand] = TypeAdapter(AtHand)
_seen: TypeAdapter[SeenRecord] = TypeAdapter(SeenRecord)
_form: TypeAdapter[RecordForm] = TypeAdapter(RecordForm)
_saved: TypeAdapter[Saved] = TypeAdapter(Saved)
_convert_form: TypeAdapter[ConvertForm] = TypeAdapter(ConvertForm)
_converted: TypeAdapter[Converted] = TypeAdapter(Converted)

Text = Annotated[str, StringConstraints(max_length=131_072)]
Texts = Annotated[dict[str, Text], Field(max_length=500)]
InT = TypeVar("InT", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordIn(_Strict):
    """Texts by field; what is no field of the form is ignored. `was`: as the form gave them.

    `key`: of a new record's form, the same for each attempt.
    """

    texts: Texts
    was: Texts = {}
    record_type_id: SalesforceId | None = None
    modified: Annotated[str, StringConstraints(max_length=40)] = ""
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    go_on: bool = False


class ConvertIn(_Strict):
    """Without an id a new record is made; without an `opportunity_name` there is no opportunity."""

    status: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    account_id: SalesforceId | None = None
    contact_id: SalesforceId | None = None
    opportunity_name: Annotated[str, StringConstraints(max_length=120)] = ""
    owner_id: SalesforceId | None = None
    go_on: bool = False


def _read(model: type[InT], request: Request) -> InT:
    """Raises Invalid, which names the fields and repeats nothing of them."""
    try:
        return model.model_validate(body_of(request))
    except ValidationError as error:
        problems = {".".join(str(part) for part in one["loc"]) + ": " + one["type"] for one in error.errors()}
        raise Invalid(tuple(sorted(problems))) from None


def _sent(given: RecordIn) -> Sent:
    return Sent(
        texts=given.texts,
        was=given.was,
        record_type_id=given.record_type_id or "",
        modified=given.modified,
        key=given.key,
        go_on=given.go_on,
    )


def _answer(answer: Saved | RecordForm, *, made: bool = False) -> Response:
    if isinstance(answer, Saved):
        return Response(_saved.dump_python(answer, mode="json"), status=201 if made else 200)
    status = 409 if answer.notice == "conflict" else 422
    return Response(_form.dump_python(answer, mode="json"), status=status)


_WRITTEN = {
    (200, "application/json"): json_schema(_saved),
    (409, "application/json"): json_schema(_form),
    (422, "application/json"): json_schema(_form),
}


@requires("record.view")
class SearchView(PaneView):
    @extend_schema(
        operation_id="search_records",
        summary="Records that a text finds",
        parameters=[OpenApiParameter("q", str, description="two letters or digits at least")],
        responses={(200, "application/json"): json_schema(_found)},
    )
    def get(self, request: Request) -> Response:
        found = search_records(actor_of(request), str(request.query_params.get("q", ""))[:255])
        return Response(_found.dump_python(found.records, mode="json"))


@requires("record.view")
class AtHandView(PaneView):
    @extend_schema(
        operation_id="records_at_hand",
        summary="Pinned and recent records",
        responses={(200, "application/json"): json_schema(_at_hand)},
    )
    def get(self, request: Request) -> Response:
        return Response(_at_hand.dump_python(at_hand(actor_of(request)), mode="json"))


@requires("record.view")
class RecordView(PaneView):
    @extend_schema(
        operation_id="see_record",
        summary="A record by the org's own layout",
        responses={(200, "application/json"): json_schema(_seen)},
    )
    def get(self, request: Request, record_id: str) -> Response:
        return Response(_seen.dump_python(see_record(actor_of(request), record_id), mode="json"))


@requires("record.edit")
class EditView(PaneView):
    @extend_schema(
        operation_id="record_form",
        summary="The form of a record",
        responses={(200, "application/json"): json_schema(_form)},
    )
    def get(self, request: Request, record_id: str) -> Response:
        return Response(_form.dump_python(edit_form(actor_of(request), record_id), mode="json"))

    @extend_schema(
        operation_id="update_record",
        summary="Change a record",
        request={"application/json": json_schema(RecordIn)},
        responses=_WRITTEN,
    )
    def post(self, request: Request, record_id: str) -> Response:
        given = _read(RecordIn, request)
        return _answer(update_record(actor_of(request), record_id, _sent(given)))


@requires("record.create")
class NewView(PaneView):
    @extend_schema(
        operation_id="new_record_form",
        summary="The form for a new record, or its record types to choose from",
        parameters=[OpenApiParameter("record_type_id", str)],
        responses={(200, "application/json"): json_schema(_form)},
    )
    def get(self, request: Request, object_name: str) -> Response:
        chosen = str(request.query_params.get("record_type_id", ""))
        return Response(_form.dump_python(new_form(actor_of(request), object_name, record_type_id=chosen), mode="json"))

    @extend_schema(
        operation_id="create_record",
        summary="Create a record, once for each key",
        request={"application/json": json_schema(RecordIn)},
        responses={**_WRITTEN, (201, "application/json"): json_schema(_saved)},
    )
    def post(self, request: Request, object_name: str) -> Response:
        given = _read(RecordIn, request)
        return _answer(create_record(actor_of(request), object_name, _sent(given)), made=True)


@requires("lead.convert")
class ConvertView(PaneView):
    @extend_schema(
        operation_id="convert_lead",
        summary="Convert a lead",
        request={"application/json": json_schema(ConvertIn)},
        responses={
            (200, "application/json"): json_schema(_converted),
            (422, "application/json"): json_schema(_convert_form),
        },
    )
    def post(self, request: Request, record_id: str) -> Response:
        given = _read(ConvertIn, request)
        sent: dict[str, Any] = {name: value or "" for name, value in given.model_dump(exclude={"go_on"}).items()}
        answer = convert(actor_of(request), record_id, ConvertSent(**sent, go_on=given.go_on))
        if isinstance(answer, Converted):
            return Response(_converted.dump_python(answer, mode="json"))
        return Response(_convert_form.dump_python(answer, mode="json"), status=422)
