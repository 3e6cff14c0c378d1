"""How the administrators' web login differs from allauth's own: nobody signs up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an operator or by an organisation's administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
