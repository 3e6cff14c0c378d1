"""A mailbox files by itself: from what lies in it to one record each in Salesforce."""

from __future__ import annotations

from collections import Counter

from accounts.fields import Box
from sync.models import Collection, Decision, Intent, Item, Link
from tests.sync.capture import engine
from tests.sync.services.stage import Stage


def test_a_mailbox_that_is_switched_on_files_what_the_rules_say(stage: Stage) -> None:
    mailboxes = engine.switch_on(stage, "mia")
    engine.run()
    found = Counter(Decision.objects.values_list("outcome", "rule"))
    assert found["captured", "known-people"] > 0
    assert not Decision.objects.filter(outcome=Decision.Outcome.WAITING).exists()
    assert Decision.objects.count() == Item.objects.count()
    identities = Link.objects.filter(part="email").values_list("activity__identity", flat=True)
    for identity in identities:
        assert len(stage.records_of(identity)) == 1
    assert mailboxes[0].collections.filter(kind=Collection.Kind.MAIL, in_scope=True).exists()
    assert not Intent.objects.filter(state__in=["waiting", "claimed"]).exists()
    assert not Item.objects.exclude(envelope=Box()).exists()
