"""The partner SOAP API, as far as there is no REST resource for it: `convertLead`.

A body is read without document type, entities or anything from outside. What is wrong with the request is a fault with
status 500; what is wrong with one lead stands in its result.

Reference: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_quickstart_intro.htm
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol
from xml.sax.saxutils import escape

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.salesforce import api, conversion
from sandbox.salesforce.conversion import Made, Wish
from sandbox.salesforce.errors import Match, SalesforceError
from sandbox.salesforce.records import Caller
from sandbox.salesforce.store import Org

MAX_LEADS = 100
MAX_BYTES = 1_000_000
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
_FAULTS = "urn:fault.partner.soap.sforce.com"
_SOBJECT = "urn:sobject.partner.soap.sforce.com"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_RECORDS = frozenset({"accountRecord", "contactRecord", "opportunityRecord", "relatedPersonAccountRecord"})
_TEXTS = {
    "leadId": "lead_id",
    "convertedStatus": "converted_status",
    "accountId": "account_id",
    "contactId": "contact_id",
    "opportunityId": "opportunity_id",
    "opportunityName": "opportunity_name",
    "ownerId": "owner_id",
}
_FLAGS = {
    "doNotCreateOpportunity": "without_opportunity",
    "overwriteLeadSource": "overwrite_source",
    "bypassContactDedupeCheck": "bypass_contact_duplicates",
    "bypassAccountDedupeCheck": "",
    "sendNotificationEmail": "",
}


class TokenHolder(Protocol):
    """What the SOAP API needs of the tokens that the login host gave out."""

    def user_id_for(self, access_token: str) -> str | None: ...


class Fault(Exception):
    """A refusal of the whole request. `code` is one of Salesforce's, or `Client` for what is no message at all."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def render(self) -> str:
        if self.code == "Client":
            return _envelope(
                f"<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>{escape(self.message)}</faultstring>"
                "</soapenv:Fault>"
            )
        kind = "LoginFault" if self.code == "INVALID_LOGIN" else "UnexpectedErrorFault"
        return _envelope(
            f"<soapenv:Fault><faultcode>sf:{self.code}</faultcode><faultstring>{escape(str(self))}</faultstring>"
            f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{self.code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{escape(self.message)}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>"
        )


def _envelope(body: str, header: str = "", namespaces: str = f'xmlns:sf="{_FAULTS}"') -> str:
    """The parts of a fault stand in no namespace, those of an answer in the API's."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" {namespaces}'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{header}<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def routes(org: Org, tokens: TokenHolder) -> list[BaseRoute]:
    """The address of the partner API, with or without the org's id behind the version."""

    async def serve(request: Request) -> Response:
        try:
            return _response(200, await _serve(org, tokens, request))
        except Fault as fault:
            return _response(500, fault.render())

    return [Route(f"/services/Soap/u/{{version}}{tail}", serve, methods=["POST"]) for tail in ("", "/{org_id}")]


def _response(status: int, text: str) -> Response:
    return Response(text, status_code=status, media_type="text/xml")


async def _serve(org: Org, tokens: TokenHolder, request: Request) -> str:
    version = request.path_params["version"].partition(".")[0]
    if not version.isdecimal() or int(version) not in api.VERSIONS:
        raise Fault("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {version}")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/xml":
        raise Fault("Client", f"content-type of the request should be text/xml, not {kind or 'missing'}")
    if "soapaction" not in request.headers:
        raise Fault("Client", "SOAPAction HTTP header missing")
    envelope = parse(await request.body())
    user_id = tokens.user_id_for(session_of(envelope))
    if user_id is None:
        raise Fault(
            "INVALID_SESSION_ID",
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash.",
        )
    if not org.limits.count():
        raise Fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    operation = _operation(envelope)
    if operation.tag != f"{{{PARTNER}}}convertLead":
        raise Fault("Client", f"No operation available for request {operation.tag}")
    if not org.convert_leads:
        raise Fault("INSUFFICIENT_ACCESS", "insufficient access rights: the permission Convert Leads is missing")
    return _convert(org, Caller(user_id, allow_save=_allows_duplicates(envelope)), operation)


def parse(body: bytes) -> etree._Element:
    """The envelope of a message; raises `Fault`."""
    if len(body) > MAX_BYTES:
        raise Fault("Client", "The message is longer than the server takes")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Fault("Client", f"The message cannot be parsed: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault("Client", "DTD not supported in SOAP")
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise Fault("Client", f"The message has {root.tag} where an envelope should be")
    return root


def session_of(envelope: etree._Element) -> str:
    """The access token of the SessionHeader, or an empty text."""
    found = envelope.findtext(f"{{{ENVELOPE}}}Header/{{{PARTNER}}}SessionHeader/{{{PARTNER}}}sessionId")
    return (found or "").strip()


def _allows_duplicates(envelope: etree._Element) -> bool:
    path = f"{{{ENVELOPE}}}Header/{{{PARTNER}}}DuplicateRuleHeader/{{{PARTNER}}}allowSave"
    return (envelope.findtext(path) or "").strip().lower() in ("true", "1")


def _operation(envelope: etree._Element) -> etree._Element:
    body = envelope.find(f"{{{ENVELOPE}}}Body")
    children = _elements(body) if body is not None else []
    if len(children) != 1:
        raise Fault("Client", "The body of a message holds one operation")
    return children[0]


def _elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _convert(org: Org, caller: Caller, operation: etree._Element) -> str:
    wishes = _elements(operation)
    if len(wishes) > MAX_LEADS:
        raise Fault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_LEADS} records")
    results = [_result(org, caller, _wish(wish)) for wish in wishes]
    limits = org.limits
    header = (
        "<soapenv:Header><LimitInfoHeader><limitInfo>"
        f"<current>{limits.used}</current><limit>{limits.maximum}</limit><type>API REQUESTS</type>"
        "</limitInfo></LimitInfoHeader></soapenv:Header>"
    )
    return _envelope(f"<convertLeadResponse>{''.join(results)}</convertLeadResponse>", header, f'xmlns="{PARTNER}"')


def _wish(given: etree._Element) -> Wish:
    if given.tag != f"{{{PARTNER}}}leadConverts":
        raise Fault("Client", f"Element {given.tag} invalid at this location")
    texts: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    for child in _elements(given):
        namespace, _, name = str(child.tag).rpartition("}")
        nil = child.get(_NIL, "false").lower() in ("true", "1")
        text = "" if nil else (child.text or "").strip()
        if namespace != "{" + PARTNER or name not in _TEXTS.keys() | _FLAGS.keys() | _RECORDS:
            raise Fault("Client", f"Element {child.tag} invalid at this location")
        if name in _RECORDS and not nil:
            raise Fault("Client", f"Element {child.tag} is not supported here")
        if name in _FLAGS:
            flags[_FLAGS[name]] = _boolean(name, text)
        elif name in _TEXTS:
            texts[_TEXTS[name]] = text
    flags.pop("", None)
    for name in ("lead_id", "converted_status"):
        if not texts.get(name):
            field = next(key for key, value in _TEXTS.items() if value == name)
            raise Fault("Client", f"Required element {{{PARTNER}}}{field} is missing")
    return replace(Wish(texts.pop("lead_id"), texts.pop("converted_status")), **texts, **flags)


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise Fault("Client", f"'{text}' is not a valid value for xsd:boolean in {name}")
    return text.lower() in ("true", "1")


def _result(org: Org, caller: Caller, wish: Wish) -> str:
    try:
        made = conversion.convert(org, caller, wish)
    except SalesforceError as error:
        errors = "".join(_error(one) for one in (error, *error.others))
        return (
            f"<result>{_ids(None)}{errors}{_id('leadId', wish.lead_id)}{_tail(None)}<success>false</success></result>"
        )
    return f"<result>{_ids(made)}{_id('leadId', made.lead_id)}{_tail(made)}<success>true</success></result>"


def _ids(made: Made | None) -> str:
    account, contact = (made.account_id, made.contact_id) if made else (None, None)
    return _id("accountId", account) + _id("contactId", contact)


def _tail(made: Made | None) -> str:
    return _id("opportunityId", made.opportunity_id if made else None) + _id("relatedPersonAccountId", None)


def _id(name: str, value: str | None) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value else f'<{name} xsi:nil="true"/>'


def _error(error: SalesforceError) -> str:
    fields = "".join(f"<fields>{escape(name)}</fields>" for name in error.fields or ())
    plain = f"{fields}<message>{escape(error.message)}</message><statusCode>{error.code}</statusCode>"
    if not error.matches:
        return f"<errors>{plain}</errors>"
    matches = "".join(_match(match) for match in error.matches)
    found = (
        f"<duplicateResult><allowSave>{str(error.matches[0].allow_save).lower()}</allowSave>"
        f"<duplicateRule>Standard_Rule</duplicateRule>"
        f"<errorMessage>{escape(error.message)}</errorMessage>{matches}</duplicateResult>"
    )
    return f'<errors xsi:type="DuplicateError">{plain}{found}</errors>'


def _match(match: Match) -> str:
    rows = "".join(
        f"<matchRecords><matchConfidence>100.0</matchConfidence>"
        f'<record xsi:type="so:sObject" xmlns:so="{_SOBJECT}"><so:type>{match.sobject.name}</so:type>'
        f"<so:Id>{record_id}</so:Id></record></matchRecords>"
        for record_id in match.record_ids
    )
    return (
        f"<matchResults><entityType>{match.sobject.name}</entityType><matchEngine>ExactMatchEngine</matchEngine>{rows}"
        f"<rule>{match.rule}</rule><size>{len(match.record_ids)}</size><success>true</success></matchResults>"
    )
