"""Mail that moves while the sandbox runs: delivered, sent, moved, marked, removed, and filled in by the thousand."""

from __future__ import annotations

import asyncio
import email
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any

import httpx
import pytest
import requests
from starlette.applications import Starlette

from sandbox.mailflow import MailFlow, Placed, mail_routes
from sandbox.microsoft import mime
from sandbox.microsoft.delivery import BulkParsed, TenantPost
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.bulk import BulkMail, bulk_mail
from sandbox.seed.company import Company, build_company
from tests.sandbox_process import SandboxProcess

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MIA, TOM, NOOR = "mia.keller@larkfield.example", "tom.okafor@larkfield.example", "noor.haddad@larkfield-labs.example"
MAIL = (
    f"From: Mia Keller <{MIA}>\r\nTo: Dana <dana@northwind.example>, {TOM.upper()}\r\nCc: {NOOR}\r\n"
    "Bcc: Ines <ines.falk@larkfield.example>,\r\n\tx@elsewhere.example\r\n"
    "Subject: Offer\r\n\r\nBcc: stays in the body\r\n"
)


class Clock:
    def now(self) -> datetime:
        return START


class Labels:
    """The post office of another suite, which keeps what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def deliver(self, user: str, content: bytes, folder: str = "inbox", *, received: datetime | None = None) -> Placed:
        self.asked.append(("deliver", user, folder, content))
        return Placed("17ab", None)

    def move(self, user: str, id: str, to: str) -> Placed:
        self.asked.append(("move", user, id, to))
        return Placed(id, None)

    def delete(self, user: str, id: str) -> None:
        raise KeyError(id)

    def mark(self, user: str, id: str, name: str, on: bool) -> None:
        self.asked.append(("mark", user, id, name, on))

    def fill(self, user: str, count: int, **how: Any) -> None:
        self.asked.append(("fill", user, count, how))

    def listing(self, user: str) -> list[dict[str, Any]]:
        return [{"id": "17ab", "internetMessageId": None, "labels": ["INBOX"]}]


class Client:
    """Calls the routes in process."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
                return await client.request(method, path, **more)

        return asyncio.run(run())


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(1, START)


@pytest.fixture
def tenant(company: Company) -> Tenant:
    return Tenant(company, Clock(), 1, {})


@pytest.fixture
def labels() -> Labels:
    return Labels()


Post = Callable[..., Any]


@pytest.fixture
def client(company: Company, tenant: Tenant, labels: Labels) -> Client:
    flow = MailFlow(company, {"microsoft": TenantPost(tenant), "google": labels}, Clock().now)
    return Client(Starlette(routes=mail_routes(flow)))


