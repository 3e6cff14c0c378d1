"""The allowance of calls of a Salesforce org: what the org says of it, and what went to whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import SalesforceOrg
from sync.models.base import Row


class ApiBudget(Row):
    """The org's calls of the last 24 hours as `Sforce-Limit-Info` last said; `spent_until` while it takes none."""

    salesforce_org = models.OneToOneField(SalesforceOrg, on_delete=models.CASCADE, related_name="budget")
    used = models.PositiveIntegerField(default=0)
    allowed = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)
    spent_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.used} of {self.allowed} calls"


class ApiUse(Row):
    """Our own calls to an org in one hour, by what they were for."""

    salesforce_org = models.ForeignKey(SalesforceOrg, on_delete=models.CASCADE, related_name="uses")
    hour = models.DateTimeField()
    background = models.PositiveIntegerField(default=0)
    interactive = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["salesforce_org", "hour"], name="one_use_per_hour")]

    def __str__(self) -> str:
        return f"calls of {self.hour:%Y-%m-%d %H}"
