"""The pane of a preset: settled, forced, what would change shown before it is saved, and remembered."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html as lxml_html

from accounts import preferences, presets
from accounts.actor import Actor
from accounts.models import ConfigurationChange, PreferenceValue, Preset, User
from sync.services.pane_layout import Facet, default_layout, layout_of
from tests.accounts.administration.conftest import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def preset(ines: User, mia: User) -> Preset:
    made = presets.make(Actor.of(ines), "Sales EMEA")
    preferences.assign_preset(Actor.of(ines), mia, made)
    return made


def form_of(page: bytes, **changes: Any) -> dict[str, list[str]]:
    tree: Any = lxml_html.document_fromstring(page)
    form = next(one for one in tree.forms if one.xpath('.//*[@name="pane_objects"]'))
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        if name != "csrfmiddlewaretoken":
            sent.setdefault(name, []).append(value)
    return sent | {name.replace("__", "-"): [value] for name, value in changes.items()}


def test_it_is_previewed_saved_forced_and_remembered(ines: User, mia: User, preset: Preset) -> None:
    client = enter(ines)
    path = f"/admin/accounts/preset/{preset.pk}/pane/"
    page = client.get(path)
    assert page.status_code == 200
    changes = {
        "pane_fields-settled": "on",
        "pane_fields-forced": "on",
        "Contact__collapsed": "Phone, Title",
        "Contact__expanded": "Department",
    }
    shown = client.post(path, {**form_of(page.content, **changes), "preview": ["yes"]})
    assert shown.status_code == 200
    assert "1 person changes" in shown.content.decode()
    assert not PreferenceValue.objects.filter(preset=preset).exists()
    assert client.post(path, form_of(page.content, **changes)).status_code == 302
    layout = layout_of(Actor.of(User.objects.get(pk=mia.pk)))
    assert (layout.of("Contact").collapsed, layout.of("Contact").expanded) == (("Phone", "Title"), ("Department",))
    assert layout.who(Facet.FIELDS).locked
    assert layout.of("Case") == default_layout().of("Case")
    assert ConfigurationChange.objects.filter(object_id=f"preset:{preset.pk}:pane_fields").count() == 1
    # Settled no more.
    again = form_of(client.get(path).content)
    del again["pane_fields-settled"]
    assert client.post(path, again).status_code == 302
    assert layout_of(Actor.of(User.objects.get(pk=mia.pk))).version == default_layout().version


def test_what_cannot_be_shown_is_refused_where_it_is(ines: User, preset: Preset) -> None:
    client = enter(ines)
    path = f"/admin/accounts/preset/{preset.pk}/pane/"
    changes = {"pane_fields-settled": "on", "Contact__collapsed": '"><img src=x onerror=alert(1)>'}
    answer = client.post(path, form_of(client.get(path).content, **changes))
    assert answer.status_code == 422
    assert "API name" in answer.content.decode()
    assert not lxml_html.fromstring(answer.content).xpath("//img")
    assert not PreferenceValue.objects.filter(preset=preset).exists()
