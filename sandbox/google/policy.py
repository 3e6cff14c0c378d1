"""Whom an application may sign in: what its owner and the Workspaces' administrators have set.

https://support.google.com/cloud/answer/15549945 https://developers.google.com/identity/protocols/oauth2/web-server#errors
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.google.errors import OAuthError
from sandbox.seed.company import CompanyUser


@dataclass(slots=True)
class ClientPolicy:
    """``internal_to`` is the Workspace whose people alone may use the application, "" for everybody; ``blocked_in`` are
    the Workspaces whose administrators have blocked it."""

    internal_to: str = ""
    blocked_in: set[str] = field(default_factory=set)

    def check(self, user: CompanyUser) -> None:
        """Raises ``OAuthError``, which ends on a page of Google's and is not told to the application."""
        domain = user.domain if user.is_hosted else ""
        if self.internal_to and domain != self.internal_to:
            raise OAuthError("org_internal", "This client is restricted to users within its organization.", 403)
        if domain in self.blocked_in:
            raise OAuthError("admin_policy_enforced", "Access to this application was blocked by your administrator.")
