"""The one module that knows the product from within: it makes the company, and reads the ledger's rows.

Nothing is decided here. Django is set up in this process with the environment of the product that runs beside it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from soak.cast import DOMAINS, ORGANISATION_BLOCKS, User

P = ParamSpec("P")
T = TypeVar("T")

_OVER = ("captured", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Decided:
    """A row of the ledger: one message in one mailbox, its decision, and the reasons of its open issues."""

    user: str
    provider_id: str
    outcome: str | None
    rule: str
    inputs: Mapping[str, Any]
    issues: tuple[str, ...]
    settled: bool


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What still waits, is leased, or asks for a person."""

    waiting: tuple[str, ...]
    leases: tuple[str, ...]
    issues: tuple[str, ...]
    mailboxes: tuple[str, ...]

    def lines(self) -> list[str]:
        return [*self.waiting, *self.leases, *self.issues, *self.mailboxes]


def _across(call: Callable[P, T]) -> Callable[P, T]:
    """The soak looks at the rows of all, from whichever of its threads."""

    @wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        from permissions import isolation

        with isolation.every_organisation("the soak looks at the rows of all"):
            return call(*args, **kwargs)

    return wrapped


class Inside:
    """`environment` are the product's settings."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()

    @_across
    def make_company(self, info: Mapping[str, Any], users: Sequence[User]) -> None:
        """The organisation, its users with their first settings, its block list, and a rule for the delay."""
        from accounts.models import AddressAlias, BlockEntry
        from accounts.models import User as Person
        from accounts.services import create_organisation, create_user

        organisation = create_organisation("Larkfield Instruments", tenant_ids=[info["tenant_id"]], domains=DOMAINS)
        for entry in ORGANISATION_BLOCKS:
            BlockEntry.objects.create(organisation=organisation, value=entry.removeprefix("*."))
        ids = {person["email"]: person for person in info["users"]}
        for user in users:
            person = ids[user.address]
            own = user.suite == "microsoft"
            create_user(
                organisation,
                email=user.address,
                name=user.name,
                tenant_id=info["tenant_id"] if own else "",
                oid=person["oid"] if own else "",
                administrator=person["role"] == "administrator",
                reason="the soak's company",
            )
            if user.alias:
                owner = Person.objects.get(email=user.address)
                AddressAlias.objects.create(organisation=organisation, user=owner, address=user.alias)
            self.choose(user.address, "auto_file_mode", user.mode)
            self.choose(user.address, "auto_file_delay_minutes", user.delay)

    @_across
    def connect_integration_user(self, info: Mapping[str, Any]) -> None:
        """The org's own user, as an administrator connects it: it reaches what users keep to themselves."""
        from accounts.models import Organisation
        from accounts.service_grants import connect_salesforce

        username = next(person["email"] for person in info["users"] if person["role"] == "administrator")
        key = Path(info["salesforce_jwt_key_file"]).read_text(encoding="ascii")
        connect_salesforce(Organisation.objects.get(), username=username, private_key=key)

    @_across
    def choose(self, address: str, name: str, value: object) -> None:
        """A user's own setting."""
        from accounts import preferences
        from accounts.actor import Actor
        from accounts.models import User as Person

        preferences.choose(Actor.of(Person.objects.select_related("organisation").get(email=address)), name, value)

    @_across
    def block(self, address: str, value: str) -> None:
        """An entry of a user's own block list."""
        from accounts.actor import Actor
        from accounts.models import BlockEntry
        from accounts.models import User as Person
        from sync.services.party import forget_party

        user = Person.objects.select_related("organisation").get(email=address)
        entry = value.removeprefix("*.")
        BlockEntry.objects.get_or_create(organisation=user.organisation, user=user, value=entry)
        forget_party(Actor.of(user))

    @property
    def block_seconds(self) -> float:
        """How long a process may go on with a block list that it read before, where processes share no cache."""
        from django.conf import settings

        from sync.services.party import PARTY_SECONDS

        return 0.0 if settings.CACHE_URL else float(PARTY_SECONDS)

    @_across
    def session(self, address: str) -> str:
        """A session's token, for people whose own client is not there yet."""
        from accounts.models import User as Person
        from accounts.signing_in import begin_session

        return begin_session(Person.objects.select_related("organisation").get(email=address), client="outlook")[0]

    @_across
    def open_mailboxes(self, address: str) -> None:
        """What reconciliation does for everybody every few minutes, at once."""
        from accounts.models import User as Person
        from sync.capture.mailboxes import open_mailboxes

        open_mailboxes(Person.objects.get(email=address))

    @_across
    def a_quarter_later(self) -> None:
        """Moves what waits for Salesforce's allowance to be looked at again: no soak is long enough to wait for it."""
        from django.utils import timezone

        from sync.models import ApiBudget, Intent

        now = timezone.now()
        ApiBudget.objects.update(seen_at=now - timedelta(minutes=15), spent_until=None)
        waiting = Intent.objects.filter(state=Intent.State.WAITING, reason="quota-spent", due_at__gt=now)
        waiting.update(due_at=now, woken_until=None)

    @_across
    def safety_poll(self) -> None:
        """Moves the safety poll of every mailbox to now: what only a lost notice told of is found by it."""
        from sync.capture.scheduling import hurry
        from sync.models import Mailbox

        for mailbox in Mailbox.objects.all():
            hurry(mailbox)

    @_across
    def refused(self) -> list[tuple[str, str]]:
        """(address, system) of the connections whose grant is gone."""
        from accounts.models import Connection

        rows = Connection.objects.filter(state=Connection.State.NEEDS_RECONNECT)
        return [(str(address), str(system)) for address, system in rows.values_list("user__email", "system")]

    @_across
    def decided(self) -> list[Decided]:
        """Every item with its decision. `settled`: the decision is final, and what it asked for is written."""
        from sync.models import Decision, Intent, Issue, Item

        open_intents = set(
            Intent.objects.filter(state__in=[Intent.State.WAITING, Intent.State.CLAIMED]).values_list(
                "activity_id", flat=True
            )
        )
        decisions = {row["item_id"]: row for row in Decision.objects.values("item_id", "outcome", "rule", "inputs")}
        issues: dict[object, list[str]] = defaultdict(list)
        for item_id, reason in Issue.objects.filter(settled_at=None).values_list("item_id", "reason"):
            issues[item_id].append(reason)
        found: list[Decided] = []
        for row in Item.objects.values("id", "user__email", "provider_id", "sighting__activity_id"):
            decision = decisions.get(row["id"])
            is_over = decision is not None and decision["outcome"] in _OVER
            found.append(
                Decided(
                    user=row["user__email"],
                    provider_id=row["provider_id"],
                    outcome=decision["outcome"] if decision else None,
                    rule=decision["rule"] if decision else "",
                    inputs=decision["inputs"] if decision else {},
                    issues=tuple(sorted(issues.get(row["id"], ()))),
                    settled=is_over and row["sighting__activity_id"] not in open_intents,
                )
            )
        return found

    @_across
    def unfinished(self) -> Unfinished:
        """What must not be left when nothing happens any more."""
        from django.db.models import Q
        from django.utils import timezone

        from accounts.models import Connection
        from sync.models import Collection, Decision, Hint, Intent, Issue, Mailbox

        now = timezone.now()
        intents = Intent.objects.filter(state__in=[Intent.State.WAITING, Intent.State.CLAIMED])
        collections = Collection.objects.filter(Q(lease_until__gt=now) | Q(due_at__lte=now) | Q(attempts__gt=0))
        return Unfinished(
            waiting=tuple(
                [f"intent {row.kind} {row.state} {row.reason} attempts={row.attempts}" for row in intents]
                + [f"hint {row.kind}" for row in Hint.objects.all()]
                + [f"decision {row.outcome} by {row.rule}" for row in Decision.objects.filter(outcome="waiting")]
            ),
            leases=tuple(
                f"collection {row.kind} {row.name} {row.reason} attempts={row.attempts}" for row in collections
            ),
            issues=tuple(
                f"issue {row.reason} {row.words}"
                for row in Issue.objects.filter(settled_at=None, item=None).exclude(reason="same-message-id")
            ),
            mailboxes=tuple(
                [
                    f"mailbox {row.user.email} {row.state} {row.reason}"
                    for row in Mailbox.objects.select_related("user").exclude(state=Mailbox.State.ACTIVE)
                ]
                + [
                    f"connection {row.user.email} {row.system} {row.state}"
                    for row in Connection.objects.select_related("user").filter(state="needs_reconnect")
                ]
            ),
        )
