"""Filing by the button: exactly one record, whoever presses, however often, and whatever breaks meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from accounts.models import BlockEntry
from permissions import policy
from permissions.models import Authorization
from sync.models import Activity, Decision, Intent, Issue, Link, Tombstone
from sync.services import leases
from sync.services.background import carry_out, due_intents
from sync.services.choosing import BadChoice
from sync.services.filing import file_email, filing_status, undo_filing
from sync.services.party import forget_party
from sync.services.status import EmailStatus, StatusKind
from tests.sync.services.stage import Stage, related_ids
from tests.trails import told

pytestmark = pytest.mark.django_db(transaction=True)


def sweep() -> None:
    """What the sweeper does, here and now."""
    for intent_id in due_intents():
        carry_out(intent_id)


def test_a_filed_email_stands_in_salesforce_as_it_was_sent(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    status = file_email(stage.actor(), stage.request(message))
    assert status.kind is StatusKind.FILED
    assert [record.name for record in status.records] == ["Renewal 2027"]
    [record] = stage.records_of(message["internetMessageId"])
    assert record["Subject"] == message["subject"]
    assert record["FromAddress"] == "dana@northwind.example"
    assert record["Incoming"] is True
    assert record["RelatedToId"] == status.records[0].id
    relations = {(one["RelationType"], one["RelationAddress"]) for one in record["EmailMessageRelations"]["records"]}
    assert ("FromAddress", "dana@northwind.example") in relations
    assert "li.wei@northwind.example" in (record["CcAddress"] or "")
    assert status.url.endswith(record["Id"])


def test_it_takes_two_calls(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = replace(stage.request(message), attachment_keys=())
    stage.sandbox.clear_log()
    file_email(stage.actor(), request)
    assert stage.calls() == ["POST /services/data/v66.0/composite"] * 2


def test_each_file_costs_one_call_more_and_inline_images_stay_out(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    names = {one.name for one in request.hint.attachments}
    assert "Offer v3.pdf" in names
    assert "logo.png" in names
    stage.sandbox.clear_log()
    status = file_email(stage.actor(), request)
    sweep()
    assert len(stage.calls()) == 3
    status = filing_status(stage.actor(), _id(status))
    assert [(one.name, one.state) for one in status.files] == [("Offer v3.pdf", "stored")]
    [record] = stage.records_of(message["internetMessageId"])
    links = stage.query(
        f"SELECT ContentDocument.Title FROM ContentDocumentLink WHERE LinkedEntityId = '{record['Id']}'"
    )
    assert [link["ContentDocument"]["Title"] for link in links] == ["Offer v3"]


def test_the_servers_own_copy_is_filed_whatever_the_client_says(stage: Stage) -> None:
    """The client's subject and addresses are hints: what is written comes from the mailbox."""
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    lying = replace(request, hint=replace(request.hint, subject="Something else", to=()))
    file_email(stage.actor(), lying)
    [record] = stage.records_of(message["internetMessageId"])
    assert record["Subject"] == message["subject"]


def test_twenty_parallel_presses_make_one_record_and_each_is_answered_with_it(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)

    def press(_: int) -> EmailStatus:
        try:
            return file_email(stage.actor(), request)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(press, range(20)))
    [record] = stage.records_of(message["internetMessageId"])
    assert {answer.kind for answer in answers} == {StatusKind.FILED}
    assert all(answer.url.endswith(record["Id"]) for answer in answers)
    assert Activity.objects.count() == 1
    assert Link.objects.filter(part=Link.Part.EMAIL).count() == 1


