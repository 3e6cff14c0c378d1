"""Going back: one thing, or everything to a point in time; what cannot be put back is left, and said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import preference_names, preferences, presets, teams
from accounts.actor import Actor
from accounts.history.restoring import CannotRestore, Outcome, restore_object, restore_organisation
from accounts.models import (
    AddressAlias,
    BlockEntry,
    ConfigurationChange,
    GoogleDomain,
    InternalDomain,
    MicrosoftTenant,
    Organisation,
    PreferenceValue,
    Preset,
    Team,
    User,
)
from accounts.services import create_organisation, create_user
from permissions import policy
from permissions.audit.models import AuditEntry
from permissions.audit.recording import COMMAND


@pytest.fixture
def ines(larkfield: Organisation) -> Actor:
    return Actor.of(create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True))


def configuration(organisation: Organisation) -> dict[str, Any]:
    """All of it as it stands in the tables, found out another way than the product does."""
    organisation.refresh_from_db()
    users = User.objects.filter(organisation=organisation)
    return {
        "organisation": (organisation.name, organisation.provision_users),
        "presets": dict(Preset.objects.filter(organisation=organisation).values_list("pk", "name")),
        "teams": dict(Team.objects.filter(organisation=organisation).values_list("pk", "name")),
        "users": set(users.values_list("pk", "preset", "resource__parent__team")),
        "domains": set(InternalDomain.objects.filter(organisation=organisation).values_list("domain", flat=True)),
        "blocked": set(BlockEntry.objects.filter(organisation=organisation).values_list("user", "value")),
        "aliases": set(AddressAlias.objects.filter(organisation=organisation).values_list("user", "address")),
        "values": {
            (row.preset_id, row.user_id, row.name): (row.value, row.forced)
            for row in PreferenceValue.objects.filter(organisation=organisation)
        },
    }


def said(outcome: Outcome) -> list[str]:
    return [sentence for done in outcome.done for sentence in done.sentences]


def left(outcome: Outcome) -> list[str]:
    return [f"{one.title}: {one.reason}" for one in outcome.left]


def change_of(kind: str) -> ConfigurationChange:
    """The last one."""
    return ConfigurationChange.objects.filter(kind=kind).latest("pk")


@pytest.mark.django_db
def test_a_rehearsal_lists_what_would_happen_and_does_nothing(larkfield: Organisation, ines: Actor, mia: User) -> None:
    moment = timezone.now()
    emea = presets.make(ines, "EMEA")
    presets.assign(ines, emea, users=[mia])
    preferences.set_for_organisation(ines, "case_days", 5)
    before, changes, entries = configuration(larkfield), ConfigurationChange.objects.count(), AuditEntry.objects.count()
    rehearsed = restore_organisation(ines, larkfield, moment, rehearsal=True)
    assert configuration(larkfield) == before
    assert ConfigurationChange.objects.count() == changes
    assert AuditEntry.objects.count() == entries
    done = restore_organisation(ines, larkfield, moment)
    assert rehearsed.rehearsal
    assert not done.rehearsal
    assert done.done == rehearsed.done
    assert sorted(said(done)) == [
        "Closed cases offered of the organisation: 5 days → not set",
        "Preset 'EMEA': deleted",
        "Preset of Mia Keller: 'EMEA' → none",
    ]


@pytest.mark.django_db
def test_going_back_is_recorded_and_can_be_gone_back_on(larkfield: Organisation, ines: Actor, mia: User) -> None:
    first = timezone.now()
    emea = presets.make(ines, "EMEA")
    preferences.set_for_preset(ines, emea, "case_days", 5, forced=True)
    presets.assign(ines, emea, users=[mia])
    was, then = configuration(larkfield), timezone.now()
    restore_organisation(ines, larkfield, first)
    assert not Preset.objects.exists()
    entry = AuditEntry.objects.get(action="history.restored")
    assert entry.actor == ines.principal_id
    assert entry.detail["rows"] == 3
    restore_organisation(ines, larkfield, then)
    assert configuration(larkfield) == was
    assert AuditEntry.objects.filter(action="history.restored").count() == 2


@pytest.mark.django_db
def test_nothing_to_put_back_is_no_step(larkfield: Organisation, ines: Actor) -> None:
    outcome = restore_organisation(ines, larkfield, timezone.now())
    assert outcome == Outcome((), (), rehearsal=False)
    assert not AuditEntry.objects.filter(action="history.restored").exists()


@pytest.mark.django_db
def test_one_setting_goes_back_alone(larkfield: Organisation, ines: Actor) -> None:
    preferences.set_for_organisation(ines, "case_days", 5)
    preferences.set_for_organisation(ines, "case_days", 6, forced=True)
    preferences.set_for_organisation(ines, "poll_minutes", 20)
    change = ConfigurationChange.objects.filter(object_id="organisation:case_days").latest("pk")
    outcome = restore_object(ines, change)
    assert sorted(said(outcome)) == [
        "Closed cases offered of the organisation: 6 days → 5 days",
        "Closed cases offered of the organisation: free to choose again",
    ]
    assert configuration(larkfield)["values"] == {
        (None, None, "case_days"): (5, False),
        (None, None, "poll_minutes"): (20, False),
    }


@pytest.mark.django_db
def test_a_deleted_preset_comes_back_with_its_values(larkfield: Organisation, ines: Actor) -> None:
    emea = presets.make(ines, "EMEA")
    preferences.set_for_preset(ines, emea, "case_days", 5, forced=True)
    preferences.set_for_preset(ines, emea, "poll_minutes", 30)
    was = configuration(larkfield)
    presets.delete(ines, emea)
    outcome = restore_object(ines, change_of("preset"))
    assert len(outcome.done) == 3
    assert configuration(larkfield) == was


@pytest.mark.django_db
def test_a_deleted_team_comes_back_with_who_was_in_it(larkfield: Organisation, ines: Actor, mia: User) -> None:
    north = teams.make(ines, "North")
    teams.move(ines, mia, north)
    was = configuration(larkfield)
    teams.delete(ines, north)
    outcome = restore_object(ines, change_of("team"))
    assert sorted(said(outcome)) == ["Team 'North': made", "Team of Mia Keller: none → 'North'"]
    assert configuration(larkfield) == was


@pytest.mark.django_db
def test_names_that_changed_places_change_back(larkfield: Organisation, ines: Actor) -> None:
    one, two = presets.make(ines, "One"), presets.make(ines, "Two")
    was, moment = configuration(larkfield), timezone.now()
    presets.rename(ines, one, "For a moment")
    presets.rename(ines, two, "One")
    presets.rename(ines, one, "Two")
    three = presets.make(ines, "For a moment")
    presets.rename(ines, two, "Last")
    presets.rename(ines, three, "One")
    restore_organisation(ines, larkfield, moment)
    assert configuration(larkfield) == was


@pytest.mark.django_db
def test_what_was_somebodys_who_was_deleted_is_left(larkfield: Organisation, ines: Actor, mia: User) -> None:
    emea = presets.make(ines, "EMEA")
    presets.assign(ines, emea, users=[mia])
    preferences.choose(Actor.of(mia), "auto_file_mode", "off")
    AddressAlias.objects.create(organisation=larkfield, user=mia, address="sales@larkfield.example")
    preferences.set_for_organisation(ines, "case_days", 5)
    moment = timezone.now()
    mia.delete()
    preferences.set_for_organisation(ines, "case_days", 6)
    outcome = restore_organisation(ines, larkfield, moment)
    assert said(outcome) == ["Closed cases offered of the organisation: 6 days → 5 days"]
    gone = "This person was deleted."
    assert sorted(left(outcome)) == [
        f"Alias sales@larkfield.example: {gone}",
        f"Filing by itself of somebody who was deleted: {gone}",
        f"Preset of somebody who was deleted: {gone}",
    ]


@pytest.mark.django_db
def test_a_value_that_may_not_be_any_more_is_left(
    larkfield: Organisation, ines: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences.set_for_organisation(ines, "case_days", 3650)
    preferences.set_for_organisation(ines, "poll_minutes", 5)
    preferences.set_for_organisation(ines, "max_file_mib", 5)
    moment = timezone.now()
    for name in ("case_days", "poll_minutes", "max_file_mib"):
        preferences.set_for_organisation(ines, name, 10)
    known = dict(preference_names._DEFINITIONS)
    tight = {one: getattr(known["case_days"], one) for one in known["case_days"].__slots__}
    known["case_days"] = preference_names.Definition(**{**tight, "most": 30})
    del known["poll_minutes"]
    monkeypatch.setattr(preference_names, "_DEFINITIONS", known)
    outcome = restore_organisation(ines, larkfield, moment)
    assert said(outcome) == ["Largest file of the organisation: 10 MiB → 5 MiB"]
    assert sorted(left(outcome)) == [
        "Closed cases offered of the organisation: It may not be this any more: "
        "case_days is a whole number from 0 to 30.",
        "poll_minutes of the organisation: There is no such setting any more.",
    ]


@pytest.mark.django_db
def test_a_preset_that_somebody_has_since_outside_of_the_history_stays(
    larkfield: Organisation, ines: Actor, mia: User
) -> None:
    """Somebody unknown to the history has it: the change was erased with what was known of them."""
    moment = timezone.now()
    emea = presets.make(ines, "EMEA")
    presets.assign(ines, emea, users=[mia])
    preferences.set_for_organisation(ines, "case_days", 5)
    ConfigurationChange.objects.filter(user_id=mia.pk).delete()
    outcome = restore_organisation(ines, larkfield, moment)
    assert left(outcome) == ["Preset 'EMEA': Somebody has it still."]
    assert said(outcome) == ["Closed cases offered of the organisation: 5 days → not set"]
    assert Preset.objects.get().name == "EMEA"


@pytest.mark.django_db
def test_one_change_of_a_preset_that_is_gone_says_what_to_do_first(
    larkfield: Organisation, ines: Actor, mia: User
) -> None:
    emea = presets.make(ines, "EMEA")
    presets.assign(ines, emea, users=[mia])
    presets.assign(ines, None, users=[mia])
    presets.delete(ines, emea)
    outcome = restore_object(ines, change_of("user-preset"))
    assert left(outcome) == ["Preset of Mia Keller: The preset does not exist: put it back first."]
    assert outcome.done == ()


@pytest.mark.django_db
def test_a_name_that_another_has_by_now_is_left(larkfield: Organisation, ines: Actor) -> None:
    emea = presets.make(ines, "EMEA")
    presets.delete(ines, emea)
    presets.make(ines, "emea")
    outcome = restore_object(ines, ConfigurationChange.objects.get(after__isnull=True, kind="preset"))
    assert left(outcome) == ["Preset 'EMEA': Another one has this name."]
    assert outcome.done == ()


@pytest.mark.django_db
def test_who_may_sign_in_is_not_put_back(larkfield: Organisation, ines: Actor) -> None:
    moment = timezone.now()
    MicrosoftTenant.objects.filter(organisation=larkfield).delete()
    GoogleDomain.objects.create(organisation=larkfield, domain="larkfield.example")
    larkfield.internal_domains.all().delete()
    outcome = restore_organisation(ines, larkfield, moment)
    assert said(outcome) == ["Internal domain larkfield.example: added"]
    assert [line.partition(": ")[2].partition(":")[0] for line in left(outcome)] == [
        "Who may sign in is not decided by going back"
    ] * 2
    assert not MicrosoftTenant.objects.exists()
    assert GoogleDomain.objects.get().domain == "larkfield.example"


@pytest.mark.django_db
def test_a_moment_that_cannot_be_is_refused(larkfield: Organisation, ines: Actor) -> None:
    with pytest.raises(CannotRestore, match="still to come"):
        restore_organisation(ines, larkfield, timezone.now() + dt.timedelta(minutes=1))
    with pytest.raises(CannotRestore, match="did not exist"):
        restore_organisation(ines, larkfield, timezone.now() - dt.timedelta(days=1))


@pytest.mark.django_db
def test_who_may_go_back(larkfield: Organisation, ines: Actor, mia: User, rita: User) -> None:
    moment = timezone.now()
    preferences.set_for_organisation(ines, "case_days", 5)
    for by, refusal in ((mia, policy.Denied), (rita, policy.NotFound)):
        with pytest.raises(refusal):
            restore_organisation(Actor.of(by), larkfield, moment)
        with pytest.raises(refusal):
            restore_object(Actor.of(by), change_of("setting"))
    assert PreferenceValue.objects.get().value == 5


@pytest.mark.django_db
def test_another_organisation_is_not_touched(larkfield: Organisation, ines: Actor, rita: User) -> None:
    assert rita.organisation is not None
    moment = timezone.now()
    theirs = Actor.of(create_user(rita.organisation, email="boss@rival.example", administrator=True))
    preferences.set_for_organisation(theirs, "case_days", 9)
    presets.make(theirs, "EMEA")
    preferences.set_for_organisation(ines, "case_days", 5)
    before = configuration(rita.organisation)
    restore_organisation(ines, larkfield, moment)
    assert configuration(rita.organisation) == before
    assert configuration(larkfield)["values"] == {}


@pytest.mark.django_db
def test_on_the_command_line(larkfield: Organisation, ines: Actor) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("configuration", *arguments, stdout=out)
        return out.getvalue()

    named = f"--organisation={larkfield.pk}"
    moment = timezone.now().isoformat()
    preferences.set_for_organisation(ines, "case_days", 5)
    preferences.set_for_organisation(ines, "case_days", 6)
    lines = run("history", named).splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        "Closed cases offered of the organisation: 5 days → 6 days",
        "Closed cases offered of the organisation: not set → 5 days",
    ]
    assert "Ines Falk" in lines[0]
    number = lines[0].split()[0]
    assert "1 thing would be put back" in run("restore", named, f"--change={number}")
    assert PreferenceValue.objects.get().value == 6
    assert "1 thing put back" in run("restore", named, f"--change={number}", "--really")
    assert PreferenceValue.objects.get().value == 5
    assert "would be" in run("restore", named, f"--to={moment}")
    run("restore", named, f"--to={moment}", "--really")
    assert not PreferenceValue.objects.exists()
    assert run("history", named).splitlines()[0].partition("  ")[2].find("a command on the server") > 0
    assert len(run("history", named, "--limit=1").splitlines()) == 2
    for arguments, words in (
        (("restore", named, "--change=0"), "no such change"),
        (("restore", named, "--to=2999-01-01T00:00:00Z"), "still to come"),
        (("history", "--organisation=00000000-0000-4000-8000-000000000000"), "no such organisation"),
        (("restore", named, "--to=yesterday"), "--to"),
    ):
        with pytest.raises(CommandError, match=words):
            run(*arguments)


Step = tuple[int, int, int, int]
_SETTINGS = (
    ("case_days", lambda number: number % 5),
    ("auto_file_mode", lambda number: preference_names.AUTO_FILE_MODES[number % 4]),
    ("allowed_extensions", lambda number: ["pdf", "docx", "png"][: number % 4]),
    ("backfill_from", lambda number: ["", "2026-01-01", "2026-02-01"][number % 3]),
)
_NAMES = ("One", "Two", "Three")


def _of(rows: Any, number: int) -> Any:
    found = list(rows.order_by("pk"))
    return found[number % len(found)] if found else None


def _setting(larkfield: Organisation, a: int, b: int, c: int, owner: dict[str, Any]) -> None:
    name, value = _SETTINGS[a % len(_SETTINGS)]
    if owner.get("user") and preference_names.definition(name).lowest < preference_names.Level.USER:
        return
    asked = {"preset": None, "user": None, **owner}
    if c % 4 == 0:
        PreferenceValue.objects.filter(organisation=larkfield, name=name, **asked).delete()
        return
    PreferenceValue.objects.update_or_create(
        organisation=larkfield,
        name=name,
        **asked,
        defaults={"value": value(b), "forced": c % 4 == 1 and not owner.get("user")},
    )


def _play(larkfield: Organisation, ines: Actor, step: Step) -> None:
    """One change out of everything that can be changed, by services and by the ORM alone."""
    which, a, b, c = step
    users, all_presets, all_teams = larkfield.users, larkfield.presets, larkfield.teams
    preset, team, user = _of(all_presets, a), _of(all_teams, a), _of(users, b)
    free = [name for name in _NAMES if not all_presets.filter(name=name).exists()]
    free_team = [name for name in _NAMES if not all_teams.filter(name=name).exists()]
    match which:
        case 0:
            _setting(larkfield, a, b, c, {})
        case 1 if preset:
            _setting(larkfield, b, a, c, {"preset": preset})
        case 2:
            _setting(larkfield, a, b, c, {"user": user})
        case 3 if free:
            presets.make(ines, free[a % len(free)])
        case 4 if preset and free:
            presets.rename(ines, preset, free[b % len(free)])
        case 5 if preset and not preset.users.exists():
            presets.delete(ines, preset)
        case 6:
            presets.assign(ines, preset, users=[user], own=presets.Own.OVERRIDE if c % 2 else presets.Own.KEEP)
        case 7 if preset and free:
            presets.clone(ines, preset, free[0])
        case 8:
            domain = f"d{a % 3}.example"
            if InternalDomain.objects.filter(organisation=larkfield, domain=domain).delete()[0] == 0:
                InternalDomain.objects.bulk_create([InternalDomain(organisation=larkfield, domain=domain)])
        case 9:
            value = f"b{a % 3}.example"
            gone, _ = BlockEntry.objects.filter(organisation=larkfield, user=None, value=value).delete()
            if not gone:
                BlockEntry.objects.create(organisation=larkfield, value=value)
        case 10:
            AddressAlias.objects.update_or_create(
                organisation=larkfield, address=f"a{a % 3}@larkfield.example", defaults={"user": user}
            )
        case 11:
            AddressAlias.objects.filter(organisation=larkfield, address=f"a{a % 3}@larkfield.example").delete()
        case 12 if free_team:
            teams.make(ines, free_team[a % len(free_team)])
        case 13 if team and free_team:
            teams.rename(ines, team, free_team[b % len(free_team)])
        case 14 if team:
            teams.delete(ines, team)
        case 15:
            teams.move(ines, user, team if c % 2 else None)
        case 16:
            Organisation.objects.filter(pk=larkfield.pk).update(name=f"Larkfield {a % 3}", provision_users=bool(b % 2))
        case 17:
            PreferenceValue.objects.filter(organisation=larkfield, user=None).update(forced=bool(a % 2))
        case _:
            pass


STEPS = st.lists(st.tuples(st.integers(0, 17), *[st.integers(0, 11)] * 3), min_size=1, max_size=14)


class TestGoingBack(TestCase):
    @given(steps=STEPS, chosen=st.integers(0, 100), then=STEPS)
    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    def test_to_any_moment_gives_exactly_what_was_then(self, steps: list[Step], chosen: int, then: list[Step]) -> None:
        larkfield = create_organisation("Larkfield", domains=["d0.example"])
        ines = Actor.of(create_user(larkfield, email="ines@larkfield.example", administrator=True))
        for name in ("mia", "tom"):
            create_user(larkfield, email=f"{name}@larkfield.example")
        known = [(timezone.now(), configuration(larkfield))]

        def do(what: Callable[[], object]) -> None:
            what()
            known.append((timezone.now(), configuration(larkfield)))

        for step in steps:
            do(lambda step=step: _play(larkfield, ines, step))  # type: ignore[misc]
        moment, was = known[chosen % len(known)]
        do(lambda: restore_organisation(COMMAND, larkfield, moment))
        assert known[-1][1] == was
        # And again from there, over the going back itself.
        for step in then:
            do(lambda step=step: _play(larkfield, ines, step))  # type: ignore[misc]
        moment, was = known[(chosen * 7 + 3) % len(known)]
        outcome = restore_organisation(COMMAND, larkfield, moment)
        assert outcome.left == ()
        assert configuration(larkfield) == was
