"""What the audit trail is told of filings by the button, and that no word of an email stands in it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Connection
from permissions.audit.models import AuditEntry
from sync.models import Link
from sync.services.filing import file_email, follow_filing, undo_filing, unfollow_filing
from sync.services.status import StatusKind
from tests.sync.services.stage import Stage
from tests.trails import last, said_anywhere, told, whole

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_filing_and_taking_it_back_are_recorded_with_ids_alone(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    request = replace(stage.request(message), attachment_keys=())
    for _ in range(2):
        status = file_email(stage.actor(), request)
    assert status.kind is StatusKind.FILED
    record = Link.objects.get(part="email").record_id
    entry = last("filing.made")
    assert entry.detail == {"automatic": False, "found": False, "record": record, "tasks": 0}
    assert (entry.root_id, entry.actor, entry.actor_kind, entry.object_kind, entry.object_id) == (
        stage.organisation.resource_id,
        stage.users["mia"].principal_id,
        "user",
        "email",
        status.filing_id,
    )
    follow_filing(stage.actor(), UUID(status.filing_id))
    unfollow_filing(stage.actor(), UUID(status.filing_id))
    for _ in range(2):
        undo_filing(stage.actor(), UUID(status.filing_id))
    work = ("filing.made", "filing.undone", "follow.begun", "follow.ended")
    assert [action for action, _ in told(*work)] == ["filing.made", "follow.begun", "follow.ended", "filing.undone"]
    assert last("filing.undone").detail == {"record": record, "tasks": 0, "reason": "undone"}
    assert whole()
    words = [message["subject"], message["internetMessageId"], message["id"], message["conversationId"]]
    names = ["northwind", "larkfield", "dana", "mia", "renewal", "@"]
    tokens = [
        box.unseal()
        for row in Connection.objects.all()
        for box in (row.access_token, row.refresh_token, row.token_cache)
        if box
    ]
    assert tokens
    assert said_anywhere(*words, *names, *tokens) == []
    assert AuditEntry.objects.count() > 10


def test_a_press_gains_three_queries_by_it(stage: Stage) -> None:
    request = replace(stage.request(stage.message("Northwind renewal")), attachment_keys=())
    with CaptureQueriesContext(connection) as asked:
        assert file_email(stage.actor(), request).kind is StatusKind.FILED
    trail = [query["sql"] for query in asked if "permissions_audit" in query["sql"]]
    assert [sql.split()[0] for sql in trail] == ["SELECT", "INSERT", "UPDATE"]
