"""Presets: made, cloned, given with or without users' own choices, forced, released, and what that would change."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import preferences, presets, teams
from accounts.actor import Actor
from accounts.models import ConfigurationChange, Organisation, PreferenceValue, Preset, User
from accounts.preference_names import BadValue, UnknownSetting
from accounts.presets import CannotChangePreset, Own, PresetLine
from accounts.services import create_user
from permissions import policy
from permissions.audit.models import AuditEntry
from permissions.models import Authorization
from permissions.services import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(larkfield: Organisation) -> Actor:
    return Actor.of(create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True))


@pytest.fixture
def emea(ines: Actor) -> Preset:
    """Files at once, forced; looks every 30 minutes; closed cases for a week."""
    preset = presets.make(ines, "Sales EMEA")
    preferences.set_for_preset(ines, preset, "auto_file_delay_minutes", 0, forced=True)
    preferences.set_for_preset(ines, preset, "auto_file_mode", "off")
    preferences.set_for_preset(ines, preset, "poll_minutes", 30)
    return preset


def values(preset: Preset) -> dict[str, tuple[Any, bool]]:
    return {row.name: (row.value, row.forced) for row in PreferenceValue.objects.filter(preset=preset)}


def now(user: User) -> preferences.Preferences:
    return preferences.effective(User.objects.get(pk=user.pk))


def trail(action: str) -> list[dict[str, Any]]:
    return list(AuditEntry.objects.filter(action=action).order_by("number").values_list("detail", flat=True))


def test_a_clone_has_the_values_and_nobody(ines: Actor, emea: Preset, mia: User) -> None:
    presets.assign(ines, emea, users=[mia])
    clone = presets.clone(ines, emea, " Sales APAC ")
    assert clone.name == "Sales APAC"
    assert values(clone) == values(emea)
    assert values(clone)["auto_file_delay_minutes"] == (0, True)
    assert not clone.users.exists()
    assert trail("preset.made") == [{}, {"from": emea.pk}]
    preferences.set_for_preset(ines, clone, "poll_minutes", 60)
    assert values(emea)["poll_minutes"] == (30, False)


def test_own_choices_are_kept_and_count_unless_forced(ines: Actor, emea: Preset, mia: User) -> None:
    preferences.choose(Actor.of(mia), "auto_file_mode", "everything-external")
    preferences.choose(Actor.of(mia), "auto_file_delay_minutes", 9)
    assert presets.assign(ines, emea, users=[mia]) == 1
    assert now(mia)["auto_file_mode"] == "everything-external"
    assert now(mia)["auto_file_delay_minutes"] == 0
    assert now(mia)["poll_minutes"] == 30


def test_own_choices_of_what_the_preset_settles_are_overridden(ines: Actor, emea: Preset, mia: User, tom: User) -> None:
    for user in (mia, tom):
        preferences.choose(Actor.of(user), "auto_file_mode", "everything-external")
        preferences.choose(Actor.of(user), "mark_name", "Mine")
    assert presets.assign(ines, emea, users=[mia], own=Own.OVERRIDE) == 1
    assert now(mia)["auto_file_mode"] == "off"
    assert now(mia)["mark_name"] == "Mine"
    assert now(tom)["auto_file_mode"] == "everything-external"
    assert [one["user"] for one in trail("setting.withdrawn")] == [str(mia.pk)]
    assert trail("preset.assigned") == [{"user": str(mia.pk), "preset": emea.pk}]


def test_a_team_is_given_it_at_once_and_again_changes_nothing(ines: Actor, emea: Preset, mia: User, tom: User) -> None:
    north = teams.make(ines, "North")
    for user in (mia, tom):
        teams.move(ines, user, north)
    assert presets.assign(ines, emea, team=north) == 2
    assert presets.assign(ines, emea, team=north, users=[mia]) == 0
    assert len(trail("preset.assigned")) == 2
    assert presets.assign(ines, None, users=[mia]) == 1
    assert now(mia)["poll_minutes"] == 15
    assert not User.objects.get(pk=ines.user.pk).preset_id


def test_forcing_and_releasing(ines: Actor, emea: Preset, mia: User) -> None:
    presets.assign(ines, emea, users=[mia])
    preferences.choose(Actor.of(mia), "auto_file_mode", "same-domain")
    presets.force(ines, emea, "auto_file_mode")
    assert now(mia)["auto_file_mode"] == "off"
    assert now(mia).setting("auto_file_mode").locked
    presets.release(ines, emea, "auto_file_mode")
    assert now(mia)["auto_file_mode"] == "same-domain"
    preferences.set_for_organisation(ines, "auto_file_mode", "known-people")
    presets.force(ines, None, "auto_file_mode")
    assert now(mia)["auto_file_mode"] == "known-people"
    presets.release(ines, None, "auto_file_mode")
    presets.unset(ines, None, "auto_file_mode")
    presets.unset(ines, emea, "auto_file_mode")
    assert now(mia)["auto_file_mode"] == "same-domain"
    with pytest.raises(CannotChangePreset, match="none to force"):
        presets.force(ines, emea, "auto_file_mode")
    with pytest.raises(UnknownSetting):
        presets.force(ines, emea, "unheard_of")


@pytest.mark.parametrize("own", Own)
def test_what_a_preview_says_is_what_happens(
    larkfield: Organisation, ines: Actor, emea: Preset, mia: User, tom: User, own: Own
) -> None:
    preferences.choose(Actor.of(mia), "auto_file_mode", "everything-external")
    preferences.choose(Actor.of(mia), "auto_file_delay_minutes", 0)
    preferences.set_for_organisation(ines, "poll_minutes", 30)
    people = [mia, tom, ines.user]
    before = {user.pk: dict(now(user)) for user in people}
    effect = presets.preview_assign(ines, emea, users=[mia, tom], own=own)
    assert {user.pk: dict(now(user)) for user in people} == before
    presets.assign(ines, emea, users=[mia, tom], own=own)
    changed = [
        (name, user.pk) for user in people for name, value in now(user).items() if before[user.pk][name] != value
    ]
    assert effect.people == len({pk for _, pk in changed})
    assert sum(line.people for line in effect.lines) == len(changed)
    assert {line.name for line in effect.lines} == {name for name, _ in changed}


def test_a_preview_in_a_sentence(ines: Actor, emea: Preset, mia: User, tom: User) -> None:
    preferences.choose(Actor.of(tom), "auto_file_delay_minutes", 1)
    effect = presets.preview_assign(ines, emea, users=[mia, tom])
    assert effect.sentence == (
        "2 people change: Filing by itself known people → nothing (2); Looking at mailboxes 15 minutes → 30 minutes (2)"
        "; Filing delay 1 minute → 0 minutes (1); Filing delay 3 minutes → 0 minutes (1)."
    )
    assert presets.preview_assign(ines, None, users=[mia]).sentence == "Nobody's settings change."


def test_a_preview_of_a_value(ines: Actor, emea: Preset, mia: User, tom: User) -> None:
    presets.assign(ines, emea, users=[mia])
    one = presets.preview_value(ines, emea, "poll_minutes", 60)
    assert one.sentence == "1 person changes: Looking at mailboxes 30 minutes → 60 minutes (1)."
    all_of_them = presets.preview_value(ines, None, "poll_minutes", 60)
    assert all_of_them.people == 2  # Tom and Ines: Mia has the preset's
    assert presets.preview_value(ines, None, "poll_minutes", 60, forced=True).people == 3
    assert now(mia)["poll_minutes"] == 30
    with pytest.raises(BadValue):
        presets.preview_value(ines, emea, "link_blind_copies", True)


def test_each_step_is_one_query_however_many_users(larkfield: Organisation, ines: Actor, emea: Preset) -> None:
    asked = []
    for number in (1, 2, 12):
        users = [create_user(larkfield, email=f"{number}.{one}@larkfield.example") for one in range(number)]
        for user in users:
            preferences.choose(Actor.of(user), "auto_file_mode", "same-domain")
        with CaptureQueriesContext(connection) as previewed:
            presets.preview_assign(ines, emea, users=users, own=Own.OVERRIDE)
        with CaptureQueriesContext(connection) as assigned:
            presets.assign(ines, emea, users=users, own=Own.OVERRIDE)
        asked.append((len(previewed), len(assigned)))
    assert len(set(asked)) == 1, asked
    assert asked[0][0] <= 5


def test_a_list_of_presets(ines: Actor, emea: Preset, mia: User, tom: User, django_assert_num_queries: Any) -> None:
    presets.assign(ines, emea, users=[mia, tom])
    empty = presets.make(ines, "Another")
    with django_assert_num_queries(2):
        lines = presets.presets_of(ines)
    assert lines == (PresetLine(empty.pk, "Another", 0, 0, 0), PresetLine(emea.pk, "Sales EMEA", 2, 3, 1))


def test_names(ines: Actor, emea: Preset) -> None:
    for bad, words in (
        ("", "needs a name"),
        ("x" * 101, "needs a name"),
        ("a\nb", "needs a name"),
        ("sales emea", "already"),
    ):
        with pytest.raises(CannotChangePreset, match=words):
            presets.make(ines, bad)
        with pytest.raises(CannotChangePreset, match=words):
            presets.clone(ines, emea, bad)
    assert presets.rename(ines, emea, "sales emea").name == "sales emea"
    assert Preset.objects.count() == 1


def test_a_preset_in_use_stays_and_one_that_nobody_has_goes(ines: Actor, emea: Preset, mia: User) -> None:
    presets.assign(ines, emea, users=[mia])
    with pytest.raises(CannotChangePreset, match="Somebody has this preset"):
        presets.delete(ines, emea)
    assert len(values(emea)) == 3
    presets.assign(ines, None, users=[mia])
    presets.delete(ines, emea)
    assert not PreferenceValue.objects.exists()
    assert len(trail("preset.deleted")) == 1


def test_who_may(larkfield: Organisation, ines: Actor, emea: Preset, mia: User, tom: User, rita: User) -> None:
    assert rita.organisation is not None
    grant(rita.principal, "administrator", rita.organisation.resource, reason="administers")
    north = teams.make(ines, "North")
    for by, refusal in ((Actor.of(mia), policy.Denied), (Actor.of(rita), policy.NotFound)):
        for step in (
            lambda by=by: presets.rename(by, emea, "x"),
            lambda by=by: presets.clone(by, emea, "x"),
            lambda by=by: presets.delete(by, emea),
            lambda by=by: presets.unset(by, emea, "poll_minutes"),
            lambda by=by: presets.force(by, emea, "poll_minutes"),
            lambda by=by: presets.assign(by, emea, users=[by.user]),
            lambda by=by: presets.preview_assign(by, emea, users=[by.user]),
            lambda by=by: presets.preview_value(by, emea, "poll_minutes", 60),
        ):
            with pytest.raises(refusal):
                step()
    with pytest.raises(policy.NotFound):
        presets.assign(Actor.of(rita), None, users=[tom])
    with pytest.raises(policy.NotFound):
        presets.assign(Actor.of(rita), None, team=north)
    with pytest.raises(policy.NotFound):
        presets.assign(ines, emea, users=[rita])
    for refused in (lambda: presets.make(Actor.of(mia), "x"), lambda: presets.presets_of(Actor.of(mia))):
        with pytest.raises(policy.Denied):
            refused()
    assert Preset.objects.get().name == "Sales EMEA"
    assert not ConfigurationChange.objects.filter(actor__in=[mia.principal_id, rita.principal_id]).exists()


def test_a_role_can_be_given_on_one_preset(larkfield: Organisation, mia: User) -> None:
    careful = Preset.objects.create(organisation=larkfield, name="Careful")
    quick = Preset.objects.create(organisation=larkfield, name="Quick")
    grant(mia.principal, "administrator", careful.resource, reason="test")
    actor = Actor.of(mia)
    presets.rename(actor, careful, "Most careful")
    with pytest.raises(policy.Denied):
        presets.rename(actor, quick, "Quickest")
    assert set(policy.scope(mia.principal, "preset.change", Preset.objects.all())) == {careful}


def test_the_grants_on_a_preset_end_with_it(larkfield: Organisation, mia: User) -> None:
    preset = Preset.objects.create(organisation=larkfield, name="Careful")
    given = grant(mia.principal, "administrator", preset.resource, reason="test")
    preset.delete()
    assert not Authorization.objects.filter(pk=given.pk).exists()
