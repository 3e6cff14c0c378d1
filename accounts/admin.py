"""Where Django looks for the pages about the rows of this floor: see `accounts.administration`."""

from django.utils.translation import gettext_lazy

from accounts.administration import asking, start
from accounts.administration.pages import connections, grants, history, organisations, presets, staffing, trail  # noqa: F401
from accounts.administration.site import Page, the_site

the_site().pages.append(
    Page("why/", "why", gettext_lazy("Why can, or cannot, …"), "why.ask", asking.why, room="access"),
)
the_site().attention += [start.staff_requests, start.connections_to_renew]
