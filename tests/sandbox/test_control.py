"""The control routes: faults as the real services would show them, the log, the limits, the clock and the reset."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.clock import Clock
from sandbox.faults import Fault, FaultBook
from sandbox.limits import GraphLimits, SalesforceLimits
from tests.sandbox_process import SALESFORCE_CALLBACK, SandboxProcess

QUERY = "/services/data/v66.0/query"
CONTACT = "/services/data/v66.0/sobjects/Contact"


class Salesforce:
    """A person's session with the sandbox's Salesforce."""

    def __init__(self, sandbox: SandboxProcess, name: str = "mia") -> None:
        self.base = sandbox.info["salesforce_login_url"]
        self.tokens = sandbox.salesforce_login(name)
        self.http = sandbox.session()
        self.http.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.http.request(method, self.base + path, json=body, timeout=20)

    def query(self, soql: str = "SELECT Id FROM Contact LIMIT 1") -> requests.Response:
        return self.http.get(self.base + QUERY, params={"q": soql}, timeout=20)

    def create(self, last_name: str) -> requests.Response:
        return self.call("POST", CONTACT, {"LastName": last_name})

    def count(self, last_name: str) -> int:
        rows = self.query("SELECT Id, LastName FROM Contact LIMIT 2000").json()["records"]
        return sum(row["LastName"] == last_name for row in rows)


class Graph:
    """A person's session with the sandbox's Graph."""

    def __init__(self, sandbox: SandboxProcess, name: str = "mia") -> None:
        self.base = f"{sandbox.info['microsoft_graph_url']}/v1.0"
        self.http = sandbox.session()
        token = sandbox.microsoft_login(name, scope="User.Read Mail.ReadWrite offline_access")["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str = "/me") -> requests.Response:
        return self.http.get(self.base + path if path.startswith("/") else path, timeout=20)


@pytest.fixture
def salesforce(sandbox: SandboxProcess) -> Salesforce:
    return Salesforce(sandbox)


@pytest.fixture
def graph(sandbox: SandboxProcess) -> Graph:
    return Graph(sandbox)


def error_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def test_graph_throttles_with_retry_after_as_often_as_asked(sandbox: SandboxProcess, graph: Graph) -> None:
    sandbox.fault(service="graph", kind="throttle", retry_after=7, times=2)
    for _ in range(2):
        answer = graph.get()
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json()["error"]["code"] == "TooManyRequests"
        assert answer.json()["error"]["innerError"]["request-id"] == answer.headers["request-id"]
    assert graph.get().status_code == 200


def test_salesforce_throttles_without_retry_after(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="throttle")
    answer = salesforce.query()
    assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "retry-after" not in answer.headers


def test_the_identity_platform_throttles(sandbox: SandboxProcess) -> None:
    sandbox.fault(service="microsoft", kind="throttle", path="token", retry_after=3)
    answer = sandbox.microsoft_token(grant_type="client_credentials")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_a_spent_limit_shows_in_the_header(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="spent_limit", times=None)
    for _ in range(3):
        answer = salesforce.query()
        assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert answer.headers["sforce-limit-info"] == "api-usage=15000/15000"
        assert "retry-after" not in answer.headers
    sandbox.clear_faults()
    assert salesforce.query().status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_servers_break_with_the_status_asked_for(
    sandbox: SandboxProcess, salesforce: Salesforce, graph: Graph, status: int
) -> None:
    for service in ("salesforce", "graph", "microsoft"):
        sandbox.fault(service=service, kind="error", status=status)
    assert salesforce.query().status_code == status
    assert graph.get().status_code == status
    assert sandbox.microsoft_token(grant_type="x").status_code == status
    assert salesforce.query().status_code == 200


def test_an_error_is_a_503_with_the_services_own_body(
    sandbox: SandboxProcess, salesforce: Salesforce, graph: Graph
) -> None:
    sandbox.fault(service="salesforce", kind="error")
    sandbox.fault(service="graph", kind="error", retry_after=5)
    assert error_of(salesforce.query()) == (503, "SERVER_UNAVAILABLE")
    answer = graph.get()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"]["code"] == "serviceNotAvailable"


def test_a_slow_answer_is_the_right_one_and_goes_with_another_fault(sandbox: SandboxProcess, graph: Graph) -> None:
    sandbox.fault(service="graph", kind="slow", delay_ms=300, times=2)
    began = time.monotonic()
    assert graph.get().status_code == 200
    assert time.monotonic() - began >= 0.3
    sandbox.fault(service="graph", kind="throttle")
    assert graph.get().status_code == 429
    assert [row["fault"] for row in sandbox.log("graph")] == ["slow", "slow,throttle"]


def test_a_connection_cut_before_leaves_no_trace(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="cut_before", method="POST", path="/sobjects/Contact")
    with pytest.raises(requests.exceptions.ConnectionError):
        salesforce.create("Cutbefore")
    assert salesforce.count("Cutbefore") == 0


def test_a_connection_cut_after_leaves_the_record(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="cut_after", method="POST", path="/sobjects/Contact")
    with pytest.raises(requests.exceptions.ConnectionError):
        salesforce.create("Cutafter")
    assert salesforce.count("Cutafter") == 1
    cut = next(row for row in sandbox.log("salesforce") if row.get("fault"))
    assert (cut["status"], cut["fault"], cut["method"]) == (None, "cut_after", "POST")


def test_a_revoked_session_is_refused_until_it_is_refreshed(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="revoked_token")
    assert error_of(salesforce.query()) == (401, "INVALID_SESSION_ID")
    assert error_of(salesforce.query()) == (401, "INVALID_SESSION_ID")
    form = {"grant_type": "refresh_token", "refresh_token": salesforce.tokens["refresh_token"]}
    fresh = sandbox.salesforce_token(**form).json()["access_token"]
    salesforce.http.headers["Authorization"] = f"Bearer {fresh}"
    assert salesforce.query().status_code == 200


@pytest.mark.parametrize("kind", ["revoked_token", "rotated_token"])
def test_a_refresh_token_that_somebody_revoked_or_used_ends_the_connection(
    sandbox: SandboxProcess, salesforce: Salesforce, kind: str
) -> None:
    sandbox.fault(service="salesforce", kind=kind, path="/oauth2/token")
    form = {"grant_type": "refresh_token", "refresh_token": salesforce.tokens["refresh_token"]}
    answer = sandbox.salesforce_token(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert salesforce.query().status_code == 401
    assert sandbox.salesforce_token(**form).json()["error"] == "invalid_grant"


def test_a_revoked_microsoft_grant_needs_a_new_sign_in(sandbox: SandboxProcess, graph: Graph) -> None:
    tokens = sandbox.microsoft_login("mia")
    sandbox.fault(service="microsoft", kind="revoked_token")
    form = {"client_id": sandbox.info["microsoft_host_client_id"], "scope": "Mail.Read"}
    answer = sandbox.microsoft_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], **form)
    assert answer.json()["error_codes"] == [50173]
    sandbox.fault(service="graph", kind="revoked_token")
    answers = [graph.get(), graph.get()]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["error"]["code"] == "InvalidAuthenticationToken"


def test_an_expired_cursor_is_a_410_and_the_collection_can_be_read_anew(sandbox: SandboxProcess, graph: Graph) -> None:
    start = "/me/mailFolders/inbox/messages/delta?$select=subject"
    first = graph.get(start).json()
    cursor = first.get("@odata.nextLink") or first["@odata.deltaLink"]
    sandbox.fault(service="graph", kind="expired_cursor")
    answer = graph.get(cursor)
    assert answer.status_code == 410
    assert answer.json()["error"]["code"].lower().startswith("syncstate")
    assert graph.get(start).status_code == 200


def test_an_expired_cursor_waits_for_a_call_that_carries_one(
    sandbox: SandboxProcess, salesforce: Salesforce, graph: Graph
) -> None:
    for service in ("graph", "salesforce"):
        sandbox.fault(service=service, kind="expired_cursor")
    assert graph.get().status_code == graph.get("/me/mailFolders/inbox/messages/delta").status_code == 200
    assert salesforce.query().status_code == 200
    used = sandbox.http.get(f"{sandbox.info['microsoft_graph_url']}/_sandbox/faults", timeout=10).json()
    assert [fault["used"] for fault in used] == [0, 0]


def test_an_expired_query_locator_is_refused_and_the_query_can_be_asked_anew(
    sandbox: SandboxProcess, salesforce: Salesforce
) -> None:
    for start in (0, 200):
        records = [{"attributes": {"type": "Account"}, "Name": f"Page {start + n}"} for n in range(200)]
        assert salesforce.call("POST", "/services/data/v66.0/composite/sobjects", {"records": records}).ok
    salesforce.http.headers["Sforce-Query-Options"] = "batchSize=200"
    first = salesforce.query("SELECT Id FROM Account").json()
    assert first["done"] is False
    sandbox.fault(service="salesforce", kind="expired_cursor")
    assert error_of(salesforce.call("GET", first["nextRecordsUrl"])) == (400, "INVALID_QUERY_LOCATOR")
    assert salesforce.query("SELECT Id FROM Account").json()["totalSize"] == first["totalSize"]


def test_a_locked_row_refuses_a_write_and_no_read(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    sandbox.fault(service="salesforce", kind="locked_row")
    assert salesforce.query().status_code == 200
    assert error_of(salesforce.create("Locked")) == (400, "UNABLE_TO_LOCK_ROW")
    assert salesforce.create("Locked").status_code == 201
    assert salesforce.count("Locked") == 1


def composite(all_or_none: bool) -> dict[str, Any]:
    return {
        "allOrNone": all_or_none,
        "compositeRequest": [
            {"method": "GET", "url": f"{QUERY}?q=SELECT+Id+FROM+Contact+LIMIT+1", "referenceId": "read"},
            {"method": "POST", "url": CONTACT, "referenceId": "first", "body": {"LastName": "Compo"}},
            {
                "method": "PATCH",
                "url": f"{CONTACT}/@{{first.id}}",
                "referenceId": "second",
                "body": {"FirstName": "Of"},
            },
            {"method": "POST", "url": CONTACT, "referenceId": "third", "body": {"LastName": "Compo"}},
        ],
    }


def codes(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200
    parts = answer.json()["compositeResponse"]
    assert [part["referenceId"] for part in parts] == ["read", "first", "second", "third"]
    return [part["body"][0]["errorCode"] if part["httpStatusCode"] >= 400 else "" for part in parts]


def test_a_locked_row_in_a_composite_is_told_inside_the_answer(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    path = "/services/data/v66.0/composite/"
    sandbox.fault(service="salesforce", kind="locked_row", times=2)
    whole = salesforce.call("POST", path, composite(all_or_none=True))
    assert codes(whole) == ["PROCESSING_HALTED", "UNABLE_TO_LOCK_ROW", "PROCESSING_HALTED", "PROCESSING_HALTED"]
    assert salesforce.count("Compo") == 0
    parted = salesforce.call("POST", path, composite(all_or_none=False))
    assert codes(parted) == ["", "UNABLE_TO_LOCK_ROW", "PROCESSING_HALTED", ""]
    assert salesforce.count("Compo") == 1
    assert codes(salesforce.call("POST", path, composite(all_or_none=True))) == ["", "", "", ""]


def test_a_locked_row_in_a_collection_fails_its_records(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    record = {"attributes": {"type": "Contact"}, "LastName": "Collected"}
    body = {"allOrNone": True, "records": [record, record]}
    sandbox.fault(service="salesforce", kind="locked_row")
    answer = salesforce.call("POST", "/services/data/v66.0/composite/sobjects", body)
    found = [part["errors"][0]["statusCode"] for part in answer.json()]
    assert found == ["UNABLE_TO_LOCK_ROW", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert salesforce.count("Collected") == 0
    sandbox.fault(service="salesforce", kind="locked_row")
    parted = salesforce.call("POST", "/services/data/v66.0/composite/sobjects", {**body, "allOrNone": False})
    assert [part["success"] for part in parted.json()] == [False, True]
    assert salesforce.count("Collected") == 1


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"service": "graph", "kind": "locked_row"}, "graph knows no locked_row"),
        ({"service": "graph", "kind": "spent_limit"}, "graph knows no spent_limit"),
        ({"service": "microsoft", "kind": "expired_cursor"}, "microsoft knows no expired_cursor"),
        ({"service": "yahoo", "kind": "throttle"}, "service"),
        ({"service": "graph", "kind": "explode"}, "kind"),
        ({"kind": "throttle"}, "service"),
        ({"service": "graph", "kind": "throttle", "surprise": 1}, "surprise"),
        ({"service": "graph", "kind": "throttle", "times": 0}, "times"),
        ({"service": "graph", "kind": "throttle", "times": "3"}, "times"),
        ({"service": "graph", "kind": "throttle", "probability": 2}, "probability"),
        ({"service": "graph", "kind": "throttle", "status": 503}, "status means nothing"),
        ({"service": "graph", "kind": "error", "status": 200}, "status"),
        ({"service": "graph", "kind": "throttle", "path": "("}, "path"),
        ([], "dictionary"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(sandbox: SandboxProcess, fault: Any, field: str) -> None:
    address = f"{sandbox.info['microsoft_graph_url']}/_sandbox/faults"
    answer = sandbox.http.post(address, json=fault, timeout=10)
    assert answer.status_code == 400
    assert field in answer.text
    assert sandbox.http.get(address, timeout=10).json() == []


def test_faults_are_listed_and_cleared_at_every_service(sandbox: SandboxProcess) -> None:
    sandbox.fault(service="graph", kind="throttle", times=3, path="/me")
    for name in ("salesforce_login_url", "microsoft_login_url", "microsoft_graph_url"):
        rows = sandbox.http.get(f"{sandbox.info[name]}/_sandbox/faults", timeout=10).json()
        expected = {"service": "graph", "kind": "throttle", "times": 3, "path": "/me", "probability": 1.0, "used": 0}
        assert rows == [expected]
    sandbox.clear_faults()
    assert sandbox.http.get(f"{sandbox.info['microsoft_graph_url']}/_sandbox/faults", timeout=10).json() == []


def test_a_fault_hits_its_method_and_path_only(sandbox: SandboxProcess, graph: Graph) -> None:
    sandbox.fault(service="graph", kind="error", method="GET", path=r"/mailFolders\?")
    assert graph.get("/me").status_code == 200
    assert graph.get("/me/mailFolders?$top=1").status_code == 503


def test_a_probable_fault_falls_the_same_way_for_the_same_seed() -> None:
    def run(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(Fault(service="graph", kind="throttle", times=None, probability=0.5))
        return [bool(book.take("graph", "GET", "/v1.0/me")) for _ in range(40)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 5 < sum(run(1)) < 35


def test_every_call_is_logged_in_order_with_its_user_and_size(sandbox: SandboxProcess) -> None:
    salesforce = Salesforce(sandbox, "tom")
    sandbox.clear_log()
    salesforce.create("Logged")
    salesforce.call("POST", "/services/data/v66.0/composite", composite(all_or_none=False))
    rows = sandbox.log()
    assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)
    first, second = rows
    assert (first["service"], first["method"], first["path"], first["status"]) == ("salesforce", "POST", CONTACT, 201)
    assert first["user"] == sandbox.user("tom")["email"]
    assert first["bytes_in"] == len(json.dumps({"LastName": "Logged"}))
    assert first["duration_ms"] > 0
    assert "sub_requests" not in first
    assert [line.partition(" ")[0] for line in second["sub_requests"]] == ["GET", "POST", "PATCH", "POST"]


def test_the_log_is_filtered_and_cleared_and_leaves_control_out(sandbox: SandboxProcess, graph: Graph) -> None:
    sandbox.clear_log()
    graph.get()
    Salesforce(sandbox)
    sandbox.microsoft_login()
    assert {row["service"] for row in sandbox.log()} == {"graph", "salesforce", "microsoft"}
    assert [row["service"] for row in sandbox.log("graph")] == ["graph"]
    last = sandbox.log()[-1]["n"]
    graph.get()
    assert [row["path"] for row in sandbox.log(since=last)] == ["/v1.0/me"]
    assert not [row for row in sandbox.log() if "_sandbox" in row["path"]]
    sandbox.clear_log()
    assert sandbox.log() == []


def test_codes_and_tokens_in_addresses_are_not_logged(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login()
    address = f"{sandbox.info['salesforce_login_url']}/services/oauth2/revoke"
    sandbox.http.get(address, params={"token": tokens["access_token"], "x": "1"}, timeout=10)
    path = sandbox.log()[-1]["path"]
    assert path == "/services/oauth2/revoke?token=[redacted]&x=1"


def test_the_daily_limit_counts_calls_and_a_composite_once(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    def used() -> str:
        return str(salesforce.query().headers["sforce-limit-info"])

    assert used() == "api-usage=1/15000"
    salesforce.call("POST", "/services/data/v66.0/composite", composite(all_or_none=False))
    assert used() == "api-usage=3/15000"
    sandbox.limits(salesforce_daily=3)
    assert error_of(salesforce.query()) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert sandbox.limits()["salesforce_used"] == 3


def test_the_daily_limit_begins_anew_after_a_day() -> None:
    clock = Clock()
    limits = SalesforceLimits(clock, maximum=1)
    assert [limits.count(), limits.count()] == [True, False]
    clock.advance(86_400)
    assert limits.count()
    assert limits.header() == "api-usage=1/1"


def test_graph_lets_ten_thousand_requests_through_in_ten_minutes() -> None:
    clock = Clock()
    limits = GraphLimits(clock)
    key = ("app", "mailbox")
    for _ in range(10_000):
        assert limits.enter(key) is None
        limits.leave(key)
    throttle = limits.enter(key)
    assert throttle is not None
    assert throttle.reason == "requests"
    assert 590 <= throttle.retry_after <= 601
    assert limits.enter(("app", "another mailbox")) is None
    clock.advance(throttle.retry_after)
    assert limits.enter(key) is None


def test_graph_throttles_the_fifth_call_at_once_of_one_mailbox(sandbox: SandboxProcess, graph: Graph) -> None:
    other = Graph(sandbox, "tom")
    sandbox.latency(400, "graph")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda session: session.get(), [graph, graph, graph, graph, graph, other]))
    mine, others = answers[:5], answers[5]
    assert sorted(answer.status_code for answer in mine) == [200, 200, 200, 200, 429]
    refused = next(answer for answer in mine if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "ApplicationThrottled"
    assert int(refused.headers["retry-after"]) >= 1
    assert others.status_code == 200


def test_latency_is_added_where_asked(sandbox: SandboxProcess, graph: Graph, salesforce: Salesforce) -> None:
    sandbox.latency(200, "salesforce")
    began = time.monotonic()
    salesforce.query()
    assert time.monotonic() - began >= 0.2
    slow = [row["duration_ms"] for row in sandbox.log("salesforce")][-1]
    graph.get()
    assert sandbox.log("graph")[-1]["duration_ms"] < 200 <= slow


def test_a_reset_brings_the_first_day_back(sandbox: SandboxProcess, salesforce: Salesforce) -> None:
    before = salesforce.query("SELECT Id, LastName FROM Contact ORDER BY Id LIMIT 2000").json()
    salesforce.create("Fleeting")
    sandbox.fault(service="graph", kind="throttle")
    sandbox.advance(3600)
    sandbox.latency(5)
    sandbox.limits(salesforce_daily=9)
    sandbox.reset()
    assert salesforce.query().status_code == 401
    again = Salesforce(sandbox)
    assert again.query("SELECT Id, LastName FROM Contact ORDER BY Id LIMIT 2000").json() == before
    base = sandbox.info["microsoft_graph_url"]
    assert sandbox.http.get(f"{base}/_sandbox/faults", timeout=10).json() == []
    assert sandbox.http.get(f"{base}/_sandbox/latency", timeout=10).json()["graph"] == 0
    assert sandbox.limits()["salesforce_daily"] == 15_000
    assert not [row for row in sandbox.log() if "Fleeting" in row["path"]]


def test_another_seed_gives_another_state_under_the_same_ids(sandbox: SandboxProcess) -> None:
    soql = "SELECT Id, Amount FROM Opportunity ORDER BY Id LIMIT 2000"
    one = Salesforce(sandbox, "ines").query(soql).json()
    sandbox.reset(seed=2)
    two = Salesforce(sandbox, "ines").query(soql).json()
    assert [row["Id"] for row in one["records"]] == [row["Id"] for row in two["records"]]
    assert one != two


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance": 1}),
        ("latency", {"ms": -1}),
        ("latency", {"ms": 1, "service": "yahoo"}),
        ("reset", {"seed": "1"}),
        ("limits", {"salesforce": 1}),
        ("tokens", {"user": "nobody@larkfield.example"}),
        ("tokens", {"key": "mine"}),
        ("org", {"surprise": True}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(sandbox: SandboxProcess, path: str, body: dict[str, Any]) -> None:
    address = f"{sandbox.info['microsoft_login_url']}/_sandbox/{path}"
    assert sandbox.http.post(address, json=body, timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"X-Forwarded-For": "10.0.0.1"}, 403),
        ({"X-Forwarded-Host": "demo.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_control_is_for_programs_on_this_machine(sandbox: SandboxProcess, headers: dict[str, str], status: int) -> None:
    for path in ("reset", "org", "mail"):
        address = f"{sandbox.info['salesforce_login_url']}/_sandbox/{path}"
        sent = {"Content-Type": "application/json", **headers}
        assert sandbox.http.post(address, data="{}", headers=sent, timeout=10).status_code == status


def test_mail_can_be_delivered_and_the_org_changed_at_any_service(sandbox: SandboxProcess, graph: Graph) -> None:
    mime = "From: new@elsewhere.example\r\nTo: mia.keller@larkfield.example\r\nSubject: Just in\r\n\r\nHello\r\n"
    delivered = sandbox.deliver("mia", mime)
    assert graph.get(f"/me/messages/{delivered['id']}").json()["subject"] == "Just in"
    sandbox.change_org(enhanced_email=False)
    assert not [row for row in sandbox.log() if "_sandbox" in row["path"]]


def test_a_callback_of_another_path_prefix_is_taken(sandbox: SandboxProcess) -> None:
    code, _ = sandbox.salesforce_code(redirect_uri=SALESFORCE_CALLBACK.replace("/connect", "/base/connect"))
    assert code


def test_a_locked_row_on_a_page_is_told_as_the_pages_api_tells_it(
    sandbox: SandboxProcess, salesforce: Salesforce
) -> None:
    sandbox.fault(service="salesforce", kind="locked_row")
    body = {"apiName": "Contact", "fields": {"LastName": "Paged"}}
    answer = salesforce.call("POST", "/services/data/v66.0/ui-api/records", body)
    assert answer.status_code == 400
    assert answer.json()["output"]["errors"][0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert salesforce.count("Paged") == 0
    assert salesforce.call("POST", "/services/data/v66.0/ui-api/records", body).status_code == 201
