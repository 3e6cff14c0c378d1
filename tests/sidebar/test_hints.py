"""What a client sends is read strictly, and what is wrong is said by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict

from sidebar.hints import Invalid, read_context, read_filing
from sync.mail import AttachmentKind

HINT: dict[str, Any] = {
    "item_key": "AAMkAGI=",
    "internet_message_id": "<m1@northwind.example>",
    "subject": "Renewal",
    "sent_at": "2026-11-23T08:00:00Z",
    "from": {"address": "Dana@Northwind.EXAMPLE", "name": "Dana Ruiz"},
    "to": [{"address": "mia.keller@larkfield.example", "name": "Mia"}, {"address": "not an address", "name": ""}],
    "attachments": [{"key": "a1", "name": "x.eml", "size": 10, "kind": "message"}],
}


def form(hint: dict[str, Any] | str, **fields: str | list[str]) -> QueryDict:
    query = QueryDict(mutable=True)
    query["hint"] = hint if isinstance(hint, str) else json.dumps(hint)
    for name, value in fields.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


def test_a_hint_is_read_from_a_form() -> None:
    asked = read_context(form(HINT, generation="12"))
    assert asked.generation == "12"
    assert asked.hint.item_key == "AAMkAGI="
    assert asked.hint.from_ is not None
    assert asked.hint.from_.address.endswith("@northwind.example")
    assert asked.hint.sent_at is not None
    assert asked.hint.sent_at.tzinfo is not None
    assert asked.hint.attachments[0].kind is AttachmentKind.MESSAGE


def test_the_same_hint_is_read_from_json() -> None:
    assert read_context({"hint": HINT, "generation": "3"}) == read_context(form(HINT, generation="3"))


def test_an_unreadable_address_is_set_aside_and_named() -> None:
    asked = read_context(form(HINT))
    assert asked.unreadable == ("not an address",)
    assert [address.address for address in asked.hint.to] == ["mia.keller@larkfield.example"]


def test_a_filing_reads_what_was_ticked_once_each() -> None:
    chosen = form(
        HINT, person=["003000000000001AAA"] * 2, record="006000000000001AAA", attachment="a1", confirmed="true"
    )
    _asked, wanted = read_filing(chosen)
    assert wanted.person_ids == ("003000000000001AAA",)
    assert wanted.record_ids == ("006000000000001AAA",)
    assert wanted.attachment_keys == ("a1",)
    assert wanted.confirmed


def test_a_filing_with_nothing_ticked_is_read() -> None:
    _asked, wanted = read_filing(form(HINT))
    assert (wanted.person_ids, wanted.record_ids, wanted.confirmed, wanted.follow) == ((), (), False, False)


def test_a_filing_may_follow_its_conversation() -> None:
    assert read_filing(form(HINT, follow="true"))[1].follow
    assert read_filing({"hint": HINT, "follow": True})[1].follow
    with pytest.raises(Invalid):
        read_filing(form(HINT, follow="perhaps"))


def test_further_fields_of_a_form_are_left_aside() -> None:
    assert read_context(form(HINT, surprise="1")).hint.subject == "Renewal"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item_key": ""}, "hint.item_key"),
        ({"item_key": "a\r\nSet-Cookie: x"}, "hint.item_key"),
        ({"item_key": "x" * 1025}, "hint.item_key"),
        ({"subject": "x" * 4097}, "hint.subject"),
        ({"sent_at": "yesterday"}, "hint.sent_at"),
        ({"sent_at": "2026-11-23T08:00:00"}, "hint.sent_at"),
        ({"to": [{"address": "a@b.example"}] * 1001}, "hint.to"),
        ({"to": "a@b.example"}, "hint.to"),
        ({"attachments": [{"key": "a", "name": "n", "size": -1}]}, "hint.attachments.0.size"),
        ({"attachments": [{"key": "a", "name": "n", "size": 1, "kind": "folder"}]}, "hint.attachments.0.kind"),
        ({"body": "text"}, "hint.body"),
    ],
)
def test_what_is_wrong_is_named_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_context(form({**HINT, **change}))
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [field]


def test_a_problem_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(Invalid) as refused:
        read_context(form({**HINT, "subject": "secret " * 1000}))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"hint"'])
def test_a_hint_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_context(form(text))


def test_a_huge_hint_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid, match="larger than 256 KB"):
        read_context(form('{"item_key": "' + "x" * (256 * 1024) + '"}'))


@pytest.mark.parametrize("record", ["006", "006000000000001AA'", "006000000000001AAA OR"])
def test_a_chosen_id_has_the_form_of_one(record: str) -> None:
    with pytest.raises(Invalid):
        read_filing(form(HINT, record=record))
