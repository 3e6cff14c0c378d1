"""Several contacts with one address: told apart, and the one that the person chose is chosen the next time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from sync.crm import field_value
from sync.errors import Gone
from sync.mail import Address
from sync.services.open_email import OpenEmail, open_email
from sync.services.reading.pane_state import remember
from tests.sync.services.stage import Stage, hint_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared(stage: Stage) -> str:
    """An address that two contacts have."""
    addresses = Counter(str(one["Email"]) for one in stage.query("SELECT Email FROM Contact WHERE Email != null"))
    return next(address for address, count in addresses.items() if count > 1)


def opened(stage: Stage, address: str, name: str = "mia") -> OpenEmail:
    return open_email(
        stage.actor(name), replace(hint_of(stage.message("Northwind renewal")), from_=Address(address), to=(), cc=())
    )


def test_they_are_told_apart_by_title_account_owner_and_last_activity(stage: Stage, shared: str) -> None:
    [match] = opened(stage, shared).matches.people
    everybody = [match.person, *match.alternatives]
    assert len(everybody) > 1
    owners = {field_value(one, "OwnerId") for one in everybody}
    names = {one["Owner"]["Name"] for one in stage.query(f"SELECT Owner.Name FROM Contact WHERE Email = '{shared}'")}
    assert owners == names


def test_the_chosen_one_is_remembered_for_this_person_alone(stage: Stage, shared: str) -> None:
    [match] = opened(stage, shared).matches.people
    [toms] = opened(stage, shared, "tom").matches.people
    other = match.alternatives[0]
    remember(stage.actor(), person=(shared.upper(), other.id))
    stage.sandbox.clear_log()
    [again] = opened(stage, shared).matches.people
    assert (again.person.id, [one.id for one in again.alternatives]) == (other.id, [match.person.id])
    assert stage.calls() == []
    assert opened(stage, shared, "tom").matches.people[0].person.id == toms.person.id


def test_what_is_no_record_or_no_address_is_not_kept(stage: Stage, shared: str) -> None:
    for address, record_id in ((shared, "nonsense"), ("nonsense", "003000000000001AAA")):
        with pytest.raises(Gone):
            remember(stage.actor(), person=(address, record_id))
    # A record that does not have the address is not taken for it.
    remember(stage.actor(), person=(shared, "003000000000999AAA"))
    assert len(opened(stage, shared).matches.people[0].alternatives) == 1
