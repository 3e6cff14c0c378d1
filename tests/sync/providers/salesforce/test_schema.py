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
from tests.sync.providers.fakes import INSTANCE, FakeTokens, error_body, on_composite, page, sent_json


def about(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", "createable": True, "filterable": True, **more}


def described(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"fields": list(fields), **more}


def org(
    *,
    email: tuple[str, ...] = ("RelatedToId", "MessageIdentifier"),
    task: tuple[str, ...] = ("TaskWhoIds",),
    **parts: Any,
) -> None:
    versions = [{"version": "66.0"}, {"version": "68.0"}, {"version": "9.0"}]
    responses.get(INSTANCE + "/services/data/", json=versions)
    children = [{"childSObject": "Attachment", "junctionIdListNames": []}]
    children += [{"childSObject": "TaskWhoRelation", "junctionIdListNames": [name]} for name in task]
    contact = described(
        about("Email", type="email"),
        about("Other__c", type="email"),
        about("Secret__c", type="email", filterable=False),
        about("IsPersonAccount"),
    )
    on_composite(
        {
            "Contact": contact,
            "Opportunity": described(about("CurrencyIsoCode")),
            "EmailMessage": described(*(about(name) for name in email)),
            "Task": described(about("Subject"), childRelationships=children),
            "statuses": page({"ApiName": "Done"}),
            **parts,
        }
    )


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
    assert len(responses.calls) == 2
    (asked,) = [sent_json(call.request) for call in responses.calls if call.request.method == "POST"]
    assert [part["url"] for part in asked["compositeRequest"][:4]] == [
        f"/services/data/v66.0/sobjects/{name}/describe" for name in ("Contact", "Opportunity", "EmailMessage", "Task")
    ]


@responses.activate
def test_email_to_case_alone_is_not_enhanced_email() -> None:
    org(email=("ParentId",), task=())
    shape = read_shape(SalesforceClient(FakeTokens()))
    assert (shape.enhanced_email, shape.shared_activities) == (False, False)


@pytest.mark.parametrize(
    "answer", [(404, error_body("NOT_FOUND")), (400, error_body("INVALID_TYPE", "sObject type is not supported"))]
)
@responses.activate
def test_an_org_without_the_object_is_no_error(answer: Any) -> None:
    org(EmailMessage=answer)
    assert not read_shape(SalesforceClient(FakeTokens())).enhanced_email


@pytest.mark.parametrize("part", ["Contact", "EmailMessage", "statuses"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((403, error_body("REQUEST_LIMIT_EXCEEDED")), errors.QuotaSpent),
        ((500, error_body("UNKNOWN_EXCEPTION")), errors.Unavailable),
        ([], errors.Unavailable),
    ],
)
@responses.activate
def test_a_part_that_fails_is_no_shape(part: str, answer: Any, expected: type[Exception]) -> None:
    org(**{part: answer})
    with pytest.raises(expected):
        read_shape(SalesforceClient(FakeTokens()))


@responses.activate
def test_an_org_that_lacks_our_version_of_the_api_is_refused() -> None:
    org()
    responses.replace(responses.GET, INSTANCE + "/services/data/", json=[{"version": "50.0"}])
    with pytest.raises(errors.Refused) as caught:
        read_shape(SalesforceClient(FakeTokens()))
    assert caught.value.code == "UNSUPPORTED_VERSION"


@responses.activate
def test_hidden_fields_are_those_that_this_users_describe_lacks() -> None:
    on_composite(
        {
            object_name: described(*(about(name) for name in names if (object_name, name) != ("Account", "Industry")))
            for object_name, names in FIELDS.items()
        }
    )
    assert read_hidden_fields(SalesforceClient(FakeTokens())) == ("Account.Industry",)
    assert len(responses.calls) == 1


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
