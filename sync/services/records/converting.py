"""Converting a lead into a contact, an account and, if wanted, an opportunity.

form: statuses, what is there already ─► convert ─► the new records
                                            └─► no answer, or converted meanwhile: the lead says what it became
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from accounts.trail import record_own
from sync import errors
from sync.providers.salesforce import soql
from sync.providers.salesforce.ids import long_id
from sync.providers.salesforce.queries import run_queries
from sync.providers.salesforce.searching import FoundRecord
from sync.providers.salesforce.soap import Conversion, Converted, convert_lead
from sync.services.clients import Crm
from sync.services.records.caches import drop_own
from sync.services.records.fields import Choice
from sync.services.records.reading import crm_for
from sync.services.records.writing import matches

ALREADY = "CANNOT_UPDATE_CONVERTED_LEAD"
MOST = 10


@dataclass(frozen=True, slots=True)
class ConvertForm:
    """`statuses` that a converted lead may have; `accounts` and `contacts` that are there already and may be its own.

    After a refusal: `page`, `at` (status, account, contact, opportunity, owner), `duplicates` with `may_go_on`.
    """

    lead_id: str
    name: str
    company: str
    owner_id: str
    owner_name: str
    statuses: tuple[Choice, ...]
    accounts: tuple[FoundRecord, ...] = ()
    contacts: tuple[FoundRecord, ...] = ()
    page: tuple[str, ...] = ()
    at: Mapping[str, str] = field(default_factory=dict)
    duplicates: tuple[FoundRecord, ...] = ()
    may_go_on: bool = False


@dataclass(frozen=True, slots=True)
class ConvertSent:
    """What a person chose. Ids are empty for new records; no `opportunity_name`: no opportunity."""

    status: str
    account_id: str = ""
    contact_id: str = ""
    opportunity_name: str = ""
    owner_id: str = ""
    go_on: bool = False


def convert_form(actor: Actor, lead_id: str) -> ConvertForm | Converted:
    """The form, or what the lead became already: two calls. Raises Gone, Denied, NotConnected, sync.errors.*"""
    crm = crm_for(actor, "lead.convert")
    lead = _lead(crm, lead_id)
    became = _became(lead)
    return became or _form(crm, lead)


def convert(actor: Actor, lead_id: str, sent: ConvertSent) -> Converted | ConvertForm:
    """Converts the lead, or gives the form back with what is wrong. Raises as `convert_form`."""
    crm = crm_for(actor, "lead.convert")
    found = long_id(lead_id)
    wrong = _wrong(found, sent)
    if wrong:
        return replace(_form(crm, _lead(crm, lead_id)), at=wrong)
    wish = Conversion(found, sent.status, sent.account_id, sent.contact_id, sent.opportunity_name, sent.owner_id)
    try:
        made = convert_lead(crm.client, wish, allow_duplicates=sent.go_on)
    except (errors.Ambiguous, errors.Refused) as error:
        # Whether it came to it, the lead itself knows.
        lead = _lead(crm, lead_id)
        became = _became(lead)
        if became is None or (isinstance(error, errors.Refused) and error.code != ALREADY):
            if isinstance(error, errors.Ambiguous):
                raise
            return _refused(crm, _form(crm, lead), error)
        made = became
    ids = {"account": made.account_id, "contact": made.contact_id, "opportunity": made.opportunity_id or None}
    with transaction.atomic():
        record_own(actor, "lead.converted", ("record", found), **ids)
    drop_own(actor, crm)
    return made


def _wrong(found: str, sent: ConvertSent) -> dict[str, str]:
    wrong = {}
    if not sent.status:
        wrong["status"] = _("Fill this in.")
    if not found:
        raise errors.Gone(gettext_noop("There is no such record."), code="MALFORMED_ID")
    for name, value in (("account", sent.account_id), ("contact", sent.contact_id), ("owner", sent.owner_id)):
        if value and not long_id(value):
            wrong[name] = _("Choose a record from the list.")
    if sent.contact_id and not sent.account_id:
        wrong["account"] = _("A contact that is there already belongs to an account: choose its account.")
    if len(sent.opportunity_name) > 120:
        wrong["opportunity"] = _("At most 120 characters.")
    return wrong


def _lead(crm: Crm, lead_id: str) -> dict[str, Any]:
    found = long_id(lead_id)
    if not found.startswith("00Q"):
        raise errors.Gone(gettext_noop("There is no such record."), code="MALFORMED_ID")
    records = crm.client.query(soql.lead_to_convert(found))
    if not records:
        raise errors.Gone(gettext_noop("There is no such record."), code="NOT_FOUND")
    return records[0]


def _became(lead: Mapping[str, Any]) -> Converted | None:
    if not lead.get("IsConverted"):
        return None
    ids = (str(lead.get(f"Converted{name}Id") or "") for name in ("Account", "Contact", "Opportunity"))
    return Converted(*ids)


def _form(crm: Crm, lead: Mapping[str, Any]) -> ConvertForm:
    company, email = str(lead.get("Company") or ""), str(lead.get("Email") or "")
    queries = {"statuses": soql.converted_statuses()}
    if company:
        queries["accounts"] = soql.accounts_called(company, MOST)
    if email:
        queries["contacts"] = soql.contacts_with(email, MOST)
    answers = run_queries(crm.client, queries)
    statuses = answers["statuses"]
    if not isinstance(statuses, list):
        raise statuses
    owner = lead.get("Owner")
    contacts = _list(answers.get("contacts"))
    accounts = {one["Id"]: _account(one) for one in _list(answers.get("accounts"))}
    for one in contacts:
        parent = one.get("Account")
        if one.get("AccountId") and isinstance(parent, dict):
            accounts.setdefault(
                one["AccountId"], FoundRecord("Account", one["AccountId"], str(parent.get("Name") or ""))
            )
    return ConvertForm(
        lead_id=str(lead["Id"]),
        name=str(lead.get("Name") or ""),
        company=company,
        owner_id=str(lead.get("OwnerId") or ""),
        owner_name=str(owner.get("Name") or "") if isinstance(owner, dict) else "",
        statuses=tuple(Choice(str(one["ApiName"]), str(one.get("MasterLabel") or one["ApiName"])) for one in statuses),
        accounts=tuple(accounts.values()),
        contacts=tuple(_contact(one) for one in contacts),
    )


def _list(answer: object) -> list[dict[str, Any]]:
    return answer if isinstance(answer, list) else []


def _account(one: Mapping[str, Any]) -> FoundRecord:
    return FoundRecord("Account", str(one["Id"]), str(one.get("Name") or ""), _told(one.get("BillingCity")))


def _contact(one: Mapping[str, Any]) -> FoundRecord:
    parent = one.get("Account")
    at = parent.get("Name") if isinstance(parent, dict) else ""
    return FoundRecord("Contact", str(one["Id"]), str(one.get("Name") or ""), _told(at))


def _told(*parts: Any) -> tuple[str, ...]:
    return tuple(str(part) for part in parts if part)


def _refused(crm: Crm, form: ConvertForm, refused: errors.Refused) -> ConvertForm:
    if not isinstance(refused, errors.RecordRefused):
        return replace(form, page=(refused.message,))
    return replace(
        form,
        page=refused.page,
        duplicates=matches(crm, refused.duplicates),
        may_go_on=bool(refused.duplicates) and refused.may_go_on,
    )
