"""`manage.py rotate_keys`: puts everything under the newest key of ALONGSIDE_KEYS, while the product runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.crypto import SecretUnreadable, newest_wrapping_key
from accounts.rotation import rewrap
from accounts.second_factor import reseal
from permissions.declare import public


@public("whoever has ALONGSIDE_KEYS holds every key already")
class Command(BaseCommand):
    help = "Put data keys and operators' second factors under the newest key of ALONGSIDE_KEYS. Safe at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done, already = rewrap()
            factors = reseal()
        except SecretUnreadable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done} data keys wrapped with {newest_wrapping_key()[0]!r}, {already} were already; "
            f"{factors} operators' second factors sealed anew. "
            "Older keys can be taken out of ALONGSIDE_KEYS once every process runs with the newest."
        )
