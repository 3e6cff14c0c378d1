"""Grants of whole organisations against the sandbox: the key is tried, kept sealed, and reaches what is provisioned."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import jwt
import pytest
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction
from pytest_django import Settings

from accounts import broker, microsoft, salesforce
from accounts.errors import NeedsReconnect, NotConnected, NotProvisioned, ProviderUnavailable
from accounts.models import Connection, Organisation, ProvisionedMailbox, SalesforceOrg, ServiceCredential, System, User
from accounts.services import CannotProvision, connection_for, provision_mailbox, withdraw_mailbox
from sync.providers.tokens import SalesforceSession, TokenSource
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def certificate(key: rsa.RSAPrivateKey, *, days: int = 30) -> str:
    """A self-signed certificate that began 30 days ago and ends in `days`."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alongside")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(days=30)).not_valid_after(now + dt.timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture
def organisation(sandbox_users: dict[str, User]) -> Organisation:
    found = sandbox_users["mia"].organisation
    assert found is not None
    return found


@pytest.fixture
def connect_microsoft(against_sandbox: SandboxProcess, organisation: Organisation) -> Callable[..., str]:
    info = against_sandbox.info

    def connect(**change: Any) -> str:
        given = {
            "organisation": organisation.name,
            "tenant": info["tenant_id"],
            "key": info["microsoft_cert_key_file"],
            "certificate": info["microsoft_cert_file"],
            **change,
        }
        out = StringIO()
        call_command(
            "connect_service", "microsoft", *[f"--{name}={value}" for name, value in given.items()], stdout=out
        )
        return out.getvalue()

    return connect


@pytest.fixture
def connect_salesforce(against_sandbox: SandboxProcess, organisation: Organisation) -> Callable[..., str]:
    info = against_sandbox.info

    def connect(**change: Any) -> str:
        given = {
            "organisation": str(organisation.pk),
            "username": "ines.falk@larkfield.example",
            "key": info["salesforce_jwt_key_file"],
            **change,
        }
        out = StringIO()
        call_command(
            "connect_service", "salesforce", *[f"--{name}={value}" for name, value in given.items()], stdout=out
        )
        return out.getvalue()

    return connect


def graph(sandbox: SandboxProcess, token: str, path: str) -> int:
    address = f"{sandbox.info['microsoft_graph_url']}/v1.0/{path}"
    return sandbox.http.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code


def token_calls(sandbox: SandboxProcess, service: str) -> int:
    return len([row for row in sandbox.log(service) if row["path"].endswith("/token")])


def test_a_certificate_reads_the_mailboxes_that_are_provisioned(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User], connect_microsoft: Callable[..., str]
) -> None:
    assert "works and is stored" in connect_microsoft()
    call_command("provision_mailboxes", "Mia.Keller@larkfield.example", verbosity=0, stdout=StringIO())
    row = Connection.objects.get(user=sandbox_users["mia"], system=System.MICROSOFT)
    assert (row.state, row.kind, row.external_user_id) == ("active", "service", sandbox_users["mia"].microsoft_oid)
    against_sandbox.clear_log()
    tokens: TokenSource = broker.microsoft_tokens(row)
    whose = broker.mailbox_id(row)
    assert graph(against_sandbox, tokens.token(), f"users/{whose}/messages?$top=1") == 200
    assert token_calls(against_sandbox, "microsoft") == 0  # the token that tried the certificate is still good


def test_a_mailbox_that_is_not_provisioned_is_refused_before_any_call(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User], connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    row = provision_mailbox(sandbox_users["mia"], System.MICROSOFT)
    tokens = broker.microsoft_tokens(row)
    stale = tokens.token()
    Connection.objects.filter(pk=row.pk).update(external_user_id=sandbox_users["tom"].microsoft_oid)
    forged = Connection.objects.get(pk=row.pk)
    against_sandbox.clear_log()
    for refused in (lambda: broker.microsoft_tokens(forged), lambda: broker.mailbox_id(forged)):
        with pytest.raises(NotProvisioned):
            refused()
    ProvisionedMailbox.objects.all().delete()
    with pytest.raises(NotProvisioned):
        tokens.renew(stale)
    assert against_sandbox.log() == []


