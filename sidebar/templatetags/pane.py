"""Filters and tags of the pane's templates."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import template
from django.conf import settings
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.providers.salesforce import urls

register = template.Library()

_DAYS_AS_WORDS = 60


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A symbol of `pane/icons.html`; the name that it stands for is beside it in the page."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="#icon-{}"></use></svg>', css, name
    )


@register.simple_tag
def record_url(instance_url: str, record_id: str) -> str:
    """Where a record is seen in Salesforce; "" where there is no such place."""
    return urls.record_url(instance_url, record_id)


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
def countdown(value: datetime) -> SafeString:
    """A moment to come, for the browser to count down to: what is painted here never holds a number that grows old."""
    return format_html(
        '<time class="countdown" datetime="{}" data-until aria-live="off">{}</time>', value.isoformat(), _("shortly")
    )


@register.filter
def on_day(value: datetime) -> SafeString:
    """A day as the browser writes it in the person's own way."""
    return format_html('<time datetime="{}" data-on>{}</time>', value.isoformat(), short_date(value))


@register.simple_tag
def moment(value: datetime | None, kind: str) -> SafeString:
    """A moment that the browser keeps true by its own clock: `kind` is ago, until or at."""
    if value is None:
        return format_html("<span>{}</span>", _("never"))
    text = formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    return format_html('<time datetime="{}" data-{}>{}</time>', value.isoformat(), kind, text)


@register.filter
def lasting(seconds: int) -> str:
    """How long something took or has waited, as short as people say it."""
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds < 5400:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    if seconds < 2 * 86_400:
        return ngettext("%(count)d hour", "%(count)d hours", seconds // 3600) % {"count": seconds // 3600}
    return ngettext("%(count)d day", "%(count)d days", seconds // 86_400) % {"count": seconds // 86_400}


@register.filter
def number(value: int) -> str:
    """In the person's own separators."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


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


@register.filter
def language_named(code: str) -> str:
    """A language by its own name, as those who read it know it; the code itself where it is none of ours."""
    return str(dict(settings.LANGUAGES).get(code, code))
