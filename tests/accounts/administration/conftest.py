"""People of the administration pages: an administrator, an auditor, a team lead, a rep, a rival, the vendor's staff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import signing_in, staff, teams
from accounts.actor import Actor
from accounts.administration.place import STAFF_SESSION
from accounts.models import Connection, Organisation, Preset, SessionTicket, StaffSession, System, Team, User
from accounts.services import connection_for, create_user
from permissions.models import Authorization
from permissions.services import clone_role, create_group, grant
from sync.models import ApiBudget, Collection, Issue, Mailbox

PASSWORD = "a long enough password"
REASON = "Ticket 4711: nothing is filed since Monday"


def enter(user: User) -> Client:
    """As the pane does it: a session, a ticket, and the ticket handed over by the page."""
    _token, actor = signing_in.begin_session(user, client="outlook")
    ticket = signing_in.issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION)
    client = Client()
    answer = client.post("/admin/enter/", {"ticket": ticket})
    assert answer.status_code == 302, answer.content
    return client


def sign_in(operator: User) -> Client:
    client = Client()
    answer = client.post("/sign-in/login/", {"login": operator.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


@pytest.fixture(autouse=True)
def _nobody_has_tried_to_sign_in(db: None) -> None:
    """How often somebody signs in is limited across requests."""
    cache.clear()


@pytest.fixture
def ines(larkfield: Organisation) -> User:
    return create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True)


@pytest.fixture
def auditor(larkfield: Organisation) -> User:
    user = create_user(larkfield, email="olga.audit@larkfield.example", name="Olga Audit")
    grant(user.principal, "auditor", larkfield.resource, reason="test")
    return user


@pytest.fixture
def sales(ines: User, mia: User) -> Team:
    """Mia's team."""
    team = teams.make(Actor.of(ines), "Sales EMEA")
    teams.move(Actor.of(ines), mia, team)
    return team


@pytest.fixture
def lead(larkfield: Organisation, sales: Team) -> User:
    user = create_user(larkfield, email="lena.lead@larkfield.example", name="Lena Lead")
    grant(user.principal, "team_lead", sales.resource, reason="test")
    return user


@pytest.fixture
def rival(rita: User) -> User:
    """The administrator of another organisation."""
    assert rita.organisation is not None
    return create_user(rita.organisation, email="boss@rival.example", name="Boss", administrator=True)


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_superuser("sam@vendor.example", PASSWORD, name="Sam Vendor")


@pytest.fixture
def running(larkfield: Organisation, sam: User, ines: User) -> StaffSession:
    return staff.approve(staff.ask(sam, larkfield, REASON).pk, ines, minutes=60)


@pytest.fixture
def looking(sam: User, running: StaffSession) -> Client:
    """Sam in a staff session."""
    client = sign_in(sam)
    assert client.post(f"/admin/desk/sessions/{running.pk}/look/").status_code == 302
    assert client.session[STAFF_SESSION] == str(running.pk)
    return client


@dataclass
class Rows:
    """One row of each page, of one organisation."""

    by_page: dict[str, Any]

    def address(self, page: str, what: str = "change") -> str:
        return f"/admin/{page}/{self.by_page[page]}/{what}/"


def rows_of(organisation: Organisation, user: User, administrator: User) -> Rows:
    connection = connection_for(user, System.MICROSOFT)
    Connection.objects.filter(pk=connection.pk).update(state=Connection.State.ACTIVE)
    mailbox = Mailbox.objects.create(
        organisation=organisation, user=user, connection=connection, provider="graph", window_from=timezone.now()
    )
    Collection.objects.create(
        organisation=organisation, mailbox=mailbox, kind="mail", name="Planted folder", due_at=timezone.now()
    )
    issue = Issue.objects.create(
        organisation=organisation, user=user, mailbox=mailbox, reason="mailbox-refused", words="planted words"
    )
    org = organisation.salesforce_orgs.create(org_id="00D000000000001AAA", instance_url="https://x.example")
    budget = ApiBudget.objects.create(organisation=organisation, salesforce_org=org, used=10, allowed=100)
    return Rows(
        {
            "accounts/user": user.pk,
            "accounts/organisation": organisation.pk,
            "accounts/team": teams.make(Actor.of(administrator), "A team").pk,
            "accounts/preset": Preset.objects.create(organisation=organisation, name="A preset").pk,
            "accounts/configurationchange": organisation.configuration_changes.latest("pk").pk,
            "accounts/connection": connection.pk,
            "accounts/servicecredential": organisation.service_credentials.create(
                system="salesforce", kind="salesforce_jwt", subject="integration@larkfield.example"
            ).pk,
            "accounts/provisionedmailbox": organisation.provisioned_mailboxes.create(
                user=user, system="microsoft", external_id=str(user.pk), address=user.email
            ).pk,
            "accounts/staffsession": StaffSession.objects.create(
                organisation=organisation,
                staff=User.objects.filter(is_staff=True, organisation=None).first()
                or User.objects.create_superuser("ulf@vendor.example", PASSWORD),
                reason=REASON,
                state="declined",
            ).pk,
            "permissions/authorization": Authorization.objects.filter(principal=administrator.principal)[0].pk,
            "permissions/principal": create_group(organisation.resource, "A group").pk,
            "permissions/ownrole": clone_role(organisation.resource, "auditor", title="Our auditor").pk,
            "permissions/auditentry": organisation.resource.audit_entries.order_by("-number")[0].pk,
            "sync/mailbox": mailbox.pk,
            "sync/issue": issue.pk,
            "sync/apibudget": budget.pk,
        }
    )


@pytest.fixture
def rows(larkfield: Organisation, mia: User, ines: User) -> Rows:
    return rows_of(larkfield, mia, ines)


@pytest.fixture
def own() -> Callable[[User], Actor]:
    return Actor.of
