"""References of an email lead to records of the person's own org, as far as the person may see them."""

from __future__ import annotations

import pytest

from sync.rules.record_links import linked_ids
from sync.services.clients import crm_of
from sync.services.reading.linked import linked_records
from tests.sync.services.stage import Stage
from tests.sync.services.test_beside import one

ORG = "https://larkfield.my.salesforce.com"
ACCOUNT, CASE = "001000000000001AAA", "500000000000001AAA"


@pytest.mark.parametrize(
    "link",
    [
        f"{ORG}/{ACCOUNT}",
        f"see {ORG}/lightning/r/Account/{ACCOUNT}/view, please",
        f"(https://larkfield.lightning.force.com/lightning/r/{ACCOUNT}/view)",
        f"https://LARKFIELD.lightning.force.com/lightning/r/Account/{ACCOUNT}/view?ws=1#top",
    ],
)
def test_links_to_ones_own_org(link: str) -> None:
    assert linked_ids([link], ORG) == (ACCOUNT,)


@pytest.mark.parametrize(
    "link",
    [
        f"https://another.my.salesforce.com/{ACCOUNT}",
        f"https://larkfield.my.salesforce.com.hostile.example/{ACCOUNT}",
        f"https://hostile.example/?{ORG}/{ACCOUNT}",
        f"{ORG}/secur/frontdoor.jsp?sid={ACCOUNT}",
        f"{ORG}/lightning/r/Account/{ACCOUNT[:12]}/view",
        "https://[/" + ACCOUNT,
    ],
)
def test_other_links_are_none(link: str) -> None:
    assert linked_ids([link], ORG) == ()


@pytest.mark.django_db(transaction=True)
def test_what_is_referred_to_is_read_in_one_call_and_kept(stage: Stage) -> None:
    crm = crm_of(stage.actor())
    account = one(stage, "SELECT Id FROM Account WHERE Name = 'Northwind Ltd'")
    case = one(stage, "SELECT Id FROM Case WHERE CaseNumber = '00012877'")
    texts = [f"{crm.instance_url}/lightning/r/Account/{account}/view", f"ref:_00D000000000001._{case[:15]}:ref"]
    stage.sandbox.clear_log()
    found = linked_records(stage.actor(), texts)
    assert [(record.object_name, record.id) for record in found] == [("Account", account), ("Case", case)]
    linked_records(stage.actor(), texts)
    assert stage.calls() == ["POST /services/data/v66.0/composite"]


@pytest.mark.django_db(transaction=True)
def test_a_record_that_is_not_there_is_not_shown(stage: Stage) -> None:
    crm = crm_of(stage.actor())
    assert linked_records(stage.actor(), [f"{crm.instance_url}/001000000000000AAA", "no reference"]) == ()