def test_what_another_tool_has_filed_is_answered_with_and_not_ours_to_take_back(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    mia = stage.sandbox.user("mia")["salesforce_user_id"]
    made = stage.salesforce(
        "POST",
        "/sobjects/EmailMessage",
        "mia",
        MessageIdentifier=message["internetMessageId"],
        Subject="Filed elsewhere",
        Status="1",
        Incoming=True,
        ToIds=[mia],
    )
    made.raise_for_status()
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILED
    assert status.url.endswith(made.json()["id"])
    assert not status.can_undo
    assert undo_filing(stage.actor(), _id(status)).kind is StatusKind.FILED
    assert [record["Id"] for record in stage.records_of(message["internetMessageId"])] == [made.json()["id"]]


def test_two_colleagues_at_once_make_one_record(stage: Stage) -> None:
    """The same message in two mailboxes: whoever comes second is answered with the first one's record."""
    message_id = "<shared.1@northwind.example>"
    for name in ("mia", "tom"):
        stage.receive(_mail(message_id), name)
    # To the person alone, whom both may see.
    requests = {
        name: replace(stage.request(stage.message("Shared with both", name), name), record_ids=())
        for name in ("mia", "tom")
    }

    def press(name: str) -> EmailStatus:
        try:
            return file_email(stage.actor(name), requests[name])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, ("mia", "tom")))
    [record] = stage.records_of(message_id)
    assert {answer.kind for answer in answers} == {StatusKind.FILED}
    assert all(answer.url.endswith(record["Id"]) for answer in answers)
    assert sorted(Decision.objects.values_list("rule", flat=True)) == ["button", "duplicate"]


def test_a_colleague_who_may_not_see_the_record_learns_nothing_of_it(stage: Stage) -> None:
    message_id = "<shared.2@northwind.example>"
    for name in ("mia", "tom"):
        stage.receive(_mail(message_id), name)
    filed = file_email(stage.actor("mia"), stage.request(stage.message("Shared with both", "mia"), "mia"))
    # Mia's opportunity is not shared with Tom, so the email that stands on it is not either.
    assert [record.name for record in filed.records] == ["Renewal 2027"]
    message = stage.message("Shared with both", "tom")
    for status in (stage.open(message, "tom").status, file_email(stage.actor("tom"), stage.request(message, "tom"))):
        assert status.kind is StatusKind.FILED_BY_COLLEAGUE
        assert (status.sentence, status.records, status.url) == ("Filed by a colleague.", (), "")
        assert not status.can_undo
    # Nor can somebody take back what they do not see.
    assert undo_filing(stage.actor("tom"), _id(filed)).kind is StatusKind.FILED_BY_COLLEAGUE
    assert len(stage.records_of(message_id)) == 1
    assert Link.objects.filter(part=Link.Part.EMAIL).count() == 1


