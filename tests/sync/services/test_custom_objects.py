"""An object of the org's own beside an email: shown below its account or contact, and a place to file to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.preferences import set_for_organisation
from sync.mail import Address
from sync.providers.salesforce import soql
from sync.services.filing import file_email
from sync.services.open_email import open_email
from tests.sync.services.stage import Stage, hint_of

pytestmark = pytest.mark.django_db(transaction=True)

OBJECT = "Installation__c"


@pytest.fixture
def grown(stage: Stage) -> Stage:
    url = f"{stage.sandbox.salesforce_login('ines')['instance_url']}/_sandbox/org"
    stage.sandbox.http.post(url, json={"grow": {"custom_object": True}}, timeout=30).raise_for_status()
    set_for_organisation(stage.actor("ines"), "pane_objects", ["Contact", OBJECT, "Account", "Opportunity"])
    fields = {OBJECT: {"collapsed": ["Product__c"], "expanded": ["OwnerId", "No_Such__c"]}}
    set_for_organisation(stage.actor("ines"), "pane_fields", fields)
    return stage


def test_its_records_come_with_the_account_in_the_same_call(grown: Stage) -> None:
    message = grown.message("Northwind renewal")
    grown.open(message)
    grown.sandbox.clear_log()
    hint = replace(hint_of(message), cc=(Address("somebody@else.example", ""),))
    opened = open_email(grown.actor(), hint)
    assert grown.calls() == ["POST /services/data/v66.0/composite"]
    assert opened.crm.failed == ()
    account = opened.crm.accounts[0]
    there = grown.query(f"SELECT Id, Name FROM {OBJECT} WHERE Account__c = '{account.id}'")
    assert {one.name for one in opened.crm.custom} == {one["Name"] for one in there}
    first = opened.crm.custom[0]
    assert (first.object_name, first.object_label, first.account_id) == (OBJECT, "Installations", account.id)
    assert [value.name for value in first.values] == ["Product__c", "OwnerId"]


def test_an_email_is_filed_to_one_of_them(grown: Stage) -> None:
    message = grown.message("Northwind renewal")
    opened = grown.open(message)
    chosen = opened.crm.custom[0]
    status = file_email(grown.actor(), grown.request(message, record_ids=(chosen.id, opened.crm.accounts[0].id)))
    assert [record.id for record in status.records][:1] == [chosen.id]
    [filed] = grown.records_of(message["internetMessageId"])
    assert filed["RelatedToId"] == chosen.id


def test_what_the_pane_does_not_show_is_not_asked_for(stage: Stage) -> None:
    assert stage.open(stage.message("Northwind renewal")).crm.custom == ()


def test_a_relationship_that_is_no_name_is_never_asked_for() -> None:
    children = soql.Children(OBJECT, "Installations", "Account", "Installations__r) FROM User --")
    with pytest.raises(ValueError, match="not the name"):
        soql.children_of("Account", [children])
