"""Log lines of the standard library as JSON: the event's place and kind, never the values it was about.

A library's message may carry an address, a subject or a token; what is printed is its constant template, and of an
exception its type and where it arose.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime


class SafeFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            # As structlog writes it, so that lines of both can be put in order.
            "timestamp": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg) if record.args or record.name.startswith("gunicorn") else record.name,
        }
        status = getattr(record, "status_code", None)
        if isinstance(status, int):
            line["status"] = status
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = [
                f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-6:]
            ]
        return json.dumps(line)
