"""Reading of form-encoded bodies as the token endpoints do: one value for a name, and no other kind of body."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

_LIMIT = 256 * 1024


class UnreadableForm(ValueError):
    """The body is no form, is too long, or names a parameter twice."""


async def read_form(request: Request) -> dict[str, str]:
    """The form's parameters by name. Raises :class:`UnreadableForm`."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise UnreadableForm("content type")
    body = await request.body()
    if len(body) > _LIMIT:
        raise UnreadableForm("too long")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise UnreadableForm(str(error)) from error
    return single(pairs)


def single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a dictionary; a name that occurs twice raises :class:`UnreadableForm`."""
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise UnreadableForm(name)
        form[name] = value
    return form
