"""Graph over the seeded tenant, called in process, with stand-in tokens: the token is the claims themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.mailflow import MailFlow, mail_routes
from sandbox.microsoft.controls import control_routes
from sandbox.microsoft.delivery import TenantPost
from sandbox.microsoft.graph import routes
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.company import Company, build_company

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all calls, as in the sandbox's process, so that what is delivered beside them goes on."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def in_loop(work: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(60)


class Clock:
    def __init__(self) -> None:
        self.moment = START + timedelta(minutes=7)

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Claims:
    oid: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    is_app: bool = False
    app_id: str = "app"


class Identity:
    def __init__(self) -> None:
        self.tokens: dict[str, Claims] = {}

    def claims_for(self, access_token: str) -> Claims | None:
        return self.tokens.get(access_token)


class Graph:
    """A client of the in-process app. `get`, `post`, `patch`, `delete` take paths below `/v1.0`."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.identity = Identity()
        flow = MailFlow(tenant.company, {"microsoft": TenantPost(tenant)}, tenant.clock.now)
        self.app = Starlette(routes=[*routes(tenant, self.identity), *control_routes(tenant), *mail_routes(flow)])
        users = tenant.company.users
        self.mia, self.tom = users[0], users[1]
        everything = frozenset({"Mail.ReadWrite", "User.Read"})
        for name, user in (("mia", self.mia), ("tom", self.tom)):
            self.identity.tokens[name] = Claims(user.oid, everything)
        self.identity.tokens["reader"] = Claims(self.mia.oid, frozenset({"Mail.Read", "User.Read"}))
        self.identity.tokens["stranger"] = Claims(self.mia.oid, frozenset({"openid"}))
        self.identity.tokens["app"] = Claims("app", roles=frozenset({"Mail.Read"}), is_app=True)

    def call(self, method: str, path: str, *, by: str | None = "mia", **more: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            headers = dict(more.pop("headers", {}))
            if by:
                headers["authorization"] = f"Bearer {by}"
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost:9445") as client:
                url = path if path.startswith(("/_sandbox", "https:")) else f"/v1.0{path}"
                return await client.request(method, url, headers=headers, **more)

        return in_loop(run())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any, **more: Any) -> httpx.Response:
        return self.call("POST", path, json=json, **more)

    def patch(self, path: str, json: Any, **more: Any) -> httpx.Response:
        return self.call("PATCH", path, json=json, **more)

    def find(self, subject: str, **more: Any) -> dict[str, Any]:
        """The newest message with that subject."""
        answer = self.get(f"/me/messages?$filter=subject eq '{subject}'&$top=1", **more)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["value"][0]
        return found

    def deliver(self, text: str, folder: str = "inbox", user: str = "mia.keller@larkfield.example") -> dict[str, Any]:
        answer = self.post("/_sandbox/mail", {"user": user, "folder": folder, "mime": text})
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made


IMMUTABLE = {"prefer": 'IdType="ImmutableId"'}


@pytest.fixture(scope="session")
def company() -> Company:
    return build_company(1, START)


@pytest.fixture
def graph(company: Company) -> Iterator[Graph]:
    tenant = Tenant(company, Clock(), 1)
    yield Graph(tenant)
    tenant.close()


@pytest.fixture
def pages(graph: Graph) -> Callable[..., Iterator[dict[str, Any]]]:
    """All pages of a collection or of a delta round."""

    def walk(path: str, **more: Any) -> Iterator[dict[str, Any]]:
        address: str | None = path
        while address:
            answer = graph.get(address, **more)
            assert answer.status_code == 200, answer.text
            body: dict[str, Any] = answer.json()
            yield body
            address = body.get("@odata.nextLink")

    return walk
