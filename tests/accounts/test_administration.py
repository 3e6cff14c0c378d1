"""How the vendor's staff sign in: passwords, second factors, and that nobody signs up; whose rows users are."""

from __future__ import annotations

import time
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
from accounts.models import Organisation, User
from accounts.second_factor import SealedMFAAdapter
from accounts.services import create_user
from permissions import policy
from permissions.models import Resource
from tests.accounts.people import TENANT

PASSWORD = "a long enough password"


@pytest.fixture
def operator(db: None) -> Client:
    User.objects.create_superuser("operator@vendor.example", PASSWORD)
    client = Client()
    answer = client.post("/sign-in/login/", {"login": "Operator@Vendor.example", "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


def test_the_first_operator_is_made_on_the_command_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="first@vendor.example", verbosity=0)
    client = Client()
    answer = client.post("/sign-in/login/", {"login": "first@vendor.example", "password": PASSWORD})
    assert answer["Location"] == "/admin/desk/"
    assert client.get("/admin/desk/").status_code == 200


def test_without_signing_in_the_admin_leads_to_where_one_enters(db: None) -> None:
    answer = Client().get("/admin/accounts/connection/", follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/enter/"
    assert 'href="/sign-in/login/"' in answer.content.decode()


def test_a_rep_with_a_password_is_no_operator(mia: User) -> None:
    mia.set_password(PASSWORD)
    mia.save()
    client = Client()
    client.post("/sign-in/login/", {"login": mia.email, "password": PASSWORD})
    for address in ("/admin/", "/admin/desk/", "/admin/accounts/connection/", "/sign-in/2fa/"):
        assert client.get(address).status_code == 302
    assert "_auth_user_id" not in client.session


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
    assert later.get("/admin/desk/").status_code == 302
    cache.clear()  # a code counts once
    assert later.post("/sign-in/2fa/authenticate/", {"code": totp(secret)}).status_code == 302
    assert later.get("/admin/desk/").status_code == 200


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
        policy.require(mia.principal, "organisation.change", mia.organisation.resource)


def test_an_administrator_administers_the_organisation(larkfield: Organisation, rita: User) -> None:
    ines = create_user(larkfield, email="ines.falk@larkfield.example", administrator=True)
    policy.require(ines.principal, "organisation.change", larkfield.resource)
    assert rita.organisation is not None
    with pytest.raises(policy.NotFound):
        policy.require(ines.principal, "organisation.change", rita.organisation.resource)
