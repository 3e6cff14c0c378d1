"""The fields of a form as inputs: type, text, options and what is said at them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sync.services.records.fields import NUMBERS, Kind, Option, RecordField
from sync.services.records.forms import RecordForm

_TYPES = {
    Kind.EMAIL: "email",
    Kind.PHONE: "tel",
    Kind.URL: "text",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime-local",
    Kind.TIME: "time",
}


@dataclass(frozen=True, slots=True)
class Input:
    """One field. `chosen`: of several values; `rules`: JSON from option to the values it goes with."""

    field: RecordField
    kind: str
    type: str
    text: str
    was: str
    name: str
    messages: tuple[str, ...]
    theirs: str
    options: tuple[Option, ...]
    chosen: tuple[str, ...] = ()
    rules: str = ""
    step: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class InputGroup:
    """Fields under one label; a lone field has no label but its own."""

    label: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class InputSection:
    heading: str
    groups: tuple[InputGroup, ...]


def drawn(form: RecordForm) -> tuple[InputSection, ...]:
    return tuple(
        InputSection(
            section.heading,
            tuple(
                InputGroup(
                    item.label if len(item.fields) > 1 else "", tuple(_input(form, field) for field in item.fields)
                )
                for item in section.items
            ),
        )
        for section in form.sections
    )


def _input(form: RecordForm, field: RecordField) -> Input:
    text = form.texts.get(field.name, "")
    known = {option.value for option in field.options}
    chosen = tuple(text.split(";")) if field.kind is Kind.MULTIPICKLIST else (text,)
    # What the record holds stays possible, though it is offered no more.
    options = (*field.options, *(Option(one, one) for one in chosen if one and one not in known))
    rules = {option.value: list(option.valid_for) for option in field.options} if field.controller else {}
    return Input(
        field=field,
        kind="number" if field.kind in NUMBERS else field.kind.value,
        type=_TYPES.get(field.kind, "text"),
        text=text,
        was=form.was.get(field.name, ""),
        name=form.names.get(field.name, ""),
        messages=form.at.get(field.name, ()),
        theirs=form.theirs.get(field.name, ""),
        options=options,
        chosen=chosen,
        rules=json.dumps(rules) if rules else "",
        step=str(10**-field.scale) if field.kind in NUMBERS and field.scale < 5 else "any",
        length=field.length,
    )
