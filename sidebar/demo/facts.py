"""What the sandbox wrote about itself into sandbox.json."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from pydantic import BaseModel, ConfigDict


class Person(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    email: str
    password: str
    name: str
    role: str
    oid: str = ""
    suite: str = "microsoft"

    @property
    def key(self) -> str:
        """What names the person in the demo's addresses."""
        return self.email.partition("@")[0]


class Sandbox(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    salesforce_login_url: str
    microsoft_login_url: str
    microsoft_graph_url: str
    tenant_id: str
    microsoft_client_id: str
    microsoft_host_client_id: str
    microsoft_scope: str
    google_auth_url: str
    google_token_url: str
    google_api_url: str
    google_client_id: str
    google_client_secret: str
    users: tuple[Person, ...]
    mail_report: tuple[str | dict[str, object], ...] = ()

    def person(self, key: str) -> Person | None:
        return next((person for person in self.users if person.key == key), None)


def sandbox() -> Sandbox:
    """The running sandbox; read again when the file changes. Raises OSError where there is none."""
    path = Path(settings.ALONGSIDE_SANDBOX_INFO)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> Sandbox:
    return Sandbox.model_validate_json(path.read_text(encoding="utf-8"))
