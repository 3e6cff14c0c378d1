"""Settings: whose value counts, who may change what, and what a value may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError
from django.test.utils import CaptureQueriesContext

from accounts import preferences
from accounts.actor import Actor
from accounts.models import Organisation, PreferenceValue, Preset, User
from accounts.preference_names import Level, check, definitions
from accounts.preferences import BadValue, Locked, Setting, Source, UnknownSetting
from accounts.services import create_user
from permissions import policy
from permissions.models import Authorization

pytestmark = pytest.mark.django_db

NAME = "auto_file_mode"


@pytest.fixture
def ines(larkfield: Organisation) -> Actor:
    return Actor.of(create_user(larkfield, email="ines.falk@larkfield.example", administrator=True))


@pytest.fixture
def preset(larkfield: Organisation, mia: User) -> Preset:
    """Mia's preset; Tom has none."""
    row = Preset.objects.create(organisation=larkfield, name="Inside sales")
    mia.preset = row
    mia.save(update_fields=["preset"])
    return row


def put(
    organisation: Organisation,
    value: Any,
    *,
    preset: Preset | None = None,
    user: User | None = None,
    forced: bool = False,
    name: str = NAME,
) -> None:
    PreferenceValue.objects.create(
        organisation=organisation, preset=preset, user=user, name=name, value=value, forced=forced
    )


def test_without_any_value_everything_is_as_the_rules_say(mia: User) -> None:
    found = preferences.effective(mia)
    assert dict(found) == {
        "auto_file_mode": "known-people",
        "auto_file_delay_minutes": 3,
        "mark_name": "Salesforce",
        "chosen_folders": (),
        "backfill_from": "",
        "follow_days": 90,
        "link_blind_copies": False,
        "max_file_mib": 25,
        "allowed_extensions": (),
        "opportunity_days": 365,
        "case_days": 90,
        "salesforce_background_percent": 60,
        "poll_minutes": 15,
        "language": "",
        "pane_objects": ("Contact", "Lead", "Account", "Opportunity", "Case"),
        "pane_fields": {},
        "pane_filters": {},
        "pane_actions": {},
    }
    assert {setting.source for setting in preferences.explain_all(mia)} == {Source.DEFAULT}


# What the organisation, the preset and the user say (with "!" where it is forced), and what counts for Mia.
ORG, PRE, OWN, NONE = Source.ORGANISATION, Source.PRESET, Source.USER, Source.DEFAULT
LAYERS: list[tuple[str, str, str, str, Source, bool]] = [
    ("", "", "", "known-people", NONE, False),
    ("off", "", "", "off", ORG, False),
    ("off", "same-domain", "", "same-domain", PRE, False),
    ("off", "same-domain", "everything-external", "everything-external", OWN, False),
    ("off", "", "everything-external", "everything-external", OWN, False),
    ("", "same-domain", "off", "off", OWN, False),
    ("", "", "off", "off", OWN, False),
    ("off!", "", "", "off", ORG, True),
    ("off!", "same-domain", "everything-external", "off", ORG, True),
    ("off!", "same-domain!", "everything-external", "off", ORG, True),
    ("off", "same-domain!", "everything-external", "same-domain", PRE, True),
    ("", "same-domain!", "off", "same-domain", PRE, True),
    ("off", "same-domain!", "", "same-domain", PRE, True),
]


@pytest.mark.parametrize(("organisation", "of_preset", "of_user", "value", "source", "locked"), LAYERS)
def test_the_later_level_counts_unless_an_earlier_one_is_forced(
    larkfield: Organisation,
    mia: User,
    preset: Preset,
    organisation: str,
    of_preset: str,
    of_user: str,
    value: str,
    source: Source,
    locked: bool,
) -> None:
    levels: tuple[tuple[str, dict[str, Any]], ...] = (
        (organisation, {}),
        (of_preset, {"preset": preset}),
        (of_user, {"user": mia}),
    )
    for said, level in levels:
        if said:
            put(larkfield, said.rstrip("!"), forced=said.endswith("!"), **level)
    assert preferences.explain(mia, NAME) == Setting(NAME, value, source, locked)
    assert preferences.effective(mia).text(NAME) == value


def test_a_preset_counts_for_its_users_alone(larkfield: Organisation, mia: User, tom: User, preset: Preset) -> None:
    put(larkfield, "off", preset=preset, forced=True)
    put(larkfield, "same-domain", user=tom)
    assert preferences.effective(mia).text(NAME) == "off"
    assert preferences.explain(tom, NAME) == Setting(NAME, "same-domain", Source.USER, False)


