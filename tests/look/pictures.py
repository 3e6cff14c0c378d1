"""Examples as pages that a browser opens, and as sheets for pictures.

`/show/HOST/NAME` is an example's page with the policy that the real shell has; `/sheet/…` holds it at each
width, in frames of their own, so that one picture shows all of them. A server of this process answers, so that the
browser keeps the styles as it keeps them from the real one; nothing else can be reached.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Frame, Page

from tests.look import pages
from tests.look.css import STATIC
from tests.look.registry import Example

WIDTHS = (320, 400, 600)
TAB_WIDTHS = (320, 960)
#: A pane on a small screen; where what is below its fold is the point, as much as there is, within reason.
LEAST_HEIGHT, MOST_HEIGHT = 560, 1_200
TALL = ("email", "reading", "records", "sync", "customise")
GAP = 16
#: The colour between the frames, by scheme.
GROUND = {"light": "#c8c8c8", "dark": "#5a5a5a"}

_FIT = """([least, most]) => {
    const frames = [...document.querySelectorAll("iframe")];
    frames.forEach((one) => { one.height = least; });
    const heights = frames.map((one) => one.contentDocument.documentElement.scrollHeight);
    const tall = Math.min(Math.max(least, ...heights), most);
    frames.forEach((one) => { one.height = tall; });
    return tall;
}"""
_DRESS = """async ([scheme, ground]) => {
    document.body.style.background = ground;
    for (const one of document.querySelectorAll("iframe")) {
        one.contentDocument.documentElement.dataset.theme = scheme;
    }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def hosts(example: Example) -> tuple[str, ...]:
    """A tab has no host, and a language is the same in both."""
    if example.host:
        return (example.host,)
    return ("outlook",) if example.is_tab or example.language != "en" else tuple(pages.HOSTS)


def widths(example: Example) -> tuple[int, ...]:
    return TAB_WIDTHS if example.is_tab else WIDTHS


@contextmanager
def served(examples: Mapping[str, Example]) -> Iterator[str]:
    """The address at which the examples are answered while the block runs."""

    @cache  # asked for at several widths
    def page(name: str, host: str) -> tuple[str, str]:
        return pages.page(examples[name], host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            kind, _, rest = address.path.removeprefix("/").partition("/")
            host, _, name = rest.partition("/")
            if kind == "static":
                path = (STATIC / rest).resolve()
                if path.is_relative_to(STATIC) and path.is_file():
                    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                    self._answer(path.read_bytes(), content_type, {"Cache-Control": "max-age=3600"})
                    return
            elif kind == "show" and name in examples:
                html, policy = page(name, host)
                self._answer(html.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy})
                return
            elif kind == "sheet" and name in examples:
                self._answer(_sheet(examples[name], host).encode(), "text/html; charset=utf-8", {})
                return
            self._answer(b"", "text/plain", {}, status=404)

        def _answer(self, body: bytes, content_type: str, headers: dict[str, str], status: int = 200) -> None:
            self.send_response(status)
            for header, value in {**headers, "Content-Type": content_type, "Content-Length": str(len(body))}.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def window(browser: Browser, **options: Any) -> BrowserContext:
    return browser.new_context(**{"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC", **options})


def _sheet(example: Example, host: str) -> str:
    frames = "".join(
        f'<iframe src="/show/{host}/{example.name}" width="{width}" height="{LEAST_HEIGHT}"></iframe>'
        for width in widths(example)
    )
    style = f"body{{margin:{GAP}px;display:flex;gap:{GAP}px;align-items:start}}"
    return f"<!doctype html><style>{style}iframe{{border:0;flex:none}}</style>{frames}"


def finish(frame: Frame | Page, example: Example, html: str = "") -> None:
    """What the client does with an answer once it is painted; `html` is painted first, into the shell that stands."""
    locale = "en-GB" if example.language == "en" else example.language
    told: dict[str, Any] = {"html": html, "locale": locale, "opens": list(example.opens)}
    if by_the_client(example):
        told |= {"state": example.state, "words": example.words, "mailbox": example.mailbox}
    frame.evaluate(pages.FINISH, told)


class Stand:
    """A page that shows one example after the other, at `kind` (show, sheet), in the shell that stands where it can."""

    def __init__(self, page: Page, origin: str, kind: str) -> None:
        self.page, self.origin, self.kind = page, origin, kind
        self._shell: tuple[str, str, bool] | None = None

    def put(self, example: Example, host: str) -> None:
        shell, html = shell_of(example, host), ""
        if shell == self._shell and not by_the_client(example):
            html, _policy = pages.page(example, host)
        else:
            self.page.goto(f"{self.origin}/{self.kind}/{host}/{example.name}")
            self._shell = None if by_the_client(example) else shell
        for frame in self.page.frames[1:] or self.page.frames:
            finish(frame, example, html)


def by_the_client(example: Example) -> bool:
    """Whether the client's modules fill it in. They know the places of the page that they were loaded in."""
    return bool(example.words or example.mailbox)


def shell_of(example: Example, host: str) -> tuple[str, str, bool]:
    """What tells one shell from another."""
    return host, example.language, example.is_tab


def lay_out(stand: Stand, example: Example, host: str) -> None:
    """Puts an example onto its sheet, as large as it is to be taken."""
    stand.put(example, host)
    tall = stand.page.evaluate(_FIT, [LEAST_HEIGHT, MOST_HEIGHT if example.part in TALL else LEAST_HEIGHT])
    across = sum(widths(example)) + GAP * (len(widths(example)) + 1)
    stand.page.set_viewport_size({"width": across, "height": tall + 2 * GAP})


def dress(page: Page, scheme: str) -> None:
    """The sheet in light or in dark."""
    page.evaluate(_DRESS, [scheme, GROUND[scheme]])
