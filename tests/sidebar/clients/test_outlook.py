"""The Outlook add-in's manifest, held against Microsoft's schema, and the page that says how it is installed."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from sidebar.clients import manifest as made
from tests.contracts import office_manifest
from tests.contracts.office_manifest import APP, BT, TYPE, V1_0, V1_1

STATIC = Path(__file__).resolve().parents[3] / "static"
ADDRESS = "https://alongside.example"


@pytest.fixture
def root(settings: Any) -> Any:
    settings.ALONGSIDE_PUBLIC_URL = ADDRESS
    settings.MICROSOFT_CLIENT_ID = "6f1c2b0a-8d4e-4c57-9f3b-a10de0515a1d"
    settings.OUTLOOK_ADDIN_ID = ""
    return etree.fromstring(made.manifest().encode())


def test_it_keeps_to_the_schema(root: Any) -> None:
    assert office_manifest.problems(root) == []


def test_it_keeps_to_microsofts_own_xsd(root: Any) -> None:
    office_manifest.schema().assertValid(root)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (f"{{{APP}}}Permissions", "Everything"),
        (f"{{{APP}}}Id", "alongside"),
        (f".//{{{APP}}}AppDomain", "https://*.example"),
        (f".//{{{APP}}}RequestedHeight", "451"),
    ],
)
def test_the_check_finds_what_is_wrong(root: Any, path: str, wrong: str) -> None:
    root.find(path).text = wrong
    assert len(office_manifest.problems(root)) == 1


@pytest.mark.parametrize("name", ["Version", "Requirements", "FormSettings"])
def test_the_check_finds_what_is_missing_or_out_of_order(root: Any, name: str) -> None:
    element = root.find(f"{{{APP}}}{name}")
    root.remove(element)
    assert office_manifest.problems(root)
    root.append(element)
    assert office_manifest.problems(root)


def test_the_check_finds_a_reference_to_nothing(root: Any) -> None:
    next(root.iter(f"{{{V1_1}}}SourceLocation")).set("resid", "elsewhere")
    assert office_manifest.problems(root) == ["resid elsewhere names nothing"]


def test_the_two_versions_are_nested_and_ask_for_mailbox_1_5(root: Any) -> None:
    older = root.find(f"{{{V1_0}}}VersionOverrides")
    newer = older.find(f"{{{V1_1}}}VersionOverrides")
    assert (older.get(TYPE), newer.get(TYPE)) == ("VersionOverridesV1_0", "VersionOverridesV1_1")
    assert older[-1] is newer
    for sets in root.iter(f"{{{BT}}}Sets"):
        assert sets.get("DefaultMinVersion") == "1.5"
    assert root.find(f".//{{{APP}}}Set").attrib == {"Name": "Mailbox", "MinVersion": "1.5"}


def test_every_surface_opens_the_pane_and_only_messages_are_pinned(root: Any) -> None:
    newer = root.find(f".//{{{V1_1}}}VersionOverrides")
    pinned = {
        point.get(TYPE): point.findtext(f".//{{{V1_1}}}SupportsPinning") == "true"
        for point in newer.iter(f"{{{V1_1}}}ExtensionPoint")
    }
    assert pinned == {
        "MessageReadCommandSurface": True,
        "MessageComposeCommandSurface": True,
        "AppointmentOrganizerCommandSurface": False,
        "AppointmentAttendeeCommandSurface": False,
        "MobileMessageReadCommandSurface": False,
    }
    assert newer.find(f".//{{{BT}}}Url").get("DefaultValue") == f"{ADDRESS}/pane/outlook/"
    older = root.find(f"{{{V1_0}}}VersionOverrides")
    assert not list(older.iter(f"{{{V1_0}}}SupportsPinning"))


def test_it_leads_nowhere_but_to_the_deployment(root: Any) -> None:
    text = etree.tostring(root).decode()
    namespaces = {"schemas.microsoft.com", "www.w3.org"}
    assert set(re.findall(r"https?://([^/\"<]+)", text)) - namespaces == {"alongside.example"}
    assert [domain.text for domain in root.iter(f"{{{APP}}}AppDomain")] == [ADDRESS]
    assert "*" not in text
    assert root.findtext(f".//{{{V1_1}}}Resource") == "api://alongside.example/6f1c2b0a-8d4e-4c57-9f3b-a10de0515a1d"


def test_its_words_are_there_in_all_our_languages(root: Any) -> None:
    for name in (f"{{{APP}}}DisplayName", f"{{{APP}}}Description"):
        assert [one.get("Locale") for one in root.find(name)] == ["de-DE", "fr-FR", "es-ES", "ar-SA"]
    for one in root.iter(f"{{{BT}}}String"):
        assert [override.get("Locale") for override in one] == ["de-DE", "fr-FR", "es-ES", "ar-SA"]


def test_its_images_are_there_in_the_sizes_that_they_are_shown_in(root: Any) -> None:
    addresses = {one.get("id"): one.get("DefaultValue") for one in root.iter(f"{{{BT}}}Image") if one.get("id")}
    shown = [
        (int(one.get("size")) * int(one.get("scale", "1")), addresses[one.get("resid")])
        for one in root.iter(f"{{{BT}}}Image")
        if one.get("resid")
    ]
    assert shown
    shown += [(64, root.find(f"{{{APP}}}IconUrl").get("DefaultValue"))]
    shown += [(128, root.find(f"{{{APP}}}HighResolutionIconUrl").get("DefaultValue"))]
    for pixels, address in shown:
        file = STATIC / address.removeprefix(f"{ADDRESS}/static/")
        assert struct.unpack(">II", file.read_bytes()[16:24]) == (pixels, pixels)


def test_its_id_is_the_deployments_own_and_stays(settings: Any) -> None:
    settings.OUTLOOK_ADDIN_ID = ""
    settings.ALONGSIDE_PUBLIC_URL = ADDRESS
    first = made.addin_id()
    assert made.addin_id() == first
    settings.ALONGSIDE_PUBLIC_URL = "https://other.example"
    assert made.addin_id() != first
    settings.OUTLOOK_ADDIN_ID = first
    assert made.addin_id() == first


def test_without_an_application_nothing_of_it_is_said(settings: Any) -> None:
    settings.MICROSOFT_CLIENT_ID = ""
    root = etree.fromstring(made.manifest().encode())
    assert not list(root.iter(f"{{{V1_1}}}WebApplicationInfo"))
    assert office_manifest.problems(root) == []


def test_an_odd_address_breaks_nothing_out_of_its_place(settings: Any) -> None:
    settings.ALONGSIDE_PUBLIC_URL = 'https://alongside.example/"><Permissions>&'
    assert etree.fromstring(made.manifest().encode()).findtext(f"{{{APP}}}Permissions") == "ReadWriteMailbox"


def test_the_manifest_is_served_as_a_file_without_a_cookie() -> None:
    answer = Client().get("/clients/outlook/manifest.xml")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert "alongside-outlook.xml" in answer.headers["Content-Disposition"]
    assert not answer.cookies
    etree.fromstring(answer.content)


def test_the_page_says_the_address_and_where_it_would_not_work(settings: Any) -> None:
    settings.ALONGSIDE_PUBLIC_URL = "http://127.0.0.1:8000"
    text = Client().get("/clients/outlook/").content.decode()
    assert "http://127.0.0.1:8000/clients/outlook/manifest.xml" in text
    assert "does not begin with https" in text
    settings.ALONGSIDE_PUBLIC_URL = ADDRESS
    assert "does not begin with https" not in Client().get("/clients/outlook/").content.decode()
