"""The library that the product uses, against the running process."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound
from simple_salesforce.format import format_soql

from tests.sandbox_process import SandboxProcess


@pytest.fixture
def salesforce(sandbox: SandboxProcess) -> Any:
    tokens = sandbox.salesforce_login("mia")
    return Salesforce(
        session_id=tokens["access_token"],
        instance_url=tokens["instance_url"],
        version="66.0",
        session=sandbox.session(),
    )


def _code(refusal: Any) -> str:
    return str(refusal.content[0]["errorCode"])


def test_records_live_and_die(salesforce: Any) -> None:
    contact = salesforce.Contact
    made = contact.create({"LastName": "Noor", "Email": "noor@new.example"})
    assert made["success"] is True
    assert contact.update(made["id"], {"FirstName": "Ana"}) == 204
    assert contact.get(made["id"])["Name"] == "Ana Noor"
    assert contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as gone:
        contact.get(made["id"])
    assert _code(gone.value) == "ENTITY_IS_DELETED"
    with pytest.raises(SalesforceMalformedRequest) as refused:
        contact.create({"FirstName": "x"})
    assert _code(refused.value) == "REQUIRED_FIELD_MISSING"


def test_queries_and_searches(salesforce: Any) -> None:
    text = format_soql("SELECT Id, Account.Name FROM Contact WHERE Email IN {}", ["dana@northwind.example"])
    assert salesforce.query_all(text)["records"][0]["Account"]["Name"] == "Northwind Ltd"
    assert salesforce.query_all("SELECT Id FROM Contact")["totalSize"] == 120
    assert salesforce.quick_search("dana")["searchRecords"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query("SELECT Foo FROM Contact")
    assert _code(refused.value) == "INVALID_FIELD"


def test_describes(salesforce: Any) -> None:
    described = salesforce.describe()
    assert described is not None
    assert "EmailMessage" in [entry["name"] for entry in described["sobjects"]]
    names = [field["name"] for field in salesforce.EmailMessage.describe()["fields"]]
    assert {"MessageIdentifier", "RelatedToId"} <= set(names)
    assert salesforce.limits()["DailyApiRequests"]["Max"] > 0


def test_one_composite_is_one_call(salesforce: Any, sandbox: SandboxProcess) -> None:
    salesforce.query("SELECT Id FROM Contact LIMIT 1")
    before = salesforce.api_usage["api-usage"].used
    sandbox.clear_log()
    body = {
        "compositeRequest": [
            {"method": "GET", "url": f"/services/data/v66.0/sobjects/{name}/describe", "referenceId": name}
            for name in ("Contact", "Lead", "Account")
        ]
    }
    answer: Any = salesforce.restful("composite", method="POST", json=body)
    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [200, 200, 200]
    assert salesforce.api_usage["api-usage"].used == before + 1
    assert len(sandbox.log("salesforce")) == 1


def test_a_changed_setup_ends_with_the_reset(salesforce: Any, sandbox: SandboxProcess) -> None:
    sandbox.change_org(enhanced_email=False)
    assert "RelatedToId" not in [field["name"] for field in salesforce.EmailMessage.describe()["fields"]]
    sandbox.reset()
    salesforce.session_id = sandbox.salesforce_login("mia")["access_token"]
    salesforce.headers["Authorization"] = f"Bearer {salesforce.session_id}"
    assert "RelatedToId" in [field["name"] for field in salesforce.EmailMessage.describe()["fields"]]
