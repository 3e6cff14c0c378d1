"""What every Graph call passes: the token, the scope, the mailbox it may reach, the `Prefer` header, the error form.

https://learn.microsoft.com/graph/errors and https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.microsoft.errors import GraphError, access_denied, bad_request, not_found
from sandbox.microsoft.mailbox import Folder, Mailbox, StoredMessage
from sandbox.microsoft.representation import Form
from sandbox.microsoft.tenant import Tenant
from sandbox.seed.company import CompanyUser

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
READ = ("Mail.Read", "Mail.ReadWrite")
WRITE = ("Mail.ReadWrite",)
PROFILE = ("User.Read", "User.ReadWrite", "User.Read.All", "User.ReadBasic.All")
_PREFERENCE = re.compile(r'\s*([A-Za-z.\-]+)\s*=\s*(?:"([^"]*)"|([^\s,;"]+))\s*')
_request_numbers = itertools.count(1)


class Claims(Protocol):
    """What a verified access token for Graph says."""

    @property
    def oid(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def is_app(self) -> bool: ...
    @property
    def app_id(self) -> str: ...


class Identity(Protocol):
    def claims_for(self, access_token: str) -> Claims | None: ...


@dataclass
class GraphCall:
    """One call, authorised. `body` is the JSON sent; `mailbox` raises 404 for a user without one."""

    request: Request
    tenant: Tenant
    claims: Claims
    form: Form
    max_page: int | None
    applied: list[str]
    request_id: str = ""
    body: Any = None
    _user: CompanyUser | None = field(default=None)

    @property
    def base(self) -> str:
        return f"{self.request.url.scheme}://{self.request.url.netloc}/v1.0"

    @property
    def user(self) -> CompanyUser:
        if self._user is None:
            raise not_found()
        return self._user

    @property
    def mailbox(self) -> Mailbox:
        return self.tenant.mailboxes[self.user.oid]

    def folder(self, name_or_id: str | None = None) -> Folder:
        """The folder of the path. Raises 404 for a well-formed id that the mailbox does not have, else 400."""
        from sandbox.microsoft import ids

        wanted = name_or_id if name_or_id is not None else self.request.path_params["folder"]
        found = self.mailbox.folder(wanted)
        if found is None:
            if ids.is_well_formed(wanted):
                raise not_found()
            raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed")
        return found

    def message(self) -> StoredMessage:
        """The message of the path, which must stand in the folder of the path where there is one."""
        from sandbox.microsoft import ids

        identifier = self.request.path_params["message"]
        found = self.mailbox.message(identifier)
        if found is None:
            if ids.is_well_formed(identifier):
                raise not_found()
            raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed")
        if "folder" in self.request.path_params and found.folder_id != self.folder().id:
            raise not_found()
        return found

    def context(self, rest: str, select: tuple[str, ...] | None = None, *, entity: bool = False) -> str:
        chosen = f"({','.join(select)})" if select else ""
        owner = quote(self.user.oid, safe="")
        return f"{self.base}/$metadata#users('{owner}'){rest}{chosen}{'/$entity' if entity else ''}"

    def link(self, **changed: str) -> str:
        """This call's address with some options replaced; keys are written without their `$`."""
        options = dict(self.request.query_params) | {f"${name}": value for name, value in changed.items()}
        query = urlencode(options, safe="$'(),/:")
        path = quote(self.request.url.path, safe="/$'(),@=")
        return f"{self.request.url.scheme}://{self.request.url.netloc}{path}?{query}"


Handler = Callable[[GraphCall], Response | Awaitable[Response]]


@dataclass(frozen=True)
class Needs:
    """Scopes (delegated) or roles (application), any of which suffices."""

    any_of: tuple[str, ...]
    mail: bool = True


