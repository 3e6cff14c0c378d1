"""The adapters against the sandbox: real HTTPS, real queries, real faults, and every call counted."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sync import errors
from sync.crm import EmailFiling, FiledRecords, ObjectName, PersonRelation, RelatedRecord
from sync.mail import FolderKind
from sync.providers.graph.client import GraphMailbox
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.context import ContextQuestion, read_context
from sync.providers.salesforce.files import attach_file, document_ids, find_file, link_file
from sync.providers.salesforce.filing import find_email, remove_email, write_email
from sync.providers.salesforce.schema import read_hidden_fields, read_shape
from tests.sandbox_process import SandboxProcess

Clients = Callable[[str], SalesforceClient]
Mailboxes = Callable[[str], GraphMailbox]
DANA = "dana@northwind.example"
IDENTIFIER = "<Renewal.1@northwind.example>"
MIME = """\
From: Dana Ruiz <dana@northwind.example>
To: Mia Keller <mia.keller@larkfield.example>
Cc: =?utf-8?q?J=C3=BCrgen?= <juergen@northwind.example>
Subject: Renewal
Date: Fri, 20 Nov 2026 10:30:00 +0100
Message-ID: <Renewal.1@northwind.example>
Sensitivity: Private
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Please find our offer.</p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="Offer v3.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjcK
--b--
"""


@pytest.fixture
def mia(salesforce: Clients) -> SalesforceClient:
    return salesforce("mia")


def question(**more: Any) -> ContextQuestion:
    return ContextQuestion(**{"addresses": (DANA,), "message_identifier": IDENTIFIER, **more})


def filing_for(client: SalesforceClient, *, records: int = 1) -> EmailFiling:
    context = read_context(client, question())
    dana = next(person for person in context.people if DANA in person.emails)
    chosen = [RelatedRecord(one.id, "Opportunity", one.name) for one in context.opportunities]
    chosen.append(RelatedRecord(dana.account_id, "Account"))
    return EmailFiling(
        message_identifier=IDENTIFIER,
        thread_identifier=IDENTIFIER,
        subject="Renewal",
        sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        incoming=True,
        people=(
            PersonRelation("From", DANA, "Dana Ruiz", dana.id, "Contact"),
            PersonRelation("To", "mia.keller@larkfield.example", "Mia Keller"),
        ),
        business_records=tuple(chosen[:records]),
        html="<p>Please find our offer.</p>",
        text="Please find our offer.",
    )


def calls(real: SandboxProcess, service: str = "salesforce") -> list[str]:
    return [f"{call['method']} {call['path'].split('?')[0]}" for call in real.log(service)]


def test_one_call_knows_the_person_the_account_and_what_is_open(real: SandboxProcess, mia: SalesforceClient) -> None:
    real.clear_log()
    context = read_context(mia, question(domains=("northwind.example",)))

    assert calls(real) == ["POST /services/data/v66.0/composite"]
    assert context.failed == ()
    dana = next(person for person in context.people if DANA in person.emails)
    assert (dana.name, dana.object_name, dana.title) == ("Dana Ruiz", ObjectName.CONTACT, "VP Operations")
    account = next(account for account in context.accounts if account.id == dana.account_id)
    assert (account.name, account.country) == ("Northwind Ltd", "UK")
    renewal = next(one for one in context.opportunities if one.name == "Renewal 2027")
    assert (renewal.amount, dana.id in renewal.contact_ids) == (48_000.0, True)
    assert {case.account_id for case in context.cases} <= {one.id for one in context.accounts}
    assert context.filed is None
    assert mia.api_usage is not None


def test_a_domain_alone_suggests_its_account(mia: SalesforceClient) -> None:
    context = read_context(mia, question(addresses=("nobody@northwind.example",), domains=("northwind.example",)))
    assert context.people == ()
    assert "Northwind Ltd" in {account.name for account in context.suggested_accounts}
    assert (context.accounts, context.opportunities) == ((), ())


def test_every_lead_and_contact_of_the_company_is_found_by_its_address(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    rows = mia.query("SELECT Id, Email FROM Lead WHERE IsConverted = false AND Email != null ORDER BY Id LIMIT 25")
    rows += mia.query("SELECT Id, Email FROM Contact WHERE Email != null ORDER BY Id LIMIT 25")
    real.clear_log()
    context = read_context(mia, question(addresses=tuple(row["Email"].lower() for row in rows)))
    assert len(calls(real)) == 1
    assert {row["Id"] for row in rows} <= {person.id for person in context.people}


def test_a_converted_lead_leads_to_its_contact(mia: SalesforceClient) -> None:
    lead = mia.query("SELECT Email, ConvertedContactId FROM Lead WHERE ConvertedContactId != null LIMIT 1")[0]
    context = read_context(mia, question(addresses=(lead["Email"].lower(),)))
    assert lead["ConvertedContactId"] in {person.id for person in context.people}


def test_what_a_profile_may_not_read_costs_a_part_and_is_then_left_out(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    real.change_org(hidden_fields=[{"who": "Standard User", "object": "Opportunity", "fields": ["Amount"]}])
    assert set(read_context(mia, question()).failed) == {"people", "accounts"}

    hidden = read_hidden_fields(mia)
    assert hidden == ("Opportunity.Amount",)
    context = read_context(mia, question(hidden_fields=frozenset(hidden)))
    assert context.failed == ()
    assert {opportunity.amount for opportunity in context.opportunities} == {None}


def test_the_shape_of_the_org(real: SandboxProcess, mia: SalesforceClient) -> None:
    shape = read_shape(mia)
    assert (shape.enhanced_email, shape.closed_task_status, shape.shared_activities) == (True, "Completed", True)
    real.change_org(enhanced_email=False, shared_activities=False)
    changed = read_shape(mia)
    assert (changed.enhanced_email, changed.shared_activities) == (False, False)


def test_an_email_is_written_found_and_removed_in_one_call_each(real: SandboxProcess, mia: SalesforceClient) -> None:
    filing = filing_for(mia, records=3)
    before = len(mia.query("SELECT Id FROM Task"))
    real.clear_log()
    records = write_email(mia, filing, enhanced=True, closed_status="Completed")
    assert len(calls(real)) == 1
    assert len(records.task_ids) == len(filing.business_records) - 1

    found = read_context(mia, question()).filed
    assert found is not None
    assert found == find_email(mia, IDENTIFIER, enhanced=True)
    assert (found.id, found.related[0].name) == (records.email_id, filing.business_records[0].name)
    assert filing.people[0].record_id in found.people_ids
    assert find_email(mia, IDENTIFIER.lower(), enhanced=True) is None, "another identifier, though = ignores case"
    sender = mia.query("SELECT RelationType, RelationId FROM EmailMessageRelation")
    assert {"FromAddress"} == {row["RelationType"] for row in sender if row["RelationId"] == found.people_ids[0]}

    real.clear_log()
    remove_email(mia, records)
    assert len(calls(real)) == 1
    assert find_email(mia, IDENTIFIER, enhanced=True) is None
    assert len(mia.query("SELECT Id FROM Task")) == before
    remove_email(mia, records)


def test_without_enhanced_email_the_task_is_written_found_and_removed(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    real.change_org(enhanced_email=False)
    filing = filing_for(mia, records=2)
    records = write_email(mia, filing, enhanced=False, closed_status="Completed")
    assert records.object_name == "Task"
    found = find_email(mia, IDENTIFIER, enhanced=False)
    assert found is not None
    assert (found.id, found.related[0].id) == (records.email_id, filing.business_records[0].id)
    remove_email(mia, records)
    assert find_email(mia, IDENTIFIER, enhanced=False) is None


def test_a_connection_cut_after_the_write_is_ambiguous_and_the_email_is_found(
    real: SandboxProcess, mia: SalesforceClient
) -> None:
    filing = filing_for(mia)
    real.fault(service="salesforce", kind="cut_after", path="/composite")
    with pytest.raises(errors.Ambiguous):
        write_email(mia, filing, enhanced=True, closed_status="Completed")
    assert find_email(mia, IDENTIFIER, enhanced=True) is not None


def test_a_locked_row_and_a_validation_write_nothing(real: SandboxProcess, mia: SalesforceClient) -> None:
    filing = filing_for(mia, records=2)
    real.fault(service="salesforce", kind="locked_row", path="/composite")
    with pytest.raises(errors.Conflict):
        write_email(mia, filing, enhanced=True, closed_status="Completed")
    rule = {"object": "Task", "field": "Subject", "contains": "Renewal", "message": "Say more."}
    real.change_org(validation_rules=[rule])
    with pytest.raises(errors.Refused) as caught:
        write_email(mia, filing, enhanced=True, closed_status="Completed")
    assert caught.value.message == "Say more."
    assert find_email(mia, IDENTIFIER, enhanced=True) is None


def test_a_spent_allowance_and_a_throttle_say_what_they_are(real: SandboxProcess, mia: SalesforceClient) -> None:
    real.fault(service="salesforce", kind="spent_limit")
    with pytest.raises(errors.QuotaSpent):
        read_context(mia, question())
    real.clear_faults()
    real.fault(service="salesforce", kind="error", status=503)
    with pytest.raises(errors.Unavailable):
        read_context(mia, question())


def test_a_revoked_access_token_is_renewed_once(real: SandboxProcess, mia: SalesforceClient) -> None:
    real.fault(service="salesforce", kind="revoked_token", path="/composite")
    assert read_context(mia, question()).failed == ()
    assert getattr(mia.session, "renewals", 0) == 1


def test_a_file_is_stored_once_found_and_linked_again(real: SandboxProcess, mia: SalesforceClient) -> None:
    records = write_email(mia, filing_for(mia), enhanced=True, closed_status="Completed")
    content = b"%PDF-1.7 offer"
    real.clear_log()
    version = attach_file(
        mia,
        record_id=records.email_id,
        name="Offer v3.pdf",
        stream=io.BytesIO(content),
        size=len(content),
        content_type="application/pdf",
    )
    assert calls(real) == ["POST /services/data/v66.0/sobjects/ContentVersion"]
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    document = find_file(mia, record_id=records.email_id, name="Offer v3.pdf", md5=md5)
    assert document_ids(mia, [version]) == {version: document}
    other = read_context(mia, question()).people[0].id
    link_file(mia, document_id=version, record_id=other)
    link_file(mia, document_id=version, record_id=other)
    assert find_file(mia, record_id=other, name="Offer v3.pdf", md5=md5) == document


def test_twenty_five_megabytes_go_up_in_constant_memory(mia: SalesforceClient) -> None:
    records = write_email(mia, filing_for(mia), enhanced=True, closed_status="Completed")
    block, count = b"\x01" * 65_536, 400

    def source() -> Iterator[bytes]:
        for _ in range(count):
            yield block

    tracemalloc.start()
    try:
        attach_file(
            mia,
            record_id=records.email_id,
            name="big.bin",
            stream=source(),
            size=len(block) * count,
            content_type="application/octet-stream",
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20


def test_a_file_of_another_length_leaves_nothing_behind(mia: SalesforceClient) -> None:
    records = write_email(mia, filing_for(mia), enhanced=True, closed_status="Completed")
    with pytest.raises(errors.Unavailable):
        attach_file(mia, record_id=records.email_id, name="a.txt", stream=[b"abc"], size=9, content_type="text/plain")
    md5 = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
    assert find_file(mia, record_id=records.email_id, name="a.txt", md5=md5) is None


def test_removing_what_was_never_there_is_fine(mia: SalesforceClient) -> None:
    remove_email(mia, FiledRecords("02s5g0000009999AAA"))


def test_a_person_reads_their_own_profile(mailbox: Mailboxes, real: SandboxProcess) -> None:
    profile = mailbox("mia").profile()
    assert (profile.address, profile.id) == ("mia.keller@larkfield.example", real.user("mia")["oid"])


def test_a_message_is_found_by_each_of_its_names(real: SandboxProcess, mailbox: Mailboxes) -> None:
    delivered = real.deliver("mia", MIME)
    box = mailbox("mia")
    message = box.find_message(internet_message_id=IDENTIFIER)

    assert message.internet_message_id == IDENTIFIER
    assert message.from_ is not None
    assert (message.from_.address, message.from_.name) == (DANA, "Dana Ruiz")
    assert [one.name for one in message.cc] == ["Jürgen"]
    assert message.sent_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (message.folder, message.sensitivity, message.problem) == (FolderKind.INBOX, "private", "")
    assert message.header("Message-ID") == IDENTIFIER
    assert "Please find our offer." in message.html
    assert [one.name for one in message.attachments] == ["Offer v3.pdf"]
    assert box.find_message(item_id=message.provider_id) == message
    for item_id in {value for value in delivered.values() if isinstance(value, str) and value}:
        assert box.find_message(item_id=item_id, internet_message_id=IDENTIFIER) == message


def test_an_attachment_comes_as_its_bytes(real: SandboxProcess, mailbox: Mailboxes) -> None:
    real.deliver("mia", MIME)
    box = mailbox("mia")
    message = box.find_message(internet_message_id=IDENTIFIER)
    with box.open_attachment(message, message.attachments[0]) as blocks:
        assert b"".join(blocks) == b"%PDF-1.7\n"


def test_somebody_elses_message_is_not_there(real: SandboxProcess, mailbox: Mailboxes) -> None:
    real.deliver("mia", MIME)
    message = mailbox("mia").find_message(internet_message_id=IDENTIFIER)
    with pytest.raises(errors.Gone):
        mailbox("tom").find_message(item_id=message.provider_id)
    with pytest.raises(errors.Gone):
        mailbox("tom").find_message(item_id="not an id", internet_message_id="<nothing@x.example>")


def test_graphs_faults_are_typed(real: SandboxProcess, mailbox: Mailboxes) -> None:
    box = mailbox("mia")
    real.fault(service="graph", kind="throttle", retry_after=7)
    with pytest.raises(errors.Throttled) as caught:
        box.profile()
    assert caught.value.retry_after == 7.0
    real.fault(service="graph", kind="cut_before")
    with pytest.raises(errors.Unavailable):
        box.profile()
    real.fault(service="graph", kind="revoked_token")
    assert box.profile().address == "mia.keller@larkfield.example"