@pytest.fixture
def post(client: Client) -> Post:
    """Calls a route; its answer, which has to be good unless `status` says otherwise."""

    def call(path: str, status: int = 200, **body: Any) -> Any:
        answer = client.call("POST", f"/_sandbox/mail{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return call


def _listed(client: Client, user: str = MIA) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.call("GET", "/_sandbox/mail", params={"user": user}).json()["value"]
    return rows


def test_what_is_sent_stands_in_every_mailbox_and_bcc_in_the_senders_alone(
    post: Post, client: Client, tenant: Tenant, labels: Labels
) -> None:
    answer = post("/send", user=MIA, mime=MAIL)
    assert [row["user"] for row in answer["delivered"]] == [TOM, NOOR, "ines.falk@larkfield.example"]
    assert [row["folder"] for row in _listed(client)] == ["sentitems"]
    assert [row["folder"] for row in _listed(client, TOM)] == ["inbox"]
    mine = next(iter(tenant.mailbox(MIA).messages.values()))
    theirs = [next(iter(tenant.mailbox(name).messages.values())) for name in (TOM, "ines.falk@larkfield.example")]
    assert [person.address for person in mine.parsed.bcc] == ["ines.falk@larkfield.example", "x@elsewhere.example"]
    _, user, folder, content = labels.asked[0]
    assert (user, folder) == (NOOR, "inbox")
    for received in (theirs[0].mime, theirs[1].mime, content):
        read = email.message_from_bytes(received, policy=policy.default)
        assert read["bcc"] is None
        assert read["subject"] == "Offer"
        assert read.get_content() == "Bcc: stays in the body\r\n"
        assert read["message-id"] == mine.message_id
        assert read["date"]


def test_who_sends_from_the_other_suite_keeps_it_among_what_was_sent(
    post: Post, labels: Labels, tenant: Tenant
) -> None:
    post("/send", user=NOOR, mime=f"From: {NOOR}\r\nTo: {MIA}\r\nMessage-ID: <a@b.example>\r\nSubject: Hi\r\n\r\nx\r\n")
    assert labels.asked[0][1:3] == (NOOR, "sent")
    assert [message.message_id for message in tenant.mailbox(MIA).messages.values()] == ["<a@b.example>"]


def test_orders_go_to_the_suite_of_the_user(post: Post, labels: Labels, client: Client) -> None:
    assert post("", user=NOOR, mime="From: a@b.example\r\n\r\nx") == {"id": "17ab", "internetMessageId": None}
    post("/move", user=NOOR, id="17ab", to="archive")
    post("/mark", user=NOOR, id="17ab", name="Salesforce", on=False)
    assert post("/fill", user=NOOR, count=5) == {"count": 5, "matching": 1}
    assert post("/delete", status=400, user=NOOR, id="17ab")["error"]
    assert [one[0] for one in labels.asked] == ["deliver", "move", "mark", "fill"]
    assert labels.asked[2] == ("mark", NOOR, "17ab", "Salesforce", False)
    assert _listed(client, NOOR) == [{"id": "17ab", "internetMessageId": None, "labels": ["INBOX"]}]


def test_mail_is_moved_marked_and_removed(post: Post, client: Client) -> None:
    made = post("", user=MIA, mime="From: a@b.example\r\nMessage-ID: <1@b.example>\r\n\r\nx", folder="archive")
    assert made["internetMessageId"] == "<1@b.example>"
    moved = post("/move", user=MIA, id=made["id"], to="junk")
    assert moved["immutableId"] == made["immutableId"]
    post("/mark", user=MIA, id=made["immutableId"], name="Salesforce")
    post("/mark", user=MIA, id=made["immutableId"], name="SALESFORCE", on=True)
    row = _listed(client)[0]
    assert (row["folder"], row["categories"], row["id"]) == ("junkemail", ["Salesforce"], moved["id"])
    post("/mark", user=MIA, id=made["immutableId"], name="salesforce", on=False)
    assert _listed(client)[0]["categories"] == []
    post("/delete", user=MIA, id=moved["id"])
    assert _listed(client) == []


def test_mail_can_have_arrived_earlier(post: Post, tenant: Tenant) -> None:
    post("", user=MIA, mime="From: a@b.example\r\n\r\nx", received="2026-11-20T08:00:00+00:00")
    assert next(iter(tenant.mailbox(MIA).messages.values())).received == START - timedelta(days=3, hours=1)
    post("", status=400, user=MIA, mime="From: a@b.example\r\n\r\nx", received="2026-11-24T08:00:00+00:00")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"user": "nobody@larkfield.example", "mime": "From: a@b.example\n\nx"}),
        ("", {"user": MIA}),
        ("", {"user": MIA, "mime": "x", "mime_base64": "eA=="}),
        ("", {"user": MIA, "mime_base64": "!"}),
        ("", {"user": MIA, "mime": "From: a@b.example\n\nx", "folder": "nowhere"}),
        ("", {"user": MIA, "mime": "From: a@b.example\n\nx", "mood": "good"}),
        ("/send", {"user": "dana@northwind.example", "mime": "From: a@b.example\n\nx"}),
        ("/move", {"user": MIA, "id": "17", "to": "archive"}),
        ("/delete", {"user": MIA, "id": "17"}),
        ("/mark", {"user": MIA, "id": "17", "name": "x"}),
        ("/fill", {"user": MIA, "count": 0}),
        ("/fill", {"user": MIA, "count": 5, "matching_percent": 101}),
        ("/fill", {"user": MIA, "count": 5, "days": 0}),
        ("/fill", {"user": MIA, "count": 200_001}),
        ("/fill", {"user": MIA}),
    ],
)
def test_what_does_not_fit_is_refused(post: Post, path: str, body: dict[str, Any]) -> None:
    assert post(path, status=400, **body)["error"]


def test_a_listing_wants_a_user_it_knows(client: Client) -> None:
    for query in ("", "?user=nobody@larkfield.example", f"?user={MIA}&folder=inbox"):
        assert client.call("GET", f"/_sandbox/mail{query}").status_code == 400


