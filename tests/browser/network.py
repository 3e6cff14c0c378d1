"""What a page asks of whom: every request of a browser context, and those that should not be there.

    with network_log(context) as log: … the day's work …
    assert log.strangers(stack.address) == []

Requests are taken where the browser makes them, so that blocked and failed ones count too; frames and workers included.
`data:` and `blob:` lead nowhere. A browser that was started with `capturing(file)` writes a log of its own network
stack as well: that has the service workers of extensions, connections that are opened ahead, and the browser's own
requests; `captured(file)` reads it once the browser is closed.
https://www.chromium.org/for-testers/providing-network-details/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Request, WebSocket

#: Where Office.js and what it loads are, and where Microsoft and Google sign people in.
OFFICE = ("https://appsforoffice.microsoft.com",)
SIGNING_IN = ("https://login.microsoftonline.com", "https://accounts.google.com")
#: Services that Chromium asks by itself, for no page: updates, guesses of a form's fields, a check of passwords.
CHROMIUM = (
    "http://update.googleapis.com",
    "https://update.googleapis.com",
    "https://content-autofill.googleapis.com",
    "https://optimizationguide-pa.googleapis.com",
    "https://passwordsleakcheck-pa.googleapis.com",
    "https://clients2.google.com",
)
#: What the network stack says of who asked, where no page did: a person, or Chromium.
_NO_PAGE = "not an origin"
_NOWHERE = ("data", "blob", "about", "chrome-extension", "chrome-error")


@dataclass
class NetworkLog:
    """(method, address) of each request, in order."""

    requests: list[tuple[str, str]] = field(default_factory=list)

    def origins(self) -> set[str]:
        return {_origin(address) for _method, address in self.requests if _origin(address)}

    def strangers(self, own: str, *allowed: str) -> list[tuple[str, str]]:
        """Requests to anybody but the deployment at `own`, Office.js, the sign-ins and who else is allowed."""
        known = {_origin(one) for one in (own, *allowed, *OFFICE, *SIGNING_IN)}
        return [one for one in self.requests if _origin(one[1]) and _origin(one[1]) not in known]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return "" if scheme in _NOWHERE else f"{scheme}://{parts.netloc}"


@contextmanager
def network_log(context: BrowserContext) -> Iterator[NetworkLog]:
    """Writes down what every page of the context asks for, until the block is left."""
    log = NetworkLog()

    def asked(request: Request) -> None:
        log.requests.append((request.method, request.url))

    def opened(socket: WebSocket) -> None:
        log.requests.append(("SOCKET", socket.url))

    context.on("request", asked)
    context.on("page", lambda page: page.on("websocket", opened))
    for page in context.pages:
        page.on("websocket", opened)
    try:
        yield log
    finally:
        context.remove_listener("request", asked)


def capturing(file: Path) -> list[str]:
    """The arguments with which Chromium writes down what its network stack does, without cookies and bodies."""
    return [f"--log-net-log={file}", "--net-log-capture-mode=Default"]


def captured(file: Path, *, mail_client: str = "", its_sign_in: str = "") -> NetworkLog:
    """The requests of such a log, redirects and connections opened ahead included.

    `mail_client`: the address of a mail client's own page. What that page, the client's sign-in and the person ask of
    it is not ours; what anybody else asks of it is.
    """
    of_itself = {_NO_PAGE, mail_client, _origin(its_sign_in)}
    text = file.read_text(encoding="utf-8")
    constants = json.loads(f"{text.splitlines()[0].rstrip(',')}}}")["constants"]
    kinds = constants["logEventTypes"]
    log = NetworkLog()
    for event in _events(text):
        told, kind = event.get("params", {}), event["type"]
        if kind == kinds["URL_REQUEST_START_JOB"] and "url" in told:
            asks, method = told.get("initiator", _NO_PAGE), told["method"]
        elif kind == kinds["HTTP_STREAM_JOB_CONTROLLER"] and told.get("is_preconnect"):
            asks, method = _NO_PAGE, "PRECONNECT"
        else:
            continue
        asked = _origin(told["url"])
        of_chromium = asks == _NO_PAGE and asked in CHROMIUM
        if not of_chromium and not (asked == mail_client and asks in of_itself):
            log.requests.append((method, told["url"]))
    return log


def _events(text: str) -> Iterator[dict[str, Any]]:
    """One stands on each line."""
    for line in text.splitlines():
        if line.startswith(('{"params"', '{"phase"', '{"source"')):
            yield json.loads(line.rstrip(",").removesuffix("]"))
