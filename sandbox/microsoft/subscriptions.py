"""Change subscriptions of the tenant: who wants to hear of which mailbox, and what each step of a mailbox says to them.

    created ─► active ──(PATCH)──► active … ──(its time is over)──► lapsed: 404 from now on
                 └──(DELETE, subscriptionRemoved)──► gone: 404

Nothing here waits: notices are handed to the notifier, which delivers them beside the API.
https://learn.microsoft.com/graph/outlook-change-notifications-overview
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from sandbox.microsoft import ids
from sandbox.microsoft.mailbox import Change, Mailbox, StoredMessage
from sandbox.microsoft.notifier import Notice, Notifier
from sandbox.microsoft.representation import Json

LONGEST = timedelta(minutes=10_080)
PER_MAILBOX = 1_000
LIFECYCLE = ("reauthorizationRequired", "subscriptionRemoved", "missed")
# How long notices go on after a subscription was asked to be authorised again.
_PATIENCE = timedelta(minutes=10)
_KINDS = {"placed": "created", "updated": "updated", "removed": "deleted"}
_RESOURCE = re.compile(
    r"/?(?:me|users/(?P<user>[^/()?]+)|users\('(?P<quoted>[^'/]+)'\))"
    r"(?:/mailFolders(?:/(?P<folder>[^/()?]+)|\('(?P<named>[^'/]+)'\)))?/messages/?",
    re.IGNORECASE,
)


@dataclass(eq=False)
class Subscription:
    """`creator` is the object id of the user or of the application's principal; `folder_id` None is all folders."""

    app_id: str
    creator: str
    is_app: bool
    mailbox: Mailbox
    folder_id: str | None
    resource: str
    change_type: str
    url: str
    expires: datetime
    immutable: bool
    lifecycle_url: str | None = None
    client_state: str | None = None
    tls: str = "v1_2"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    reauthorize_by: datetime | None = None

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self.change_type.split(","))


@dataclass(frozen=True)
class Watched:
    """What the text of a resource names; `user` None is the one who asks."""

    user: str | None
    folder: str | None


def watched(resource: str) -> Watched | None:
    """Reads `/me/messages`, `users/{id}/mailFolders('inbox')/messages` and their like, percent-encoded or not."""
    found = _RESOURCE.fullmatch(unquote(resource))
    if found is None:
        return None
    return Watched(found["user"] or found["quoted"], found["folder"] or found["named"])


class Subscriptions:
    """All subscriptions of a tenant. `reaches` tells whether applications may still read a mailbox."""

    def __init__(
        self, tenant_id: str, now: Callable[[], datetime], notifier: Notifier, reaches: Callable[[str], bool]
    ) -> None:
        self.notifier = notifier
        self.per_mailbox = PER_MAILBOX
        self._tenant_id = tenant_id
        self._now = now
        self._reaches = reaches
        self._all: dict[str, Subscription] = {}

    def active(self) -> list[Subscription]:
        """Those whose time is not over; the others are forgotten."""
        now = self._now()
        for lapsed in [one for one in self._all.values() if one.expires <= now]:
            self.remove(lapsed)
        return list(self._all.values())

    def get(self, identifier: str) -> Subscription | None:
        return next((one for one in self.active() if one.id == identifier.lower()), None)

    def of_mailbox(self, mailbox: Mailbox) -> list[Subscription]:
        return [one for one in self.active() if one.mailbox is mailbox]

    def twin(self, wanted: Subscription) -> Subscription | None:
        """A subscription of the same client to the same changes of the same thing."""
        for one in self.of_mailbox(wanted.mailbox):
            same_client = (one.app_id, one.creator) == (wanted.app_id, wanted.creator)
            if same_client and one.folder_id == wanted.folder_id and one.kinds == wanted.kinds:
                return one
        return None

    def add(self, subscription: Subscription) -> None:
        self._all[subscription.id] = subscription
        subscription.mailbox.watcher = self._tell

    def remove(self, subscription: Subscription) -> None:
        self._all.pop(subscription.id, None)
        if not any(one.mailbox is subscription.mailbox for one in self._all.values()):
            subscription.mailbox.watcher = None

    def lifecycle(self, subscription: Subscription, event: str) -> bool:
        """Sends a lifecycle notice, and does what it says; False where the subscription gave no address for them."""
        if event == "subscriptionRemoved":
            self.remove(subscription)
        elif event == "reauthorizationRequired":
            subscription.reauthorize_by = self._now() + _PATIENCE
        if subscription.lifecycle_url is None:
            return False
        body = self._common(subscription) | {"lifecycleEvent": event, "resource": subscription.resource}
        self.notifier.send(Notice(subscription.lifecycle_url, body, lambda: True, is_lifecycle=True))
        return True

    def _tell(self, change: Change, message: StoredMessage) -> None:
        kind = _KINDS[change.kind]
        for one in self._all.values():
            is_meant = one.mailbox.address == message.mailbox and kind in one.kinds
            if is_meant and one.folder_id in (None, change.folder_id) and self._is_heard(one):
                identifier = message.immutable_id if one.immutable else ids.default_id(message.mailbox, *_place(change))
                self.notifier.send(self._notice(one, kind, identifier, message.etag))

    def _is_heard(self, subscription: Subscription) -> bool:
        now = self._now()
        is_trusted = subscription.reauthorize_by is None or now < subscription.reauthorize_by
        may_read = not subscription.is_app or self._reaches(subscription.mailbox.oid)
        return subscription.id in self._all and subscription.expires > now and is_trusted and may_read

    def _notice(self, subscription: Subscription, kind: str, identifier: str, etag: str) -> Notice:
        where = f"Users/{subscription.mailbox.oid}/Messages/{identifier}"
        body = self._common(subscription) | {
            "changeType": kind,
            "resource": where,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.Message",
                "@odata.id": where,
                "@odata.etag": etag,
                "id": identifier,
            },
        }
        return Notice(
            subscription.url,
            body,
            lambda: self._is_heard(subscription),
            lost=lambda: self.lifecycle(subscription, "missed"),
            phantom=lambda number: self._phantom(subscription, number),
        )

    def _phantom(self, subscription: Subscription, number: int) -> Notice:
        """A notice of something that nobody did."""
        identifier = ids.immutable_id(f"phantom {subscription.id}", number)
        return self._notice(subscription, "updated", identifier, 'W/"CQAAAA=="')

    def _common(self, subscription: Subscription) -> Json:
        body: dict[str, Any] = {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": subscription.expires.isoformat(),
            "tenantId": self._tenant_id,
        }
        return body if subscription.client_state is None else body | {"clientState": subscription.client_state}


def _place(change: Change) -> tuple[int, int]:
    return change.serial, change.placed
