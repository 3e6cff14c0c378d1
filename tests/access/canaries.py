"""Recognisable secrets and words, every form they could be written in, and the places where they could turn up."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client


def forms(secret: str) -> set[bytes]:
    """As it is, escaped for an address, a page, JSON and a dump, in hexadecimal, and in base64 wherever it begins."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote_plus(secret).encode(), html.escape(secret).encode()}
    found |= {json.dumps(secret)[1:-1].encode(), raw.replace(b"\\", b"\\\\"), raw.hex().encode()}
    found |= {raw.hex().upper().encode()}
    for before in range(3):
        # What stands before and behind it changes the characters at its edges.
        encoded = base64.b64encode(b"\0" * before + raw)[(0, 2, 3)[before] :]
        whole = encoded.rstrip(b"=")
        cut = whole if (before + len(raw)) % 3 == 0 else whole[:-1]
        found |= {cut, cut.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= 8}


def found(canaries: Mapping[str, str], place: bytes) -> list[str]:
    """The names of those that stand there, in whatever form and case."""
    folded = place.lower()
    return [name for name, secret in canaries.items() if any(form.lower() in folded for form in forms(secret))]


def database() -> bytes:
    """Every column of every table as it is stored, with the sessions' contents opened; on SQLite the file too."""
    opened = json.dumps([session.get_decoded() for session in Session.objects.all()]).encode()
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        name = str(connection.settings_dict["NAME"])
        files = [Path(name), Path(f"{name}-wal")]
        parts = [path.read_bytes() for path in files if path.exists()]
        return b"\n".join([opened, *parts, *(line.encode() for line in connection.connection.iterdump())])
    parts = [opened]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copied:
                parts += [bytes(block) for block in copied]
    return b"\n".join(parts)


def cached() -> dict[str, bytes]:
    """Every value of the cache, raw, by its key."""
    if not settings.CACHE_URL:
        held: dict[str, bytes] = cache._cache  # type: ignore[attr-defined]
        return {str(key).split(":", 2)[-1]: bytes(value) for key, value in held.items()}
    client: Any = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    kept = {key.decode(): client.get(key) for key in client.scan_iter(count=1_000) if client.type(key) == b"string"}
    return {key.split(":", 2)[-1]: bytes(value) for key, value in kept.items() if value is not None}


def walk(client: Client, first: str, most: int = 400) -> dict[str, bytes]:
    """Every page of the administration that a link leads to, from the first on."""
    pages: dict[str, bytes] = {}
    ahead = [first]
    while ahead and len(pages) < most:
        address = ahead.pop(0)
        if address in pages or "/logout" in address:
            continue
        answer = client.get(address)
        content = _content(answer)
        pages[address] = content
        for link in re.findall(rb'(?:href|action|data-href)="(/admin/[^"#]*)"', content):
            ahead.append(html.unescape(link.decode()))
    return pages


def _content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def joined(parts: Iterable[bytes]) -> bytes:
    return b"\n".join(parts)


def asked(answers: Iterable[Any]) -> bytes:
    """All that is told: bodies and headers."""
    told = []
    for answer in answers:
        told += [f"{name}: {value}".encode() for name, value in answer.headers.items()]
        told.append(_content(answer))
    return joined(told)
