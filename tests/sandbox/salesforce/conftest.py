"""An org as on its first day, and people who ask it over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from simple_salesforce.format import format_soql
from starlette.applications import Starlette

from sandbox.clock import Clock
from sandbox.salesforce import rest, soap
from sandbox.salesforce.store import Org
from sandbox.seed.company import build_company

DATA = "/services/data/v66.0"
MIA, TOM, SOFIA, INES = (
    f"{name}@larkfield.example" for name in ("mia.keller", "tom.okafor", "sofia.marin", "ines.falk")
)


class TokenMap:
    """Everybody's access token is their own address."""

    def __init__(self, org: Org) -> None:
        self._users = {user.email: user.salesforce_user_id for user in org.company.users}

    def user_id_for(self, access_token: str) -> str | None:
        return self._users.get(access_token)


class Person:
    """One user's requests. Paths without a leading slash stand below `/services/data/v66.0/`."""

    def __init__(self, app: Starlette, token: str, user_id: str) -> None:
        self._app = app
        self.token = token
        self.user_id = user_id

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        url = path if path.startswith("/") else f"{DATA}/{path}"

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://sandbox") as client:
                return await client.request(method, url, headers=headers, **arguments)

        return asyncio.run(send())

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def post(self, path: str, body: Any, **arguments: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **arguments)

    def patch(self, path: str, body: Any, **arguments: Any) -> httpx.Response:
        return self.request("PATCH", path, json=body, **arguments)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)

    def query(self, text: str, *values: Any, path: str = "query") -> list[dict[str, Any]]:
        """The records of the first page; each `{}` of the text is one of the values, quoted."""
        answer = self.get(path, params={"q": format_soql(text, *values)})
        assert answer.status_code == 200, answer.text
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    def create(self, sobject: str, **fields: Any) -> str:
        answer = self.post(f"sobjects/{sobject}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def refusal(self, text: str) -> tuple[str, str]:
        """Code and last line of the message with which a query is refused."""
        answer = self.get("query", params={"q": text})
        assert answer.status_code == 400, answer.text
        return answer.json()[0]["errorCode"], answer.json()[0]["message"].splitlines()[-1]


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


@pytest.fixture
def org() -> Org:
    clock = Clock()
    return Org(build_company(1, clock.now()), clock)


@pytest.fixture
def app(org: Org) -> Starlette:
    return Starlette(routes=[*rest.routes(org, TokenMap(org)), *soap.routes(org, TokenMap(org))])


def _person(app: Starlette, org: Org, email: str) -> Person:
    return Person(app, email, next(u.salesforce_user_id for u in org.company.users if u.email == email))


@pytest.fixture
def mia(app: Starlette, org: Org) -> Person:
    return _person(app, org, MIA)


@pytest.fixture
def tom(app: Starlette, org: Org) -> Person:
    return _person(app, org, TOM)


@pytest.fixture
def sofia(app: Starlette, org: Org) -> Person:
    return _person(app, org, SOFIA)


@pytest.fixture
def ines(app: Starlette, org: Org) -> Person:
    return _person(app, org, INES)


@pytest.fixture
def dana(mia: Person) -> dict[str, Any]:
    """Dana Ruiz of Northwind: Id and AccountId."""
    return mia.query("SELECT Id, AccountId, Name FROM Contact WHERE Email = 'dana@northwind.example'")[0]


@pytest.fixture
def lead_id(mia: Person) -> str:
    return str(mia.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 1")[0]["Id"])
