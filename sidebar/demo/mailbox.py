"""A person's mail for the demo's page, read through Graph and given in the shapes of Office.js.

https://learn.microsoft.com/graph/api/resources/message
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from accounts.http import httpx_client
from sidebar.demo.facts import Person, sandbox
from sidebar.demo.signing_in import MAIL_SCOPES, access_token, forget
from sync.rules.content import clean_html

PAGE = 40
_ROW = "id,subject,from,sender,receivedDateTime,sentDateTime,isRead,hasAttachments,bodyPreview,isDraft"
_ITEM = (
    "id,subject,from,sender,toRecipients,ccRecipients,receivedDateTime,sentDateTime,internetMessageId,conversationId,"
    "isDraft,body"
)
_ATTACHMENT_TYPES = {
    "#microsoft.graph.fileAttachment": "file",
    "#microsoft.graph.itemAttachment": "item",
    "#microsoft.graph.referenceAttachment": "cloud",
}
_IMAGE = re.compile(r"image/[a-z0-9.+-]+")
_CID = re.compile(r"""(\bsrc\s*=\s*["'])cid:([^"']+)""", re.IGNORECASE)
_INLINE_LIMIT = 512 * 1024


class MailNotRead(Exception):
    """Graph did not give what was asked; `status` is its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Graph answered {status}")
        self.status = status


def folders(person: Person) -> list[dict[str, Any]]:
    told = _get(person, "/v1.0/me/mailFolders", {"$top": "50"})
    return [
        {"id": f["id"], "name": f["displayName"], "count": f["totalItemCount"], "unread": f["unreadItemCount"]}
        for f in told["value"]
    ]


def messages(person: Person, folder_id: str, skip: int) -> dict[str, Any]:
    """One page of a folder, newest first: `rows` and where the next page begins (None at the end)."""
    told = _get(
        person,
        f"/v1.0/me/mailFolders/{quote(folder_id, safe='')}/messages",
        {"$select": _ROW, "$orderby": "receivedDateTime desc", "$top": str(PAGE), "$skip": str(skip)},
    )
    rows = [
        {
            "id": row["id"],
            "subject": row.get("subject") or "",
            "from": _address(row.get("from") or row.get("sender")),
            "at": row.get("receivedDateTime"),
            "read": row.get("isRead", True),
            "attachments": row.get("hasAttachments", False),
            "preview": row.get("bodyPreview", ""),
            "draft": row.get("isDraft", False),
        }
        for row in told["value"]
    ]
    return {"rows": rows, "next": skip + PAGE if "@odata.nextLink" in told else None}


def item(person: Person, message_id: str) -> dict[str, Any]:
    """One message as Office.js describes an item in read mode, but for what the client adds and makes of a draft."""
    path = f"/v1.0/me/messages/{quote(message_id, safe='')}"
    told = _get(person, path, {"$select": _ITEM})
    listed = _get(person, f"{path}/attachments", {"$select": "id,name,size,contentType,isInline"})
    kind = told.get("@odata.type", "")
    return {
        # Outlook gives the id in the form of EWS; `convertToRestId` gives the other one.
        "itemId": told["id"].replace("-", "/").replace("_", "+"),
        "itemType": "message",
        "isDraft": told.get("isDraft", False),
        "itemClass": "IPM.Schedule.Meeting.Request" if "eventMessage" in kind else "IPM.Note",
        "subject": told.get("subject") or "",
        "from": _address(told.get("from")),
        "sender": _address(told.get("sender")),
        "to": [_address(r) for r in told.get("toRecipients", [])],
        "cc": [_address(r) for r in told.get("ccRecipients", [])],
        "internetMessageId": told.get("internetMessageId") or "",
        "conversationId": told.get("conversationId") or "",
        "dateTimeCreated": told.get("sentDateTime") or told.get("receivedDateTime"),
        "attachments": [
            {
                "id": a["id"],
                "name": a.get("name") or "",
                "size": a.get("size", 0),
                "contentType": a.get("contentType") or "",
                "isInline": a.get("isInline", False),
                "attachmentType": _ATTACHMENT_TYPES.get(a.get("@odata.type", ""), "file"),
            }
            for a in listed["value"]
        ],
    }


def body(person: Person, message_id: str) -> str:
    """The body as sanitised HTML; its own inline images in place, nothing from elsewhere."""
    path = f"/v1.0/me/messages/{quote(message_id, safe='')}"
    told = _get(person, path, {"$select": "body", "$expand": "attachments"})
    html = str((told.get("body") or {}).get("content") or "")
    inline = {
        a["contentId"]: f"data:{a['contentType']};base64,{a['contentBytes']}"
        for a in told.get("attachments", [])
        if a.get("contentId")
        and _IMAGE.fullmatch(str(a.get("contentType", "")))
        and len(a.get("contentBytes") or "") < _INLINE_LIMIT
    }
    cleaned = clean_html(html)
    return _CID.sub(lambda found: found[1] + inline.get(found[2], "data:,"), cleaned)


def internet_headers(person: Person, message_id: str) -> str:
    """The message's header lines as one text."""
    told = _get(person, f"/v1.0/me/messages/{quote(message_id, safe='')}", {"$select": "internetMessageHeaders"})
    return "".join(f"{one['name']}: {one['value']}\r\n" for one in told.get("internetMessageHeaders") or [])


def attachment(person: Person, message_id: str, attachment_id: str) -> dict[str, str]:
    """A file's content as Office.js gives it."""
    path = f"/v1.0/me/messages/{quote(message_id, safe='')}/attachments/{quote(attachment_id, safe='')}"
    return {"content": str(_get(person, path, {}).get("contentBytes") or ""), "format": "base64"}


def _get(person: Person, path: str, query: dict[str, str]) -> dict[str, Any]:
    client = httpx_client(base_url=sandbox().microsoft_graph_url)
    for _attempt in (1, 2):
        answer = client.get(
            path,
            params=query,
            headers={
                "Authorization": f"Bearer {access_token(person, MAIL_SCOPES)}",
                "Prefer": 'outlook.body-content-type="html"',
            },
        )
        if answer.status_code != 401:
            break
        forget(person, MAIL_SCOPES)
    if answer.status_code != 200:
        raise MailNotRead(answer.status_code)
    told: dict[str, Any] = answer.json()
    return told


def _address(recipient: dict[str, Any] | None) -> dict[str, str] | None:
    """Graph's recipient as Office.js's EmailAddressDetails."""
    address = (recipient or {}).get("emailAddress") or {}
    if not address.get("address") and not address.get("name"):
        return None
    return {"emailAddress": address.get("address") or "", "displayName": address.get("name") or ""}
