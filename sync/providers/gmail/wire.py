"""Gmail's resources as they come over the wire. Only what the product reads is named here; what is empty is left out.

https://developers.google.com/workspace/gmail/api/reference/rest
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

#: Numbers of 64 bits come as text.
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]


class Resource(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class GmailHeader(Resource):
    name: Text = ""
    value: Text = ""


class GmailBody(Resource):
    attachment_id: Text = ""
    size: int = 0
    data: Text = ""


class GmailPart(Resource):
    mime_type: Text = ""
    filename: Text = ""
    headers: list[GmailHeader] = Field(default_factory=list)
    body: GmailBody = Field(default_factory=GmailBody)
    parts: list[GmailPart] = Field(default_factory=list)


class GmailMessage(Resource):
    """`label_ids` is None where the row told nothing of labels."""

    id: str
    thread_id: Text = ""
    label_ids: list[str] | None = None
    internal_date: Text = ""
    size_estimate: int = 0
    payload: GmailPart | None = None
    raw: Text = ""


class GmailProfile(Resource):
    email_address: Text = ""
    messages_total: int = 0
    history_id: str


class GmailMessageList(Resource):
    messages: list[GmailMessage] = Field(default_factory=list)
    next_page_token: Text = ""


class GmailLabel(Resource):
    id: str
    name: Text = ""
    type: Text = ""


class GmailLabelList(Resource):
    labels: list[GmailLabel] = Field(default_factory=list)


class GmailChange(Resource):
    """One message of a history record; `label_ids` are those that were added or removed."""

    message: GmailMessage
    label_ids: list[str] = Field(default_factory=list)


class GmailHistoryRecord(Resource):
    messages_added: list[GmailChange] = Field(default_factory=list)
    messages_deleted: list[GmailChange] = Field(default_factory=list)
    labels_added: list[GmailChange] = Field(default_factory=list)
    labels_removed: list[GmailChange] = Field(default_factory=list)


class GmailHistory(Resource):
    history: list[GmailHistoryRecord] = Field(default_factory=list)
    history_id: str
    next_page_token: Text = ""


class GmailWatch(Resource):
    history_id: Text = ""
    expiration: Text = ""
