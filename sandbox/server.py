"""The sandbox's process: three HTTPS services on one event loop, ready when all ports answer, ended by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.authority import Authority, ensure_authority, write_private
from sandbox.control import Control
from sandbox.gate import ABORT, Gate, Guard
from sandbox.microsoft.app import build_graph_app, build_login_app
from sandbox.microsoft.guards import GraphGuard, LoginGuard
from sandbox.registration import register
from sandbox.salesforce.app import build_app
from sandbox.salesforce.guard import SalesforceGuard
from sandbox.world import Addresses, RealMail, World

_GRACE_SECONDS = 2
# Control routes that a service has for itself, answered at every address.
_OWNERS = {"/_sandbox/org": "salesforce", "/_sandbox/mail": "graph"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. A port of 0 is any free one."""

    state_dir: Path
    salesforce_port: int = 9443
    microsoft_port: int = 9444
    graph_port: int = 9445
    seed: int = 1
    mail: RealMail | None = None
    latency_ms: int = 0
    redirect_uris: tuple[str, ...] = ()


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
    """The three applications over one world, built anew when the world is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._apps: dict[str, ASGIApp] = {}
        self._guards: dict[str, Guard] = {}
        self._build()
        control = Control(world, self.reset, self._owner_of)
        self.gates = {name: Gate(name, world, self._app_of(name), self._guard_of(name), control) for name in self._apps}

    def reset(self, seed: int) -> None:
        self.world.reset(seed)
        self._build()

    def _build(self) -> None:
        world = self.world
        self._apps.update(salesforce=build_app(world), microsoft=build_login_app(world), graph=build_graph_app(world))
        self._guards.update(salesforce=SalesforceGuard(world), microsoft=LoginGuard(world), graph=GraphGuard(world))

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
    }
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(_bound(port)) for name, port in ports.items()}
        urls = {name: f"https://localhost:{bound.getsockname()[1]}" for name, bound in sockets.items()}
        registration = register(options.state_dir, options.redirect_uris)
        world = World(options.seed, Addresses(**urls), registration, options.mail, options.latency_ms)
        gates = Services(world).gates
        servers = {name: _server(gates[name], authority) for name in urls}
        tasks = [asyncio.create_task(server.serve([sockets[name]])) for name, server in servers.items()]
        await _until_started(list(servers.values()), tasks)
        description = json.dumps(world.description(authority.ca_file), ensure_ascii=False, indent=1)
        write_private(announcement, description.encode())
        for name, url in urls.items():
            print(f"sandbox {name}: {url}", flush=True)
        await stopping.wait()
        announcement.unlink(missing_ok=True)
        for server in servers.values():
            server.should_exit = True
        await asyncio.gather(*tasks)


def _server(gate: Gate, authority: Authority) -> Service:
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
        ssl_certfile=authority.certificate_file,
        ssl_keyfile=authority.key_file,
    )
    return Service(config)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
