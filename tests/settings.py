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
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "SALESFORCE_LOGIN_URL": "https://localhost:9443",
    "SALESFORCE_CLIENT_ID": "alongside-tests",
    "SALESFORCE_CLIENT_SECRET": "alongside-tests-secret",
    "MICROSOFT_LOGIN_URL": "https://localhost:9444",
    "MICROSOFT_GRAPH_URL": "https://localhost:9445",
    "MICROSOFT_CLIENT_ID": "00000000-0000-4000-8000-00000000a11d",
    "MICROSOFT_CLIENT_SECRET": "alongside-tests-secret",
    "MICROSOFT_CLIENT_IDS": "00000000-0000-4000-8000-000000000051",
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
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, so that the threads of one test see the same rows as they do in production.
    DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{ALONGSIDE_VAR}/test.sqlite3"  # noqa: F405
else:
    DATABASES["default"]["OPTIONS"] = {}  # noqa: F405 - a pool would hold the test database open
