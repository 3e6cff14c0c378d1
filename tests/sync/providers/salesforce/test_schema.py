"""What an org offers, read from its describes."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from sync import errors
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.schema import OrgShape, read_hidden_fields, read_shape
from sync.providers.salesforce.soql import FIELDS
from sync.providers.salesforce.urls import record_url
from tests.sync.providers.fakes import BASE, INSTANCE, FakeTokens, error_body, page


def describe(object_name: str, *fields: dict[str, Any]) -> None:
    responses.get(f"{BASE}sobjects/{object_name}/describe", json={"name": object_name, "fields": list(fields)})


def about(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", "createable": True, "filterable": True, **more}


def org(
    *, email: tuple[str, ...] = ("RelatedToId", "MessageIdentifier"), task: tuple[str, ...] = ("TaskWhoIds",)
) -> None:
    responses.get(INSTANCE + "/services/data/", json=[{"version": "66.0"}, {"version": "68.0"}, {"version": "9.0"}])
    describe(
        "Contact",
        about("Email", type="email"),
        about("Other__c", type="email"),
        about("Secret__c", type="email", filterable=False),
        about("IsPersonAccount"),
    )
    describe("Opportunity", about("CurrencyIsoCode"))
    describe("EmailMessage", *(about(name) for name in email))
    children = [{"childSObject": "Attachment", "junctionIdListNames": []}]
    children += [{"childSObject": "TaskWhoRelation", "junctionIdListNames": [name]} for name in task]
    responses.get(BASE + "sobjects/Task/describe", json={"fields": [about("Subject")], "childRelationships": children})
    responses.get(BASE + "query", json=page({"ApiName": "Done"}))


@responses.activate
def test_an_org_with_everything() -> None:
    org()
    assert read_shape(SalesforceClient(FakeTokens())) == OrgShape(
        api_version="68.0",
        enhanced_email=True,
        person_accounts=True,
        email_fields=("Other__c",),
        closed_task_status="Done",
        multi_currency=True,
        shared_activities=True,
    )


@responses.activate
def test_email_to_case_alone_is_not_enhanced_email() -> None:
    org(email=("ParentId",), task=())
    shape = read_shape(SalesforceClient(FakeTokens()))
    assert (shape.enhanced_email, shape.shared_activities) == (False, False)


@responses.activate
def test_an_org_without_the_object_is_no_error() -> None:
    org()
    responses.replace(responses.GET, BASE + "sobjects/EmailMessage/describe", json=error_body("NOT_FOUND"), status=404)
    assert not read_shape(SalesforceClient(FakeTokens())).enhanced_email


@responses.activate
def test_an_org_that_lacks_our_version_of_the_api_is_refused() -> None:
    org()
    responses.replace(responses.GET, INSTANCE + "/services/data/", json=[{"version": "50.0"}])
    with pytest.raises(errors.Refused) as caught:
        read_shape(SalesforceClient(FakeTokens()))
    assert caught.value.code == "UNSUPPORTED_VERSION"


@responses.activate
def test_hidden_fields_are_those_that_this_users_describe_lacks() -> None:
    for object_name, names in FIELDS.items():
        describe(object_name, *(about(name) for name in names if (object_name, name) != ("Account", "Industry")))
    assert read_hidden_fields(SalesforceClient(FakeTokens())) == ("Account.Industry",)


@pytest.mark.parametrize(
    ("instance", "record", "url"),
    [
        ("https://x.my.salesforce.com", "006000000000001AAA", "https://x.my.salesforce.com/006000000000001AAA"),
        ("https://x.my.salesforce.com/", "006000000000001", "https://x.my.salesforce.com/006000000000001"),
        ("https://localhost:9443", "006000000000001AAA", "https://localhost:9443/006000000000001AAA"),
        ("http://x.my.salesforce.com", "006000000000001AAA", ""),
        ("https://x.my.salesforce.com", "../evil", ""),
        ("https://x.my.salesforce.com", "006000000000001AAA\n", ""),
        ("javascript:alert(1)//", "006000000000001AAA", ""),
    ],
)
def test_a_record_has_an_address_in_its_own_instance_only(instance: str, record: str, url: str) -> None:
    assert record_url(instance, record) == url
