"""The demo's Gmail: signing in as the browser extension does it, and mail through Gmail's API.

    authorize ─► sign-in form ─► consent ─► redirect with a code ─► token (PKCE): ID token, access token

https://developers.google.com/identity/openid-connect/openid-connect
https://developers.google.com/workspace/gmail/api/reference/rest
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from email.utils import getaddresses
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.conf import settings

from accounts.http import httpx_client
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.mailbox import MailNotRead
from sidebar.demo.signing_in import SignInFailed
from sync.rules.content import clean_html

PAGE = 25
VIEWS = {"inbox": "INBOX", "starred": "STARRED", "sent": "SENT"}
_IDENTITY = "openid email profile"
_MAIL = "https://www.googleapis.com/auth/gmail.readonly"
_EARLY_SECONDS = 60
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_BOX = re.compile(r'type="checkbox" name="([^"]+)"')
_CID = re.compile(r"""(\bsrc\s*=\s*["'])cid:([^"']+)""", re.IGNORECASE)
_IMAGE = re.compile(r"image/(png|jpeg|gif|webp)")
_INLINE_LIMIT = 512 * 1024
_ID = re.compile(r"[0-9a-f]{16}")
_access: dict[tuple[str, str], tuple[str, float]] = {}
_rows: dict[tuple[str, str], _Rows] = {}


@dataclass(frozen=True)
class _Rows:
    """Rows by message id that hold as long as nothing in the mailbox changes.

    Reading a page of rows costs a twelfth of what a user may spend in a minute, asking whether they hold a unit.
    https://developers.google.com/workspace/gmail/api/reference/quota
    """

    history: str
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)


def identity_token(person: Person, nonce: str) -> str:
    """An ID token for our own application, with this nonce. Raises SignInFailed, httpx.HTTPError."""
    return str(_sign_in(person, _IDENTITY, nonce)["id_token"])


def rows(person: Person, view: str, page: str) -> dict[str, Any]:
    """A page of messages, newest first: `rows`, and `next`, the token of the next page ("" at the end)."""
    query = {"labelIds": VIEWS[view], "maxResults": str(PAGE)} | ({"pageToken": page} if page else {})
    history = str(_get(person, "profile", {})["historyId"])
    key = (sandbox().google_token_url, person.email)
    kept = _rows.get(key)
    if kept is None or kept.history != history:
        kept = _rows[key] = _Rows(history)
    told = _get(person, "messages", query)
    identifiers = [str(one["id"]) for one in told.get("messages", [])]
    for identifier in identifiers:
        if identifier not in kept.by_id:
            kept.by_id[identifier] = _row(person, identifier)
    return {"rows": [kept.by_id[identifier] for identifier in identifiers], "next": told.get("nextPageToken", "")}


def thread(person: Person, identifier: str) -> dict[str, Any]:
    """A conversation, oldest message first."""
    if not _ID.fullmatch(identifier):
        raise MailNotRead(404)
    told = _get(person, f"threads/{identifier}", {"format": "full"})
    return {"id": told["id"], "messages": [_message(one) for one in told["messages"]]}


def body(person: Person, identifier: str) -> str:
    """A message's body as sanitised HTML, without anything from elsewhere."""
    if not _ID.fullmatch(identifier):
        raise MailNotRead(404)
    parts = _parts(_get(person, f"messages/{identifier}", {"format": "full"})["payload"])
    for kind in ("text/html", "text/plain"):
        for part in parts:
            data = part.get("body", {}).get("data")
            if part.get("mimeType") == kind and data and not part.get("filename"):
                text = base64.urlsafe_b64decode(data).decode("utf-8", "replace")
                if kind == "text/plain":
                    return f"<pre>{escape(text)}</pre>"
                return _with_images(clean_html(text), _inline(person, identifier, parts) if "cid:" in text else {})
    return ""


def _with_images(html: str, images: dict[str, str]) -> str:
    return _CID.sub(lambda found: found[1] + images.get(found[2], "data:,"), html)


def _inline(person: Person, identifier: str, parts: list[dict[str, Any]]) -> dict[str, str]:
    """Small images by the Content-ID under which the body refers to them."""
    found = {}
    for part in parts:
        held, kind = part.get("body", {}), part["mimeType"]
        name = next((h["value"] for h in part.get("headers", []) if h["name"].lower() == "content-id"), "")
        if name and _IMAGE.fullmatch(kind) and held.get("attachmentId") and held.get("size", 0) < _INLINE_LIMIT:
            told = _get(person, f"messages/{identifier}/attachments/{held['attachmentId']}", {})
            content = base64.b64encode(base64.urlsafe_b64decode(told["data"])).decode()
            found[name.strip().strip("<>")] = f"data:{kind};base64,{content}"
    return found


def _row(person: Person, identifier: str) -> dict[str, Any]:
    told = _get(person, f"messages/{identifier}", {"format": "metadata", "metadataHeaders": ["From", "To", "Subject"]})
    return {key: value for key, value in _message(told).items() if key not in ("to", "cc", "attachments")}


def _message(told: dict[str, Any]) -> dict[str, Any]:
    heads = {head["name"].lower(): head["value"] for head in reversed(told["payload"].get("headers", []))}
    labels = told.get("labelIds", [])
    return {
        "id": told["id"],
        "threadId": told["threadId"],
        "subject": heads.get("subject", ""),
        "from": next(iter(_people(heads.get("from", ""))), None),
        "to": _people(heads.get("to", "")),
        "cc": _people(heads.get("cc", "")),
        "messageId": heads.get("message-id", ""),
        "at": int(told["internalDate"]),
        "snippet": unescape(told.get("snippet", "")),
        "unread": "UNREAD" in labels,
        "draft": "DRAFT" in labels,
        "attachments": [
            {
                "key": part["body"]["attachmentId"],
                "name": part["filename"],
                "size": part["body"].get("size", 0),
                "content_type": part["mimeType"],
            }
            for part in _parts(told["payload"])
            if part.get("filename") and part.get("body", {}).get("attachmentId")
        ],
    }


def _parts(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [part, *(found for child in part.get("parts", []) for found in _parts(child))]


def _people(text: str) -> list[dict[str, str]]:
    return [{"name": name, "address": address} for name, address in getaddresses([text]) if address]


def _get(person: Person, path: str, query: dict[str, Any]) -> dict[str, Any]:
    client = httpx_client(base_url=sandbox().google_api_url)
    for _attempt in (1, 2):
        token = _mail_token(person)
        answer = client.get(
            f"/gmail/v1/users/me/{quote(path)}", params=query, headers={"Authorization": f"Bearer {token}"}
        )
        if answer.status_code != 401:
            break
        _access.pop((sandbox().google_token_url, person.email), None)
        _rows.pop((sandbox().google_token_url, person.email), None)
    if answer.status_code != 200:
        raise MailNotRead(answer.status_code)
    told: dict[str, Any] = answer.json()
    return told


def _mail_token(person: Person) -> str:
    key = (sandbox().google_token_url, person.email)
    token, ends = _access.get(key, ("", 0.0))
    if not token or time.monotonic() > ends - _EARLY_SECONDS:
        told = _sign_in(person, f"{_IDENTITY} {_MAIL}", secrets.token_urlsafe(24))
        token = str(told["access_token"])
        _access[key] = (token, time.monotonic() + float(told["expires_in"]))
    return token


def _sign_in(person: Person, scope: str, nonce: str) -> dict[str, Any]:
    facts = sandbox()
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect_uri = f"{settings.ALONGSIDE_PUBLIC_URL}/connect/google/callback/"
    state = secrets.token_urlsafe(24)
    asked = {
        "client_id": facts.google_client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": person.email,
    }
    client = httpx_client(base_url="")
    address = f"{facts.google_auth_url}?{urlencode(asked)}"
    answer = client.post(address, data={"username": person.email, "password": person.password})
    ticket = _TICKET.search(answer.text) if answer.status_code == 200 else None
    if ticket is not None:
        boxes = {unescape(name): "on" for name in _BOX.findall(answer.text)}
        answer = client.post(address, data={**boxes, "ticket": ticket[1], "decision": "allow"})
    query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if answer.status_code != 302 or query.get("state") != [state] or "code" not in query:
        raise SignInFailed(query.get("error", ["Google did not accept the sign-in."])[0])
    told = client.post(
        facts.google_token_url,
        data={
            "grant_type": "authorization_code",
            "code": query["code"][0],
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": facts.google_client_id,
            "client_secret": facts.google_client_secret,
        },
    )
    if told.status_code != 200:
        raise SignInFailed("Google gave no token.")
    tokens: dict[str, Any] = told.json()
    return tokens
