"""What a pane's client sends, read strictly: shapes checked, sizes capped, addresses normalised.

Whatever is wrong is said in one sentence per field (`Invalid.problems`); nothing of the content is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sync.mail import Address, Attachment, AttachmentKind, MessageHint
from sync.rules.addresses import normalise
from sync.services.choosing import FilingRequest

MAX_HINT_BYTES = 256 * 1024

# Keys travel back in a header: visible ASCII only.
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,1024}$")]
Generation = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")]
SalesforceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$")]
Line = Annotated[str, StringConstraints(max_length=4096)]
# PostgreSQL takes no NUL in a text.
Conversation = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=1024)]


class Invalid(Exception):
    """The client sent something that cannot be read. `problems` are sentences that name the field."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class AddressIn(_Strict):
    address: Annotated[str, StringConstraints(max_length=1024, strip_whitespace=True)]
    name: Name = ""


Addresses = Annotated[tuple[AddressIn, ...], Field(max_length=1000)]


class AttachmentIn(_Strict):
    key: Key
    name: Name
    size: Annotated[int, Field(ge=0, le=2**40)]
    content_type: Annotated[str, StringConstraints(max_length=255)] = "application/octet-stream"
    kind: Literal["file", "message", "link"] = "file"
    content_id: Annotated[str, StringConstraints(max_length=998)] = ""
    is_inline: bool = False


class HintIn(_Strict):
    """`MessageHint` as JSON. `from` may also be written `from_`."""

    item_key: Key
    internet_message_id: Annotated[str, StringConstraints(max_length=4096)] = ""
    conversation_id: Conversation = ""
    subject: Line = ""
    sent_at: AwareDatetime | None = None
    from_: AddressIn | None = Field(default=None, validation_alias=AliasChoices("from", "from_"))
    sender: AddressIn | None = None
    reply_to: Addresses = ()
    to: Addresses = ()
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Annotated[tuple[AttachmentIn, ...], Field(max_length=500)] = ()
    item_class: Annotated[str, StringConstraints(max_length=255)] = "IPM.Note"
    is_draft: bool = False
    account: Annotated[str, StringConstraints(max_length=320)] = ""
    mailbox: Annotated[str, StringConstraints(max_length=320)] = ""


class ChoiceIn(_Strict):
    """What the person ticked."""

    person: Annotated[tuple[SalesforceId, ...], Field(max_length=100)] = ()
    record: Annotated[tuple[SalesforceId, ...], Field(max_length=50)] = ()
    attachment: Annotated[tuple[Key, ...], Field(max_length=500)] = ()
    confirmed: bool = False
    follow: bool = False
    replaces: SalesforceId | None = None


class ContextIn(_Strict):
    hint: HintIn
    generation: Generation = "0"


class FilingIn(ContextIn, ChoiceIn):
    """A filing as JSON: the hint and what was ticked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about the open email. `unreadable` are address texts of the hint that are no addresses."""

    hint: MessageHint
    unreadable: tuple[str, ...]
    generation: str


def read_context(form: Mapping[str, Any]) -> Asked:
    """A context request from a form (`hint` is JSON text) or from JSON. Raises Invalid."""
    return _asked(_validated(ContextIn, _plain(form, ())))


def read_filing(form: Mapping[str, Any]) -> tuple[Asked, FilingRequest]:
    """A filing request from a form (lists as repeated fields) or from JSON. Raises Invalid."""
    read = _validated(FilingIn, _plain(form, ("person", "record", "attachment")))
    asked = _asked(read)
    return asked, FilingRequest(
        hint=asked.hint,
        person_ids=_once(read.person),
        record_ids=_once(read.record),
        attachment_keys=_once(read.attachment),
        confirmed=read.confirmed,
        follow=read.follow,
        replaces=read.replaces or "",
    )


def _plain(form: Mapping[str, Any], lists: tuple[str, ...]) -> dict[str, Any]:
    """The fields we read; a form's further fields are the browser's business and left aside."""
    getlist = getattr(form, "getlist", None)
    if getlist is None:
        return dict(form)
    plain: dict[str, Any] = {name: tuple(getlist(name)) for name in lists if name in form}
    single = ("generation", "confirmed", "follow", "replaces") if lists else ("generation",)
    plain |= {name: form[name] for name in single if name in form}
    hint = form.get("hint", "")
    if len(hint.encode()) > MAX_HINT_BYTES:
        raise Invalid((f"hint: larger than {MAX_HINT_BYTES // 1024} KB.",))
    try:
        plain["hint"] = HintIn.model_validate_json(hint)
    except ValidationError as error:
        raise Invalid(_problems(error, "hint")) from None
    return plain


def _validated(model: type[Any], plain: dict[str, Any]) -> Any:
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise Invalid(_problems(error, "")) from None


def _problems(error: ValidationError, prefix: str) -> tuple[str, ...]:
    """One sentence per problem, without the value that was sent. At most ten."""
    return tuple(
        f"{'.'.join(str(part) for part in (*((prefix,) if prefix else ()), *problem['loc']))}: {problem['msg']}."
        for problem in error.errors(include_url=False, include_input=False, include_context=False)[:10]
    )


def _asked(read: ContextIn) -> Asked:
    hint = read.hint
    unreadable: list[str] = []

    def one(value: AddressIn | None) -> Address | None:
        if value is None or not value.address:
            return None
        address = normalise(value.address)
        if address is None:
            unreadable.append(value.address)
            return None
        return Address(address, value.name)

    def several(values: Iterable[AddressIn]) -> tuple[Address, ...]:
        return tuple(address for address in map(one, values) if address)

    sent_at: datetime | None = hint.sent_at
    return Asked(
        hint=MessageHint(
            item_key=hint.item_key,
            internet_message_id=hint.internet_message_id,
            conversation_id=hint.conversation_id,
            subject=hint.subject,
            sent_at=sent_at,
            from_=one(hint.from_),
            sender=one(hint.sender),
            reply_to=several(hint.reply_to),
            to=several(hint.to),
            cc=several(hint.cc),
            bcc=several(hint.bcc),
            attachments=tuple(
                Attachment(
                    key=a.key,
                    name=a.name,
                    size=a.size,
                    content_type=a.content_type,
                    kind=AttachmentKind(a.kind),
                    content_id=a.content_id,
                    is_inline=a.is_inline,
                )
                for a in hint.attachments
            ),
            item_class=hint.item_class,
            is_draft=hint.is_draft,
            account=hint.account,
            mailbox=hint.mailbox,
        ),
        unreadable=tuple(dict.fromkeys(unreadable)),
        generation=read.generation,
    )


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
