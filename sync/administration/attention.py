"""What of this floor the start page asks about."""

from __future__ import annotations

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.administration.place import Place
from accounts.administration.site import Attention
from permissions import policy
from sync.administration.mailboxes import late
from sync.models import ApiBudget, Issue, Mailbox
from sync.services.governor import BACKGROUND_STOPS_AT


def open_issues(place: Place) -> list[Attention]:
    if not place.may("issue.view"):
        return []
    theirs = policy.scope(place.principal_id, "issue.view", Issue.objects.filter(organisation=place.here))
    count = theirs.filter(settled_at__isnull=True).count()
    words = _("Emails or files that could not be filed as they should.")
    return [Attention(_("Open issues"), count, reverse("admin:sync_issue_changelist"), words)]


def late_mailboxes(place: Place) -> list[Attention]:
    if not place.may("collection.view"):
        return []
    theirs = policy.scope(place.principal_id, "collection.view", Mailbox.objects.filter(organisation=place.here))
    address = reverse("admin:sync_mailbox_changelist")
    return [
        Attention(
            _("Mailboxes that are behind"),
            late(theirs).count(),
            f"{address}?late=yes",
            _("They should have been read some minutes ago."),
        ),
        Attention(
            _("Mailboxes that are paused"),
            theirs.filter(state=Mailbox.State.PAUSED).count(),
            f"{address}?state__exact=paused",
            _("Nothing of them is read or filed until somebody resumes them."),
        ),
    ]


def spent_calls(place: Place) -> list[Attention]:
    if not place.may("collection.view", place.here.resource):
        return []
    spent = Q(spent_until__gt=timezone.now()) | Q(allowed__gt=0, used__gte=F("allowed") * BACKGROUND_STOPS_AT)
    count = ApiBudget.objects.filter(spent, organisation=place.here).count()
    words = _("Filing by itself waits until Salesforce takes more calls; what people press goes on longer.")
    return [Attention(_("Salesforce's daily calls"), count, reverse("admin:sync_apibudget_changelist"), words)]
