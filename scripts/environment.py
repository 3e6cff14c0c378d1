"""The environments in which the product is started: beside a sandbox (demo, tests, benchmarks), and as in production.

Only names and values are made here; `config.settings` is the one place that reads them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Settings of the person's own shell that would change what is started.
FOREIGN = ("DJANGO_SETTINGS_MODULE", "GUNICORN_CMD_ARGS", "PYTHONWARNINGS", "DEBUG")

# What a sandbox reports before one has run: enough for `./dev manage` in a new clone.
NO_SANDBOX: dict[str, Any] = {
    "ca_file": "",
    "salesforce_login_url": "https://localhost:9443",
    "salesforce_client_id": "",
    "salesforce_client_secret": "",
    "microsoft_login_url": "https://localhost:9444",
    "microsoft_graph_url": "https://localhost:9445",
    "microsoft_client_id": "",
    "microsoft_client_secret": "",
    "microsoft_host_client_id": "",
    "google_auth_url": "https://localhost:9446/o/oauth2/v2/auth",
    "google_token_url": "https://localhost:9446/token",
    "google_revoke_url": "https://localhost:9446/revoke",
    "google_certs_url": "https://localhost:9446/oauth2/v3/certs",
    "google_api_url": "https://localhost:9447",
    "google_client_id": "",
    "google_client_secret": "",
    "google_pubsub_topic": "",
    "google_push_service_account": "",
}
# Settings that stand in sandbox.json under the same name in lower case.
_GOOGLE = (
    "GOOGLE_AUTH_URL",
    "GOOGLE_TOKEN_URL",
    "GOOGLE_REVOKE_URL",
    "GOOGLE_CERTS_URL",
    "GOOGLE_API_URL",
    "GOOGLE_CLIENT_ID",
    "GOOGLE_CLIENT_SECRET",
    "GOOGLE_PUBSUB_TOPIC",
    "GOOGLE_PUSH_SERVICE_ACCOUNT",
)


def sandbox_environment(info: Mapping[str, Any], var: Path, port: int) -> dict[str, str]:
    """The settings of a product that listens on 127.0.0.1:`port` and talks to a sandbox.

    `info` is what the sandbox wrote into sandbox.json; `var` is the folder of this one installation: its database, its
    keys (made once, see `keys`) and, in `var/sandbox`, the sandbox's own state.
    """
    address = f"http://127.0.0.1:{port}"
    return {
        **keys(var),
        "DATABASE_URL": "sqlite:///" + quote(str(var / "alongside.sqlite3")),
        "BROKER_URL": "",
        "CACHE_URL": "",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "ALONGSIDE_PUBLIC_URL": address,
        "ALONGSIDE_VAR": str(var),
        "ALONGSIDE_EMBEDDED_WORKER": "1",
        "ALONGSIDE_SANDBOX": "1",
        "ALONGSIDE_SANDBOX_INFO": str(var / "sandbox" / "sandbox.json"),
        "ALONGSIDE_CA_FILE": info["ca_file"],
        "SALESFORCE_LOGIN_URL": info["salesforce_login_url"],
        # The demo hands the sandbox's sign-in pages on, so that the browser meets no certificate it does not know.
        "SALESFORCE_AUTHORIZE_URL": f"{address}/demo/salesforce/services/oauth2/authorize",
        "SALESFORCE_CLIENT_ID": info["salesforce_client_id"],
        "SALESFORCE_CLIENT_SECRET": info["salesforce_client_secret"],
        "MICROSOFT_LOGIN_URL": info["microsoft_login_url"],
        "MICROSOFT_AUTHORIZE_URL": f"{address}/demo/microsoft",
        "MICROSOFT_GRAPH_URL": info["microsoft_graph_url"],
        "MICROSOFT_CLIENT_ID": info["microsoft_client_id"],
        "MICROSOFT_CLIENT_SECRET": info["microsoft_client_secret"],
        "MICROSOFT_SCOPE": "access_as_user",
        "MICROSOFT_CLIENT_IDS": info["microsoft_host_client_id"],
        "OFFICE_JS_URL": "/static/demo/office.js",
        **{name: info[name.lower()] for name in _GOOGLE},
    }


def production_environment() -> dict[str, str]:
    """Settings as an operator would set them, for `manage.py check --deploy`; its keys exist for this call only."""
    return {
        **_new_keys(),
        "DATABASE_URL": "postgres://alongside@database.example/alongside",
        "BROKER_URL": "amqp://broker.example",
        "CACHE_URL": "redis://cache.example/0",
        "ALLOWED_HOSTS": "alongside.example",
        "ALONGSIDE_PUBLIC_URL": "https://alongside.example",
        "ALONGSIDE_SANDBOX": "",
        "ALONGSIDE_CA_FILE": "",
        "SALESFORCE_CLIENT_ID": "salesforce-client",
        "SALESFORCE_CLIENT_SECRET": secrets.token_urlsafe(16),
        "MICROSOFT_CLIENT_ID": "00000000-0000-4000-8000-000000000000",
        "MICROSOFT_CLIENT_SECRET": secrets.token_urlsafe(16),
    }


def keys(var: Path) -> dict[str, str]:
    """SECRET_KEY and ALONGSIDE_KEYS of an installation: made on the first call, in a file that only its owner reads."""
    file = var / "keys.json"
    if not file.is_file():
        var.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"keys.json.{os.getpid()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(_new_keys(), stream)
        unfinished.replace(file)
    stored: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return stored


def over_shell(settings: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process: the person's own, without what is foreign to it, and `settings` over it."""
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**own, **settings}


def _new_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALONGSIDE_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }
