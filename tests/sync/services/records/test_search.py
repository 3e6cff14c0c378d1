"""Searching as one types, against the sandbox: one call for a text, as the person, and none a moment later."""

from __future__ import annotations

import pytest

from accounts.errors import NotConnected
from sync.services.clients import crm_of
from sync.services.records.caches import drop_own
from sync.services.records.kept import at_hand, opened, pin_record
from sync.services.records.search import search_records
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def names(stage: Stage, text: str) -> list[tuple[str, str]]:
    return [(record.object_name, record.name) for record in search_records(stage.actor(), text).records]


def test_words_are_found_across_objects_in_one_call(stage: Stage) -> None:
    found = names(stage, "northw")
    assert ("Account", "Northwind Ltd") in found
    assert len(stage.calls()) == 1
    assert stage.calls()[0].endswith("/search")


def test_the_same_text_again_costs_nothing_until_the_person_writes(stage: Stage) -> None:
    names(stage, "dana")
    stage.sandbox.clear_log()
    assert search_records(stage.actor(), " DANA ").from_cache
    assert stage.calls() == []
    drop_own(stage.actor(), crm_of(stage.actor()))
    assert not search_records(stage.actor(), "dana").from_cache
    assert len(stage.calls()) == 1


def test_another_person_asks_for_themselves(stage: Stage) -> None:
    names(stage, "dana")
    stage.sandbox.clear_log()
    search_records(stage.actor("tom"), "dana")
    assert len(stage.calls()) == 1


def test_an_address_and_an_id_find_exactly_one(stage: Stage) -> None:
    assert ("Contact", "Dana Ruiz") in names(stage, "dana@northwind.example")
    [account] = stage.query("SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    assert names(stage, account["Id"]) == [("Account", "Northwind Ltd")]
    assert names(stage, f"https://x.lightning.force.com/lightning/r/Account/{account['Id']}/view") == [
        ("Account", "Northwind Ltd")
    ]


def test_a_case_is_found_by_its_number_without_zeros(stage: Stage) -> None:
    [case] = stage.query("SELECT CaseNumber FROM Case LIMIT 1")
    found = names(stage, case["CaseNumber"].lstrip("0"))
    assert any(name.startswith(case["CaseNumber"]) for kind, name in found if kind == "Case")


@pytest.mark.parametrize(
    "text", ["{*}", "dana} RETURNING User(Id)", "' OR Name != ''", "a\\", '"quoted" x', "%_", "x" * 5000]
)
def test_nothing_typed_breaks_out(stage: Stage, text: str) -> None:
    for record in search_records(stage.actor(), text).records:
        assert record.object_name != "User"


def test_too_little_costs_nothing(stage: Stage) -> None:
    assert search_records(stage.actor(), "d").too_short
    assert stage.calls() == []


def test_who_is_not_connected_is_told(stage: Stage) -> None:
    with pytest.raises(NotConnected):
        search_records(stage.actor("sofia"), "dana")


def test_what_was_opened_and_pinned_is_at_hand(stage: Stage) -> None:
    actor = stage.actor()
    [account] = stage.query("SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    [contact] = stage.query("SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")
    opened(actor, crm_of(actor), "Contact", contact["Id"])
    opened(actor, crm_of(actor), "Account", account["Id"])
    pin_record(actor, account["Id"], pinned=True)
    stage.sandbox.clear_log()
    hand = at_hand(actor)
    assert [record.name for record in hand.pinned] == ["Northwind Ltd"]
    assert "Dana Ruiz" in [record.name for record in hand.recent]
    assert len(stage.calls()) == 1
    at_hand(actor)
    assert len(stage.calls()) == 1
    pin_record(actor, account["Id"], pinned=False)
    assert at_hand(actor).pinned == ()
    assert at_hand(stage.actor("tom")).pinned == ()