def test_another_organisation_changes_nothing_here(larkfield: Organisation, mia: User, rita: User) -> None:
    assert rita.organisation is not None
    put(rita.organisation, "off", forced=True)
    assert preferences.explain(mia, NAME).source == Source.DEFAULT
    assert preferences.effective(rita).text(NAME) == "off"


def test_a_foreign_preset_counts_for_nobody(larkfield: Organisation, mia: User, rita: User) -> None:
    assert rita.organisation is not None
    foreign = Preset.objects.create(organisation=rita.organisation, name="Theirs")
    put(rita.organisation, "off", preset=foreign)
    User.objects.filter(pk=mia.pk).update(preset=foreign)
    mia.refresh_from_db()
    assert preferences.effective(mia).text(NAME) == "known-people"


def test_all_settings_of_many_users_are_one_query(
    larkfield: Organisation, mia: User, tom: User, rita: User, preset: Preset
) -> None:
    put(larkfield, "off")
    put(larkfield, "same-domain", preset=preset)
    put(larkfield, 9, user=tom, name="auto_file_delay_minutes")
    with CaptureQueriesContext(connection) as queries:
        found = preferences.effective_for([mia, tom, rita])
    assert len(queries) == 1
    assert found[mia.pk][NAME] == "same-domain"
    assert (found[tom.pk][NAME], found[tom.pk].number("auto_file_delay_minutes")) == ("off", 9)
    assert found[rita.pk][NAME] == "known-people"


def test_access_is_typed(larkfield: Organisation, mia: User) -> None:
    put(larkfield, "2026-03-01", name="backfill_from")
    put(larkfield, [".PDF", "docx", "pdf"], name="allowed_extensions")
    found = preferences.effective(mia)
    assert found.day("backfill_from") == dt.date(2026, 3, 1)
    assert found.texts("allowed_extensions") == ("pdf", "docx")
    assert found.number("case_days") == 90
    assert found.flag("link_blind_copies") is False
    for wrong in (found.number, found.flag, found.texts):
        with pytest.raises(TypeError):
            wrong(NAME)
    for missing in (found.__getitem__, found.setting, found.text):
        with pytest.raises(UnknownSetting):
            missing("unheard_of")


def test_a_user_chooses_and_takes_it_back(mia: User) -> None:
    actor = Actor.of(mia)
    assert preferences.choose(actor, NAME, "off") == Setting(NAME, "off", Source.USER, False)
    assert preferences.choose(actor, NAME, "same-domain").value == "same-domain"
    assert PreferenceValue.objects.count() == 1
    assert preferences.withdraw(actor, NAME) == Setting(NAME, "known-people", Source.DEFAULT, False)


@pytest.mark.parametrize("level", ["organisation", "preset"])
def test_what_is_forced_cannot_be_chosen(larkfield: Organisation, mia: User, preset: Preset, level: str) -> None:
    put(larkfield, "off", forced=True, preset=preset if level == "preset" else None)
    with pytest.raises(Locked) as refused:
        preferences.choose(Actor.of(mia), NAME, "same-domain")
    assert "administrator" in refused.value.sentence
    assert preferences.effective(mia).text(NAME) == "off"


@pytest.mark.parametrize("name", [name for name, one in definitions().items() if one.lowest < Level.USER])
def test_what_only_administrators_set_is_locked_for_users(mia: User, name: str) -> None:
    assert preferences.explain(mia, name).locked
    with pytest.raises(Locked):
        preferences.choose(Actor.of(mia), name, definitions()[name].default)


def test_a_user_without_the_right_chooses_nothing(mia: User) -> None:
    Authorization.objects.filter(principal=mia.principal).update(role="integration")
    with pytest.raises(policy.Denied):
        preferences.choose(Actor.of(mia), NAME, "off")


def test_an_administrator_sets_for_all_and_for_a_preset(ines: Actor, mia: User, tom: User, preset: Preset) -> None:
    preferences.set_for_organisation(ines, NAME, "off")
    preferences.set_for_preset(ines, preset, NAME, "same-domain", forced=True)
    assert preferences.explain(tom, NAME) == Setting(NAME, "off", Source.ORGANISATION, False)
    assert preferences.explain(mia, NAME) == Setting(NAME, "same-domain", Source.PRESET, True)
    preferences.set_for_organisation(ines, NAME, "everything-external", forced=True)
    assert preferences.explain(mia, NAME) == Setting(NAME, "everything-external", Source.ORGANISATION, True)
    preferences.set_for_organisation(ines, NAME, "everything-external")
    assert preferences.explain(mia, NAME).value == "same-domain"
    assert PreferenceValue.objects.count() == 2


