"""The world of one sandbox process: clock, company, org, tenant, the tokens that were handed out, faults and log.

A reset builds everything anew from the seed number; addresses, client ids, secrets and keys stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.limits import Limits
from sandbox.microsoft.identity import Identity
from sandbox.microsoft.tenant import Tenant
from sandbox.registration import Registration
from sandbox.salesforce.store import Org
from sandbox.salesforce.tokens import Tokens
from sandbox.seed.company import build_company


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three services answer, without a trailing slash."""

    salesforce: str
    microsoft: str
    graph: str


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
    ) -> None:
        self.addresses = addresses
        self.registration = registration
        self.clock = Clock()
        self._base_latency = latency_ms
        self._mail = mail
        self._build(seed)

    def reset(self, seed: int) -> None:
        """Everything as on the first day of ``seed``: no token, fault, logged call or written record remains."""
        self.clock.restart()
        self._build(seed)

    def _build(self, seed: int) -> None:
        self.seed = seed
        self.latency_ms = {"": self._base_latency}
        self.company = build_company(seed)
        self.limits = Limits(self.clock)
        self.log = CallLog(self.clock)
        self.faults = FaultBook(seed)
        self.tokens = Tokens(self.clock, self.company.salesforce_org_id)
        self.org = Org(self.company, self.clock, self.limits.salesforce)
        self.org.instance_url = self.addresses.salesforce
        self.identity = Identity(
            self.company, self.clock, self.registration, self.addresses.microsoft, self.addresses.graph
        )
        self.tenant = Tenant(self.company, self.clock, seed)
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
            "users": [
                {
                    "email": user.email,
                    "password": user.password,
                    "name": user.name,
                    "role": user.role,
                    "oid": user.oid,
                    "salesforce_user_id": user.salesforce_user_id,
                }
                for user in self.company.users
            ],
            "mail_report": self.mail_report,
        }
