"""From a message and a choice to what is written: who is related in which role, and the body as Salesforce takes it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from sync.crm import CrmContext, EmailFiling, PersonRelation, RelatedRecord
from sync.mail import Address, Message
from sync.models import Activity
from sync.rules.addresses import without_tag
from sync.rules.content import clean_html, html_to_text, without_control_characters
from sync.rules.participants import Participant, Standing
from sync.services.clients import Crm
from sync.services.status import names_of

ENCRYPTED_BODY = "encrypted"


def email_filing(
    crm: Crm,
    message: Message,
    everyone: tuple[Participant, ...],
    context: CrmContext,
    choice: dict[str, Any],
    activity: Activity,
    *,
    blind_copies: bool = False,
) -> EmailFiling:
    """What `write_email` takes. People outside the choice stay plain addresses.

    Blind copies are left out, unless the organisation has them linked: everyone who sees the record sees them.
    """
    names = names_of(context)
    html = clean_html(message.html) if message.html else ""
    text = message.text or html_to_text(html)
    if message.problem == "encrypted":
        html, text = "", ENCRYPTED_BODY
    sender = next((one for one in everyone if one.role == "From"), None)
    return EmailFiling(
        message_identifier=activity.identity,
        thread_identifier=thread_identifier(message),
        subject=without_control_characters(message.subject),
        sent_at=message.sent_at or message.received_at or timezone.now(),
        incoming=sender is None or sender.standing is not Standing.INTERNAL,
        people=relations(everyone, context, choice, message, blind_copies=blind_copies),
        business_records=tuple(
            RelatedRecord(id=record_id, object_name=object_name, name=names.get(record_id, ""))
            for object_name, record_id in choice.get("records", [])
            if record_id not in covered_accounts(context, choice)
        ),
        html=html,
        text=without_control_characters(text),
    )


def covered_accounts(context: CrmContext, choice: dict[str, Any]) -> set[str]:
    """Accounts of chosen opportunities and cases: Salesforce's own roll-up shows the email there, no Task is needed."""
    chosen = {record_id for _, record_id in choice.get("records", [])}
    opportunities = {one.account_id for one in context.opportunities if one.id in chosen}
    return (opportunities | {one.account_id for one in context.cases if one.id in chosen}) - {""}


def relations(
    everyone: tuple[Participant, ...],
    context: CrmContext,
    choice: dict[str, Any],
    message: Message,
    *,
    blind_copies: bool = False,
) -> tuple[PersonRelation, ...]:
    """One for each address of the message, with the chosen record where one has that address."""
    chosen = {entry["id"]: entry["object_name"] for entry in choice.get("people", [])}
    by_address = {
        address.lower(): person for person in context.people if person.id in chosen for address in person.emails
    }
    standings = {one.address: one.standing for one in everyone}
    roles = [
        *(("From", one) for one in ((message.from_,) if message.from_ else ())),
        *(("To", one) for one in message.to),
        *(("Cc", one) for one in message.cc),
        # Known from the sender's own copy, which may not be this one.
        *(("Bcc", Address(one.address, one.name)) for one in everyone if blind_copies and one.role == "Bcc"),
        *(("Other", one) for one in ((*message.reply_to, *((message.sender,) if message.sender else ())))),
    ]
    related: list[PersonRelation] = []
    used: set[str] = set()
    for role, one in roles:
        key = one.address.lower()
        external = standings.get(one.address, Standing.EXTERNAL) is Standing.EXTERNAL
        person = (by_address.get(key) or by_address.get(without_tag(key))) if external else None
        if role == "Other" and (person is None or person.id in used):
            continue
        if person is not None:
            used.add(person.id)
        related.append(
            PersonRelation(
                role=role,
                address=one.address,
                name=one.name,
                record_id=person.id if person else "",
                object_name=str(person.object_name) if person else "",
            )
        )
    return tuple(related)


def thread_identifier(message: Message) -> str:
    """The Message-ID that began the thread, as far as the message says."""
    references = (message.header("References") or message.header("In-Reply-To") or "").split()
    return references[0] if references else message.internet_message_id
