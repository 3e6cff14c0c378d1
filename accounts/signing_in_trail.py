"""What is done beside allauth's own steps of the web login. (Its signals are the only place to listen.)

The audit trail is told. Who proves anew who they are gets a session with a new key, and a changed password or second
factor ends every other session of that user.
"""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
    user_logged_in,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import cookie_sessions
from accounts.models import User
from accounts.trail import as_user, record_refusal, root_of
from permissions.audit.recording import record

_FACTORS = {"totp": "totp", "recovery_codes": "recovery-code"}


def _record(action: str, user: User, **detail: Any) -> None:
    with transaction.atomic():
        record(action, root=root_of(user), by=as_user(user), on=("user", user.pk), detail=detail)


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    steps = get_authentication_records(request, user)
    used = [str(step.get("type")) for step in steps if step.get("method") == "mfa"]
    _record("signed-in", user, factor=_FACTORS.get(used[-1]) if used else None)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _record("signed-out", user)


@receiver(user_login_failed)
def refused(request: HttpRequest | None, **kwargs: Any) -> None:
    if request is not None:
        record_refusal(request, reason="wrong-password", stage="password")


@receiver(authentication_failed)
def second_factor_refused(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record_refusal(request, reason="wrong-code", stage="second-factor", user=user)


@receiver(authenticator_added)
def factor_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("factor.added", user, kind=_FACTORS.get(str(authenticator.type)))


@receiver(authenticator_removed)
def factor_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("factor.removed", user, kind=_FACTORS.get(str(authenticator.type)))


@receiver(authenticator_reset)
def factor_reset(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """New recovery codes in place of the old ones."""
    _record("factor.added", user, kind=_FACTORS.get(str(authenticator.type)))


@receiver([password_changed, password_set])
def password_was_changed(user: User, **kwargs: Any) -> None:
    _record("password.changed", user, cause="own")


@receiver(password_reset)
def password_was_reset(user: User, **kwargs: Any) -> None:
    _record("password.changed", user, cause="reset")


@receiver(authentication_step_completed)
def proven_anew(request: HttpRequest, reauthenticated: bool = False, **kwargs: Any) -> None:
    if reauthenticated:
        request.session.cycle_key()


@receiver(
    [
        *(password_changed, password_set, password_reset),
        *(authenticator_added, authenticator_removed, authenticator_reset),
    ]
)
def others_end(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Somebody who came in by what has just been changed is out."""
    with transaction.atomic():
        ended = cookie_sessions.end_of(user, but=request.session.session_key)
        if ended:
            _record("session.revoked", user, sessions=ended, cause="credentials")
