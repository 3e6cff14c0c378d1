"""Collections that are given a page at a time.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_responses_record_collection.htm
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sandbox.salesforce.api import Call
from sandbox.salesforce.uiapi.parameters import bad_parameter


def number(call: Call, name: str, default: int, most: int, least: int = 1) -> int:
    """A whole number of the request within its bounds; raises `SalesforceError` ILLEGAL_QUERY_PARAMETER_VALUE."""
    text = call.query.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise bad_parameter(f"{name} must be between {least} and {most}")
    return int(text)


def tokens(call: Call, name: str, start: int, size: int, total: int, *, numbered: bool = False) -> dict[str, Any]:
    """Tokens and addresses of this page and the ones beside it.

    `name` is the parameter that carries the token: the place of the page's first record, or the page's number from 1.
    """

    def entry(kind: str, place: int | None) -> dict[str, Any]:
        if place is None:
            return {f"{kind}PageToken": None, f"{kind}PageUrl": None}
        token = place // size + 1 if numbered else place
        rest = {key: value for key, value in call.query.items() if key != name}
        url = f"{call.base}/{call.path}?{urlencode({**rest, name: token})}"
        return {f"{kind}PageToken": str(token), f"{kind}PageUrl": url}

    return {
        **entry("current", start),
        **entry("next", start + size if start + size < total else None),
        **entry("previous", max(0, start - size) if start else None),
    }
