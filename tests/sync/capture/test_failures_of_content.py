"""Content and access, as far as capture meets them: row by row how it fails elsewhere, and what happens here."""

from __future__ import annotations

import pytest
from django.apps import apps

from sync.models import Item
from tests.sync.capture.scene import DANA, File, Scene, files_of, issues

FILED = ("captured", "known-people")
PNG = b"\x89PNG\r\n\x1a\n picture "


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_inline_parts_and_attachments_are_not_mixed_up(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    html = '<p>See <img src="cid:shown@x.example"></p>'
    files = (
        File("shown.png", PNG + b"1", "image/png", "shown@x.example"),
        File("unshown.png", PNG + b"2", "image/png", "unshown@x.example"),
        File("attached.png", PNG + b"3", "image/png"),
    )
    key = scene.arrives("inline", at=name, html=html, files=files)
    scene.read()
    assert {one: state for one, (state, _) in files_of(key).items()} == {"unshown.png": "done", "attached.png": "done"}


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_what_is_left_out_is_listed_by_name_with_a_reason(scene: Scene, name: str) -> None:
    scene.switch_on(name, max_file_mib=1)
    key = scene.arrives("large", at=name, files=(File("large.bin", b"x" * (2**20 + 1)),))
    scene.read()
    state, words = files_of(key)["large.bin"]
    assert state == "parked"
    assert words
    assert len(scene.records(key)) == 1


QUOTES = (
    "o'brien'@northwind.example",
    "a_b%c@northwind.example",
    "\"\\\\' OR Name LIKE '%\"@northwind.example",
    "x') OR (Email LIKE '%@northwind.example",
)


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_an_address_cannot_break_out_of_a_query(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    keys = [scene.arrives(f"quoted-{place}", at=name, sender=f"X <{one}>") for place, one in enumerate(QUOTES)]
    good = scene.arrives("good", at=name)
    scene.read()
    assert scene.decided(good, name) == FILED
    for key in keys:
        assert scene.decided(key, name) in {("skipped", "unknown-people"), ("failed", "malformed")}
        assert scene.records(key) == []


@pytest.mark.parametrize("identifier", ["<it's';--@x.example>", "<100%_sure@x.example>", "<back\\slash@x.example>"])
def test_a_message_id_cannot_break_out_of_a_query(scene: Scene, identifier: str) -> None:
    scene.switch_on("mia", "noor", delay_minutes=3)
    key = scene.arrives("quoted", at=("mia", "noor"), message_id=identifier)
    assert key == identifier
    scene.read()
    scene.let_pass()
    assert len(scene.records(key)) == 1
    assert {scene.decided(key, name)[0] for name in ("mia", "noor")} == {"captured"}


def test_a_wildcard_in_an_address_matches_nobody(scene: Scene) -> None:
    scene.switch_on("mia")
    key = scene.arrives("wild", sender="Wild <dan_@northwind.example>")
    scene.read()
    assert scene.decided(key) == ("skipped", "unknown-people")


@pytest.mark.parametrize("name", ["mia", "noor"])
def test_a_damaged_message_is_an_issue_of_its_own_and_the_rest_is_filed(scene: Scene, name: str) -> None:
    scene.switch_on(name)
    nested = "".join(
        f"--b{depth}\r\nContent-Type: multipart/mixed; boundary=b{depth + 1}\r\n\r\n" for depth in range(70)
    )
    damaged = scene.arrives("damaged", at=name, kind="multipart/mixed; boundary=b0", text=nested)
    good = scene.arrives("good", at=name)
    scene.read()
    assert scene.decided(good, name) == FILED
    # Graph hands out what it has made of the message; Gmail the message itself, and that only when it is fetched whole.
    assert scene.decided(damaged, name) == (FILED if name == "mia" else ("failed", "malformed"))
    assert issues() == ([] if name == "mia" else ["malformed"])


def test_nothing_of_a_message_stays_in_the_ledger_once_it_is_decided(scene: Scene) -> None:
    scene.switch_on("mia", "noor")
    secret = "Zebra-crossing-7731"
    for name in ("mia", "noor"):
        scene.arrives("known", at=name, Subject=secret, text=secret, message_id=f"<k.{name}@northwind.example>")
        scene.arrives("unknown", at=name, Subject=secret, text=secret, sender="Q <quagga@unknown-7731.example>")
    scene.read()
    kept = repr([list(model._default_manager.values()) for model in apps.get_app_config("sync").get_models()])
    assert secret not in kept
    assert "quagga" not in kept
    assert DANA.partition("<")[2].rstrip(">") not in kept
    assert Item.objects.filter(user=scene.stage.users["mia"]).exists()
