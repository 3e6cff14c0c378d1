"""Who may call what, how often, and how faults look at the API host."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.clock import Clock
from sandbox.google.costs import COSTS
from sandbox.google.methods import METHODS
from sandbox.limits import GmailLimits
from tests.sandbox.google.conftest import Gmail, mail, reason
from tests.sandbox_process import GMAIL_MODIFY

AUTH = "https://www.googleapis.com/auth/"
READONLY, METADATA, LABELS = f"{AUTH}gmail.readonly", f"{AUTH}gmail.metadata", f"{AUTH}gmail.labels"


def test_without_a_good_token_nothing_is_answered(gmail: Gmail) -> None:
    for token in ("", "ya29.made-up", gmail.tokens["id_token"], gmail.tokens["refresh_token"]):
        answer = gmail.call("GET", "/profile", token=token)
        assert reason(answer) == (401, "authError")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    gmail.sandbox.advance(3600)
    assert reason(gmail.get("/profile")) == (401, "authError")


def test_the_library_refreshes_by_itself_when_the_hour_is_over(gmail: Gmail) -> None:
    before = gmail.credentials.token
    gmail.sandbox.advance(3600)
    assert gmail.users.getProfile(userId="me").execute()["emailAddress"] == gmail.address
    assert gmail.credentials.token != before


def test_a_token_that_was_taken_back_is_refused_at_once(gmail: Gmail) -> None:
    gmail.sandbox.withdraw_google_consent()
    assert reason(gmail.get("/profile")) == (401, "authError")


@pytest.mark.parametrize(
    ("scope", "allowed", "denied"),
    [
        (READONLY, ["GET /profile", "GET /messages?q=x", "POST /watch"], ["POST /labels", "POST /messages/0/trash"]),
        (LABELS, ["GET /labels", "POST /labels"], ["GET /profile", "GET /messages", "POST /watch"]),
        (f"{AUTH}calendar.events", [], ["GET /profile", "GET /labels", "GET /history?startHistoryId=1"]),
    ],
)
def test_each_method_asks_for_its_scopes(
    gmail_of: Callable[..., Gmail], scope: str, allowed: list[str], denied: list[str]
) -> None:
    gmail = gmail_of(scope=scope)

    def status(line: str) -> requests.Response:
        method, _, path = line.partition(" ")
        return gmail.call(method, path, json={} if method == "POST" else None)

    for line in denied:
        answer = status(line)
        assert reason(answer) == (403, "insufficientPermissions"), line
        assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    for line in allowed:
        assert status(line).status_code in (200, 400), line


def test_a_scope_that_was_left_out_is_missed(gmail_of: Callable[..., Gmail]) -> None:
    gmail = gmail_of(scope=f"openid email {GMAIL_MODIFY} {AUTH}tasks", untick=(GMAIL_MODIFY,))
    assert reason(gmail.get("/profile")) == (403, "insufficientPermissions")


def test_the_metadata_scope_gives_heads_and_no_search(gmail_of: Callable[..., Gmail]) -> None:
    gmail = gmail_of(scope=METADATA)
    identifier = gmail.get("/messages?maxResults=1").json()["messages"][0]["id"]
    assert gmail.get(f"/messages/{identifier}?format=metadata").status_code == 200
    assert reason(gmail.get(f"/messages/{identifier}")) == (403, "forbidden")
    assert reason(gmail.get(f"/messages/{identifier}?format=raw")) == (403, "forbidden")
    assert reason(gmail.get("/messages?q=in:inbox")) == (403, "forbidden")


def test_a_users_minute_is_spent_and_comes_back(gmail: Gmail) -> None:
    gmail.sandbox.limits(gmail_user_units=30)
    assert gmail.get("/messages").status_code == 200
    identifier = gmail.get("/messages?maxResults=1").json()["messages"][0]["id"]
    assert gmail.get(f"/messages/{identifier}").status_code == 200
    spent = gmail.get("/profile")
    assert reason(spent) == (403, "rateLimitExceeded")
    assert spent.json()["error"]["errors"][0]["domain"] == "usageLimits"
    assert "Queries per minute per user" in spent.json()["error"]["message"]
    gmail.sandbox.advance(60)
    assert gmail.get("/profile").status_code == 200


def test_one_users_minute_is_not_anothers_but_the_projects_is(gmail_of: Callable[..., Gmail]) -> None:
    noor, jonas = gmail_of("noor"), gmail_of("jonas")
    noor.sandbox.limits(gmail_user_units=5)
    assert noor.get("/messages").status_code == 200
    assert reason(noor.get("/profile")) == (403, "rateLimitExceeded")
    assert jonas.get("/profile").status_code == 200
    noor.sandbox.limits(gmail_user_units=6000, gmail_project_units=7)
    assert noor.get("/profile").status_code == 200
    assert reason(jonas.get("/profile")) == (429, "rateLimitExceeded")


def test_too_many_calls_at_once_are_refused(gmail: Gmail) -> None:
    gmail.sandbox.limits(gmail_concurrent=2)
    gmail.sandbox.latency(700, "gmail")
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: gmail.get("/profile"), range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["message"] == "Too many concurrent requests for user."


def test_a_refused_call_costs_nothing() -> None:
    limits = GmailLimits(Clock(), user=50)
    assert [limits.charge("a", 20) for _ in range(3)] == ["", "", "user"]
    assert limits.spent("a") == 40
    assert limits.charge("a", 10) == ""


def test_every_method_has_its_price() -> None:
    assert set(COSTS) == set(METHODS)
    assert COSTS["gmail.users.messages.get"] == 20
    assert COSTS["gmail.users.threads.get"] == 2 * COSTS["gmail.users.messages.get"]


def test_faults_look_as_google_writes_them(gmail: Gmail) -> None:
    gmail.sandbox.fault(service="gmail", kind="throttle", retry_after=7)
    slow = gmail.get("/profile")
    assert reason(slow) == (429, "userRateLimitExceeded")
    assert slow.headers["retry-after"] == "7"
    gmail.sandbox.fault(service="gmail", kind="spent_limit", path="/profile")
    assert gmail.get("/labels").status_code == 200
    assert reason(gmail.get("/profile")) == (403, "rateLimitExceeded")
    for status in (500, 502, 503, 504):
        gmail.sandbox.fault(service="gmail", kind="error", status=status)
        assert reason(gmail.get("/profile")) == (status, "backendError")
    gmail.sandbox.fault(service="gmail", kind="revoked_token")
    assert reason(gmail.get("/profile")) == (401, "authError")
    assert reason(gmail.get("/profile")) == (401, "authError")


def test_a_write_that_was_cut_off_was_done(gmail: Gmail) -> None:
    identifier = gmail.deliver(mail("Cut off"))
    for kind, done in (("cut_before", False), ("cut_after", True)):
        gmail.sandbox.fault(service="gmail", kind=kind, method="POST")
        with pytest.raises(requests.exceptions.ConnectionError):
            gmail.post(f"/messages/{identifier}/modify", {"addLabelIds": ["STARRED"]})
        assert (identifier in gmail.find("is:starred")) is done


def test_calls_are_logged_with_their_user_and_without_secrets(gmail: Gmail) -> None:
    gmail.get("/messages?q=subject:laboratory")
    row = gmail.sandbox.log("gmail")[-1]
    assert (row["user"], row["status"]) == (gmail.address, 200)
    log = str(gmail.sandbox.log())
    assert gmail.tokens["access_token"] not in log
    assert gmail.tokens["refresh_token"] not in log
