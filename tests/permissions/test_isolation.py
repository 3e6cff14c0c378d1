"""Whose rows a piece of work may touch, in code: on every database."""

from __future__ import annotations

import threading

import pytest

from accounts.models import Organisation, Preset
from accounts.services import create_organisation
from permissions import isolation

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine() -> Organisation:
    return create_organisation("mine")


@pytest.fixture
def other() -> Organisation:
    return create_organisation("other")


def test_outside_of_every_context_a_query_is_refused() -> None:
    with isolation.nobodys(), pytest.raises(isolation.Unscoped, match="Preset"):
        Preset.objects.count()


def test_an_organisation_sees_its_own_rows_alone(mine: Organisation, other: Organisation) -> None:
    for organisation in (mine, other):
        Preset.objects.create(organisation=organisation, name="same")
    with isolation.for_organisation(mine.pk):
        assert [preset.organisation_id for preset in Preset.objects.all()] == [mine.pk]
        assert list(Organisation.objects.all()) == [mine]
        assert not Preset.objects.filter(organisation=other).exists()
        assert Preset.objects.filter(organisation=other).update(name="taken") == 0
    assert Preset.objects.count() == 2


def test_rows_of_another_are_not_written(mine: Organisation, other: Organisation) -> None:
    with isolation.for_organisation(mine.pk):
        for write in (
            lambda: Preset.objects.create(organisation=other, name="planted"),
            lambda: Preset.objects.bulk_create([Preset(organisation=other, name="planted")]),
            lambda: Preset(organisation=other, name="planted").save(),
        ):
            with pytest.raises(isolation.ForeignRow):
                write()
    assert not Preset.objects.exists()


def test_nothing_is_written_for_nobody(mine: Organisation) -> None:
    with isolation.nobodys(), pytest.raises(isolation.Unscoped):
        Preset(organisation=mine, name="nobody's").save()


def test_a_piece_of_work_belongs_to_one_organisation(mine: Organisation, other: Organisation) -> None:
    with isolation.for_organisation(mine.pk):
        with isolation.for_organisation(mine.pk):
            pass
        with pytest.raises(isolation.ForeignRow), isolation.for_organisation(other.pk):
            pass
        with pytest.raises(isolation.ForeignRow):
            isolation.enter(other.pk)


def test_what_is_entered_in_a_request_is_left_with_it(mine: Organisation, other: Organisation) -> None:
    with isolation.nobodys():
        isolation.enter(mine.pk)
        assert isolation.current_id() == str(mine.pk)
    with isolation.nobodys():
        assert isolation.current() == ""
        isolation.enter(other.pk)


def test_a_thread_begins_with_nobodys_rows(mine: Organisation) -> None:
    seen: list[str] = []
    with isolation.for_organisation(mine.pk):
        thread = threading.Thread(target=lambda: seen.append(isolation.current()))
        thread.start()
        thread.join()
    assert seen == [""]


def test_work_across_all_says_why() -> None:
    with pytest.raises(ValueError, match="why"), isolation.every_organisation(""):
        pass


def test_a_task_is_for_the_organisation_of_its_message_and_finds_no_row_of_another(
    mine: Organisation, other: Organisation
) -> None:
    preset = Preset.objects.create(organisation=mine, name="mine")
    with isolation.for_row(Preset, preset.pk) as found:
        assert found
        assert isolation.current_id() == str(mine.pk)
    with isolation.for_row(Preset, preset.pk, str(other.pk)) as found:
        assert found
        assert not Preset.objects.filter(pk=preset.pk).exists()
    with isolation.for_row(Preset, preset.pk + 1) as found:
        assert not found
