"""What no mode files, in mailboxes of both suites: the rows of the table, end to end."""

from __future__ import annotations

from typing import Any

import pytest

from sync.models import Item
from sync.rules.identity import identity_hash
from tests.sync.capture.scene import DANA, NOBODY, Scene

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:{0}\r\nBEGIN:VEVENT\r\nUID:1@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR"
REPORT = "--r\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n--r--"

#: key → (what the letter is like, the rule that leaves it)
NEVER: dict[str, tuple[dict[str, Any], str]] = {
    "personal": ({"Sensitivity": "Personal"}, "private"),
    "private": ({"Sensitivity": "Private"}, "private"),
    "confidential": ({"Sensitivity": "Company-Confidential"}, "private"),
    "auto": ({"Auto_Submitted": "auto-replied"}, "automatic-mail"),
    "bulk": ({"Precedence": "bulk"}, "automatic-mail"),
    "list": ({"List_Id": "News <news.northwind.example>"}, "automatic-mail"),
    "bounce": ({"Return_Path": "<>"}, "automatic-mail"),
    "inside": ({"sender": "Jonas Weber <jonas.weber@larkfield-labs.example>"}, "internal-only"),
    "subdomain": ({"sender": "Ops <ops@mail.eu.larkfield.example>"}, "internal-only"),
    "unknown": ({"sender": NOBODY}, "unknown-people"),
}
FILED: dict[str, dict[str, Any]] = {
    "auto-no": {"Auto_Submitted": "no"},
    "own-list": {"List_Id": "Sales <sales.larkfield.example>", "Precedence": "list"},
    "normal": {"Sensitivity": "Normal"},
}


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_each_row_names_the_decision(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    sent = {key: scene.arrives(key, at=name, **what) for key, (what, _) in NEVER.items()}
    filed = {key: scene.arrives(key, at=name, **what) for key, what in FILED.items()}
    scene.read()
    assert {key: scene.decided(one, name) for key, one in sent.items()} == {
        key: ("skipped", rule) for key, (_, rule) in NEVER.items()
    }
    assert {key: scene.decided(one, name) for key, one in filed.items()} == dict.fromkeys(
        FILED, ("captured", "known-people")
    )
    assert [key for key, one in sent.items() if scene.records(one)] == []


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_invitations_answers_and_cancellations_are_not_filed(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    sent = [
        scene.arrives(method, at=name, kind=f"text/calendar; method={method}", text=INVITATION.format(method))
        for method in ("REQUEST", "REPLY", "CANCEL")
    ]
    scene.read()
    assert [scene.decided(one, name) for one in sent] == [("skipped", "calendar-response")] * 3
    assert [scene.records(one) for one in sent] == [[], [], []]


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_report_of_delivery_is_automatic_mail(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    key = scene.arrives("report", at=name, kind=kind, text=REPORT)
    scene.read()
    assert scene.decided(key, name) == ("skipped", "automatic-mail")


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_drafts_junk_and_deleted_items_are_not_looked_at(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    places = ("drafts", "junkemail", "deleteditems")
    sent = [scene.arrives(place, at=name, folder=place, sender=DANA) for place in places]
    seen = scene.arrives("seen", at=name)
    scene.read()
    assert scene.decided(seen, name) == ("captured", "known-people")
    assert not Item.objects.filter(identity_hash__in=[identity_hash(one) for one in sent]).exists()
    assert [scene.records(one) for one in sent] == [[], [], []]


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_mark_files_automatic_mail_and_no_private_mail(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    automatic = scene.arrives("automatic", at=name, Auto_Submitted="auto-generated")
    private = scene.arrives("private", at=name, Sensitivity="Private")
    scene.mark(name, automatic)
    scene.mark(name, private)
    scene.read()
    assert scene.decided(automatic, name) == ("captured", "mark")
    assert scene.decided(private, name) == ("skipped", "private")


def test_a_draft_that_is_sent_is_filed_as_what_was_sent(scene: Scene) -> None:
    scene.switch_on("mia")
    what: dict[str, Any] = {"sender": "Mia Keller <mia.keller@larkfield.example>", "to": DANA}
    scene.arrives("draft", folder="drafts", message_id="<draft.of@larkfield.example>", **what)
    scene.read()
    sent = scene.arrives("sent", folder="sentitems", message_id="<sent.of@larkfield.example>", **what)
    scene.read()
    assert scene.decided(sent) == ("captured", "known-people")
    assert scene.records("<draft.of@larkfield.example>") == []
