"""The pane while an email is written: what it offers, by how the person's mailbox stands."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from lxml import html as lxml_html

from accounts import crypto
from accounts.actor import Actor
from accounts.preferences import set_for_organisation
from accounts.services import create_user
from accounts.signing_in import begin_session
from sync.models import Mailbox
from tests.sidebar.people import Office, make_office
from tests.sidebar.test_pages import PAYLOADS

TENANT = "aaaaaaaa-0000-4000-8000-00000000000a"
OID = "00000000-0000-4000-8000-00000000000f"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office() -> Office:
    crypto.forget_keys()
    cache.clear()
    return make_office()


def shown(person: Any) -> lxml_html.HtmlElement:
    answer = person.page.get("/pane/compose/", headers={"X-Item-Key": "draft", "X-Generation": "7"})
    assert answer.status_code == 200
    assert (answer.headers["X-Item-Key"], answer.headers["X-Generation"]) == ("draft", "7")
    return lxml_html.fromstring(f"<div>{answer.content.decode()}</div>")


def test_a_mailbox_that_is_read_offers_the_switch_with_its_mark(office: Office) -> None:
    (box,) = shown(office.mia).xpath("//input[@data-mark]")
    assert box.get("data-name") == "Salesforce"
    assert box.get("disabled") is not None  # until the mail client has said how the draft stands
    twin = office.mia.page.get("/api/v1/compose/")
    assert twin.json() == {"mark_name": "Salesforce", "mark_kind": "category", "reader": "active"}


@pytest.mark.parametrize(
    ("state", "reader", "words"),
    [
        (Mailbox.State.PAUSED, "paused", "Your mailbox is paused"),
        (Mailbox.State.NEEDS_RECONNECT, "reconnect", "has to be connected again"),
    ],
)
def test_a_mailbox_that_is_not_read_says_why_and_what_to_do(
    office: Office, state: str, reader: str, words: str
) -> None:
    Mailbox.objects.filter(pk=office.mailbox.pk).update(state=state)
    page = shown(office.mia)
    assert not page.xpath("//input[@data-mark]")
    assert words in page.text_content()
    assert office.mia.page.get("/api/v1/compose/").json()["reader"] == reader


def test_somebody_without_a_mailbox_is_told_so(office: Office) -> None:
    page = shown(office.rita)
    assert not page.xpath("//input[@data-mark]")
    assert "is not read by Alongside" in page.text_content()


def in_gmail(office: Office) -> Client:
    """Mia's pane beside Gmail."""
    token, _ = begin_session(office.mia.user, client="gmail")
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("state", "language"),
    [
        *((Mailbox.State.ACTIVE, language) for language in ("en", "de", "fr", "es", "ar")),
        *((state, "en") for state in (Mailbox.State.PAUSED, Mailbox.State.NEEDS_RECONNECT, None)),
    ],
)
def test_gmail_s_words_are_a_label_and_sent(office: Office, state: str | None, language: str) -> None:
    Mailbox.objects.filter(pk=office.mailbox.pk).update(provider="gmail", state=state or Mailbox.State.ENDED)
    asked = {"X-Item-Key": "draft", "X-Generation": "7", "Accept-Language": language}
    answer = in_gmail(office).get("/pane/compose/", headers=asked)
    page: Any = lxml_html.fromstring(f"<div>{answer.content.decode()}</div>")
    assert not page.xpath("//input[@data-mark]")  # a switch that Gmail would not take
    (text,) = page.xpath("//div[@data-state='compose']//p")
    outlooks = {
        "en": ("categor", "Sent Items"),
        "de": ("Kategorie", "Gesendeten Elementen"),
        "fr": ("catégorie", "Éléments envoyés"),
        "es": ("categoría", "Elementos enviados"),
        "ar": ("الفئة", "العناصر المرسلة"),
    }
    assert not [word for word in outlooks[language] if word in text.text_content()]
    folder = {"en": "Sent", "de": "„Gesendet“", "fr": "Messages envoyés", "es": "Enviados", "ar": "البريد المرسل"}
    assert folder[language] in text.text_content()
    if state == Mailbox.State.ACTIVE:
        label = {"en": "label", "de": "Label", "fr": "libellé", "es": "etiqueta", "ar": "التصنيف"}
        assert label[language] in text.text_content()
        assert text.xpath("bdi/text()") == ["Salesforce"]


def test_of_two_mailboxes_the_one_beside_the_pane_counts(office: Office) -> None:
    """Mia's mailbox is Microsoft's: beside Gmail nothing of hers is read."""
    assert office.mia.page.get("/api/v1/compose/").json()["reader"] == "active"
    beside_gmail = in_gmail(office).get("/api/v1/compose/").json()
    assert beside_gmail == {"mark_name": "Salesforce", "mark_kind": "label", "reader": "none"}


def administrator_of(office: Office) -> Actor:
    user = create_user(
        office.organisation, email="ines@larkfield.example", name="Ines", tenant_id=TENANT, oid=OID, administrator=True
    )
    return Actor.of(user)


@pytest.mark.parametrize("payload", [payload for payload in PAYLOADS if payload.isprintable()])
def test_a_mark_stays_text(office: Office, payload: str) -> None:
    set_for_organisation(administrator_of(office), "mark_name", " ".join(payload.split())[:60])
    page = shown(office.mia)
    (box,) = page.xpath("//input[@data-mark]")
    assert box.get("data-name") == " ".join(payload.split())[:60]
    assert not page.xpath("//script|//img|//iframe")
    assert not [name for element in page.iter() for name in element.attrib if name.startswith("on")]
