"""What was changed in an organisation's configuration is remembered, whoever wrote it and however."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import NotSupportedError, transaction
from django.utils import timezone

from accounts import preferences, presets, teams
from accounts.actor import Actor
from accounts.fields import EncryptedTextField
from accounts.history import kinds
from accounts.history.reading import access_history, difference, forget_person, history
from accounts.history.recording import Unrecorded, before_delete, recorded
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
from accounts.services import create_user
from permissions import policy
from permissions.audit.models import AuditEntry
from permissions.audit.recording import COMMAND, Doer
from permissions.services import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(larkfield: Organisation) -> Actor:
    return Actor.of(create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True))


def told(by: Actor, **asked: object) -> list[str]:
    """Every sentence of the organisation's history, the newest first, with who it was."""
    page = history(by, by.organisation, **asked)  # type: ignore[arg-type]
    return [f"{line.who}: {sentence}" for line in page.lines for sentence in line.sentences]


def test_an_organisation_begins_without_a_history(larkfield: Organisation, ines: Actor) -> None:
    assert told(ines) == []
    assert not AuditEntry.objects.filter(action="domain.added").exists()
    assert AuditEntry.objects.filter(action="organisation.made").count() == 1


def test_each_change_says_who_and_what_in_a_sentence(larkfield: Organisation, ines: Actor, mia: User) -> None:
    emea = presets.make(ines, "Sales EMEA")
    preferences.set_for_preset(ines, emea, "auto_file_delay_minutes", 3)
    preferences.set_for_preset(ines, emea, "auto_file_delay_minutes", 0, forced=True)
    presets.assign(ines, emea, users=[mia])
    preferences.choose(Actor.of(mia), "auto_file_mode", "off")
    preferences.withdraw(Actor.of(mia), "auto_file_mode")
    preferences.set_for_organisation(ines, "link_blind_copies", True)
    preferences.set_for_organisation(ines, "allowed_extensions", ["pdf", "docx"])
    north = teams.make(ines, "North")
    teams.move(ines, mia, north)
    presets.rename(ines, emea, "EMEA")
    assert told(ines) == [
        "Ines Falk: Preset 'Sales EMEA' is called 'EMEA' now",
        "Ines Falk: Team of Mia Keller: none → 'North'",
        "Ines Falk: Team 'North': made",
        "Ines Falk: Allowed file extensions of the organisation: not set → pdf, docx",
        "Ines Falk: Link blind copies of the organisation: not set → yes",
        "Mia Keller: Filing by itself of Mia Keller: nothing → not set",
        "Mia Keller: Filing by itself of Mia Keller: not set → nothing",
        "Ines Falk: Preset of Mia Keller: none → 'EMEA'",
        "Ines Falk: Filing delay of preset 'EMEA': 3 minutes → 0 minutes",
        "Ines Falk: Filing delay of preset 'EMEA': nobody below may choose otherwise",
        "Ines Falk: Filing delay of preset 'EMEA': not set → 3 minutes",
        "Ines Falk: Preset 'Sales EMEA': made",
    ]


