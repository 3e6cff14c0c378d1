"""Two whole organisations with one row of everything, and what the database holds of one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from accounts import signing_in, staff
from accounts.actor import Actor
from accounts.models import (
    AddressAlias,
    BlockEntry,
    Connection,
    ConnectionAttempt,
    Organisation,
    SalesforceOrg,
    SessionTicket,
    StaffSession,
    System,
    User,
)
from accounts.preferences import set_for_organisation
from accounts.services import connection_for, create_organisation, create_user
from permissions import isolation
from permissions.isolated import isolated_models
from sync.models import (
    Activity,
    ApiUse,
    Collection,
    Decision,
    Follow,
    Hint,
    Intent,
    Item,
    KnownRecord,
    Link,
    Mailbox,
    PaneState,
    RecordWrite,
    Sighting,
    StoredFile,
    Tombstone,
    Watch,
)
from tests.accounts.administration.conftest import PASSWORD, REASON, rows_of

#: What is planted as the tokens of connections.
ACCESS, REFRESH = "planted-access-token", "planted-refresh-token"

#: table.column -> value, of each row by its key
Dump = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Whole:
    """An organisation. What stands for a parameter (`named`), a page of the administration (`rows`), a task (`due`)."""

    organisation: Organisation
    rep: User
    colleague: User
    administrator: User
    operator: User
    staff_session: StaffSession
    named: dict[str, Any]
    rows: dict[str, Any]
    due: dict[str, Any] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """A route with this organisation's own rows in it."""
        for parameter, value in self.named.items():
            path = path.replace(parameter, str(value))
        if path.startswith("admin/"):
            page = "/".join(path.split("/")[1:3])
            for parameter in ("<path:object_id>", "<int:object_id>"):
                path = path.replace(parameter, str(self.rows.get(page, "")))
        return "/" + path

    def row_of(self, path: str) -> str:
        """The row that a step of the administration is taken on."""
        step = path.removeprefix("admin/").rstrip("/")
        return str(self.rows.get(step) or self.rows["/".join(path.split("/")[1:3])])

    def body(self, given: Mapping[str, str], who: str) -> dict[str, str]:
        """What is sent, with the organisation's own ids in it."""
        known = {f"<{page}>": str(pk) for page, pk in self.rows.items()} | {"<who>": who}
        for word, value in known.items():
            given = {name: text.replace(word, value) for name, text in given.items()}
        return dict(given)


def whole(name: str) -> Whole:
    """Makes one: `name` is its domain's first part."""
    domain = f"{name}.example"
    organisation = create_organisation(
        name.title(), domains=[domain], tenant_ids=[f"tenant-{name}"], google_domains=[domain]
    )
    rep = create_user(organisation, email=f"mia@{domain}", name=f"Mia {name}")
    administrator = create_user(organisation, email=f"ines@{domain}", name=f"Ines {name}", administrator=True)
    colleague = create_user(organisation, email=f"tom@{domain}", name=f"Tom {name}")
    operator = User.objects.create_superuser(f"{name}@vendor.example", PASSWORD, name="Vendor")
    running = staff.approve(staff.ask(operator, organisation, REASON).pk, administrator, minutes=60)
    set_for_organisation(Actor.of(administrator), "auto_file_mode", "known-people")
    rows: dict[str, Any] = dict(rows_of(organisation, rep, administrator).by_page)
    asks = User.objects.create_superuser(f"asks-{name}@vendor.example", PASSWORD, name="Vendor")
    rows["accounts/staffsession"] = staff.ask(asks, organisation, REASON).pk
    rows["accounts/staffsession/step/end"] = running.pk
    made = Whole(organisation, rep, colleague, administrator, operator, running, {}, rows)
    _connected(made)
    _filed_and_due(made)
    _signing_in(made)
    made.named |= {
        "<uuid:mailbox_id>": rows["sync/mailbox"],
        "<uuid:issue_id>": rows["sync/issue"],
        "<uuid:organisation_id>": organisation.pk,
        "<uuid:session_id>": running.pk,
        "<int:entry_id>": BlockEntry.objects.create(organisation=organisation, user=rep, value="spam.example").pk,
        "<str:ticket>": "unknown",
        "<str:object_name>": "Contact",
        "<str:person>": "nobody",
        "<str:name>": "auto_file_mode",
        "<str:kind>": "note",
        "<str:record_id>": "003000000000001AAA",
        "<path:path>": "secret",
        r"^confirm-email/(?P<key>[-:\w]+)/$": "confirm-email/unknown/",
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-unknown/",
    }
    return made


def _connected(made: Whole) -> None:
    """Tokens that would be good: what does not ask a provider does so of its own accord."""
    org = SalesforceOrg.objects.get(organisation=made.organisation)
    for system in (System.MICROSOFT, System.SALESFORCE):
        connection = connection_for(made.rep, system)
        connection.state = Connection.State.ACTIVE
        connection.access_token = ACCESS
        connection.access_expires_at = timezone.now() + timedelta(hours=1)
        connection.external_user_id = f"external-{made.rep.pk}"[:40]
        if system == System.SALESFORCE:
            connection.refresh_token = REFRESH
            connection.salesforce_org, connection.instance_url = org, "https://localhost:9443"
        connection.save()


