"""Standing people: Mia and Tom of one organisation with its administrator Ines, and Rita of a rival one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from accounts import crypto, google, microsoft, signing_in
from accounts.models import Connection, Organisation, SalesforceOrg, System, User
from accounts.services import connection_for, create_organisation, create_user
from tests.accounts.google import AUDIENCE, AUTH, CERTS, CLIENT, PUSHER, REVOKE, TOKEN, Google
from tests.accounts.people import RIVAL_TENANT, TENANT, Bearer
from tests.sandbox_process import SandboxProcess


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    """What the process keeps in memory belongs to one test."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    crypto.forget_keys()
    microsoft.signing_keys.forget()
    google.signing_keys.forget()


@pytest.fixture
def larkfield(db: None) -> Organisation:
    return create_organisation("Larkfield Instruments", tenant_ids=[TENANT], domains=["larkfield.example"])


@pytest.fixture
def mia(larkfield: Organisation) -> User:
    return create_user(
        larkfield,
        email="mia.keller@larkfield.example",
        name="Mia Keller",
        tenant_id=TENANT,
        oid=f"{'1' * 8}-0000-4000-8000-{'1' * 12}",
    )


@pytest.fixture
def tom(larkfield: Organisation) -> User:
    return create_user(
        larkfield,
        email="tom.okafor@larkfield.example",
        name="Tom Okafor",
        tenant_id=TENANT,
        oid=f"{'2' * 8}-0000-4000-8000-{'2' * 12}",
    )


@pytest.fixture
def rita(db: None) -> User:
    rival = create_organisation("Rival", tenant_ids=[RIVAL_TENANT], domains=["rival.example"])
    return create_user(
        rival,
        email="rita@rival.example",
        name="Rita",
        tenant_id=RIVAL_TENANT,
        oid=f"{'3' * 8}-0000-4000-8000-{'3' * 12}",
    )


@pytest.fixture
def signed_in() -> Callable[[User], Bearer]:
    """A client of a user with a session."""

    def make(user: User) -> Bearer:
        token, actor = signing_in.begin_session(user, client="outlook")
        return Bearer(Client(headers={"Authorization": f"Bearer {token}"}), token, actor)

    return make


@pytest.fixture
def salesforce_of() -> Callable[..., Connection]:
    """An active Salesforce connection of a user, with the tokens given."""

    def make(user: User, *, access: str = "access-1", refresh: str = "refresh-1", **fields: Any) -> Connection:
        connection = connection_for(user, System.SALESFORCE)
        org_id = fields.pop("org_id", "00D000000000001EAA")
        url = fields.get("instance_url", "https://larkfield.my.salesforce.com")
        connection.salesforce_org, _ = SalesforceOrg.objects.get_or_create(
            organisation=connection.organisation, org_id=org_id, defaults={"instance_url": url}
        )
        connection.state = Connection.State.ACTIVE
        connection.instance_url = url
        connection.external_user_id = fields.get("external_user_id", "005000000000001AAA")
        connection.external_username = fields.get("external_username", user.email)
        connection.access_token, connection.refresh_token = access, refresh
        connection.save()
        return connection

    return make


@pytest.fixture
def at_google(settings: Settings) -> Iterator[Google]:
    """Google itself, outside the sandbox."""
    _ = get_resolver().url_patterns  # read with the settings that the process began with
    settings.ALONGSIDE_SANDBOX = False
    settings.ALONGSIDE_PUBLIC_URL = "https://alongside.example"
    settings.GOOGLE_AUTH_URL = AUTH
    settings.GOOGLE_TOKEN_URL = TOKEN
    settings.GOOGLE_REVOKE_URL = REVOKE
    settings.GOOGLE_CERTS_URL = CERTS
    settings.GOOGLE_CLIENT_ID = CLIENT
    settings.GOOGLE_CLIENT_SECRET = "google-secret"
    settings.GOOGLE_PUSH_AUDIENCE = AUDIENCE
    settings.GOOGLE_PUSH_SERVICE_ACCOUNT = PUSHER
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Google(mock)


@pytest.fixture
def against_sandbox(sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    """The product's settings pointed at the sandbox, as `./dev demo` points them."""
    info = sandbox.info
    settings.ALONGSIDE_CA_FILE = info["ca_file"]
    settings.SALESFORCE_LOGIN_URL = info["salesforce_login_url"]
    settings.SALESFORCE_AUTHORIZE_URL = f"{info['salesforce_login_url']}/services/oauth2/authorize"
    settings.SALESFORCE_CLIENT_ID = info["salesforce_client_id"]
    settings.SALESFORCE_CLIENT_SECRET = info["salesforce_client_secret"]
    settings.MICROSOFT_LOGIN_URL = info["microsoft_login_url"]
    settings.MICROSOFT_AUTHORIZE_URL = info["microsoft_login_url"]
    settings.MICROSOFT_GRAPH_URL = info["microsoft_graph_url"]
    settings.MICROSOFT_CLIENT_ID = info["microsoft_client_id"]
    settings.MICROSOFT_CLIENT_SECRET = info["microsoft_client_secret"]
    settings.MICROSOFT_CLIENT_IDS = [info["microsoft_host_client_id"]]
    settings.MICROSOFT_SCOPE = info["microsoft_scope"]
    for name in ("AUTH_URL", "TOKEN_URL", "REVOKE_URL", "CERTS_URL", "API_URL", "CLIENT_ID", "CLIENT_SECRET"):
        setattr(settings, f"GOOGLE_{name}", info[f"google_{name.lower()}"])
    return sandbox


@pytest.fixture
def sandbox_users(against_sandbox: SandboxProcess, db: None) -> dict[str, User]:
    """The sandbox's people as users of ours, by first name."""
    tenant_id = against_sandbox.info["tenant_id"]
    organisation = create_organisation("Larkfield Instruments", tenant_ids=[tenant_id], domains=["larkfield.example"])
    return {
        person["email"].partition(".")[0]: create_user(
            organisation,
            email=person["email"],
            name=person["name"],
            tenant_id=tenant_id,
            oid=person["oid"],
            administrator=person["role"] == "administrator",
        )
        for person in against_sandbox.info["users"]
    }
