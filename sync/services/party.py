"""What an organisation and a user say about addresses: who is internal, who is blocked."""

from __future__ import annotations

from django.core.cache import cache

from accounts.actor import Actor
from accounts.models import AddressAlias, BlockEntry, InternalDomain, User
from sync.rules.participants import Party

PARTY_SECONDS = 60


def party_of(actor: Actor, *, fresh: bool = False) -> Party:
    """The lists that apply to the actor's mail; kept for a minute, since every open email asks.

    `fresh`: as they are at this moment, for what is filed without anybody looking.
    """
    key = f"party:{actor.organisation.id}:{actor.user.id}"
    known = None if fresh else cache.get(key)
    if known is None:
        known = _read(actor)
        cache.set(key, known, PARTY_SECONDS)
    return Party(
        internal_domains=frozenset(known[0]),
        internal_addresses=frozenset(known[1]),
        own_addresses=frozenset(known[2]),
        blocked_by_organisation=frozenset(known[3]),
        blocked_by_user=frozenset(known[4]),
    )


def forget_party(actor: Actor) -> None:
    """Makes a change of the lists count at once."""
    cache.delete(f"party:{actor.organisation.id}:{actor.user.id}")


def _read(actor: Actor) -> list[list[str]]:
    organisation = actor.organisation
    aliases = list(AddressAlias.objects.filter(user__organisation=organisation).values_list("address", "user_id"))
    blocked = list(BlockEntry.objects.filter(organisation=organisation).values_list("value", "user_id"))
    users = User.objects.filter(organisation=organisation).values_list("email", flat=True)
    return [
        [
            domain.lower()
            for domain in InternalDomain.objects.filter(organisation=organisation).values_list("domain", flat=True)
        ],
        [address.lower() for address in [*users, *(address for address, _ in aliases)]],
        [address.lower() for address in [actor.user.email, *(a for a, user_id in aliases if user_id == actor.user.id)]],
        [value.lower() for value, user_id in blocked if user_id is None],
        [value.lower() for value, user_id in blocked if user_id == actor.user.id],
    ]
