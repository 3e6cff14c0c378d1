"""ID tokens made to order: the next ones that Google issues are wrong in exactly what a test asks for.

Everything that is not named stays right, and right for this sign-in (nonce, audience, times, at_hash), so that whoever
refuses the token can have only one reason.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Literal["present", "next", "last", "foreign"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "HS256", "none"]


class IdTokenOrder(BaseModel):
    """``claims`` are put over the right ones and ``without`` taken away. ``shift`` moves the numbers of claims, in
    seconds (``{"exp": -4000}``). ``key`` signs, ``kid`` and ``headers`` are written into its header (null takes one
    away). ``signature`` may be ``broken`` (another one) or ``missing``. ``times`` is for how many tokens it holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    claims: dict[str, Any] = Field(default_factory=dict)
    without: list[str] = Field(default_factory=list)
    shift: dict[str, int] = Field(default_factory=dict)
    key: Key = "present"
    alg: Algorithm = "RS256"
    kid: str | None = None
    headers: dict[str, Any] = Field(default_factory=dict)
    signature: Literal["good", "broken", "missing"] = "good"
    times: Annotated[int, Field(ge=1)] = 1

    def changed(self, claims: dict[str, Any]) -> dict[str, Any]:
        """The claims as ordered. Raises ``ValueError`` for the shift of a claim that is no number."""
        ordered = {**claims, **self.claims}
        for name, seconds in self.shift.items():
            if not isinstance(ordered.get(name), int):
                raise ValueError(f"{name} is no number.")
            ordered[name] += seconds
        return {name: value for name, value in ordered.items() if name not in self.without}

    def header(self) -> dict[str, Any]:
        return self.headers | ({"kid": self.kid} if self.kid is not None else {})

    def sealed(self, token: str) -> str:
        """The token with its signature, another one, or none."""
        head, _, signature = token.rpartition(".")
        match self.signature:
            case "missing":
                return f"{head}."
            case "broken":
                raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
                raw[-1] ^= 1
                return f"{head}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
        return token


class Orders:
    """The orders that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[IdTokenOrder, int]] = []

    def add(self, order: IdTokenOrder) -> None:
        self._waiting.append((order, order.times))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self) -> IdTokenOrder | None:
        """The order for the token that is issued now."""
        if not self._waiting:
            return None
        order, left = self._waiting.pop(0)
        if left > 1:
            self._waiting.insert(0, (order, left - 1))
        return order
