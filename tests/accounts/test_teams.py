"""Teams: where a mailbox stands decides what a role on the team reaches."""

from __future__ import annotations

import pytest

from accounts import teams
from accounts.actor import Actor
from accounts.models import Organisation, System, Team, User
from accounts.services import connection_for, create_organisation, create_user
from permissions import policy
from permissions.models import Resource
from permissions.services import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def larkfield() -> Organisation:
    return create_organisation("Larkfield")


@pytest.fixture
def boss(larkfield: Organisation) -> Actor:
    return Actor.of(create_user(larkfield, email="ines@larkfield.example", administrator=True))


@pytest.fixture
def lead(larkfield: Organisation) -> User:
    return create_user(larkfield, email="lea@larkfield.example")


@pytest.fixture
def mia(larkfield: Organisation) -> User:
    user = create_user(larkfield, email="mia@larkfield.example")
    connection_for(user, System.SALESFORCE)
    return user


@pytest.fixture
def team(boss: Actor, lead: User) -> Team:
    team = teams.make(boss, "North")
    grant(lead.principal, "team_lead", team.resource, reason="leads it")
    return team


def _seen(lead: User) -> set[str]:
    return set(policy.scope(lead.principal, "user.view", User.objects.all()).values_list("email", flat=True))


def test_a_lead_sees_who_is_moved_into_the_team_and_no_longer_who_is_moved_out(
    boss: Actor, team: Team, lead: User, mia: User
) -> None:
    assert _seen(lead) == set()
    teams.move(boss, mia, team)
    assert _seen(lead) == {mia.email}
    teams.move(boss, mia, None)
    assert _seen(lead) == set()


def test_what_stands_below_the_mailbox_moves_along(boss: Actor, team: Team, lead: User, mia: User) -> None:
    connection = mia.connections.get()
    teams.move(boss, mia, team)
    connection.resource.refresh_from_db()
    assert connection.resource.path == "/".join(
        str(one) for one in (team.organisation.resource_id, team.resource_id, mia.resource_id, connection.resource_id)
    )
    assert policy.allows(lead.principal, "connection.view", connection.resource)
    assert policy.allows(mia.principal, "connection.own", connection.resource)


def test_a_connection_made_with_an_old_notion_of_the_mailbox_stands_where_the_mailbox_stands(
    boss: Actor, team: Team, lead: User, mia: User
) -> None:
    old = User.objects.select_related("resource", "organisation").get(pk=mia.pk)
    teams.move(boss, mia, team)
    connection = connection_for(old, System.MICROSOFT)
    assert str(team.resource_id) in connection.resource.path
    assert policy.allows(lead.principal, "connection.view", connection.resource)


def test_a_lead_acts_in_nobodys_name_and_sees_no_email(boss: Actor, team: Team, lead: User, mia: User) -> None:
    teams.move(boss, mia, team)
    assert mia.resource is not None
    for name in ("email.view", "email.file", "email.undo", "mailbox.sync", "connection.own", "session.own"):
        assert not policy.allows(lead.principal, name, mia.resource)


def test_when_a_team_is_deleted_its_users_stay_and_what_was_granted_on_it_ends(
    boss: Actor, team: Team, lead: User, mia: User
) -> None:
    teams.move(boss, mia, team)
    teams.delete(boss, team)
    mia.refresh_from_db()
    assert mia.resource is not None
    assert mia.resource.parent == mia.organisation.resource  # type: ignore[union-attr]
    assert _seen(lead) == set()
    assert policy.allows(mia.principal, "email.file", mia.resource)


def test_a_team_is_of_one_organisation_and_moved_into_by_those_who_may(boss: Actor, team: Team, mia: User) -> None:
    rita = create_user(create_organisation("Other"), email="rita@other.example", administrator=True)
    with pytest.raises(policy.NotFound):
        teams.move(boss, rita, team)
    with pytest.raises(policy.NotFound):
        teams.move(Actor.of(rita), rita, team)
    with pytest.raises(policy.Denied):
        teams.move(Actor.of(mia), mia, team)
    assert Resource.objects.filter(kind=Resource.Kind.MAILBOX, parent=team.resource).count() == 0
