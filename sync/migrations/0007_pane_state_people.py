"""Which record a person has chosen where several have one address."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0006_pane_state")]

    operations = [migrations.AddField("panestate", "people", models.JSONField(default=dict))]
