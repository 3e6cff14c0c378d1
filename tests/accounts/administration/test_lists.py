"""Lists ask the database as often for fifty rows as for one; they are cut into pages, filtered and searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Connection, Organisation, Preset, StaffSession, System, User
from accounts.services import connection_for, create_user
from accounts.teams import make, move
from permissions.models import Resource
from permissions.services import add_to_group, clone_role, create_group, create_resource, grant
from sync.models import ApiBudget, Collection, Issue, Mailbox
from tests.accounts.administration.conftest import REASON, Rows, enter

pytestmark = pytest.mark.django_db


def person(organisation: Organisation, number: int) -> User:
    return create_user(organisation, email=f"person{number}@larkfield.example", name=f"Person {number}")


def mailbox_of(organisation: Organisation, number: int) -> Mailbox:
    user = person(organisation, number)
    mailbox = Mailbox.objects.create(
        organisation=organisation,
        user=user,
        connection=connection_for(user, System.MICROSOFT),
        provider="graph",
        window_from=timezone.now(),
    )
    Collection.objects.create(organisation=organisation, mailbox=mailbox, kind="mail", due_at=timezone.now())
    return mailbox


class Made:
    """One more row of each page."""

    def __init__(self, organisation: Organisation, ines: User, own: Callable[[User], Any]) -> None:
        self.organisation, self.ines, self.actor = organisation, ines, own(ines)

    def user(self, number: int) -> None:
        user = mailbox_of(self.organisation, number).user
        connection_for(user, System.SALESFORCE)
        Connection.objects.filter(user=user).update(state="active")
        move(self.actor, user, make(self.actor, f"Team {number}"))
        user.preset = Preset.objects.create(organisation=self.organisation, name=f"Preset {number}")
        user.save(update_fields=["preset"])
        Issue.objects.create(organisation=self.organisation, user=user, reason="malformed")

    def team(self, number: int) -> None:
        move(self.actor, person(self.organisation, number), make(self.actor, f"Team {number}"))

    def preset(self, number: int) -> None:
        Preset.objects.create(organisation=self.organisation, name=f"Preset {number}")

    def connection(self, number: int) -> None:
        connection_for(person(self.organisation, number), System.SALESFORCE)

    def provisionedmailbox(self, number: int) -> None:
        user = person(self.organisation, number)
        self.organisation.provisioned_mailboxes.create(
            user=user, system="microsoft", external_id=str(number), address=user.email
        )

    def staffsession(self, number: int) -> None:
        sam = User.objects.create_superuser(f"sam{number}@vendor.example", "x", name=f"Sam {number}")
        StaffSession.objects.create(
            organisation=self.organisation, staff=sam, reason=REASON, state="declined", answered_by=self.ines
        )

    def authorization(self, number: int) -> None:
        user = person(self.organisation, number)
        grant(user.principal, "team_lead", self.organisation.resource, reason="test", grantor=self.ines.principal)
        grant(user.principal, "auditor", make(self.actor, f"Team {number}").resource, reason="test")

    def principal(self, number: int) -> None:
        group = create_group(self.organisation.resource, f"Group {number}")
        add_to_group(group, person(self.organisation, number).principal)

    def ownrole(self, number: int) -> None:
        clone_role(self.organisation.resource, "auditor", title=f"Role {number}")

    def auditentry(self, number: int) -> None:
        create_group(self.organisation.resource, f"Group {number}", by=self.ines.principal)

    def mailbox(self, number: int) -> None:
        mailbox_of(self.organisation, number)

    def issue(self, number: int) -> None:
        mailbox = mailbox_of(self.organisation, number)
        Issue.objects.create(
            organisation=self.organisation, user=mailbox.user, mailbox=mailbox, reason="mailbox-refused"
        )

    def apibudget(self, number: int) -> None:
        org = self.organisation.salesforce_orgs.create(org_id=f"00D{number:012d}AAA", instance_url="x")
        ApiBudget.objects.create(organisation=self.organisation, salesforce_org=org, used=1, allowed=100)


PAGES = [
    *("accounts/user", "accounts/team", "accounts/preset", "accounts/connection", "accounts/provisionedmailbox"),
    *("accounts/staffsession", "permissions/authorization", "permissions/principal", "permissions/ownrole"),
    *("permissions/auditentry", "sync/mailbox", "sync/issue", "sync/apibudget"),
]


@pytest.mark.parametrize("page", PAGES)
def test_as_many_queries_for_fifty_rows_as_for_one(
    page: str,
    larkfield: Organisation,
    ines: User,
    own: Callable[[User], Any],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    made = Made(larkfield, ines, own)
    another = getattr(made, page.partition("/")[2])
    another(1000)
    client = enter(ines)
    address = f"/admin/{page}/"
    client.get(address)  # what is kept of the process is read
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(address)
    for number in range(49):
        another(number)
    with django_assert_num_queries(len(one)):
        text = client.get(address).content.decode()
    assert text.count("/change/") >= 49
    assert len(one) <= 25


def test_a_long_list_is_cut_into_pages(larkfield: Organisation, ines: User) -> None:
    for number in range(60):
        person(larkfield, number)
    client = enter(ines)
    first, second = (client.get(f"/admin/accounts/user/?p={page}").context["cl"] for page in (1, 2))
    assert (len(first.result_list), len(second.result_list)) == (50, 11)
    assert len(client.get("/admin/accounts/user/?all=").context["cl"].result_list) == 50


def names(client: Client, address: str) -> list[str]:
    return [str(row) for row in client.get(address).context["cl"].result_list]


def test_people_are_filtered_and_searched(rows: Rows, ines: User, mia: User, tom: User, sales: Any) -> None:
    client = enter(ines)
    Connection.objects.filter(user=mia).update(state="needs_reconnect")
    User.objects.filter(pk=tom.pk).update(is_active=False)
    assert names(client, "/admin/accounts/user/?q=mia.kel") == ["Mia Keller"]
    assert names(client, "/admin/accounts/user/?state=renew") == ["Mia Keller"]
    assert names(client, "/admin/accounts/user/?state=issues") == ["Mia Keller"]
    assert names(client, "/admin/accounts/user/?state=off") == ["Tom Okafor"]
    assert names(client, "/admin/accounts/user/?state=none") == ["Ines Falk", "Tom Okafor"]
    assert names(client, f"/admin/accounts/user/?team={sales.pk}") == ["Mia Keller"]


def test_the_trail_is_filtered_and_searched_by_an_id(rows: Rows, ines: User, mia: User) -> None:
    client = enter(ines)
    made = client.get("/admin/permissions/auditentry/?action=user.made").context["cl"].result_list
    assert {entry.action for entry in made} == {"user.made"}
    found = client.get(f"/admin/permissions/auditentry/?q={mia.pk}").context["cl"].result_list
    assert {entry.object_id for entry in found} == {str(mia.pk)}
    assert not client.get("/admin/permissions/auditentry/?q=mia.keller").context["cl"].result_list
    by_ines = client.get(f"/admin/permissions/auditentry/?q={ines.principal_id}").context["cl"].result_list
    assert {entry.actor for entry in by_ines} == {ines.principal_id}


def test_issues_that_are_settled_are_not_listed_at_first(rows: Rows, ines: User) -> None:
    client = enter(ines)
    assert len(names(client, "/admin/sync/issue/")) == 1
    Issue.objects.update(settled_at=timezone.now(), settled_how="ignored")
    assert names(client, "/admin/sync/issue/") == []
    assert len(names(client, "/admin/sync/issue/?open=no")) == 1


@pytest.mark.parametrize("query", ["p=-1", "p=x", "o=99.1", "e=1", "state__exact=%00", "user__password__startswith=a"])
def test_odd_queries_break_nothing(rows: Rows, ines: User, query: str) -> None:
    assert enter(ines).get(f"/admin/accounts/connection/?{query}").status_code in (200, 302, 400)
    assert enter(ines).get(f"/admin/permissions/auditentry/?q={query}").status_code in (200, 302, 400)


def test_a_lookup_that_no_filter_offers_is_refused(rows: Rows, ines: User) -> None:
    answer = enter(ines).get("/admin/accounts/connection/?organisation__data_keys__wrapped__startswith=a")
    assert answer.status_code == 400


def test_only_rows_below_what_was_given_are_listed(larkfield: Organisation, rows: Rows, tom: User) -> None:
    """A grant on one mailbox shows that one."""
    mailbox = Resource.objects.get(user__pk=rows.by_page["accounts/user"])
    grant(tom.principal, "team_lead", mailbox, reason="test")
    client = enter(tom)
    assert names(client, "/admin/accounts/user/") == ["Mia Keller"]
    assert names(client, "/admin/sync/mailbox/") != []
    assert create_resource(Resource.Kind.MAILBOX, larkfield.resource)
