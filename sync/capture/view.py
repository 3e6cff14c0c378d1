"""One mailbox as the rules look at it: whose it is, what its settings say, what it follows.

Read once for each page or batch, so that every message of it is judged by the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Connection, SalesforceOrg, System
from sync.models import Collection, Follow, Link, Mailbox
from sync.rules.following import FollowedThread
from sync.rules.participants import Party
from sync.services.capture_settings import CaptureSettings, settings_of
from sync.services.party import party_of


@dataclass(frozen=True, slots=True)
class MailboxView:
    """`salesforce_org`: where its user is connected. `scoped_folders`: ids of the folders that are filed from."""

    mailbox: Mailbox
    actor: Actor
    party: Party
    settings: CaptureSettings
    salesforce_org: SalesforceOrg | None
    scoped_folders: frozenset[str] = frozenset()
    follows: tuple[tuple[Follow, FollowedThread], ...] = ()

    @property
    def window_from(self) -> datetime:
        return self.mailbox.window_from


def view_of(mailbox: Mailbox) -> MailboxView:
    """Reads what applies to a mailbox now."""
    actor = Actor.of(mailbox.user)
    connection = (
        Connection.objects.filter(user=mailbox.user, system=System.SALESFORCE)
        .exclude(salesforce_org=None)
        .select_related("salesforce_org")
        .first()
    )
    scoped = Collection.objects.filter(mailbox=mailbox, kind=Collection.Kind.MAIL, in_scope=True)
    return MailboxView(
        mailbox=mailbox,
        actor=actor,
        party=party_of(actor, fresh=True),
        settings=settings_of(actor),
        salesforce_org=connection.salesforce_org if connection else None,
        scoped_folders=frozenset(scoped.values_list("remote_id", flat=True)),
        follows=follows_of(actor, mailbox.provider),
    )


def follows_of(actor: Actor, provider: str) -> tuple[tuple[Follow, FollowedThread], ...]:
    """The conversations that the user follows, with the identities of their filed mail."""
    rows = list(
        Follow.objects.filter(
            user=actor.user, provider=provider, stopped_at__isnull=True, until__gte=timezone.now()
        ).select_related("activity")
    )
    if not rows:
        return ()
    conversations = {row.conversation_id for row in rows} - {""}
    filed: dict[str, set[str]] = {}
    links = Link.objects.filter(
        part=Link.Part.EMAIL,
        activity__sightings__item__user=actor.user,
        activity__sightings__item__conversation_id__in=conversations,
    ).values_list("activity__sightings__item__conversation_id", "activity__identity")
    for conversation_id, identity in links:
        filed.setdefault(conversation_id, set()).add(identity)
    return tuple(
        (
            row,
            FollowedThread(
                conversation_id=row.conversation_id,
                filed_identifiers=frozenset({row.activity.identity, *filed.get(row.conversation_id, ())}),
                external_hashes=frozenset(row.external_hashes),
                until=row.until,
            ),
        )
        for row in rows
    )
