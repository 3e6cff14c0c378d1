"""The sandbox's process: six HTTPS services on one event loop, ready when all ports answer, ended by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.authority import WEBMAIL_HOST, Authority, Leaf, ensure_authority, write_private
from sandbox.control import Control
from sandbox.gate import ABORT, Gate, Guard
from sandbox.google.app import build_accounts_app, build_gmail_app
from sandbox.google.guards import AccountsGuard, GmailGuard
from sandbox.google.web.app import build_webmail_app
from sandbox.google.web.guard import WebmailGuard
from sandbox.microsoft.app import build_graph_app, build_login_app
from sandbox.microsoft.guards import GraphGuard, LoginGuard
from sandbox.registration import register
from sandbox.salesforce.app import build_app
from sandbox.salesforce.guard import SalesforceGuard
from sandbox.seed.company import Suite
from sandbox.seed.growth import Growth
from sandbox.world import Addresses, RealMail, World

_GRACE_SECONDS = 2
# Control routes that a service has for itself, answered at every address.
_OWNERS = {
    "/_sandbox/org": "salesforce",
    "/_sandbox/mail": "graph",
    "/_sandbox/notifications": "graph",
    "/_sandbox/tenant": "graph",
    "/_sandbox/google": "google",
    "/_sandbox/pubsub": "google",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. A port of 0 is any free one."""

    state_dir: Path
    salesforce_port: int = 9443
    microsoft_port: int = 9444
    graph_port: int = 9445
    google_port: int = 9446
    gmail_port: int = 9447
    webmail_port: int = 9448
    seed: int = 1
    mail: RealMail | None = None
    latency_ms: int = 0
    redirect_uris: tuple[str, ...] = ()
    extra: Mapping[Suite, int] = field(default_factory=dict)
    growth: Growth = field(default_factory=Growth)


class CuttableProtocol(HttpToolsProtocol):
    """Gives the application a way to drop the connection, for the faults that need it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, dict[object, object]] = {ABORT: {"abort": self.transport.abort}}
        self.scope["extensions"] = extensions

    def shutdown(self) -> None:
        # An idle client does not answer TLS's good-bye, and waiting for it would hold up the end of the process.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


class Service(uvicorn.Server):
    """One of several servers in a process: signals are the process's, not the server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Services:
    """The applications over one world, built anew when the world is."""

    def __init__(self, world: World, announce: Callable[[], None]) -> None:
        self.world = world
        self._announce = announce
        self._apps: dict[str, ASGIApp] = {}
        self._guards: dict[str, Guard] = {}
        self._build()
        control = Control(world, self.reset, self._owner_of)
        self.gates = {name: Gate(name, world, self._app_of(name), self._guard_of(name), control) for name in self._apps}

    def reset(self, seed: int, extra: Mapping[Suite, int] | None = None) -> None:
        self.world.reset(seed, extra)
        self._build()
        self._announce()

    def _build(self) -> None:
        world = self.world
        self._apps.update(
            salesforce=build_app(world),
            microsoft=build_login_app(world),
            graph=build_graph_app(world),
            google=build_accounts_app(world),
            gmail=build_gmail_app(world),
            webmail=build_webmail_app(world),
        )
        self._guards.update(
            salesforce=SalesforceGuard(world),
            microsoft=LoginGuard(world),
            graph=GraphGuard(world),
            google=AccountsGuard(world),
            gmail=GmailGuard(world),
            webmail=WebmailGuard(world),
        )

    def _owner_of(self, path: str) -> ASGIApp | None:
        name = next((name for start, name in _OWNERS.items() if path == start or path.startswith(f"{start}/")), None)
        return None if name is None else self._apps[name]

    def _app_of(self, name: str) -> Callable[[], ASGIApp]:
        return lambda: self._apps[name]

    def _guard_of(self, name: str) -> Callable[[], Guard]:
        return lambda: self._guards[name]


async def serve(options: Options) -> None:
    """Run until SIGTERM or SIGINT. Raises ``OSError`` when a port is taken."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    options.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    announcement = options.state_dir / "sandbox.json"
    announcement.unlink(missing_ok=True)
    authority = ensure_authority(options.state_dir)
    ports = {
        "salesforce": options.salesforce_port,
        "microsoft": options.microsoft_port,
        "graph": options.graph_port,
        "google": options.google_port,
        "gmail": options.gmail_port,
        "webmail": options.webmail_port,
    }
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(bind(port)) for name, port in ports.items()}
        urls = {name: f"https://localhost:{bound.getsockname()[1]}" for name, bound in sockets.items()}
        registration = register(options.state_dir, options.redirect_uris)
        world = World(
            options.seed,
            Addresses(**urls),
            registration,
            options.mail,
            options.latency_ms,
            options.extra,
            options.growth,
        )

        def announce() -> None:
            told = world.description(authority.ca_file) | {"browser_arguments": browser_arguments(authority, urls)}
            description = json.dumps(told, ensure_ascii=False, indent=1)
            write_private(announcement, description.encode())

        gates = Services(world, announce).gates
        leaves = {name: authority.webmail if name == "webmail" else authority.local for name in urls}
        servers = {name: _server(gates[name], leaves[name]) for name in urls}
        tasks = [asyncio.create_task(server.serve([sockets[name]])) for name, server in servers.items()]
        await _until_started(list(servers.values()), tasks)
        announce()
        for name, url in urls.items():
            print(f"sandbox {name}: {url}", flush=True)
        await stopping.wait()
        announcement.unlink(missing_ok=True)
        for server in servers.values():
            server.should_exit = True
        world.pubsub.close()
        await asyncio.gather(*tasks)


def browser_arguments(authority: Authority, urls: Mapping[str, str]) -> list[str]:
    """With what a Chromium is started that finds the pages of Gmail at their own address and accepts the certificates
    of this sandbox, and those alone, beside the ones that it accepts anyhow."""
    port = urls["webmail"].rpartition(":")[2]
    keys = ",".join((authority.local.spki(), authority.webmail.spki()))
    return [
        f"--host-resolver-rules=MAP {WEBMAIL_HOST}:443 127.0.0.1:{port}",
        f"--ignore-certificate-errors-spki-list={keys}",
    ]


def _server(gate: Gate, leaf: Leaf) -> Service:
    config = uvicorn.Config(
        gate,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=60,
        ssl_certfile=leaf.certificate_file,
        ssl_keyfile=leaf.key_file,
    )
    return Service(config)


def bind(port: int) -> socket.socket:
    """Raises ``OSError`` when the port is taken."""
    # asyncio turns Nagle's algorithm off for sockets that say they are TCP's; with it each answer waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound


async def _until_started(servers: list[Service], tasks: list[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                await task
                raise RuntimeError("A service ended before it began.")
        await asyncio.sleep(0.01)


def quiet() -> None:
    """Leave warnings and errors of the server on standard error, and nothing else."""
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(message)s")
