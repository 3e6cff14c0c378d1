"""In which language somebody is answered: their own choice, the mail client's, the browser's. Nothing else counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from accounts import crypto, preferences
from accounts.actor import Actor
from accounts.services import create_user
from sync.said import in_the_readers_language
from sync.services.outcomes import NO_ANSWER
from tests.sessions import open_session
from tests.sidebar.people import Office, make_office

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A request's language is the thread's."""
    yield
    translation.activate("en")


@pytest.fixture
def office() -> Office:
    crypto.forget_keys()
    cache.clear()
    return make_office()


def settings_of(office: Office, **headers: str) -> tuple[str, str]:
    """What the page of settings says, and the language that it says it in."""
    session = {"Authorization": f"Bearer {open_session(office.mia.user)}"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Client().get("/pane/sync/settings/", headers={**session, **named})
    assert answer.status_code == 200, answer.content
    return answer.content.decode(), answer.headers["Content-Language"]


@pytest.mark.parametrize(
    ("headers", "language", "words"),
    [
        ({}, "en", "What is filed by itself"),
        ({"accept_language": "fr-CA,fr;q=0.9"}, "fr", "Ce qui est classé automatiquement"),
        ({"x_language": "de-AT", "accept_language": "fr"}, "de", "Was von selbst abgelegt wird"),
        ({"x_language": "es_MX"}, "es", "Lo que se archiva solo"),
        ({"x_language": "ar-EG"}, "ar", "ما يُحفظ تلقائيًا"),
        ({"x_language": "tlh", "accept_language": "de"}, "de", "Was von selbst abgelegt wird"),
        ({"x_language": '"><script>alert(1)</script>'}, "en", "What is filed by itself"),
        ({"x_language": "de" * 400}, "en", "What is filed by itself"),
    ],
)
def test_the_mail_clients_language_goes_before_the_browsers(
    office: Office, headers: dict[str, str], language: str, words: str
) -> None:
    page, spoken = settings_of(office, **headers)
    assert spoken == language
    assert words in page
    assert "<script>" not in page


def test_what_views_word_is_in_the_readers_language(office: Office) -> None:
    office.item("a", "skipped", "automatic-mail")
    client = Client(headers={"Authorization": f"Bearer {open_session(office.mia.user)}", "X-Language": "de"})
    decisions = client.get(f"/pane/sync/mailboxes/{office.mailbox.pk}/decisions/").content.decode()
    assert "Übersprungen, weil es eine automatische Nachricht ist." in decisions
    assert "Automatische Nachricht" in decisions
    paused = client.post(f"/pane/sync/mailboxes/{office.mailbox.pk}/pause/").content.decode()
    assert "Angehalten. Nichts wird gelesen oder abgelegt." in paused
    office.issue()
    assert "Salesforce hat die E-Mail abgelehnt." in client.get("/pane/sync/issues/").content.decode()


def test_ones_own_choice_goes_before_both(office: Office) -> None:
    session = {"Authorization": f"Bearer {open_session(office.mia.user)}"}
    answer = Client().post("/pane/sync/settings/language/", {"value": "de"}, headers=session)
    assert answer.status_code == 200, answer.content
    page, spoken = settings_of(office, x_language="fr")
    assert (spoken, "Was von selbst abgelegt wird" in page) == ("de", True)
    assert Client().post("/pane/sync/settings/language/", {"value": "tlh"}, headers=session).status_code == 422
    Client().post("/pane/sync/settings/language/", {"value": ""}, headers=session)
    assert settings_of(office, x_language="fr")[1] == "fr"


def test_an_organisation_that_settles_it_settles_it_for_everybody(office: Office) -> None:
    ines = create_user(office.organisation, email="ines@larkfield.example", administrator=True)
    preferences.set_for_organisation(Actor.of(ines), "language", "es", forced=True)
    cache.clear()
    assert settings_of(office, x_language="fr")[1] == "es"


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("de", "ltr"), ("nonsense", "ltr")])
def test_the_shell_can_be_asked_for_in_a_language(language: str, direction: str) -> None:
    page = Client().get(f"/pane/outlook/?lang={language}").content.decode()
    assert f'<html lang="{"en" if language == "nonsense" else language}" dir="{direction}"' in page


def test_the_api_answers_in_the_language_too(office: Office) -> None:
    answer = Client().get("/api/v1/sync/settings/", headers={"X-Language": "de"})
    assert answer.status_code == 401
    assert answer.headers["Content-Language"] == "de"


def test_what_was_kept_is_worded_when_it_is_read() -> None:
    assert "No answer" not in NO_ANSWER
    with translation.override("de"):
        assert in_the_readers_language(NO_ANSWER) == "Es kam keine Antwort, sooft es auch versucht wurde."
        assert in_the_readers_language("Salesforce’s own words") == "Salesforce’s own words"
        assert in_the_readers_language("") == ""
