"""Signing in from the browser extension: from its own window to a Google ID token that only its service worker gets.

    extension   authorize(state, challenge, nonce) ──► Google's sign-in (our state, our PKCE) ──► returned
    its window       ◄── https://<extension's id>.chromiumapp.org/signed-in?code&state ──────────────┘
    service worker   redeem(code, verifier) ──► Google's token endpoint ──► ID token, with the extension's nonce

We are Google's confidential client: the extension holds no secret. What Google gave is kept only sealed with the
one-time code, whose hash alone is stored, and is traded for a token only by who brings the verifier too.
https://developer.chrome.com/docs/extensions/reference/api/identity#method-launchWebAuthFlow
https://datatracker.ietf.org/doc/html/rfc7636
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import google
from accounts.crypto import NONCE_BYTES
from accounts.models import ExtensionSignIn
from accounts.onetime import challenge_of, digest, new_secret

MINUTES: Final = 10
SIGNED_IN_PATH: Final = "signed-in"
#: Where the dialog that connects a system ends (`accounts.views`).
CONNECTED_PATH: Final = "connected"
#: Who it is, and nothing else: the mailbox is connected in a dialog of its own.
SCOPES: Final = ("openid", "email", "profile")
_ADDRESS: Final = re.compile(r"https://([a-p]{32})\.chromiumapp\.org/([a-z-]+)")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_RANDOM: Final = re.compile(r"[A-Za-z0-9_-]{22,128}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_HINT: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}")

log = structlog.get_logger("accounts.extension")


class Refused(Exception):
    """A step that is not taken. `reason` names which check failed; for programs and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Asked:
    """What the extension asks with. `silent`: without a word to the person, where Google knows them already."""

    redirect_uri: str
    state: str
    challenge: str
    method: str
    nonce: str
    login_hint: str = ""
    silent: bool = False


def address_of(extension_id: str, path: str) -> str:
    """Where a browser hands a window's end to the extension, and to nobody else."""
    return f"https://{extension_id}.chromiumapp.org/{path}"


def is_ours(extension_id: str) -> bool:
    return extension_id in settings.CHROME_EXTENSION_IDS


def authorize(asked: Asked) -> str:
    """Google's address to go to. Raises Refused: nothing is sent anywhere then."""
    extension_id = _extension_of(asked.redirect_uri)
    rules = (
        ("state", bool(_RANDOM.fullmatch(asked.state))),
        ("challenge", asked.method == "S256" and bool(_CHALLENGE.fullmatch(asked.challenge))),
        ("nonce", bool(_RANDOM.fullmatch(asked.nonce))),
        ("login_hint", not asked.login_hint or bool(_HINT.fullmatch(asked.login_hint))),
    )
    for reason, holds in rules:
        if not holds:
            raise Refused(reason)
    state = new_secret()
    ExtensionSignIn.objects.create(
        extension_id=extension_id,
        state_hash=digest(state),
        extension_state=asked.state,
        challenge=asked.challenge,
        expires_at=timezone.now() + timedelta(minutes=MINUTES),
    )
    return google.authorize_url(
        state=state,
        verifier=_verifier(state),
        nonce=asked.nonce,
        login_hint=asked.login_hint,
        scopes=SCOPES,
        lasting=False,
        prompt="none" if asked.silent else "" if asked.login_hint else "select_account",
    )


def returned(*, state: str, code: str, error: str, issuer: str | None) -> str | None:
    """Where the browser goes on to; None where the state is of no sign-in of the extension that waits."""
    now = timezone.now()
    waiting = ExtensionSignIn.objects.filter(state_hash=digest(state), returned_at__isnull=True, expires_at__gt=now)
    row = waiting.first()
    if row is None or waiting.filter(pk=row.pk).update(returned_at=now) != 1:
        return None
    told = {"state": row.extension_state}
    if error or not code or (issuer is not None and issuer not in google.ISSUERS):
        known = error if error in ("access_denied", "interaction_required", "login_required") else "server_error"
        return _back(row, told | {"error": known})
    one_time = new_secret()
    row.code_hash, row.sealed = digest(one_time), _seal(one_time, json.dumps([code, _verifier(state)]))
    row.save(update_fields=["code_hash", "sealed"])
    return _back(row, told | {"code": one_time})


def redeem(*, code: str, verifier: str, extension_id: str) -> str:
    """The ID token, once. Whoever brings the code spends it, with a wrong verifier too.

    Raises Refused, google.GrantRefused, google.AnswerRefused, ProviderUnavailable.
    """
    now = timezone.now()
    good = ExtensionSignIn.objects.filter(code_hash=digest(code), redeemed_at__isnull=True, expires_at__gt=now)
    row = good.first()
    if row is None or good.filter(pk=row.pk).update(redeemed_at=now, sealed=b"") != 1:
        raise Refused("code")
    if row.extension_id != extension_id or not is_ours(extension_id):
        raise Refused("extension")
    fits = bool(_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), row.challenge)
    if not fits:
        raise Refused("verifier")
    google_code, google_verifier = json.loads(_unseal(code, bytes(row.sealed)))
    return google.exchange(google_code, google_verifier, lasting=False).id_token


def drop_expired() -> int:
    """Deletes what is over; how many there were."""
    return ExtensionSignIn.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _extension_of(redirect_uri: str) -> str:
    found = _ADDRESS.fullmatch(redirect_uri)
    if found is None or found[2] != SIGNED_IN_PATH or not is_ours(found[1]):
        raise Refused("redirect_uri")
    return found[1]


def _back(row: ExtensionSignIn, answer: dict[str, str]) -> str:
    return f"{address_of(row.extension_id, SIGNED_IN_PATH)}?{urlencode(answer)}"


def _verifier(state: str) -> str:
    """Our PKCE secret for Google: from the state and our own key, so that it stands nowhere meanwhile."""
    return salted_hmac("accounts.extension.verifier", state, algorithm="sha256").hexdigest()


def _seal(code: str, text: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key(code)).encrypt(nonce, text.encode(), None)


def _unseal(code: str, box: bytes) -> str:
    return AESGCM(_key(code)).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], None).decode()


def _key(code: str) -> bytes:
    """From the code's 256 random bits; its hash in the database leads to neither."""
    return hmac.digest(code.encode(), b"accounts.extension.seal", hashlib.sha256)
