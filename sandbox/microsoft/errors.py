"""Graph's errors: status, code and message as the real service words them.

https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations


class GraphError(Exception):
    """Becomes `{"error": {"code", "message", "innerError"}}` with `status` and `headers`."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def access_denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    return GraphError(400, code, message)


def unknown_property(name: str, type_name: str) -> GraphError:
    text = f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
    return GraphError(400, "RequestBroker--ParseUri", text)


def sync_state_not_found() -> GraphError:
    text = "The sync state generation is not found; continuing the sync requires a full resync."
    return GraphError(410, "syncStateNotFound", text)


def conflict() -> GraphError:
    text = (
        "The send or update operation could not be performed because the change key passed in the request "
        "does not match the current change key for the item."
    )
    return GraphError(412, "ErrorIrresolvableConflict", text)