def test_every_way_that_the_orm_writes_is_seen(larkfield: Organisation, ines: Actor, mia: User, tom: User) -> None:
    """Each as somebody unknown, since nobody wrapped it."""
    Organisation.objects.filter(pk=larkfield.pk).update(provision_users=True)
    larkfield.refresh_from_db()
    larkfield.name = "Larkfield"
    larkfield.save()
    InternalDomain.objects.filter(domain="larkfield.example").update(domain="larkfield.test")
    MicrosoftTenant.objects.all().delete()
    BlockEntry.objects.bulk_create(
        [BlockEntry(organisation=larkfield, value=value) for value in ("a.example", "b.example")]
    )
    one, two = BlockEntry.objects.order_by("value")
    one.value, two.value = "c.example", "d.example"
    BlockEntry.objects.bulk_update([one, two], ["value"])
    alias = AddressAlias.objects.create(organisation=larkfield, user=mia, address="sales@larkfield.example")
    alias.user = tom
    alias.save(update_fields=["user"])
    PreferenceValue.objects.get_or_create(organisation=larkfield, name="case_days", defaults={"value": 7})
    PreferenceValue.objects.update_or_create(
        organisation=larkfield, name="case_days", defaults={"value": 8, "forced": True}
    )
    mia.block_entries.create(organisation=larkfield, value="doctor.example")
    preset = larkfield.presets.create(name="New")
    larkfield.users.filter(pk=mia.pk).update(preset=preset)
    User.objects.filter(pk=mia.pk).update(preset=None)
    preset.delete()
    who = "somebody unknown"
    assert told(ines)[::-1] == [
        f"{who}: Users are made at their first sign-in: no → yes",
        f"{who}: Name of the organisation: Larkfield Instruments → Larkfield",
        f"{who}: Internal domain larkfield.example: taken away",
        f"{who}: Internal domain larkfield.test: added",
        f"{who}: Microsoft tenant aaaaaaaa-0000-4000-8000-00000000000a: taken away",
        f"{who}: a.example on the block list: added",
        f"{who}: b.example on the block list: added",
        f"{who}: a.example on the block list: taken away",
        f"{who}: b.example on the block list: taken away",
        f"{who}: c.example on the block list: added",
        f"{who}: d.example on the block list: added",
        f"{who}: Alias sales@larkfield.example: nobody → Mia Keller",
        f"{who}: Alias sales@larkfield.example: Mia Keller → Tom Okafor",
        f"{who}: Closed cases offered of the organisation: not set → 7 days",
        f"{who}: Closed cases offered of the organisation: nobody below may choose otherwise",
        f"{who}: Closed cases offered of the organisation: 7 days → 8 days",
        f"{who}: Preset 'New': made",
        f"{who}: Preset of Mia Keller: none → 'New'",
        f"{who}: Preset of Mia Keller: 'New' → none",
        f"{who}: Preset 'New': deleted",
    ]


def test_what_goes_because_of_another_row_is_seen(larkfield: Organisation, ines: Actor, mia: User) -> None:
    preset = Preset.objects.create(organisation=larkfield, name="Old")
    PreferenceValue.objects.create(organisation=larkfield, preset=preset, name="case_days", value=7)
    PreferenceValue.objects.create(organisation=larkfield, user=mia, name="auto_file_mode", value="off")
    AddressAlias.objects.create(organisation=larkfield, user=mia, address="sales@larkfield.example")
    begun = timezone.now()
    Preset.objects.filter(name="Old").delete()
    assert told(ines, since=begun)[::-1] == [
        "somebody unknown: Preset 'Old': deleted",
        "somebody unknown: Closed cases offered of preset 'Old': 7 days → not set",
    ]
    begun = timezone.now()
    with recorded(COMMAND):
        mia.delete()
    assert sorted(told(ines, since=begun)) == [
        "a command on the server: Alias sales@larkfield.example: somebody who was deleted → nobody",
        "a command on the server: Filing by itself of somebody who was deleted: nothing → not set",
    ]


def test_a_row_that_goes_outside_of_any_step_is_refused(larkfield: Organisation) -> None:
    with pytest.raises(Unrecorded):
        before_delete(InternalDomain, larkfield.internal_domains.get())


def test_what_would_be_written_unseen_is_refused(larkfield: Organisation) -> None:
    rows = [InternalDomain(organisation=larkfield, domain="larkfield.example")]
    with pytest.raises(NotSupportedError):
        InternalDomain.objects.bulk_create(rows, ignore_conflicts=True)
    with pytest.raises(NotSupportedError):
        InternalDomain.objects.bulk_create(
            rows, update_conflicts=True, update_fields=["domain"], unique_fields=["organisation", "domain"]
        )


def test_what_is_the_same_in_the_end_leaves_nothing(larkfield: Organisation, ines: Actor) -> None:
    with recorded(COMMAND):
        row = Preset.objects.create(organisation=larkfield, name="For a moment")
        row.name = "Still"
        row.save()
        row.delete()
        Organisation.objects.filter(pk=larkfield.pk).update(name="Else")
        Organisation.objects.filter(pk=larkfield.pk).update(name=larkfield.name)
    preferences.set_for_organisation(ines, "case_days", 9)
    entries = AuditEntry.objects.count()
    preferences.set_for_organisation(ines, "case_days", 9)
    assert len(told(ines)) == 1
    assert AuditEntry.objects.count() == entries


