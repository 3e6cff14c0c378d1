"""Several calls in one: as the client library writes them, each answered and paid for by itself."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import BatchError, HttpError

from tests.sandbox.google.conftest import Gmail, mail, reason

ABSENT = "18c5a1b2c3d4e5f6"


def run(gmail: Gmail, ids: list[str], **how: Any) -> dict[str, Any]:
    """Gets messages in one batch; the answer or the error of each."""
    answers: dict[str, Any] = {}

    def keep(request_id: str, response: Any, error: Any) -> None:
        answers[request_id] = error or response

    batch = gmail.service.new_batch_http_request(callback=keep)
    for number, one in enumerate(ids):
        batch.add(gmail.users.messages().get(userId="me", id=one, format="minimal", **how), request_id=str(number))
    batch.execute()
    return answers


def test_every_call_gets_its_own_answer(gmail: Gmail) -> None:
    ids = gmail.find("in:inbox", maxResults=20)
    answers = run(gmail, ids)
    assert [answers[str(number)]["id"] for number in range(20)] == ids
    calls = gmail.sandbox.log("gmail")[-1]
    assert calls["path"] == "/batch/gmail/v1"
    assert calls["user"] == gmail.address
    assert calls["sub_requests"][0].startswith(f"GET /gmail/v1/users/me/messages/{ids[0]}?")
    assert len(calls["sub_requests"]) == 20


def test_one_that_fails_leaves_the_others(gmail: Gmail) -> None:
    good = gmail.find("in:inbox")[0]
    answers = run(gmail, [good, ABSENT, "nonsense"])
    assert answers["0"]["id"] == good
    assert (answers["1"].status_code, answers["2"].status_code) == (404, 400)


def test_writes_go_in_a_batch_too(gmail: Gmail) -> None:
    ids = [gmail.deliver(mail(f"Number {number}")) for number in range(3)]
    batch = gmail.service.new_batch_http_request()
    for one in ids:
        batch.add(gmail.users.messages().modify(userId="me", id=one, body={"addLabelIds": ["STARRED"]}))
    batch.execute()
    assert set(gmail.find("is:starred subject:number")) == set(ids)


def test_parts_fail_by_themselves_when_a_fault_says_so(gmail: Gmail) -> None:
    ids = gmail.find("in:inbox", maxResults=5)
    gmail.sandbox.fault(service="gmail", kind="throttle", path=f"/messages/{ids[2]}")
    answers = run(gmail, ids)
    assert answers["2"].status_code == 429
    assert [number for number in "0134" if "id" not in answers[number]] == []
    assert run(gmail, ids)["2"]["id"] == ids[2]
    gmail.sandbox.fault(service="gmail", kind="throttle")
    with pytest.raises(HttpError) as refused:
        run(gmail, ids)
    assert refused.value.status_code == 429


def test_each_part_costs_and_the_rest_is_refused_when_the_minute_is_spent(gmail: Gmail) -> None:
    ids = gmail.find("in:inbox", maxResults=10)
    gmail.sandbox.advance(61)
    gmail.sandbox.limits(gmail_user_units=100)
    answers = run(gmail, ids)
    assert [number for number, answer in answers.items() if isinstance(answer, HttpError)] == list("56789")
    error = answers["5"]
    assert error.status_code == 403
    assert error.error_details[0]["reason"] == "rateLimitExceeded"
    gmail.sandbox.advance(61)
    assert run(gmail, ids[:5])["4"]["id"] == ids[4]


def test_more_than_a_hundred_parts_are_refused_and_fifty_with_the_switch(gmail: Gmail) -> None:
    with pytest.raises(HttpError) as refused:
        run(gmail, [ABSENT] * 101)
    assert refused.value.status_code == 400
    assert "Inner request count exceeds the limit. Received: 101, Limit: 100" in str(refused.value)
    gmail.sandbox.limits(gmail_batch_parts=50)
    assert len(run(gmail, [ABSENT] * 50)) == 50
    with pytest.raises(HttpError, match="Limit: 50"):
        run(gmail, [ABSENT] * 51)


def test_each_part_needs_the_token(gmail: Gmail) -> None:
    body = (
        "--b\r\nContent-Type: application/http\r\nContent-ID: <one + 0>\r\n\r\n"
        "GET /gmail/v1/users/me/profile HTTP/1.1\r\n\r\n\r\n--b--\r\n"
    )
    headers = {"Content-Type": 'multipart/mixed; boundary="b"'}
    address = f"{gmail.sandbox.info['google_api_url']}/batch/gmail/v1"
    answer = gmail.sandbox.http.post(address, data=body, headers=headers, timeout=20)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=batch_")
    assert "HTTP/1.1 401 Unauthorized" in answer.text
    assert "Content-ID: <response-one + 0>" in answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", "{}"),
        ("multipart/mixed", "--b--"),
        ("multipart/mixed; boundary=b", "--b\r\nContent-Type: application/http\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
        ("multipart/mixed; boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nGET /x HTTP/1.1\r\n\r\n\r\n--b--\r\n"),
        ("multipart/mixed; boundary=b", "--b\r\nContent-Type: application/http\r\n\r\nhello\r\n\r\n--b--\r\n"),
        ("multipart/mixed; boundary=b", "--b--\r\n"),
    ],
)
def test_what_is_no_batch_is_refused_whole(gmail: Gmail, kind: str, body: str) -> None:
    address = f"{gmail.sandbox.info['google_api_url']}/batch/gmail/v1"
    headers = {"Content-Type": kind, "Authorization": f"Bearer {gmail.credentials.token}"}
    assert reason(gmail.sandbox.http.post(address, data=body, headers=headers, timeout=20)) == (400, "badRequest")


def test_the_library_takes_no_batch_of_other_hosts(gmail: Gmail) -> None:
    batch = gmail.service.new_batch_http_request()
    batch.add(gmail.users.getProfile(userId="me"), request_id="same")
    with pytest.raises((BatchError, KeyError)):
        batch.add(gmail.users.getProfile(userId="me"), request_id="same")
