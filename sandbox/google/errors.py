"""Google's refusals, in the shapes and words of the real services.

OAuth answers `{"error", "error_description"}`, the API host `{"error": {"code", "message", "errors", "status"}}`.
https://developers.google.com/workspace/gmail/api/guides/handle-errors
"""

from __future__ import annotations

from typing import Any

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class OAuthError(Exception):
    """A refusal of the accounts service: OAuth error, sentence and HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


class ApiError(Exception):
    """A refusal of the API host: HTTP status, reason and sentence; `domain` says whose reason it is."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        brief: str | None = None,
        location: str = "",
        headers: dict[str, str] | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.domain = domain
        self.brief = brief
        self.location = location
        self.headers = headers or {}
        self.details = details

    def body(self) -> dict[str, Any]:
        one = {"message": self.brief or self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            one |= {"location": self.location, "locationType": "header"}
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "errors": [one],
            "status": _STATUS.get(self.code, "UNKNOWN"),
        }
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid_argument(message: str) -> ApiError:
    return ApiError(400, "invalidArgument", message)


def unknown_name(name: str, *, where: str = "") -> ApiError:
    """A query parameter, or with `where` ("" or a path) a field of the body, that the method does not have."""
    sentence = (
        f'Invalid JSON payload received. Unknown name "{name}"{where}: '
        + ("Cannot find field." if where else "Cannot bind query parameter. ")
        + ("" if where else f"Field '{name}' could not be found in request message.")
    )
    return bad_request(sentence, name)


def bad_request(sentence: str, field: str = "") -> ApiError:
    violation = {"description": sentence} | ({"field": field} if field else {})
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return ApiError(400, "badRequest", sentence, details=[detail])


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Requested entity was not found.")


def invalid_credentials() -> ApiError:
    sentence = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(
        401,
        "authError",
        sentence,
        brief="Invalid Credentials",
        location="Authorization",
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def insufficient_scopes(method: str, scopes: frozenset[str]) -> ApiError:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"method": method, "service": "gmail.googleapis.com"},
    }
    challenge = (
        f'Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{" ".join(sorted(scopes))}"'
    )
    return ApiError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        brief="Insufficient Permission",
        headers={"WWW-Authenticate": challenge},
        details=[detail],
    )


def user_quota(project: str) -> ApiError:
    sentence = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
        f"'gmail.googleapis.com' for consumer 'project_number:{project}'."
    )
    return ApiError(403, "rateLimitExceeded", sentence, domain="usageLimits")


def exhausted() -> ApiError:
    return ApiError(429, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota).")


def too_many_at_once() -> ApiError:
    return ApiError(429, "rateLimitExceeded", "Too many concurrent requests for user.")
