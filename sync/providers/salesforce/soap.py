"""Converting a lead: the partner SOAP API, as REST has no resource for it.

The envelope is built from elements, never from text, and holds nothing but the session, the choice about duplicates and
one conversion. An answer with a document type is not read at all.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_convertlead.htm
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from sync import errors
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.errors import error_for

_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_PARTNER = "{urn:partner.soap.sforce.com}"
_MOST_BYTES = 1_000_000
ElementTree.register_namespace("soapenv", _ENVELOPE[1:-1])


@dataclass(frozen=True, slots=True)
class Conversion:
    """What becomes of a lead. An empty `account_id` or `contact_id` makes a new one; no `opportunity_name`: none."""

    lead_id: str
    status: str
    account_id: str = ""
    contact_id: str = ""
    opportunity_name: str = ""
    owner_id: str = ""


@dataclass(frozen=True, slots=True)
class Converted:
    account_id: str
    contact_id: str
    opportunity_id: str = ""


def convert_lead(client: SalesforceClient, wish: Conversion, *, allow_duplicates: bool = False) -> Converted:
    """Converts a lead. Raises RecordRefused with Salesforce's words, Ambiguous where no answer came, sync.errors.*."""
    answer = _parsed(client.soap(lambda token: _envelope(token, wish, allow_duplicates=allow_duplicates)))
    fault = answer.find(f"{_ENVELOPE}Body/{_ENVELOPE}Fault")
    if fault is not None:
        raise _fault(fault)
    result = answer.find(f"{_ENVELOPE}Body/{_PARTNER}convertLeadResponse/{_PARTNER}result")
    if result is None:
        raise _unreadable()
    if _text(result, "success") != "true":
        raise _refusal(result)
    return Converted(_text(result, "accountId"), _text(result, "contactId"), _text(result, "opportunityId"))


def _envelope(token: str, wish: Conversion, *, allow_duplicates: bool) -> bytes:
    root = Element(f"{_ENVELOPE}Envelope")
    header = SubElement(root, f"{_ENVELOPE}Header")
    SubElement(SubElement(header, f"{_PARTNER}SessionHeader"), f"{_PARTNER}sessionId").text = token
    rule = SubElement(header, f"{_PARTNER}DuplicateRuleHeader")
    for name, value in (("allowSave", allow_duplicates), ("includeRecordDetails", False), ("runAsCurrentUser", True)):
        SubElement(rule, f"{_PARTNER}{name}").text = str(value).lower()
    operation = SubElement(SubElement(root, f"{_ENVELOPE}Body"), f"{_PARTNER}convertLead")
    lead = SubElement(operation, f"{_PARTNER}leadConverts")
    # In the order of the schema.
    for name, text in (
        ("accountId", wish.account_id),
        ("contactId", wish.contact_id),
        ("convertedStatus", wish.status),
        ("doNotCreateOpportunity", "false" if wish.opportunity_name else "true"),
        ("leadId", wish.lead_id),
        ("opportunityName", wish.opportunity_name),
        ("overwriteLeadSource", "false"),
        ("ownerId", wish.owner_id),
        ("sendNotificationEmail", "false"),
    ):
        if text:
            SubElement(lead, f"{_PARTNER}{name}").text = text
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _parsed(content: bytes) -> Element:
    # Without a document type there are no entities that could grow or lead elsewhere.
    if len(content) > _MOST_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _unreadable()
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("end",))
    try:
        parser.feed(content)
        parser.close()
    except ElementTree.ParseError:
        raise _unreadable() from None
    # The last element that ends is the root.
    ended: list[Any] = list(parser.read_events())
    root: Element = ended[-1][1]
    return root


def _fault(fault: Element) -> errors.ProviderError:
    """The error of a whole request that was refused."""
    code = (fault.findtext("{*}faultcode") or "").rpartition(":")[2]
    message = (fault.findtext("{*}faultstring") or "").removeprefix(f"{code}:").strip()
    status = {"INVALID_SESSION_ID": 401, "INSUFFICIENT_ACCESS": 403}.get(code, 400)
    return error_for(status, [{"errorCode": code, "message": message}], writes=True)


def _refusal(result: Element) -> errors.ProviderError:
    """Why one lead was not converted."""
    page: list[str] = []
    duplicates: list[tuple[str, str]] = []
    code, may_go_on = "", False
    for problem in result.findall(f"{_PARTNER}errors"):
        code = code or _text(problem, "statusCode")
        page.append(_text(problem, "message"))
        found = problem.find(f"{_PARTNER}duplicateResult")
        if found is not None:
            may_go_on = _text(found, "allowSave") == "true"
            duplicates += _matches(found)
    return errors.RecordRefused(page=tuple(page), duplicates=tuple(duplicates), may_go_on=may_go_on, code=code)


def _matches(found: Element) -> Iterator[tuple[str, str]]:
    """(object, id) of each; the parts of a record are in a namespace of their own in the real service."""
    for record in found.iter(f"{_PARTNER}record"):
        parts = {part.tag.rpartition("}")[2]: part.text or "" for part in record}
        if parts.get("Id"):
            yield parts.get("type", ""), parts["Id"]


def _text(parent: Element, name: str) -> str:
    return (parent.findtext(f"{_PARTNER}{name}") or "").strip()


def _unreadable() -> errors.Ambiguous:
    return errors.Ambiguous("Salesforce's answer could not be read.", code="UNREADABLE")
