"""Filters and tags of the pane's templates."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from sync.rules.participants import Participant

register = template.Library()

_DAYS_AS_WORDS = 60


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A symbol of `pane/icons.html`; the name that it stands for is beside it in the page."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="#icon-{}"></use></svg>', css, name
    )


@register.simple_tag
def new_contact_url(instance_url: str, participant: Participant) -> str:
    """Salesforce's own page for a new contact, with name and address filled in.

    https://developer.salesforce.com/docs/atlas.en-us.lightning.meta/lightning/ref_defaultFieldValues.htm
    """
    first, _sep, last = participant.name.strip().rpartition(" ")
    values = {"FirstName": first, "LastName": last, "Email": participant.address}
    fields = ",".join(f"{field}={quote(value, safe='')}" for field, value in values.items() if value)
    return f"{instance_url}/lightning/o/Contact/new?defaultFieldValues={quote(fields, safe='')}"


@register.filter
def age(value: datetime | date | None) -> str:
    """How long ago, as short as people say it: `4 min`, `3 h`, `3 d`; an older one as a date."""
    if value is None:
        return ""
    if not isinstance(value, datetime):
        days = (timezone.localdate() - value).days
        return _short_days(days) if 0 <= days <= _DAYS_AS_WORDS else short_date(value)
    seconds = max(0, int((timezone.now() - value).total_seconds()))
    if seconds < 3600:
        return (
            ngettext("%(count)d min", "%(count)d min", minutes) % {"count": minutes}
            if (minutes := seconds // 60)
            else _("now")
        )
    if seconds < 86_400:
        return ngettext("%(count)d h", "%(count)d h", seconds // 3600) % {"count": seconds // 3600}
    days = seconds // 86_400
    return _short_days(days) if days <= _DAYS_AS_WORDS else short_date(value)


def _short_days(days: int) -> str:
    return ngettext("%(count)d d", "%(count)d d", days) % {"count": days} if days else _("today")


@register.filter
def short_date(value: date | datetime | None) -> str:
    """Day and month, with the year when it is not this one."""
    if value is None:
        return ""
    this_year = value.year == timezone.now().year
    if not this_year:
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    # The locale's own order, with the month cut short: there is little room beside a record's name.
    return formats.date_format(value, str(formats.get_format("MONTH_DAY_FORMAT")).replace("F", "M"))


@register.filter
def until(value: datetime | None) -> str:
    """A moment to come, with the day when it is not today."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    near = local - timezone.now() < timedelta(hours=20)
    return formats.date_format(local, "TIME_FORMAT" if near else "SHORT_DATETIME_FORMAT")


@register.filter
def breakable(address: str) -> SafeString:
    """An address that a narrow line breaks at the parts of its domain rather than anywhere."""
    local, at, domain = address.rpartition("@")
    parts = format_html_join(SafeString(".<wbr>"), "{}", ((part,) for part in domain.split(".")))
    return format_html("{}{}<wbr>{}", local, at, parts) if at else format_html("{}", address)


@register.filter
def iso(value: datetime | date | None) -> str:
    return value.isoformat() if value else ""


@register.filter
def size(value: int | None) -> str:
    """Bytes as people say them, in the user's decimal sign: `1.2 MB`, `340 KB`."""
    number = float(value or 0)
    if number < 1024:
        return ngettext("%(count)d byte", "%(count)d bytes", int(number)) % {"count": int(number)}
    for unit in ("KB", "MB", "GB"):
        number /= 1024
        if number < 1024 or unit == "GB":
            break
    return f"{formats.number_format(round(number, 1 if number < 10 and unit != 'KB' else 0), use_l10n=True)} {unit}"


@register.filter
def amount(value: float | None) -> str:
    """A sum of money without its currency, in the user's separators."""
    return "" if value is None else formats.number_format(round(value), use_l10n=True, force_grouping=True)
