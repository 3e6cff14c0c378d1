"""Holds an add-in-only manifest against Microsoft's schema: what may stand where, in which order, how long, how often.

The rules are those of [MS-OWEMXML] for a mail add-in: `problems()` names each element that breaks one. Where the XSDs
themselves lie in `$ALONGSIDE_CONTRACTS/office/`, `schema()` gives them.

https://learn.microsoft.com/openspecs/office_file_formats/ms-owemxml
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

APP = "http://schemas.microsoft.com/office/appforoffice/1.1"
BT = "http://schemas.microsoft.com/office/officeappbasictypes/1.0"
V1_0 = "http://schemas.microsoft.com/office/mailappversionoverrides"
V1_1 = f"{V1_0}/1.1"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

# Children of an element, by its local name (and `xsi:type` where that decides): in this order; `?` may be missing,
# `+` is there at least once, `*` any number of times.
ORDERS = {
    f"{APP} OfficeApp": (
        "Id AlternateId? Version ProviderName DefaultLocale DisplayName Description IconUrl? HighResolutionIconUrl? "
        "SupportUrl? AppDomains? Hosts? Requirements FormSettings Permissions Rule DisableEntityHighlighting? "
        "VersionOverrides?"
    ),
    f"{APP} DisplayName": "Override*",
    f"{APP} Description": "Override*",
    f"{APP} AppDomains": "AppDomain+",
    f"{APP} Hosts": "Host+",
    f"{APP} Requirements": "Sets",
    f"{APP} Sets": "Set+",
    f"{APP} FormSettings": "Form+",
    f"{APP} Form": "DesktopSettings? TabletSettings? PhoneSettings?",
    f"{APP} DesktopSettings": "SourceLocation RequestedHeight?",
    f"{APP} Rule:RuleCollection": "Rule+",
    f"{APP} Rule:ItemIs": "",
    f"{V1_0} VersionOverrides": "Description? Requirements? Hosts? Resources? WebApplicationInfo? VersionOverrides?",
    f"{V1_1} VersionOverrides": (
        "Description? Requirements? Hosts? Resources? WebApplicationInfo? EquivalentAddins? ConnectedServiceControls? "
        "ExtendedPermissions?"
    ),
    f"{V1_1} WebApplicationInfo": "Id Resource Scopes",
    f"{V1_1} Scopes": "Scope+",
    f"{BT} Sets": "Set+",
    f"{BT} Images": "Image*",
    f"{BT} Urls": "Url*",
    f"{BT} ShortStrings": "String*",
    f"{BT} LongStrings": "String*",
    f"{BT} String": "Override*",
}
for _overrides, _form, _action in (
    (V1_0, "FunctionFile? ExtensionPoint+", "SourceLocation"),
    (V1_1, "SupportsSharedFolders? FunctionFile? ExtensionPoint+", "SourceLocation SupportsPinning?"),
):
    ORDERS |= {
        f"{_overrides} Requirements": "Sets",
        f"{_overrides} Hosts": "Host+",
        f"{_overrides} Host:MailHost": "DesktopFormFactor?"
        + (" TabletFormFactor? MobileFormFactor?" * (_overrides == V1_1)),
        f"{_overrides} DesktopFormFactor": _form,
        f"{_overrides} OfficeTab": "Group+",
        f"{_overrides} Group": "Label Control+",
        f"{_overrides} Control:Button": "Label Supertip Icon Action",
        f"{_overrides} Supertip": "Title Description",
        f"{_overrides} Icon": "Image+",
        f"{_overrides} Action:ShowTaskpane": _action,
        f"{_overrides} Resources": "Images? Urls? ShortStrings? LongStrings?",
    }
    for _surface in ("MessageRead", "MessageCompose", "AppointmentOrganizer", "AppointmentAttendee"):
        ORDERS[f"{_overrides} ExtensionPoint:{_surface}CommandSurface"] = "OfficeTab* CustomTab*"
ORDERS |= {
    f"{V1_1} MobileFormFactor": "FunctionFile? ExtensionPoint+",
    f"{V1_1} ExtensionPoint:MobileMessageReadCommandSurface": "Group",
    f"{V1_1} Control:MobileButton": "Label Icon Action",
    f"{V1_1} Icon:bt:MobileIconList": "Image+",
}
#: Elements without children, and what their text is.
TEXTS = {
    "Id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "Version": r"\d{1,5}(\.\d{1,5}){0,3}",
    "ProviderName": r".{1,125}",
    "DefaultLocale": r"[a-z]{2,3}-[A-Z]{2,3}",
    "AppDomain": r"https?://[a-z0-9.-]+(:\d+)?",
    "RequestedHeight": r"(3[2-9]|[4-9]\d|[1-3]\d\d|4[0-4]\d|450)",
    "Permissions": r"Restricted|ReadItem|ReadWriteItem|ReadWriteMailbox",
    "DisableEntityHighlighting": r"true|false",
    "SupportsPinning": r"true|false",
    "SupportsSharedFolders": r"true|false",
    "Resource": r".{1,250}",
    "Scope": r".{1,250}",
}
#: Kinds of resources, and how long their values may be.
RESOURCES = {"Image": 2048, "Url": 2048, "ShortStrings": 125, "LongStrings": 250}
CULTURE = re.compile(r"[a-zA-Z]{2,3}-[a-zA-Z]{2,3}")
MANDATORY_SIZES = {16, 32, 80}


def schema() -> etree.XMLSchema:
    """Microsoft's own XSDs; the calling test is skipped where they do not lie there."""
    folder = Path(os.environ.get("ALONGSIDE_CONTRACTS", "/nonexistent")) / "office"
    if not folder.is_dir():
        pytest.skip("Microsoft's XSDs of the manifest are not in $ALONGSIDE_CONTRACTS/office")
    return etree.XMLSchema(etree.parse(folder / "OfficeAppManifestV1_1.xsd"))


