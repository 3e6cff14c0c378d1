"""Graph's push about a mailbox: a subscription that says "look", made, prolonged, ended.

https://learn.microsoft.com/graph/api/resources/subscription
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_noop

from sync import errors
from sync.providers.graph.queries import instant
from sync.providers.graph.transport import VERSION, GraphTransport, as_model
from sync.providers.graph.wire import GraphSubscription, Page
from sync.providers.mailbox import WatchTicket

_PATH = VERSION + "/subscriptions"
_CHANGES = "created,updated,deleted"
_MOST_PAGES = 20


def watch(graph: GraphTransport, *, notification_url: str, secret: str, until: datetime) -> WatchTicket:
    """https://learn.microsoft.com/graph/api/subscription-post-subscriptions

    Graph calls `notification_url` before it answers. One that stands already is replaced, for its secret cannot be
    read; one that belongs to another address of the same application is not ours to end: Conflict.
    """
    order = {
        "changeType": _CHANGES,
        "resource": _resource(graph),
        "notificationUrl": notification_url,
        "lifecycleNotificationUrl": notification_url,
        "clientState": secret,
        "latestSupportedTlsVersion": "v1_2",
        "expirationDateTime": instant(until),
    }
    try:
        return _ticket(graph.write("POST", _PATH, order))
    except errors.Conflict:
        standing = _standing(graph, notification_url)
        if standing is None:
            raise
    stop(graph, standing)
    return _ticket(graph.write("POST", _PATH, order))


def renew(graph: GraphTransport, watch_id: str, *, until: datetime) -> WatchTicket:
    """https://learn.microsoft.com/graph/api/subscription-update"""
    return _ticket(graph.write("PATCH", _path(watch_id), {"expirationDateTime": instant(until)}))


def stop(graph: GraphTransport, watch_id: str) -> None:
    """https://learn.microsoft.com/graph/api/subscription-delete"""
    try:
        graph.write("DELETE", _path(watch_id))
    except errors.Gone:
        return


def _standing(graph: GraphTransport, notification_url: str) -> str | None:
    """https://learn.microsoft.com/graph/api/subscription-list"""
    wanted = _resource(graph).strip("/").lower()
    page = graph.read(Page[GraphSubscription], _PATH)
    for _ in range(_MOST_PAGES):
        for one in page.value:
            if one.notification_url == notification_url and one.resource.strip("/").lower() == wanted:
                return one.id
        if not page.next_link:
            return None
        page = graph.follow(Page[GraphSubscription], page.next_link)
    return None


def _resource(graph: GraphTransport) -> str:
    return graph.root.removeprefix(VERSION) + "/messages"


def _path(watch_id: str) -> str:
    if watch_id in {"", ".", ".."}:
        raise errors.Gone(gettext_noop("There is no such subscription."), code="NO_SUBSCRIPTION")
    return _PATH + "/" + quote(watch_id, safe="")


def _ticket(answer: Any) -> WatchTicket:
    subscription = as_model(GraphSubscription, answer)
    return WatchTicket(id=subscription.id, expires_at=subscription.expiration_date_time)
