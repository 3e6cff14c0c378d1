"""`/api/v1/sessions/` and `/api/v1/connections/`."""

from __future__ import annotations

from typing import Any

import structlog
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import broker, connecting, dialog, google_identity, microsoft, signing_in
from accounts.actor import Actor
from accounts.authentication import CHALLENGE, require_own, session_missing
from accounts.errors import ProviderUnavailable
from accounts.models import Connection, SessionTicket, System
from accounts.selectors import connection_states
from accounts.signing_keys import TokenRefused
from accounts.trail import record_refusal
from permissions import policy
from permissions.declare import public, requires

log = structlog.get_logger("accounts.api")


class SessionRequest(serializers.Serializer[Any]):
    """`token` and `client` ("gmail": the `nonce` too that the token was asked for with); or `code`, `verifier` and
    `client` after the sign-in in a dialog ("outlook"); or `ticket` alone.
    """

    token = serializers.CharField(max_length=16_384, trim_whitespace=False, required=False)
    client = serializers.ChoiceField(choices=["outlook", "gmail"], required=False)
    nonce = serializers.CharField(max_length=128, min_length=22, required=False)
    code = serializers.CharField(max_length=64, required=False)
    verifier = serializers.CharField(max_length=128, min_length=43, required=False)
    ticket = serializers.CharField(max_length=64, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        proof = {"token", "client", "nonce"} if attrs.get("client") == "gmail" else {"token", "client"}
        dialog = {"code", "verifier", "client"} if attrs.get("client") == "outlook" else proof
        if set(attrs) not in ({"ticket"}, proof, dialog):
            raise serializers.ValidationError("Give token and client (for gmail the nonce too), or ticket alone.")
        return attrs


class TicketRequest(serializers.Serializer[Any]):
    """For which page; the synchronisation page where nothing is said."""

    page = serializers.ChoiceField(choices=SessionTicket.Purpose.choices, default=SessionTicket.Purpose.PAGE)


class TicketAnswer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()


class SessionUser(serializers.Serializer[Any]):
    name = serializers.CharField()
    email = serializers.EmailField()


class SessionAnswer(serializers.Serializer[Any]):
    session = serializers.CharField()
    expires_in = serializers.IntegerField()
    user = SessionUser()
    connections = serializers.DictField(child=serializers.ChoiceField(choices=Connection.State.choices))


class ConnectionsAnswer(serializers.Serializer[Any]):
    connections = serializers.DictField(child=serializers.ChoiceField(choices=Connection.State.choices))


class DialogAnswer(serializers.Serializer[Any]):
    dialog_url = serializers.CharField()


class CodeRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=64)


class DisconnectedAnswer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Connection.State.choices)
    revoked = serializers.BooleanField()


#: Who says who it is, by client.
_PROVIDERS = {"outlook": System.MICROSOFT.label, "gmail": System.GOOGLE.label}


def refusal(code: str, sentence: str, status_code: int) -> Response:
    return Response({"code": code, "detail": sentence}, status=status_code)


