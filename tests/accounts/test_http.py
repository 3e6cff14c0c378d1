"""The one HTTP policy: whom it trusts, whom it calls, what it keeps."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
import requests
import responses
import structlog
from pytest_django import Settings

from accounts.google_http import google_http
from accounts.http import (
    CONNECT_SECONDS,
    READ_SECONDS,
    PolicySession,
    TargetRefused,
    ca_bundle,
    check_target,
    httpx_client,
    is_loopback,
    requests_session,
    same_origin,
)
from tests.sandbox_process import SandboxProcess

URL = "https://larkfield.my.salesforce.com/services/data/"


@pytest.fixture
def without_machine_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def extra_authority(tmp_path: Path, settings: Settings) -> Path:
    file = tmp_path / "extra.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\nextra\n-----END CERTIFICATE-----\n")
    settings.ALONGSIDE_CA_FILE = str(file)
    settings.ALONGSIDE_VAR = tmp_path / "var"
    settings.ALONGSIDE_SANDBOX = True
    return file


@pytest.mark.usefixtures("without_machine_bundle")
def test_the_bundle_is_certifis_where_the_machine_names_none(settings: Settings) -> None:
    settings.ALONGSIDE_CA_FILE = ""
    assert ca_bundle() == Path(certifi.where())


def test_the_bundle_is_the_machines_where_it_names_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.ALONGSIDE_CA_FILE = ""
    own = tmp_path / "own.pem"
    own.write_text("own")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own))
    assert ca_bundle() == own


@pytest.mark.usefixtures("without_machine_bundle")
def test_the_sandboxs_authority_is_merged_into_one_file(extra_authority: Path) -> None:
    merged = ca_bundle()
    assert merged.read_bytes().startswith(Path(certifi.where()).read_bytes())
    assert extra_authority.read_bytes() in merged.read_bytes()
    assert ca_bundle() == merged

    extra_authority.write_text("another authority, made anew")
    assert ca_bundle() != merged


@pytest.mark.usefixtures("without_machine_bundle", "extra_authority")
def test_an_extra_authority_counts_in_the_sandbox_only(settings: Settings) -> None:
    settings.ALONGSIDE_SANDBOX = False
    assert ca_bundle() == Path(certifi.where())


def test_the_machines_variables_do_not_replace_the_bundle_of_a_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = requests_session()
    assert isinstance(session, PolicySession)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    merged: dict[str, Any] = session.merge_environment_settings(URL, {}, None, False, None)
    assert merged["verify"] == str(session.bundle)


def test_proxies_of_the_environment_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "internal.example")
    session = requests_session()
    assert session.merge_environment_settings(URL, {}, None, None, None)["proxies"]["https"].endswith(":3128")
    inside = session.merge_environment_settings("https://internal.example/", {}, None, None, None)
    assert "https" not in inside["proxies"]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - named, not bound
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("graph.microsoft.com", False),
    ],
)
def test_loopback_is_told_without_asking_the_name_service(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("url", ["http://example.com/", "ftp://example.com/", "https:///path", "example.com"])
def test_only_https_is_called(url: str) -> None:
    with pytest.raises(TargetRefused):
        check_target(url)


def test_this_machine_is_called_in_the_sandbox_only(settings: Settings) -> None:
    settings.ALONGSIDE_SANDBOX = True
    check_target("https://localhost:9443/")
    settings.ALONGSIDE_SANDBOX = False
    for call in (
        lambda: requests_session().get("https://localhost:1/"),
        lambda: httpx_client().get("https://127.0.0.1:1/"),
    ):
        with pytest.raises(TargetRefused):
            call()


def test_plain_http_is_refused_by_both_clients() -> None:
    with pytest.raises((TargetRefused, requests.exceptions.InvalidSchema)):
        requests_session().get("http://example.com/")
    with pytest.raises(TargetRefused):
        httpx_client().get("http://example.com/")


@responses.activate
def test_every_call_has_time_limits_and_our_name() -> None:
    responses.get(URL, json=[])
    requests_session().get(URL)
    sent = responses.calls[0].request
    assert sent.req_kwargs["timeout"] == (CONNECT_SECONDS, READ_SECONDS)  # type: ignore[attr-defined]
    assert str(sent.headers["User-Agent"]).startswith("Alongside/")
    assert httpx_client().timeout == httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


@responses.activate
def test_a_shared_session_keeps_no_cookie_of_anybody() -> None:
    responses.get(URL, json=[], headers={"Set-Cookie": "sid=someone; Path=/; Secure"})
    requests_session().get(URL)
    requests_session().get(URL)
    assert "Cookie" not in responses.calls[1].request.headers
    assert not list(requests_session().cookies)


def test_netrc_does_not_replace_the_authorization_header(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine larkfield.my.salesforce.com login eve password secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    request = requests.Request("GET", URL, headers={"Authorization": "Bearer ours"})
    assert requests_session().prepare_request(request).headers["Authorization"] == "Bearer ours"


@responses.activate
def test_a_redirect_is_followed_on_the_same_origin_only() -> None:
    responses.get(URL, status=302, headers={"Location": URL + "v66.0/"})
    responses.get(URL + "v66.0/", json={"ok": True})
    assert requests_session().get(URL).json() == {"ok": True}

    responses.get(URL + "away", status=302, headers={"Location": "https://elsewhere.example/"})
    assert requests_session().get(URL + "away").status_code == 302
    responses.post(URL + "post", status=307, headers={"Location": URL})
    assert requests_session().post(URL + "post").status_code == 307


def test_the_clients_of_a_process_are_shared() -> None:
    assert requests_session() is requests_session()
    assert httpx_client(base_url="https://graph.microsoft.com") is httpx_client(base_url="https://graph.microsoft.com")


def test_both_clients_check_certificates_and_host_names() -> None:
    session = requests_session()
    assert isinstance(session, PolicySession)
    request = session.prepare_request(requests.Request("GET", URL))
    adapter = session.get_adapter(URL)
    _, tls = adapter.build_connection_pool_key_attributes(request, False)  # type: ignore[attr-defined]
    assert tls["cert_reqs"] == "CERT_REQUIRED"
    assert tls["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert tls["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("https://a.example/x", "https://a.example:443/y", True),
        ("https://A.example", "https://a.example", True),
        ("https://a.example", "https://a.example:444", False),
        ("https://a.example", "https://a.example.evil.example", False),
        ("https://a.example", "https://a.example@evil.example/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(first: str, second: str, same: bool) -> None:
    assert same_origin(first, second) is same


def test_a_server_that_we_do_not_trust_is_told_to_the_log(sandbox_process: SandboxProcess, settings: Settings) -> None:
    """The sandbox, whose authority is not ours here."""
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_CA_FILE = ""
    url = f"{sandbox_process.info['salesforce_login_url']}/planted-path"
    with structlog.testing.capture_logs() as events:
        with pytest.raises(requests.exceptions.SSLError):
            requests_session().get(url)
        with pytest.raises(httpx.ConnectError):
            httpx_client().get(url)
        with pytest.raises(ssl.SSLError):
            google_http().request(url)
    assert events == [{"event": "tls.failed", "host": "localhost", "log_level": "error"}] * 3
    with structlog.testing.capture_logs() as events, pytest.raises(httpx.ConnectError):
        httpx_client().get("https://localhost:1/")  # nobody is there, which is another matter
    assert events == []
