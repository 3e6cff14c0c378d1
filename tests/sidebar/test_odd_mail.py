"""Whatever mail a person tries: each message that the sandbox shows is listed, opened and read by the demo, its hint is
taken by the pane, and the product reads the message itself from the mailbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from sidebar.demo import mailbox
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.signing_in import MAIL_SCOPES, access_token
from sidebar.hints import read_context
from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from sync.rules.content import choose_files
from sync.rules.eligibility import Cause, Facts, may_file
from sync.rules.identity import message_identity
from sync.rules.participants import Party, participants
from tests.sandbox.seed.test_files import MALFORMED
from tests.sandbox_process import SandboxProcess

OWN = frozenset({"mia.keller@larkfield.example"})
PARTY = Party(frozenset({"larkfield.example"}), frozenset(), OWN, frozenset(), frozenset())


class Tokens:
    def __init__(self, person: Person) -> None:
        self.person = person

    def token(self) -> str:
        return access_token(self.person, MAIL_SCOPES)

    def renew(self, rejected: str) -> str:
        raise AssertionError("the token is fresh")


@pytest.fixture
def odd(tmp_path: Path, settings: Settings) -> Iterator[SandboxProcess]:
    """A sandbox whose mailbox holds malformed mail, and the test messages of CPython where this Python has them."""
    mail = tmp_path / "mail"
    package = pytest.importorskip("test.test_email")
    theirs = Path(next(iter(package.__path__))) / "data"
    if theirs.is_dir():
        shutil.copytree(theirs, mail / "cpython")
    mail.mkdir(exist_ok=True)
    for name, content in MALFORMED.items():
        (mail / name).write_bytes(content)
    process = SandboxProcess(tmp_path / "state", "--mail", str(mail))
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_SANDBOX_INFO = str(tmp_path / "state" / "sandbox.json")
    settings.ALONGSIDE_CA_FILE = process.info["ca_file"]
    settings.MICROSOFT_LOGIN_URL = process.info["microsoft_login_url"]
    settings.MICROSOFT_GRAPH_URL = process.info["microsoft_graph_url"]
    folders.forget()
    yield process
    process.stop()


def _address(details: dict[str, str] | None) -> dict[str, str] | None:
    if details is None or not details["emailAddress"]:
        return None
    return {"address": details["emailAddress"], "name": details["displayName"]}


def _hint(key: str, item: dict[str, Any]) -> dict[str, Any]:
    """What the pane's client makes of an item (static/pane/hosts/outlook.js)."""
    kinds = {"item": "message", "cloud": "link"}
    return {
        "item_key": key,
        "internet_message_id": item["internetMessageId"],
        "conversation_id": item["conversationId"],
        "subject": item["subject"],
        "sent_at": item["dateTimeCreated"],
        "from": _address(item["from"]),
        "sender": _address(item["sender"]),
        "to": [one for one in map(_address, item["to"]) if one],
        "cc": [one for one in map(_address, item["cc"]) if one],
        "attachments": [
            {
                "key": file["id"],
                "name": file["name"],
                "size": file["size"],
                "content_type": file["contentType"] or "application/octet-stream",
                "kind": kinds.get(file["attachmentType"], "file"),
                "is_inline": file["isInline"],
            }
            for file in item["attachments"]
        ],
        "item_class": item["itemClass"],
    }


def _rows(person: Person) -> Iterator[dict[str, Any]]:
    for folder in mailbox.folders(person):
        skip: int | None = 0
        while skip is not None:
            page = mailbox.messages(person, folder["id"], skip)
            yield from page["rows"]
            skip = page["next"]


@pytest.mark.timeout(300)
def test_every_message_that_is_shown_can_be_opened_and_read(odd: SandboxProcess) -> None:
    person = sandbox().person("mia.keller")
    assert person
    graph = GraphMailbox(Tokens(person))
    files = [path for path in (odd.state_dir.parent / "mail").rglob("*") if path.suffix in (".eml", ".txt")]
    rows = list(_rows(person))
    assert len(rows) + len(odd.info["mail_report"]) == len(files)
    for row in rows:
        item = mailbox.item(person, row["id"])
        assert isinstance(mailbox.body(person, row["id"]), str)
        hint = read_context({"hint": _hint(row["id"], item)}).hint
        message = graph.find_message(item_id=row["id"], internet_message_id=item["internetMessageId"])
        assert message_identity(message)
        for mail in (hint, message):
            choose_files(mail.attachments)
            facts = Facts(
                participants=participants(mail, PARTY), known_people=True, internal_domains=PARTY.internal_domains
            )
            assert may_file(mail, facts, Cause.BUTTON).sentence is not None


def test_an_image_takes_no_attribute_of_its_own_into_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [
        {"contentId": "good", "contentType": "image/png", "contentBytes": "QUJD"},
        {"contentId": "bad", "contentType": 'image/png" onerror="x', "contentBytes": "QUJD"},
    ]
    told = {"body": {"content": '<img src="cid:good"><img src="cid:bad">'}, "attachments": files}
    monkeypatch.setattr(mailbox, "_get", lambda *_: told)
    person = Person(email="mia.keller@larkfield.example", password="x", name="Mia", role="rep")
    html = mailbox.body(person, "AAMk=")
    assert "data:image/png;base64,QUJD" in html
    assert "onerror" not in html
