"""A receiver of notifications: answers handshakes and keeps what is posted to it, or does it wrong as a test asks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Receiver:
    """`posts` are the bodies in order; `answer` gives status and delay of each post, `shake` the handshake's answer."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str] = []
        self.answer: Callable[[int], tuple[int, float]] = lambda number: (202, 0.0)
        self.shake: Callable[[str], tuple[int, str, str]] = lambda token: (200, "text/plain", token)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def notes(self, path: str = "/hook") -> list[dict[str, Any]]:
        return [note for where, body in self.posts if where == path for note in body["value"]]

    def wait(self, count: int, path: str = "/hook", seconds: float = 10) -> list[dict[str, Any]]:
        """The notices, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.notes(path)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.notes(path))} notices came of {count}")
            time.sleep(0.01)
        return self.notes(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                token = parse_qs(parts.query).get("validationToken")
                if token:
                    receiver.tokens.append(token[0])
                    self._send(*receiver.shake(token[0]))
                    return
                status, delay = receiver.answer(len(receiver.posts) + 1)
                receiver.posts.append((parts.path, json.loads(raw)))
                time.sleep(delay)
                self._send(status, "text/plain", "")

            def _send(self, status: int, kind: str, text: str) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler
