"""The addresses and domains that are never filed: the organisation's, which a person sees, and their own."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import BlockEntry
from accounts.trail import record_own
from permissions import policy
from sync.capture.steering import forget
from sync.rules.participants import Party, Standing, domain_listed, listed, read_entry, standing
from sync.services.party import party_of

MOST = 1_000


class BadEntry(ValueError):
    """What cannot be put on the list. The text says why, for people."""


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One entry; `own` is False for the organisation's, which only an administrator changes."""

    id: int
    value: str
    is_domain: bool
    own: bool


def entries(actor: Actor) -> list[BlockLine]:
    """The organisation's first, each list by its letters."""
    require_own(actor, "mailbox.sync")
    rows = BlockEntry.objects.filter(organisation=actor.organisation, user=None)
    rows |= BlockEntry.objects.filter(organisation=actor.organisation, user=actor.user)
    lines = [BlockLine(row.pk, row.value, "@" not in row.value, row.user_id is not None) for row in rows]
    return sorted(lines, key=lambda line: (line.own, line.value))


@transaction.atomic
def add(actor: Actor, text: str) -> BlockLine:
    """Puts an address, or a domain with its subdomains, on the actor's list; twice is once. Raises BadEntry."""
    require_own(actor, "mailbox.sync")
    value = read_entry(text)
    if value is None or len(value) > 254:
        raise BadEntry(
            gettext("Write an address such as dana@northwind.example, or a domain such as northwind.example.")
        )
    _refuse(value, party_of(actor))
    mine = BlockEntry.objects.filter(organisation=actor.organisation, user=actor.user)
    if mine.count() >= MOST:
        raise BadEntry(gettext("Your list holds %(most)d entries already: take one away first.") % {"most": MOST})
    row, made = BlockEntry.objects.get_or_create(organisation=actor.organisation, user=actor.user, value=value)
    forget(actor)
    if made:
        record_own(actor, "block.added", ("block-entry", row.pk), user=actor.user.pk, domain="@" not in value)
    return BlockLine(row.pk, row.value, "@" not in row.value, own=True)


@transaction.atomic
def remove(actor: Actor, entry_id: int) -> None:
    """Takes one of the actor's own away. Raises policy.NotFound for any other."""
    require_own(actor, "mailbox.sync")
    gone, _ = BlockEntry.objects.filter(organisation=actor.organisation, user=actor.user, pk=entry_id).delete()
    if not gone:
        raise policy.NotFound
    forget(actor)
    record_own(actor, "block.removed", ("block-entry", entry_id), user=actor.user.pk)


def _refuse(value: str, party: Party) -> None:
    """What would change nothing: colleagues are never filed, and what the organisation blocks is blocked already."""
    if "@" in value:
        internal = standing(value, party) is Standing.INTERNAL
        blocked = listed(value, party.blocked_by_organisation)
    else:
        internal = domain_listed(value, party.internal_domains)
        blocked = domain_listed(value, party.blocked_by_organisation)
    if internal:
        raise BadEntry(gettext("That is your own organisation: its people are never filed anyway."))
    if blocked:
        raise BadEntry(gettext("Your organisation blocks it already."))
