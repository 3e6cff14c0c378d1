"""An organisation's id is its root resource's: rows that stand already take it."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F


def take_the_roots_id(apps: Any, schema_editor: Any) -> None:
    organisations = apps.get_model("accounts", "Organisation")
    for old, new in organisations.objects.exclude(id=F("resource")).values_list("id", "resource_id"):
        for relation in organisations._meta.related_objects:
            rows = relation.related_model._base_manager.filter(**{relation.field.attname: old})
            rows.update(**{relation.field.attname: new})
        organisations.objects.filter(id=old).update(id=new)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_configuration_history"),
        ("sync", "0003_own_copies"),
    ]

    operations = [
        migrations.RunPython(take_the_roots_id, migrations.RunPython.noop),
    ]
