"""Everybody who has a Google account here: the subsidiary's people, and accounts that no Workspace stands behind.

Those outside have no `hd` in their tokens and no Gmail mailbox, only an account under an address of their own:
- `noor.haddad@freemail.example` is Noor's private one;
- `sofia.marin@larkfield.example` was made by somebody with Sofía's address at work, whose mail is Microsoft's, and
  Google has seen the address confirmed: it proves nothing about who the account belongs to;
- `dana@northwind.example` was made with Dana's address and never confirmed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from sandbox.seed.company import PASSWORD, Company, CompanyUser

_OUTSIDE = (
    ("noor.haddad@freemail.example", "Noor Haddad", True),
    ("sofia.marin@larkfield.example", "Sofía Marín", True),
    ("dana@northwind.example", "Dana Ruiz", False),
)


def outside_accounts() -> tuple[CompanyUser, ...]:
    """The accounts without a Workspace."""
    return tuple(
        CompanyUser(
            email=email,
            password=PASSWORD,
            name=name,
            role="rep",
            oid="",
            salesforce_user_id="",
            profile="Standard User",
            suite="google",
            is_hosted=False,
            is_verified=is_verified,
        )
        for email, name, is_verified in _OUTSIDE
    )


def google_people(company: Company) -> tuple[CompanyUser, ...]:
    """All who can sign in to Google, the company's first."""
    return company.of_suite("google") + outside_accounts()


def person_of(people: Iterable[CompanyUser], form: Mapping[str, str]) -> CompanyUser | None:
    """Whom a sign-in form names: by button, or by address and right password."""
    person, name = form.get("person", ""), form.get("username", "").strip().lower()
    for user in people:
        if person == user.email:
            return user
        if name == user.email and secrets.compare_digest(form.get("password", "").encode(), user.password.encode()):
            return user
    return None