def _filed_and_due(made: Whole) -> None:
    organisation, rep, now = made.organisation, made.rep, timezone.now()
    own: dict[str, Any] = {"organisation": organisation}
    mailbox = Mailbox.objects.get(pk=made.rows["sync/mailbox"])
    org = SalesforceOrg.objects.get(organisation=organisation)
    filed, waits, presses = (
        Activity.objects.create(**own, salesforce_org=org, identity=f"<{key}@mail.example>", fingerprint=key)
        for key in ("filed", "waits", "presses")
    )
    for activity, outcome in ((filed, "captured"), (waits, "waiting"), (presses, "waiting")):
        item = Item.objects.create(
            **own,
            user=rep,
            provider="graph",
            provider_id=f"{organisation.pk}-{activity.fingerprint}",
            mailbox=mailbox,
            missing_since=now - timedelta(hours=1) if outcome == "waiting" else None,
        )
        Sighting.objects.create(**own, item=item, activity=activity)
        Decision.objects.create(**own, item=item, outcome=outcome, rule="matched", decided_at=now)
    done = Intent.objects.create(**own, activity=filed, user=rep, kind="email", key="email", state="done")
    lane = Intent.objects.create(**own, activity=waits, user=rep, kind="email", key="email", automatic=True)
    pressed = Intent.objects.create(**own, activity=presses, user=rep, kind="email", key="email")
    Intent.objects.filter(pk__in=[lane.pk, pressed.pk]).update(due_at=now - timedelta(minutes=1))
    Link.objects.create(
        **own, activity=filed, part="email", object_name="EmailMessage", record_id="02s000000000001AAA", filed_by=rep
    )
    StoredFile.objects.create(**own, salesforce_org=org, sha256="0" * 64, name_hash="0" * 64, claimed_by=done)
    Tombstone.objects.create(**own, activity=filed, side="pane", record_id="02s000000000002AAA", actor=rep)
    follow = Follow.objects.create(
        **own, user=rep, activity=filed, provider="graph", conversation_id="c", until=now + timedelta(days=1)
    )
    PaneState.objects.create(**own, user=rep, tab="Case")
    watch = Watch.objects.create(**own, mailbox=mailbox, due_at=now - timedelta(minutes=1))
    Hint.objects.create(**own, mailbox=mailbox, received_at=now)
    ApiUse.objects.create(**own, salesforce_org=org, hour=now)
    KnownRecord.objects.create(
        **own, user=rep, salesforce_org=org, object_name="Contact", record_id="003000000000001AAA", pinned_at=now
    )
    RecordWrite.objects.create(
        **own, user=rep, salesforce_org=org, kind="create", key="form", object_name="Lead", state="done", begun_at=now
    )
    AddressAlias.objects.create(**own, user=rep, address=f"m.{rep.email}")
    collection = Collection.objects.get(mailbox=mailbox)
    Collection.objects.filter(pk=collection.pk).update(
        remote_id="AAMkAGI=", in_scope=True, due_at=now - timedelta(minutes=1)
    )
    made.named |= {"<uuid:filing_id>": filed.pk, "<uuid:follow_id>": follow.pk}
    made.due |= {"sync.Intent": pressed.pk, "accounts.User": rep.pk}
    made.due |= {"sync.Collection": collection.pk, "sync.Watch": watch.pk}


def _signing_in(made: Whole) -> None:
    _token, actor = signing_in.begin_session(made.rep, client="outlook")
    signing_in.issue_ticket(actor, SessionTicket.Purpose.PAGE)
    ConnectionAttempt.objects.create(
        organisation=made.organisation,
        user=made.rep,
        system=System.SALESFORCE,
        ticket_hash=f"hash-{made.organisation.pk}",
        verifier="planted-verifier",
        expires_at=timezone.now() + timedelta(minutes=10),
    )


def without_a_row(organisation_id: UUID) -> list[str]:
    """Models of which the organisation has no row: it would not be whole."""
    return [table for table, rows in dump(organisation_id).items() if not rows]


def dump(organisation_id: UUID) -> Dump:
    """All that the database holds of an organisation, as it is stored."""
    found: Dump = {}
    own = organisation_id.hex if database.vendor == "sqlite" else organisation_id
    for model in isolated_models():
        table, key, column = model._meta.db_table, model._meta.pk.column, isolation.column(model)
        where = f"{column} = %s" + (f" OR {key} = %s" if getattr(model, "OWN_WHERE_NULL", False) else "")
        with database.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}" WHERE {where}', [own] * where.count("%s"))
            names = [one[0] for one in cursor.description]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]
        found[table] = {str(row[key]): row for row in rows}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value).hex()
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def changed(before: Dump, after: Dump) -> set[str]:
    """`table.column` of what was changed, `table+` and `table-` of rows that came and went."""
    found: set[str] = set()
    for table in before | after:
        old, new = before.get(table, {}), after.get(table, {})
        found |= {f"{table}+"} if new.keys() - old.keys() else set()
        found |= {f"{table}-"} if old.keys() - new.keys() else set()
        for pk in old.keys() & new.keys():
            found |= {f"{table}.{name}" for name, value in new[pk].items() if value != old[pk][name]}
    return found
