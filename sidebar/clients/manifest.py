"""The Outlook add-in as Outlook is told of it: the add-in-only XML manifest, rendered for this deployment's address.

The XML manifest is the one that every Outlook takes: on the web, Windows (perpetual versions and on-premises Exchange
too), Mac, and mobile. Its order of elements is the schema's.

https://learn.microsoft.com/office/dev/add-ins/develop/xml-manifest-overview
https://learn.microsoft.com/openspecs/office_file_formats/ms-owemxml
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_noop

#: Raised whenever the manifest's content changes: Outlook takes a new one only with a higher version.
VERSION: Final = "1.0.0.0"
DEFAULT_LOCALE: Final = "en-US"
#: Our languages as cultures of the manifest.
LOCALES: Final = {"de": "de-DE", "fr": "fr-FR", "es": "es-ES", "ar": "ar-SA"}
DESKTOP_SIZES: Final = (16, 32, 80)
MOBILE_SIZES: Final = (25, 32, 48)
MOBILE_SCALES: Final = (1, 2, 3)

# The schema cuts short strings at 125 characters, long ones at 250; each is marked for translation here.
_SHORT: Final = {
    "name": "Alongside",
    "open": gettext_noop("Salesforce"),
    "open-compose": gettext_noop("File when sent"),
}
_LONG: Final = {
    "about": gettext_noop(
        "Salesforce beside your email: who is writing, what is open with them, one click to file it."
    ),
    "open-about": gettext_noop("Shows the people of this email in Salesforce and files it there."),
    "open-compose-about": gettext_noop("Files this email in Salesforce once it has been sent."),
    "open-event-about": gettext_noop("Shows what Alongside offers for this appointment."),
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the manifest in all our languages; `overrides` are (culture, text)."""

    id: str
    default: str
    overrides: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Surface:
    """A place in Outlook where our button stands."""

    point: str
    label: str
    about: str
    pins: bool


SURFACES: Final = (
    Surface("MessageReadCommandSurface", "open", "open-about", pins=True),
    Surface("MessageComposeCommandSurface", "open-compose", "open-compose-about", pins=True),
    # Outlook knows no pinning for appointments.
    Surface("AppointmentOrganizerCommandSurface", "open", "open-event-about", pins=False),
    Surface("AppointmentAttendeeCommandSurface", "open", "open-event-about", pins=False),
)


def addin_id() -> str:
    """The same for as long as the deployment has its address, or what the operator has set."""
    return settings.OUTLOOK_ADDIN_ID or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.ALONGSIDE_PUBLIC_URL}/outlook"))


def manifest() -> str:
    """The manifest as text."""
    parts = urlsplit(settings.ALONGSIDE_PUBLIC_URL)
    values = {
        "id": addin_id(),
        "version": VERSION,
        "locale": DEFAULT_LOCALE,
        "origin": f"{parts.scheme}://{parts.netloc}",
        "pane": _address(reverse("sidebar:outlook")),
        "support": _address(reverse("sidebar:client-outlook")),
        "icon": _icon(64),
        "icon_high": _icon(128),
        "surfaces": SURFACES,
        "images": {f"icon-{size}": _icon(size) for size in sorted({*DESKTOP_SIZES, *_mobile_pixels()})},
        "desktop_sizes": DESKTOP_SIZES,
        "mobile_icons": [(size, scale, f"icon-{size * scale}") for size in MOBILE_SIZES for scale in MOBILE_SCALES],
        "short": [_text(name, words) for name, words in _SHORT.items()],
        "long": [_text(name, words) for name, words in _LONG.items()],
        "name": _text("name", _SHORT["name"]),
        "about": _text("about", _LONG["about"]),
        "application": settings.MICROSOFT_CLIENT_ID,
        "resource": f"api://{parts.netloc}/{settings.MICROSOFT_CLIENT_ID}",
        "scope": settings.MICROSOFT_SCOPE.rpartition("/")[2],
    }
    return render_to_string("clients/outlook_manifest.xml", values)


def _mobile_pixels() -> set[int]:
    return {size * scale for size in MOBILE_SIZES for scale in MOBILE_SCALES}


def _text(name: str, words: str) -> Text:
    said = []
    for language, culture in LOCALES.items():
        with translation.override(language):
            said.append((culture, translation.gettext(words)))
    with translation.override("en"):
        return Text(name, translation.gettext(words), tuple(said))


def _icon(size: int) -> str:
    return _address(static(f"clients/icon-{size}.png"))


def _address(path: str) -> str:
    return f"{settings.ALONGSIDE_PUBLIC_URL}{path}"