def test_a_provisioned_mailbox_of_another_organisation_opens_nothing_here(
    sandbox_users: dict[str, User], rita: User, connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    row = provision_mailbox(rita, System.MICROSOFT)
    with pytest.raises(NotConnected):  # their organisation has no credential of its own
        broker.microsoft_tokens(row)
    mias = provision_mailbox(sandbox_users["mia"], System.MICROSOFT)
    ProvisionedMailbox.objects.filter(user=sandbox_users["mia"]).update(organisation=rita.organisation)
    with pytest.raises(NotProvisioned):
        broker.microsoft_tokens(mias)


def test_signing_in_leaves_a_provisioned_mailbox_as_it_is(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User], connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    row = provision_mailbox(sandbox_users["mia"], System.MICROSOFT)
    mia = sandbox_users["mia"]
    identity = microsoft.Identity(mia.microsoft_tenant_id, mia.microsoft_oid, mia.name, mia.email)
    against_sandbox.clear_log()
    assert broker.accept_assertion(mia, identity, "any").kind == "service"
    assert against_sandbox.log() == []
    withdraw_mailbox(mia, System.MICROSOFT)
    row.refresh_from_db()
    assert row.state == "disconnected"
    assertion = against_sandbox.microsoft_login("mia")["access_token"]
    again = broker.accept_assertion(mia, identity, assertion)
    assert (again.kind, again.state) == ("delegated", "active")


def test_provisioning_forgets_what_the_person_gave_and_can_be_done_again(
    sandbox_users: dict[str, User],
) -> None:
    mia, tom = sandbox_users["mia"], sandbox_users["tom"]
    row = connection_for(mia, System.MICROSOFT)
    row.state, row.access_token, row.token_cache = Connection.State.ACTIVE, "access", "cache"
    row.save()
    first = provision_mailbox(mia, System.MICROSOFT)
    again = provision_mailbox(mia, System.MICROSOFT)
    assert (first.pk, again.connected_at) == (row.pk, first.connected_at)
    row.refresh_from_db()
    assert not row.access_token
    assert not row.token_cache
    assert ProvisionedMailbox.objects.count() == 1
    with pytest.raises(CannotProvision, match="another user"):
        provision_mailbox(tom, System.MICROSOFT, external_id=mia.microsoft_oid)
    with pytest.raises(CannotProvision, match="Google"):
        provision_mailbox(mia, System.GOOGLE)
    User.objects.filter(pk=tom.pk).update(microsoft_oid="")
    tom.refresh_from_db()
    with pytest.raises(CannotProvision, match="no Microsoft identity"):
        provision_mailbox(tom, System.MICROSOFT)


def test_a_list_with_one_wrong_address_provisions_nobody(sandbox_users: dict[str, User]) -> None:
    with pytest.raises(CommandError, match="no user's address"):
        call_command("provision_mailboxes", "mia.keller@larkfield.example", "nobody@larkfield.example")
    assert not ProvisionedMailbox.objects.exists()
    call_command("provision_mailboxes", "mia.keller@larkfield.example", stdout=StringIO())
    call_command("provision_mailboxes", "mia.keller@larkfield.example", "--withdraw", stdout=StringIO())
    assert not ProvisionedMailbox.objects.exists()
    assert Connection.objects.get().state == "disconnected"


def test_twenty_threads_with_an_expired_service_token_make_one_call(
    against_sandbox: SandboxProcess, organisation: Organisation, connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    ServiceCredential.objects.update(access_expires_at="2020-01-01T00:00:00Z")
    against_sandbox.clear_log()
    against_sandbox.latency(100, "microsoft")
    together = threading.Barrier(20)

    def take(_: int) -> str:
        try:
            tokens = broker.service_tokens(ServiceCredential.objects.get())
            together.wait(30)
            return tokens.token()
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(take, range(20)))) == 1
    assert token_calls(against_sandbox, "microsoft") == 1
    row = ServiceCredential.objects.get()
    assert (row.renewal_claim, row.token_number) == (None, 2)


