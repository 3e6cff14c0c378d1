"""Filing to a record that was looked up, though none of the email's people leads to it."""

from __future__ import annotations

import pytest

from permissions import policy
from permissions.models import Authorization
from permissions.services import everyone_of, revoke
from sync.errors import Gone
from sync.services.choosing import BadChoice
from sync.services.filing import file_email
from sync.services.reading.added import added_record
from tests.sync.services.stage import Stage
from tests.sync.services.test_beside import one

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(stage: Stage) -> str:
    """An account that the email of Northwind has nothing to do with."""
    return one(stage, "SELECT Id FROM Account WHERE Name != 'Northwind Ltd' LIMIT 1")


def test_it_is_filed_to_as_all_others_and_costs_one_call_more(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    account = elsewhere(stage)
    request = stage.request(message, record_ids=(account,))
    stage.sandbox.clear_log()
    assert added_record(stage.actor(), account).object_name == "Account"
    assert len(stage.calls()) == 1
    added_record(stage.actor(), account[:15])
    assert len(stage.calls()) == 1
    status = file_email(stage.actor(), request)
    assert [record.id for record in status.records] == [account]
    [filed] = stage.records_of(message["internetMessageId"])
    assert filed["RelatedToId"] == account


def test_what_is_not_there_or_is_a_person_is_refused(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    contact = one(stage, "SELECT Id FROM Contact LIMIT 1")
    for record_id in ("001000000000999AAA", contact):
        with pytest.raises(Gone):
            added_record(stage.actor(), record_id)
        with pytest.raises(BadChoice):
            file_email(stage.actor(), stage.request(message, record_ids=(record_id,)))
    assert stage.records_of(message["internetMessageId"]) == []


def test_onto_a_type_that_the_person_may_not_file_onto_it_is_refused(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message, record_ids=(elsewhere(stage),), person_ids=())
    everyone = everyone_of(stage.organisation.resource)
    revoke(Authorization.objects.get(principal=everyone, role="record_filer"))
    with pytest.raises(policy.Denied):
        file_email(stage.actor(), request)
    assert stage.records_of(message["internetMessageId"]) == []
