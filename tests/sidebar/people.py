"""Three standing people of the synchronisation page: an owner with a mailbox, a colleague, a stranger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import BlockEntry, Organisation, SalesforceOrg, System, User
from accounts.services import connection_for, create_organisation, create_user
from sync.models import Activity, Collection, Decision, Follow, Intent, Issue, Item, Mailbox, Sighting
from tests.sessions import open_session


@dataclass
class Person:
    """`page` asks for partials and sends forms, `api` speaks JSON; both with the person's session."""

    user: User

    @property
    def actor(self) -> Actor:
        return Actor.of(User.objects.select_related("organisation", "resource").get(pk=self.user.pk))

    @property
    def page(self) -> Client:
        return Client(headers={"Authorization": f"Bearer {open_session(self.user)}"}, enforce_csrf_checks=True)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.page.generic(
            method, f"/api/v1/sync/{path}", json.dumps(body).encode() if body is not None else b"", "application/json"
        )


@dataclass
class Office:
    """`mia` owns `mailbox`, in which `items` were decided; nothing of it reaches a provider."""

    organisation: Organisation
    mia: Person
    tom: Person
    rita: Person
    mailbox: Mailbox
    org: SalesforceOrg

    def item(self, key: str, outcome: str, rule: str, *, received_at: datetime | None = None) -> Item:
        now = timezone.now()
        item = Item.objects.create(
            organisation=self.organisation,
            user=self.mia.user,
            provider="graph",
            provider_id=key,
            conversation_id=f"conversation-{key}",
            mailbox=self.mailbox,
            received_at=received_at or now,
        )
        Decision.objects.create(
            organisation=self.organisation, item=item, outcome=outcome, rule=rule, inputs={}, decided_at=now
        )
        return item

    def activity(self, item: Item, *, state: str = "waiting", reason: str = "") -> Activity:
        activity = Activity.objects.create(
            organisation=self.organisation,
            salesforce_org=self.org,
            identity=f"<{item.provider_id}@x.example>",
            fingerprint="f",
        )
        Sighting.objects.create(organisation=self.organisation, item=item, activity=activity)
        Intent.objects.create(
            organisation=self.organisation,
            activity=activity,
            user=self.mia.user,
            kind=Intent.Kind.EMAIL,
            key="email",
            automatic=True,
            state=state,
            reason=reason,
            words="Required field missing." if state == "parked" else "",
            due_at=timezone.now() + timedelta(minutes=3),
        )
        return activity

    def issue(self, key: str = "refused") -> Issue:
        item = self.item(key, "failed", "salesforce-refused")
        activity = self.activity(item, state="parked", reason="salesforce-refused")
        return Issue.objects.create(
            organisation=self.organisation,
            user=self.mia.user,
            activity=activity,
            reason=Issue.Reason.SALESFORCE_REFUSED,
            words="Required field missing.",
        )

    def follow(self, key: str = "followed") -> Follow:
        item = self.item(key, "captured", "button")
        return Follow.objects.create(
            organisation=self.organisation,
            user=self.mia.user,
            activity=self.activity(item, state="done"),
            provider="graph",
            conversation_id=item.conversation_id,
            until=timezone.now() + timedelta(days=30),
        )

    def folder(self, key: str, name: str, *, kind: str = "other", parent: str = "") -> Collection:
        return Collection.objects.create(
            organisation=self.organisation,
            mailbox=self.mailbox,
            kind=Collection.Kind.MAIL,
            remote_id=key,
            parent_remote_id=parent,
            name=name,
            folder_kind=kind,
            in_scope=kind in {"inbox", "sent"},
            due_at=timezone.now() + timedelta(minutes=5),
        )

    def block(self, value: str, user: User | None = None) -> BlockEntry:
        return BlockEntry.objects.create(organisation=self.organisation, user=user, value=value)


def make_office() -> Office:
    larkfield = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    rival = create_organisation("Rival", domains=["rival.example"])
    mia = Person(create_user(larkfield, email="mia.keller@larkfield.example", name="Mia Keller"))
    connection = connection_for(mia.user, System.MICROSOFT)
    connection.external_username = mia.user.email
    connection.save()
    return Office(
        organisation=larkfield,
        mia=mia,
        tom=Person(create_user(larkfield, email="tom.okafor@larkfield.example", name="Tom Okafor")),
        rita=Person(create_user(rival, email="rita@rival.example", name="Rita")),
        mailbox=Mailbox.objects.create(
            organisation=larkfield,
            user=mia.user,
            connection=connection,
            provider="graph",
            window_from=timezone.now() - timedelta(days=6),
            initial_done_at=timezone.now(),
            last_success_at=timezone.now(),
        ),
        org=SalesforceOrg.objects.create(organisation=larkfield, org_id="00D000000000001AAA", instance_url="x"),
    )
