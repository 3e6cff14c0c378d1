"""Who acts: the one thing that views hand to services."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Organisation, PaneSession, User


@dataclass(frozen=True, slots=True)
class Actor:
    user: User
    organisation: Organisation
    principal_id: UUID
    session: PaneSession | None = None

    @classmethod
    def of(cls, user: User, session: PaneSession | None = None) -> Actor:
        """Raises ValueError for an operator, who belongs to no organisation."""
        if user.organisation is None:
            raise ValueError("An operator does not act inside an organisation.")
        return cls(user, user.organisation, user.principal_id, session)
