"""The sandbox's process: its certificates, its announcement, its start and its end."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from simple_salesforce.api import Salesforce

from sandbox.authority import ensure_authority, ensure_client_certificate, ensure_key
from sandbox.clock import Clock
from tests.sandbox_process import FREE_PORTS, ROOT, SandboxProcess

SERVICES = (
    "salesforce_login_url",
    "microsoft_login_url",
    "microsoft_graph_url",
    "google_token_url",
    "google_api_url",
    "google_webmail_url",
)


def test_every_service_answers_over_its_own_authority(sandbox: SandboxProcess) -> None:
    for name in SERVICES:
        assert sandbox.http.get(f"{sandbox.info[name]}/nothing-here", timeout=10).status_code in (400, 401, 404)


def test_simple_salesforce_works_unchanged(sandbox: SandboxProcess) -> None:
    tokens = sandbox.salesforce_login("mia")
    session = sandbox.session()
    client: Any = Salesforce(
        instance_url=tokens["instance_url"], session_id=tokens["access_token"], session=session, version="66.0"
    )
    made = client.Contact.create({"LastName": "Simple"})
    assert made["success"] is True
    assert client.query("SELECT COUNT() FROM Contact WHERE LastName = 'Simple'")["totalSize"] == 1
    question = {"method": "GET", "url": f"/services/data/v66.0/sobjects/Contact/{made['id']}", "referenceId": "one"}
    parts = client.restful("composite", method="POST", json={"compositeRequest": [question]})
    assert parts["compositeResponse"][0]["body"]["LastName"] == "Simple"
    assert sandbox.log("salesforce")[-1]["sub_requests"] == [f"GET {question['url']}"]
    assert {row["user"] for row in sandbox.log("salesforce")[-3:]} == {sandbox.user("mia")["email"]}


def test_a_client_that_does_not_know_the_authority_is_turned_away(sandbox: SandboxProcess) -> None:
    stranger = requests.Session()
    stranger.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        stranger.get(sandbox.info["microsoft_login_url"], timeout=10)


def test_the_certificate_passes_the_strictest_checks(sandbox: SandboxProcess) -> None:
    context = ssl.create_default_context(cafile=sandbox.info["ca_file"])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = int(sandbox.info["microsoft_graph_url"].rpartition(":")[2])
    for name in ("localhost", "127.0.0.1"):
        with (
            socket.create_connection(("127.0.0.1", port), 10) as raw,
            context.wrap_socket(raw, server_hostname=name) as wrapped,
        ):
            assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_the_announcement_says_all_that_was_agreed(sandbox: SandboxProcess) -> None:
    assert set(sandbox.info) == {
        "ca_file",
        "salesforce_login_url",
        "microsoft_login_url",
        "microsoft_graph_url",
        "tenant_id",
        "salesforce_org_id",
        "salesforce_client_id",
        "salesforce_client_secret",
        "salesforce_jwt_key_file",
        "microsoft_client_id",
        "microsoft_client_secret",
        "microsoft_cert_key_file",
        "microsoft_cert_file",
        "microsoft_host_client_id",
        "microsoft_scope",
        "google_auth_url",
        "google_token_url",
        "google_revoke_url",
        "google_certs_url",
        "google_issuer",
        "google_api_url",
        "google_webmail_url",
        "browser_arguments",
        "google_client_id",
        "google_client_secret",
        "google_extension_client_id",
        "google_push_service_account",
        "google_pubsub_topic",
        "users",
        "google_accounts_outside",
        "mail_report",
    }
    assert [user["email"].partition(".")[0] for user in sandbox.info["users"]] == [
        "mia",
        "tom",
        "sofia",
        "ines",
        "noor",
        "jonas",
    ]
    assert all(
        set(user) == {"email", "password", "name", "role", "oid", "salesforce_user_id", "suite", "google_sub"}
        for user in sandbox.info["users"]
    )


def test_keys_and_secrets_are_readable_for_their_owner_only(sandbox: SandboxProcess) -> None:
    secret = [path for path in sandbox.state_dir.iterdir() if "key" in path.name or path.suffix == ".json"]
    assert len(secret) >= 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_takes_the_announcement_away(tmp_path: Path, number: signal.Signals) -> None:
    process = SandboxProcess(tmp_path / "state", "--seed", "7")
    before = ensure_authority(process.state_dir).ca_file.read_bytes()
    process.process.send_signal(number)
    assert process.process.wait(10) == 0
    assert not (process.state_dir / "sandbox.json").exists()
    assert [line.partition(":")[0] for line in process.output().splitlines()] == [
        "sandbox salesforce",
        "sandbox microsoft",
        "sandbox graph",
        "sandbox google",
        "sandbox gmail",
        "sandbox webmail",
    ]
    again = SandboxProcess(tmp_path / "state")
    assert Path(again.info["ca_file"]).read_bytes() == before
    assert again.stop() == 0


def test_an_open_connection_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    process = SandboxProcess(tmp_path / "state")
    process.latency(60_000, "graph")
    waiting = process.session()
    with pytest.raises(requests.exceptions.ReadTimeout):
        waiting.get(f"{process.info['microsoft_graph_url']}/v1.0/me", timeout=0.5)
    began = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - began < 8


def ended(state_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A sandbox that cannot start."""
    command = [sys.executable, "-m", "sandbox", "--state-dir", str(state_dir)]
    whole = [*command, *FREE_PORTS, *arguments]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_a_taken_port_is_named_and_ends_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = ended(tmp_path / "state", "--graph-port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert "could not start" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "state" / "sandbox.json").exists()


def test_mail_for_nobody_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    result = ended(tmp_path / "state", "--mail", str(tmp_path), "--mail-user", "nobody@larkfield.example")
    assert result.returncode == 1
    assert result.stderr.strip() == "The sandbox could not start: there is no mailbox nobody@larkfield.example"
    assert ended(tmp_path / "state", "--mail", str(tmp_path / "missing")).returncode == 2


def test_real_mail_takes_the_place_of_the_seeded_and_what_cannot_be_shown_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "good.eml").write_bytes(b"From: a@b.example\r\nTo: c@d.example\r\nSubject: Hello\r\n\r\nHi\r\n")
    (folder / "empty.eml").write_bytes(b"")
    process = SandboxProcess(tmp_path / "state", "--mail", str(folder), "--mail-user", "tom.okafor@larkfield.example")
    try:
        assert any("empty.eml" in line for line in process.info["mail_report"])
        assert not any("good.eml" in line for line in process.info["mail_report"])
    finally:
        process.stop()


