"""Access that the vendor's staff asked an organisation for (`accounts.staff` walks it).

asked ──approve──► approved ──► ended       by either side, or by itself at `until`
  ├──decline──► declined
  └──nobody answered for a day──► expired
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models.organisations import Organisation
from accounts.models.people import User
from permissions.isolated import Isolated, IsolatedManager, IsolatedQuerySet
from permissions.models import Authorization


class StaffSessionQuerySet(IsolatedQuerySet["StaffSession"]):
    def running(self) -> StaffSessionQuerySet:
        """Approved, and their time is not over; also where nobody has closed them yet."""
        return self.filter(state=StaffSession.State.APPROVED, until__gt=timezone.now())


class StaffSession(Isolated):
    """One time that a member of the vendor's staff wants to look at, or looks at, an organisation.

    `authorization` is what it gives while it runs; the policy looks at that alone. `begun_at`: first looked.
    """

    RESOURCE_FIELD = "organisation__resource"

    class State(models.TextChoices):
        ASKED = "asked", "waits for an answer"
        APPROVED = "approved", "approved"
        ENDED = "ended", "ended"
        DECLINED = "declined", "declined"
        EXPIRED = "expired", "not answered in time"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="staff_sessions")
    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="staff_sessions")
    reason = models.CharField(max_length=200)
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    answered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Nobody, where it ended by itself.
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    authorization = models.OneToOneField(
        Authorization, null=True, blank=True, on_delete=models.SET_NULL, related_name="staff_session"
    )

    objects: ClassVar = IsolatedManager.from_queryset(StaffSessionQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "staff"],
                condition=Q(state__in=["asked", "approved"]),
                name="one_open_staff_session",
            ),
            models.CheckConstraint(
                name="an_approved_staff_session_has_an_end",
                condition=~Q(state="approved") | Q(until__isnull=False, answered_by__isnull=False),
            ),
            models.CheckConstraint(
                name="a_staff_session_ends_after_it_was_approved",
                condition=Q(until__isnull=True) | Q(until__gt=F("answered_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state", "until"], name="staff_session_open", condition=Q(state__in=["asked", "approved"])
            )
        ]

    def __str__(self) -> str:
        return f"staff session {self.id}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.APPROVED and self.until is not None and self.until > timezone.now()
