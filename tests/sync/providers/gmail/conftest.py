"""A mailbox without a Gmail."""

from __future__ import annotations

from tests.sync.providers.gmail.fake import gmail

__all__ = ["gmail"]
