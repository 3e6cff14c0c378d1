"""The settings as an operator meets them: what is missing or wrong is said by its name, and no secret is repeated.

Each is read in a process of its own, because settings are read once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.environment import production_environment

NEEDED = ("SECRET_KEY", "ALONGSIDE_KEYS", "ALONGSIDE_PUBLIC_URL")
SANDBOX = {"ALONGSIDE_SANDBOX": "1"}
READ = """
import json
from django.core.exceptions import ImproperlyConfigured
try:
    from config import settings
except ImproperlyConfigured as error:
    print(json.dumps({"error": str(error)}))
else:
    names = json.loads(input())
    print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


def read(changes: dict[str, str], *names: str, without: tuple[str, ...] = ()) -> dict[str, object]:
    """The named settings, or `error`, in production's environment with `changes` and without some of it."""
    environment = {**production_environment(), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **changes}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", READ],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if name not in without},
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_all_that_is_missing_is_named_at_once() -> None:
    error = str(read({}, without=NEEDED)["error"])
    assert all(name in error for name in NEEDED)
    assert "docs/operating.md" in error


@pytest.mark.parametrize("name", NEEDED)
def test_an_empty_value_is_missing(name: str) -> None:
    assert read({name: ""})["error"] == read({}, without=(name,))["error"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALONGSIDE_KEYS", "k1:c2hvcnQ=", "entry 1 must read"),
        ("ALONGSIDE_KEYS", " , ", "holds no key"),
        ("ALONGSIDE_PUBLIC_URL", "http://alongside.example", "must begin with https://"),
        ("ALONGSIDE_PUBLIC_URL", "http://localhost:8000", "must begin with https://"),
        ("ALONGSIDE_PUBLIC_URL", "https://:443", "names no host"),
        ("DATABASE_URL", "swordfish", "must begin with postgres://"),
        ("DATABASE_URL", "mysql://u:swordfish@database.example/a", "must begin with postgres://"),
        ("DATABASE_POOL", "many", "whole number"),
        ("DATABASE_POOL", "0", "whole number from 1 on"),
        ("CACHE_URL", "memcached://:swordfish@cache.example", "must begin with redis://"),
        ("BROKER_URL", "kafka://:swordfish@broker.example", "must begin with redis://"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO"),
        ("ALONGSIDE_SANDBOX", "perhaps", "must be 1 or 0"),
        ("ALONGSIDE_BEHIND_PROXY", "nginx", "must be 1 or 0"),
        ("ALONGSIDE_EMBEDDED_WORKER", "2", "must be 1 or 0"),
        ("ALONGSIDE_CA_FILE", "/ca.pem", "only with ALONGSIDE_SANDBOX=1"),
        ("OFFICE_JS_URL", "http://office.example/office.js", "must begin with https://"),
        ("SALESFORCE_LOGIN_URL", "http://login.salesforce.com", "must begin with https://"),
        ("SALESFORCE_LOGIN_URL", "https://localhost:9443", "points at this machine"),
        ("SALESFORCE_AUTHORIZE_URL", "https://localhost:9443/authorize", "points at this machine"),
        ("MICROSOFT_LOGIN_URL", "https://", "name a host"),
        ("MICROSOFT_LOGIN_URL", "https://127.0.0.2", "points at this machine"),
        ("MICROSOFT_AUTHORIZE_URL", "https://127.0.0.1/demo", "points at this machine"),
        ("OUTLOOK_ADDIN_ID", "alongside", "must be a GUID"),
        ("CHROME_EXTENSION_IDS", "alongside", "32 letters"),
        ("MICROSOFT_GRAPH_URL", "https://[::ffff:127.0.0.1]", "points at this machine"),
        ("MICROSOFT_GRAPH_URL", "https://0.0.0.0", "points at this machine"),
        ("GOOGLE_AUTH_URL", "http://accounts.google.com/o/oauth2/v2/auth", "must begin with https://"),
        ("GOOGLE_AUTH_URL", "https://localhost:9446/o/oauth2/v2/auth", "points at this machine"),
        ("GOOGLE_TOKEN_URL", "https://localhost:9446/token", "points at this machine"),
        ("GOOGLE_REVOKE_URL", "http://oauth2.googleapis.com/revoke", "must begin with https://"),
        ("GOOGLE_CERTS_URL", "https://127.0.0.1:9446/certs", "points at this machine"),
        ("GOOGLE_API_URL", "https://localhost:9447", "points at this machine"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str, words: str) -> None:
    error = str(read({name: value}).get("error"))
    assert error.startswith(name)
    assert words in error
    assert "swordfish" not in error


def test_what_is_not_set_is_as_production_needs_it(tmp_path: Path) -> None:
    names = (
        "DEBUG",
        "ALONGSIDE_SANDBOX",
        "ALLOWED_HOSTS",
        "SECURE_SSL_REDIRECT",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_HSTS_SECONDS",
        "SALESFORCE_LOGIN_URL",
        "MICROSOFT_LOGIN_URL",
        "MICROSOFT_GRAPH_URL",
        "GOOGLE_AUTH_URL",
        "GOOGLE_TOKEN_URL",
        "GOOGLE_REVOKE_URL",
        "GOOGLE_CERTS_URL",
        "GOOGLE_API_URL",
        "GOOGLE_PUSH_AUDIENCE",
        "LOG_LEVEL",
    )
    foreign = tuple(name for name in production_environment() if name not in NEEDED)
    found = read({"ALONGSIDE_PUBLIC_URL": "https://alongside.example:8443"}, *names, without=foreign)
    assert found == {
        "DEBUG": False,
        "ALONGSIDE_SANDBOX": False,
        "ALLOWED_HOSTS": ["alongside.example"],
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SALESFORCE_LOGIN_URL": "https://login.salesforce.com",
        "MICROSOFT_LOGIN_URL": "https://login.microsoftonline.com",
        "MICROSOFT_GRAPH_URL": "https://graph.microsoft.com",
        "GOOGLE_AUTH_URL": "https://accounts.google.com/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
        "GOOGLE_REVOKE_URL": "https://oauth2.googleapis.com/revoke",
        "GOOGLE_CERTS_URL": "https://www.googleapis.com/oauth2/v3/certs",
        "GOOGLE_API_URL": "https://gmail.googleapis.com",
        "GOOGLE_PUSH_AUDIENCE": "https://alongside.example:8443/webhooks/gmail/",
        "LOG_LEVEL": "INFO",
    }


def test_without_a_database_address_sqlite_lies_in_the_installations_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    found = read({"DATABASE_URL": "", "ALONGSIDE_VAR": str(folder)}, "DATABASES")["DATABASES"]
    assert isinstance(found, dict)
    assert found["default"]["NAME"] == str(folder / "alongside.sqlite3")


def test_this_machine_is_taken_beside_a_sandbox() -> None:
    local = {"ALONGSIDE_PUBLIC_URL": "http://127.0.0.1:8000", "SALESFORCE_LOGIN_URL": "https://localhost:9443"}
    found = read({**SANDBOX, **local, "ALLOWED_HOSTS": ""}, "SALESFORCE_LOGIN_URL", "ALLOWED_HOSTS")
    assert found == {"SALESFORCE_LOGIN_URL": "https://localhost:9443", "ALLOWED_HOSTS": ["127.0.0.1"]}


def test_an_address_of_numbers_keeps_its_brackets() -> None:
    found = read({"ALONGSIDE_PUBLIC_URL": "https://[2001:db8::1]:8443", "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS")
    assert found == {"ALLOWED_HOSTS": ["[2001:db8::1]"]}


def test_the_deployment_check_is_clean_in_production_and_speaks_of_a_weak_key() -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = {**production_environment(), "PATH": "/usr/bin:/bin"}
    clean = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (clean.returncode, clean.stdout.strip()) == (0, "System check identified no issues (0 silenced).")
    weak = {**environment, "SECRET_KEY": "short"}
    told = subprocess.run(command, cwd=ROOT, env=weak, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "SECRET_KEY" in told.stderr


def test_a_broker_without_a_shared_cache_is_an_error_of_the_check() -> None:
    command = [sys.executable, "manage.py", "check"]
    environment = {**production_environment(), "PATH": "/usr/bin:/bin", "CACHE_URL": ""}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "alongside.E001" in told.stderr
    alone = {**environment, "BROKER_URL": ""}
    assert subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, check=False).returncode == 0


def test_schedulers_agree_through_the_shared_cache() -> None:
    assert read({"CACHE_URL": "redis://cache.example/3"}, "DRAMATIQ_CRONTAB") == {
        "DRAMATIQ_CRONTAB": {"REDIS_URL": "redis://cache.example/3"}
    }
    assert read({"CACHE_URL": ""}, "DRAMATIQ_CRONTAB") == {"DRAMATIQ_CRONTAB": {"REDIS_URL": None}}
