"""The oracle on the record of a message: its people, its business record, its identity, and several mailboxes."""

from __future__ import annotations

import pytest

from soak.oracle import Settings
from soak.org import Org
from tests.soak.hand import MIA, RECORDS, REP, TOM, copy, judged, mail, mode, people, record

DANA, OLLY, OWN = "dana@northwind.example", "oliver@northwind.example", "own@mine.example"
TWINS = "office@twins.example"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (mail(DANA), ["003DANA"]),
        (mail("DANA+news@Northwind.Example."), ["003DANA"]),
        (mail("buy+gauges@tagged.example"), ["003TAGGED"]),
        (mail("luca@moretti.example"), ["00QLUCA"]),
        (mail("luca@moretti.example", "mia@larkfield.example, ingrid@tveit.example"), ["00QLUCA"]),
        (mail("luca@moretti.example", f"mia@larkfield.example, {OLLY}"), ["003OLLY"]),
        (mail("old.address@northwind.example"), ["003OLLY"]),
        (mail("amira@cedarpost.example"), ["003AMIRA"]),
        (mail(OWN, f"{MIA}, {DANA}", f"Cc: {OLLY}, {DANA}"), ["003OWN", "003DANA", "003OLLY"]),
        (mail("no-reply@northwind.example", MIA, f"Reply-To: {DANA}"), ["003DANA"]),
        (mail(DANA, MIA, f"From: {OLLY}"), ["003DANA"]),
        (mail(MIA, DANA, f"Bcc: {OLLY}"), ["003DANA"]),
    ],
)
def test_people_of_a_record(content: bytes, expected: list[str]) -> None:
    assert people(copy(content)) == expected


def test_of_two_contacts_with_one_address_the_users_own_counts_else_the_latest_active() -> None:
    assert people(copy(mail(TWINS), MIA)) == ["003TWIN2"]
    assert people(copy(mail(TWINS), REP)) == ["003TWIN1"]


def test_a_blocked_person_is_not_linked() -> None:
    settings = Settings("known-people", frozenset({OLLY}))
    assert people(copy(mail(DANA, f"{MIA}, {OLLY}"), settings=settings)) == ["003DANA"]


def test_relations_name_the_header_a_person_stands_in() -> None:
    found = record(copy(mail(OWN, f"{MIA}, {DANA}", f"Cc: {OLLY}"))).people
    assert found["003OWN"] == {"FromAddress"}
    assert found["003DANA"] == {"ToAddress"}
    assert found["003OLLY"] == {"CcAddress"}


@pytest.mark.parametrize(
    ("content", "user", "expected"),
    [
        (mail(DANA), MIA, "006RENEWAL"),
        (mail(DANA), REP, "001NORTH"),  # sees no opportunity of it
        (mail(OLLY), MIA, "006RENEWAL"),  # no role, but the user's only one of the account
        (mail(OLLY), TOM, "001NORTH"),  # sees it as the account's owner, and does not own it
        (mail(OWN), MIA, "006MINE1"),
        (mail(DANA, subject="[Case 00012877]"), MIA, "5000000LOGIN"),
        (mail(DANA, subject="Case 12877"), MIA, "006RENEWAL"),
        (mail(DANA, subject="[Case 00012878]"), MIA, "006RENEWAL"),  # of another account
        (mail(DANA, body="> ref:_00D5gAbcDe._5000LOGIN:ref"), MIA, "006RENEWAL"),  # no such id
        (mail(DANA, subject="[Case 00012877]"), REP, "001NORTH"),  # a case that the user does not see
        (mail("luca@moretti.example"), MIA, None),
    ],
)
def test_the_business_record_is_the_first_that_holds(content: bytes, user: str, expected: str | None) -> None:
    assert record(copy(content, user)).related == expected


def test_a_case_reference_is_read_in_quoted_text() -> None:
    rows = [{"Id": "5005g000001bCdEAAQ", "AccountId": "001NORTH", "OwnerId": "005MIA", "CaseNumber": "00000001"}]
    org = Org({**RECORDS, "Case": rows})
    content = mail(DANA, body="yes\r\n> ref:_00D5gAbcDe._5005g1bCdE:ref\r\n")
    assert judged(copy(content), org=org).records[0].related == "5005g000001bCdEAAQ"
    foreign = mail(DANA, body="> ref:_00D9xAbcDe._5005g1bCdE:ref\r\n")
    assert judged(copy(foreign), org=org).records[0].related == "006RENEWAL"


def test_several_opportunities_with_a_role_are_settled_by_the_owner_or_not_at_all() -> None:
    more = [*RECORDS["Opportunity"], {**RECORDS["Opportunity"][1], "Id": "006EXTRA", "OwnerId": "005TOM"}]
    roles = [*RECORDS["OpportunityContactRole"], {"OpportunityId": "006EXTRA", "ContactId": "003DANA"}]
    org = Org({**RECORDS, "Opportunity": more, "OpportunityContactRole": roles})
    both = [{**row, "OwnerId": "005TOM"} for row in more]
    tied = Org({**RECORDS, "Opportunity": both, "OpportunityContactRole": roles})
    assert judged(copy(mail(DANA), TOM), org=org).records[0].related == "006EXTRA"
    assert judged(copy(mail(DANA), TOM), org=tied).records[0].related == "001NORTH"


def test_what_is_shared_is_seen() -> None:
    org = Org(RECORDS, frozenset({("006RENEWAL", "005REP")}))
    assert judged(copy(mail(DANA), REP), org=org).records[0].related == "006RENEWAL"


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("new@northwind.example", "001NORTH"), ("x@brightwater.example", None), ("who@nowhere.example", None)],
)
def test_a_domain_stands_for_its_only_account(sender: str, expected: str | None) -> None:
    assert record(copy(mail(sender), settings=mode("everything-external"))).related == expected


def test_a_thread_goes_on_with_its_record_while_somebody_of_it_takes_part() -> None:
    first = copy(mail(DANA, subject="[Case 00012877]"), key="first")
    answer = mail(MIA, DANA, "References: <a@x>", message_id="<b@x>")
    other = mail(OLLY, MIA, "References: <a@x>", message_id="<c@x>")
    found = judged(first, copy(answer, key="second", turn=2), copy(other, key="third", turn=3)).records
    assert [one.related for one in found] == ["5000000LOGIN", "5000000LOGIN", "006RENEWAL"]


def test_a_mark_is_enough_in_a_filed_thread() -> None:
    first = copy(mail(DANA, f"{MIA}, guest@nowhere.example"), key="first")
    answer = mail("guest@nowhere.example", MIA, "In-Reply-To: <a@x>", message_id="<b@x>")
    verdict = judged(first, copy(answer, key="second", turn=2, mark_turn=3))
    assert verdict.rulings["second"].outcome == "captured"
    assert verdict.records[1].related == "006RENEWAL"


def test_one_message_in_several_mailboxes_is_one_record_of_whoever_was_first() -> None:
    copies = [copy(mail(DANA), MIA), copy(mail(DANA), TOM), copy(mail(DANA), REP, settings=mode("off"))]
    for first, related in ((MIA, "006RENEWAL"), (TOM, "006RENEWAL")):
        verdict = judged(*copies, first=first)
        assert len(verdict.records) == 1
        assert (verdict.records[0].writer, verdict.records[0].related) == (first, related)
        other = TOM if first == MIA else MIA
        assert verdict.rulings[first].rules == {"known-people"}
        assert verdict.rulings[other].rules == {"duplicate"}
        assert verdict.rulings[REP].rules == {"mode-off"}


def test_a_mailbox_that_does_not_capture_is_never_the_first() -> None:
    copies = [copy(mail(DANA), MIA), copy(mail(DANA), REP, settings=mode("off"))]
    assert judged(*copies, first=REP).records[0].writer == MIA


def test_a_later_arrival_is_a_duplicate_whatever_captures_it() -> None:
    verdict = judged(copy(mail(DANA), MIA), copy(mail(DANA), TOM, turn=5), first=TOM)
    assert verdict.records[0].writer == MIA
    assert verdict.rulings[TOM].rules == {"duplicate"}


def test_a_mark_on_a_message_that_another_mailbox_filed_is_a_duplicate() -> None:
    late = copy(mail(DANA), REP, turn=1, settings=mode("off"), mark_turn=9)
    verdict = judged(copy(mail(DANA), MIA, turn=1), late)
    assert verdict.rulings[REP].rules == {"duplicate"}
    assert len(verdict.records) == 1


def test_two_messages_that_claim_one_message_id_are_two_records_and_an_issue() -> None:
    claim = copy(mail(OWN), TOM, turn=2)
    verdict = judged(copy(mail(DANA), MIA), claim)
    assert [one.identity for one in verdict.records] == ["<a@x>", ""]
    assert (verdict.rulings[MIA].issue, verdict.rulings[TOM].issue) == ("", "same-message-id")
    dated = copy(mail(DANA, date="Fri, 20 Nov 2026 10:00:00 +0000"), TOM, turn=2)
    assert len(judged(copy(mail(DANA), MIA), dated).records) == 2


def test_identities() -> None:
    long = f"<{'z' * 300}@x>"
    assert record(copy(mail(message_id=long))).identity.startswith("sha256:")
    assert len(record(copy(mail(message_id=long))).identity) == 71
    assert record(copy(mail(message_id="\r\n <folded@x>"))).identity == "<folded@x>"
    assert record(copy(mail(message_id="")), copy(mail(message_id="", body="Words \r\n"), TOM)).identity == ""


def test_the_same_instant_in_another_zone_is_the_same_message() -> None:
    elsewhere = copy(mail(date="Fri, 20 Nov 2026 10:00:00 +0100"), TOM)
    assert len(judged(copy(mail()), elsewhere).records) == 1


def test_direction_follows_from() -> None:
    assert record(copy(mail(DANA))).incoming
    assert not record(copy(mail(TOM, DANA))).incoming


def test_files_that_go_along() -> None:
    part = '--b\r\nContent-Type: {kind}\r\nContent-Disposition: {how}; filename="{name}"\r\n{more}\r\n{content}\r\n'
    parts = [
        ("text/html", "inline", "", "", '<img src="cid:Logo@x">'),
        ("image/png", "inline", "logo.png", "Content-ID: <logo@x>\r\n", "shown"),
        ("image/png", "inline", "photo.png", "Content-ID: <photo@x>\r\n", "not shown"),
        ("application/pdf", "attachment", "offer.pdf", "", "%PDF"),
        ("application/pdf", "attachment", "program.pdf", "", "MZ"),
        ("application/x-msdownload", "attachment", "setup.EXE", "", "hello"),
        ("text/plain", "attachment", "empty.txt", "", ""),
    ]
    body = "".join(
        part.format(kind=kind, how=how, name=name, more=more, content=content).replace('; filename=""', "")
        for kind, how, name, more, content in parts
    )
    content = mail(kind='multipart/mixed; boundary="b"', body=f"{body}--b--\r\n")
    assert record(copy(content)).files == {"photo.png", "offer.pdf"}
