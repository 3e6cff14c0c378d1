"""Names of members in Microsoft's type package of Office.js (@types/office-js), read from its one file of declarations.

`office_members.json` holds what was read from the version that it names, so that the demo's shapes can be held against
it without the package; `python -m tests.browser.office_types FILE VERSION` writes it anew.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

KEPT = Path(__file__).with_name("office_members.json")
# By the place in the demo's `Office`: the interface whose members it may have.
INTERFACES = {
    "context": "Context",
    "context.mailbox": "Mailbox",
    "context.mailbox.diagnostics": "Diagnostics",
    "context.mailbox.userProfile": "UserProfile",
    "context.diagnostics": "ContextInformation",
    "context.ui": "UI",
    "context.officeTheme": "OfficeTheme",
    "context.requirements": "RequirementSetSupport",
    "auth": "Auth",
    "item.message-read": "MessageRead",
    "item.message-compose": "MessageCompose",
    "item.appointment-read": "AppointmentRead",
    "item.appointment-compose": "AppointmentCompose",
    "recipients": "Recipients",
    "categories": "Categories",
    "internetHeaders": "InternetHeaders",
    "notificationMessages": "NotificationMessages",
    "customProperties": "CustomProperties",
    "shared": "SharedProperties",
    "body": "Body",
    "dialog": "Dialog",
}
ENUMS = ("EventType", "DelegatePermissions", "ItemType", "AttachmentType", "RecipientType", "ComposeType")
_DECLARED = re.compile(r"^ *(?:export )?interface (\w+)(?: extends ([\w, .]+))? \{$|^ *(?:export )?enum (\w+) \{$")
_MEMBER = re.compile(r"^ +(?:readonly )?(\w+)\??(?:: |\(|<|,|$| =)")


def members(declarations: str) -> dict[str, set[str]]:
    """Members of every interface, what it extends included, and of every enumeration. Of several with one name all."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    name, depth = "", 0
    for line in declarations.splitlines():
        stripped = line.strip()
        if stripped.startswith(("*", "/*", "//")):
            continue
        if not name:
            found = _DECLARED.match(line)
            if found:
                name, depth = found[1] or found[3], 1
                own.setdefault(name, set())
                bases.setdefault(name, set()).update(re.findall(r"\w+", (found[2] or "").replace("Office.", "")))
            continue
        if depth == 1 and (found := _MEMBER.match(line)):
            own[name].add(found[1])
        depth += line.count("{") - line.count("}")
        if depth <= 0:
            name = ""

    def whole(one: str, seen: frozenset[str] = frozenset()) -> set[str]:
        if one in seen or one not in own:
            return set()
        return own[one].union(*(whole(base, seen | {one}) for base in bases[one]))

    return {one: whole(one) for one in own}


def chosen(declarations: str, version: str) -> dict[str, object]:
    """What is kept of the package."""
    found = members(declarations)
    names = sorted({*INTERFACES.values(), *ENUMS})
    return {"package": f"@types/office-js@{version}", **{name: sorted(found[name]) for name in names}}


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    KEPT.write_text(json.dumps(chosen(text, sys.argv[2]), indent=1) + "\n", encoding="utf-8")