def test_a_rep_sets_nothing_for_others(mia: User, tom: User, preset: Preset) -> None:
    refusals: tuple[Callable[[], object], ...] = (
        lambda: preferences.set_for_organisation(Actor.of(mia), NAME, "off"),
        lambda: preferences.set_for_preset(Actor.of(mia), preset, NAME, "off"),
        lambda: preferences.assign_preset(Actor.of(mia), tom, preset),
    )
    for refused in refusals:
        with pytest.raises(policy.Denied):
            refused()
    assert not PreferenceValue.objects.exists()


def test_an_administrator_reaches_no_other_organisation(ines: Actor, mia: User, rita: User, preset: Preset) -> None:
    assert rita.organisation is not None
    foreign = Preset.objects.create(organisation=rita.organisation, name="Theirs")
    refusals: tuple[Callable[[], object], ...] = (
        lambda: preferences.set_for_preset(ines, foreign, NAME, "off"),
        lambda: preferences.assign_preset(ines, rita, preset),
        lambda: preferences.assign_preset(ines, mia, foreign),
    )
    for refused in refusals:
        with pytest.raises(policy.NotFound):
            refused()
    preferences.assign_preset(ines, mia, None)
    mia.refresh_from_db()
    assert mia.preset is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_file_mode", "known_people"),
        ("auto_file_mode", ""),
        ("auto_file_mode", None),
        ("auto_file_delay_minutes", -1),
        ("auto_file_delay_minutes", 1441),
        ("auto_file_delay_minutes", "3"),
        ("auto_file_delay_minutes", 3.0),
        ("auto_file_delay_minutes", True),
        ("mark_name", ""),
        ("mark_name", "   "),
        ("mark_name", "x" * 101),
        ("mark_name", "a\nb"),
        ("chosen_folders", "AAMk"),
        ("chosen_folders", [1]),
        ("chosen_folders", [""]),
        ("chosen_folders", [str(number) for number in range(501)]),
        ("backfill_from", "yesterday"),
        ("backfill_from", "20260301"),
        ("backfill_from", "2026-02-30"),
        ("backfill_from", None),
        ("follow_days", 0),
        ("link_blind_copies", 1),
        ("max_file_mib", 0),
        ("max_file_mib", 101),
        ("allowed_extensions", ["tar.gz"]),
        ("allowed_extensions", ["p df"]),
        ("salesforce_background_percent", 4),
        ("salesforce_background_percent", 81),
        ("poll_minutes", 4),
        ("poll_minutes", 61),
    ],
)
def test_a_value_that_cannot_be_is_refused_wherever_it_is_set(
    ines: Actor, larkfield: Organisation, name: str, value: Any
) -> None:
    with pytest.raises(BadValue) as refused:
        preferences.set_for_organisation(ines, name, value)
    assert refused.value.sentence.startswith(name)
    with pytest.raises(BadValue):
        put(larkfield, value, name=name)
    with pytest.raises(ValidationError):
        PreferenceValue(organisation=larkfield, name=name, value=value).clean()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_file_delay_minutes", 0),
        ("auto_file_delay_minutes", 1440),
        ("mark_name", " Salesforce ab "),
        ("backfill_from", ""),
        ("max_file_mib", 100),
        ("salesforce_background_percent", 80),
        ("poll_minutes", 5),
    ],
)
def test_the_ends_of_what_may_be_are_taken(name: str, value: Any) -> None:
    assert check(name, value, Level.ORGANISATION) in (value, str(value).strip())


def test_every_default_is_a_value_that_may_be() -> None:
    for name, one in definitions().items():
        kept = check(name, one.default, Level.ORGANISATION)
        assert (tuple(kept) if isinstance(kept, list) else kept) == one.default


def test_a_level_that_may_not_set_it_is_refused(larkfield: Organisation, mia: User, preset: Preset) -> None:
    with pytest.raises(BadValue):
        put(larkfield, True, preset=preset, name="link_blind_copies")
    with pytest.raises(BadValue):
        put(larkfield, 30, user=mia, name="case_days")
    with pytest.raises(UnknownSetting):
        put(larkfield, 30, name="unheard_of")


def test_each_level_says_it_once(larkfield: Organisation, mia: User, preset: Preset) -> None:
    levels: tuple[dict[str, Any], ...] = ({}, {"preset": preset}, {"user": mia})
    for level in levels:
        put(larkfield, "off", **level)
        with pytest.raises(IntegrityError), transaction.atomic():
            put(larkfield, "off", **level)


def test_users_force_nothing(larkfield: Organisation, mia: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        put(larkfield, "off", user=mia, forced=True)


def test_a_preset_in_use_is_not_deleted(larkfield: Organisation, mia: User, preset: Preset) -> None:
    with pytest.raises(RestrictedError):
        preset.delete()
