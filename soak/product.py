"""The product under soak: its processes beside the sandbox, killed and restarted at will, and its people connected.

    sandbox ─► migrate ─► company made ─► web ─► workers, sweeper ─► every user connects Salesforce and the mailbox

With DATABASE_URL, CACHE_URL and BROKER_URL set: a web process, two workers and a sweeper. Without: one process with
its embedded worker, on SQLite.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

from sandbox.seed.company import Suite
from scripts.demo import PREPARE_SECONDS, READY_SECONDS, answers, listen, start_sandbox, start_server
from scripts.environment import over_shell, sandbox_environment
from scripts.processes import Child, ChildFailed, Processes
from soak.cast import User
from soak.inside import Inside
from soak.wires import Salesforce, Sandbox

SERVICES = ("DATABASE_URL", "CACHE_URL", "BROKER_URL")
_WORKERS = 2
_ATTEMPTS = 4
_PAGE_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_CHECKBOX = re.compile(r'<input[^>]*type="checkbox"[^>]*>')
_NAME = re.compile(r'name="([^"]+)"')
_SECRET = re.compile(r'name="secret" value="([^"]+)"')
_CODE = re.compile(r'data-code="([^"]+)"')


@dataclass
class Product:
    """A running product. `inside` is made once its database is there."""

    var: Path
    processes: Processes
    sandbox: Sandbox
    environment: dict[str, str]
    address: str
    listener: socket.socket
    inside: Inside
    has_services: bool
    workers: dict[str, Child] = field(default_factory=dict)

    @property
    def worker_count(self) -> int:
        return _WORKERS if self.has_services else 1

    def start(self) -> None:
        self._start_web()
        if self.has_services:
            for number in range(_WORKERS):
                self._start_worker(number)
            sweep = [sys.executable, "manage.py", "sweep", "--forever", "--every", "1"]
            self.processes.start("sweeper", sweep, self.environment)
        self.processes.wait_until(lambda: answers(f"{self.address}/readyz"), "the product", seconds=READY_SECONDS)

    def kill(self, number: int) -> None:
        """SIGKILL to a worker and whatever it started, and a new one in its place: the web process where that is it."""
        name = f"worker-{number}" if self.has_services else "web"
        child = self.workers.pop(name)
        self.processes.children.remove(child)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        child.log.rename(child.log.with_suffix(f".{time.time():.0f}.log"))
        if self.has_services:
            self._start_worker(number)
        else:
            self._start_web()

    def flush_broker(self) -> None:
        """The broker forgets all its messages."""
        import redis

        with redis.Redis.from_url(self.environment["BROKER_URL"]) as broker:
            broker.flushdb()

    def _start_web(self) -> None:
        start_server(self.processes, self.environment, self.listener)
        self.workers["web"] = self.processes.children[-1]

    def _start_worker(self, number: int) -> None:
        command = [sys.executable, "manage.py", "rundramatiq", "--processes", "1", "--threads", "4"]
        name = f"worker-{number}"
        self.workers[name] = self.processes.start(name, command, self.environment)

    # People

    def administrator(self) -> Salesforce:
        """The org as an administrator reads it: a bearer by JWT, so that no user's own grant is touched."""
        info = self.sandbox.info
        person = next(user for user in info["users"] if user["role"] == "administrator")
        claims = {
            "iss": info["salesforce_client_id"],
            "sub": person["email"],
            "aud": info["salesforce_login_url"],
            "exp": int(time.time()) + 120,
        }
        assertion = jwt.encode(claims, Path(info["salesforce_jwt_key_file"]).read_text(), "RS256")
        answer = self.sandbox.http.post(
            f"{info['salesforce_login_url']}/services/oauth2/token",
            data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion},
        )
        answer.raise_for_status()
        return Salesforce(self.sandbox, answer.json()["access_token"])

    def connect_all(self, users: Sequence[User]) -> None:
        """Every user connects Salesforce first, then the mailbox."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._connect_both, users))

    def _connect_both(self, user: User) -> None:
        for system in ("salesforce", "google" if user.suite == "google" else "microsoft"):
            for attempt in range(_ATTEMPTS):
                try:
                    self.connect(user, system)
                    break
                except (ChildFailed, httpx.HTTPError):
                    if attempt + 1 == _ATTEMPTS:
                        raise
                    time.sleep(1 + attempt)
        self.inside.open_mailboxes(user.address)

    def connect(self, user: User, system: str) -> None:
        """Connects as the person does: by the dialog; Microsoft by signing in to the pane."""
        if system == "microsoft":
            self._sign_in_with_microsoft(user)
            return
        with self._client() as pane, self._client() as dialog:
            pane.headers["Authorization"] = f"Bearer {self.inside.session(user.address)}"
            begun = _ok(pane.post(f"/api/v1/connections/{system}/")).json()
            sent_on = dialog.get(begun["dialog_url"])
            callback = self._allow(user, system, sent_on.headers["location"])
            question = _ok(dialog.get(_within(callback)))
            secret = _found(_SECRET, question)
            done = _ok(dialog.post(f"/connect/{system}/confirm/", data={"secret": secret}))
            _ok(pane.post(f"/api/v1/connections/{system}/finish/", json={"code": _found(_CODE, done)}))

    def _allow(self, user: User, system: str, authorize: str) -> str:
        """Signs in at the provider and allows everything; where the browser is sent then."""
        info = self.sandbox.info
        query = urlsplit(authorize).query
        base = f"{info['salesforce_login_url']}/services/oauth2/authorize" if system == "salesforce" else ""
        address = f"{base or info['google_auth_url']}?{query}"
        form = {"username": user.address, "password": self._password(user), "decision": "sign-in"}
        page = self.sandbox.http.post(address, data=form)
        ticket = _PAGE_TICKET.search(page.text)
        if ticket is not None:
            boxes = {_found_in(_NAME, box): "on" for box in _CHECKBOX.findall(page.text)}
            page = self.sandbox.http.post(address, data={**boxes, "ticket": ticket[1], "decision": "allow"})
        if "location" not in page.headers:
            raise ChildFailed(f"{system} did not let {user.address} in: {page.status_code} {page.text[:300]}")
        return str(page.headers["location"])

    def _sign_in_with_microsoft(self, user: User) -> None:
        from bench.live import Product as Live

        live = Live(self.address, dict(self.sandbox.info), self.environment, self.var, self.processes)
        live.sign_in(user.address).close()
        live.sandbox.close()

    def _password(self, user: User) -> str:
        return next(str(one["password"]) for one in self.sandbox.info["users"] if one["email"] == user.address)

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, trust_env=False, timeout=60)


@contextlib.contextmanager
def product(var: Path, processes: Processes, *, seed: int, extra: Mapping[Suite, int]) -> Iterator[Product]:
    """The sandbox running, the database made; nothing of the product runs yet. Raises ChildFailed."""
    arguments = ["--seed", str(seed)]
    for suite, count in extra.items():
        arguments += [f"--extra-{suite}", str(count)]
    info: dict[str, Any] = start_sandbox(processes, var, *arguments)
    has_services = all(os.environ.get(name) for name in SERVICES)
    with listen(0) as listener:
        port = listener.getsockname()[1]
        settings = sandbox_environment(info, var, port)
        if has_services:
            settings |= {name: os.environ[name] for name in SERVICES} | {"ALONGSIDE_EMBEDDED_WORKER": "0"}
        environment = over_shell(settings)
        manage = [sys.executable, "manage.py", "migrate", "--no-input"]
        processes.run("migrate", manage, environment, seconds=PREPARE_SECONDS)
        yield Product(
            var=var,
            processes=processes,
            sandbox=Sandbox(info),
            environment=environment,
            address=f"http://127.0.0.1:{port}",
            listener=listener,
            inside=Inside(environment),
            has_services=has_services,
        )


def _ok(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise ChildFailed(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer


def _within(address: str) -> str:
    parts = urlsplit(address)
    if "error" in parse_qs(parts.query):
        raise ChildFailed(f"The provider sent back an error: {parts.query}")
    return f"{parts.path}?{parts.query}"


def _found(pattern: re.Pattern[str], answer: httpx.Response) -> str:
    return _found_in(pattern, answer.text)


def _found_in(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise ChildFailed(f"No {pattern.pattern} in {text[:300]}")
    return unescape(found[1])
