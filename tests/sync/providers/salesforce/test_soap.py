"""What the SOAP API answers is read without document types, and never taken for something that it is not."""

from __future__ import annotations

import pytest
import responses

from sync import errors
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.soap import Conversion, Converted, convert_lead
from tests.sync.providers.fakes import INSTANCE, FakeTokens

URL = f"{INSTANCE}/services/Soap/u/66.0"
WISH = Conversion("00Q000000000001AAA", "Closed", opportunity_name='<x> & "y"')
HEAD = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
)
DONE = (
    f"{HEAD}<soapenv:Body><convertLeadResponse><result><accountId>001000000000001AAA</accountId>"
    "<contactId>003000000000001AAA</contactId><success>true</success></result></convertLeadResponse></soapenv:Body>"
    "</soapenv:Envelope>"
)


def answer(body: str, status: int = 200) -> None:
    responses.add(responses.POST, URL, body=body, status=status, content_type="text/xml")


@responses.activate
def test_a_lead_is_converted_and_texts_are_escaped() -> None:
    answer(DONE)
    made = convert_lead(SalesforceClient(FakeTokens()), WISH)
    assert made == Converted("001000000000001AAA", "003000000000001AAA")
    sent = responses.calls[0].request.body
    assert isinstance(sent, bytes)
    assert b'&lt;x&gt; &amp; "y"' in sent
    assert b"<ns0:sessionId" in sent or b"sessionId>token-1<" in sent


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no xml",
        "<a/>",
        f"{HEAD}<soapenv:Body/></soapenv:Envelope>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + DONE,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + DONE,
        DONE[:-30],
    ],
)
@responses.activate
def test_an_answer_that_cannot_be_read_leaves_it_open(body: str) -> None:
    answer(body)
    with pytest.raises(errors.Ambiguous):
        convert_lead(SalesforceClient(FakeTokens()), WISH)


@responses.activate
def test_a_refused_token_is_renewed_once() -> None:
    fault = (
        f"{HEAD}<soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>"
        "<faultstring>INVALID_SESSION_ID: gone</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    answer(fault, 500)
    answer(DONE)
    tokens = FakeTokens()
    assert convert_lead(SalesforceClient(tokens), WISH).contact_id == "003000000000001AAA"
    assert tokens.rejected == ["token-1"]
    responses.reset()
    answer(fault, 500)
    answer(fault, 500)
    with pytest.raises(errors.NeedsReconnect):
        convert_lead(SalesforceClient(FakeTokens()), WISH)


@responses.activate
def test_duplicates_are_told() -> None:
    answer(
        f"{HEAD}<soapenv:Body><convertLeadResponse><result><errors><duplicateResult><allowSave>true</allowSave>"
        "<matchResults><matchRecords><record><type>Contact</type><Id>003000000000009AAA</Id></record></matchRecords>"
        "</matchResults></duplicateResult><message>Use one of these</message>"
        "<statusCode>DUPLICATES_DETECTED</statusCode></errors><success>false</success></result></convertLeadResponse>"
        "</soapenv:Body></soapenv:Envelope>"
    )
    with pytest.raises(errors.RecordRefused) as refused:
        convert_lead(SalesforceClient(FakeTokens()), WISH)
    assert refused.value.duplicates == (("Contact", "003000000000009AAA"),)
    assert refused.value.may_go_on