def test_a_certificate_that_is_no_longer_taken_stops_at_once_and_is_mended_by_the_command(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User], connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    row = provision_mailbox(sandbox_users["mia"], System.MICROSOFT)
    tokens = broker.microsoft_tokens(row)
    ServiceCredential.objects.update(client_id="00000000-0000-4000-8000-000000000bad")
    with pytest.raises(NeedsReconnect):
        tokens.renew(tokens.token())
    against_sandbox.clear_log()
    with pytest.raises(NeedsReconnect):
        broker.microsoft_tokens(row)
    assert against_sandbox.log() == []
    connect_microsoft()
    assert broker.microsoft_tokens(row).token()
    assert ServiceCredential.objects.count() == 1


def test_microsoft_not_answering_changes_nothing(
    against_sandbox: SandboxProcess, organisation: Organisation, connect_microsoft: Callable[..., str]
) -> None:
    connect_microsoft()
    tokens = broker.service_tokens(ServiceCredential.objects.get())
    first = tokens.token()
    against_sandbox.fault(service="microsoft", kind="error", status=503, path="/oauth2/v2.0/token")
    with pytest.raises(ProviderUnavailable):
        tokens.renew(first)
    row = ServiceCredential.objects.get()
    assert (row.state, row.renewal_claim) == ("active", None)
    assert tokens.renew(first) != first


def test_a_service_token_is_not_renewed_inside_a_transaction(connect_microsoft: Callable[..., str]) -> None:
    connect_microsoft()
    tokens = broker.service_tokens(ServiceCredential.objects.get())
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        tokens.renew(tokens.token())


