"""`manage.py why` names the grants that decide."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import teams
from accounts.actor import Actor
from accounts.models import Organisation, User
from accounts.services import create_organisation, create_user
from permissions.models import Authorization
from permissions.services import add_to_group, create_group, grant, revoke

pytestmark = pytest.mark.django_db


@pytest.fixture
def larkfield() -> Organisation:
    return create_organisation("Larkfield")


@pytest.fixture
def ines(larkfield: Organisation) -> User:
    return create_user(larkfield, email="ines@larkfield.example", administrator=True)


@pytest.fixture
def mia(larkfield: Organisation) -> User:
    return create_user(larkfield, email="mia@larkfield.example")


def why(*arguments: str) -> str:
    out = StringIO()
    call_command("why", *arguments, stdout=out)
    return out.getvalue()


def test_it_names_role_place_group_grantor_and_reason(larkfield: Organisation, ines: User, mia: User) -> None:
    team = teams.make(Actor.of(ines), "North")
    teams.move(Actor.of(ines), mia, team)
    leads = create_group(larkfield.resource, "Leads")
    lea = create_user(larkfield, email="lea@larkfield.example")
    add_to_group(leads, lea.principal)
    until = timezone.now() + timedelta(days=9)
    grant(leads, "team_lead", team.resource, reason="they lead it", grantor=ines.principal, until=until)
    said = why("LEA@larkfield.example", "user.view", "mia@larkfield.example")
    assert said.startswith("Yes. user.view on the mailbox of mia@larkfield.example: See users and their state.")
    assert "Team lead on the team North, through the group Leads, since " in said
    assert f"until {until:%Y-%m-%d %H:%M} UTC, given by ines@larkfield.example (“they lead it”)." in said


def test_it_says_what_is_missing(larkfield: Organisation, ines: User, mia: User) -> None:
    said = why("mia@larkfield.example", "email.file", "ines@larkfield.example")
    assert said.startswith("No. email.file on the mailbox of ines@larkfield.example")
    assert "Sales rep on the mailbox of mia@larkfield.example" in said
    assert "But what was asked about does not lie below that." in said
    assert said.rstrip().endswith("or on what stands above it: Sales rep.")
    revoke(Authorization.objects.get(principal=ines.principal, role="administrator"))
    said = why("ines@larkfield.example", "audit.view", str(larkfield.resource_id))
    assert said.startswith("No.")
    assert "Administrator on Larkfield" in said
    assert "But it was revoked on" in said
    assert "Administrator, Auditor." in said


def test_a_user_who_is_switched_off_may_do_nothing(mia: User) -> None:
    User.objects.filter(pk=mia.pk).update(is_active=False)
    assert why(mia.email, "email.file").startswith("This user is switched off")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nobody@larkfield.example", "email.file"),
        ("mia@larkfield.example", "email.burn"),
        ("mia@larkfield.example", "email.file", "nobody@larkfield.example"),
        ("mia@larkfield.example", "email.file", "x"),
    ],
)
def test_it_refuses_what_it_does_not_know(mia: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        why(*arguments)
