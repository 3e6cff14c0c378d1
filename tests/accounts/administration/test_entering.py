"""Coming in by a ticket: once, for this purpose, for whom the policy lets in, and for as long as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import signing_in
from accounts.models import SessionTicket, User
from permissions.audit.models import AuditEntry
from permissions.models import Authorization
from permissions.services import revoke
from tests.accounts.administration.conftest import PASSWORD, enter, sign_in
from tests.accounts.people import Bearer
from tests.accounts.test_administration import totp

TICKET = "/api/v1/sessions/ticket/"
SignedIn = Callable[[User], Bearer]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as moved:
        yield moved


def ticket_of(bearer: Bearer, page: str = "administration") -> Any:
    return bearer.client.post(TICKET, {"page": page}, content_type="application/json")


def hand_over(ticket: str, client: Client | None = None) -> Any:
    return (client or Client()).post("/admin/enter/", {"ticket": ticket})


def test_the_pane_gets_a_ticket_and_the_page_a_session(ines: User, signed_in: SignedIn) -> None:
    ticket = ticket_of(signed_in(ines)).json()["ticket"]
    client = Client(enforce_csrf_checks=True)
    page = client.get("/admin/enter/")
    assert ticket not in page.content.decode()
    form = {"ticket": ticket, "csrfmiddlewaretoken": page.context["csrf_token"]}
    answer = client.post("/admin/enter/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    said = AuditEntry.objects.get(action="signed-in")
    assert ines.organisation is not None
    assert (said.actor, said.detail, said.root) == (ines.principal_id, {"factor": "ticket"}, ines.organisation.resource)


def test_a_foreign_page_cannot_hand_a_ticket_over(ines: User, signed_in: SignedIn) -> None:
    ticket = ticket_of(signed_in(ines)).json()["ticket"]
    assert hand_over(ticket, Client(enforce_csrf_checks=True)).status_code == 403
    assert hand_over(ticket).status_code == 302


def test_the_key_of_the_session_is_a_new_one(ines: User, rival: User) -> None:
    client = Client()
    client.get("/admin/enter/")
    client.session["planted"] = "x"
    before = client.session
    before["planted"] = "x"
    before.save()
    client.cookies["sessionid"] = str(before.session_key)
    _token, actor = signing_in.begin_session(ines, client="outlook")
    hand_over(signing_in.issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION), client)
    assert client.session.session_key != before.session_key
    assert "planted" not in client.session
    _token, actor = signing_in.begin_session(rival, client="outlook")
    hand_over(signing_in.issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION), client)
    assert client.session["_auth_user_id"] == str(rival.pk)


def test_a_ticket_is_good_once(ines: User, signed_in: SignedIn) -> None:
    ticket = ticket_of(signed_in(ines)).json()["ticket"]
    assert hand_over(ticket).status_code == 302
    again = hand_over(ticket)
    assert again.status_code == 401
    assert "Open it from the pane again" in again.content.decode()
    assert not again.cookies.get("sessionid")


def test_a_ticket_is_good_for_a_minute(ines: User, signed_in: SignedIn, clock: Any) -> None:
    ticket = ticket_of(signed_in(ines)).json()["ticket"]
    clock.shift(timedelta(seconds=60))
    assert hand_over(ticket).status_code == 401


@pytest.mark.parametrize("ticket", ["", "unknown", "x" * 5000])
def test_what_is_no_ticket_opens_nothing(db: None, ticket: str) -> None:
    assert hand_over(ticket).status_code == 401
    assert hand_over(f"{ticket}\x00").status_code == 400


def test_a_ticket_opens_only_what_it_is_for(ines: User, signed_in: SignedIn) -> None:
    bearer = signed_in(ines)
    for_page = ticket_of(bearer, "page").json()["ticket"]
    assert hand_over(for_page).status_code == 401
    for_here = ticket_of(bearer).json()["ticket"]
    answer = Client().post("/api/v1/sessions/", {"ticket": for_here}, content_type="application/json")
    assert answer.status_code == 401
    assert ticket_of(bearer, "anything").status_code == 400


def test_a_rep_gets_no_ticket(mia: User, signed_in: SignedIn) -> None:
    assert ticket_of(signed_in(mia)).status_code == 403
    assert not SessionTicket.objects.exists()


def test_a_page_in_a_tab_gets_no_ticket(ines: User) -> None:
    token, actor = signing_in.begin_session(ines, client="outlook")
    ticket = signing_in.issue_ticket(actor)
    page, _actor = signing_in.redeem_ticket(ticket)
    asked = Client(headers={"Authorization": f"Bearer {page}"})
    assert asked.post(TICKET, {"page": "administration"}, content_type="application/json").status_code == 403
    assert token


def test_whose_right_ended_after_the_ticket_was_given_does_not_come_in(ines: User, signed_in: SignedIn) -> None:
    ticket = ticket_of(signed_in(ines)).json()["ticket"]
    revoke(Authorization.objects.get(principal=ines.principal, role="administrator"))
    answer = hand_over(ticket)
    assert answer.status_code == 403
    assert not answer.cookies.get("sessionid")


def test_it_ends_at_once_with_the_right(ines: User) -> None:
    client = enter(ines)
    assert client.get("/admin/").status_code == 200
    revoke(Authorization.objects.get(principal=ines.principal, role="administrator"))
    for address in ("/admin/", "/admin/accounts/user/", "/admin/permissions/authorization/step/give/"):
        assert client.get(address).status_code == 403


def test_it_ends_at_once_when_the_person_is_deactivated(ines: User) -> None:
    client = enter(ines)
    User.objects.filter(pk=ines.pk).update(is_active=False)
    assert client.get("/admin/")["Location"] == "/admin/enter/"


def test_it_ends_when_it_is_idle(ines: User, clock: Any) -> None:
    client = enter(ines)
    for _hour in range(2):
        clock.shift(timedelta(hours=7, minutes=59))
        assert client.get("/admin/").status_code == 200
    clock.shift(timedelta(hours=8))
    assert client.get("/admin/")["Location"] == "/admin/enter/"
    assert client.get("/admin/accounts/user/").status_code == 302


def test_it_ends_after_a_day_however_busy(ines: User, sam: User, clock: Any) -> None:
    of_ines, of_sam = enter(ines), sign_in(sam)
    for _hour in range(23):
        clock.shift(timedelta(hours=1))
        assert of_ines.get("/admin/").status_code == 200
        assert of_sam.get("/admin/desk/").status_code == 200
    clock.shift(timedelta(hours=1))
    assert of_ines.get("/admin/").status_code == 302
    assert of_sam.get("/admin/desk/").status_code == 302


def test_a_person_of_an_organisation_has_no_password(ines: User) -> None:
    """Not even where one is set: no session is held by it, and the pages of passwords are closed to them."""
    assert not ines.has_usable_password()
    client = enter(ines)
    for address in ("/sign-in/password/set/", "/sign-in/password/change/", "/sign-in/2fa/", "/sign-in/email/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    ines.set_password(PASSWORD)
    ines.save()
    by_password = Client()
    by_password.post("/sign-in/login/", {"login": ines.email, "password": PASSWORD})
    assert by_password.get("/admin/").status_code == 302
    assert "_auth_user_id" not in by_password.session


def test_leaving_ends_it(ines: User) -> None:
    client = enter(ines)
    assert client.get("/admin/logout/").status_code == 302
    assert client.get("/admin/").status_code == 200
    key = client.cookies["sessionid"].value
    assert client.post("/admin/logout/").status_code == 302
    client.cookies["sessionid"] = key
    assert client.get("/admin/").status_code == 302
    assert AuditEntry.objects.filter(action="signed-out", actor=ines.principal_id).exists()


def test_a_pane_session_does_not_open_the_pages(ines: User, signed_in: SignedIn) -> None:
    assert signed_in(ines).client.get("/admin/accounts/user/").status_code == 302


def test_refused_tickets_are_recorded(db: None) -> None:
    hand_over("unknown")
    said = AuditEntry.objects.get(action="sign-in.refused")
    assert (said.detail["reason"], said.detail["stage"]) == ("ticket", "administration")


def test_the_vendors_staff_set_up_a_second_factor_before_they_see_anything(sam: User, settings: Settings) -> None:
    settings.ALONGSIDE_STAFF_SECOND_FACTOR = True
    client = sign_in(sam)
    for address in ("/admin/", "/admin/desk/", "/admin/accounts/user/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/2fa/totp/activate/")
    assert client.post("/admin/logout/").headers["Location"] == "/admin/enter/"
    client = sign_in(sam)
    client.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    client.get("/sign-in/2fa/totp/activate/")
    client.post("/sign-in/2fa/totp/activate/", {"code": totp(client.session["mfa.totp.secret"])})
    assert client.get("/admin/desk/").status_code == 200


def test_an_organisations_people_bring_their_second_factor_from_where_they_signed_in(
    ines: User, settings: Settings
) -> None:
    settings.ALONGSIDE_STAFF_SECOND_FACTOR = True
    assert enter(ines).get("/admin/").status_code == 200
