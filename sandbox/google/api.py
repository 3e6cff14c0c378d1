"""Google's API host: every call is checked in the order in which the real host does, then run.

    path ─► token ─► query, body ─► scopes ─► whose mailbox ─► quota ─► method ─► partial answer

A call that came inside a batch goes the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from sandbox.google import arguments, batch, partial
from sandbox.google.accounts import Accounts
from sandbox.google.answers import Answer, error_answer
from sandbox.google.costs import COSTS
from sandbox.google.discovery import gmail
from sandbox.google.errors import ApiError, exhausted, insufficient_scopes, invalid_credentials, user_quota
from sandbox.google.grants import AccessToken
from sandbox.google.methods import METHODS, Call
from sandbox.google.workspace import Workspace
from sandbox.limits import GmailLimits

PROJECT_NUMBER = "418302957164"
_NOTHING = (
    '<!DOCTYPE html><html lang="en"><title>Error 404 (Not Found)!!1</title>'
    "<p><b>404.</b> That’s an error.<p>The requested URL was not found on this server.</html>"
)


class Api:
    """Gmail v1 over the workspace, for tokens of the accounts service. ``part_fault`` may spoil a call of a batch."""

    def __init__(
        self, workspace: Workspace, accounts: Accounts, limits: GmailLimits, part_fault: batch.PartFault
    ) -> None:
        self.workspace = workspace
        self.accounts = accounts
        self.limits = limits
        self.part_fault = part_fault

    async def __call__(self, request: Request) -> Response:
        """The one endpoint of the host."""
        body = await request.body()
        path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.url.path
        query = request.scope["query_string"].decode("latin-1")
        if path.rstrip("/") in batch.PATHS and request.method == "POST":
            answer = batch.run(self, request.headers, body)
        else:
            answer = self.answer(request.method, path, query, request.headers, body)
        return Response(answer.body, answer.status, answer.headers, answer.media_type)

    def answer(self, verb: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One call. ``headers`` have names in lower case."""
        try:
            return self._run(verb, path, query, headers, body)
        except ApiError as error:
            return error_answer(error)

    def token(self, headers: Mapping[str, str]) -> AccessToken | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self.accounts.access(token.strip()) if scheme.lower() == "bearer" else None

    def _run(self, verb: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        found = gmail().find(verb, path)
        if found is None:
            return Answer(404, _NOTHING.encode(), media_type="text/html; charset=UTF-8")
        method, in_path = found
        token = self.token(headers)
        if token is None:
            raise invalid_credentials()
        given = arguments.read_query(method, parse_qsl(query, keep_blank_values=True))
        mask = partial.read(given["fields"]) if given.get("fields") else {}
        if mask:
            partial.check(gmail(), mask, method.response)
        content = arguments.read_body(gmail(), method, body, headers.get("content-type", ""))
        scopes = frozenset(token.scopes)
        if not scopes & method.scopes:
            raise insufficient_scopes(method.id, method.scopes)
        user = token.grant.user
        if in_path["userId"].lower() not in ("me", user.email):
            raise ApiError(403, "forbidden", f"Delegation denied for {user.email}")
        act = METHODS.get(method.id)
        if act is None:
            raise ApiError(501, "notImplemented", f"The sandbox does not have the method {method.id}.")
        self._charge(user.email, COSTS[method.id])
        if user.email not in self.workspace.users:
            raise ApiError(400, "failedPrecondition", "Mail service not enabled")
        mailbox = self.workspace.mailbox(user.email)
        result = act(Call(mailbox, self.workspace.watches, given | in_path, content, scopes))
        if result is None:
            return Answer(204)
        return Answer(200, _dumps(partial.keep(mask, result), pretty=given["prettyPrint"]))

    def _charge(self, email: str, units: int) -> None:
        refused = self.limits.charge(email, units)
        if refused == "user":
            raise user_quota(PROJECT_NUMBER)
        if refused == "project":
            raise exhausted()


def _dumps(value: Any, *, pretty: bool) -> bytes:
    separators = None if pretty else (",", ":")
    # Google's pretty printing costs the sandbox more than all the rest of a call; bodies are compact but for errors.
    return json.dumps(value, ensure_ascii=False, separators=separators).encode()
