"""Sessions of the administration pages end when they should: before their time, and all but the one at hand."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from time_machine import TimeMachineFixture

from accounts import signing_in
from accounts.models import Organisation, SessionTicket, User
from accounts.services import create_user
from permissions.audit.recording import COMMAND
from sync.services.offboarding import offboard, take_back
from tests.accounts.test_administration import PASSWORD, totp
from tests.trails import last, told

DESK = "/admin/desk/"


@pytest.fixture(autouse=True)
def _nobody_has_tried_to_sign_in(db: None) -> None:
    """How often somebody signs in is limited across requests."""
    cache.clear()


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator@vendor.example", PASSWORD)


@pytest.fixture
def ines(larkfield: Organisation) -> User:
    return create_user(larkfield, email="ines.falk@larkfield.example", administrator=True)


def sign_in(operator: User) -> Client:
    client = Client()
    assert client.post("/sign-in/login/", {"login": operator.email, "password": PASSWORD}).status_code == 302
    return client


def enter(user: User) -> Client:
    _token, actor = signing_in.begin_session(user, client="outlook")
    client = Client()
    ticket = signing_in.issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION)
    assert client.post("/admin/enter/", {"ticket": ticket}).status_code == 302
    return client


def test_a_changed_password_ends_every_other_session(operator: User) -> None:
    here, elsewhere = sign_in(operator), sign_in(operator)
    assert elsewhere.get(DESK).status_code == 200
    form = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}
    assert here.post("/sign-in/password/change/", form).status_code == 302
    assert here.get(DESK).status_code == 200
    assert elsewhere.get(DESK).status_code == 302
    assert last("session.revoked").detail == {"sessions": 1, "cause": "credentials"}


@pytest.mark.django_db(transaction=True)
def test_a_changed_second_factor_ends_every_other_session(operator: User, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(time.time(), tick=False)
    here, elsewhere = sign_in(operator), sign_in(operator)
    here.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    assert elsewhere.get(DESK).status_code == 200
    here.get("/sign-in/2fa/totp/activate/")
    secret = here.session["mfa.totp.secret"]
    assert here.post("/sign-in/2fa/totp/activate/", {"code": totp(secret)}).status_code == 302
    assert here.get(DESK).status_code == 200
    assert elsewhere.get(DESK).status_code == 302

    elsewhere = Client()
    cache.clear()  # a code counts once
    elsewhere.post("/sign-in/login/", {"login": operator.email, "password": PASSWORD})
    elsewhere.post("/sign-in/2fa/authenticate/", {"code": totp(secret)})
    assert elsewhere.get(DESK).status_code == 200
    assert here.post("/sign-in/2fa/totp/deactivate/").status_code == 302
    assert here.get(DESK).status_code == 200
    assert elsewhere.get(DESK).status_code == 302
    assert [detail for _action, detail in told("session.revoked")] == [{"sessions": 1, "cause": "credentials"}] * 2


def test_nobody_elses_session_ends_with_it(operator: User) -> None:
    other = User.objects.create_superuser("other@vendor.example", PASSWORD)
    theirs, here = sign_in(other), sign_in(operator)
    form = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}
    here.post("/sign-in/password/change/", form)
    assert theirs.get(DESK).status_code == 200


def test_who_proves_anew_who_they_are_gets_a_new_key(operator: User) -> None:
    client = sign_in(operator)
    before = client.cookies["sessionid"].value
    assert client.post("/sign-in/reauthenticate/", {"password": "wrong"}).status_code == 200
    assert client.cookies["sessionid"].value == before
    assert client.post("/sign-in/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert client.cookies["sessionid"].value != before
    assert client.get(DESK).status_code == 200
    client.cookies["sessionid"] = before
    assert client.get(DESK).status_code == 302


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("/sign-in/email/", {"action_add": "", "email": "second@vendor.example"}),
        ("/sign-in/2fa/totp/activate/", {"code": "000000"}),
        ("/sign-in/2fa/recovery-codes/generate/", {}),
    ],
)
def test_addresses_and_factors_change_only_after_proving_anew_who_one_is(
    operator: User, page: str, form: dict[str, str]
) -> None:
    client = sign_in(operator)
    assert client.post(page, form)["Location"].startswith("/sign-in/reauthenticate/")
    assert "second@vendor.example" not in client.get("/sign-in/email/").content.decode()


def test_a_password_changes_only_with_the_old_one(operator: User) -> None:
    client = sign_in(operator)
    form = {"oldpassword": "wrong", "password1": "another long password", "password2": "another long password"}
    assert client.post("/sign-in/password/change/", form).status_code == 200
    operator.refresh_from_db()
    assert operator.check_password(PASSWORD)


def test_who_is_let_in_again_does_not_find_the_old_session(ines: User) -> None:
    client = enter(ines)
    assert client.get("/admin/").status_code == 200
    offboard(ines, by=COMMAND)
    assert last("session.revoked").detail["sessions"] == 2  # the pane's and this one
    take_back(ines, by=COMMAND)
    assert client.get("/admin/")["Location"] == "/admin/enter/"


def test_the_command_signs_one_out_or_an_organisation_or_everybody(
    ines: User, mia: User, rita: User, operator: User
) -> None:
    def ended(*arguments: str) -> str:
        out = StringIO()
        call_command("end_sessions", *arguments, stdout=out)
        return out.getvalue().strip()

    at_work, at_desk = enter(ines), sign_in(operator)
    for user in (mia, rita):
        signing_in.begin_session(user, client="outlook")
    assert ended("--user", "MIA.Keller@larkfield.example") == "1 sessions ended."
    assert at_work.get("/admin/").status_code == 200
    assert ended("--organisation", str(mia.organisation_id)) == "2 sessions ended."
    assert at_work.get("/admin/").status_code == 302
    assert at_desk.get(DESK).status_code == 200
    assert ended("--everybody") == "2 sessions ended."
    assert at_desk.get(DESK).status_code == 302
    assert ended("--everybody") == "0 sessions ended."
    for wrong in (["--user", "nobody@larkfield.example"], ["--organisation", str(mia.pk)]):
        with pytest.raises(CommandError):
            ended(*wrong)


def test_an_administrator_signs_somebody_out_who_may_sign_in_again(
    ines: User, larkfield: Organisation, mia: User
) -> None:
    other = create_user(larkfield, email="olaf.falk@larkfield.example", administrator=True)
    at_work, theirs = enter(ines), enter(other)
    pane, _actor = signing_in.begin_session(mia, client="outlook")
    form = {"row": [other.pk, mia.pk], "confirmed": "yes"}
    assert at_work.post("/admin/accounts/user/step/sign-out/", form).status_code == 302
    assert theirs.get("/admin/").status_code == 302
    bearer = Client(headers={"Authorization": f"Bearer {pane}"})
    assert bearer.get("/api/v1/connections/").status_code == 401
    assert (last("session.revoked").actor, last("session.revoked").root_id) == (ines.principal_id, larkfield.pk)
    assert enter(other).get("/admin/").status_code == 200
    assert at_work.post("/admin/accounts/user/step/sign-out/", {"row": ines.pk, "confirmed": "yes"}).status_code == 422
    assert at_work.get("/admin/").status_code == 200


def test_signing_out_is_in_sight_on_the_pages_of_the_administration(ines: User, operator: User) -> None:
    for client, pages in (
        (enter(ines), ("/admin/", "/admin/accounts/user/", "/admin/why/")),
        (sign_in(operator), (DESK,)),
    ):
        for page in pages:
            assert '<form id="logout-form" method="post" action="/admin/logout/">' in client.get(page).content.decode()
