"""Where the providers' pushes arrive: checked, noted as a hint, answered. Nothing else happens here.

    Graph    POST ?validationToken=…  ──► the token back, as text                       (the handshake)
             POST notifications       ──► clientState of each compared ──► hints ──► 202
    Gmail    POST Pub/Sub message     ──► its OIDC token checked ──► the mailbox by its address ──► hint ──► 202

Forged, replayed, oversize and unknown ones get the same answer as good ones and change nothing: whoever tries learns
nothing. A replayed one is at most another hint, and a hint only makes us read from our own cursor.
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.errors import ProviderUnavailable
from accounts.google import check_push_token
from accounts.signing_keys import TokenRefused
from permissions import isolation
from permissions.declare import public
from sync.models import Hint, Mailbox, Watch

log = structlog.get_logger(__name__)

MOST_BYTES = 256 * 1024
MOST_NOTICES = 1_000
_LONGEST_WORD = 512
_LIFECYCLE = {
    "reauthorizationRequired": Hint.Kind.REAUTHORIZE,
    "subscriptionRemoved": Hint.Kind.REMOVED,
    "missed": Hint.Kind.MISSED,
}


@public("Graph sends no session: each notice carries the secret that its subscription was made with")
@csrf_exempt
@require_POST
def graph(request: HttpRequest) -> HttpResponse:
    token = request.GET.get("validationToken")
    if token is not None:
        # Text, never HTML: whoever sends a page to itself gets words back.
        answer = HttpResponse(token[:4096], content_type="text/plain; charset=utf-8")
        answer["X-Content-Type-Options"] = "nosniff"
        return answer
    body = _body(request)
    notices = body.get("value") if isinstance(body, dict) else None
    if isinstance(notices, list):
        with isolation.every_organisation("a subscription's id says whose it is"):
            _note(_graph_hints([one for one in notices[:MOST_NOTICES] if isinstance(one, dict)]))
    return HttpResponse(status=202)


def _graph_hints(notices: Iterable[Mapping[str, Any]]) -> list[tuple[Any, Any, str]]:
    """(organisation, mailbox, kind) for each notice that carries its subscription's secret; each once."""
    notices = list(notices)
    ids = {_word(one.get("subscriptionId")) for one in notices} - {""}
    known = {
        remote_id: (secret_hash, organisation_id, mailbox_id)
        for remote_id, secret_hash, organisation_id, mailbox_id in Watch.objects.filter(remote_id__in=ids).values_list(
            "remote_id", "secret_hash", "organisation_id", "mailbox_id"
        )
    }
    hints: dict[tuple[Any, Any, str], None] = {}
    refused = 0
    for one in notices:
        secret_hash, organisation_id, mailbox_id = known.get(_word(one.get("subscriptionId")), ("", None, None))
        given = hashlib.sha256(_word(one.get("clientState")).encode()).hexdigest()
        if hmac.compare_digest(given, secret_hash or "0" * 64) and mailbox_id is not None:
            hints[organisation_id, mailbox_id, _kind(one)] = None
        else:
            refused += 1
    if refused:
        log.info("webhook.refused", rule="clientState", notices=refused)
    return list(hints)


def _kind(notice: Mapping[str, Any]) -> str:
    lifecycle = _LIFECYCLE.get(str(notice.get("lifecycleEvent", "")))
    if lifecycle is not None:
        return lifecycle
    return Hint.Kind.UPDATED if notice.get("changeType") == "updated" else Hint.Kind.CHANGED


@public("Pub/Sub sends no session: each message carries a token that Google signed for us")
@csrf_exempt
@require_POST
def gmail(request: HttpRequest) -> HttpResponse:
    body = _body(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() == "bearer":
            check_push_token(token.strip())
            with isolation.every_organisation("the address says whose it is"):
                _note(_gmail_hints(body))
    except TokenRefused as refused:
        log.info("webhook.refused", rule=refused.rule)
    except ProviderUnavailable:
        # Google's keys cannot be read: it sends the message again.
        return HttpResponse(status=503)
    return HttpResponse(status=202)


def _gmail_hints(body: Any) -> list[tuple[Any, Any, str]]:
    message = body.get("message") if isinstance(body, dict) else None
    try:
        data = json.loads(base64.b64decode(str(message["data"]), altchars=b"-_")) if isinstance(message, dict) else {}
    except (KeyError, ValueError, binascii.Error, RecursionError):
        return []
    address = _word(data.get("emailAddress")).strip().lower() if isinstance(data, dict) else ""
    if not address:
        return []
    key = hashlib.sha256(address.encode()).hexdigest()
    mailboxes = Mailbox.objects.filter(provider="gmail", address_hash=key, state=Mailbox.State.ACTIVE)
    return [(*row, Hint.Kind.CHANGED) for row in mailboxes.values_list("organisation_id", "pk")]


def _word(value: Any) -> str:
    """The text; nothing for what is none, or holds what neither a hash nor a database takes."""
    text = value if isinstance(value, str) and len(value) <= _LONGEST_WORD and "\x00" not in value else ""
    return "" if any("\ud800" <= letter <= "\udfff" for letter in text) else text


def _note(hints: Iterable[tuple[Any, Any, str]]) -> None:
    now = timezone.now()
    rows = [
        Hint(organisation_id=organisation_id, mailbox_id=mailbox_id, kind=kind, received_at=now)
        for organisation_id, mailbox_id, kind in hints
    ]
    if len(rows) == 1:
        # One statement by itself needs no transaction around it.
        rows[0].save(force_insert=True)
    elif rows:
        Hint.objects.bulk_create(rows)


def _body(request: HttpRequest) -> Any:
    """The decoded body; None for one that is too large or no JSON."""
    try:
        if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
            return None
        raw = request.read(MOST_BYTES + 1)
        return json.loads(raw) if len(raw) <= MOST_BYTES else None
    except (ValueError, RecursionError, OSError):
        return None
