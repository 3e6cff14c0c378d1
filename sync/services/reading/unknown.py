"""Somebody of an email whom Salesforce does not know: what their signature says, for the form of a new record.

The message is read from the person's own mailbox when they ask for it; nothing of it is kept. Only the sender's own
signature is taken, for nobody else has signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.authentication import require_own
from accounts.errors import NotConnected
from sync.errors import ProviderError
from sync.mail import MessageHint
from sync.rules.addresses import domain_of, is_shared_domain, normalise, registrable_domain
from sync.rules.content import html_to_text
from sync.rules.participants import Standing, participants
from sync.rules.signature import Signature, read_signature
from sync.services.choosing import BadChoice
from sync.services.clients import mailbox_of, provider_of
from sync.services.party import party_of

#: What may be made of somebody unknown, in the order offered.
OBJECTS = ("Contact", "Lead", "Account")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`defaults` are first values of a new record by object and field; `read`: the email itself could be read."""

    address: str
    name: str
    signature: Signature
    defaults: Mapping[str, Mapping[str, str]]
    read: bool


def propose(actor: Actor, hint: MessageHint, address: str) -> Proposal:
    """For one of the email's people outside of the organisation. Raises BadChoice for anybody else, policy.Denied.

    At most one call to the mailbox, none for anybody but the sender. Where it does not answer, name and address stand.
    """
    require_own(actor, "email.view")
    wanted = normalise(address)
    everyone = participants(hint, party_of(actor))
    found = next((one for one in everyone if one.address == wanted and one.standing is Standing.EXTERNAL), None)
    if found is None:
        sentence = gettext("This address is not among the people of this email. Reload the pane and choose again.")
        raise BadChoice(sentence)
    signature, was_read = Signature(), True
    if hint.from_ is not None and hint.from_.address == found.address:
        text, was_read = _text(actor, hint)
        signature = read_signature(text, name=found.name, address=found.address)
    else:
        signature = read_signature("", name=found.name, address=found.address)
    return Proposal(found.address, found.name, signature, _defaults(found.address, signature), was_read)


def _text(actor: Actor, hint: MessageHint) -> tuple[str, bool]:
    try:
        mailbox = mailbox_of(actor, provider_of(actor))
        message = mailbox.find_message(item_id=hint.item_key, internet_message_id=hint.internet_message_id)
    except (ProviderError, NotConnected):
        return "", False
    if message.from_ is None or message.from_.address != (hint.from_.address if hint.from_ else ""):
        return "", False
    return message.text or html_to_text(message.html), True


def _defaults(address: str, found: Signature) -> Mapping[str, Mapping[str, str]]:
    local = address.partition("@")[0]
    domain = registrable_domain(domain_of(address))
    own_domain = "" if not domain or is_shared_domain(domain) else domain
    last = found.last_name or local
    person = {
        "FirstName": found.first_name,
        "LastName": last,
        "Email": address,
        "Title": found.title,
        "Phone": found.phone,
        "MobilePhone": found.mobile,
    }
    company = found.company or own_domain
    by_object = {
        "Contact": person,
        "Lead": {**person, "Company": company},
        "Account": {"Name": company, "Website": f"https://{own_domain}" if own_domain else "", "Phone": found.phone},
    }
    return {name: {field: value for field, value in by_object[name].items() if value} for name in OBJECTS}
