"""Who is asking: the bearer session of a pane, in the API and in plain Django views. Cookies are not looked at.

    Authorization: Bearer <session> ──► one query ──► request.actor ──► the declared permission, on the own mailbox

A 401 carries `WWW-Authenticate` and `{"code", "detail"}`; code: session_missing, session_unknown, session_expired.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import language
from accounts.actor import Actor
from accounts.models import PaneSession, User
from accounts.onetime import digest
from permissions import isolation, policy, registry
from permissions.declare import declared_permission, declared_public

if TYPE_CHECKING:  # REST framework's views import this module
    from rest_framework.views import APIView

P = ParamSpec("P")

CHALLENGE = 'Bearer realm="alongside"'
_SENTENCES = {
    "session_missing": gettext_noop("Sign in first."),
    "session_unknown": gettext_noop("This session is not known. Sign in again."),
    "session_expired": gettext_noop("This session has ended. Sign in again."),
}


class SessionRefused(Exception):
    """No valid session. `code` is for programs, `sentence` for people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = gettext(_SENTENCES[code])


class ActorRequest(HttpRequest):
    """What a view behind `bearer_required` is given."""

    actor: Actor


def actor_of(authorization: str) -> Actor:
    """The actor behind an Authorization header, in one query; the rest of the request is for their organisation.

    Raises SessionRefused.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise SessionRefused("session_missing")
    with isolation.every_organisation("whose session it is"):
        session = (
            PaneSession.objects.select_related("user__organisation", "user__resource")
            .filter(token_hash=digest(token))
            .first()
        )
    if session is None:
        raise SessionRefused("session_unknown")
    user = session.user
    if (
        session.revoked_at is not None
        or session.expires_at <= timezone.now()
        or not user.is_active
        or user.organisation_id != session.organisation_id
    ):
        raise SessionRefused("session_expired")
    isolation.enter(session.organisation_id)
    return Actor.of(user, session)


class BearerAuthentication(BaseAuthentication):
    """For Django REST framework: sets `request.user`, `request.auth` and `request.actor`."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        try:
            actor = actor_of(request.headers.get("Authorization", ""))
        except SessionRefused as refused:
            if refused.code == "session_missing":
                return None
            raise AuthenticationFailed(_body(refused)) from refused
        request._request.actor = actor  # type: ignore[attr-defined]
        language.activate_for(actor.user)
        return actor.user, actor

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class DeclaredPermission(BasePermission):
    """Asks the policy for the permission that the view declares, on the actor's own mailbox.

    A view that acts on anything else asks again, for that resource.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if declared_public(type(view)) is not None:
            return True
        actor = getattr(request._request, "actor", None)
        if actor is None:
            raise session_missing()
        name = declared_permission(type(view))
        if name is None:
            return False
        require_own(actor, name)
        return True


def session_missing() -> AuthenticationFailed:
    """The 401 for a request without a session."""
    return AuthenticationFailed(_body(SessionRefused("session_missing")))


def require_own(actor: Actor, permission: str) -> None:
    """Raises `policy.Denied` unless the actor holds the permission on their own mailbox. One query at most.

    Also for somebody without any grant: that their own mailbox exists is no secret to them.
    """
    own = actor.user.resource
    if own is None or not policy.allows(actor.principal_id, permission, own):
        raise policy.Denied(gettext(registry.permission(permission).allows))


def require_acting(actor: Actor, permission: str) -> None:
    """For background work in somebody's name, before each of its steps: asked anew, never answered from memory.

    Raises `policy.Denied` where they do not hold the permission on their own mailbox now, or are switched off.
    """
    with policy.remembered():
        if not User.objects.filter(pk=actor.user.pk, is_active=True).exists():
            raise policy.Denied(gettext(registry.permission(permission).allows))
        require_own(actor, permission)


def bearer_required(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A plain Django view for signed-in panes: 401 without a session, 403 without the permission it declares.

    Goes below `@requires(…)`: `@requires("email.view")`, then `@bearer_required`.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            actor = actor_of(request.headers.get("Authorization", ""))
        except SessionRefused as refused:
            return JsonResponse(_body(refused), status=401, headers={"WWW-Authenticate": CHALLENGE})
        asked = cast(ActorRequest, request)
        asked.actor = actor
        language.activate_for(actor.user)
        name = declared_permission(request.resolver_match.func) if request.resolver_match else None
        if name is not None:
            require_own(actor, name)
        return view(asked, *args, **kwargs)

    return guarded


def _body(refused: SessionRefused) -> dict[str, Any]:
    return {"code": refused.code, "detail": refused.sentence}
