"""Every state of the pane in every language: no English is left, and the page turns where the language does."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from scripts import translations
from sidebar.syncpage.words import RULES
from tests.look import pages
from tests.look.registry import Example, examples

#: What examples of these parts hold as data, in English, and views word: `tests/config/test_languages.py` asks those.
_EXAMPLES_OWN = frozenset(
    {
        *("Paused. Nothing is read or filed.", "It is tried again.", "Skipped because it is an automatic message."),
        "Will be filed because people in it are known to Salesforce.",
        "Filed because people in it are known to Salesforce.",
        *("Salesforce refused the email.", "Choose a day.", "Not allowed.", "Account Name", "Fill this in."),
        *map(str, RULES.values()),
    }
)
_READ = frozenset({"title", "alt", "placeholder", "aria-label", "data-sentence", "data-words", "data-failed"})
#: What is the same in the languages that use it.
_LONG = 12


class _Page(HTMLParser):
    """What people read of a page: its text, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"script", "style"}
        self.read += [value for name, value in attrs if name in _READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"script", "style"} and self._code > 0

    def handle_data(self, data: str) -> None:
        if not self._code and data.strip():
            self.read.append(data)


@cache
def english(language: str) -> frozenset[str]:
    """Sentences and phrases that are said otherwise in that language."""
    return frozenset(
        " ".join(one.text.split())
        for one in translations.read(translations.catalogue(language))
        if len(one.text) >= _LONG and " " in one.text and one.texts[0] != one.text and "%(" not in one.text
    )


def left_in(html: str, language: str) -> set[str]:
    """The English words of the catalogue that a page in another language says."""
    page = _Page()
    page.feed(html)
    page.close()
    said = {" ".join(text.split()) for text in page.read}
    return said & english(language)


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_no_english_is_left_in_any_state(language: str) -> None:
    pages.shell.cache_clear()
    left = {}
    for name, example in examples().items():
        if example.language == "en":
            html, _policy = pages.page(replace(example, language=language), "outlook")
            has_own = example.part in ("sync", "reading", "records")
            found = left_in(html, language) - (_EXAMPLES_OWN if has_own else frozenset())
            if found:
                left[name] = found
    assert left == {}


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_the_shell_says_its_language_and_direction(language: str) -> None:
    html, _policy = pages.shell(pages.HOSTS["outlook"], language)
    assert re.search(rf'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"', html)


def test_english_that_is_left_would_be_found() -> None:
    example: Example = examples()["states/throttled"]
    html, _policy = pages.page(example, "outlook")
    assert left_in(html, "de")
    assert "The email is gone" in left_in("<p>The email is  gone</p>", "de")
    assert left_in("<p>Die E-Mail ist weg</p>", "de") == set()