@public("beginning: the token or ticket in the body is checked; ending: asks for session.own itself")
class SessionsView(APIView):
    """Begins a session with a Microsoft access token for our own scope, with a Google ID token, or with a ticket; ends
    the one of a request.
    """

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Whoever begins has no session yet, and one that ended meanwhile must not stand in the way."""
        beginning = self.request is not None and self.request.method == "POST"
        return [] if beginning else super().get_authenticators()

    @extend_schema(request=SessionRequest, responses={201: SessionAnswer}, auth=[])
    def post(self, request: Request) -> Response:
        asked = SessionRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        if "ticket" in asked.validated_data:
            return self._with_ticket(request, asked.validated_data["ticket"])
        client = asked.validated_data["client"]
        provider = _PROVIDERS[client]
        identity: microsoft.Identity | None = None
        try:
            token = self._token(asked.validated_data)
            if client == "gmail":
                user = google_identity.identify(token, asked.validated_data["nonce"])
            else:
                identity, user = signing_in.identify(token)
        except (dialog.Refused, microsoft.GrantRefused) as refused:
            log.warning("session.code_refused", reason=getattr(refused, "reason", "grant"))
            record_refusal(request._request, reason="code", stage="pane")
            answer = refusal("code_refused", "This sign-in was used before, or is too old. Sign in again.", 401)
            answer["WWW-Authenticate"] = CHALLENGE
            return answer
        except TokenRefused as refused:
            log.warning("session.token_refused", rule=refused.rule)
            record_refusal(request._request, reason="token", stage="pane")
            answer = refusal("token_refused", f"{provider}'s sign-in was not accepted here. Sign in again.", 401)
            answer["WWW-Authenticate"] = CHALLENGE
            return answer
        except signing_in.UnknownUser as unknown:
            organisation = unknown.organisation
            record_refusal(request._request, reason="unknown-user", stage="pane", organisation=organisation)
            return refusal(
                "user_unknown", "You are not a user of Alongside yet. Ask your administrator to add you.", 403
            )
        except ProviderUnavailable:
            return refusal("provider_unavailable", f"{provider} did not answer. Try again in a moment.", 503)
        if identity is not None:
            broker.accept_assertion(user, identity, token)
        return self._begun(*signing_in.begin_session(user, client=client))

    def _token(self, asked: dict[str, Any]) -> str:
        """What the client brought, or what the dialog's code stands for."""
        return asked["token"] if "token" in asked else dialog.redeem(asked["code"], asked["verifier"])

    def _with_ticket(self, request: Request, ticket: str) -> Response:
        try:
            return self._begun(*signing_in.redeem_ticket(ticket))
        except signing_in.TicketRefused:
            log.warning("session.ticket_refused")
            record_refusal(request._request, reason="ticket", stage="pane")
            sentence = "This page was opened before, or too long ago. Open it from the pane again."
            answer = refusal("ticket_refused", sentence, 401)
            answer["WWW-Authenticate"] = CHALLENGE
            return answer

    def _begun(self, session: str, actor: Actor) -> Response:
        body = {
            "session": session,
            "expires_in": signing_in.SESSION_SECONDS,
            "user": {"name": actor.user.name, "email": actor.user.email},
            "connections": connection_states(actor),
        }
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Ends the session that the request is made with, at once."""
        actor = _actor(request)
        require_own(actor, "session.own")
        if actor.session is not None:
            signing_in.end_session(actor.session)
        return Response(status=status.HTTP_204_NO_CONTENT)


@requires("session.own")
class TicketView(APIView):
    @extend_schema(request=TicketRequest, responses={201: TicketAnswer})
    def post(self, request: Request) -> Response:
        """A ticket for a page in a browser's tab: good once, for a minute, in the body of a request alone."""
        asked = TicketRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            ticket = signing_in.issue_ticket(_actor(request), SessionTicket.Purpose(asked.validated_data["page"]))
        except signing_in.TicketRefused:
            return refusal("ticket_refused", "Open the page from the pane: this one cannot open another.", 403)
        return Response({"ticket": ticket, "expires_in": signing_in.TICKET_SECONDS}, status=status.HTTP_201_CREATED)


@requires("connection.own")
class ConnectionsView(APIView):
    @extend_schema(responses=ConnectionsAnswer)
    def get(self, request: Request) -> Response:
        """The states of one's own connections."""
        return Response({"connections": connection_states(_actor(request))})


@requires("connection.own")
class ConnectView(APIView):
    system: System = System.SALESFORCE

    @extend_schema(request=None, responses={201: DialogAnswer})
    def post(self, request: Request) -> Response:
        """Begins to connect: the dialog's first page, good for one visit within ten minutes."""
        ticket = connecting.begin(_actor(request), self.system)
        return Response({"dialog_url": f"/connect/{self.system}/{ticket}/"}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=DisconnectedAnswer)
    def delete(self, request: Request) -> Response:
        """Forgets the tokens and ends the grant at the provider; `revoked` says whether it confirmed that."""
        actor = _actor(request)
        own = Connection.objects.select_related("resource").filter(user=actor.user, system=self.system).first()
        if own is not None:
            policy.require(actor.principal_id, "connection.own", own.resource)
        revoked = connecting.disconnect(actor.user, self.system)
        return Response({"state": Connection.State.DISCONNECTED, "revoked": revoked})


@requires("connection.own")
class FinishView(APIView):
    system: System = System.SALESFORCE

    @extend_schema(request=CodeRequest, responses=ConnectionsAnswer)
    def post(self, request: Request) -> Response:
        """Takes the code that the dialog handed to the pane; from here on the connection is active."""
        asked = CodeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = _actor(request)
        try:
            connecting.finish(actor, self.system, asked.validated_data["code"])
        except connecting.ConnectingRefused as refused:
            return refusal("code_refused", refused.sentence, 400)
        return Response({"connections": connection_states(actor)})


def _actor(request: Request) -> Actor:
    actor = request.auth
    if not isinstance(actor, Actor):
        raise session_missing()
    return actor
