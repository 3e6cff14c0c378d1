"""Records that an email speaks of: links to them, and case references. The texts come from the client, untrusted.

The client sends the references alone, never the body; each is looked up as the person, so that a reference says no more
than the person may see anyway. One call, and none again for five minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import TypeAdapter

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.models import System
from sync.crm import RelatedRecord
from sync.providers.salesforce.linked import read_linked
from sync.rules.business import case_lookup, case_references
from sync.rules.record_links import linked_ids
from sync.services import flight
from sync.services.clients import connection_of, crm_of
from sync.services.reading.records import FRESH_SECONDS
from sync.services.records.caches import key_of, own_version

MOST_TEXTS = 20
MOST_LENGTH = 600
_records: TypeAdapter[tuple[RelatedRecord, ...]] = TypeAdapter(tuple[RelatedRecord, ...])


def linked_records(actor: Actor, texts: Sequence[str]) -> tuple[RelatedRecord, ...]:
    """The records that these references lead to, as far as the person may see them.

    Raises sync.errors.*, NotConnected.
    """
    require_own(actor, "email.view")
    crm = crm_of(actor, connection_of(actor, System.SALESFORCE))
    known = [text[:MOST_LENGTH] for text in texts[:MOST_TEXTS]]
    cases, _numbers = case_lookup(case_references("", "\n".join(known)))
    ids = tuple(dict.fromkeys((*linked_ids(known, crm.instance_url), *cases)))
    if not ids:
        return ()
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    key = key_of(crm, "linked", own_version(crm), digest)

    def load() -> tuple[str, float]:
        return _records.dump_json(read_linked(crm.client, ids)).decode(), FRESH_SECONDS

    return _records.validate_json(flight.fetch(key, load).value)
