"""Files go up in blocks, and once."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
import requests
import responses

from sync import errors
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.files import attach_file, document_ids, find_file, link_file
from sync.providers.salesforce.multipart import MultipartFile
from tests.sync.providers.fakes import BASE, FakeTokens, error_body, page, sent_json

RECORD = "02s000000000001AAA"
VERSION = {"id": "068000000000001AAA", "success": True, "errors": []}
EXPIRED = error_body("INVALID_SESSION_ID")


class Uploads:
    """Reads each upload as the network would, and answers with the given answers one after another."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self._answers = list(answers)
        self.bodies: list[bytes] = []
        self.types: list[str] = []

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = request.body
        assert isinstance(body, bytes), "responses reads the stream, as http.client would"
        assert len(body) == int(request.headers["Content-Length"])
        self.bodies.append(body)
        self.types.append(str(request.headers["Content-Type"]))
        status, answer = self._answers.pop(0)
        return status, {}, json.dumps(answer)


def upload(stream: Any, size: int, *answers: tuple[int, Any], name: str = "Offer v3.pdf") -> tuple[str, Uploads]:
    uploads = Uploads(*(answers or ((201, VERSION),)))
    responses.add_callback(responses.POST, BASE + "sobjects/ContentVersion", callback=uploads)
    client = SalesforceClient(FakeTokens())
    file_id = attach_file(client, record_id=RECORD, name=name, stream=stream, size=size, content_type="application/pdf")
    return file_id, uploads


def parts_of(uploads: Uploads, number: int = 0) -> list[Any]:
    head = b"Content-Type: " + uploads.types[number].encode() + b"\r\n\r\n"
    return list(message_from_bytes(head + uploads.bodies[number]).get_payload())


@responses.activate
def test_a_file_is_one_multipart_call_on_its_record() -> None:
    file_id, uploads = upload(iter([b"%PDF-", b"", b"1.7"]), 8)
    assert file_id == "068000000000001AAA"
    assert len(responses.calls) == 1
    entity, content = parts_of(uploads)
    assert entity.get_content_type() == "application/json"
    assert json.loads(entity.get_payload()) == {
        "Title": "Offer v3",
        "PathOnClient": "Offer v3.pdf",
        "FirstPublishLocationId": RECORD,
    }
    assert content.get_param("name", header="content-disposition") == "VersionData"
    assert content.get_filename() == "Offer v3.pdf"
    assert content.get_payload() == "%PDF-1.7"


@responses.activate
def test_a_name_cannot_break_out_of_its_header() -> None:
    name = 'a"; name="entity_content"\r\nX-Evil: 1\r\n\r\n.pdf'
    _, uploads = upload([b"x"], 1, name=name)
    entity, content = parts_of(uploads)
    assert "X-Evil" not in content
    assert content.get_param("name", header="content-disposition") == "VersionData"
    assert json.loads(entity.get_payload())["PathOnClient"] == name


@responses.activate
def test_a_renewed_token_sends_the_file_again_from_its_beginning() -> None:
    file = io.BytesIO(b"skipped-content")
    file.seek(8)
    _, uploads = upload(file, 7, (401, EXPIRED), (201, VERSION))
    assert len(uploads.bodies) == 2
    assert parts_of(uploads, 1)[1].get_payload() == "content"


@responses.activate
def test_a_stream_that_is_spent_is_asked_for_anew_with_the_token_renewed() -> None:
    with pytest.raises(errors.Unavailable) as caught:
        upload(iter([b"content"]), 7, (401, EXPIRED))
    assert caught.value.code == "STREAM_SPENT"
    assert len(responses.calls) == 1


@pytest.mark.parametrize("size", [6, 8])
@responses.activate
def test_a_file_of_another_length_is_not_stored(size: int) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        upload([b"content"], size)
    assert caught.value.code == "LENGTH_DIFFERS"


@responses.activate
def test_an_unanswered_upload_is_ambiguous() -> None:
    with pytest.raises(errors.Ambiguous):
        upload([b"content"], 7, (500, error_body("UNKNOWN_EXCEPTION")))


@responses.activate
def test_a_file_that_salesforce_refuses_comes_with_its_words() -> None:
    refusal = error_body("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No PDFs here", ["PathOnClient"])
    with pytest.raises(errors.Refused) as caught:
        upload([b"content"], 7, (400, refusal))
    assert caught.value.message == "No PDFs here"


def test_twenty_five_megabytes_pass_in_constant_memory() -> None:
    block, count = b"x" * 65_536, 400

    def source() -> Iterator[bytes]:
        for _ in range(count):
            yield bytes(block)

    body = MultipartFile(
        entity_part="entity_content",
        entity={},
        file_part="VersionData",
        file_name="big.bin",
        content_type="application/octet-stream",
        blocks=source(),
        size=len(block) * count,
    )
    tracemalloc.start()
    try:
        total = 0
        while read := body.read(65_536):
            total += len(read)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == len(body) > 25 * 2**20
    assert peak < 2**20


@responses.activate
def test_finding_compares_name_and_content() -> None:
    def link(document: str, path: str, checksum: str) -> dict[str, Any]:
        latest = {"PathOnClient": path, "Checksum": checksum}
        return {"ContentDocumentId": document, "ContentDocument": {"LatestPublishedVersion": latest}}

    rows = [link("0691", "other.pdf", "aa"), link("0692", "a.pdf", "bb"), link("0693", "a.pdf", "AA")]
    responses.get(BASE + "query", json=page(*rows, {"ContentDocumentId": "0694", "ContentDocument": None}))
    client = SalesforceClient(FakeTokens())
    assert find_file(client, record_id=RECORD, name="a.pdf", md5="aa") == "0693"
    assert find_file(client, record_id=RECORD, name="a.pdf", md5="cc") is None


@responses.activate
def test_a_stored_file_is_linked_and_that_it_is_linked_already_is_fine() -> None:
    responses.post(BASE + "sobjects/ContentDocumentLink", json={"id": "06A1", "success": True}, status=201)
    client = SalesforceClient(FakeTokens())
    link_file(client, document_id="069000000000001AAA", record_id=RECORD)
    assert sent_json(responses.calls[0].request) == {
        "ContentDocumentId": "069000000000001AAA",
        "LinkedEntityId": RECORD,
        "ShareType": "V",
    }
    responses.replace(
        responses.POST, BASE + "sobjects/ContentDocumentLink", json=error_body("DUPLICATE_VALUE"), status=400
    )
    link_file(client, document_id="069000000000001AAA", record_id=RECORD)


@responses.activate
def test_a_version_is_linked_by_its_document() -> None:
    responses.get(BASE + "query", json=page({"Id": "068000000000001AAA", "ContentDocumentId": "069000000000001AAA"}))
    responses.post(BASE + "sobjects/ContentDocumentLink", json={"id": "06A1", "success": True}, status=201)
    link_file(SalesforceClient(FakeTokens()), document_id="068000000000001AAA", record_id=RECORD)
    assert sent_json(responses.calls[1].request)["ContentDocumentId"] == "069000000000001AAA"


@responses.activate
def test_a_version_that_is_gone_is_gone() -> None:
    responses.get(BASE + "query", json=page())
    with pytest.raises(errors.Gone):
        link_file(SalesforceClient(FakeTokens()), document_id="068000000000001AAA", record_id=RECORD)


def test_asking_for_no_documents_is_no_call() -> None:
    assert document_ids(SalesforceClient(FakeTokens()), []) == {}
