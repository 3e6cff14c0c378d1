"""A followed conversation is filed in mode off too, on the same record, until it ends or is stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.preferences import set_for_organisation
from sync.capture.follows import follow, unfollow
from sync.models import Follow
from tests.sync.capture import engine
from tests.sync.capture.scene import LI_WEI, NOBODY, Scene, activity_of

OFF = ("skipped", "mode-off")


def followed(scene: Scene, name: str, key: str = "first") -> str:
    """An email that was filed, whose conversation its person follows; automatic filing is off from then on."""
    scene.switch_on(name)
    first = scene.arrives(key, at=name)
    scene.read()
    assert scene.decided(first, name) == ("captured", "known-people")
    follow(scene.stage.actor(name), activity_of(first))
    engine.choose(scene.stage.actor("ines"), auto_file_mode="off")
    return first


def answer(scene: Scene, key: str, to: str, name: str = "mia", **what: Any) -> str:
    what = {"In_Reply_To": to, "References": to, "Subject": "Re: About first"} | what
    return scene.arrives(key, at=name, **what)


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_an_answer_in_it_is_filed_on_the_same_record_in_mode_off(scene: Scene, name: str) -> None:
    first = followed(scene, name)
    reply, other = answer(scene, "reply", first, name), scene.arrives("other", at=name)
    scene.read()
    assert scene.decided(reply, name) == ("captured", "followed-thread")
    assert scene.decided(other, name) == OFF
    assert scene.record(reply)["RelatedToId"] == scene.record(first)["RelatedToId"]


def test_people_are_matched_anew_and_strangers_join_with_somebody_who_was_there(scene: Scene) -> None:
    first = followed(scene, "mia")
    with_dana = answer(scene, "with", first, Cc=NOBODY)
    alone = answer(scene, "alone", first, sender=NOBODY)
    scene.read()
    assert scene.decided(with_dana) == ("captured", "followed-thread")
    assert scene.decided(alone) == OFF


def test_references_to_a_filed_email_join_it_where_the_provider_sees_another_conversation(scene: Scene) -> None:
    first = followed(scene, "mia")
    Follow.objects.update(conversation_id="another")
    reply = answer(scene, "reply", first)
    scene.read()
    assert scene.decided(reply) == ("captured", "followed-thread")


def test_whoever_only_knows_the_message_id_gets_nothing_filed(scene: Scene) -> None:
    first = followed(scene, "mia")
    stranger = answer(scene, "stranger", first, sender=LI_WEI)
    scene.read()
    assert scene.decided(stranger) == OFF


def test_it_ends_with_its_time(scene: Scene) -> None:
    first = followed(scene, "mia")
    Follow.objects.update(until=timezone.now() - timedelta(minutes=1))
    reply = answer(scene, "reply", first)
    scene.read()
    assert scene.decided(reply) == OFF


def test_each_received_message_prolongs_it(scene: Scene) -> None:
    set_for_organisation(scene.stage.actor("ines"), "follow_days", 30)
    first = followed(scene, "mia")
    Follow.objects.update(until=timezone.now() + timedelta(days=2))
    answer(scene, "reply", first)
    scene.read()
    until = Follow.objects.get().until
    assert timedelta(days=29) < until - timezone.now() <= timedelta(days=30)


def test_it_ends_when_it_is_stopped(scene: Scene) -> None:
    first = followed(scene, "mia")
    assert unfollow(scene.stage.actor("mia"), activity_of(first))
    reply = answer(scene, "reply", first)
    scene.read()
    assert scene.decided(reply) == OFF
    assert not unfollow(scene.stage.actor("mia"), activity_of(first))


def test_it_is_that_users_own(scene: Scene) -> None:
    scene.switch_on("noor")
    first = followed(scene, "mia")
    reply = answer(scene, "reply", first, "noor")
    scene.read()
    assert scene.decided(reply, "noor") == OFF


def test_private_mail_in_it_is_not_filed(scene: Scene) -> None:
    first = followed(scene, "mia")
    reply = answer(scene, "reply", first, Sensitivity="Private")
    scene.read()
    assert scene.decided(reply) == ("skipped", "private")
