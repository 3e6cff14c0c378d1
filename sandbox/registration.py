"""The applications that are registered with the sandbox's services, with their secrets and keys.

Client ids are the same everywhere. Secrets and keys are drawn once for each state directory and kept there.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.authority import ensure_client_certificate, ensure_key, write_private
from sandbox.signing import SigningKey

SALESFORCE_CLIENT_ID = "3MVG9sandboxAlongside0000000000000000000000000000000000000000000000000000000000000001"
MICROSOFT_CLIENT_ID = "6f1c2b0a-8d4e-4c57-9f3b-a10de0515a1d"
MICROSOFT_HOST_CLIENT_ID = "b7d3f5c2-1e6a-4b90-8c4d-0a7f00c0ffee"
GOOGLE_CLIENT_ID = "418302957164-al0ngs1de0web000000000000000000w.apps.googleusercontent.com"
GOOGLE_EXTENSION_CLIENT_ID = "418302957164-al0ngs1de0extension00000000000e.apps.googleusercontent.com"
GOOGLE_PUSH_SERVICE_ACCOUNT = "gmail-push@alongside-sandbox.iam.gserviceaccount.com"
GOOGLE_PUBSUB_TOPIC = "projects/alongside-sandbox/topics/gmail"


@dataclass(frozen=True, slots=True)
class Registration:
    """What an administrator would have copied out of the services' setup pages, and the services' own keys."""

    salesforce_client_id: str
    salesforce_client_secret: str
    salesforce_jwt_key_file: Path
    salesforce_jwt_public_key: rsa.RSAPublicKey
    salesforce_key: SigningKey
    microsoft_client_id: str
    microsoft_client_secret: str
    microsoft_cert_key_file: Path
    microsoft_cert_file: Path
    microsoft_certificate: x509.Certificate
    microsoft_host_client_id: str
    microsoft_key: SigningKey
    microsoft_next_key: SigningKey
    google_client_id: str
    google_client_secret: str
    google_extension_client_id: str
    google_push_service_account: str
    google_pubsub_topic: str
    google_key: SigningKey
    google_next_key: SigningKey
    foreign_key: SigningKey
    redirect_uris: tuple[str, ...] = ()

    def allows_redirect(self, redirect_uri: str, path: str) -> bool:
        """Whether ``redirect_uri`` is registered: one given at the start, or a loopback address, on any port, whose
        path ends with ``path``. Fragments, user names and queries are never registered."""
        if redirect_uri in self.redirect_uris:
            return True
        parts = urlsplit(redirect_uri)
        return (
            parts.scheme in ("http", "https")
            and parts.hostname in ("localhost", "127.0.0.1")
            and "@" not in parts.netloc
            and not parts.query
            and not parts.fragment
            and "#" not in redirect_uri
            and ".." not in parts.path
            and parts.path.endswith(path)
        )


def register(directory: Path, redirect_uris: tuple[str, ...] = ()) -> Registration:
    """The applications with the secrets and keys of ``directory``; what is missing there is made."""
    passwords = _passwords(directory / "clients.json")
    jwt_key_file = directory / "salesforce-jwt-key.pem"
    cert_key_file = directory / "microsoft-client-key.pem"
    cert_file = directory / "microsoft-client.pem"
    return Registration(
        salesforce_client_id=SALESFORCE_CLIENT_ID,
        salesforce_client_secret=passwords["salesforce"],
        salesforce_jwt_key_file=jwt_key_file,
        salesforce_jwt_public_key=ensure_key(jwt_key_file).public_key(),
        salesforce_key=SigningKey(ensure_key(directory / "salesforce-signing-key.pem")),
        microsoft_client_id=MICROSOFT_CLIENT_ID,
        microsoft_client_secret=passwords["microsoft"],
        microsoft_cert_key_file=cert_key_file,
        microsoft_cert_file=cert_file,
        microsoft_certificate=ensure_client_certificate(cert_file, ensure_key(cert_key_file), "Alongside"),
        microsoft_host_client_id=MICROSOFT_HOST_CLIENT_ID,
        microsoft_key=SigningKey(ensure_key(directory / "microsoft-signing-key.pem")),
        microsoft_next_key=SigningKey(ensure_key(directory / "microsoft-next-signing-key.pem")),
        google_client_id=GOOGLE_CLIENT_ID,
        google_client_secret=passwords["google"],
        google_extension_client_id=GOOGLE_EXTENSION_CLIENT_ID,
        google_push_service_account=GOOGLE_PUSH_SERVICE_ACCOUNT,
        google_pubsub_topic=GOOGLE_PUBSUB_TOPIC,
        google_key=SigningKey(ensure_key(directory / "google-signing-key.pem")),
        google_next_key=SigningKey(ensure_key(directory / "google-next-signing-key.pem")),
        foreign_key=SigningKey(ensure_key(directory / "foreign-signing-key.pem")),
        redirect_uris=redirect_uris,
    )


def _passwords(path: Path) -> dict[str, str]:
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "salesforce": secrets.token_hex(32).upper(),
        "microsoft": secrets.token_urlsafe(30),
        "google": f"GOCSPX-{secrets.token_urlsafe(21)}",
    } | stored
    if made != stored:
        write_private(path, json.dumps(made).encode())
    return made
