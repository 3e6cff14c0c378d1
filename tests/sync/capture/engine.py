"""The engine driven by a test's own hand: what the sweeper and the workers do, in this thread, until nothing is due."""

from __future__ import annotations

from django.core.cache import cache
from django.utils import timezone

from accounts.actor import Actor
from accounts.preferences import set_for_organisation
from sync.capture import scheduling
from sync.capture.batches import file_lane
from sync.capture.candidates import lanes_due
from sync.capture.mailboxes import open_mailboxes
from sync.capture.reading import read_collection
from sync.capture.watching import keep_watch
from sync.models import Collection, Decision, Intent, Issue, Item, Mailbox
from sync.services.background import carry_out, due_intents
from tests.sync.services.stage import Stage

ROUNDS = 60


def switch_on(stage: Stage, *names: str, delay_minutes: int = 0, **settings: object) -> list[Mailbox]:
    """The mailboxes of these people, with what the administrator chose."""
    administrator = stage.actor("ines")
    choose(administrator, auto_file_delay_minutes=delay_minutes, **settings)
    return [mailbox for name in names for mailbox in open_mailboxes(stage.actor(name).user)]


def choose(administrator: Actor, **settings: object) -> None:
    for name, value in settings.items():
        set_for_organisation(administrator, name, value)
    cache.clear()


def run(*, watches: bool = False) -> None:
    """Everything that is due, until nothing is."""
    for _ in range(ROUNDS):
        if not step(watches=watches):
            return
    raise AssertionError(f"the engine does not come to rest: {stuck()}")


def step(*, watches: bool = False) -> int:
    """One round: hints, collections, lanes, intents. How much there was to do."""
    done = scheduling.take_hints()
    for pk in list(scheduling.due_collections().values_list("pk", flat=True)):
        read_collection(pk)
        done += 1
    for user_id in lanes_due():
        done += file_lane(user_id)
    for intent_id in due_intents():
        carry_out(intent_id)
        done += 1
    if watches:
        for pk in list(scheduling.due_watches().values_list("pk", flat=True)):
            keep_watch(pk)
            done += 1
    return done


def hurry(*mailboxes: Mailbox) -> None:
    for mailbox in mailboxes:
        scheduling.hurry(mailbox)


def let_pass() -> None:
    """The veto delay is over for whatever waits."""
    Intent.objects.filter(state=Intent.State.WAITING).update(due_at=timezone.now())


def decision_of(internet_message_id: str, provider: str = "graph") -> list[tuple[str, str]]:
    """(outcome, rule) of each mailbox's item of a filed message, the first seen first."""
    decisions = Decision.objects.filter(
        item__sighting__activity__identity=internet_message_id, item__provider=provider
    ).order_by("item__created_at")
    return list(decisions.values_list("outcome", "rule"))


def decisions(mailbox: Mailbox) -> dict[str, tuple[str, str]]:
    """(outcome, rule) by provider id."""
    rows = Decision.objects.filter(item__mailbox=mailbox)
    return {one: (outcome, rule) for one, outcome, rule in rows.values_list("item__provider_id", "outcome", "rule")}


def stuck() -> dict[str, object]:
    """What a test shows when something does not end."""
    return {
        "intents": list(Intent.objects.exclude(state__in=["done", "skipped"]).values_list("state", "reason", "words")),
        "collections": list(Collection.objects.filter(due_at__lte=timezone.now()).values_list("kind", "reason")),
        "waiting": Decision.objects.filter(outcome=Decision.Outcome.WAITING).count(),
        "issues": list(Issue.objects.filter(settled_at=None).values_list("reason", "words")),
        "items": Item.objects.count(),
    }
