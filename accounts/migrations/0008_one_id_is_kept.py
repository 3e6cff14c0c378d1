from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_one_id_for_an_organisation"),
    ]

    operations = [
        migrations.AlterField(
            "organisation", "id", models.UUIDField(editable=False, primary_key=True, serialize=False)
        ),
        migrations.AddConstraint(
            "organisation",
            models.CheckConstraint(condition=Q(id=F("resource")), name="organisation_has_the_id_of_its_root"),
        ),
    ]
