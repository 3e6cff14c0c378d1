"""A sandbox process for tests: started on free ports, asked through its control routes, signed in to as people do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

ROOT = Path(__file__).resolve().parent.parent
SALESFORCE_CALLBACK = "http://localhost:8000/connect/salesforce/callback/"
MICROSOFT_CALLBACK = "http://localhost:8000/connect/microsoft/callback/"
HOST_CALLBACK = "http://localhost"
_TIMEOUT = 30


def verifier_and_challenge() -> tuple[str, str]:
    """A fresh PKCE verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def answer_of(address: str) -> dict[str, str]:
    """The parameters of an address to which a browser was sent back, of its query or its fragment."""
    parts = urlsplit(address)
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


class SandboxProcess:
    """``info`` is the content of ``sandbox.json``."""

    def __init__(self, state_dir: Path, *arguments: str) -> None:
        self.state_dir = state_dir
        ports = ("--salesforce-port", "0", "--microsoft-port", "0", "--graph-port", "0")
        command = [sys.executable, "-m", "sandbox", "--state-dir", str(state_dir), *ports, *arguments]
        self._log_file = (state_dir.parent / f"{state_dir.name}.log").open("w+b")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self._log_file, stderr=self._log_file)
        self.info: dict[str, Any] = self._announced()
        self.http = self.session()

    def _announced(self) -> dict[str, Any]:
        announcement = self.state_dir / "sandbox.json"
        deadline = time.monotonic() + _TIMEOUT
        while not announcement.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"The sandbox did not start:\n{self.output()}")
            time.sleep(0.02)
        info: dict[str, Any] = json.loads(announcement.read_text())
        return info

    def output(self) -> str:
        """What the process has printed so far."""
        self._log_file.flush()
        return Path(self._log_file.name).read_text()

    def stop(self) -> int:
        """End the process as a supervisor does; its exit status."""
        self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.http.close()
            self._log_file.close()
        return status

    def session(self) -> requests.Session:
        """A session that trusts the sandbox's authority and nothing of the environment."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.info["ca_file"]
        return session

    def log(self, service: str = "", since: int = 0) -> list[dict[str, Any]]:
        """The calls that were received, oldest first."""
        rows: list[dict[str, Any]] = self._control("GET", f"log?service={service}&since={since}").json()
        return rows

    def clear_log(self) -> None:
        self._control("DELETE", "log")

    def fault(self, **fault: Any) -> None:
        """Ask for a fault, e.g. ``fault(service="graph", kind="throttle", retry_after=7)``."""
        self._control("POST", "faults", fault)

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def reset(self, seed: int = 1) -> None:
        """The first day again: no token, fault, limit, latency or logged call remains."""
        self._control("POST", "reset", {"seed": seed})

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        self._control("POST", "clock", {"advance_seconds": seconds})

    def latency(self, ms: int, service: str | None = None) -> None:
        self._control("POST", "latency", {"ms": ms} if service is None else {"ms": ms, "service": service})

    def limits(self, **limits: int) -> dict[str, int]:
        """Change and read the services' limits."""
        now: dict[str, int] = self._control("POST", "limits", limits).json()
        return now

    def change_org(self, **change: Any) -> None:
        """Change the Salesforce org's setup, see ``POST /_sandbox/org``."""
        self._control("POST", "org", change)

    def deliver(self, name: str, mime: str, folder: str = "inbox") -> dict[str, Any]:
        """Let a message arrive in a person's mailbox; its ids."""
        order = {"user": self.user(name)["email"], "folder": folder, "mime": mime}
        delivered: dict[str, Any] = self._control("POST", "mail", order).json()
        return delivered

    def token(self, **order: Any) -> str:
        """A token signed to order, see ``POST /_sandbox/tokens``."""
        token: str = self._control("POST", "tokens", order).json()["token"]
        return token

    def user(self, name: str) -> dict[str, Any]:
        """The person whose address begins with ``name``."""
        found: dict[str, Any] = next(user for user in self.info["users"] if user["email"].startswith(name))
        return found

    def salesforce_code(
        self, name: str = "mia", redirect_uri: str = SALESFORCE_CALLBACK, **query: str
    ) -> tuple[str, str]:
        """Sign in and allow; the code and the verifier."""
        verifier, challenge = verifier_and_challenge()
        asked = {
            "response_type": "code",
            "client_id": self.info["salesforce_client_id"],
            "redirect_uri": redirect_uri,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": "s",
            **query,
        }
        user = self.user(name)
        address = f"{self.info['salesforce_login_url']}/services/oauth2/authorize"
        with self.session() as browser:
            form = {"username": user["email"], "password": user["password"]}
            page = browser.post(address, params=asked, data=form, timeout=_TIMEOUT)
            ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
            if ticket is None:
                raise AssertionError(page.text)
            form = {"ticket": ticket[1], "decision": "allow"}
            sent = browser.post(address, params=asked, data=form, allow_redirects=False, timeout=_TIMEOUT)
        return answer_of(sent.headers["location"])["code"], verifier

    def salesforce_token(self, **form: str) -> requests.Response:
        """A call of Salesforce's token endpoint with the client's credentials."""
        credentials = {
            "client_id": self.info["salesforce_client_id"],
            "client_secret": self.info["salesforce_client_secret"],
        }
        address = f"{self.info['salesforce_login_url']}/services/oauth2/token"
        return self.http.post(address, data={**credentials, **form}, timeout=_TIMEOUT)

    def salesforce_login(self, name: str = "mia") -> dict[str, Any]:
        """The token answer of the whole web-server flow for a person."""
        code, verifier = self.salesforce_code(name)
        answer = self.salesforce_token(
            grant_type="authorization_code", code=code, redirect_uri=SALESFORCE_CALLBACK, code_verifier=verifier
        )
        tokens: dict[str, Any] = answer.json()
        return tokens

    def microsoft_code(
        self, name: str = "mia", *, scope: str = "", host: bool = True, redirect_uri: str = "", **query: str
    ) -> tuple[str, str]:
        """Sign in; the code and the verifier. ``host`` is Outlook's public client, else our own application."""
        verifier, challenge = verifier_and_challenge()
        asked = {
            "response_type": "code",
            "client_id": self.info["microsoft_host_client_id" if host else "microsoft_client_id"],
            "redirect_uri": redirect_uri or (HOST_CALLBACK if host else MICROSOFT_CALLBACK),
            "scope": scope or f"{self.info['microsoft_scope']} openid profile offline_access",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **query,
        }
        user = self.user(name)
        sent = self.http.post(
            f"{self.authority}/oauth2/v2.0/authorize",
            params=asked,
            data={"username": user["email"], "password": user["password"]},
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
        return answer_of(sent.headers["location"])["code"], verifier

    def microsoft_token(self, **form: str) -> requests.Response:
        """A call of the tenant's token endpoint, as the form says."""
        return self.http.post(f"{self.authority}/oauth2/v2.0/token", data=form, timeout=_TIMEOUT)

    def microsoft_login(self, name: str = "mia", *, scope: str = "") -> dict[str, Any]:
        """The token answer for a person in Outlook's public client; by default for our API's scope."""
        code, verifier = self.microsoft_code(name, scope=scope)
        answer = self.microsoft_token(
            grant_type="authorization_code",
            client_id=self.info["microsoft_host_client_id"],
            code=code,
            redirect_uri=HOST_CALLBACK,
            code_verifier=verifier,
        )
        tokens: dict[str, Any] = answer.json()
        return tokens

    @property
    def authority(self) -> str:
        """The tenant's address, as MSAL takes it."""
        return f"{self.info['microsoft_login_url']}/{self.info['tenant_id']}"

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        address = f"{self.info['salesforce_login_url']}/_sandbox/{path}"
        answer = self.http.request(method, address, json=body, timeout=_TIMEOUT)
        if not answer.ok:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer
