"""Where Django looks for the pages about the rows of this floor: see `sync.administration`."""

from django.utils.translation import gettext_lazy

from accounts.administration.site import Page, the_site
from sync.administration import attention, mailboxes, people  # noqa: F401
from sync.administration.pane_presets import pane_view

the_site().attention += [attention.open_issues, attention.late_mailboxes, attention.spent_calls]
the_site().pages.append(
    Page(
        "accounts/preset/<int:object_id>/pane/",
        "accounts_preset_pane",
        gettext_lazy("The pane of a preset"),
        "preset.view",
        pane_view,
    )
)
