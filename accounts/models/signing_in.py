"""The short-lived rows of signing in and connecting."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.fields import EncryptedTextField
from accounts.models.connections import System
from accounts.models.organisations import Organisation
from accounts.models.people import User
from permissions.isolated import Isolated


class PaneSession(Isolated):
    """A pane's session: the client keeps the token in memory, here stands its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="pane_sessions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="pane_sessions")
    token_hash = models.CharField(max_length=64, unique=True)
    client = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"session {self.id}"


class SessionTicket(Isolated):
    """Good once, for a minute, and for one purpose: with it a page in a browser's tab begins a session of its own.

    The pane that asked for it hands it on in the address's fragment, which no server sees; here stands its SHA-256.
    """

    class Purpose(models.TextChoices):
        PAGE = "page"
        ADMINISTRATION = "administration"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="session_tickets")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="session_tickets")
    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices, default=Purpose.PAGE)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"ticket {self.id}"


class ConnectionAttempt(Isolated):
    """One walk through the connecting dialog. Each step happens once and within ten minutes of the first.

    asked (ticket) ──► sent to the provider (state) ──► back (used_at; tokens held, sealed)
        ──► confirmed by the person (confirm_hash ──► code_hash) ──► finished by the pane (finished_at)
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="connection_attempts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connection_attempts")
    system = models.CharField(max_length=16, choices=System.choices)
    # The browser extension that the dialog hands its code to; empty: Office.
    extension_id = models.CharField(max_length=32, blank=True)
    ticket_hash = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    state_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    verifier = EncryptedTextField()
    nonce = EncryptedTextField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)
    pending_tokens = EncryptedTextField()  # JSON: access_token, refresh_token
    instance_url = models.CharField(max_length=255, blank=True)
    returned_org_id = models.CharField(max_length=18, blank=True)
    returned_user_id = models.CharField(max_length=255, blank=True)
    returned_username = models.CharField(max_length=255, blank=True)
    returned_name = models.CharField(max_length=255, blank=True)
    granted_scopes = models.TextField(blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    confirm_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"attempt {self.id}"


class ExtensionSignIn(models.Model):
    """One walk of the browser extension through Google's sign-in. Each step happens once, within ten minutes.

    asked (state) ──► back from Google (code_hash; what Google gave, sealed with the code) ──► redeemed (redeemed_at)
    """

    NOT_ISOLATED = "whose it is, is known only after the person has signed in"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    extension_id = models.CharField(max_length=32)
    state_hash = models.CharField(max_length=64, unique=True)
    extension_state = models.CharField(max_length=128)
    challenge = models.CharField(max_length=43)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    sealed = models.BinaryField(default=bytes)
    redeemed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"extension's sign-in {self.id}"


class DialogSignIn(models.Model):
    """One sign-in to the pane in a dialog. Each step happens once, within ten minutes.

    begun (state; what MSAL remembers, sealed with it) ──► back from Microsoft (code_hash; its answer, sealed with the
    code) ──► redeemed (redeemed_at; nothing sealed is left)
    """

    NOT_ISOLATED = "whose it is, is known only after the person has signed in"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    challenge = models.CharField(max_length=43)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    sealed = models.BinaryField(default=bytes)
    redeemed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in in a dialog {self.id}"