def test_nothing_of_a_key_is_readable_in_the_database(connect_microsoft: Callable[..., str]) -> None:
    connect_microsoft()
    with database.cursor() as cursor:
        cursor.execute("SELECT secret, access_token FROM accounts_servicecredential")
        secret, token = (bytes(column) for column in cursor.fetchone())
    assert b"PRIVATE KEY" not in secret
    assert not token.startswith(b"ey")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"organisation": "Nobody"}, "0 organisations"),
        ({"tenant": "bbbbbbbb-0000-4000-8000-00000000000b"}, "not one of the organisation's"),
        ({"key": "/nowhere.pem"}, "cannot be read"),
        ({"client-id": "00000000-0000-4000-8000-000000000bad"}, "does not take this certificate"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_stored(
    connect_microsoft: Callable[..., str], change: dict[str, str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        connect_microsoft(**change)
    assert not ServiceCredential.objects.exists()


@pytest.mark.parametrize(
    ("key", "of_certificate", "words"),
    [
        (pem(KEY), "no certificate", "holds no certificate"),
        ("no key", certificate(KEY), "holds no private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), certificate(KEY), "RSA key"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), certificate(KEY), "another key"),
        (pem(KEY), certificate(KEY, days=-1), "has expired"),
        (pem(KEY), certificate(KEY), "does not take this certificate"),
    ],
)
def test_a_key_and_a_certificate_have_to_fit(
    connect_microsoft: Callable[..., str], tmp_path: Path, key: str, of_certificate: str, words: str
) -> None:
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "certificate.pem").write_text(of_certificate)
    with pytest.raises(CommandError, match=words):
        connect_microsoft(key=tmp_path / "key.pem", certificate=tmp_path / "certificate.pem")
    assert not ServiceCredential.objects.exists()


def test_the_integration_user_has_a_session_of_its_own(
    against_sandbox: SandboxProcess, organisation: Organisation, connect_salesforce: Callable[..., str]
) -> None:
    assert broker.integration_session(organisation) is None
    connect_salesforce()
    session = broker.integration_session(organisation)
    assert session is not None
    same: SalesforceSession = session
    person = against_sandbox.user("ines")
    assert (same.org_id, same.user_id) == (against_sandbox.info["salesforce_org_id"], person["salesforce_user_id"])
    assert same.instance_url == against_sandbox.info["salesforce_login_url"]

    def limits(token: str) -> int:
        address = f"{same.instance_url}/services/data/v66.0/limits"
        return against_sandbox.http.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code

    first = same.token()
    assert limits(first) == 200
    assert same.renew(first) != first
    assert limits(same.token()) == 200
    assert SalesforceOrg.objects.get().org_id == same.org_id


def test_connecting_the_integration_user_again_keeps_one_row(
    organisation: Organisation, connect_salesforce: Callable[..., str]
) -> None:
    connect_salesforce()
    connect_salesforce(username="mia.keller@larkfield.example")
    row = ServiceCredential.objects.get()
    assert (row.subject, row.token_number) == ("mia.keller@larkfield.example", 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "stranger@larkfield.example"}, "does not let this user in"),
        ({"client-id": "another"}, "does not let this user in"),
    ],
)
def test_an_integration_user_who_is_not_approved_is_not_stored(
    connect_salesforce: Callable[..., str], change: dict[str, str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        connect_salesforce(**change)
    assert not ServiceCredential.objects.exists()


def test_an_integration_user_that_is_no_longer_approved_stops_at_once(
    against_sandbox: SandboxProcess, organisation: Organisation, connect_salesforce: Callable[..., str]
) -> None:
    connect_salesforce()
    session = broker.integration_session(organisation)
    assert session is not None
    ServiceCredential.objects.update(subject="stranger@larkfield.example")
    with pytest.raises(NeedsReconnect):
        session.renew(session.token())
    against_sandbox.clear_log()
    with pytest.raises(NeedsReconnect):
        broker.integration_session(organisation)
    assert against_sandbox.log() == []


def test_another_user_than_the_one_stored_is_not_adopted(
    organisation: Organisation, connect_salesforce: Callable[..., str]
) -> None:
    connect_salesforce()
    session = broker.integration_session(organisation)
    assert session is not None
    ServiceCredential.objects.update(subject="tom.okafor@larkfield.example")
    with pytest.raises(NeedsReconnect):
        session.renew(session.token())


def test_another_organisation_has_no_integration_user(rita: User, connect_salesforce: Callable[..., str]) -> None:
    connect_salesforce()
    assert rita.organisation is not None
    assert broker.integration_session(rita.organisation) is None


def test_an_assertion_says_who_for_whom_and_for_no_longer_than_three_minutes(settings: Settings) -> None:
    settings.ALONGSIDE_SANDBOX = False
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"
    answer = {
        "access_token": "a",
        "instance_url": "https://larkfield.my.salesforce.com",
        "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
    }
    with responses.RequestsMock() as mock:
        mock.post("https://login.salesforce.com/services/oauth2/token", json=answer)
        grant = salesforce.by_assertion(pem(KEY), "client", "bot@larkfield.example")
        form = dict(part.split("=") for part in str(mock.calls[0].request.body).split("&"))
    assert (grant.org_id, grant.user_id) == ("00D000000000001EAA", "005000000000001AAA")
    assert set(form) == {"grant_type", "assertion"}
    claims = jwt.decode(form["assertion"], KEY.public_key(), ["RS256"], audience="https://login.salesforce.com")
    assert (claims["iss"], claims["sub"]) == ("client", "bot@larkfield.example")
    assert 0 < claims["exp"] - dt.datetime.now(dt.UTC).timestamp() <= 180