def test_a_connection_cut_after_the_write_leaves_one_record(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    # The look-up passes, the write takes effect, its answer is lost.
    stage.sandbox.fault(service="salesforce", method="POST", path=".*composite.*", kind="cut_after", skip=1)
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILED
    [record] = stage.records_of(message["internetMessageId"])
    assert status.url.endswith(record["Id"])


def test_a_connection_cut_before_the_write_is_looked_up_and_then_written_once(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", method="POST", path=".*composite.*", kind="cut_before", skip=1)
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILING
    assert stage.records_of(message["internetMessageId"]) == []
    Intent.objects.update(due_at=timezone.now())
    sweep()
    assert filing_status(stage.actor(), _id(status)).kind is StatusKind.FILED
    assert len(stage.records_of(message["internetMessageId"])) == 1


def test_a_process_killed_between_write_and_link_leaves_one_record(stage: Stage, tmp_path: Path) -> None:
    """SIGKILL where the docstring of `sync.services.filing` has ⑤: the next press finds what ④ wrote."""
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    killed = run_killed(stage, message["id"], "record_links", tmp_path)
    assert killed == -signal.SIGKILL
    assert len(stage.records_of(message["internetMessageId"])) == 1
    assert Link.objects.count() == 0
    assert file_email(stage.actor(), request).kind in {StatusKind.FILED, StatusKind.FILING}
    Intent.objects.filter(state=Intent.State.CLAIMED).update(lease_until=timezone.now() - timedelta(seconds=1))
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILED
    [record] = stage.records_of(message["internetMessageId"])
    assert status.url.endswith(record["Id"])


def test_a_process_killed_before_the_write_leaves_the_intent_to_the_sweeper(stage: Stage, tmp_path: Path) -> None:
    message = stage.message("Northwind renewal")
    stage.open(message)
    assert run_killed(stage, message["id"], "write_email", tmp_path) == -signal.SIGKILL
    assert stage.records_of(message["internetMessageId"]) == []
    Intent.objects.filter(state=Intent.State.CLAIMED).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    assert len(stage.records_of(message["internetMessageId"])) == 1
    assert Intent.objects.get(kind=Intent.Kind.EMAIL).state == Intent.State.DONE


def test_throttling_puts_it_off_and_burns_no_attempt(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="spent_limit")
    status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILING
    intent = Intent.objects.get(kind=Intent.Kind.EMAIL)
    assert (intent.reason, intent.attempts) == ("quota-spent", 0)
    # Pressing again tries again at once.
    assert file_email(stage.actor(), request).kind is StatusKind.FILED
    assert len(stage.records_of(message["internetMessageId"])) == 1


def test_what_salesforce_refuses_is_parked_with_its_words_and_can_be_pressed_again(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="locked_row", times=1)
    status = file_email(stage.actor(), request)
    assert status.kind in {StatusKind.FILED, StatusKind.FILING, StatusKind.NOT_FILED}
    assert file_email(stage.actor(), request).kind is StatusKind.FILED
    assert len(stage.records_of(message["internetMessageId"])) == 1


def test_undo_takes_the_record_back_and_it_stays_so(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    filed = file_email(stage.actor(), request)
    assert undo_filing(stage.actor(), _id(filed)).kind is StatusKind.UNDONE
    assert stage.records_of(message["internetMessageId"]) == []
    assert Tombstone.objects.get().side == Tombstone.Side.PANE
    sweep()
    assert stage.records_of(message["internetMessageId"]) == []
    assert stage.open(message).status.kind is StatusKind.UNDONE
    assert undo_filing(stage.actor(), _id(filed)).kind is StatusKind.UNDONE
    # Only the button files it again.
    assert file_email(stage.actor(), request).kind is StatusKind.FILED
    assert len(stage.records_of(message["internetMessageId"])) == 1


def test_further_records_get_tasks_and_undo_takes_them_along(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    opened = stage.open(message)
    [account] = [account.id for account in opened.crm.accounts]
    opportunities = [one.id for one in opened.crm.opportunities if not one.is_closed]
    cases = [case.id for case in opened.crm.cases]
    request = replace(stage.request(message), record_ids=(account, *opportunities, *cases))
    status = file_email(stage.actor(), request)
    assert related_ids(status.records) == {account, *opportunities, *cases}
    [record] = stage.records_of(message["internetMessageId"])
    # A case is the most specific record.
    assert record["ParentId"] == cases[0]
    tasks = list(Link.objects.filter(part=Link.Part.TASK).values_list("record_id", flat=True))
    # The account needs none: Salesforce's roll-up shows there what stands on its case.
    assert len(tasks) == 2
    assert undo_filing(stage.actor(), _id(status)).kind is StatusKind.UNDONE
    quoted = ", ".join(f"'{task}'" for task in tasks)
    assert stage.query(f"SELECT Id FROM Task WHERE Id IN ({quoted})") == []


def test_a_record_deleted_in_salesforce_is_said_so_and_can_be_filed_again(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    file_email(stage.actor(), request)
    [record] = stage.records_of(message["internetMessageId"])
    stage.salesforce("DELETE", f"/sobjects/EmailMessage/{record['Id']}").raise_for_status()
    Link.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    from django.core.cache import cache

    cache.clear()
    assert stage.open(message).status.rule == "deleted-in-salesforce"
    assert file_email(stage.actor(), request).kind is StatusKind.FILED
    assert Tombstone.objects.get(side=Tombstone.Side.SALESFORCE).record_id == record["Id"]
    assert told("filing.again") == [("filing.again", {"record": record["Id"], "reason": "deleted-in-salesforce"})]
    assert len(stage.records_of(message["internetMessageId"])) == 1


def test_private_mail_is_filed_after_a_confirmation_only(stage: Stage) -> None:
    stage.receive(_mail("<private.1@northwind.example>", headers="Sensitivity: Private\n"))
    message = stage.message("Shared with both")
    request = stage.request(message)
    asked = file_email(stage.actor(), request)
    assert asked.needs_confirmation
    assert stage.records_of(message["internetMessageId"]) == []
    assert file_email(stage.actor(), replace(request, confirmed=True)).kind is StatusKind.FILED


def test_a_message_whose_people_the_organisation_blocks_cannot_be_filed(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    BlockEntry.objects.create(organisation=stage.organisation, value="northwind.example")
    forget_party(stage.actor())
    status = file_email(stage.actor(), request)
    assert (status.kind, status.rule) == (StatusKind.CANNOT, "block-list")
    assert stage.records_of(message["internetMessageId"]) == []
    assert Decision.objects.get().outcome == Decision.Outcome.SKIPPED


def test_another_message_that_claims_the_same_message_id_gets_its_own_record_and_an_issue(stage: Stage) -> None:
    message_id = "<claimed@northwind.example>"
    stage.receive(_mail(message_id))
    file_email(stage.actor(), stage.request(stage.message("Shared with both")))
    stage.receive(_mail(message_id, sender="Mallory <li.wei@northwind.example>", subject="Not the same"), "tom")
    message = stage.message("Not the same", "tom")
    request = replace(
        stage.request(message, "tom"),
        record_ids=tuple(one.id for one in stage.open(message, "tom").crm.suggested_accounts),
    )
    file_email(stage.actor("tom"), request)
    [first] = stage.records_of(message_id)
    assert "dana" in first["FromAddress"]
    other = Activity.objects.exclude(identity=message_id).get()
    assert other.identity.startswith("sha256:")
    [second] = stage.records_of(other.identity)
    assert second["FromAddress"] == "li.wei@northwind.example"
    assert Issue.objects.get().reason == Issue.Reason.SAME_MESSAGE_ID


def test_a_record_that_this_email_does_not_show_cannot_be_chosen(stage: Stage) -> None:
    request = replace(stage.request(stage.message("Northwind renewal")), record_ids=("001000000000000AAA",))
    with pytest.raises(BadChoice):
        file_email(stage.actor(), request)
    assert Activity.objects.count() == 0


def test_nothing_chosen_is_refused_with_what_to_do(stage: Stage) -> None:
    request = replace(stage.request(stage.message("Northwind renewal")), record_ids=(), person_ids=())
    with pytest.raises(BadChoice, match="Choose"):
        file_email(stage.actor(), request)


def test_work_stops_when_the_person_has_lost_the_right_meanwhile(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = stage.request(message)
    stage.sandbox.fault(service="salesforce", path=".*composite.*", kind="spent_limit")
    file_email(stage.actor(), request)
    Authorization.objects.filter(principal=stage.users["mia"].principal).update(revoked_at=timezone.now())
    Intent.objects.update(due_at=timezone.now())
    sweep()
    assert Intent.objects.get().state == Intent.State.PARKED
    assert stage.records_of(message["internetMessageId"]) == []
    with pytest.raises(policy.Denied):
        file_email(stage.actor(), request)


def test_the_same_file_is_stored_once_for_the_org(stage: Stage) -> None:
    """A second email with the same file links the document that stands there already."""
    for number in (1, 2):
        stage.receive(_mail_with_file(f"<file.{number}@northwind.example>", f"With a file {number}"))
        message = stage.message(f"With a file {number}")
        file_email(stage.actor(), stage.request(message))
        sweep()
    documents = stage.query("SELECT Id FROM ContentDocument WHERE Title = 'Once'")
    assert len(documents) == 1
    links = stage.query(
        f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{documents[0]['Id']}'"
    )
    records = {record["Id"] for n in (1, 2) for record in stage.records_of(f"<file.{n}@northwind.example>")}
    assert records <= {link["LinkedEntityId"] for link in links}


def test_a_file_whose_answer_was_lost_is_stored_once(stage: Stage) -> None:
    stage.receive(_mail_with_file("<file.9@northwind.example>", "With a file 9"))
    file_email(stage.actor(), stage.request(stage.message("With a file 9")))
    stage.sandbox.fault(service="salesforce", path=".*ContentVersion.*", kind="cut_after")
    sweep()
    Intent.objects.filter(kind=Intent.Kind.FILE).update(due_at=timezone.now())
    sweep()
    assert Intent.objects.get(kind=Intent.Kind.FILE).state == Intent.State.DONE
    assert len(stage.query("SELECT Id FROM ContentDocument WHERE Title = 'Once'")) == 1


def test_an_attachment_that_starts_like_a_program_is_left_out_with_its_reason(stage: Stage) -> None:
    stage.receive(_mail_with_file("<file.8@northwind.example>", "With a file 8", content="TVqQAAMAAAAEAAAA"))
    status = file_email(stage.actor(), stage.request(stage.message("With a file 8")))
    sweep()
    [file] = filing_status(stage.actor(), _id(status)).files
    assert (file.name, file.state) == ("Once.pdf", "left out")
    assert "program" in file.sentence
    assert stage.query("SELECT Id FROM ContentDocument WHERE Title = 'Once'") == []


def test_the_ledger_keeps_no_address_subject_or_body(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    file_email(stage.actor(), stage.request(message))
    sweep()
    with connection.cursor() as cursor:
        for table in (t for t in connection.introspection.table_names() if t.startswith("sync_")):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                text = repr(row)
                # A Message-ID is its identity and may hold the sender's domain.
                assert "dana@northwind" not in text
                assert "li.wei" not in text
                assert message["subject"] not in text


def _id(status: EmailStatus):  # type: ignore[no-untyped-def]
    from uuid import UUID

    return UUID(status.filing_id)


def _mail(
    message_id: str,
    *,
    sender: str = "Dana Ruiz <dana@northwind.example>",
    subject: str = "Shared with both",
    headers: str = "",
) -> str:
    return (
        f"From: {sender}\nTo: Mia Keller <mia.keller@larkfield.example>, Tom Okafor <tom.okafor@larkfield.example>\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: {subject}\nMessage-ID: {message_id}\n{headers}"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nHello both.\n"
    )


def _mail_with_file(message_id: str, subject: str, content: str = "JVBERi0xLjQKJcOkw7zDtsOfCg==") -> str:
    return (
        f"From: Dana Ruiz <dana@northwind.example>\nTo: Mia Keller <mia.keller@larkfield.example>\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: {subject}\nMessage-ID: {message_id}\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nSee the file.\n"
        '--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="Once.pdf"\n'
        f"Content-Transfer-Encoding: base64\n\n{content}\n--b--\n"
    )


def run_killed(stage: Stage, item_id: str, at: str, folder: Path) -> int:
    """Files in a process of its own that kills itself on reaching `sync.services.execute.<at>`; its exit status."""
    program = folder / "press.py"
    program.write_text(PRESS, encoding="utf-8")
    names = (
        "SALESFORCE_LOGIN_URL",
        "SALESFORCE_CLIENT_ID",
        "SALESFORCE_CLIENT_SECRET",
        "MICROSOFT_LOGIN_URL",
        "MICROSOFT_GRAPH_URL",
        "MICROSOFT_CLIENT_ID",
        "MICROSOFT_CLIENT_SECRET",
        "ALONGSIDE_CA_FILE",
    )
    environment = {
        **os.environ,
        **{name: str(getattr(django_settings, name)) for name in names},
        "ALONGSIDE_SANDBOX": "1",
        "ALONGSIDE_VAR": str(django_settings.ALONGSIDE_VAR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE": connection.settings_dict["NAME"],
    }
    command = [sys.executable, str(program), str(stage.users["mia"].pk), item_id, at]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        command,
        env={**environment, "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode < 0, done.stderr
    return done.returncode


PRESS = """
import os, signal, sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
import django
django.setup()
from accounts.actor import Actor
from accounts.models import User
from permissions import isolation
from sync.mail import MessageHint
from sync.services import execute, filing
from sync.services.choosing import FilingRequest
from sync.services.clients import mailbox_of
from sync.services.open_email import open_email
from tests.sync.services.stage import hint_of

with isolation.every_organisation("whose it is"):
    user = User.objects.select_related("organisation", "resource").get(pk=sys.argv[1])
isolation.enter(user.organisation_id)
actor = Actor.of(user)
message = mailbox_of(actor).find_message(item_id=sys.argv[2])
hint = MessageHint(item_key=sys.argv[2], internet_message_id=message.internet_message_id, subject=message.subject,
                   from_=message.from_, to=message.to, cc=message.cc)
opened = open_email(actor, hint)
setattr(execute, sys.argv[3], lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
filing.file_email(actor, FilingRequest(
    hint=hint,
    person_ids=tuple(m.person.id for m in opened.matches.people if m.linked),
    record_ids=tuple(r.id for r in opened.choice.records)))
"""


def test_a_lease_is_longer_than_a_providers_time_out() -> None:
    """Otherwise a slow answer would be taken for a dead process."""
    assert timedelta(seconds=35) < leases.LEASE
