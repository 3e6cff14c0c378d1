"""`manage.py rotate_keys`: wraps all data keys with the newest key of ALONGSIDE_KEYS, while the product runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.crypto import SecretUnreadable, newest_wrapping_key
from accounts.rotation import rewrap


class Command(BaseCommand):
    help = "Wrap all data keys with the newest key of ALONGSIDE_KEYS. Safe to run at any time, and again."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done, already = rewrap()
        except SecretUnreadable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done} data keys wrapped with {newest_wrapping_key()[0]!r}, {already} were already. "
            "Older keys can be taken out of ALONGSIDE_KEYS once every process runs with the newest."
        )
