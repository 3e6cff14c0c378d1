"""Graph's resources as they come over the wire. Only what the product reads is named here.

https://learn.microsoft.com/graph/api/resources/message
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
M = TypeVar("M", bound=BaseModel)


class Resource(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Page(Resource, Generic[M]):
    value: list[M]
    next_link: Text = Field("", alias="@odata.nextLink")


class DeltaPage(Resource):
    """Rows are read one by one: one that is odd must not hold up the others."""

    value: list[dict[str, Any]]
    next_link: Text = Field("", alias="@odata.nextLink")
    delta_link: Text = Field("", alias="@odata.deltaLink")


class GraphBatch(Resource):
    responses: list[dict[str, Any]]


class GraphPart(Resource):
    id: str
    status: int
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None


class GraphUser(Resource):
    id: str
    display_name: Text = ""
    mail: Text = ""
    user_principal_name: Text = ""


class GraphEmailAddress(Resource):
    name: Text = ""
    address: Text = ""


class GraphRecipient(Resource):
    email_address: GraphEmailAddress = Field(default_factory=GraphEmailAddress)


class GraphHeader(Resource):
    name: Text = ""
    value: Text = ""


class GraphBody(Resource):
    content_type: Text = ""
    content: Text = ""


class GraphProperty(Resource):
    id: Text = ""
    value: Text = ""


class GraphMessage(Resource):
    odata_type: Text = Field("", alias="@odata.type")
    id: str
    internet_message_id: Text = ""
    conversation_id: Text = ""
    subject: Text = ""
    from_: GraphRecipient | None = Field(None, alias="from")
    sender: GraphRecipient | None = None
    reply_to: list[GraphRecipient] = Field(default_factory=list)
    to_recipients: list[GraphRecipient] = Field(default_factory=list)
    cc_recipients: list[GraphRecipient] = Field(default_factory=list)
    bcc_recipients: list[GraphRecipient] = Field(default_factory=list)
    sent_date_time: AwareDatetime | None = None
    received_date_time: AwareDatetime | None = None
    internet_message_headers: list[GraphHeader] = Field(default_factory=list)
    body: GraphBody | None = None
    parent_folder_id: Text = ""
    is_draft: bool | None = None
    has_attachments: bool | None = None
    categories: list[str] = Field(default_factory=list)
    web_link: Text = ""
    single_value_extended_properties: list[GraphProperty] = Field(default_factory=list)


class GraphFound(Resource):
    """A message of a list that is asked only for what tells it from others."""

    id: str
    categories: list[str] = Field(default_factory=list)
    received_date_time: AwareDatetime | None = None


class GraphAttachment(Resource):
    odata_type: Text = Field("", alias="@odata.type")
    id: str
    name: Text = ""
    size: int = 0
    content_type: Text = ""
    is_inline: bool | None = None
    content_id: Text = ""


class GraphFolder(Resource):
    odata_type: Text = Field("", alias="@odata.type")
    id: str
    display_name: Text = ""
    parent_folder_id: Text = ""
    total_item_count: int = 0
    is_hidden: bool | None = None


class GraphSubscription(Resource):
    id: str
    expiration_date_time: AwareDatetime
    resource: Text = ""
    change_type: Text = ""
    notification_url: Text = ""


class GraphTranslatedId(Resource):
    source_id: Text = ""
    target_id: Text = ""


class GraphTranslatedIds(Resource):
    value: list[GraphTranslatedId] = Field(default_factory=list)
