"""Files of an email whose record takes none: nothing is lost, nothing is stored twice, undo leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.service_grants import connect_salesforce as connect_integration_user
from sync.models import Intent
from sync.providers.salesforce.files import attach_file
from sync.services import placing
from sync.services.background import carry_out, due_intents
from sync.services.filing import file_email, filing_status, undo_filing
from sync.services.status import EmailStatus
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def sweep() -> None:
    Intent.objects.filter(kind=Intent.Kind.FILE).update(due_at=timezone.now())
    for intent_id in due_intents():
        carry_out(intent_id)


def receive(stage: Stage, number: int, name: str = "mia") -> dict[str, Any]:
    subject = f"With a file {number}"
    stage.receive(
        f"From: Dana Ruiz <dana@northwind.example>\nTo: {stage.users[name].name} <{stage.users[name].email}>\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: {subject}\nMessage-ID: <beside.{number}@northwind.example>\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nSee the file.\n"
        '--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="Once.pdf"\n'
        "Content-Transfer-Encoding: base64\n\nJVBERi0xLjQKJcOkw7zDtsOfCg==\n--b--\n",
        name,
    )
    return stage.message(subject, name)


def documents(stage: Stage) -> set[str]:
    return {row["Id"] for row in stage.query("SELECT Id FROM ContentDocument WHERE Title = 'Once'")}


def files_on(stage: Stage, record_id: str) -> set[str]:
    rows = stage.query(f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{record_id}'")
    return {row["ContentDocumentId"] for row in rows} & documents(stage)


def states(stage: Stage, status: EmailStatus) -> list[tuple[str, str, str]]:
    return [(file.name, file.state, file.sentence) for file in filing_status(stage.actor(), _id(status)).files]


def _id(status: EmailStatus) -> UUID:
    return UUID(status.filing_id)


def test_a_file_that_the_email_does_not_take_stands_on_the_first_chosen_record(stage: Stage) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    status = file_email(stage.actor(), stage.request(receive(stage, 1)))
    sweep()
    assert states(stage, status) == [("Once.pdf", "stored", placing.BESIDE_WORDS)]
    [record] = stage.records_of("<beside.1@northwind.example>")
    assert files_on(stage, record["Id"]) == set()
    assert len(files_on(stage, record["RelatedToId"])) == 1


def test_without_a_business_record_it_stands_on_the_person(stage: Stage) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    request = replace(stage.request(receive(stage, 1)), record_ids=())
    status = file_email(stage.actor(), request)
    sweep()
    assert [state for _, state, _ in states(stage, status)] == ["stored"]
    assert len(files_on(stage, request.person_ids[0])) == 1


def test_the_next_file_is_not_sent_to_be_refused_and_the_same_one_is_stored_once(stage: Stage) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    for number in (1, 2):
        status = file_email(stage.actor(), stage.request(receive(stage, number)))
        stage.sandbox.clear_log()
        sweep()
        assert [state for _, state, _ in states(stage, status)] == ["stored"]
        uploads = [call for call in stage.calls() if call.endswith("/sobjects/ContentVersion")]
        assert len(uploads) == (2 if number == 1 else 0)
    assert len(documents(stage)) == 1


def test_an_upload_whose_answer_was_lost_is_found_beside_the_email(stage: Stage) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    status = file_email(stage.actor(), stage.request(receive(stage, 1)))
    stage.sandbox.fault(service="salesforce", path=".*ContentVersion.*", kind="cut_after", skip=1)
    sweep()
    assert [state for _, state, _ in states(stage, status)] == ["waiting"]
    sweep()
    assert [state for _, state, _ in states(stage, status)] == ["stored"]
    assert len(documents(stage)) == 1


def test_undo_takes_the_file_from_there_but_not_that_of_another_email(stage: Stage) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    filed = [file_email(stage.actor(), stage.request(receive(stage, number))) for number in (1, 2)]
    sweep()
    place = filed[0].records[0].id
    undo_filing(stage.actor(), _id(filed[0]))
    assert len(files_on(stage, place)) == 1
    undo_filing(stage.actor(), _id(filed[1]))
    assert files_on(stage, place) == set()


def test_undo_while_it_is_on_its_way_leaves_nothing_there(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.sandbox.change_org(email_links_locked=True)
    filed = file_email(stage.actor(), stage.request(receive(stage, 1)))

    def attach_and_undo(*given: Any, **named: Any) -> str:
        document = attach_file(*given, **named)
        undo_filing(stage.actor(), _id(filed))
        return document

    monkeypatch.setattr("sync.services.placing.attach_file", attach_and_undo)
    sweep()
    assert Intent.objects.get(kind=Intent.Kind.FILE).state == Intent.State.UNDONE
    assert files_on(stage, filed.records[0].id) == set()


def test_where_no_record_takes_files_it_is_said_so_with_salesforces_words(stage: Stage) -> None:
    status = file_email(stage.actor(), stage.request(receive(stage, 1)))
    rule = {"object": "ContentVersion", "field": "Title", "contains": "Once", "message": "No files here."}
    stage.sandbox.change_org(validation_rules=[rule])
    sweep()
    assert states(stage, status) == [("Once.pdf", "failed", "No files here.")]
    assert len(stage.records_of("<beside.1@northwind.example>")) == 1


def filed_by(stage: Stage, name: str, number: int, **chosen: Any) -> set[str]:
    """The documents on the record of an email with the file, which that person filed."""
    message = receive(stage, number, name)
    status = file_email(stage.actor(name), stage.request(message, name, **chosen))
    sweep()
    assert [(file.name, file.state) for file in filing_status(stage.actor(name), _id(status)).files] == [
        ("Once.pdf", "stored")
    ]
    [record] = stage.records_of(message["internetMessageId"])
    return files_on(stage, record["Id"])


def private_opportunity(stage: Stage) -> str:
    """One of Mia's that Tom does not see."""
    mine = stage.query(
        "SELECT Id, Account.OwnerId FROM Opportunity WHERE IsClosed = false AND Owner.Name = 'Mia Keller'"
    )
    toms = stage.sandbox.user("tom")["salesforce_user_id"]
    return str(next(row["Id"] for row in mine if row["Account"]["OwnerId"] != toms))


