"""Files: uploads, versions, links, and reading them back."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import httpx

from tests.sandbox.salesforce.conftest import Person, error_of

CONTENT = bytes(range(256)) * 2000


def _upload(person: Person, entity: dict[str, Any], content: bytes = CONTENT, name: str = "plan.pdf") -> httpx.Response:
    parts = {
        "entity_content": (None, json.dumps(entity), "application/json"),
        "VersionData": (name, content, "application/octet-stream"),
    }
    return person.request("POST", "sobjects/ContentVersion/", files=parts)


def test_a_multipart_upload_stands_on_its_record(mia: Person, dana: dict[str, Any]) -> None:
    answer = _upload(mia, {"PathOnClient": "plan.pdf", "FirstPublishLocationId": dana["AccountId"]})
    assert answer.status_code == 201
    version = mia.get(f"sobjects/ContentVersion/{answer.json()['id']}").json()
    assert (version["Title"], version["FileExtension"], version["FileType"]) == ("plan", "pdf", "PDF")
    assert version["ContentSize"] == len(CONTENT)
    assert version["Checksum"] == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert mia.get(version["VersionData"]).content == CONTENT
    links = mia.query(
        "SELECT ShareType, ContentDocumentId, ContentDocument.LatestPublishedVersion.Checksum FROM ContentDocumentLink"
        " WHERE LinkedEntityId = {}",
        dana["AccountId"],
    )
    assert [link["ContentDocumentId"] for link in links] == [version["ContentDocumentId"]]
    assert links[0]["ShareType"] == "V"
    assert links[0]["ContentDocument"]["LatestPublishedVersion"]["Checksum"] == version["Checksum"]


def test_a_further_version_takes_the_place_of_the_latest(mia: Person) -> None:
    first = _upload(mia, {"PathOnClient": "a.txt"}).json()["id"]
    document = mia.get(f"sobjects/ContentVersion/{first}").json()["ContentDocumentId"]
    second = _upload(mia, {"PathOnClient": "a.txt", "ContentDocumentId": document}, b"two").json()["id"]
    versions = mia.query(
        "SELECT Id, VersionNumber, IsLatest FROM ContentVersion WHERE ContentDocumentId = {}", document
    )
    assert {(v["Id"], v["VersionNumber"], v["IsLatest"]) for v in versions} == {
        (first, "1", False),
        (second, "2", True),
    }


def test_base64_is_taken_as_well(mia: Person) -> None:
    version = mia.create("ContentVersion", PathOnClient="n.txt", VersionData=base64.b64encode(b"hello").decode())
    assert mia.get(f"sobjects/ContentVersion/{version}/VersionData").content == b"hello"
    assert mia.get(f"sobjects/ContentVersion/{version}").json()["Title"] == "n"


def test_an_upload_is_refused(mia: Person) -> None:
    data = base64.b64encode(b"x").decode()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"PathOnClient": "a"}, "REQUIRED_FIELD_MISSING"),
        ({"VersionData": data}, "REQUIRED_FIELD_MISSING"),
        ({"PathOnClient": "a", "VersionData": "not base64!"}, "JSON_PARSER_ERROR"),
        (
            {"PathOnClient": "a", "VersionData": data, "FirstPublishLocationId": "0018V0000000999"},
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ({"PathOnClient": "x" * 501, "VersionData": data}, "STRING_TOO_LONG"),
    ]
    for body, code in wrong:
        assert error_of(mia.post("sobjects/ContentVersion", body)) == (400, code)
    assert mia.query("SELECT Id FROM ContentDocument") == []


def test_a_base64_body_has_a_limit(mia: Person) -> None:
    body = {"PathOnClient": "a", "VersionData": "A" * (50 * 1024 * 1024)}
    assert mia.post("sobjects/ContentVersion", body).status_code == 413


def test_a_link_is_made_once(mia: Person, dana: dict[str, Any]) -> None:
    version = _upload(mia, {"PathOnClient": "a.txt"}).json()["id"]
    document = mia.get(f"sobjects/ContentVersion/{version}").json()["ContentDocumentId"]
    body = {"ContentDocumentId": document, "LinkedEntityId": dana["AccountId"], "ShareType": "V"}
    assert mia.post("sobjects/ContentDocumentLink", body).status_code == 201
    assert error_of(mia.post("sobjects/ContentDocumentLink", body)) == (400, "DUPLICATE_VALUE")


def test_a_file_is_seen_by_those_who_see_what_it_stands_on(mia: Person, tom: Person, dana: dict[str, Any]) -> None:
    own = _upload(mia, {"PathOnClient": "a.txt"}).json()["id"]
    shared = _upload(mia, {"PathOnClient": "b.txt", "FirstPublishLocationId": dana["AccountId"]}).json()["id"]
    assert tom.get(f"sobjects/ContentVersion/{own}").status_code == 404
    assert tom.get(f"sobjects/ContentVersion/{own}/VersionData").status_code == 404
    assert tom.get(f"sobjects/ContentVersion/{shared}/VersionData").content == CONTENT


def test_a_file_marks_its_email(mia: Person) -> None:
    email = mia.create("EmailMessage", Subject="x", Status="3")
    _upload(mia, {"PathOnClient": "a.txt", "FirstPublishLocationId": email})
    assert mia.get(f"sobjects/EmailMessage/{email}").json()["HasAttachment"] is True


def test_an_org_may_take_files_for_drafts_only(mia: Person) -> None:
    mia.post("/_sandbox/org", {"email_links_locked": True})
    draft, sent = (mia.create("EmailMessage", Subject="x", Status=status) for status in ("5", "3"))
    assert _upload(mia, {"PathOnClient": "a.txt", "FirstPublishLocationId": draft}).status_code == 201
    refused = _upload(mia, {"PathOnClient": "a.txt", "FirstPublishLocationId": sent})
    assert error_of(refused) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
