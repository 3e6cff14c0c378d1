"""What the synchronisation page shows to those who administer: the way there, and that the vendor's staff look on."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import crypto, signing_in, staff
from accounts.actor import Actor
from accounts.models import User
from accounts.services import create_user
from tests.sessions import open_session
from tests.sidebar.people import Office, make_office

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "Ticket 4711: nothing is filed since <b>Monday</b>"


@pytest.fixture
def office() -> Office:
    crypto.forget_keys()
    cache.clear()
    return make_office()


@pytest.fixture
def ines(office: Office) -> User:
    return create_user(
        office.mia.actor.organisation, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True
    )


def overview(token: str) -> str:
    answer = Client(headers={"Authorization": f"Bearer {token}"}).get(reverse("sidebar:sync"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_way_to_the_administration_is_shown_to_whom_it_is_for(office: Office, ines: User) -> None:
    assert 'data-open-tab="/admin/enter/"' in overview(open_session(ines))
    assert "data-open-tab" not in overview(open_session(office.mia.user))


def test_a_page_in_a_tab_which_gets_no_ticket_does_not_offer_it(ines: User) -> None:
    _token, actor = signing_in.begin_session(ines, client="outlook")
    page, _actor = signing_in.redeem_ticket(signing_in.issue_ticket(actor))
    assert "data-open-tab" not in overview(page)


def test_administrators_see_that_the_vendors_staff_look_on(office: Office, ines: User) -> None:
    sam = User.objects.create_superuser("sam@vendor.example", "x", name="Sam Vendor")
    assert "Sam Vendor" not in overview(open_session(ines))
    session = staff.ask(sam, Actor.of(ines).organisation, REASON)
    assert "Sam Vendor" not in overview(open_session(ines))
    staff.approve(session.pk, ines, minutes=30)
    shown = overview(open_session(ines))
    assert "Sam Vendor of the vendor" in shown
    assert "&lt;b&gt;Monday" in shown
    assert "Sam Vendor" not in overview(open_session(office.mia.user))
    staff.end(session.pk, ines)
    assert "Sam Vendor" not in overview(open_session(ines))