def test_what_was_rolled_back_leaves_nothing(larkfield: Organisation, ines: Actor) -> None:
    def fail() -> None:
        Preset.objects.create(organisation=larkfield, name="Never")
        raise RuntimeError

    with recorded(COMMAND):
        with pytest.raises(RuntimeError), transaction.atomic():
            fail()
        Preset.objects.create(organisation=larkfield, name="Kept")
    with pytest.raises(RuntimeError), recorded(COMMAND):
        fail()
    assert told(ines) == ["a command on the server: Preset 'Kept': made"]
    assert AuditEntry.objects.filter(action="preset.made").count() == 1


def test_a_key_that_changes_hands_within_one_step(larkfield: Organisation, ines: Actor) -> None:
    with recorded(COMMAND):
        row = larkfield.internal_domains.get()
        row.domain = "other.example"
        row.save()
        row.domain = "third.example"
        row.save()
        InternalDomain.objects.create(organisation=larkfield, domain="larkfield.example")
    assert told(ines) == ["a command on the server: Internal domain third.example: added"]


def test_each_change_has_its_entry_in_the_audit_trail_without_the_value(larkfield: Organisation, ines: Actor) -> None:
    row = presets.make(ines, "Planted name")
    preferences.set_for_preset(ines, row, "mark_name", "planted mark")
    AddressAlias.objects.create(organisation=larkfield, user=ines.user, address="planted@larkfield.example")
    changes = list(ConfigurationChange.objects.order_by("pk"))
    entries = {entry.pk: entry for entry in AuditEntry.objects.filter(root=larkfield.resource)}
    assert [entries[change.entry].action for change in changes] == ["preset.made", "setting.changed", "alias.added"]
    assert entries[changes[1].entry].detail == {"level": "preset", "preset": row.pk, "forced": False}
    assert entries[changes[1].entry].actor == ines.principal_id
    assert "lanted" not in str([(entry.detail, entry.object_id) for entry in entries.values()])


def test_a_persons_own_block_list_is_not_the_administrators_to_read(larkfield: Organisation, ines: Actor) -> None:
    BlockEntry.objects.create(organisation=larkfield, user=ines.user, value="doctor.example")
    assert not ConfigurationChange.objects.exists()


