"""A preset is a resource of its own, so that a role can be given on it."""

from __future__ import annotations

import uuid
from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def make_resources(apps: Any, schema_editor: Any) -> None:
    resources = apps.get_model("permissions", "Resource").objects
    presets = apps.get_model("accounts", "Preset").objects
    for pk, root_id in presets.filter(resource=None).values_list("pk", "organisation__resource"):
        own = uuid.uuid4()
        resources.create(id=own, kind="preset", parent_id=root_id, root_id=root_id, path=f"{root_id}/{own}")
        presets.filter(pk=pk).update(resource=own)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_one_id_is_kept"),
        ("permissions", "0003_groups_and_own_roles"),
    ]

    operations = [
        migrations.AddField(
            model_name="preset",
            name="resource",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="preset",
                to="permissions.resource",
            ),
        ),
        migrations.RunPython(make_resources, migrations.RunPython.noop),
    ]
