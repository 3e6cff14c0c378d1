"""Block lists of organisation and user, internal domains, aliases and plus-addresses."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AddressAlias
from sync.services.party import forget_party
from tests.sync.capture.scene import DANA, MIA, NOOR, OLIVER, TOM, Scene

BLOCKED, FILED = ("skipped", "block-list"), ("captured", "known-people")


@pytest.mark.parametrize("by", ["", "mia"], ids=["organisation", "user"])
@pytest.mark.parametrize("entry", ["dana@northwind.example", "northwind.example", "*.northwind.example"])
def test_an_email_of_which_every_outsider_is_blocked_is_skipped(scene: Scene, by: str, entry: str) -> None:
    scene.block(entry, by)
    scene.switch_on("mia")
    key = scene.arrives("blocked")
    scene.read()
    assert scene.decided(key) == BLOCKED
    assert scene.records(key) == []


def test_a_domain_blocks_its_subdomains_and_no_neighbour(scene: Scene) -> None:
    scene.block("northwind.example")
    scene.switch_on("mia", auto_file_mode="everything-external")
    below = scene.arrives("below", sender="Ops <ops@mail.eu.northwind.example>")
    beside = scene.arrives("beside", sender="Ops <ops@notnorthwind.example>")
    scene.read()
    assert scene.decided(below) == BLOCKED
    assert scene.decided(beside) == ("captured", "everything-external")


def test_whoever_is_blocked_beside_others_is_not_linked(scene: Scene) -> None:
    scene.block("oliver.hartnell@northwind.example")
    scene.switch_on("mia")
    key = scene.arrives("partly", Cc=OLIVER)
    scene.read()
    assert scene.decided(key) == FILED
    assert scene.people(key) == {scene.contact("dana@northwind.example")["Id"]}


def test_a_users_own_list_binds_that_users_mailbox_alone(scene: Scene) -> None:
    scene.block("northwind.example", "mia")
    scene.switch_on("mia", "noor")
    key = scene.arrives("both", at=("mia", "noor"))
    scene.read()
    assert scene.decided(key, "mia") == BLOCKED
    assert scene.decided(key, "noor") == FILED
    assert len(scene.records(key)) == 1


def test_what_one_users_list_blocks_another_mailbox_still_links(scene: Scene) -> None:
    scene.block("oliver.hartnell@northwind.example", "mia")
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("both", at=("mia", "noor"), Cc=OLIVER)
    scene.read()
    scene.let_pass()
    both = {scene.contact(address)["Id"] for address in ("dana@northwind.example", "oliver.hartnell@northwind.example")}
    assert scene.people(key) == both


def test_a_mark_does_not_file_what_is_blocked(scene: Scene) -> None:
    scene.block("northwind.example", "mia")
    scene.switch_on("mia", auto_file_mode="off")
    key = scene.arrives("marked")
    scene.mark("mia", key)
    scene.read()
    assert scene.decided(key) == BLOCKED


def test_a_plus_address_is_tried_as_it_is_and_then_without_its_tag(scene: Scene) -> None:
    scene.switch_on("mia")
    tagged = scene.arrives("tagged", sender="Dana <dana+offers@northwind.example>")
    [exact] = scene.stage.query("SELECT Id, Email FROM Contact WHERE Email LIKE '%+instruments@%'")
    whole = scene.arrives("whole", sender=f"Whole <{exact['Email']}>")
    scene.read()
    assert scene.people(tagged) == {scene.contact("dana@northwind.example")["Id"]}
    assert scene.people(whole) == {exact["Id"]}


def test_an_alias_of_a_colleague_is_internal_whatever_its_domain(scene: Scene) -> None:
    user = scene.stage.users["tom"]
    AddressAlias.objects.create(organisation=scene.stage.organisation, user=user, address="tom.okafor@gmx.example")
    forget_party(scene.stage.actor("mia"))
    scene.switch_on("mia", auto_file_mode="everything-external")
    inside = scene.arrives("inside", sender="Tom <tom.okafor@gmx.example>")
    beside = scene.arrives("beside", sender="Other <other@gmx.example>")
    scene.read()
    assert scene.decided(inside) == ("skipped", "internal-only")
    assert scene.decided(beside) == ("captured", "everything-external")


def test_blind_copies_are_read_from_the_senders_own_copy_and_linked_where_switched_on(scene: Scene) -> None:
    scene.switch_on("mia", "noor", link_blind_copies=True, delay_minutes=3)
    mine = scene.arrives("mine", folder="sentitems", sender=MIA, to=DANA, Bcc=OLIVER)
    theirs = scene.arrives("theirs", sender=DANA, to=MIA, Bcc=OLIVER)
    of_gmail = scene.arrives("gmail", at="noor", folder="sent", sender=NOOR, to=DANA, Bcc=OLIVER)
    scene.read()
    scene.let_pass()
    dana, oliver = (
        scene.contact(address)["Id"] for address in ("dana@northwind.example", "oliver.hartnell@northwind.example")
    )
    assert scene.people(mine) == {dana, oliver}
    assert scene.people(of_gmail) == {dana, oliver}
    assert scene.people(theirs) == {dana}


def test_blind_copies_are_not_linked_and_not_named_where_it_is_off(scene: Scene) -> None:
    scene.switch_on("mia")
    key = scene.arrives("off", folder="sentitems", sender=MIA, to=DANA, Bcc=OLIVER)
    scene.read()
    assert scene.people(key) == {scene.contact("dana@northwind.example")["Id"]}
    assert "oliver" not in repr(scene.record(key))


def test_the_copy_that_knows_of_a_blind_copy_tells_the_one_that_came_first(scene: Scene) -> None:
    scene.switch_on("mia", "tom", link_blind_copies=True, delay_minutes=3)
    what: dict[str, Any] = {"sender": TOM, "to": f"{MIA}, {DANA}", "Date": "Sat, 28 Nov 2026 09:00:00 +0000"}
    key = scene.arrives("shared", at="mia", **what)
    scene.read()
    scene.arrives("shared", at="tom", folder="sentitems", Bcc=OLIVER, **what)
    scene.read()
    scene.let_pass()
    assert scene.contact("oliver.hartnell@northwind.example")["Id"] in scene.people(key)
