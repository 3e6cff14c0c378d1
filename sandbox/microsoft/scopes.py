"""Scopes: which resource a request means, what exists there, and what has been consented to.

A request names scopes of one resource, besides the OpenID ones. ``.default`` stands for all that the administrator
has consented to. https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.microsoft.refusals import AuthError, not_consented
from sandbox.registration import Registration

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
ACCESS_AS_USER = "access_as_user"
OPENID = ("openid", "profile", "email", "offline_access")

_GRAPH_SCOPES = {
    name.lower(): name
    for name in (
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Contacts.Read",
        "Contacts.ReadWrite",
        "Mail.Read",
        "Mail.ReadBasic",
        "Mail.ReadWrite",
        "Mail.Send",
        "MailboxSettings.Read",
        "MailboxSettings.ReadWrite",
        "Tasks.Read",
        "Tasks.ReadWrite",
        "User.Read",
        "User.ReadBasic.All",
        "User.Read.All",
    )
}
_APP_CONSENT = ("Mail.ReadWrite", "MailboxSettings.Read", "User.Read")
_HOST_CONSENT = ("Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "User.Read")
APP_ROLES = ("Mail.ReadWrite", "MailboxSettings.Read", "User.Read.All")


@dataclass(frozen=True, slots=True)
class Asked:
    """Scopes of one request: the resource (``graph``, ``api`` or empty), its scopes, and the OpenID scopes."""

    resource: str
    scopes: tuple[str, ...]
    openid: tuple[str, ...]

    @property
    def lasting(self) -> bool:
        return "offline_access" in self.openid


class ScopeBook:
    """Reads scopes for the sandbox's two applications. ``graph_url`` is Graph's address in this cloud."""

    def __init__(self, registration: Registration, graph_url: str) -> None:
        self._registration = registration
        api = registration.microsoft_client_id
        self._resources = {
            f"api://{api}": "api",
            api: "api",
            "https://graph.microsoft.com": "graph",
            GRAPH_APP_ID: "graph",
            graph_url: "graph",
        }

    def audience(self, resource: str) -> str:
        """The ``aud`` of access tokens for a resource."""
        return self._registration.microsoft_client_id if resource == "api" else GRAPH_APP_ID

    def read(self, value: str, client_id: str) -> Asked:
        """The scopes that ``value`` names, all of them consented to. Raises :class:`AuthError`."""
        resource, scopes, openid = "", list[str](), list[str]()
        for word in value.split():
            if word in OPENID:
                openid.append(word)
                continue
            named, name = self._split(word)
            if resource not in ("", named):
                raise AuthError(
                    28000,
                    "invalid_request",
                    "Provided value for the input parameter scope is not valid because it contains more than one "
                    f"resource. Scope {value} is not valid.",
                )
            resource = named
            scopes.append(name)
        return Asked(resource, self._consented(resource, scopes, client_id), tuple(openid))

    def read_application(self, value: str) -> str:
        """The resource of a client-credentials request, which must be one ``/.default``."""
        identifier, slash, name = value.rpartition("/")
        if name != ".default" or not slash or value.split() != [value]:
            raise AuthError(
                1002012,
                "invalid_scope",
                f"The provided value for scope {value} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI).",
            )
        return self._resource(identifier)

    def text(self, asked: Asked) -> str:
        """The ``scope`` of a token answer: full names, as the real service writes them."""
        prefix = {"api": f"api://{self._registration.microsoft_client_id}/", "graph": ""}.get(asked.resource, "")
        openid = [name for name in asked.openid if name != "offline_access"]
        return " ".join([*openid, *(prefix + name for name in asked.scopes)])

    def _split(self, word: str) -> tuple[str, str]:
        identifier, slash, name = word.rpartition("/")
        if not slash:
            return "graph", name
        return self._resource(identifier), name

    def _resource(self, identifier: str) -> str:
        resource = self._resources.get(identifier.rstrip("/"))
        if resource is None:
            raise AuthError(
                500011,
                "invalid_resource",
                f"The resource principal named {identifier} was not found in the tenant named Larkfield Instruments. "
                "This can happen if the application has not been installed by the administrator of the tenant or "
                "consented to by any user in the tenant.",
            )
        return resource

    def _consented(self, resource: str, names: list[str], client_id: str) -> tuple[str, ...]:
        if not resource:
            return ()
        known = _GRAPH_SCOPES if resource == "graph" else {ACCESS_AS_USER: ACCESS_AS_USER}
        consent = self._consent(resource, client_id)
        granted: list[str] = []
        for name in names:
            if name == ".default":
                granted.extend(consent)
                continue
            canonical = known.get(name.lower())
            if canonical is None:
                raise AuthError(
                    70011,
                    "invalid_scope",
                    "The provided request must include a 'scope' input parameter. The provided value for the input "
                    f"parameter 'scope' is not valid. The scope {name} is not valid.",
                )
            if canonical not in consent:
                raise not_consented(client_id)
            granted.append(canonical)
        if not granted:
            raise not_consented(client_id)
        return tuple(dict.fromkeys(granted))

    def _consent(self, resource: str, client_id: str) -> tuple[str, ...]:
        host = client_id == self._registration.microsoft_host_client_id
        if resource == "api":
            return (ACCESS_AS_USER,)
        return _HOST_CONSENT if host else _APP_CONSENT