class Gate:
    """Makes endpoints of handlers."""

    def __init__(self, tenant: Tenant, identity: Identity) -> None:
        self.tenant = tenant
        self.identity = identity

    def endpoint(self, **by_method: tuple[Handler, Needs]) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that answers the given methods; another one gets Graph's 405."""

        async def endpoint(request: Request) -> Response:
            identifiers = _identifiers(request)
            try:
                claims = self._claims(request)
                chosen = by_method.get("GET" if request.method == "HEAD" else request.method)
                if chosen is None:
                    raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed.")
                handler, needs = chosen
                call = self._call(request, claims, identifiers["request-id"])
                self._authorise(call, needs)
                if request.method in ("POST", "PATCH", "PUT"):
                    call.body = _json(await request.body(), request)
                answer = handler(call)
                response = answer if isinstance(answer, Response) else await answer
                if call.applied:
                    response.headers["preference-applied"] = ", ".join(call.applied)
            except GraphError as error:
                response = error_response(error, identifiers, self.tenant)
            response.headers.update(identifiers)
            response.headers.setdefault("odata-version", "4.0")
            response.headers.setdefault("cache-control", "private")
            return response

        return endpoint

    def _claims(self, request: Request) -> Claims:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        authority = "https://login.microsoftonline.com/common/oauth2/authorize"
        challenge = f'Bearer realm="", authorization_uri="{authority}", client_id="{GRAPH_APP_ID}"'
        if scheme.lower() != "bearer" or not token.strip():
            text = "Access token is empty."
            raise GraphError(401, "InvalidAuthenticationToken", text, {"www-authenticate": challenge})
        claims = self.identity.claims_for(token.strip())
        if claims is None:
            text = "Access token validation failure."
            raise GraphError(401, "InvalidAuthenticationToken", text, {"www-authenticate": challenge})
        return claims

    def _call(self, request: Request, claims: Claims, request_id: str) -> GraphCall:
        form, max_page, applied = _preferences(request)
        return GraphCall(request, self.tenant, claims, form, max_page, applied, request_id)

    def _authorise(self, call: GraphCall, needs: Needs) -> None:
        wanted: str | None = call.request.path_params.get("user")
        claims, path = call.claims, call.request.url.path
        is_mine = path == "/v1.0/me" or path.startswith("/v1.0/me/")
        if wanted is None and not is_mine:
            return  # nobody's resource: a batch, or nothing at all
        call._user = reach(self.tenant, claims, needs, wanted)


def reach(tenant: Tenant, claims: Claims, needs: Needs, wanted: str | None) -> CompanyUser:
    """The user whose resource is asked for; `wanted` None is the one who asks. Raises the service's refusal."""
    if claims.is_app and wanted is None:
        raise bad_request("/me request is only valid with delegated authentication flow.")
    granted = claims.roles if claims.is_app else claims.scopes
    if needs.any_of and not granted.intersection(needs.any_of):
        raise _denied(needs)
    user = tenant.user(claims.oid if wanted is None else wanted)
    is_own = user is not None and user.oid == claims.oid
    reads_all = not needs.mail and granted.intersection(("User.Read.All", "User.ReadBasic.All"))
    if not claims.is_app and not is_own and not reads_all:
        raise _denied(needs)
    if user is None or (needs.mail and user.oid not in tenant.mailboxes):
        raise _no_user(needs, wanted or claims.oid)
    # The management scope that the tenant's administrator has given to applications concerns mailboxes alone.
    if claims.is_app and needs.mail and not tenant.application_reaches(user.oid):
        raise access_denied()
    return user


def _denied(needs: Needs) -> GraphError:
    if needs.mail:
        return access_denied()
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _no_user(needs: Needs, wanted: str) -> GraphError:
    if needs.mail:
        return GraphError(404, "ErrorInvalidUser", f"The requested user '{wanted}' is invalid.")
    text = f"Resource '{wanted}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", text)


def _identifiers(request: Request) -> dict[str, str]:
    number = next(_request_numbers)
    request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox graph request {number}"))
    return {"request-id": request_id, "client-request-id": request.headers.get("client-request-id", request_id)}


def error_response(error: GraphError, identifiers: dict[str, str], tenant: Tenant) -> JSONResponse:
    inner = {"date": tenant.clock.now().strftime("%Y-%m-%dT%H:%M:%S"), **identifiers}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return JSONResponse(body, error.status, headers=error.headers)


def _preferences(request: Request) -> tuple[Form, int | None, list[str]]:
    """Id type, body type and page size. What is not understood is left out of `Preference-Applied`."""
    immutable, body_type, max_page = False, None, None
    applied: list[str] = []
    for header in request.headers.getlist("prefer"):
        for found in _PREFERENCE.finditer(header):
            name, value = found[1].lower(), found[2] if found[2] is not None else found[3]
            if name == "idtype" and value == "ImmutableId":
                immutable = True
                applied.append('IdType="ImmutableId"')
            elif name == "outlook.body-content-type" and value.lower() in ("text", "html"):
                body_type = value.lower()
                applied.append(f'outlook.body-content-type="{body_type}"')
            elif name == "odata.maxpagesize" and value.isdigit() and int(value) > 0:
                max_page = min(int(value), 1000)
                applied.append(f"odata.maxpagesize={value}")
            elif name == "outlook.timezone" and value.upper() == "UTC":
                applied.append('outlook.timezone="UTC"')
    return Form(immutable, body_type), max_page, applied


def _json(raw: bytes, request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ("application/json", ""):
        text = "A valid Content-Type header is required: application/json."
        raise GraphError(415, "RequestBodyRead", text)
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError as error:
        raise bad_request("Unable to read JSON request payload. Please ensure it is valid JSON.") from error


def json_answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    media_type = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    return JSONResponse(body, status, headers=headers, media_type=media_type)


def stream(chunks: Iterator[bytes], media_type: str) -> StreamingResponse:
    """Bytes in pieces, so that a big file is never whole in memory."""

    async def pieces() -> Any:
        for chunk in chunks:
            yield chunk

    return StreamingResponse(pieces(), media_type=media_type)
