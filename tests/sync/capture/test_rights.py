"""Background work is done in somebody's name: it stops when that person loses the right, at each of its steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from accounts.record_types import record_type
from permissions import policy
from permissions.models import Authorization
from permissions.services import everyone_of, grant, revoke
from sync.capture import matching
from sync.models import Collection, Intent, Item, Watch
from sync.services.filing import file_email
from tests.sync.capture import engine
from tests.sync.capture.test_delay_and_marks import arrive, read
from tests.sync.services.stage import Stage


def take_away(stage: Stage, role: str = "rep") -> None:
    revoke(Authorization.objects.get(principal=stage.users["mia"].principal, role=role, revoked_at=None))


def give_back(stage: Stage) -> None:
    mia = stage.users["mia"]
    assert mia.resource is not None
    grant(mia.principal, "rep", mia.resource, reason="again")


def narrow(stage: Stage, *names: str) -> None:
    """From here on Mia may file onto records of these types alone."""
    mia, organisation = stage.users["mia"], stage.actor().organisation
    assert isinstance(organisation, Organisation)
    revoke(Authorization.objects.get(principal=everyone_of(organisation.resource), role="record_filer"))
    for name in names:
        grant(mia.principal, "record_filer", record_type(organisation, name), reason="test")


@pytest.mark.parametrize("how", ["revoked", "switched off"])
def test_nothing_is_read_in_the_name_of_who_lost_the_right_until_it_is_given_back(stage: Stage, how: str) -> None:
    (mailbox,) = engine.switch_on(stage, "mia")
    key = arrive(stage, "unread")
    if how == "revoked":
        take_away(stage)
    else:
        User.objects.filter(pk=stage.users["mia"].pk).update(is_active=False)
    stage.sandbox.clear_log()
    engine.run(watches=True)
    assert stage.calls("graph") == []
    assert not Item.objects.exists()
    asleep = Collection.objects.filter(mailbox=mailbox, due_at__isnull=False)
    assert set(asleep.values_list("reason", flat=True)) == {"forbidden"}
    assert not asleep.filter(due_at__lt=timezone.now() + timedelta(minutes=50)).exists()
    assert not Watch.objects.filter(mailbox=mailbox, due_at__lt=timezone.now() + timedelta(hours=5)).exists()
    User.objects.filter(pk=stage.users["mia"].pk).update(is_active=True)
    if how == "revoked":
        give_back(stage)
    engine.hurry(mailbox)
    engine.run()
    assert len(stage.records_of(key)) == 1


def test_what_waits_is_not_filed_once_the_right_is_gone(stage: Stage) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3)
    key = arrive(stage, "waits")
    read(stage)
    take_away(stage)
    engine.let_pass()
    engine.run()
    intent = Intent.objects.get(activity__identity=key)
    assert (intent.state, intent.reason, intent.words) == (
        Intent.State.PARKED,
        "forbidden",
        "The right to file was taken away.",
    )
    assert stage.records_of(key) == []


def test_a_batch_that_has_begun_writes_nothing_once_the_right_is_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.switch_on(stage, "mia", delay_minutes=3)
    key = arrive(stage, "begun")
    read(stage)
    choose = matching.choose
    reached: list[object] = []

    def chosen(*given: object) -> None:
        choose(*given)  # type: ignore[arg-type]
        if not reached:
            take_away(stage)
        reached.append(given)

    monkeypatch.setattr(matching, "choose", chosen)
    engine.let_pass()
    engine.run()
    assert reached
    assert Intent.objects.get(activity__identity=key).state == Intent.State.PARKED
    assert not Intent.objects.filter(state=Intent.State.DONE).exists()
    assert stage.records_of(key) == []


def test_records_of_a_type_that_somebody_may_not_file_onto_are_no_candidates(stage: Stage) -> None:
    engine.switch_on(stage, "mia")
    narrow(stage, "Contact", "Account")
    key = arrive(stage, "narrow")
    engine.run()
    assert len(stage.records_of(key)) == 1
    records = dict(Intent.objects.get(activity__identity=key).choice["records"])
    assert "Opportunity" not in records


def test_whose_people_are_of_a_type_that_may_not_be_filed_onto_is_unknown(stage: Stage) -> None:
    engine.switch_on(stage, "mia")
    narrow(stage)
    key = arrive(stage, "nobody")
    engine.run()
    assert stage.records_of(key) == []
    assert engine.decision_of(key)[0][0] == "skipped"


def test_a_press_on_such_a_record_is_refused_with_a_sentence(stage: Stage) -> None:
    message = stage.message("Northwind renewal 2027")
    request = stage.request(message)
    assert request.record_ids
    narrow(stage, "Contact", "Account", "Case", "Lead")
    with pytest.raises(policy.Denied, match=r"onto records of this type: Opportunity\."):
        file_email(stage.actor(), request)
    assert stage.records_of(message["internetMessageId"]) == []
