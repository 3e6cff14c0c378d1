"""No state without an example: each template, each sentence of it, each member of the closed lists is shown by one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Template
from django.test.signals import template_rendered
from django.test.utils import instrumented_test_render  # type: ignore[attr-defined]
from django.utils import translation
from django.utils.translation import trans_real
from django.utils.translation.template import templatize

from sidebar.shell import client_states
from sync.services.status import StatusKind
from tests.look import pages
from tests.look.registry import PARTS, Example, examples
from tests.sidebar import examples as emails

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


#: Folders of templates that people see in the pane. Everything in them has an example.
ROOMS = ("pane", "pane/customise", "pane/parts", "pane/reading", "pane/states", "pane/records", "sync")
_MESSAGE = re.compile(r"""\b(?:_|gettext|pgettext|ngettext|npgettext)\(u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""")


class Drawn:
    """What was rendered and which words were asked for while every example was drawn once."""

    def __init__(self) -> None:
        self.templates: set[str] = set()
        self.words: set[str] = set()
        self.pages: dict[str, str] = {}


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    record = Drawn()

    def rendered(sender: Any, template: Template, **_: Any) -> None:
        if template.name:
            record.templates.add(template.name)

    real, real_plural = trans_real.gettext, trans_real.ngettext

    def asked(message: str) -> str:
        record.words.add(_plain(message))
        return real(message)

    def asked_plural(singular: str, plural: str, number: int) -> str:
        record.words.add(_plain(singular))
        return real_plural(singular, plural, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", instrumented_test_render)
        translation.gettext("")
        patch.setattr(translation._trans, "gettext", asked)  # type: ignore[attr-defined]
        patch.setattr(translation._trans, "ngettext", asked_plural)  # type: ignore[attr-defined]
        template_rendered.connect(rendered)
        pages.shell.cache_clear()
        try:
            for example in examples().values():
                for host in [example.host] if example.host else pages.HOSTS:
                    record.pages[f"{example.name} {host}"] = pages.page(example, host)[0]
        finally:
            template_rendered.disconnect(rendered)
    return record


def _plain(message: str) -> str:
    return " ".join(str(message).split())


def _templates() -> list[str]:
    return sorted(str(path.relative_to(TEMPLATES)) for room in ROOMS for path in (TEMPLATES / room).glob("*.html"))


def _words(template: str) -> set[str]:
    """The sentences that a template may say, as makemessages finds them."""
    source = templatize((TEMPLATES / template).read_text(encoding="utf-8"))
    return {_plain((one or other).replace("\\'", "'").replace('\\"', '"')) for one, other in _MESSAGE.findall(source)}


def test_every_part_has_examples_and_names_are_addresses() -> None:
    found = examples()
    assert {example.part for example in found.values()} == set(PARTS)
    assert all(re.fullmatch(r"[a-z-]+/[a-z0-9-]+", name) for name in found)
    assert len({example.slug for example in found.values()}) == len(found)
    assert all(example.says for example in found.values())


def test_every_template_of_the_pane_is_shown(drawn: Drawn) -> None:
    assert [name for name in _templates() if name not in drawn.templates] == []


@pytest.mark.parametrize("template", _templates())
def test_every_sentence_of_a_template_is_shown(template: str, drawn: Drawn) -> None:
    assert sorted(_words(template) - drawn.words) == []


def test_every_kind_of_status_is_shown(drawn: Drawn) -> None:
    whole = "".join(drawn.pages.values())
    assert [kind for kind in StatusKind if f'data-kind="{kind.value}"' not in whole] == []


def test_every_state_of_the_client_and_of_the_server_is_shown() -> None:
    found = examples()
    assert {example.state for example in found.values() if example.state} == {name for name, _, _ in client_states()}
    assert [name for name in emails.STATES if f"states/{name}" not in found] == []


def test_every_language_is_shown(drawn: Drawn, settings: Any) -> None:
    shown = {example.language for example in examples().values()}
    assert shown == {code for code, _ in settings.LANGUAGES}
    for example in examples().values():
        page = drawn.pages[f"{example.name} {example.host or 'outlook'}"]
        assert f'<html lang="{example.language}" dir="{"rtl" if example.language == "ar" else "ltr"}"' in page


def test_what_is_not_shown_would_be_found(drawn: Drawn) -> None:
    """The measures above measure: a sentence that no example says, and a template that none renders, are not there."""
    assert _words("pane/foot.html") > {"Follow this conversation"}
    assert "Follow this conversation" in drawn.words
    assert "Take the day off" not in drawn.words
    assert Example("email/x", "x").places() == {}
