"""Links to records of one's own Salesforce org in a text. Untrusted: what is found is looked up as the person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

MOST = 20
_URL = re.compile(r"\bhttps?://[^\s<>\"'\x00-\x1f]{3,500}", re.IGNORECASE)
_ID = r"([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)"
_PATHS = (
    re.compile(rf"^/lightning/r/(?:[A-Za-z][A-Za-z0-9_]{{0,79}}/)?{_ID}(?:/|$)"),
    re.compile(rf"^/{_ID}$"),
)
_SUFFIX = re.compile(r"\.(?:my\.salesforce|lightning\.force)\.com$")


def linked_ids(texts: Iterable[str], instance_url: str) -> tuple[str, ...]:
    """The ids of records that links of these texts lead to, each once, at most 20; links to other orgs are none.

    An org answers at `NAME.my.salesforce.com` and at `NAME.lightning.force.com`.
    https://help.salesforce.com/s/articleView?id=sf.domain_name_url_formats.htm
    """
    own = _org(instance_url)
    found: dict[str, None] = {}
    for text in texts:
        for match in _URL.finditer(text):
            record_id = _record(match.group().rstrip(".,;:!?)]}"), own)
            if record_id:
                found.setdefault(record_id)
            if len(found) == MOST:
                return tuple(found)
    return tuple(found)


def _record(url: str, own: str) -> str:
    if not own or _org(url) != own:
        return ""
    path = unquote(urlsplit(url).path)
    return next((match.group(1) for one in _PATHS if (match := one.match(path))), "")


def _org(url: str) -> str:
    """What tells one org from another: its host without what both of its addresses end with."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    return _SUFFIX.sub("", host) + (f":{port}" if port else "") if host else ""
