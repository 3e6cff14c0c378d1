"""Somebody whom Salesforce does not know: a proposal out of their own signature, and out of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.mail import Address
from sync.services.choosing import BadChoice
from sync.services.reading.unknown import propose
from tests.sync.services.stage import Stage, hint_of

pytestmark = pytest.mark.django_db(transaction=True)

MIME = """From: Noor Haddad <noor.haddad@palmtrade.example>
To: Mia Keller <mia.keller@larkfield.example>
Subject: A first question
Date: Tue, 24 Nov 2026 10:00:00 +0000
Message-ID: <first-question@palmtrade.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello Mia,

do you deliver to Lyon?

Kind regards
Noor Haddad
Head of Purchasing
Palm Trade SARL
Tel. +33 4 12 34 56 78
Mobile +33 6 12 34 56 78
"""


def test_a_proposal_comes_from_the_sender_s_own_signature(stage: Stage) -> None:
    stage.receive(MIME)
    hint = hint_of(stage.message("A first question"))
    stage.sandbox.clear_log()
    found = propose(stage.actor(), hint, "Noor.Haddad@palmtrade.example")
    assert found.read
    assert found.defaults["Contact"] == {
        "FirstName": "Noor",
        "LastName": "Haddad",
        "Email": "noor.haddad@palmtrade.example",
        "Title": "Head of Purchasing",
        "Phone": "+33 4 12 34 56 78",
        "MobilePhone": "+33 6 12 34 56 78",
    }
    assert found.defaults["Lead"]["Company"] == "Palm Trade SARL"
    assert found.defaults["Account"]["Website"] == "https://palmtrade.example"
    assert stage.calls() == []


def test_nobody_else_has_signed(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    stage.sandbox.clear_log()
    found = propose(stage.actor(), hint_of(message), "li.wei@northwind.example")
    assert found.defaults["Contact"] == {"FirstName": "Li", "LastName": "Wei", "Email": "li.wei@northwind.example"}
    assert stage.calls("graph") == []


@pytest.mark.parametrize("address", ["stranger@elsewhere.example", "tom.okafor@larkfield.example", "no address"])
def test_only_people_of_the_email_from_outside(stage: Stage, address: str) -> None:
    with pytest.raises(BadChoice):
        propose(stage.actor(), hint_of(stage.message("Northwind renewal")), address)


def test_a_hint_that_names_another_sender_reads_nothing(stage: Stage) -> None:
    """What the client says of an email is a hint: the signature belongs to whom the mailbox says it is from."""
    hint = replace(hint_of(stage.message("Northwind renewal")), from_=Address("eve@hostile.example", "Eve"))
    found = propose(stage.actor(), hint, "eve@hostile.example")
    assert not found.read
    assert found.defaults["Contact"] == {"LastName": "Eve", "Email": "eve@hostile.example"}


def test_a_mailbox_that_does_not_answer_leaves_name_and_address(stage: Stage) -> None:
    hint = hint_of(stage.message("Northwind renewal"))
    stage.sandbox.fault(service="graph", kind="error", status=503, times=20)
    found = propose(stage.actor(), hint, "dana@northwind.example")
    assert (found.read, found.defaults["Contact"]["LastName"]) == (False, "Ruiz")
