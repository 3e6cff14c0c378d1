"""Where people see a record in Salesforce."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_RECORD_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")


def record_url(instance_url: str, record_id: str) -> str:
    """The address of a record; "" for what is no record id or no https address. Lightning resolves the plain id."""
    parts = urlsplit(instance_url)
    if parts.scheme != "https" or not parts.netloc or not _RECORD_ID.match(record_id):
        return ""
    return "https://" + parts.netloc + "/" + record_id
