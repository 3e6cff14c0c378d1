"""Refusals of the identity platform, in the words and numbers of the real one.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Trace:
    """What ties an answer to a request: the time in the sandbox and the caller's ``client-request-id``."""

    at: datetime
    correlation_id: str


def correlation_id(header: str | None) -> str:
    """The caller's id when it is a GUID, else a fresh one."""
    return header if header and _GUID.fullmatch(header) else str(uuid.uuid4())


class AuthError(Exception):
    """A refusal: number (AADSTS…), OAuth error, sentence, HTTP status and suberror."""

    def __init__(self, code: int, error: str, sentence: str, *, status: int | None = None, suberror: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.error = error
        self.sentence = sentence
        self.status = status or (401 if error == "invalid_client" else 400)
        self.suberror = suberror

    def description(self, trace: Trace, trace_id: str) -> str:
        return (
            f"AADSTS{self.code}: {self.sentence} Trace ID: {trace_id} Correlation ID: {trace.correlation_id} "
            f"Timestamp: {_stamp(trace.at)}"
        )

    def body(self, trace: Trace, base_url: str) -> dict[str, Any]:
        """The token endpoint's JSON."""
        trace_id = str(uuid.uuid4())
        body: dict[str, Any] = {
            "error": self.error,
            "error_description": self.description(trace, trace_id),
            "error_codes": [self.code],
            "timestamp": _stamp(trace.at),
            "trace_id": trace_id,
            "correlation_id": trace.correlation_id,
            "error_uri": f"{base_url}/error?code={self.code}",
        }
        if self.suberror:
            body["suberror"] = self.suberror
        return body


def missing(parameter: str) -> AuthError:
    """A parameter is not there; a confidential client's credential has a number of its own."""
    sentence = f"The request body must contain the following parameter: '{parameter}'."
    if parameter.startswith("client_assertion"):
        return AuthError(7000218, "invalid_client", sentence)
    return AuthError(900144, "invalid_request", sentence)


def unknown_application(client_id: str) -> AuthError:
    """No application has this id."""
    return AuthError(
        700016,
        "unauthorized_client",
        f"Application with identifier '{client_id}' was not found in the directory 'Larkfield Instruments'. This can "
        "happen if the application has not been installed by the administrator of the tenant or consented to by any "
        "user in the tenant. You may have sent your authentication request to the wrong tenant.",
    )


def not_consented(client_id: str) -> AuthError:
    """The application may not have these scopes."""
    return AuthError(
        65001,
        "invalid_grant",
        f"The user or administrator has not consented to use the application with ID '{client_id}' named "
        "'Alongside'. Send an interactive authorization request for this user and resource.",
        suberror="consent_required",
    )


def revoked() -> AuthError:
    """A refresh token whose session has ended."""
    return AuthError(
        50173,
        "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
        "changed or reset their password.",
        suberror="bad_token",
    )


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
