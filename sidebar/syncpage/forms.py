"""What a person sends to their page, read strictly; what is wrong is said in sentences (`Invalid.problems`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from accounts.preference_names import Kind, definition
from sidebar.hints import Invalid
from sync.models import Decision
from sync.rules.sentences import RULES

#: How far back a mailbox may be read again, or run dry.
FARTHEST = timedelta(days=5 * 366)


# PostgreSQL takes no NUL in a text.
Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SinceIn(_Strict):
    """A day (UTC), not to come and not beyond five years."""

    since: date


class DryRunIn(SinceIn):
    """`cursor` is that of the page before."""

    cursor: str = Field(default="", max_length=16_384)


class ValueIn(_Strict):
    value: str | int | bool | list[str]


class EntryIn(_Strict):
    """An address, or a domain with its subdomains."""

    value: Plain = Field(max_length=300)


class DecisionsIn(_Strict):
    """Filters of the decisions: empty ones do not filter."""

    outcome: str = ""
    rule: Plain = Field(default="", max_length=40)
    words: Plain = Field(default="", max_length=200)
    page: int = Field(default=1, ge=1, le=10_000)


def read(model: type[Any], form: Mapping[str, Any]) -> Any:
    """A model from JSON or from a form, of which further fields are the browser's business. Raises Invalid."""
    fields = {name: form[name] for name in model.model_fields if name in form} if hasattr(form, "getlist") else form
    try:
        read_model = model.model_validate(fields)
    except ValidationError as error:
        raise Invalid(
            tuple(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}."
                for problem in error.errors(include_url=False, include_input=False, include_context=False)[:10]
            )
        ) from None
    if isinstance(read_model, SinceIn):
        _check_day(read_model.since)
    if isinstance(read_model, DecisionsIn) and read_model.outcome not in {"", *Decision.Outcome.values}:
        raise Invalid((f"outcome: one of {', '.join(Decision.Outcome.values)}, or empty.",))
    return read_model


def _check_day(since: date) -> None:
    today = timezone.now().date()
    if since > today:
        raise Invalid(("since: Choose a day that is not to come.",))
    if since < today - FARTHEST:
        raise Invalid(("since: Choose a day within the last five years.",))


def setting_value(name: str, form: Mapping[str, Any]) -> object:
    """What a form says of a setting, in the kind that it has; a value that it cannot have is told by `choose`."""
    kind = definition(name).kind
    text = str(form.get("value", ""))
    if kind is Kind.NUMBER:
        return int(text) if text.strip().isascii() and text.strip().isdigit() and len(text) < 10 else text
    if kind is Kind.FLAG:
        return text == "true"
    return text


def rules_of(outcome: str) -> tuple[str, ...]:
    """The rules that decisions of an outcome can bear, or of any."""
    named = RULES.values() if not outcome else [RULES.get(outcome, frozenset())]
    return tuple(sorted({rule for rules in named for rule in rules}))
