"""Changing the keys that wrap the data keys, while everything runs.

    1. put the new key first in ALONGSIDE_KEYS, keep the old one behind it, restart
    2. `manage.py rotate_keys`
    3. take the old key out, restart

Each data key is wrapped anew in a transaction of its own; what it seals stays as it is.
"""

from __future__ import annotations

import structlog
from django.db import transaction

from accounts import crypto
from accounts.models import DataKey
from permissions.audit.recording import COMMAND, record

log = structlog.get_logger("accounts.rotation")


def rewrap() -> tuple[int, int]:
    """Wraps every data key with the newest key. (wrapped anew, already there). Raises SecretUnreadable, naming no key.

    Interrupted, it is run again.
    """
    newest, _ = crypto.newest_wrapping_key()
    done = 0
    total = 0
    for pk in DataKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = DataKey.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            total += 1
            if row.key_id == newest:
                continue
            plain = crypto.unwrap(
                bytes(row.wrapped), key_id=row.key_id, organisation_id=row.organisation_id, number=row.number
            )
            row.wrapped, row.key_id = crypto.wrap(plain, organisation_id=row.organisation_id, number=row.number)
            row.save(update_fields=["wrapped", "key_id"])
            root = row.organisation.resource_id
            record("secret.rotated", root=root, by=COMMAND, on=("key", row.number), detail={"keys": 1})
            done += 1
    log.info("keys.rewrapped", rewrapped=done, total=total)
    return done, total - done
