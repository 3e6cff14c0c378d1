"""Cache values are JSON, never pickles: whoever can write to the cache server cannot run code here."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """The serializer interface of Django's Redis cache. Integers stay bare so that INCR works."""

    def dumps(self, obj: Any) -> int | bytes:
        if type(obj) is int:
            return obj
        return json.dumps(obj, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