def test_the_authority_is_kept_while_it_is_valid(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path)
    contents = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert ensure_authority(tmp_path) == first
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == contents
    assert first.local.spki() != first.webmail.spki()


def test_an_unreadable_authority_is_replaced_with_its_certificate(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path)
    first.ca_file.write_text("broken")
    second = ensure_authority(tmp_path)
    ca = x509.load_pem_x509_certificate(second.ca_file.read_bytes())
    for leaf in (second.local, second.webmail):
        x509.load_pem_x509_certificate(leaf.certificate_file.read_bytes()).verify_directly_issued_by(ca)


def test_a_client_certificate_belongs_to_its_key(tmp_path: Path) -> None:
    key = ensure_key(tmp_path / "one.pem")
    certificate = ensure_client_certificate(tmp_path / "cert.pem", key, "Alongside")
    assert certificate.public_key() == key.public_key()
    other = ensure_key(tmp_path / "other.pem")
    assert ensure_client_certificate(tmp_path / "cert.pem", other, "Alongside").public_key() == other.public_key()


def test_the_clock_moves_forward_only_and_starts_on_the_hour() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= (clock.now() - before).total_seconds() < 3660
    assert (clock.start.minute, clock.start.second, clock.start.microsecond) == (0, 0, 0)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_the_announcement_is_whole_whenever_it_can_be_read(sandbox: SandboxProcess) -> None:
    assert json.loads((sandbox.state_dir / "sandbox.json").read_text()) == sandbox.info
    assert not list(sandbox.state_dir.glob("*.new"))
