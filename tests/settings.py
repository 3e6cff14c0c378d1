"""The product's own settings with an environment for tests. What the caller sets (DATABASE_URL, CACHE_URL …) stands."""

from __future__ import annotations

import atexit
import base64
import os
import shutil
import tempfile

_DEFAULTS = {
    "SECRET_KEY": "tests-only-" + "k" * 50,
    "ALONGSIDE_KEYS": "test:" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
    "ALONGSIDE_PUBLIC_URL": "http://localhost:8000",
    "ALONGSIDE_SANDBOX": "1",
    "ALONGSIDE_EMBEDDED_WORKER": "0",
    "ALONGSIDE_STAFF_SECOND_FACTOR": "0",  # most tests of the desk sign in with a password alone
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "SALESFORCE_LOGIN_URL": "https://localhost:9443",
    "SALESFORCE_CLIENT_ID": "alongside-tests",
    "SALESFORCE_CLIENT_SECRET": "alongside-tests-secret",
    "MICROSOFT_LOGIN_URL": "https://localhost:9444",
    "MICROSOFT_GRAPH_URL": "https://localhost:9445",
    "MICROSOFT_CLIENT_ID": "00000000-0000-4000-8000-00000000a11d",
    "MICROSOFT_CLIENT_SECRET": "alongside-tests-secret",
    "MICROSOFT_CLIENT_IDS": "00000000-0000-4000-8000-000000000051",
    "GOOGLE_AUTH_URL": "https://localhost:9446/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "https://localhost:9446/token",
    "GOOGLE_REVOKE_URL": "https://localhost:9446/revoke",
    "GOOGLE_CERTS_URL": "https://localhost:9446/oauth2/v3/certs",
    "GOOGLE_API_URL": "https://localhost:9447",
    "GOOGLE_CLIENT_ID": "alongside-tests.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": "alongside-tests-secret",
    "GOOGLE_PUBSUB_TOPIC": "projects/alongside-tests/topics/gmail",
    "GOOGLE_PUSH_SERVICE_ACCOUNT": "push@alongside-tests.iam.gserviceaccount.com",
    "OFFICE_JS_URL": "/static/demo/office.js",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)
if "ALONGSIDE_VAR" not in os.environ:
    # Processes that a test starts find the same folder; whoever made it takes it away.
    os.environ["ALONGSIDE_VAR"] = tempfile.mkdtemp(prefix="alongside-tests-")
    atexit.register(shutil.rmtree, os.environ["ALONGSIDE_VAR"], ignore_errors=True)

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
if CACHE_URL and _WORKER:  # noqa: F405
    # Processes that test side by side empty their cache, each its own: the next database but one (the next is the
    # queue's where CI runs).
    _server, _, _number = CACHE_URL.rpartition("/")  # noqa: F405
    CACHES["default"]["LOCATION"] = f"{_server}/{int(_number or 0) + _WORKER + 1}"  # noqa: F405
    # Schedulers meet there as well: emptying it takes their lock away.
    DRAMATIQ_CRONTAB["REDIS_URL"] = CACHES["default"]["LOCATION"]  # noqa: F405
if BROKER_URL.startswith("redis"):  # noqa: F405
    # And each has messages of its own: a worker that one starts must not take another's.
    DRAMATIQ_BROKER["OPTIONS"]["namespace"] = f"alongside-tests-{_WORKER}"  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, so that the threads of one test see the same rows as they do in production.
    DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{ALONGSIDE_VAR}/test.sqlite3"  # noqa: F405
else:
    DATABASES["default"]["OPTIONS"] = {}  # noqa: F405 - a pool would hold the test database open
    # Tests make and empty tables, as their owner. Those of the policies take the role (`application_role`).
    DATABASES["default"]["ROLE"] = ""  # noqa: F405

# Each test client is a server of its own and would first read about all static files: half of a request's time.
WHITENOISE_AUTOREFRESH = True
