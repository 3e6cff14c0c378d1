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
GOOGLE_CALLBACK = "http://localhost:8000/connect/google/callback/"
SERVICES = ("salesforce", "microsoft", "graph", "google", "gmail", "webmail")
FREE_PORTS = tuple(word for name in SERVICES for word in (f"--{name}-port", "0"))
GMAIL_MODIFY = "https://www.googleapis.com/auth/gmail.modify"
_TIMEOUT = 180


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
        command = [sys.executable, "-m", "sandbox", "--state-dir", str(state_dir), *FREE_PORTS, *arguments]
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

    def reset(self, seed: int = 1, **extra: int) -> None:
        """The first day again: no token, fault, limit, latency or logged call remains. ``microsoft=9`` and
        ``google=9`` are so many more reps with empty mailboxes."""
        self._control("POST", "reset", {"seed": seed, "extra": extra} if extra else {"seed": seed})
        self.info = json.loads((self.state_dir / "sandbox.json").read_text())

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

    def send_mail(self, name: str, mime: str) -> dict[str, Any]:
        """A person sends: a copy in their sent mail, and one with everybody of the company that it is addressed to."""
        sent: dict[str, Any] = self._control(
            "POST", "mail/send", {"user": self.user(name)["email"], "mime": mime}
        ).json()
        return sent

    def move_mail(self, name: str, identifier: str, to: str) -> dict[str, Any]:
        """Into another folder or under another label; the ids that it has then."""
        order = {"user": self.user(name)["email"], "id": identifier, "to": to}
        moved: dict[str, Any] = self._control("POST", "mail/move", order).json()
        return moved

    def delete_mail(self, name: str, identifier: str) -> None:
        self._control("POST", "mail/delete", {"user": self.user(name)["email"], "id": identifier})

    def mark_mail(self, name: str, identifier: str, mark: str, on: bool = True) -> None:
        """Set or take away a category or a label."""
        order = {"user": self.user(name)["email"], "id": identifier, "name": mark, "on": on}
        self._control("POST", "mail/mark", order)

    def fill_mail(self, name: str, count: int, **order: Any) -> dict[str, Any]:
        """Many small messages at once, see ``POST /_sandbox/mail/fill``."""
        filled: dict[str, Any] = self._control(
            "POST", "mail/fill", {"user": self.user(name)["email"], "count": count, **order}
        ).json()
        return filled

    def mail_of(self, name: str) -> list[dict[str, Any]]:
        """Everything in a person's mailbox: ids, Message-IDs, folder or labels."""
        rows: list[dict[str, Any]] = self._control("GET", f"mail?user={self.user(name)['email']}").json()["value"]
        return rows

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

    def google_answer(
        self,
        name: str = "noor",
        *,
        scope: str = f"openid email profile {GMAIL_MODIFY}",
        untick: tuple[str, ...] = (),
        **query: str,
    ) -> tuple[dict[str, str], str]:
        """Sign in and consent to all scopes but those of ``untick``; what came back, and the verifier."""
        verifier, challenge = verifier_and_challenge()
        asked = {
            "response_type": "code",
            "client_id": self.info["google_client_id"],
            "redirect_uri": GOOGLE_CALLBACK,
            "scope": scope,
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": "s",
            **query,
        }
        user = self.user(name)
        address = self.info["google_auth_url"]
        with self.session() as browser:
            form = {"username": user["email"], "password": user["password"]}
            page = browser.post(address, params=asked, data=form, allow_redirects=False, timeout=_TIMEOUT)
            ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
            if ticket is not None:
                boxes = re.findall(r'type="checkbox" name="([^"]+)"', page.text)
                form = {box: "on" for box in boxes if box not in untick}
                form |= {"ticket": ticket[1], "decision": "allow"}
                page = browser.post(address, params=asked, data=form, allow_redirects=False, timeout=_TIMEOUT)
        if "location" not in page.headers:
            raise AssertionError(page.text)
        return answer_of(page.headers["location"]), verifier

    def google_token(self, **form: str) -> requests.Response:
        """A call of Google's token endpoint with the client's credentials."""
        credentials = {
            "client_id": self.info["google_client_id"],
            "client_secret": self.info["google_client_secret"],
        }
        return self.http.post(self.info["google_token_url"], data={**credentials, **form}, timeout=_TIMEOUT)

    def google_sign_in(self, name: str = "noor", **how: Any) -> dict[str, Any]:
        """The token answer for a person who walked the consent page, see ``google_answer``."""
        answer, verifier = self.google_answer(name, **how)
        tokens: dict[str, Any] = self.google_token(
            grant_type="authorization_code",
            code=answer["code"],
            redirect_uri=how.get("redirect_uri", GOOGLE_CALLBACK),
            code_verifier=verifier,
        ).json()
        return tokens

    def subscribe(self, **order: Any) -> dict[str, Any]:
        """Set the push subscription of Gmail's topic, see ``POST /_sandbox/pubsub``; its state and the deliveries."""
        state: dict[str, Any] = self._control("POST", "pubsub", order).json()
        return state

    def pubsub(self) -> dict[str, Any]:
        """The subscription, the watches and what was published."""
        state: dict[str, Any] = self._control("GET", "pubsub").json()
        return state

    def rotate_google_keys(self, *, at_once: bool = False) -> None:
        """The next key signs; ``at_once`` one that nobody has seen, and no earlier one is published any longer."""
        self._control("POST", "google/rotate-keys", {"at_once": at_once})

    def order_id_token(self, **order: Any) -> None:
        """The next ID token of a sign-in is wrong in what is said here and in nothing else, see ``IdTokenOrder``."""
        self._control("POST", "google/id-tokens", order)

    def clear_id_token_orders(self) -> None:
        self._control("DELETE", "google/id-tokens")

    def google_policy(self, **policy: Any) -> None:
        """Whom Google lets the applications sign in, see ``POST /_sandbox/google/policy``."""
        self._control("POST", "google/policy", policy)

    def google_session(self, *addresses: str) -> dict[str, str]:
        """Signs accounts in without a page, in this order; name and value of the cookie that a browser would have."""
        cookie: dict[str, str] = self._control("POST", "google/session", {"users": list(addresses)}).json()
        return cookie

    def withdraw_google_consent(self, name: str = "noor") -> None:
        """The person takes the application's access away in their account."""
        self._control("POST", "google/withdraw", {"user": self.user(name)["email"]})

    def ask_google_consent_again(self, name: str = "noor") -> None:
        """The next page asks the person as if they had never used the application; its grants stay."""
        self._control("POST", "google/ask-again", {"user": self.user(name)["email"]})

    def expire_gmail_history(self, name: str | None = None) -> None:
        """History ids of a person's mailbox, or of all, answer 404 from now on."""
        self._control("POST", "google/expire-history", {} if name is None else {"user": self.user(name)["email"]})

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
