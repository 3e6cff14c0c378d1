"""Faults on request: which call shall go wrong, how, and how often.

    asked for ──► waiting ──(a call fits)──► used once ──► … ──► spent

A fault waits for calls to its service that fit its method and path. Each kind is known only to the services whose
real counterpart has it; asking for another is refused, so that no test waits for something that cannot happen.
"""

from __future__ import annotations

import random
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Service = Literal["salesforce", "microsoft", "graph", "google", "gmail", "webmail"]
Kind = Literal[
    "throttle",
    "error",
    "slow",
    "cut_before",
    "cut_after",
    "expired_cursor",
    "revoked_token",
    "rotated_token",
    "spent_limit",
    "locked_row",
]

SERVICES: tuple[Service, ...] = ("salesforce", "microsoft", "graph", "google", "gmail", "webmail")

_KNOWN_TO: dict[str, frozenset[str]] = {
    "expired_cursor": frozenset({"graph", "salesforce", "gmail"}),
    "rotated_token": frozenset({"salesforce", "microsoft"}),
    "spent_limit": frozenset({"salesforce", "gmail"}),
    "locked_row": frozenset({"salesforce"}),
}
_FIELDS_OF: dict[str, frozenset[str]] = {
    "retry_after": frozenset({"throttle", "error"}),
    "status": frozenset({"error"}),
    "delay_ms": frozenset({"slow"}),
}
_TOKEN_PATH = re.compile(r"/oauth2/(v2\.0/)?token/?(\?|$)|^/token(\?|$)")
# The services that hand tokens out; they have grants to revoke, the others have access tokens.
_IDENTITY = frozenset({"microsoft", "google"})
_CURSOR = {
    "graph": re.compile(r"[$%24]*(deltatoken|skiptoken)=", re.IGNORECASE),
    "salesforce": re.compile(r"/query(All)?/01g"),
    "gmail": re.compile(r"/history(\?|$)"),
}
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


class Fault(BaseModel):
    """One fault as a test asks for it.

    ``times`` is how many calls it hits; null means until it is cleared. ``skip`` is how many that fit pass first.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    service: Service
    kind: Kind
    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"] | None = None
    path: str | None = None
    times: Annotated[int, Field(ge=1)] | None = 1
    skip: Annotated[int, Field(ge=0)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    retry_after: Annotated[int, Field(ge=0)] | None = None
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    delay_ms: Annotated[int, Field(ge=0, le=120_000)] | None = None

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Fault:
        if self.service not in _KNOWN_TO.get(self.kind, frozenset(SERVICES)):
            raise ValueError(f"{self.service} knows no {self.kind}")
        for name, kinds in _FIELDS_OF.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(f"{name} means nothing for {self.kind}")
        return self

    def fits(self, service: str, method: str, path: str) -> bool:
        """Whether a call to ``path`` (with its query) is one that this fault may hit."""
        if service != self.service or (self.method is not None and method != self.method):
            return False
        if self.path is not None and not re.search(self.path, path):
            return False
        return self._fits_kind(method, path)

    def _fits_kind(self, method: str, path: str) -> bool:
        if self.kind == "rotated_token":
            return bool(_TOKEN_PATH.search(path))
        if self.kind == "locked_row":
            return method in _WRITES and ("/services/data/" in path or "/services/Soap/" in path)
        if self.kind == "spent_limit":
            return path.startswith(("/services/data/v", "/gmail/v1/"))
        if self.kind == "expired_cursor":
            return bool(_CURSOR[self.service].search(path))
        if self.kind == "revoked_token" and self.path is None:
            # Without a path an access token is meant where there are any; the identity platform has only grants.
            return (self.service in _IDENTITY) == bool(_TOKEN_PATH.search(path))
        return True


class FaultBook:
    """The faults that are waiting, in the order in which they were asked for."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._waiting: list[tuple[Fault, int]] = []
        self._skipped: dict[int, int] = {}

    def add(self, fault: Fault) -> None:
        self._waiting.append((fault, 0))

    def clear(self) -> None:
        self._waiting.clear()
        self._skipped.clear()

    def rows(self) -> list[dict[str, Any]]:
        """Each waiting fault and how often it was used."""
        return [{**fault.model_dump(exclude_none=True), "used": used} for fault, used in self._waiting]

    def take(self, service: str, method: str, path: str, kinds: frozenset[str] = frozenset()) -> list[Fault]:
        """What hits this call: any number of ``slow`` and at most one other, the oldest; each is used up by one.

        ``kinds`` are the only ones that can happen to it; without any, all can.
        """
        taken: list[Fault] = []
        kept: list[tuple[Fault, int]] = []
        decided = False
        for fault, used in self._waiting:
            hit = (
                (fault.kind == "slow" or not decided)
                and (not kinds or fault.kind in kinds)
                and fault.fits(service, method, path)
                and (fault.probability >= 1 or self._dice.random() < fault.probability)
            )
            if hit and used == 0 and self._skipped.get(id(fault), 0) < (fault.skip or 0):
                self._skipped[id(fault)] = self._skipped.get(id(fault), 0) + 1
                hit = False
            if not hit:
                kept.append((fault, used))
                continue
            taken.append(fault)
            decided = decided or fault.kind != "slow"
            if fault.times is None or used + 1 < fault.times:
                kept.append((fault, used + 1))
        self._waiting = kept
        return taken
