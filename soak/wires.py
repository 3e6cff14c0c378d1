"""The sandbox as the soak handles it: mail through its control routes, Salesforce through its REST API."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

# Names of places, by suite, where the control routes have another word.
_FOLDERS = {
    ("microsoft", "sent"): "sentitems",
    ("microsoft", "archive-folder"): "archive",
    ("google", "promotions"): "CATEGORY_PROMOTIONS",
    ("google", "social"): "CATEGORY_SOCIAL",
    ("google", "forums"): "CATEGORY_FORUMS",
}
MARK = "Salesforce"
_VERSION = "v66.0"


class Refused(Exception):
    """A control route or the REST API did not take a request; the text is its answer."""


@dataclass
class Sandbox:
    """`info` is sandbox.json; `push` is the push subscription of Gmail's topic."""

    info: Mapping[str, Any]
    push: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.info["ca_file"])
        self.http = httpx.Client(verify=context, trust_env=False, timeout=60)
        self._suites = {user["email"]: user["suite"] for user in self.info["users"]}

    def deliver(self, user: str, content: bytes, place: str, received: datetime | None) -> str:
        """The id under which the product meets the message: Graph's immutable one, Gmail's own."""
        order: dict[str, Any] = {
            "user": user,
            "folder": _FOLDERS.get((self._suites[user], place), place),
            "mime_base64": base64.b64encode(content).decode(),
        }
        if received is not None:
            order["received"] = received.isoformat()
        placed = self.control("POST", "mail", order)
        return str(placed.get("immutableId") or placed["id"])

    def move(self, user: str, item: str, to: str) -> None:
        self.control("POST", "mail/move", {"user": user, "id": item, "to": to})

    def mark(self, user: str, item: str, on: bool) -> None:
        self.control("POST", "mail/mark", {"user": user, "id": item, "name": MARK, "on": on})

    def delete(self, user: str, item: str) -> None:
        self.control("POST", "mail/delete", {"user": user, "id": item})

    def notifications(self, how: Mapping[str, Any]) -> None:
        """How Graph's notifications and Pub/Sub's pushes fare from here on."""
        self.control("POST", "notifications", dict(how))
        self.control("POST", "pubsub", {**self.push, **how})

    def revoke(self, system: str) -> None:
        """The next who asks for a token is told that the grant is gone; an access token is refused so that one asks."""
        api = {"microsoft": "graph", "google": "gmail", "salesforce": "salesforce"}[system]
        grant = {"service": system, "kind": "revoked_token"}
        if system == "salesforce":
            grant["path"] = "/services/oauth2/token"
        self.control("POST", "faults", grant)
        self.control("POST", "faults", {"service": api, "kind": "revoked_token"})

    def calm(self) -> None:
        """No fault is left, the allowance is given back, and every notification arrives."""
        self.control("DELETE", "faults")
        self.control("POST", "limits", {"salesforce_used": 0})
        self.notifications({"duplicate": 0.0, "drop": 0.0, "reorder": False, "delay_ms": 0})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control route; the answer's JSON, None where it has none. Raises Refused."""
        answer = self.http.request(method, f"{self.info['salesforce_login_url']}/_sandbox/{path}", json=body)
        if not answer.is_success:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


@dataclass
class Salesforce:
    """The org's records, read as an administrator. `token` is a bearer of the REST API."""

    sandbox: Sandbox
    token: str

    def give(self, owners: Sequence[tuple[str, str, str]]) -> None:
        """Gives records (object, id) to users (id). Raises Refused for the first that cannot be given."""
        address = f"{self.sandbox.info['salesforce_login_url']}/services/data/{_VERSION}/composite/sobjects"
        for name in dict.fromkeys(name for name, _, _ in owners):
            rows = [
                {"attributes": {"type": name}, "Id": record, "OwnerId": user}
                for kind, record, user in owners
                if kind == name
            ]
            for start in range(0, len(rows), 200):
                body = {"allOrNone": True, "records": rows[start : start + 200]}
                answer = self.sandbox.http.patch(address, json=body, headers={"Authorization": f"Bearer {self.token}"})
                if not answer.is_success or not all(row["success"] for row in answer.json()):
                    raise Refused(f"owners of {name}: {answer.status_code} {answer.text[:300]}")

    def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query, its further pages too."""
        base = self.sandbox.info["salesforce_login_url"]
        address: str | None = f"{base}/services/data/{_VERSION}/query"
        params: dict[str, str] | None = {"q": soql}
        rows: list[dict[str, Any]] = []
        while address is not None:
            answer = self.sandbox.http.get(address, params=params, headers={"Authorization": f"Bearer {self.token}"})
            if not answer.is_success:
                raise Refused(f"{soql}: {answer.status_code} {answer.text[:300]}")
            page = answer.json()
            rows += page["records"]
            address = None if page["done"] else base + page["nextRecordsUrl"]
            params = None
        return rows
