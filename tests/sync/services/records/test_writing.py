"""Creating and changing records against the sandbox: by the layout, once, and never over somebody else's change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from permissions.audit.models import AuditEntry
from sync import errors
from sync.models import RecordWrite
from sync.services.records.forms import RecordForm, Sent, edit_form, new_form
from sync.services.records.kept import at_hand
from sync.services.records.reading import see_record
from sync.services.records.writing import Saved, create_record, update_record
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def sent(form: RecordForm, **texts: str) -> Sent:
    """What a person sends who writes these texts."""
    return Sent(
        texts={**form.texts, **texts},
        was=form.was,
        names=form.names,
        record_type_id=form.record_type_id,
        modified=form.modified,
        key=form.key,
    )


def dana(stage: Stage) -> str:
    [contact] = stage.query("SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")
    return str(contact["Id"])


def contacts(stage: Stage, last_name: str) -> list[dict[str, Any]]:
    return stage.query(f"SELECT Id, FirstName, Email, OwnerId FROM Contact WHERE LastName = '{last_name}'")


def test_a_record_is_seen_by_its_layout_in_one_call_cold_and_warm(stage: Stage) -> None:
    record_id = dana(stage)
    stage.sandbox.clear_log()
    seen = see_record(stage.actor(), record_id)
    assert (seen.name, seen.object_name, seen.may_edit) == ("Dana Ruiz", "Contact", True)
    assert [section.heading for section in seen.sections][:2] == ["Contact Information", "Address Information"]
    assert stage.calls() == [f"GET /services/data/v66.0/ui-api/record-ui/{record_id}"]
    stage.sandbox.clear_log()
    assert see_record(stage.actor(), record_id).sections == seen.sections
    assert stage.calls() == [f"GET /services/data/v66.0/ui-api/records/{record_id}"]
    assert "Dana Ruiz" in [record.name for record in at_hand(stage.actor()).recent]


@pytest.mark.parametrize(
    "record_id", ["x", "003000000000001AAB", "../../query?q=SELECT+Id+FROM+User", "0038V0000000009"]
)
def test_what_is_no_record_is_gone(stage: Stage, record_id: str) -> None:
    with pytest.raises(errors.Gone):
        see_record(stage.actor(), record_id)


def test_a_contact_is_created_once_however_often_it_is_pressed(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Contact", given={"LastName": "Okonjo", "Email": "w@okonjo.example", "Nonsense": "x"})
    assert form.texts["LastName"] == "Okonjo"
    assert "Nonsense" not in form.texts
    first = create_record(actor, "Contact", sent(form, FirstName="Wale"))
    assert isinstance(first, Saved)
    assert create_record(actor, "Contact", sent(form, FirstName="Wale")) == first
    assert [one["FirstName"] for one in contacts(stage, "Okonjo")] == ["Wale"]
    entry = AuditEntry.objects.get(action="record.created")
    assert entry.detail == {"object": "Contact", "fields": ["Email", "FirstName", "LastName"]}
    assert "Okonjo" not in str(entry.detail) + str(RecordWrite.objects.get().fields)


def test_what_is_missing_is_said_at_its_field_without_a_call(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Contact")
    stage.sandbox.clear_log()
    answer = create_record(actor, "Contact", sent(form, FirstName="Wale", LastName=" ", Birthdate="31.12.1999"))
    assert isinstance(answer, RecordForm)
    assert set(answer.at) == {"LastName", "Birthdate"}
    assert answer.texts["FirstName"] == "Wale"
    assert stage.calls() == []


def test_salesforces_own_refusal_stands_at_its_field_and_can_be_mended(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Contact")
    answer = create_record(actor, "Contact", sent(form, LastName="Okonjo", Email="no address"))
    assert isinstance(answer, RecordForm)
    assert list(answer.at) == ["Email"]
    assert not contacts(stage, "Okonjo")
    assert isinstance(create_record(actor, "Contact", sent(answer, Email="w@okonjo.example")), Saved)
    assert len(contacts(stage, "Okonjo")) == 1


def test_a_duplicate_is_shown_and_saved_only_after_the_person_says_so(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Contact")
    wanted = sent(form, FirstName="Dana", LastName="Ruiz", Email="dana@northwind.example")
    answer = create_record(actor, "Contact", wanted)
    assert isinstance(answer, RecordForm)
    assert [record.name for record in answer.duplicates] == ["Dana Ruiz"]
    assert answer.may_go_on
    assert len(contacts(stage, "Ruiz")) == 1
    assert isinstance(create_record(actor, "Contact", replace(wanted, go_on=True)), Saved)
    assert len(contacts(stage, "Ruiz")) == 2


def test_only_what_was_changed_is_written(stage: Stage) -> None:
    actor, record_id = stage.actor(), dana(stage)
    form = edit_form(actor, record_id)
    stage.salesforce("PATCH", f"/sobjects/Contact/{record_id}", Department="Buying")
    answer = update_record(actor, record_id, replace(sent(form, Title="Chief"), modified=""))
    assert answer == Saved("Contact", record_id)
    [after] = stage.query(f"SELECT Title, Department FROM Contact WHERE Id = '{record_id}'")
    assert (after["Title"], after["Department"]) == ("Chief", "Buying")
    assert AuditEntry.objects.get(action="record.changed").detail == {"object": "Contact", "fields": ["Title"]}


def test_nothing_changed_costs_no_write(stage: Stage) -> None:
    actor, record_id = stage.actor(), dana(stage)
    form = edit_form(actor, record_id)
    stage.sandbox.clear_log()
    assert isinstance(update_record(actor, record_id, sent(form)), Saved)
    assert not [call for call in stage.calls() if call.startswith("PATCH")]


def test_a_change_by_somebody_else_is_shown_and_chosen(stage: Stage) -> None:
    actor, record_id = stage.actor(), dana(stage)
    form = edit_form(actor, record_id)
    stage.salesforce("PATCH", f"/sobjects/Contact/{record_id}", Title="Director", Department="Buying")
    answer = update_record(actor, record_id, sent(form, Title="Chief", Fax="1"))
    assert isinstance(answer, RecordForm)
    assert answer.notice == "conflict"
    assert answer.theirs == {"Title": "Director"}
    assert (answer.texts["Title"], answer.texts["Fax"], answer.texts["Department"]) == ("Chief", "1", "Buying")
    assert isinstance(update_record(actor, record_id, sent(answer)), Saved)
    [after] = stage.query(f"SELECT Title, Fax, Department FROM Contact WHERE Id = '{record_id}'")
    assert (after["Title"], after["Fax"], after["Department"]) == ("Chief", "1", "Buying")


def test_fields_that_are_not_on_the_form_cannot_be_smuggled_in(stage: Stage) -> None:
    actor, record_id = stage.actor(), dana(stage)
    form = edit_form(actor, record_id)
    tom = stage.sandbox.user("tom")["salesforce_user_id"]
    wanted = sent(form, Title="Chief", OwnerId=tom, IsDeleted="true", CreatedById=tom)
    assert isinstance(update_record(actor, record_id, wanted), Saved)
    assert contacts(stage, "Ruiz")[0]["OwnerId"] != tom


def test_a_kind_is_chosen_where_there_are_several(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Opportunity")
    assert [one.label for one in form.record_types] == ["New Business", "Renewal"]
    assert form.sections == ()
    chosen = new_form(actor, "Opportunity", record_type_id=form.record_types[1].value)
    missing = create_record(actor, "Opportunity", sent(chosen, Name="Seats", CloseDate="2027-03-31"))
    assert isinstance(missing, RecordForm)
    # Required by the layout of this kind, though not by the object.
    assert {"Amount", "AccountId"} <= set(missing.at)
    [account] = stage.query("SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    more = {"Amount": "1200.50", "AccountId": account["Id"], "StageName": chosen.fields["StageName"].options[0].value}
    answer = create_record(actor, "Opportunity", sent(missing, **more))
    assert isinstance(answer, Saved), answer.at
    [made] = stage.query(f"SELECT RecordTypeId, StageName FROM Opportunity WHERE Id = '{answer.record_id}'")
    assert made["RecordTypeId"] == form.record_types[1].value


def test_an_unknown_kind_of_record_is_refused(stage: Stage) -> None:
    for name in ("User", "Profile", "Nothing__c", "x'"):
        with pytest.raises(errors.Forbidden):
            new_form(stage.actor(), name)


def test_an_answer_that_never_came_is_looked_for_before_a_second_attempt(stage: Stage) -> None:
    actor = stage.actor()
    form = new_form(actor, "Contact")
    wanted = sent(form, LastName="Okonjo", Email="w@okonjo.example")
    stage.sandbox.fault(service="salesforce", method="POST", path=".*/ui-api/records.*", kind="cut_after")
    with pytest.raises(errors.Ambiguous):
        create_record(actor, "Contact", wanted)
    assert RecordWrite.objects.get().state == RecordWrite.State.UNKNOWN
    answer = create_record(actor, "Contact", wanted)
    assert isinstance(answer, Saved)
    assert [one["Id"] for one in contacts(stage, "Okonjo")] == [answer.record_id]


def test_what_one_wrote_is_seen_at_once(stage: Stage) -> None:
    actor, record_id = stage.actor(), dana(stage)
    form = edit_form(actor, record_id)
    update_record(actor, record_id, sent(form, Title="Chief"))
    values = {
        field.name: field.value
        for section in see_record(actor, record_id).sections
        for item in section.items
        for field in item.fields
    }
    assert values["Title"] == "Chief"
