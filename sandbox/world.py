"""The world of one sandbox process: clock, company, org, tenant, the tokens that were handed out, faults and log.

A reset builds everything anew from the seed number; addresses, client ids, secrets and keys stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.google.accounts import AUTH_PATH, CERTS_PATH, REVOKE_PATH, TOKEN_PATH, Accounts
from sandbox.google.issuing import ISSUER
from sandbox.google.people import outside_accounts
from sandbox.google.pubsub import PubSub
from sandbox.google.workspace import Workspace
from sandbox.limits import Limits
from sandbox.microsoft.identity import Identity
from sandbox.microsoft.tenant import Tenant
from sandbox.registration import Registration
from sandbox.salesforce.growth import grow
from sandbox.salesforce.store import Org
from sandbox.salesforce.tokens import Tokens
from sandbox.seed.company import Suite, build_company
from sandbox.seed.growth import Growth


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services answer, without a trailing slash."""

    salesforce: str
    microsoft: str
    graph: str
    google: str
    gmail: str
    webmail: str


@dataclass(frozen=True, slots=True)
class RealMail:
    """Messages from disk that take the place of one user's seeded mail."""

    path: Path
    address: str


class World:
    """The state that the services answer from. ``latency_ms`` is added to each call of a service; ``""`` means all.

    Raises ``ValueError`` for real mail that is meant for nobody's mailbox.
    """

    def __init__(
        self,
        seed: int,
        addresses: Addresses,
        registration: Registration,
        mail: RealMail | None = None,
        latency_ms: int = 0,
        extra: Mapping[Suite, int] | None = None,
        growth: Growth | None = None,
    ) -> None:
        self.addresses = addresses
        self.registration = registration
        self.clock = Clock()
        self._base_latency = latency_ms
        self._mail = mail
        self.extra = dict(extra or {})
        self.growth = growth or Growth()
        self._build(seed)

    def reset(self, seed: int, extra: Mapping[Suite, int] | None = None) -> None:
        """Everything as on the first day of ``seed``: no token, fault, logged call or written record remains.

        ``extra`` is how many more users each suite has; without it as many as at the start.
        """
        self.clock.restart()
        self.pubsub.close()
        self._build(seed, extra)

    def _build(self, seed: int, extra: Mapping[Suite, int] | None = None) -> None:
        self.seed = seed
        self.latency_ms = {"": self._base_latency}
        self.company = build_company(seed, extra=self.extra if extra is None else extra)
        self.limits = Limits(self.clock)
        self.log = CallLog(self.clock)
        self.faults = FaultBook(seed)
        self.tokens = Tokens(self.clock, self.company.salesforce_org_id)
        self.org = Org(self.company, self.clock, self.limits.salesforce)
        self.org.instance_url = self.addresses.salesforce
        grow(self.org, self.growth)
        self.identity = Identity(
            self.company, self.clock, self.registration, self.addresses.microsoft, self.addresses.graph
        )
        self.tenant = Tenant(self.company, self.clock, seed)
        self.accounts = Accounts(
            self.company, self.clock, self.registration, self.addresses.google, self.addresses.webmail
        )
        self.pubsub = PubSub(self.clock, self.accounts.signer, seed)
        topic = self.registration.google_pubsub_topic
        self.workspace = Workspace(self.company, self.clock, seed, self.pubsub, topic)
        self.mail_report: list[str] = []
        if self._mail is not None:
            if self.tenant.user(self._mail.address) is None:
                raise ValueError(f"there is no mailbox {self._mail.address}")
            self.mail_report = self.tenant.load(self._mail.address, self._mail.path)

    def description(self, ca_file: Path) -> dict[str, Any]:
        """What ``sandbox.json`` tells whoever wants to use this process."""
        known = self.registration
        return {
            "ca_file": str(ca_file),
            "salesforce_login_url": self.addresses.salesforce,
            "microsoft_login_url": self.addresses.microsoft,
            "microsoft_graph_url": self.addresses.graph,
            "tenant_id": self.company.tenant_id,
            "salesforce_org_id": self.company.salesforce_org_id,
            "salesforce_client_id": known.salesforce_client_id,
            "salesforce_client_secret": known.salesforce_client_secret,
            "salesforce_jwt_key_file": str(known.salesforce_jwt_key_file),
            "microsoft_client_id": known.microsoft_client_id,
            "microsoft_client_secret": known.microsoft_client_secret,
            "microsoft_cert_key_file": str(known.microsoft_cert_key_file),
            "microsoft_cert_file": str(known.microsoft_cert_file),
            "microsoft_host_client_id": known.microsoft_host_client_id,
            "microsoft_scope": f"api://{known.microsoft_client_id}/access_as_user",
            **self._google_description(),
            "users": [
                {
                    "email": user.email,
                    "password": user.password,
                    "name": user.name,
                    "role": user.role,
                    "oid": user.oid,
                    "salesforce_user_id": user.salesforce_user_id,
                    "suite": user.suite,
                    "google_sub": user.google_sub if user.suite == "google" else "",
                }
                for user in self.company.users
            ],
            "google_accounts_outside": [
                {"email": user.email, "name": user.name, "google_sub": user.google_sub, "is_verified": user.is_verified}
                for user in outside_accounts()
            ],
            "mail_report": self.mail_report,
        }

    def _google_description(self) -> dict[str, str]:
        known, accounts = self.registration, self.addresses.google
        return {
            "google_auth_url": accounts + AUTH_PATH,
            "google_token_url": accounts + TOKEN_PATH,
            "google_revoke_url": accounts + REVOKE_PATH,
            "google_certs_url": accounts + CERTS_PATH,
            "google_issuer": ISSUER,
            "google_api_url": self.addresses.gmail,
            "google_webmail_url": self.addresses.webmail,
            "google_client_id": known.google_client_id,
            "google_client_secret": known.google_client_secret,
            "google_extension_client_id": known.google_extension_client_id,
            "google_push_service_account": known.google_push_service_account,
            "google_pubsub_topic": known.google_pubsub_topic,
        }
