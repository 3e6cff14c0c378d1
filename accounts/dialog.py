"""Signing in to the pane in a dialog: where Outlook itself gives no token of ours.

    pane     keeps a verifier ──► dialog's first page (challenge) ──► Microsoft's sign-in (our state, PKCE) ──► returned
    pane        ◄── one-time code, by messageParent ────────────────────────────────────────────────────┘
    pane     redeem(code, verifier) ──► Microsoft's token endpoint ──► access token for our own scope: checked as any

The dialog hands over a code and never a token. It is good once, within ten minutes, and only with the verifier that
never left the pane: a dialog into which somebody was lured gives nobody a session, and a code that is slipped to a pane
is none that it began. What MSAL has to remember meanwhile is sealed with a secret of which we keep the hash.

https://learn.microsoft.com/office/dev/add-ins/develop/auth-with-office-dialog-api
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from datetime import timedelta
from typing import Final

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils import timezone

from accounts import microsoft
from accounts.crypto import NONCE_BYTES
from accounts.models import DialogSignIn
from accounts.onetime import challenge_of, digest, new_secret

MINUTES: Final = 10
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")

log = structlog.get_logger("accounts.dialog")


class Refused(Exception):
    """A step that is not taken. `reason` names the check that failed; for programs and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def begin(challenge: str) -> str:
    """Microsoft's address to go to. Raises Refused, ProviderUnavailable."""
    if not _CHALLENGE.fullmatch(challenge):
        raise Refused("challenge")
    state = new_secret()
    flow = microsoft.begin_sign_in(state)
    DialogSignIn.objects.create(
        state_hash=digest(state),
        challenge=challenge,
        sealed=_seal(state, json.dumps(flow)),
        expires_at=timezone.now() + timedelta(minutes=MINUTES),
    )
    return microsoft.sign_in_address(flow)


def returned(answer: dict[str, str]) -> str:
    """A one-time code for what Microsoft's sign-in sent back. Raises Refused."""
    state, now = answer.get("state", ""), timezone.now()
    waiting = DialogSignIn.objects.filter(state_hash=digest(state), returned_at__isnull=True, expires_at__gt=now)
    row = waiting.first()
    if row is None or waiting.filter(pk=row.pk).update(returned_at=now) != 1:
        raise Refused("state")
    flow = json.loads(_unseal(state, bytes(row.sealed)))
    error = answer.get("error", "")
    if error or not answer.get("code"):
        row.delete()
        raise Refused("denied" if error == "access_denied" else "provider")
    code = new_secret()
    row.code_hash, row.sealed = digest(code), _seal(code, json.dumps([flow, answer]))
    row.save(update_fields=["code_hash", "sealed"])
    return code


def redeem(code: str, verifier: str) -> str:
    """The access token for our own scope, once. Whoever brings the code spends it, with a wrong verifier too.

    Raises Refused, microsoft.GrantRefused, ProviderUnavailable.
    """
    now = timezone.now()
    good = DialogSignIn.objects.filter(code_hash=digest(code), redeemed_at__isnull=True, expires_at__gt=now)
    row = good.first()
    if row is None or good.filter(pk=row.pk).update(redeemed_at=now, sealed=b"") != 1:
        raise Refused("code")
    fits = bool(_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), row.challenge)
    if not fits:
        raise Refused("verifier")
    flow, answer = json.loads(_unseal(code, bytes(row.sealed)))
    return microsoft.finish_sign_in(flow, answer)


def drop_expired() -> int:
    """Deletes what is over; how many there were."""
    return DialogSignIn.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _seal(secret: str, text: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, text.encode(), None)


def _unseal(secret: str, box: bytes) -> str:
    return AESGCM(_key(secret)).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], None).decode()


def _key(secret: str) -> bytes:
    """From its 256 random bits; the hash in the database leads to neither."""
    return hmac.digest(secret.encode(), b"accounts.dialog.seal", hashlib.sha256)
