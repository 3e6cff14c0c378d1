"""Watches: which mailboxes tell the topic of their changes, of which, and until when.

    watch ─► watched ─► (watch again: later end) ─► stop, or seven days without a renewal ─► silent

https://developers.google.com/workspace/gmail/api/guides/push
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.google.errors import ApiError, invalid_argument
from sandbox.google.mailbox import Mailbox
from sandbox.google.pubsub import PubSub

WATCH_LIFE = timedelta(days=7)
_TOPIC = re.compile(r"projects/([a-z][a-z0-9-]{4,28}[a-z0-9])/topics/([A-Za-z][A-Za-z0-9._~%+-]{2,254})")


@dataclass(frozen=True, slots=True)
class Watch:
    """``labels`` empty: every change. ``excludes``: every change but those of messages under the labels."""

    labels: frozenset[str]
    excludes: bool
    expires: datetime

    def concerns(self, labels: frozenset[str]) -> bool:
        return not self.labels or bool(self.labels & labels) is not self.excludes


class Watches:
    """All watches of the project, by the address of the mailbox. ``topic`` is the one that Gmail may publish to."""

    def __init__(self, clock: Clock, pubsub: PubSub, topic: str) -> None:
        self._clock = clock
        self._pubsub = pubsub
        self._topic = topic
        self._watches: dict[str, Watch] = {}

    def watch(self, mailbox: Mailbox, body: dict[str, Any]) -> dict[str, str]:
        """Begins or renews a watch, and publishes the present state at once. Raises as Gmail does."""
        self._check_topic(body.get("topicName") or "")
        labels = frozenset(body.get("labelIds") or ())
        for label in sorted(labels):
            if mailbox.labels.get(label) is None:
                raise invalid_argument(f"Invalid label: {label}")
        behavior = body.get("labelFilterBehavior") or body.get("labelFilterAction") or "include"
        expires = self._clock.now() + WATCH_LIFE
        self._watches[mailbox.address] = Watch(labels, behavior == "exclude", expires)
        self._pubsub.publish(mailbox.address, mailbox.history_id)
        return {"historyId": str(mailbox.history_id), "expiration": str(int(expires.timestamp() * 1000))}

    def stop(self, mailbox: Mailbox) -> None:
        self._watches.pop(mailbox.address, None)

    def changed(self, mailbox: Mailbox, labels: frozenset[str]) -> None:
        """A change of a message that has, or had, these labels."""
        watch = self._watches.get(mailbox.address)
        if watch is None or watch.expires <= self._clock.now() or not watch.concerns(labels):
            return
        self._pubsub.publish(mailbox.address, mailbox.history_id)

    def rows(self) -> list[dict[str, Any]]:
        """The watches that have not lapsed."""
        now = self._clock.now()
        return [
            {
                "email": email,
                "labelIds": sorted(watch.labels),
                "labelFilterBehavior": "exclude" if watch.excludes else "include",
                "expires": watch.expires.isoformat(),
            }
            for email, watch in self._watches.items()
            if watch.expires > now
        ]

    def _check_topic(self, name: str) -> None:
        found = _TOPIC.fullmatch(name)
        project = self._topic.split("/")[1]
        if found is None or found[1] != project:
            raise invalid_argument(f"Invalid topicName does not match projects/{project}/topics/*")
        if name != self._topic:
            sentence = f"Error sending test message to Cloud PubSub {name} : Resource not found (resource={found[2]})."
            raise ApiError(404, "notFound", sentence)
