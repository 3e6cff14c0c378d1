"""The adapters against the sandbox, over real HTTPS, signed in as the sandbox's people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from sync.providers.salesforce.client import SalesforceClient
from tests.sandbox_process import HOST_CALLBACK, SandboxProcess

GRAPH_SCOPE = "openid offline_access User.Read Mail.ReadWrite"


class SandboxTokens:
    """A person's tokens in the sandbox, renewed with the refresh token they came with."""

    def __init__(self, sandbox: SandboxProcess, name: str) -> None:
        self.sandbox, self.name = sandbox, name
        self.renewals = 0
        self.given = self.login()

    def login(self) -> dict[str, str]:
        raise AssertionError("a kind of token says how")

    def refresh(self) -> dict[str, str]:
        raise AssertionError("a kind of token says how")

    def token(self) -> str:
        return self.given["access_token"]

    def renew(self, rejected: str) -> str:
        assert rejected == self.given["access_token"]
        self.renewals += 1
        self.given = {**self.given, **self.refresh()}
        return self.given["access_token"]


class SandboxSalesforce(SandboxTokens):
    def login(self) -> dict[str, str]:
        return self.sandbox.salesforce_login(self.name)

    def refresh(self) -> dict[str, str]:
        answer = self.sandbox.salesforce_token(grant_type="refresh_token", refresh_token=self.given["refresh_token"])
        given: dict[str, str] = answer.json()
        return given

    @property
    def instance_url(self) -> str:
        return self.given["instance_url"]

    @property
    def org_id(self) -> str:
        return str(self.sandbox.info["salesforce_org_id"])

    @property
    def user_id(self) -> str:
        return str(self.sandbox.user(self.name)["salesforce_user_id"])


class SandboxMicrosoft(SandboxTokens):
    def login(self) -> dict[str, str]:
        return self.sandbox.microsoft_login(self.name, scope=GRAPH_SCOPE)

    def refresh(self) -> dict[str, str]:
        answer = self.sandbox.microsoft_token(
            grant_type="refresh_token",
            client_id=self.sandbox.info["microsoft_host_client_id"],
            refresh_token=self.given["refresh_token"],
            scope=GRAPH_SCOPE,
            redirect_uri=HOST_CALLBACK,
        )
        given: dict[str, str] = answer.json()
        return given


@pytest.fixture
def real(sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    """The sandbox on its first day, trusted by the product's HTTP policy."""
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_CA_FILE = sandbox.info["ca_file"]
    settings.MICROSOFT_GRAPH_URL = sandbox.info["microsoft_graph_url"]
    folders.forget()
    return sandbox


@pytest.fixture
def salesforce(real: SandboxProcess) -> Callable[[str], SalesforceClient]:
    def client(name: str = "mia") -> SalesforceClient:
        return SalesforceClient(SandboxSalesforce(real, name))

    return client


@pytest.fixture
def mailbox(real: SandboxProcess) -> Callable[[str], GraphMailbox]:
    def open_mailbox(name: str = "mia") -> GraphMailbox:
        return GraphMailbox(SandboxMicrosoft(real, name))

    return open_mailbox
