"""The rows of the engine.

`mailboxes` says where mail is read and how far, `ledger` what was seen and what stands for it in Salesforce, `budget`
what the org's allowance of calls was spent on, `records` what a person keeps at hand and writes of its records,
`panes` how a person left their pane.
"""

from sync.models.base import Row
from sync.models.budget import ApiBudget, ApiUse
from sync.models.ledger import (
    Activity,
    Decision,
    Follow,
    Intent,
    Issue,
    Item,
    Link,
    Sighting,
    StoredFile,
    Tombstone,
)
from sync.models.mailboxes import Collection, Hint, Mailbox, Watch
from sync.models.panes import PaneState
from sync.models.records import KnownRecord, RecordWrite

__all__ = [
    "Activity",
    "ApiBudget",
    "ApiUse",
    "Collection",
    "Decision",
    "Follow",
    "Hint",
    "Intent",
    "Issue",
    "Item",
    "KnownRecord",
    "Link",
    "Mailbox",
    "PaneState",
    "RecordWrite",
    "Row",
    "Sighting",
    "StoredFile",
    "Tombstone",
    "Watch",
]
