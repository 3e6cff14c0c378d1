"""What Salesforce says when it refuses: an HTTP status and a JSON list of {message, errorCode, fields}.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.salesforce.schema import SObject

STATUS: dict[str, int] = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "INSUFFICIENT_ACCESS": 403,
    "STORAGE_LIMIT_EXCEEDED": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "URI_TOO_LONG": 414,
    "UNSUPPORTED_MEDIA_TYPE": 415,
}


@dataclass(frozen=True)
class Match:
    """Records of one object that a duplicate rule takes for the same as the one that is to be saved."""

    sobject: SObject
    record_ids: tuple[str, ...]
    rule: str
    allow_save: bool


class SalesforceError(Exception):
    """One refusal; `status` is 400 unless the code has its own.

    `others` are what else is wrong with the same record, `matches` the records that it would double.
    """

    others: tuple[SalesforceError, ...] = ()
    matches: tuple[Match, ...] = ()

    def __init__(self, code: str, message: str, fields: list[str] | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status or STATUS.get(code, 400)

    def as_rest(self) -> dict[str, Any]:
        """The shape of an error of a single request; `fields` only where a record was refused."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = self.fields
        return body

    def as_list(self) -> list[dict[str, Any]]:
        """The body of a refused request: all that is wrong."""
        return [self.as_rest(), *(other.as_rest() for other in self.others)]

    def as_save_result(self) -> dict[str, Any]:
        """The shape inside the save result of a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


def not_found() -> SalesforceError:
    return SalesforceError("NOT_FOUND", "The requested resource does not exist")


def malformed_id(value: object, field: str | None = None) -> SalesforceError:
    if field is None:
        return SalesforceError("MALFORMED_ID", f"bad id {value}")
    return SalesforceError("MALFORMED_ID", f"{field}: id value of incorrect type: {value}", [field])
