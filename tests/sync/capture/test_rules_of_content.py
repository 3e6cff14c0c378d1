"""Attachments with limits and reasons, bodies that are cut, Enhanced Email off, and files that are stored once."""

from __future__ import annotations

import pytest

from accounts.models import SalesforceOrg
from sync.models import StoredFile
from tests.sync.capture import engine
from tests.sync.capture.scene import File, Scene, files_of, issues

PDF = b"%PDF-1.7 offer"
OFFER = File("Offer.pdf", PDF, "application/pdf")
STORED = ("done", "")


def names_in_salesforce(scene: Scene) -> list[str]:
    rows = scene.stage.query("SELECT Title, FileExtension FROM ContentVersion")
    return sorted(f"{row['Title']}.{row['FileExtension']}".removesuffix(".None") for row in rows)


def documents_of(scene: Scene, identifier: str) -> list[str]:
    """The files on an email's record."""
    record = scene.record(identifier)["Id"]
    rows = scene.stage.query(f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{record}'")
    return [row["ContentDocumentId"] for row in rows]


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_each_attachment_is_stored_or_left_out_with_its_reason(scene: Scene, name: str) -> None:
    scene.switch_on(name, max_file_mib=1)
    before = names_in_salesforce(scene)
    key = scene.arrives(
        "files",
        at=name,
        html='<p>Hello</p><img src="cid:logo@x.example">',
        files=(
            OFFER,
            File("run.exe", b"anything"),
            File("renamed.pdf", b"MZ\x90\x00 a program", "application/pdf"),
            File("empty.txt", b"", "text/plain"),
            File("large.bin", b"x" * (2**20 + 1)),
            File("logo.png", b"\x89PNG shown", "image/png", "logo@x.example"),
            File("unshown.png", b"\x89PNG not shown", "image/png", "other@x.example"),
        ),
    )
    scene.read()
    found = files_of(key)
    assert found["Offer.pdf"] == STORED
    assert found["unshown.png"] == STORED
    assert "logo.png" not in found
    left_out = {name: words for name, (state, words) in found.items() if state == "parked"}
    assert set(left_out) == {"run.exe", "renamed.pdf", "empty.txt", "large.bin"}
    assert all(left_out.values())
    assert sorted(set(names_in_salesforce(scene)) - set(before)) == ["Offer.pdf", "unshown.png"]
    assert issues() == []


def test_where_extensions_are_listed_everything_else_is_left_out(scene: Scene) -> None:
    scene.switch_on("mia", allowed_extensions=["pdf"])
    files = (OFFER, File("table.xlsx", b"PK table"), File("README", b"no extension"))
    key = scene.arrives("listed", files=files)
    scene.read()
    assert {name: state for name, (state, _) in files_of(key).items()} == {
        "Offer.pdf": "done",
        "table.xlsx": "parked",
        "README": "parked",
    }


def test_the_same_file_is_stored_once_and_linked_to_each_email(scene: Scene) -> None:
    scene.switch_on("mia")
    before = set(StoredFile.objects.values_list("pk", flat=True))
    first = scene.arrives("first", files=(OFFER,))
    scene.read()
    second = scene.arrives("second", files=(OFFER,))
    other = scene.arrives("other", files=(File("Copy.pdf", PDF, "application/pdf"),))
    scene.read()
    assert [list(files_of(key).values()) for key in (first, second, other)] == [[STORED]] * 3
    assert names_in_salesforce(scene).count("Offer.pdf") == 1
    assert names_in_salesforce(scene).count("Copy.pdf") == 1
    assert StoredFile.objects.exclude(pk__in=before).count() == 2
    assert [documents_of(scene, key) for key in (first, second)] == [documents_of(scene, first)] * 2
    assert documents_of(scene, first) != documents_of(scene, other)


def test_a_file_that_salesforce_refuses_is_left_out_with_its_words_and_the_mail_is_filed(scene: Scene) -> None:
    scene.switch_on("mia")
    rule = {"object": "ContentVersion", "field": "Title", "contains": "offer", "message": "No offers here."}
    scene.sandbox.change_org(validation_rules=[rule])
    key = scene.arrives("refused", files=(OFFER, File("Other.pdf", b"%PDF-1.7 other", "application/pdf")))
    scene.read()
    assert files_of(key) == {"Offer.pdf": ("parked", "No offers here."), "Other.pdf": STORED}
    assert len(scene.records(key)) == 1
    assert issues() == ["file-refused"]


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_body_that_is_too_long_is_cut_with_a_line_that_says_so(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    key = scene.arrives("long", at=name, text=("A long line of a long email. " * 3 + "\r\n") * 1_600)
    scene.read()
    body = scene.record(key)["TextBody"]
    assert len(body) <= 131_072
    assert "Cut here: the whole is" in body[-100:]


def test_a_short_body_is_not_touched_and_control_characters_are_taken_out(scene: Scene) -> None:
    scene.switch_on("noor")
    key = scene.arrives("bell", at="noor", text="Ring\x07 the bell.")
    scene.read()
    assert scene.record(key)["TextBody"].strip() == "Ring the bell."


def test_html_is_sanitised_when_it_is_stored(scene: Scene) -> None:
    scene.switch_on("mia")
    html = '<p onclick="x()">Hello</p><script>alert(1)</script><a href="javascript:x()">here</a>'
    key = scene.arrives("hostile", html=html)
    scene.read()
    [row] = scene.stage.query(f"SELECT HtmlBody FROM EmailMessage WHERE Id = '{scene.record(key)['Id']}'")
    assert "Hello" in row["HtmlBody"]
    assert [word for word in ("script", "onclick", "alert", "javascript") if word in row["HtmlBody"]] == []


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_where_enhanced_email_is_off_it_is_a_completed_task_cut_at_32_000(scene: Scene, name: str) -> None:
    scene.sandbox.change_org(enhanced_email=False)
    SalesforceOrg.objects.update(shape_read_at=None)
    scene.switch_on(name)
    key = scene.arrives("plain", at=name, html="<p>Hello</p>" + "<p>A line of it.</p>" * 2_500)
    scene.read()
    assert scene.decided(key, name) == ("captured", "known-people")
    fields = "Subject, Status, TaskSubtype, Description, WhoId"
    [task] = scene.stage.query(f"SELECT {fields} FROM Task WHERE Subject LIKE '%About plain%'")
    assert (task["Status"], task["TaskSubtype"]) == ("Completed", "Email")
    assert task["WhoId"] == scene.contact("dana@northwind.example")["Id"]
    assert len(task["Description"]) <= 32_000
    assert "Cut here" in task["Description"]
    assert "<p>" not in task["Description"]


def test_with_enhanced_email_off_a_second_mailbox_finds_the_task(scene: Scene) -> None:
    scene.sandbox.change_org(enhanced_email=False)
    SalesforceOrg.objects.update(shape_read_at=None)
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("plain", at=("mia", "noor"))
    scene.read()
    scene.let_pass()
    assert {scene.decided(key, "mia")[0], scene.decided(key, "noor")[0]} == {"captured"}
    assert len(scene.stage.query("SELECT Id FROM Task WHERE Subject LIKE '%About plain%'")) == 1
    assert not engine.stuck()["waiting"]
