"""An object of the org's own and person accounts: searched, seen, created and changed like any other."""

from __future__ import annotations

import pytest

from accounts.preferences import set_for_organisation
from sync import errors
from sync.services.records.forms import RecordForm, edit_form, new_form
from sync.services.records.reading import see_record
from sync.services.records.search import search_records
from sync.services.records.writing import Saved, create_record, update_record
from tests.sync.services.records.test_writing import sent
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

OBJECT = "Installation__c"


@pytest.fixture
def grown(stage: Stage) -> Stage:
    """The org has both, and the organisation shows its own object in the pane."""
    url = f"{stage.sandbox.salesforce_login('ines')['instance_url']}/_sandbox/org"
    grow = {"grow": {"custom_object": True, "person_accounts": 3}}
    stage.sandbox.http.post(url, json=grow, timeout=30).raise_for_status()
    set_for_organisation(stage.actor("ines"), "pane_objects", ["Contact", "Account", OBJECT])
    return stage


def test_it_is_found_by_its_name_and_by_its_id(grown: Stage) -> None:
    [first, *_] = grown.query(f"SELECT Id, Name FROM {OBJECT} LIMIT 1")
    assert (OBJECT, first["Name"]) in [
        (one.object_name, one.name) for one in search_records(grown.actor(), first["Name"]).records
    ]
    assert [one.name for one in search_records(grown.actor(), first["Id"]).records] == [first["Name"]]


def test_it_is_created_with_what_depends_checked_again(grown: Stage) -> None:
    actor = grown.actor()
    kinds = {one.label: one.value for one in new_form(actor, OBJECT).record_types}
    form = new_form(actor, OBJECT, record_type_id=kinds["Sold"])
    model = form.fields["Model__c"]
    assert model.controller == "Product__c"
    assert next(option for option in model.options if option.value == "LS-20").valid_for == ("Level sensor",)
    [account] = grown.query("SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    texts = {"Name": "Tank 9", "Account__c": account["Id"], "Product__c": "Flow gauge", "Needs_Visit__c": "true"}
    wrong = create_record(actor, OBJECT, sent(form, **texts, Model__c="LS-20"))
    assert isinstance(wrong, RecordForm)
    assert list(wrong.at) == ["Model__c"]
    answer = create_record(actor, OBJECT, sent(form, **texts, Model__c="FG-100", Points__c="4"))
    assert isinstance(answer, Saved), answer
    [made] = grown.query(f"SELECT Model__c, Needs_Visit__c, Points__c FROM {OBJECT} WHERE Id = '{answer.record_id}'")
    assert (made["Model__c"], made["Needs_Visit__c"], made["Points__c"]) == ("FG-100", True, 4)
    seen = see_record(actor, answer.record_id)
    assert (seen.object_name, seen.name, seen.may_edit) == (OBJECT, "Tank 9", True)


def test_it_is_changed(grown: Stage) -> None:
    actor = grown.actor()
    owner = grown.sandbox.user("mia")["salesforce_user_id"]
    made = grown.salesforce("POST", f"/sobjects/{OBJECT}", Name="Tank 8", OwnerId=owner, Needs_Visit__c=True).json()
    form = edit_form(actor, made["id"])
    assert isinstance(update_record(actor, made["id"], sent(form, Needs_Visit__c="", Points__c="3")), Saved)
    [after] = grown.query(f"SELECT Needs_Visit__c, Points__c FROM {OBJECT} WHERE Id = '{made['id']}'")
    assert (after["Needs_Visit__c"], after["Points__c"]) == (False, 3)


def test_what_the_organisation_does_not_show_is_neither_created_nor_searched(grown: Stage) -> None:
    with pytest.raises(errors.Forbidden):
        new_form(grown.actor(), "Opportunity")
    found = search_records(grown.actor(), "renewal").records
    assert "Opportunity" not in {one.object_name for one in found}


def test_a_person_account_is_created_by_its_record_type_and_found_by_its_address(grown: Stage) -> None:
    actor = grown.actor()
    kinds = {one.label: one.value for one in new_form(actor, "Account").record_types}
    form = new_form(actor, "Account", record_type_id=kinds["Person Account"])
    assert {"LastName", "PersonEmail"} <= set(form.fields)
    assert form.fields["LastName"].required
    answer = create_record(
        actor, "Account", sent(form, FirstName="Ute", LastName="Brandt", PersonEmail="ute@brandt.example")
    )
    assert isinstance(answer, Saved), answer
    [made] = grown.query(f"SELECT Name, PersonEmail, IsPersonAccount FROM Account WHERE Id = '{answer.record_id}'")
    assert (made["Name"], made["PersonEmail"], made["IsPersonAccount"]) == ("Ute Brandt", "ute@brandt.example", True)
    assert see_record(actor, answer.record_id).name == "Ute Brandt"
    again = edit_form(actor, answer.record_id)
    assert again.texts["PersonEmail"] == "ute@brandt.example"
    assert isinstance(update_record(actor, answer.record_id, sent(again, PersonEmail="u@brandt.example")), Saved)
