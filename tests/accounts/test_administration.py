"""Operators' pages: who gets in, what they show, and that nobody signs up."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from accounts.crypto import SecretUnreadable
from accounts.models import Connection, Organisation, User
from accounts.second_factor import SealedMFAAdapter
from accounts.services import create_user
from permissions import policy
from permissions.models import Resource
from tests.accounts.people import TENANT

PASSWORD = "a long enough password"
SECRET_COLUMNS = ("access_token", "refresh_token", "token_cache", "renewal_claim")


@pytest.fixture
def operator(db: None) -> Client:
    User.objects.create_superuser("operator@vendor.example", PASSWORD)
    client = Client()
    answer = client.post("/sign-in/login/", {"login": "Operator@Vendor.example", "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


@pytest.mark.parametrize("page", ["organisation", "user", "connection"])
def test_an_operator_sees_the_lists(operator: Client, mia: User, page: str) -> None:
    assert operator.get(f"/admin/accounts/{page}/").status_code == 200


@pytest.mark.parametrize("page", ["organisation", "user", "connection"])
def test_rows_are_neither_made_nor_deleted_by_a_click(
    operator: Client, mia: User, salesforce_of: Callable[..., Connection], page: str
) -> None:
    row = {"organisation": mia.organisation, "user": mia, "connection": salesforce_of(mia)}[page]
    assert row is not None
    assert operator.get(f"/admin/accounts/{page}/add/").status_code == 403
    assert operator.post(f"/admin/accounts/{page}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_connections_page_shows_no_secret_and_changes_nothing(
    operator: Client, mia: User, salesforce_of: Callable[..., Connection]
) -> None:
    row = salesforce_of(mia, access="planted-access", refresh="planted-refresh")
    page = operator.get(f"/admin/accounts/connection/{row.pk}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    for word in ("planted", "sealed", *SECRET_COLUMNS):
        assert word not in text
    assert operator.post(f"/admin/accounts/connection/{row.pk}/change/", {"state": "disconnected"}).status_code == 403
    row.refresh_from_db()
    assert row.state == "active"


def test_an_operator_can_let_an_organisation_take_in_its_people(operator: Client, larkfield: Organisation) -> None:
    form = {"name": "Larkfield", "provision_users": "on"}
    for prefix, count in (("microsoft_tenants", 0), ("internal_domains", 0)):
        form |= {f"{prefix}-TOTAL_FORMS": str(count), f"{prefix}-INITIAL_FORMS": "0"}
    assert operator.post(f"/admin/accounts/organisation/{larkfield.pk}/change/", form).status_code == 302
    larkfield.refresh_from_db()
    assert (larkfield.name, larkfield.provision_users) == ("Larkfield", True)


def test_the_first_operator_is_made_on_the_command_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="first@vendor.example", verbosity=0)
    client = Client()
    client.post("/sign-in/login/", {"login": "first@vendor.example", "password": PASSWORD})
    assert client.get("/admin/").status_code == 200


def test_without_signing_in_the_admin_leads_to_the_sign_in(db: None) -> None:
    answer = Client().get("/admin/accounts/connection/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/login/")


def test_a_rep_with_a_password_is_no_operator(mia: User) -> None:
    mia.set_password(PASSWORD)
    mia.save()
    client = Client()
    client.post("/sign-in/login/", {"login": mia.email, "password": PASSWORD})
    assert client.get("/admin/accounts/connection/").status_code in (302, 403)
    assert b"token" not in client.get("/admin/accounts/connection/").content


def test_nobody_signs_up(db: None) -> None:
    form = {"email": "new@larkfield.example", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (Client().get("/sign-in/signup/"), Client().post("/sign-in/signup/", form)):
        assert b"password1" not in answer.content
    assert not User.objects.exists()


def test_a_second_factor_is_sealed_asked_for_and_survives_a_change_of_keys(
    operator: Client, settings: Settings, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(timezone.now(), tick=False)  # a code is good for one half minute
    assert operator.post("/sign-in/reauthenticate/", {"password": PASSWORD}).status_code == 302
    page = operator.get("/sign-in/2fa/totp/activate/")
    secret = operator.session["mfa.totp.secret"]
    assert secret in page.content.decode()
    assert operator.post("/sign-in/2fa/totp/activate/", {"code": totp(secret)}).status_code == 302
    rows = list(Authenticator.objects.values_list("data", flat=True))
    assert len(rows) == 2
    assert secret not in str(rows)

    new = ("new", b"n" * 32)
    settings.ALONGSIDE_KEYS = [new, *settings.ALONGSIDE_KEYS]
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert "2 operators' second factors" in out.getvalue()
    settings.ALONGSIDE_KEYS = [new]

    later = Client()
    asked = later.post("/sign-in/login/", {"login": "operator@vendor.example", "password": PASSWORD})
    assert asked["Location"].startswith("/sign-in/2fa/authenticate/")
    assert later.get("/admin/accounts/user/").status_code == 302
    cache.clear()  # a code counts once
    assert later.post("/sign-in/2fa/authenticate/", {"code": totp(secret)}).status_code == 302
    assert later.get("/admin/accounts/user/").status_code == 200


def test_a_second_factor_that_was_not_sealed_here_is_not_taken() -> None:
    adapter = SealedMFAAdapter()
    sealed = adapter.encrypt("SEED")
    assert adapter.decrypt(sealed) == "SEED"
    for other in ("SEED", sealed.replace("test:", "other:"), f"{sealed[:-8]}AAAAAAA="):
        with pytest.raises(SecretUnreadable):
            adapter.decrypt(other)


def totp(secret: str) -> str:
    """The code of RFC 6238 for now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def test_an_address_belongs_to_one_user_whatever_its_case(mia: User) -> None:
    assert mia.organisation is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        create_user(mia.organisation, email="MIA.Keller@larkfield.example")
    assert Resource.objects.filter(kind="mailbox").count() == 1


def test_a_microsoft_identity_belongs_to_one_user(mia: User) -> None:
    assert mia.organisation is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        create_user(mia.organisation, email="x@larkfield.example", tenant_id=TENANT, oid=mia.microsoft_oid)


def test_only_an_operator_has_no_organisation(mia: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=mia.pk).update(organisation=None, resource=None)


def test_a_rep_may_act_on_their_own_mailbox_alone(mia: User, tom: User, rita: User) -> None:
    assert mia.resource is not None
    assert tom.resource is not None
    assert rita.resource is not None
    policy.require(mia.principal, "email.file", mia.resource)
    for foreign in (tom.resource, rita.resource):
        with pytest.raises(policy.NotFound if foreign == rita.resource else policy.Denied):
            policy.require(mia.principal, "email.file", foreign)
    assert mia.organisation is not None
    with pytest.raises(policy.Denied):
        policy.require(mia.principal, "organisation.administer", mia.organisation.resource)


def test_an_administrator_administers_the_organisation(larkfield: Organisation, rita: User) -> None:
    ines = create_user(larkfield, email="ines.falk@larkfield.example", administrator=True)
    policy.require(ines.principal, "organisation.administer", larkfield.resource)
    assert rita.organisation is not None
    with pytest.raises(policy.NotFound):
        policy.require(ines.principal, "organisation.administer", rita.organisation.resource)
