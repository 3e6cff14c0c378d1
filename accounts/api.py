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

from accounts import broker, connecting, microsoft, signing_in
from accounts.actor import Actor
from accounts.authentication import CHALLENGE, require_own, session_missing
from accounts.errors import ProviderUnavailable
from accounts.models import Connection, System
from accounts.selectors import connection_states
from permissions import policy
from permissions.declare import public, requires

log = structlog.get_logger("accounts.api")


class SessionRequest(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=16_384, trim_whitespace=False)
    client = serializers.ChoiceField(choices=["outlook"])


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


def refusal(code: str, sentence: str, status_code: int) -> Response:
    return Response({"code": code, "detail": sentence}, status=status_code)


@public("beginning: the Microsoft token in the body is checked; ending: asks for session.own itself")
class SessionsView(APIView):
    """Begins a session with a Microsoft access token for our own scope; ends the one a request is made with."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Whoever begins has no session yet, and one that ended meanwhile must not stand in the way."""
        beginning = self.request is not None and self.request.method == "POST"
        return [] if beginning else super().get_authenticators()

    @extend_schema(request=SessionRequest, responses={201: SessionAnswer}, auth=[])
    def post(self, request: Request) -> Response:
        asked = SessionRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        token = asked.validated_data["token"]
        try:
            identity, user = signing_in.identify(token)
        except microsoft.TokenRefused as refused:
            log.warning("session.token_refused", rule=refused.rule)
            answer = refusal("token_refused", "Microsoft's sign-in was not accepted here. Sign in again.", 401)
            answer["WWW-Authenticate"] = CHALLENGE
            return answer
        except signing_in.UnknownUser:
            return refusal(
                "user_unknown", "You are not a user of Alongside yet. Ask your administrator to add you.", 403
            )
        except ProviderUnavailable:
            return refusal("provider_unavailable", "Microsoft did not answer. Try again in a moment.", 503)
        broker.accept_assertion(user, identity, token)
        session, actor = signing_in.begin_session(user, client=asked.validated_data["client"])
        body = {
            "session": session,
            "expires_in": signing_in.SESSION_SECONDS,
            "user": {"name": user.name, "email": user.email},
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


@requires("connection.own")
class ConnectionsView(APIView):
    @extend_schema(responses=ConnectionsAnswer)
    def get(self, request: Request) -> Response:
        """The states of one's own connections."""
        return Response({"connections": connection_states(_actor(request))})


@requires("connection.own")
class SalesforceConnectionView(APIView):
    @extend_schema(request=None, responses={201: DialogAnswer})
    def post(self, request: Request) -> Response:
        """Begins to connect: the dialog's first page, good for one visit within ten minutes."""
        ticket = connecting.begin(_actor(request))
        return Response({"dialog_url": f"/connect/salesforce/{ticket}/"}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=DisconnectedAnswer)
    def delete(self, request: Request) -> Response:
        """Forgets the tokens and ends the grant at Salesforce; `revoked` says whether Salesforce confirmed it."""
        actor = _actor(request)
        own = Connection.objects.select_related("resource").filter(user=actor.user, system=System.SALESFORCE).first()
        if own is not None:
            policy.require(actor.principal_id, "connection.own", own.resource)
        revoked = connecting.disconnect(actor.user)
        return Response({"state": Connection.State.DISCONNECTED, "revoked": revoked})


@requires("connection.own")
class FinishSalesforceView(APIView):
    @extend_schema(request=CodeRequest, responses=ConnectionsAnswer)
    def post(self, request: Request) -> Response:
        """Takes the code that the dialog handed to the pane; from here on the connection is active."""
        asked = CodeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = _actor(request)
        try:
            connecting.finish(actor, asked.validated_data["code"])
        except connecting.ConnectingRefused as refused:
            return refusal("code_refused", refused.sentence, 400)
        return Response({"connections": connection_states(actor)})


def _actor(request: Request) -> Actor:
    actor = request.auth
    if not isinstance(actor, Actor):
        raise session_missing()
    return actor
