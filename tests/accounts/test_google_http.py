"""httplib2 under the one HTTP policy: whom it trusts, whom it calls, what it keeps, how much it reads."""

from __future__ import annotations

import gzip
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.google_http import AnswerTooLong, google_http
from accounts.http import TargetRefused
from tests.sandbox_process import SandboxProcess

Serve = Callable[..., str]


@pytest.fixture
def address(sandbox_process: SandboxProcess, settings: Settings) -> str:
    """Something that answers over https, trusted."""
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_CA_FILE = sandbox_process.info["ca_file"]
    return f"{sandbox_process.info['salesforce_login_url']}/_sandbox/log"


@pytest.fixture
def serve(address: str, sandbox_process: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A server that sends given bytes for an answer and hangs up. Its TLS is taken away: only lengths matter here."""
    servers: list[socket.socket] = []

    def start(answer: bytes, headers: str, status: str = "200 OK") -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        servers.append(listener)

        def run() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + answer)

        threading.Thread(target=run, daemon=True).start()
        return f"https://localhost:{listener.getsockname()[1]}/"

    def plain(self: ssl.SSLContext, sock: socket.socket, **options: object) -> socket.socket:
        return sock

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", plain)
    yield start
    for server in servers:
        server.close()


def test_an_answer_comes_over_checked_tls_and_its_connection_is_kept(address: str) -> None:
    transport = google_http()
    response, content = transport.request(address)
    assert (response.status, content[:1]) == (200, b"[")
    kept = next(iter(transport._http.connections.values())).sock
    transport.request(address)
    assert next(iter(transport._http.connections.values())).sock is kept


def test_without_the_authority_nothing_is_called(address: str, settings: Settings) -> None:
    settings.ALONGSIDE_CA_FILE = ""
    with pytest.raises(ssl.SSLCertVerificationError):
        google_http().request(address)


def test_another_name_than_the_certificates_is_refused(address: str) -> None:
    with pytest.raises((ssl.SSLCertVerificationError, OSError)):
        google_http().request(address.replace("localhost", "127.0.0.2"))


@pytest.mark.parametrize("url", ["http://gmail.googleapis.com/", "ftp://gmail.googleapis.com/", "https:///x"])
def test_only_https_is_called(url: str) -> None:
    with pytest.raises(TargetRefused):
        google_http().request(url)


def test_this_machine_is_called_in_the_sandbox_only(address: str, settings: Settings) -> None:
    settings.ALONGSIDE_SANDBOX = False
    with pytest.raises(TargetRefused):
        google_http().request(address)


def test_proxies_of_the_environment_are_not_used(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://localhost:9")
    google_http().close()
    assert google_http().request(address)[0].status == 200


def test_each_thread_has_its_own_transport_and_keeps_it(address: str) -> None:
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.extend((google_http(), google_http())))
    thread.start()
    thread.join()
    assert others[0] is others[1]
    assert google_http() is google_http()
    assert others[0] is not google_http()


def test_another_bundle_makes_another_transport(address: str, settings: Settings, tmp_path: Path) -> None:
    first = google_http()
    settings.ALONGSIDE_CA_FILE = ""
    assert google_http() is not first


@pytest.mark.parametrize(
    "headers", ["Content-Length: 1001", "Connection: close", "Connection: close\r\nContent-Encoding: gzip"]
)
def test_an_answer_is_read_to_its_limit_and_no_further(serve: Serve, headers: str) -> None:
    content = gzip.compress(b"x" * 1001) if "gzip" in headers else b"x" * 1001
    with pytest.raises(AnswerTooLong):
        google_http(longest=1000).request(serve(content, headers))
    assert google_http().request(serve(content, headers))[1] == b"x" * 1001
    assert google_http(longest=1001).request(serve(content, headers))[1] == b"x" * 1001


def test_an_answer_that_ends_early_is_none(serve: Serve) -> None:
    with pytest.raises(http.client.IncompleteRead):
        google_http().request(serve(b"x" * 10, "Content-Length: 11"))


def test_a_redirect_is_not_followed(serve: Serve, address: str) -> None:
    url = serve(b"", f"Location: {address}\r\nContent-Length: 0", "302 Found")
    assert google_http().request(url)[0].status == 302
