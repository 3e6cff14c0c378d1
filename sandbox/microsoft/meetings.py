"""Meeting mail: what Outlook makes of a message that carries a `text/calendar` part.

https://learn.microsoft.com/graph/api/resources/eventmessage
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.microsoft.mime import Parsed

_ANSWERS = {
    "ACCEPTED": ("meetingAccepted", "accepted"),
    "DECLINED": ("meetingDeclined", "declined"),
    # The letter is missing in the service's own schema.
    "TENTATIVE": ("meetingTenativelyAccepted", "tentativelyAccepted"),
}


@dataclass(frozen=True)
class Meeting:
    type_name: str
    properties: dict[str, Any]


def meeting(parsed: Parsed) -> Meeting | None:
    """The meeting part of a message, or None. A calendar that is merely published is none."""
    if not parsed.calendar:
        return None
    lines = re.sub(r"\r?\n[ \t]", "", parsed.calendar)
    method = _value(lines, "METHOD").upper()
    common: dict[str, Any] = {
        "isOutOfDate": False,
        "isAllDay": "VALUE=DATE:" in lines,
        "isDelegated": False,
        "type": "singleInstance",
        "startDateTime": _moment(lines, "DTSTART"),
        "endDateTime": _moment(lines, "DTEND"),
        "location": {"displayName": _value(lines, "LOCATION"), "locationType": "default"},
        "recurrence": None,
    }
    if method == "REQUEST":
        more = {
            "responseRequested": True,
            "allowNewTimeProposals": None,
            "meetingRequestType": "newMeetingRequest",
            "previousLocation": None,
            "previousStartDateTime": None,
            "previousEndDateTime": None,
        }
        return Meeting("eventMessageRequest", {"meetingMessageType": "meetingRequest"} | common | more)
    if method == "CANCEL":
        return Meeting("eventMessage", {"meetingMessageType": "meetingCancelled"} | common)
    if method == "REPLY":
        answer = re.search(r"PARTSTAT=([A-Z-]+)", lines)
        kind, response = _ANSWERS.get(answer[1] if answer else "", ("none", "none"))
        more = {"responseType": response, "proposedNewTime": None}
        return Meeting("eventMessageResponse", {"meetingMessageType": kind} | common | more)
    return None


def _value(lines: str, name: str) -> str:
    found = re.search(rf"^{name}(?:;[^:\r\n]*)?:([^\r\n]*)", lines, re.MULTILINE)
    return found[1].replace("\\,", ",").strip() if found else ""


def _moment(lines: str, name: str) -> dict[str, str] | None:
    found = re.search(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$", _value(lines, name))
    if not found:
        return None
    year, month, day, hour, minute, second = (part or "00" for part in found.groups())
    return {"dateTime": f"{year}-{month}-{day}T{hour}:{minute}:{second}.0000000", "timeZone": "UTC"}