def test_who_cannot_reach_the_orgs_copy_has_one_of_their_own(stage: Stage) -> None:
    first = filed_by(stage, "mia", 1, record_ids=(private_opportunity(stage),))
    own = filed_by(stage, "tom", 2)
    assert len(first) == len(own) == 1
    assert first != own
    assert filed_by(stage, "tom", 3) == own
    assert filed_by(stage, "mia", 4) == first


def test_with_an_integration_user_one_copy_serves_everybody(stage: Stage) -> None:
    key = Path(stage.sandbox.info["salesforce_jwt_key_file"]).read_text(encoding="ascii")
    connect_integration_user(stage.organisation, username=stage.sandbox.user("ines")["email"], private_key=key)
    first = filed_by(stage, "mia", 1, record_ids=(private_opportunity(stage),))
    assert filed_by(stage, "tom", 2) == first
    assert len(documents(stage)) == 1


def test_a_copy_that_was_deleted_is_stored_anew_and_serves_from_then_on(stage: Stage) -> None:
    key = Path(stage.sandbox.info["salesforce_jwt_key_file"]).read_text(encoding="ascii")
    connect_integration_user(stage.organisation, username=stage.sandbox.user("ines")["email"], private_key=key)
    [document] = filed_by(stage, "mia", 1)
    stage.salesforce("DELETE", f"/sobjects/ContentDocument/{document}").raise_for_status()
    again = filed_by(stage, "mia", 2)
    assert len(again) == 1
    assert again != {document}
    assert filed_by(stage, "tom", 3) == again


def test_own_copies_that_were_deleted_are_stored_anew(stage: Stage) -> None:
    filed_by(stage, "mia", 1, record_ids=(private_opportunity(stage),))
    [own] = filed_by(stage, "tom", 2)
    stage.salesforce("DELETE", f"/sobjects/ContentDocument/{own}").raise_for_status()
    [again] = filed_by(stage, "tom", 3)
    assert again != own
    assert filed_by(stage, "tom", 4) == {again}
