"""What each mode files by itself, and on which record."""

from __future__ import annotations

import pytest

from accounts.preferences import choose
from tests.sync.capture.scene import DANA, LI_WEI, NOBODY, TOM, Scene

FREE_MAIL = "Somebody <somebody.else@gmail.com>"
TWO_ACCOUNTS = "Newcomer <newcomer@brightwater.example>"
LETTERS = {"known": DANA, "domain": LI_WEI, "two": TWO_ACCOUNTS, "free": FREE_MAIL, "nobody": NOBODY, "inside": TOM}
UNKNOWN, INSIDE = ("skipped", "unknown-people"), ("skipped", "internal-only")
TABLE = {
    "off": dict.fromkeys(LETTERS, ("skipped", "mode-off")) | {"inside": INSIDE},
    "known-people": dict.fromkeys(LETTERS, UNKNOWN) | {"known": ("captured", "known-people"), "inside": INSIDE},
    "same-domain": {
        **dict.fromkeys(("known", "domain", "two"), ("captured", "same-domain")),
        "free": UNKNOWN,
        "nobody": UNKNOWN,
        "inside": INSIDE,
    },
    "everything-external": dict.fromkeys(LETTERS, ("captured", "everything-external")) | {"inside": INSIDE},
}


@pytest.mark.parametrize("name", ["mia", "noor"])
@pytest.mark.parametrize("mode", TABLE)
def test_a_mode_files_what_it_says(scene: Scene, mode: str, name: str) -> None:
    scene.switch_on(name, auto_file_mode=mode)
    sent = {key: scene.arrives(key, at=name, sender=sender) for key, sender in LETTERS.items()}
    scene.read()
    assert {key: scene.decided(identifier, name) for key, identifier in sent.items()} == TABLE[mode]
    filed = {key for key, identifier in sent.items() if scene.records(identifier)}
    assert filed == {key for key, (outcome, _) in TABLE[mode].items() if outcome == "captured"}


def test_one_account_of_the_domain_is_what_it_is_filed_on_and_of_several_none(scene: Scene) -> None:
    scene.switch_on("mia", auto_file_mode="same-domain")
    one, several = scene.arrives("one", sender=LI_WEI), scene.arrives("several", sender=TWO_ACCOUNTS)
    scene.read()
    assert scene.record(one)["RelatedToId"] == scene.contact("dana@northwind.example")["AccountId"]
    assert scene.record(several)["RelatedToId"] is None
    assert scene.people(one) == set()


def test_everything_external_keeps_the_addresses_alone_of_people_unknown(scene: Scene) -> None:
    scene.switch_on("mia", auto_file_mode="everything-external")
    key = scene.arrives("stranger", sender=NOBODY)
    scene.read()
    record = scene.record(key)
    assert (record["FromAddress"], record["RelatedToId"]) == ("nobody@nowhere.example", None)
    assert scene.people(key) == set()


def test_a_users_own_mode_counts_for_their_mailbox_alone(scene: Scene) -> None:
    scene.switch_on("mia", "tom", auto_file_mode="known-people")
    choose(scene.stage.actor("tom"), "auto_file_mode", "off")
    key = scene.arrives("both", at=("mia", "tom"))
    scene.read()
    assert scene.decided(key, "mia") == ("captured", "known-people")
    assert scene.decided(key, "tom") == ("skipped", "mode-off")
    assert len(scene.records(key)) == 1


def test_a_lead_alone_is_linked_without_a_business_record(scene: Scene) -> None:
    scene.switch_on("mia")
    [lead] = scene.stage.query("SELECT Id, Email FROM Lead WHERE IsConverted = false ORDER BY Email LIMIT 1")
    key = scene.arrives("lead", sender=f"Lead <{lead['Email']}>")
    scene.read()
    assert scene.people(key) == {lead["Id"]}
    assert scene.record(key)["RelatedToId"] is None


def test_where_a_contact_is_matched_a_lead_of_another_address_is_not_linked(scene: Scene) -> None:
    scene.switch_on("mia")
    leads = scene.stage.query("SELECT Id, Email FROM Lead WHERE IsConverted = false ORDER BY Email LIMIT 2")
    both = scene.arrives("both", Cc=f"Lead <{leads[0]['Email']}>")
    two = scene.arrives("two", sender=f"One <{leads[0]['Email']}>", Cc=f"Two <{leads[1]['Email']}>")
    scene.read()
    assert scene.people(both) == {scene.contact("dana@northwind.example")["Id"]}
    assert scene.people(two) == {leads[0]["Id"]}
