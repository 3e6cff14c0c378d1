"""The language in which a person reads: their own choice, else that of their mail client or browser.

    ?lang= of a page, X-Language of a request ─► Accept-Language      (the middleware: before it is known who asks)
                          └─ the person's own setting goes before them (once they are known)

Only languages of the settings count; anything else is as if nothing had been said.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import translation

from accounts.models import PreferenceValue, User
from accounts.preferences import effective

HEADER: Final = "X-Language"
PARAMETER: Final = "lang"
NAME: Final = "language"
_SECONDS: Final = 300


def offered(text: str) -> str:
    """The language of the settings that a tag such as `de-AT` means; "" for none."""
    try:
        return translation.get_supported_language_variant(text[:35].replace("_", "-").lower())
    except LookupError:
        return ""


def of_request(request: HttpRequest) -> str:
    """What the client says, before it is known who asks."""
    said = request.headers.get(HEADER, "") or request.GET.get(PARAMETER, "")
    return offered(said) or translation.get_language_from_request(request)


def of_user(user: User) -> str:
    """The person's own choice, their preset's or organisation's; "" where nobody chose. No query while it is kept."""
    key = _key(user)
    known = cache.get(key)
    if known is None:
        # Most organisations settle none at all: then nobody's settings have to be put together.
        settled = PreferenceValue.objects.filter(organisation=user.organisation_id, name=NAME).exists()
        known = effective(user).text(NAME) if settled else ""
        cache.set(key, known, _SECONDS)
    return str(known) if known in dict(settings.LANGUAGES) else ""


def forget(user: User) -> None:
    cache.delete(_key(user))


def activate_for(user: User) -> None:
    """From here on this request's words are in the person's own language, where they have chosen one."""
    chosen = of_user(user) if user.organisation_id is not None else ""
    if chosen:
        translation.activate(chosen)


def _key(user: User) -> str:
    return f"language:{user.organisation_id}:{user.pk}"
