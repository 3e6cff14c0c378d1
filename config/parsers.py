"""Reading the API's bodies: JSON, no deeper than can be read. A body of nothing but brackets exhausts Python's stack.

Their size is Django's limit for bodies (`DATA_UPLOAD_MAX_MEMORY_SIZE`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class ShallowJSONParser(JSONParser):
    """Raises ParseError (400) for what is nested too deeply, as for anything else that is no JSON."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            read: dict[str, Any] = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        return read
