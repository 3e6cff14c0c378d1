"""What changed, on the administration pages: read, shown as what would be put back, and put back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts import preferences, presets
from accounts.actor import Actor
from accounts.models import ConfigurationChange, Organisation, PreferenceValue, Preset, User
from tests.accounts.administration.conftest import enter

LIST = "/admin/accounts/configurationchange/"


@pytest.fixture
def changed(ines: User) -> None:
    """Closed cases for 5 days, then for 6; a preset."""
    actor = Actor.of(ines)
    preferences.set_for_organisation(actor, "case_days", 5)
    preferences.set_for_organisation(actor, "case_days", 6)
    presets.make(actor, "<b>EMEA</b>")


def value() -> Any:
    return PreferenceValue.objects.get(name="case_days").value


def test_the_list_says_who_and_what(larkfield: Organisation, ines: User, changed: None) -> None:
    page = enter(ines).get(LIST).content.decode()
    assert "Closed cases offered of the organisation: 5 days → 6 days" in page
    assert "Ines Falk" in page
    assert "&lt;b&gt;EMEA&lt;/b&gt;" in page
    assert "<b>EMEA" not in page
    filtered = enter(ines).get(f"{LIST}?what=preset").content.decode()
    assert "EMEA" in filtered
    assert "5 days" not in filtered


def test_a_longer_list_asks_no_more(ines: User, changed: None, django_assert_max_num_queries: Any) -> None:
    client = enter(ines)
    client.get(LIST)
    for days in range(20):
        preferences.set_for_organisation(Actor.of(ines), "case_days", days)
    with django_assert_max_num_queries(25):
        assert client.get(LIST).content.count(b"Closed cases offered") >= 20


def test_one_change_is_shown_and_put_back(ines: User, changed: None) -> None:
    client = enter(ines)
    change = ConfigurationChange.objects.filter(object_id="organisation:case_days").latest("pk")
    assert "Put it back" in client.get(f"{LIST}{change.pk}/change/").content.decode()
    page = client.get(f"{LIST}{change.pk}/back/").content.decode()
    assert "6 days → 5 days" in page
    assert value() == 6
    assert client.post(f"{LIST}{change.pk}/back/").status_code == 302
    assert value() == 5
    assert ConfigurationChange.objects.latest("pk").actor == ines.principal_id


def test_everything_goes_back_to_a_moment(ines: User, changed: None) -> None:
    client = enter(ines)
    assert client.get(f"{LIST}back/").status_code == 200
    # As if the first of them had happened five minutes ago: the form knows seconds.
    first = ConfigurationChange.objects.order_by("pk")[0]
    ConfigurationChange.objects.filter(pk=first.pk).update(at=first.at - timedelta(minutes=5))
    Organisation.objects.filter(users=ines).update(created_at=first.at - timedelta(minutes=9))
    moment = timezone.localtime(first.at - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
    page = client.get(f"{LIST}back/?{urlencode({'moment': moment})}").content.decode()
    assert "6 days → 5 days" in page
    assert value() == 6
    assert client.post(f"{LIST}back/", {"moment": moment}).status_code == 302
    assert value() == 5
    assert not Preset.objects.exists()
    for wrong, words in (
        ("2999-01-01T00:00", "still to come"),
        ("yesterday", "errorlist"),
        ("2001-01-01T00:00", "exist"),
    ):
        answer = client.post(f"{LIST}back/", {"moment": wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode()


def test_who_reads_and_who_goes_back(
    larkfield: Organisation, ines: User, auditor: User, mia: User, rival: User, looking: Client, changed: None
) -> None:
    change = ConfigurationChange.objects.filter(object_id="organisation:case_days").latest("pk")
    addresses = (f"{LIST}back/", f"{LIST}{change.pk}/back/")
    reader = enter(auditor)
    assert reader.get(LIST).status_code == 200
    assert "Go back to a moment" not in reader.get(LIST).content.decode()
    for address in addresses:
        assert reader.get(address).status_code == 403
        assert reader.post(address).status_code == 403
        assert looking.post(address).status_code == 403
    assert looking.get(LIST).status_code == 403
    foreign = enter(rival)
    assert "Closed cases" not in foreign.get(LIST).content.decode()
    assert foreign.get(f"{LIST}{change.pk}/back/").status_code == 404
    assert foreign.post(f"{LIST}{change.pk}/back/").status_code == 404
    assert value() == 6
