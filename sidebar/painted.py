"""An answer that was painted a moment ago, served again: the same person, email and language, and nothing changed here.

Its place in the cache names the person, their zone, Salesforce user and connection, the email as the client tells it
and the versions of what this side knows of it. It is kept for a minute at most, and never when something was missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from accounts.actor import Actor
from accounts.models import Connection, System
from sidebar.presentation.page import Page
from sync.rules.identity import stored_identifier
from sync.services.clients import GMAIL, provider_of
from sync.services.completing import known_identity
from sync.services.open_email import OpenEmail
from sync.services.versions import versions

KEEP_SECONDS = 60
# Stands for the request's generation while an answer is kept; with its quotes it cannot be text of an email.
_GENERATION = "-generation-"


@dataclass(frozen=True, slots=True)
class Painted:
    item_key: str
    html: str

    def for_generation(self, generation: str) -> str:
        """The HTML of an answer to that request."""
        return self.html.replace(f'data-generation="{_GENERATION}"', f'data-generation="{generation}"', 1)


def paint(page: Page, item_key: str, request: HttpRequest) -> Painted:
    values = {"page": page, "item_key": item_key, "generation": _GENERATION}
    return Painted(item_key, render_to_string("pane/answer.html", values, request))


def place_of(actor: Actor, form: Mapping[str, str]) -> str | None:
    """Where the answer to this form is kept; None if it cannot be read or Salesforce is not connected.

    One query, two in Gmail.
    """
    connection = (
        Connection.objects.filter(user=actor.user, system=System.SALESFORCE, state=Connection.State.ACTIVE)
        .values_list("pk", "salesforce_org_id", "external_user_id")
        .first()
    )
    raw = form.get("hint", "")
    if connection is None:
        return None
    try:
        hint = json.loads(raw)
        identity = stored_identifier(hint.get("internet_message_id") or "")
        if provider_of(actor) == GMAIL:
            # Gmail's page says no Message-ID: what changes of the email here is known by that all the same.
            identity = known_identity(actor, hint.get("item_key") or "")
        conversation = hint.get("conversation_id") or ""
        known = versions(actor.organisation.pk, connection[1] or 0, actor.user.pk, identity, conversation)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    named = (
        str(actor.user.pk),
        str(actor.organisation.pk),
        repr(connection),
        get_language() or "",
        timezone.get_current_timezone_name(),
        known,
        raw,
    )
    return f"painted:{actor.organisation.pk}:" + hashlib.sha256("\n".join(named).encode()).hexdigest()


def find(place: str | None) -> Painted | None:
    kept = cache.get(place) if place else None
    return Painted(*kept) if kept else None


def keep(place: str | None, opened: OpenEmail, painted: Painted) -> None:
    if place and not (opened.stale_reason or opened.crm.failed):
        cache.set(place, [painted.item_key, painted.html], KEEP_SECONDS)
