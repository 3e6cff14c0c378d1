"""A live product beside its sandbox, as processes of their own, for benchmarks and end-to-end tests.

with live(latency_ms=100) as product:
    rep = product.sign_in("mia.keller@larkfield.example")      # an httpx client with her bearer
    product.clear_log()
    rep.post("/api/v1/context/", json=…)
    product.calls("salesforce")                                # what Salesforce was asked meanwhile
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from scripts.demo import PREPARE_SECONDS, READY_SECONDS, answers, listen, start_sandbox, start_server
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import Processes

# Any loopback address does for a public client; nobody listens there, the code is read from the redirect.
HOST_REDIRECT = "http://localhost/host/"


@dataclass
class Product:
    """A running product. `address` is its base, `info` the sandbox's sandbox.json, `environment` its settings."""

    address: str
    info: dict[str, Any]
    environment: dict[str, str]
    var: Path
    processes: Processes
    sandbox: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.info["ca_file"])
        self.sandbox = httpx.Client(verify=context, trust_env=False, timeout=60)

    def client(self, **headers: str) -> httpx.Client:
        """A client of the product's own addresses that nobody is signed in to."""
        return httpx.Client(base_url=self.address, headers=headers, trust_env=False, timeout=60)

    def password(self, email: str) -> str:
        return next(str(user["password"]) for user in self.info["users"] if user["email"] == email)

    def microsoft_token(self, email: str, *scopes: str) -> str:
        """That person's access token for our scope (or for `scopes`), got as Outlook gets it: code flow with PKCE."""
        base = f"{self.info['microsoft_login_url']}/{self.info['tenant_id']}/oauth2/v2.0"
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        client_id = self.info["microsoft_host_client_id"]
        scope = " ".join(scopes or (self.info["microsoft_scope"],))
        question = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": HOST_REDIRECT,
            "scope": scope,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        answer = {"username": email, "password": self.password(email), "decision": "sign-in"}
        redirect = self.sandbox.post(f"{base}/authorize", params=question, data=answer)
        code = one(redirect, "code")
        grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        grant |= {"client_id": client_id, "redirect_uri": HOST_REDIRECT, "scope": scope}
        got = self.sandbox.post(f"{base}/token", data=grant)
        got.raise_for_status()
        return str(got.json()["access_token"])

    def sign_in(self, email: str) -> httpx.Client:
        """A client of the product with that person's session as its bearer."""
        token = self.microsoft_token(email)
        with self.client() as anonymous:
            got = anonymous.post("/api/v1/sessions/", json={"token": token, "client": "outlook"})
        got.raise_for_status()
        return self.client(Authorization=f"Bearer {got.json()['session']}")

    def allow_salesforce(self, email: str, authorize_url: str) -> str:
        """Goes through Salesforce's pages as that person; the address that Salesforce then sends the browser to."""
        address = self.info["salesforce_login_url"] + "/services/oauth2/authorize?" + urlsplit(authorize_url).query
        answer = {"username": email, "password": self.password(email), "decision": "sign-in"}
        page = self.sandbox.post(address, data=answer)
        page.raise_for_status()
        ticket = page.text.split('name="ticket" value="', 1)[1].split('"', 1)[0]
        redirect = self.sandbox.post(address, data={"ticket": ticket, "decision": "allow"})
        one(redirect, "code")
        return str(redirect.headers["location"])

    def fault(self, service: str, kind: str, **details: Any) -> None:
        """Asks `service` (salesforce, microsoft, graph) for a fault; `sandbox.faults` has the kinds and details."""
        self._control("POST", "faults", json={"service": service, "kind": kind, **details})

    def latency(self, milliseconds: int) -> None:
        """What every provider call takes longer from here on."""
        self._control("POST", "latency", json={"ms": milliseconds})

    def calls(self, service: str) -> list[dict[str, Any]]:
        """The calls that `service` has received since its log was cleared."""
        entries: list[dict[str, Any]] = self._control("GET", "log", params={"service": service}).json()
        return entries

    def clear_log(self) -> None:
        self._control("DELETE", "log")

    def _control(self, method: str, what: str, **rest: Any) -> httpx.Response:
        """The sandbox's own routes answer for all its services at the address of each."""
        answer = self.sandbox.request(method, f"{self.info['salesforce_login_url']}/_sandbox/{what}", **rest)
        answer.raise_for_status()
        return answer


def one(response: httpx.Response, name: str) -> str:
    """The value `name` of the address that a redirect leads to. Raises ValueError with what came instead."""
    values = parse_qs(urlsplit(response.headers.get("location", "")).query).get(name, [])
    if len(values) != 1:
        raise ValueError(f"{response.request.url.path}: no {name}: {response.status_code} {response.text[:300]}")
    return str(values[0])


@contextmanager
def live(
    *,
    latency_ms: int = 0,
    seed: int = 1,
    arguments: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    commands: Sequence[str] = (),
) -> Iterator[Product]:
    """Starts sandbox and product in a folder that is removed afterwards, and stops both on leaving.

    `latency_ms` is what every provider call takes longer; `arguments` are the sandbox's further ones; `settings` stand
    over those of `sandbox_environment` (another database, say); `commands` are management commands to run before the
    server starts. Raises ChildFailed when something does not start.
    """
    with tempfile.TemporaryDirectory(prefix="alongside-") as folder:
        var = Path(folder)
        with Processes(var / "logs") as processes:
            sandbox = ("--seed", str(seed), "--latency-ms", str(latency_ms), *arguments)
            info = start_sandbox(processes, var, *sandbox)
            with listen(0) as listener:
                port = listener.getsockname()[1]
                environment = over_shell({**sandbox_environment(info, var, port), **(settings or {})})
                manage = [sys.executable, "manage.py"]
                report = str(var / "sandbox" / "sandbox.json")
                processes.run("migrate", [*manage, "migrate", "--no-input"], environment, seconds=PREPARE_SECONDS)
                processes.run("seed_demo", [*manage, "seed_demo", report], environment, seconds=PREPARE_SECONDS)
                for command in commands:
                    processes.run(command, [*manage, command, "--no-input"], environment, seconds=PREPARE_SECONDS)
                start_server(processes, environment, listener)
            address = f"http://127.0.0.1:{port}"
            processes.wait_until(lambda: answers(f"{address}/readyz"), "the product", seconds=READY_SECONDS)
            yield Product(address, info, environment, var, processes)
