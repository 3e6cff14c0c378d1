"""The one HTTP policy: every call of the product to the outside goes through a client made here.

    settings ──► ca_bundle() ──► one TLS context ──┬─► requests_session()   (simple-salesforce, MSAL)
                                                   ├─► httpx_client()       (Microsoft Graph)
                                                   └─► accounts.google_http (Google's client library)

- https only; loopback hosts and an extra certificate authority only with `ALONGSIDE_SANDBOX`.
- Certificates are checked against our bundle, whatever `REQUESTS_CA_BUNDLE` says of a session's `verify`.
- Connect within 5 s, an answer's next byte within 30 s. Redirects: GET on the same origin, nothing else.
- Clients are shared by all users of the process, so they keep no cookies and read no .netrc.
- Proxies of the environment are honoured.
- A failed TLS handshake is told to the log with the host's name: somebody may stand in between.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import ssl
import tempfile
import threading
from collections.abc import MutableMapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import httpx
import requests
import structlog
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
USER_AGENT = "Alongside/0.1"
POOL_SIZE = 32
BLOCK_BYTES = 64 * 1024
_MACHINE_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

log = structlog.get_logger("accounts.http")

_lock = threading.Lock()


class TargetRefused(Exception):
    """A URL that the policy does not let anybody call: not https, or loopback outside the sandbox."""


def is_loopback(host: str) -> bool:
    """Whether a host name or IP literal means this machine, without asking the name service."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def check_target(url: str) -> None:
    """Raises `TargetRefused` for a URL that may not be called."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise TargetRefused("Only https addresses are called.")
    if is_loopback(parts.hostname) and not settings.ALONGSIDE_SANDBOX:
        raise TargetRefused("Addresses on this machine are called in the sandbox only.")


def ca_bundle() -> Path:
    """The file of certificate authorities that every client trusts.

    It is the machine's bundle where the environment names one, else certifi's; in the sandbox together with
    `ALONGSIDE_CA_FILE`, merged into one file under `ALONGSIDE_VAR` that is named after its content.
    """
    base = next((Path(os.environ[name]) for name in _MACHINE_BUNDLES if _is_file(name)), Path(certifi.where()))
    if not (settings.ALONGSIDE_SANDBOX and settings.ALONGSIDE_CA_FILE):
        return base
    extra = Path(settings.ALONGSIDE_CA_FILE)
    return _merged(base, _stamp(base), extra, _stamp(extra), Path(settings.ALONGSIDE_VAR))


def requests_session() -> requests.Session:
    """The process's `requests` session; thread-safe as long as nobody changes it. Sessions of one bundle are one."""
    bundle = ca_bundle()
    with _lock:
        return _session(bundle)


def httpx_client(*, base_url: str = "") -> httpx.Client:
    """The process's `httpx` client for a base address; thread-safe. Never close it."""
    bundle = ca_bundle()
    with _lock:
        return _client(bundle, base_url)


def tls_context() -> ssl.SSLContext:
    """The process's TLS context, for clients that are neither of these; it checks certificates and host names."""
    bundle = ca_bundle()
    with _lock:
        return _context(bundle)


def same_origin(first: str, second: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    return _origin(first) == _origin(second)


class PolicySession(requests.Session):
    """A `requests` session under the policy of this module."""

    def __init__(self, bundle: Path) -> None:
        super().__init__()
        self.bundle = bundle
        self.trust_env = False  # otherwise .netrc would replace our Authorization header
        self.verify = str(bundle)
        self.headers["User-Agent"] = USER_AGENT
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        self.mount("https://", _Adapter(_context(bundle), pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE))

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        address = url.decode() if isinstance(url, bytes) else str(url)
        wanted: MutableMapping[str, str] = {**get_environ_proxies(address), **(proxies or {})}
        return {"proxies": wanted, "stream": bool(stream), "verify": str(self.bundle), "cert": cert}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        check_target(request.url or "")
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        try:
            return super().send(request, **kwargs)
        except requests.exceptions.SSLError:
            tls_failed(urlsplit(request.url or "").hostname)
            raise

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None or resp.request.method not in ("GET", "HEAD"):
            return None
        return target if same_origin(resp.url, urljoin(resp.url, target)) else None


class _Adapter(HTTPAdapter):
    """Pools whose connections share one TLS context: loading the bundle for each costs 20 ms."""

    def __init__(self, context: ssl.SSLContext, **kwargs: Any) -> None:
        self._context = context
        super().__init__(**kwargs)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, blocksize=BLOCK_BYTES, **pool_kwargs)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, _ = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"


class PolicyClient(httpx.Client):
    """An `httpx` client that tells of failed handshakes."""

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        try:
            return super().send(request, **kwargs)
        except httpx.TransportError as error:
            if _is_tls(error):
                tls_failed(request.url.host)
            raise


def tls_failed(host: str | None) -> None:
    """Tells the log: a certificate that does not fit, or a handshake that was broken off."""
    log.error("tls.failed", host=host)


def _is_tls(error: BaseException | None) -> bool:
    """Whether a TLS error is what an error came of."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse_target(request: httpx.Request) -> None:
    check_target(str(request.url))


@cache
def _context(bundle: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(bundle))


@cache
def _session(bundle: Path) -> PolicySession:
    return PolicySession(bundle)


@cache
def _client(bundle: Path, base_url: str) -> httpx.Client:
    return PolicyClient(
        base_url=base_url,
        verify=_context(bundle),
        headers={"User-Agent": USER_AGENT},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE),
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        event_hooks={"request": [_refuse_target]},
    )


@cache
def _merged(base: Path, base_stamp: tuple[int, int], extra: Path, extra_stamp: tuple[int, int], var: Path) -> Path:
    """Stamps are only part of the cache's key: a bundle that changed on disk is merged anew."""
    content = base.read_bytes() + b"\n" + extra.read_bytes()
    folder = var / "ca"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.pem"
    if not target.exists():
        handle, draft = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(target)
    return target


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _is_file(name: str) -> bool:
    value = os.environ.get(name, "")
    return bool(value) and Path(value).is_file()


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or 443


def _forget_after_fork() -> None:
    """Connections must not be shared with the parent process."""
    global _lock
    _lock = threading.Lock()
    _session.cache_clear()
    _client.cache_clear()


os.register_at_fork(after_in_child=_forget_after_fork)
