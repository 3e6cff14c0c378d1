"""Several people change the same thing at the same moment: each change begins where the one before it ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connection, connections

from accounts import preferences
from accounts.actor import Actor
from accounts.history import kinds
from accounts.history.recording import recorded
from accounts.models import ConfigurationChange, Organisation, PreferenceValue, Preset
from accounts.services import create_user
from permissions.audit.models import AuditEntry
from permissions.audit.recording import COMMAND

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes one transaction after another"),
]

PEOPLE, EACH = 6, 5


def test_no_change_is_lost_or_begins_elsewhere(larkfield: Organisation) -> None:
    ines = Actor.of(create_user(larkfield, email="ines@larkfield.example", administrator=True))
    preset = Preset.objects.create(organisation=larkfield, name="P")
    preferences.set_for_organisation(ines, "case_days", 0)
    preferences.set_for_preset(ines, preset, "case_days", 0)
    failed: list[BaseException] = []

    def person(number: int) -> None:
        try:
            for turn in range(EACH):
                value = 1 + number * EACH + turn
                if turn % 2:
                    preferences.set_for_organisation(ines, "case_days", value)
                else:
                    with recorded(COMMAND):
                        PreferenceValue.objects.filter(organisation=larkfield, name="case_days").update(value=value)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(person, range(PEOPLE)))
    assert failed == []
    for name in ("organisation:case_days", f"preset:{preset.pk}:case_days"):
        changes = list(ConfigurationChange.objects.filter(kind=kinds.SETTING, object_id=name).order_by("pk"))
        for earlier, later in pairwise(changes):
            assert later.before == earlier.after
        row = PreferenceValue.objects.get(preset=preset if name.startswith("preset") else None)
        assert (changes[-1].after or {})["value"] == row.value
        assert len(changes) > PEOPLE
    entries = set(AuditEntry.objects.filter(action="setting.changed").values_list("pk", flat=True))
    assert entries == set(ConfigurationChange.objects.filter(kind=kinds.SETTING).values_list("entry", flat=True))
