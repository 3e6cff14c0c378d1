"""What every row of the engine has."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import Organisation
from permissions.isolated import Isolated


class Row(Isolated):
    """A row of one organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    RESOURCE_FIELD = "organisation__resource"

    class Meta:
        abstract = True
