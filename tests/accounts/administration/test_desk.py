"""The vendor's staff at the pages: nothing but names, then a session that reads, is seen by the customer, and ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import staff
from accounts.models import Organisation, StaffSession, User
from permissions.audit.models import AuditEntry
from tests.accounts.administration.conftest import PASSWORD, REASON, Rows, enter, sign_in


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as moved:
        yield moved


def test_staff_see_names_and_nothing_else(sam: User, ines: User, rows: Rows, rita: User) -> None:
    client = sign_in(sam)
    page = client.get("/admin/desk/").content.decode()
    assert "Larkfield Instruments" in page
    assert "Rival" in page
    for word in ("mia.keller", "Ines Falk", "larkfield.example", "Sales EMEA"):
        assert word not in page
    assert "Rival" not in client.get("/admin/desk/?q=larkf").content.decode()
    assert client.get("/admin/")["Location"] == "/admin/desk/"
    for name in rows.by_page:
        assert client.get(f"/admin/{name}/").status_code == 403
        assert client.get(rows.address(name)).status_code == 403


def test_the_desk_is_the_staffs_alone(ines: User, larkfield: Organisation) -> None:
    client = enter(ines)
    assert client.get("/admin/desk/").status_code == 403
    assert client.post(f"/admin/desk/{larkfield.pk}/ask/", {"reason": REASON}).status_code == 403
    assert Client().get("/admin/desk/")["Location"] == "/admin/enter/"
    assert not StaffSession.objects.exists()


def test_from_request_to_its_own_end(sam: User, ines: User, larkfield: Organisation, rows: Rows, clock: Any) -> None:
    of_sam, of_ines = sign_in(sam), enter(ines)
    asked = of_sam.post(f"/admin/desk/{larkfield.pk}/ask/", {"reason": REASON})
    assert asked.status_code == 302
    session = StaffSession.objects.get(state="asked")
    assert of_sam.post(f"/admin/desk/sessions/{session.pk}/look/", follow=True).redirect_chain[-1][0] == "/admin/desk/"
    assert of_sam.get(rows.address("accounts/user")).status_code == 403

    start = of_ines.get("/admin/").content.decode()
    assert "Requests of the vendor&#x27;s support" in start
    step = "/admin/accounts/staffsession/step/approve/"
    done = of_ines.post(step, {"row": session.pk, "confirmed": "yes", "minutes": "60"})
    assert done.status_code == 302, done.content

    assert of_sam.post(f"/admin/desk/sessions/{session.pk}/look/")["Location"] == "/admin/"
    assert of_sam.get(rows.address("accounts/user")).status_code == 200
    assert of_sam.get("/admin/sync/issue/").status_code == 200
    notice = "of the vendor&#x27;s support may look"
    for address in ("/admin/", "/admin/accounts/user/", rows.address("sync/mailbox"), "/admin/why/"):
        text = of_ines.get(address).content.decode()
        assert "Sam Vendor" in text
        assert REASON in text
        assert notice.replace("&#x27;", "'") in text or notice in text

    clock.shift(timedelta(minutes=59, seconds=59))
    assert of_sam.get(rows.address("accounts/user")).status_code == 200
    clock.shift(timedelta(seconds=1))
    assert of_sam.get(rows.address("accounts/user")).status_code == 403
    assert of_sam.get("/admin/")["Location"] == "/admin/desk/"
    assert "Sam Vendor" not in of_ines.get("/admin/").content.decode()

    page = of_ines.get(f"/admin/accounts/staffsession/{session.pk}/change/").content.decode()
    assert str(rows.by_page["accounts/user"]) in page
    said = AuditEntry.objects.filter(root=larkfield.resource, action__startswith="staff.").order_by("number")
    assert [one.action for one in said] == ["staff.asked", "staff.approved", "staff.begun", "staff.ended"]
    assert said[3].actor_kind == "product"


def test_each_record_and_each_list_is_recorded_once(looking: Client, running: StaffSession, rows: Rows) -> None:
    looking.get(rows.address("accounts/connection"))
    looking.get("/admin/accounts/user/")
    looking.get("/admin/")
    looking.get("/admin/accounts/organisation/settings/")
    seen = AuditEntry.objects.filter(action="record.seen").order_by("number")
    assert [(one.object_kind, one.object_id, one.on_behalf, one.actor_kind) for one in seen] == [
        ("connection", str(rows.by_page["accounts/connection"]), running.pk, "staff"),
        ("user", "", running.pk, "staff"),
        ("organisation", "", running.pk, "staff"),
        ("setting", "", running.pk, "staff"),
    ]
    assert seen[1].detail == {"kind": "user", "rows": 2}
    address = {"person": "mia.keller@larkfield.example", "permission": "email.file"}
    looking.get("/admin/why/", {**address, "resource": str(running.organisation.resource_id)})
    assert seen.all()[4].detail == {"kind": "why"}
    # What was not shown is not recorded.
    looking.get("/admin/accounts/user/00000000-0000-4000-8000-000000000000/change/")
    assert seen.all().count() == 5


def test_what_the_organisations_own_people_open_is_not(rows: Rows, ines: User) -> None:
    enter(ines).get(rows.address("accounts/connection"))
    assert not AuditEntry.objects.filter(action="record.seen").exists()


def test_staff_see_neither_words_of_emails_nor_names_of_folders(looking: Client, rows: Rows, ines: User) -> None:
    for page in ("sync/issue", "sync/mailbox"):
        text = looking.get(f"/admin/{page}/").content.decode() + looking.get(rows.address(page)).content.decode()
        assert "lanted" not in text
    assert "planted words" in enter(ines).get(rows.address("sync/issue")).content.decode()
    assert "Planted folder" in enter(ines).get(rows.address("sync/mailbox")).content.decode()


def test_no_page_of_theirs_shows_a_secret(
    looking: Client, rows: Rows, ines: User, salesforce_of: Any, mia: User
) -> None:
    connection = salesforce_of(mia, access="planted-access", refresh="planted-refresh")
    for client in (looking, enter(ines)):
        text = client.get(f"/admin/accounts/connection/{connection.pk}/change/").content.decode()
        text += client.get("/admin/accounts/connection/").content.decode()
        text += client.get(rows.address("accounts/servicecredential")).content.decode()
        for word in ("planted", "sealed", "access_token", "refresh_token", "token_cache", "renewal_claim", "••", "***"):
            assert word not in text


@pytest.mark.parametrize("side", ["staff", "customer"])
def test_either_side_ends_it_at_once(side: str, looking: Client, running: StaffSession, ines: User) -> None:
    assert looking.get("/admin/accounts/user/").status_code == 200
    if side == "staff":
        looking.post(f"/admin/desk/sessions/{running.pk}/end/")
    else:
        step = "/admin/accounts/staffsession/step/end/"
        assert enter(ines).post(step, {"row": running.pk, "confirmed": "yes"}).status_code == 302
    assert looking.get("/admin/accounts/user/").status_code == 403
    running.refresh_from_db()
    assert running.state == "ended"


def test_leaving_the_organisation_goes_back_to_the_desk(looking: Client, running: StaffSession) -> None:
    assert "You look at" in looking.get("/admin/accounts/user/").content.decode()
    assert looking.post("/admin/desk/leave/")["Location"] == "/admin/desk/"
    assert looking.get("/admin/accounts/user/").status_code == 403
    running.refresh_from_db()
    assert running.is_running


def test_a_session_of_one_of_the_staff_is_no_others(running: StaffSession, larkfield: Organisation) -> None:
    ulf = User.objects.create_superuser("ulf@vendor.example", PASSWORD)
    client = sign_in(ulf)
    for step in ("look", "end"):
        assert client.post(f"/admin/desk/sessions/{running.pk}/{step}/").status_code == 404
    assert client.get("/admin/accounts/user/").status_code == 403


def test_two_organisations_are_looked_at_one_at_a_time(
    looking: Client, running: StaffSession, sam: User, rival: User, mia: User
) -> None:
    assert rival.organisation is not None
    other = staff.approve(staff.ask(sam, rival.organisation, REASON).pk, rival, minutes=30)
    assert looking.get(f"/admin/accounts/user/{rival.pk}/change/").status_code == 404
    looking.post(f"/admin/desk/sessions/{other.pk}/look/")
    assert looking.get(f"/admin/accounts/user/{rival.pk}/change/").status_code == 200
    assert looking.get(f"/admin/accounts/user/{mia.pk}/change/").status_code == 404
    text = looking.get("/admin/accounts/user/").content.decode()
    assert "rival.example" in text
    assert "larkfield.example" not in text


def test_staff_who_are_deactivated_see_nothing_more(looking: Client, sam: User) -> None:
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert looking.get("/admin/accounts/user/")["Location"] == "/admin/enter/"


@pytest.mark.parametrize("reason", ["", "short", "x" * 201])
def test_a_request_says_why(sam: User, larkfield: Organisation, reason: str) -> None:
    answer = sign_in(sam).post(f"/admin/desk/{larkfield.pk}/ask/", {"reason": reason})
    assert answer.status_code == 200
    assert not StaffSession.objects.exists()