def test_saving_what_is_no_configuration_is_not_recorded(mia: User, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        mia.last_login = timezone.now()
        mia.save(update_fields=["last_login"])
    with django_assert_num_queries(1):  # type: ignore[operator]
        User.objects.filter(pk=mia.pk).update(is_active=False)
    assert not ConfigurationChange.objects.exists()


def test_no_sealed_field_and_no_password_is_configuration() -> None:
    from django.apps import apps

    for name in kinds.MODELS:
        model = apps.get_model("accounts", name)
        fields = {model._meta.get_field(one) for one in kinds.recipe(name).fields}
        assert not any(isinstance(one, EncryptedTextField) for one in fields)
        assert "password" not in kinds.recipe(name).fields


def test_a_state_holds_what_is_listed_and_nothing_else(larkfield: Organisation, mia: User, ines: Actor) -> None:
    """So that a column that somebody adds does not slip into the history."""
    preset = Preset.objects.create(organisation=larkfield, name="P")
    presets.assign(ines, preset, users=[mia])
    teams.move(ines, mia, teams.make(ines, "T"))
    rows = [
        larkfield,
        preset,
        Team.objects.get(),
        User.objects.get(pk=mia.pk),
        larkfield.internal_domains.get(),
        larkfield.microsoft_tenants.get(),
        GoogleDomain(organisation=larkfield, domain="larkfield.example"),
        PreferenceValue(organisation=larkfield, preset=preset, name="case_days", value=1),
        BlockEntry(organisation=larkfield, value="x.example"),
        AddressAlias(organisation=larkfield, user=mia, address="y@larkfield.example"),
    ]
    found = {
        one.key.kind: sorted(one.state) for row in rows for one in kinds.recipe(str(row._meta.model_name)).states(row)
    }
    assert found == {
        "organisation": ["name", "provision_users"],
        "preset": ["name"],
        "team": ["name"],
        "user-preset": ["preset"],
        "user-team": ["team"],
        "domain": ["domain"],
        "tenant": ["tenant"],
        "google-domain": ["domain"],
        "setting": ["forced", "name", "preset", "user", "value"],
        "block-entry": ["value"],
        "alias": ["address", "user"],
    }
    assert set(found) == set(kinds.KINDS)


def test_pages_follow_each_other_without_a_gap(larkfield: Organisation, ines: Actor) -> None:
    for days in range(7):
        preferences.set_for_organisation(ines, "case_days", days)
    seen: list[str] = []
    before = None
    for size in (3, 3, 1):
        page = history(ines, larkfield, before=before, size=3)
        assert len(page.lines) == size
        seen += [line.sentences[0].rpartition("→ ")[2] for line in page.lines]
        before = page.older
    assert before is None
    assert seen == [f"{days} {'day' if days == 1 else 'days'}" for days in range(6, -1, -1)]


def test_a_page_asks_no_more_for_more_lines(
    larkfield: Organisation, ines: Actor, mia: User, tom: User, django_assert_max_num_queries: object
) -> None:
    for number in range(4):
        preset = presets.make(ines, f"Preset {number}")
        presets.assign(ines, preset, users=[mia, tom])
        team = teams.make(ines, f"Team {number}")
        teams.move(ines, mia, team)
        presets.assign(ines, None, users=[mia, tom])
        presets.delete(ines, preset)
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        lines = history(ines, larkfield).lines
    assert len(lines) == 32
    assert not any("a deleted one" in sentence for line in lines for sentence in line.sentences)


def test_the_history_of_one_thing_and_of_one_person(larkfield: Organisation, ines: Actor, mia: User, tom: User) -> None:
    preferences.set_for_organisation(ines, "case_days", 1)
    preferences.choose(Actor.of(mia), "auto_file_mode", "off")
    preferences.choose(Actor.of(tom), "auto_file_mode", "off")
    assert len(told(ines, about=("setting", "organisation:case_days"))) == 1
    assert told(ines, user_id=mia.pk) == ["Mia Keller: Filing by itself of Mia Keller: not set → nothing"]
    assert told(ines, until=timezone.now() - dt.timedelta(hours=1)) == []


def test_who_may_read_it(larkfield: Organisation, ines: Actor, mia: User, tom: User, rita: User) -> None:
    preferences.set_for_organisation(ines, "case_days", 1)
    with pytest.raises(policy.Denied):
        history(Actor.of(mia), larkfield)
    with pytest.raises(policy.NotFound):
        history(Actor.of(rita), larkfield)
    grant(tom.principal, "auditor", larkfield.resource, reason="audits")
    assert len(history(Actor.of(tom), larkfield).lines) == 1
    assert rita.organisation is not None
    assert history(Doer("command"), rita.organisation).lines == ()


def test_the_history_of_grants_is_the_audit_trail(larkfield: Organisation, ines: Actor, tom: User) -> None:
    grant(tom.principal, "auditor", larkfield.resource, reason="audits", grantor=ines.user.principal)
    line = access_history(ines, larkfield)[0]
    assert (line.action, line.who, line.tells) == (
        "grant.given",
        "Ines Falk",
        "A principal was given a role on a resource.",
    )


def test_an_organisation_goes_with_its_history(larkfield: Organisation, ines: Actor) -> None:
    preferences.set_for_organisation(ines, "case_days", 1)
    number = AuditEntry.objects.count()
    User.objects.filter(organisation=larkfield).delete()
    Organisation.objects.get(pk=larkfield.pk).delete()
    assert not ConfigurationChange.objects.exists()
    assert AuditEntry.objects.count() == number


def test_a_person_who_is_erased_is_forgotten(larkfield: Organisation, ines: Actor, mia: User, tom: User) -> None:
    for user in (mia, tom):
        preferences.choose(Actor.of(user), "mark_name", f"mark of {user.name}")
    assert forget_person(larkfield, mia.pk) == 1
    assert "Mia" not in str(list(ConfigurationChange.objects.values_list("before", "after", "object_id")))
    assert ConfigurationChange.objects.count() == 1


def test_a_difference_is_told_without_asking_the_policy(larkfield: Organisation, ines: Actor) -> None:
    preferences.set_for_organisation(ines, "poll_minutes", 5)
    assert difference(ConfigurationChange.objects.get()) == (
        "Looking at mailboxes of the organisation: not set → 5 minutes",
    )
    assert isinstance(ConfigurationChange.objects.get().step, uuid.UUID)