def problems(root: etree._Element) -> list[str]:
    """What breaks a rule, each with the line it stands in; empty where all holds."""
    return [f"line {element.sourceline}: {what}" for element in root.iter("*") for what in _element(element)] + [
        *_resources(root)
    ]


def _element(element: etree._Element) -> Iterator[str]:
    name = etree.QName(element)
    kind = element.get(TYPE)
    typed = f"{name.namespace} {name.localname}:{kind}"
    order = ORDERS.get(typed, ORDERS.get(f"{name.namespace} {name.localname}"))
    children = [etree.QName(child).localname for child in element]
    if order is not None:
        pattern = "".join(
            rf"(?:{word.rstrip('?+*')} ){word[-1] if word[-1] in '?+*' else ''}" for word in order.split()
        )
        if not re.fullmatch(pattern, "".join(f"{child} " for child in children)):
            yield f"{name.localname}: {children} are not “{order}”"
    elif children:
        yield f"{name.localname} ({kind}) is not known, or may have no children"
    wanted = TEXTS.get(name.localname)
    if wanted is not None and not children and not re.fullmatch(wanted, element.text or ""):
        yield f"{name.localname}: “{element.text}”"
    if name.localname == "Override":
        if not CULTURE.fullmatch(element.get("Locale", "")) or not element.get("Value"):
            yield f"Override: {element.get('Locale')} {element.get('Value')}"
        if len(element.get("Value", "")) > 250:
            yield "Override: too long"
    if name.localname == "Icon" and kind is None:
        sizes = {int(image.get("size", "0")) for image in element}
        if not sizes >= MANDATORY_SIZES:
            yield f"Icon: {sorted(sizes)} lack one of {sorted(MANDATORY_SIZES)}"
    if name.localname == "Icon" and kind == "bt:MobileIconList":
        shown = {(image.get("size"), image.get("scale")) for image in element}
        if shown != {(size, scale) for size in ("25", "32", "48") for scale in ("1", "2", "3")}:
            yield f"mobile Icon: {sorted(shown)}"


def _resources(root: etree._Element) -> Iterator[str]:
    """Each `resid` names a resource of its own VersionOverrides; ids are short, values as long as they may be."""
    for overrides in root.iter(f"{{{V1_0}}}VersionOverrides", f"{{{V1_1}}}VersionOverrides"):
        held: set[str] = set()
        for one in overrides.iterfind(f"{{{etree.QName(overrides).namespace}}}Resources/*/*"):
            kind = etree.QName(one).localname
            parent = one.getparent()
            most = RESOURCES.get(kind) or RESOURCES[etree.QName(parent).localname if parent is not None else ""]
            name = one.get("id") or ""
            held.add(name)
            if not 0 < len(name) <= 32:
                yield f"id {name}: 1 to 32 characters"
            for value in (one.get("DefaultValue"), *(override.get("Value") for override in one)):
                if not value or len(value) > most:
                    yield f"{name}: “{value}”"
        for one in overrides.iter("*"):
            resid = one.get("resid")
            nearest = next((up for up in one.iterancestors() if "VersionOverrides" in str(up.tag)), None)
            if nearest is overrides and resid and resid not in held:
                yield f"resid {resid} names nothing"
