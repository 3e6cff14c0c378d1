"""What a person chose for an email, checked against what Salesforce and their mailbox show them.

What goes into the intent is ids, kinds and file names: enough to write from, with no word of the email itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.record_types import require_relatable
from sync.mail import Attachment, Message, MessageHint
from sync.rules.business import address_hash
from sync.rules.content import FileChoice, files_of
from sync.rules.identity import message_identity
from sync.rules.participants import Participant, Standing
from sync.rules.people import match_people
from sync.services.capture_settings import CaptureSettings, settings_of
from sync.services.clients import Crm
from sync.services.context import context_for, question_of
from sync.services.pane_layout import layout_of
from sync.services.reading.added import added_records


@dataclass(frozen=True, slots=True)
class FilingRequest:
    """What the person chose. `attachment_keys` are keys of `hint.attachments`; `follow`: its conversation too.

    `replaces` is the record that this filing takes the place of, where the email is filed already.
    """

    hint: MessageHint
    person_ids: tuple[str, ...] = ()
    record_ids: tuple[str, ...] = ()
    attachment_keys: tuple[str, ...] = ()
    confirmed: bool = False
    follow: bool = False
    replaces: str = ""


class BadChoice(ValueError):
    """What was chosen does not fit the email or what Salesforce shows. The text says what to do."""


def chosen(
    actor: Actor, crm: Crm, everyone: tuple[Participant, ...], message: Message, request: FilingRequest
) -> dict[str, object]:
    """The chosen ids, checked against what Salesforce shows this person. No call where the pane has just been read, and
    one for each record that they looked up longer ago.

    Raises BadChoice, policy.Denied where one is of a type that the person may not file onto.
    """
    question = question_of(crm, layout_of(actor), everyone, message_identity(message), message.subject)
    context = context_for(crm, question).crm
    settings = settings_of(actor)
    matches = match_people(everyone, context, salesforce_user_id=crm.user_id, link_bcc=settings.link_blind_copies)
    people = {
        person.id: person.object_name for match in matches.people for person in (match.person, *match.alternatives)
    }
    records = {
        **{record.id: "Account" for record in (*context.accounts, *context.suggested_accounts)},
        **{record.id: "Opportunity" for record in context.opportunities},
        **{record.id: "Case" for record in context.cases},
        **{record.id: record.object_name for record in context.custom},
    }
    wanted = tuple(dict.fromkeys(request.record_ids))
    if len(wanted) > 11:
        raise BadChoice(gettext("An email can stand on at most 11 records: take some ticks away."))
    records |= added_records(actor, [one for one in wanted if one not in records])
    strange = [one for one in request.person_ids if one not in people]
    strange += [one for one in wanted if one not in records]
    if strange:
        raise BadChoice(gettext("A chosen record is no longer shown for this email. Reload the pane and choose again."))
    chosen_people = [{"id": one, "object_name": str(people[one])} for one in dict.fromkeys(request.person_ids)]
    kinds = {entry["object_name"] for entry in chosen_people}
    if "Lead" in kinds and request.record_ids:
        raise BadChoice(gettext("A lead takes no business record in Salesforce: choose the lead alone, or a contact."))
    if "Contact" in kinds:
        chosen_people = [entry for entry in chosen_people if entry["object_name"] == "Contact"]
    else:
        chosen_people = chosen_people[:1] if "Lead" in kinds else chosen_people
    rank = {"Case": 0, "Opportunity": 1, "Account": 3}
    chosen_records = sorted(wanted, key=lambda one: rank.get(records[one], 2))
    taken = {records[one] for one in chosen_records} | {str(entry["object_name"]) for entry in chosen_people}
    require_relatable(actor.principal_id, actor.organisation, taken)
    external = [one.address for one in everyone if one.standing is not Standing.INTERNAL]
    return {
        "people": chosen_people,
        "records": [[records[one], one] for one in chosen_records],
        "files": [
            {
                "key": choice.attachment.key,
                "name": choice.attachment.name,
                "reason": choice.reason,
                "words": choice.sentence,
            }
            for choice in _files(message, request, settings)
        ],
        # To know the thread's people again; the addresses themselves are not kept.
        "external_hashes": sorted({address_hash(address) for address in external}),
    }


def types_of(choice: Mapping[str, Any]) -> set[str]:
    """The types of the records that a choice, as `chosen` gives it, stands on."""
    people, records = choice.get("people", ()), choice.get("records", ())
    return {str(person["object_name"]) for person in people} | {str(name) for name, _ in records}


def _files(message: Message, request: FilingRequest, settings: CaptureSettings) -> list[FileChoice]:
    """The chosen attachments as the mailbox holds them, with the reason of each that is left out all the same.

    A client's attachment ids are of another kind than the provider's: what does not match by id matches by name, the
    first of that name for the first chosen.
    """
    choices = list(files_of(message, max_bytes=settings.max_file_bytes, allowed_extensions=settings.allowed_extensions))
    by_key = {choice.attachment.key: choice for choice in choices}
    hinted = {attachment.key: attachment for attachment in request.hint.attachments}
    taken: list[FileChoice] = []
    for key in dict.fromkeys(request.attachment_keys):
        found = by_key.get(key) or _by_name(choices, taken, hinted.get(key))
        if found is None:
            raise BadChoice(gettext("A chosen attachment is not part of this email. Reload the pane and choose again."))
        if found not in taken:
            taken.append(found)
    return taken


def _by_name(choices: list[FileChoice], taken: list[FileChoice], hint: Attachment | None) -> FileChoice | None:
    if hint is None:
        return None
    return next((choice for choice in choices if choice.attachment.name == hint.name and choice not in taken), None)
