"""Lead conversion over the partner SOAP API."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest
from lxml import etree

from tests.sandbox.salesforce.conftest import Person, error_of

PARTNER = "{urn:partner.soap.sforce.com}"
CONVERTED = "Closed - Converted"
LEAD = {
    "FirstName": "Lena",
    "LastName": "Vogt",
    "Company": "Vogt Optik",
    "Title": "Owner",
    "Email": "lena@vogt-optik.example",
    "Phone": "+49 40 555 0101",
    "Website": "https://vogt-optik.example",
    "LeadSource": "Web",
    "City": "Hamburg",
    "Country": "Germany",
}


def envelope(token: str, operation: str, header: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns="urn:partner.soap.sforce.com"><soapenv:Header>'
        f"<SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</soapenv:Header>"
        f"<soapenv:Body>{operation}</soapenv:Body></soapenv:Envelope>"
    )


def send(person: Person, text: str, **more: Any) -> httpx.Response:
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **more.pop("headers", {})}
    path = more.pop("path", "/services/Soap/u/66.0")
    return person.request("POST", path, content=text.encode(), headers={"Authorization": "", **headers})


def wish(lead: str, **fields: Any) -> str:
    given = {
        "convertedStatus": CONVERTED,
        "doNotCreateOpportunity": "false",
        "leadId": lead,
        "overwriteLeadSource": "false",
        "sendNotificationEmail": "false",
        **fields,
    }
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in given.items())
    return f"<leadConverts>{inner}</leadConverts>"


def convert(person: Person, *wishes: str, header: str = "") -> list[dict[str, Any]]:
    answer = send(person, envelope(person.token, f"<convertLead>{''.join(wishes)}</convertLead>", header))
    assert answer.status_code == 200, answer.text
    results = []
    for result in etree.fromstring(answer.content).iter(f"{PARTNER}result"):
        found = {child.tag.removeprefix(PARTNER): child.text for child in result if child.tag != f"{PARTNER}errors"}
        errors = [
            (error.findtext(f"{PARTNER}statusCode"), error.findtext(f"{PARTNER}message"))
            for error in result.iter(f"{PARTNER}errors")
        ]
        results.append({**found, "errors": errors})
    return results


def fault(answer: httpx.Response) -> str:
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/xml")
    return str(etree.fromstring(answer.content).findtext(".//faultcode"))


@pytest.fixture
def lead(mia: Person) -> str:
    return mia.create("Lead", **LEAD)


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity(mia: Person, lead: str) -> None:
    task = mia.create("Task", Subject="Call", WhoId=lead)
    (result,) = convert(mia, wish(lead))
    assert (result["success"], result["errors"], result["leadId"]) == ("true", [], lead)
    account = mia.get(f"sobjects/Account/{result['accountId']}").json()
    assert (account["Name"], account["BillingCity"], account["AccountSource"]) == ("Vogt Optik", "Hamburg", "Web")
    contact = mia.get(f"sobjects/Contact/{result['contactId']}").json()
    assert (contact["Name"], contact["Email"], contact["MailingCountry"]) == ("Lena Vogt", LEAD["Email"], "Germany")
    assert contact["AccountId"] == result["accountId"]
    deal = mia.get(f"sobjects/Opportunity/{result['opportunityId']}").json()
    assert (deal["Name"], deal["StageName"], deal["LeadSource"]) == ("Vogt Optik", "Prospecting", "Web")
    (role,) = mia.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = {}", deal["Id"])
    assert (role["ContactId"], role["IsPrimary"]) == (result["contactId"], True)
    after = mia.get(f"sobjects/Lead/{lead}").json()
    assert (after["IsConverted"], after["Status"]) == (True, CONVERTED)
    assert after["ConvertedOpportunityId"] == result["opportunityId"]
    moved = mia.get(f"sobjects/Task/{task}").json()
    assert (moved["WhoId"], moved["WhatId"]) == (result["contactId"], result["opportunityId"])


def test_the_status_that_converts_is_asked_for(mia: Person) -> None:
    rows = mia.query("SELECT MasterLabel, ApiName FROM LeadStatus WHERE IsConverted = true")
    assert [(row["MasterLabel"], row["ApiName"]) for row in rows] == [(CONVERTED, CONVERTED)]


def test_a_converted_lead_is_read_only(mia: Person, lead: str) -> None:
    convert(mia, wish(lead, doNotCreateOpportunity="true"))
    assert error_of(mia.patch(f"sobjects/Lead/{lead}", {"Title": "x"})) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    refused = mia.post("sobjects/Task", {"Subject": "x", "WhoId": lead})
    assert error_of(refused) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    page = mia.patch(f"ui-api/records/{lead}", {"fields": {"Title": "x"}}).json()
    assert page["output"]["errors"][0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_without_an_opportunity_or_under_another_name(mia: Person, lead: str) -> None:
    (result,) = convert(mia, wish(lead, doNotCreateOpportunity="true"))
    assert result["opportunityId"] is None
    other = mia.create("Lead", LastName="x", Company="x")
    (result,) = convert(mia, wish(other, opportunityName="Lenses & frames"))
    assert mia.get(f"sobjects/Opportunity/{result['opportunityId']}").json()["Name"] == "Lenses & frames"


def test_an_account_and_a_contact_that_are_there_keep_what_they_have(mia: Person, lead: str) -> None:
    account = mia.create("Account", Name="Vogt GmbH", Phone="1")
    contact = mia.create("Contact", LastName="Vogt-Lehmann", AccountId=account, LeadSource="Other")
    (result,) = convert(mia, wish(lead, accountId=account, contactId=contact, doNotCreateOpportunity="true"))
    assert (result["accountId"], result["contactId"]) == (account, contact)
    found = mia.get(f"sobjects/Account/{account}").json()
    assert (found["Name"], found["Phone"], found["Website"]) == ("Vogt GmbH", "1", LEAD["Website"])
    found = mia.get(f"sobjects/Contact/{contact}").json()
    assert (found["LastName"], found["Title"], found["LeadSource"]) == ("Vogt-Lehmann", "Owner", "Other")


def test_the_lead_source_is_taken_over_where_that_is_wanted(mia: Person, lead: str) -> None:
    account = mia.create("Account", Name="x")
    contact = mia.create("Contact", LastName="x", AccountId=account, LeadSource="Other")
    convert(mia, wish(lead, accountId=account, contactId=contact, overwriteLeadSource="true"))
    assert mia.get(f"sobjects/Contact/{contact}").json()["LeadSource"] == "Web"


def test_another_owner(mia: Person, tom: Person, lead: str) -> None:
    (result,) = convert(mia, wish(lead, ownerId=tom.user_id))
    assert mia.get(f"sobjects/Account/{result['accountId']}").json()["OwnerId"] == tom.user_id


def test_what_is_wrong_with_one_lead_stands_in_its_result(mia: Person, tom: Person, lead: str) -> None:
    account, other = (mia.create("Account", Name=name) for name in ("x", "y"))
    contact = mia.create("Contact", LastName="x", AccountId=other)
    gone = mia.create("Lead", LastName="x", Company="x")
    mia.delete(f"sobjects/Lead/{gone}")
    results = convert(
        mia,
        wish(lead, convertedStatus="Working - Contacted"),
        wish("00Q000000000000"),
        wish("nonsense"),
        wish(contact),
        wish(gone),
        wish(lead, accountId=account, contactId=contact),
        wish(lead, contactId=contact),
        wish(lead, opportunityName="x", doNotCreateOpportunity="true"),
        wish(lead, ownerId=contact),
        wish(lead),
        wish(lead),
    )
    assert [one["errors"][0][0] if one["errors"] else "" for one in results] == [
        "INVALID_STATUS",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "INVALID_ID_FIELD",
        "REQUIRED_FIELD_MISSING",
        "INVALID_ARGUMENT",
        "INVALID_CROSS_REFERENCE_KEY",
        "",
        "CANNOT_UPDATE_CONVERTED_LEAD",
    ]
    assert {one["success"] for one in results if one["errors"]} == {"false"}


def test_the_records_that_it_makes_follow_the_orgs_rules(mia: Person, lead: str) -> None:
    rule = {"object": "Opportunity", "field": "NextStep", "empty": True, "message": "What comes next?"}
    mia.post("/_sandbox/org", {"validation_rules": [rule]})
    (result,) = convert(mia, wish(lead))
    expected = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Validation error on Opportunity: What comes next?")
    assert result["errors"] == [expected]
    assert mia.query("SELECT Id FROM Account WHERE Name = 'Vogt Optik'") == []
    assert not mia.get(f"sobjects/Lead/{lead}").json()["IsConverted"]


def test_a_contact_that_would_be_a_duplicate(mia: Person, lead: str) -> None:
    mia.create("Account", Name="x")
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    mia.post("sobjects/Contact", {"LastName": "Vogt", "Email": LEAD["Email"]}, headers=allow)
    text = envelope(mia.token, f"<convertLead>{wish(lead)}</convertLead>")
    answer = etree.fromstring(send(mia, text).content)
    assert answer.findtext(f".//{PARTNER}errors/{PARTNER}statusCode") == "DUPLICATES_DETECTED"
    assert answer.findtext(f".//{PARTNER}matchResults/{PARTNER}entityType") == "Contact"
    header = "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>"
    assert convert(mia, wish(lead), header=header)[0]["success"] == "true"


def test_a_session_that_is_none(mia: Person, lead: str) -> None:
    for token in ("nobody", ""):
        answer = send(mia, envelope(token, f"<convertLead>{wish(lead)}</convertLead>"))
        assert fault(answer) == "sf:INVALID_SESSION_ID"
        assert "INVALID_SESSION_ID: Invalid Session ID" in answer.text


def test_a_user_without_the_permission_to_convert(mia: Person, lead: str) -> None:
    mia.post("/_sandbox/org", {"convert_leads": False})
    answer = send(mia, envelope(mia.token, f"<convertLead>{wish(lead)}</convertLead>"))
    assert fault(answer) == "sf:INSUFFICIENT_ACCESS"


def test_the_limit_of_requests_holds_here_too(mia: Person, lead: str, org: Any) -> None:
    org.limits.maximum = org.limits.used
    answer = send(mia, envelope(mia.token, f"<convertLead>{wish(lead)}</convertLead>"))
    assert fault(answer) == "sf:REQUEST_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    "operation",
    [
        "<describeGlobal/>",
        "",
        "<convertLead><lead/></convertLead>",
        "<convertLead><leadConverts><leadId>x</leadId></leadConverts></convertLead>",
        "<convertLead><leadConverts><convertedStatus>x</convertedStatus></leadConverts></convertLead>",
        f"<convertLead>{wish('x', colour='red')}</convertLead>",
        f"<convertLead>{wish('x', overwriteLeadSource='perhaps')}</convertLead>",
    ],
)
def test_a_message_that_says_nothing_sensible(mia: Person, operation: str) -> None:
    assert fault(send(mia, envelope(mia.token, operation))) == "soapenv:Client"


def test_more_leads_than_a_call_takes(mia: Person, lead: str) -> None:
    operation = f"<convertLead>{wish(lead) * 101}</convertLead>"
    assert fault(send(mia, envelope(mia.token, operation))) == "sf:EXCEEDED_ID_LIMIT"


def test_documents_that_are_no_plain_messages(mia: Person, lead: str) -> None:
    good = envelope(mia.token, f"<convertLead>{wish(lead)}</convertLead>")
    declaration, rest = good.split("?>", 1)
    entity = f'{declaration}?><!DOCTYPE x [<!ENTITY e "{lead}">]>{rest.replace(lead, "&e;")}'
    outside = f'{declaration}?><!DOCTYPE x SYSTEM "file:///etc/hostname">{rest}'
    for text in (entity, outside, "<a>", "", "<a/>", good.replace("soapenv:Envelope", "soapenv:Letter")):
        assert fault(send(mia, text)) == "soapenv:Client"
    assert not mia.get(f"sobjects/Lead/{lead}").json()["IsConverted"]


def test_headers_and_versions_that_are_not_taken(mia: Person, lead: str) -> None:
    text = envelope(mia.token, f"<convertLead>{wish(lead)}</convertLead>")
    assert fault(send(mia, text, headers={"Content-Type": "application/json"})) == "soapenv:Client"
    assert fault(send(mia, text, path="/services/Soap/u/12.0")) == "sf:UNSUPPORTED_API_VERSION"
    bare = mia.request("POST", "/services/Soap/u/66.0", content=text.encode(), headers={"Content-Type": "text/xml"})
    assert fault(bare) == "soapenv:Client"
    assert send(mia, text, path="/services/Soap/u/66.0/00D5g00000000001").status_code == 200
