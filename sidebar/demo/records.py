"""A record of the sandbox's Salesforce as a page to look at, read as the person.

The sandbox speaks Salesforce's protocols and has no pages of its own; a browser would not know its certificate either.
So the demo's mail client opens the pane's links to it here.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_get_field_values.htm
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from accounts.http import httpx_client
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.signing_in import SignInFailed

_OBJECTS: Final = {
    "001": "Account",
    "003": "Contact",
    "00Q": "Lead",
    "006": "Opportunity",
    "500": "Case",
    "02s": "EmailMessage",
    "00T": "Task",
}
_TITLES: Final = ("Name", "Subject", "CaseNumber")
_RECORD = re.compile(r"/([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)")
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_NEW = "/lightning/o/Contact/new"

_tokens: dict[tuple[str, str], str] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`object_name` and `title` head the page; `fields` are those that hold something, in Salesforce's order."""

    object_name: str
    title: str
    fields: tuple[tuple[str, str], ...]
    is_new: bool = False


def record_page(person: Person, address: str) -> RecordPage | None:
    """The page behind an address of the sandbox's Salesforce; None for one that has none."""
    parts = urlsplit(address)
    if f"{parts.scheme}://{parts.netloc}" != sandbox().salesforce_login_url:
        return None
    if parts.path == _NEW:
        values = parse_qs(parts.query).get("defaultFieldValues", [""])[0]
        pairs = (part.partition("=") for part in values.split(",") if part)
        return RecordPage("Contact", "", tuple((name, unquote(value)) for name, _, value in pairs), is_new=True)
    found = _RECORD.fullmatch(parts.path)
    object_name = _OBJECTS.get(found[1][:3]) if found else None
    if found is None or object_name is None:
        return None
    told = _read(person, f"/services/data/v{settings.SALESFORCE_API_VERSION}/sobjects/{object_name}/{found[1]}")
    if told is None:
        return None
    title = next((str(told[name]) for name in _TITLES if told.get(name)), "")
    shown = {name: value for name, value in told.items() if name != "attributes" and value not in (None, "", False)}
    return RecordPage(object_name, title, tuple((name, str(value)) for name, value in shown.items()))


def _read(person: Person, path: str) -> dict[str, Any] | None:
    client = httpx_client(base_url=sandbox().salesforce_login_url)
    key = (sandbox().salesforce_login_url, person.email)
    for _attempt in (1, 2):
        with _guard:
            token = _tokens.get(key) or _tokens.setdefault(key, _sign_in(person))
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 401:
            break
        with _guard:
            _tokens.pop(key, None)
    if answer.status_code != 200:
        return None
    told: dict[str, Any] = answer.json()
    return told


def _sign_in(person: Person) -> str:
    """The web-server flow as the person's browser goes through it. Raises SignInFailed."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect_uri = f"{settings.ALONGSIDE_PUBLIC_URL}/connect/salesforce/callback/"
    asked = {
        "response_type": "code",
        "client_id": settings.SALESFORCE_CLIENT_ID,
        "redirect_uri": redirect_uri,
        "scope": "api openid",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    client = httpx_client(base_url=sandbox().salesforce_login_url)
    page = client.post(
        "/services/oauth2/authorize",
        params=asked,
        data={"username": person.email, "password": person.password, "decision": "sign-in"},
    )
    ticket = _TICKET.search(page.text)
    if ticket is None:
        raise SignInFailed("Salesforce's sandbox did not accept the sign-in.")
    sent = client.post("/services/oauth2/authorize", params=asked, data={"ticket": ticket[1], "decision": "allow"})
    code = parse_qs(urlsplit(sent.headers.get("location", "")).query).get("code", [""])[0]
    answer = client.post(
        "/services/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "client_id": settings.SALESFORCE_CLIENT_ID,
            "client_secret": settings.SALESFORCE_CLIENT_SECRET,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        },
    )
    if answer.status_code != 200:
        raise SignInFailed("Salesforce's sandbox did not accept the sign-in.")
    return str(answer.json()["access_token"])