def test_filling_keeps_its_promises(company: Company, tenant: Tenant, post: Post) -> None:
    told = post("/fill", user=MIA, count=1000, matching_percent=30, days=6, seed=4, attachments=True)
    assert told == {"count": 1000, "matching": 300, "attachments": 200}
    mailbox = tenant.mailbox(MIA)
    messages = list(mailbox.messages.values())
    assert len({message.message_id for message in messages}) == 1000
    assert all(START - timedelta(days=6) <= message.received <= START for message in messages)
    assert [message.received for message in messages] == sorted(message.received for message in messages)
    contacts = {record["Email"].lower() for record in company.records["Contact"] if record["Email"]}
    others = [
        next(person.address.lower() for person in (message.parsed.from_, *message.parsed.to) if person.address != MIA)  # type: ignore[union-attr]
        for message in messages
    ]
    assert sum(address in contacts for address in others) == 300
    known_domains = {address.partition("@")[2] for address in contacts} | {"larkfield.example"}
    assert not {a.partition("@")[2] for a in others if a not in contacts} & known_domains
    threads: dict[str, list[Any]] = {}
    for message in messages:
        threads.setdefault(message.conversation, []).append(message)
    assert {len(thread) for thread in threads.values()} == {1, 2, 3}
    folders = {mailbox.folders[message.folder_id].well_known for message in messages}
    assert folders == {"inbox", "sentitems"}
    assert all(1_900 <= len(message.parsed.text or "") < 3_000 for message in messages)
    assert all(len(message.mime) < 12_000 for message in messages)


@pytest.mark.parametrize("attachments", [False, True])
def test_what_is_known_without_reading_is_what_reading_gives(company: Company, attachments: bool) -> None:
    for user in (company.users[0], company.users[2]):
        for mail in _bulk(company, user, 300, attachments=attachments):
            assert asdict(BulkParsed(mail)) == asdict(mime.parse(mail.render()))


def test_the_same_seed_fills_with_the_same_mail(company: Company) -> None:
    def rendered(seed: int) -> list[bytes]:
        return [mail.render() for mail in _bulk(company, company.users[0], 50, seed=seed)]

    assert rendered(1) == rendered(1)
    assert not set(rendered(1)) & set(rendered(2))


@pytest.mark.parametrize("percent", [0, 7, 30, 50, 99, 100])
def test_the_share_of_known_people_is_exact(company: Company, percent: float) -> None:
    mails = list(_bulk(company, company.users[0], 400, percent=percent))
    assert sum(mail.is_matching for mail in mails) == 4 * percent


def _bulk(company: Company, user: Any, count: int, **how: Any) -> list[BulkMail]:
    return list(
        bulk_mail(
            company,
            user,
            count,
            matching_percent=how.get("percent", 30),
            days=6,
            seed=how.get("seed", 1),
            now=START,
            attachments=how.get("attachments", False),
        )
    )


def test_a_hundred_thousand_messages_stay_small_and_unread(tenant: Tenant) -> None:
    TenantPost(tenant).fill(MIA, 20_000, matching_percent=30, days=6, seed=1)
    messages = tenant.mailbox(MIA).messages.values()
    assert all(message._mime is None and message._parsed is None for message in messages)
    for message in messages:
        assert message.parsed.subject
    kept = sum(message._parsed is not None for message in messages)
    assert kept <= 4_000


def _session(sandbox: SandboxProcess, role: str) -> requests.Session:
    session = sandbox.session()
    scope = "https://graph.microsoft.com/Mail.ReadWrite"
    session.headers["authorization"] = f"Bearer {sandbox.microsoft_login(role, scope=scope)['access_token']}"
    return session


def test_the_routes_answer_at_every_service(sandbox: SandboxProcess) -> None:
    graph = _session(sandbox, "mia")
    body = {"user": MIA, "mime": MAIL.replace("Subject: Offer", "Message-ID: <s@larkfield.example>\r\nSubject: Offer")}
    for service in ("salesforce_login_url", "microsoft_graph_url"):
        sent = sandbox.http.post(f"{sandbox.info[service]}/_sandbox/mail/send", json=body, timeout=10)
        assert sent.status_code == 200, sent.text
    found = graph.get(
        f"{sandbox.info['microsoft_graph_url']}/v1.0/me/mailFolders/sentitems/messages",
        params={"$filter": "internetMessageId eq '<s@larkfield.example>'", "$select": "bccRecipients"},
        timeout=10,
    ).json()
    assert len(found["value"]) == 2
    assert len(found["value"][0]["bccRecipients"]) == 2
    rows = sandbox.http.get(
        f"{sandbox.info['salesforce_login_url']}/_sandbox/mail", params={"user": TOM}, timeout=10
    ).json()["value"]
    assert json.dumps(rows).count("<s@larkfield.example>") == 2
