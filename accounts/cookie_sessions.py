"""Sessions with a cookie, of the administration pages, ended before their time.

Django keeps no list of a user's sessions, so those that stand are looked through: only administrators and operators
hold one, and none lasts longer than a day.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User


def end_of(user: User, *, but: str | None = None) -> int:
    """How many of the user's there were. `but`: the key of the one that stays."""
    theirs = [key for key, holder in _held() if holder == str(user.pk) and key != but]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def holders() -> set[str]:
    """The ids of users who hold one."""
    return {holder for _key, holder in _held()}


def _held() -> Iterator[tuple[str, str]]:
    """(key, id of the user)"""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        holder = session.get_decoded().get(SESSION_KEY)
        if holder:
            yield session.session_key, str(holder)
