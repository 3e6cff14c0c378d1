"""Arranging one's pane: drafts, what is kept, what is locked, and that nothing of it is anybody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from lxml import html as lxml_html

from accounts import preferences, presets
from accounts.models import ConfigurationChange, PreferenceValue
from sync.services import customising
from sync.services.pane_layout import Action, default_layout, layout_of
from tests.sessions import open_session
from tests.sync.services.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


class Pane:
    """The page of one person."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {open_session(stage.users[name])}"})

    def get(self, path: str = "", code: int = 200) -> lxml_html.HtmlElement:
        return self._read(self.client.get(f"/pane/customise/{path}"), code)

    def press(self, page: lxml_html.HtmlElement, do: str, code: int = 200, **changes: Any) -> lxml_html.HtmlElement:
        """The form of the page sent by one of its buttons, as a browser would."""
        form = page.xpath('//form[@id="customise"]')[0]
        fields = [(name, value) for name, value in form.form_values() if name not in changes]
        fields += [(name, one) for name, value in changes.items() for one in value]
        sent: dict[str, list[str]] = {}
        for name, value in [*fields, ("do", do)]:
            sent.setdefault(name, []).append(value)
        return self._read(self.client.post(form.get("hx-post"), sent), code)

    def _read(self, answer: Any, code: int) -> lxml_html.HtmlElement:
        assert answer.status_code == code, answer.content
        return lxml_html.fromstring(f"<div>{answer.content.decode()}</div>")


def listed(page: lxml_html.HtmlElement, name: str) -> list[str]:
    return [str(one) for one in page.xpath(f'//input[@name="{name}"]/@value')]


def words(page: lxml_html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


def test_objects_are_put_in_order_and_left_out(stage: Stage) -> None:
    pane = Pane(stage, "mia")
    page = pane.press(pane.get(), "up:Case")
    assert listed(page, "order") == ["Contact", "Lead", "Account", "Case", "Opportunity"]
    assert page.xpath("//button[@data-focus]/@value") == ["up:Case"]
    # So far it is a draft.
    assert not PreferenceValue.objects.exists()
    page = pane.press(page, "save", shown=["Case", "Contact"])
    assert "Saved." in words(page)
    assert [one.name for one in layout_of(stage.actor("mia")).shown] == ["Contact", "Case"]
    assert [one.name for one in layout_of(stage.actor("tom")).shown] == [one.name for one in default_layout().shown]
    assert ConfigurationChange.objects.filter(object_id__endswith=":pane_objects").count() == 1
    pane.press(page, "reset")
    assert layout_of(stage.actor("mia")).version == default_layout().version


def test_an_object_of_the_orgs_own_is_added_where_the_organisation_allows_it(stage: Stage) -> None:
    pane = Pane(stage, "mia")
    page = pane.press(pane.get(), "look")
    order = [*listed(page, "order"), "Installation__c"]
    refused = pane.press(page, "save", 422, order=order, shown=["Contact", "Installation__c"])
    sentence = "This cannot be shown so. Your organisation has not allowed these objects in the pane: Installation__c."
    assert sentence in words(refused)
    with pytest.raises(preferences.BadValue) as told:
        customising.save_objects(stage.actor("mia"), ["Contact", "Installation__c"])
    assert told.value.sentence.endswith("allowed these objects in the pane: Installation__c.")
    assert not PreferenceValue.objects.exists()
    fields = {"Installation__c": {"collapsed": ["Product__c"], "expanded": []}}
    preferences.set_for_organisation(stage.actor("ines"), "pane_fields", fields)
    page = pane.get()
    assert listed(page, "order")[-1] == "Installation__c"
    pane.press(page, "save", shown=["Contact", "Installation__c"])
    assert [one.name for one in layout_of(stage.actor("mia")).shown] == ["Contact", "Installation__c"]
    # Taken away again, it can be added again.
    pane.press(pane.get(), "save", shown=["Contact"])
    assert "Installation__c" in listed(pane.get(), "order")


def test_the_preview_shows_the_record_of_the_open_email(stage: Stage) -> None:
    pane = Pane(stage, "mia")
    [dana] = stage.query("SELECT Id, Name FROM Contact WHERE Email = 'dana@northwind.example'")
    [latest] = stage.query("SELECT Id, Name FROM Contact ORDER BY LastModifiedDate DESC LIMIT 1")
    page = pane.get(f"Contact/?sample={dana['Id']}")
    assert f"Preview with {dana['Name']}" in words(page)
    # A step keeps it, and what is no record of this object is not shown.
    assert f"Preview with {dana['Name']}" in words(pane.press(page, "down:Title"))
    assert latest["Id"] != dana["Id"]
    for sample in ("001000000000001AAA", "nonsense", ""):
        assert f"Preview with {latest['Name']}" in words(pane.get(f"Contact/?sample={sample}"))


def test_fields_are_chosen_from_what_salesforce_lets_one_read_and_previewed_with_a_record(stage: Stage) -> None:
    pane = Pane(stage, "mia")
    page = pane.get("Opportunity/")
    assert "Preview with" in words(page)
    choices = page.xpath('//select[@name="field"]/option/@value')
    assert "Probability" in choices
    assert "StageName" not in choices
    page = pane.press(page, "add", field=["Probability"])
    assert listed(page, "collapsed") == ["StageName", "Amount", "CloseDate", "Probability"]
    page = pane.press(page, "add", field=["OwnerId"])
    assert listed(page, "expanded") == ["OwnerId"]
    page = pane.press(page, "up:OwnerId")
    assert (listed(page, "collapsed")[-1], listed(page, "expanded")) == ("OwnerId", ["Probability"])
    assert "Mia Keller" in words(page.xpath('//*[contains(@class,"preview")]')[0]) or "Keller" in words(page)
    pane.press(page, "save", own_only=["on"], closed_days=["30"])
    layout = layout_of(stage.actor("mia")).of("Opportunity")
    assert layout.collapsed == ("StageName", "Amount", "CloseDate", "OwnerId")
    assert (layout.filters.closed_days, layout.filters.own_only) == (30, True)
    assert layout_of(stage.actor("mia")).of("Case") == default_layout().of("Case")


def test_steps_cost_no_further_calls(stage: Stage) -> None:
    pane = Pane(stage, "mia")
    page = pane.get("Contact/")
    stage.sandbox.clear_log()
    page = pane.press(page, "down:Title")
    pane.press(page, "away:Email")
    assert stage.calls() == []


def test_what_is_forced_is_shown_as_locked_with_who_decided_and_stays(stage: Stage) -> None:
    ines = stage.actor("ines")
    sales = presets.make(ines, "Sales EMEA")
    preferences.assign_preset(ines, stage.actor("mia").user, sales)
    preferences.set_for_preset(ines, sales, "pane_fields", {"Contact": {"collapsed": ["Phone"]}}, forced=True)
    pane = Pane(stage, "mia")
    page = pane.get("Contact/")
    assert "Locked: the preset “Sales EMEA” has settled this." in words(page)
    assert page.xpath('//fieldset[@disabled]//input[@name="collapsed"]/@value') == ["Phone"]
    # The free parts of the form can still be saved; a form made by hand changes nothing of the locked one.
    pane.press(page, "save", collapsed=["Title"], action=["open"])
    layout = layout_of(stage.actor("mia")).of("Contact")
    assert layout.collapsed == ("Phone",)
    assert layout.actions == (Action.OPEN,)
    answer = pane.client.put(
        "/api/v1/pane-layout/Contact/",
        {"collapsed": ["Title"], "expanded": [], "actions": ["open"]},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "locked")


@pytest.mark.parametrize("text", ['"><img src=x onerror=alert(1)>', "Account.Name", "x" * 200, ""])
def test_what_is_no_field_is_refused_and_shown_nowhere(stage: Stage, text: str) -> None:
    pane = Pane(stage, "mia")
    page = pane.press(pane.get("Contact/"), "save", 422, collapsed=[text])
    assert not page.xpath("//img")
    assert layout_of(stage.actor("mia")).version == default_layout().version
    assert pane.client.get("/pane/customise/Nonsense/").status_code == 404


def test_without_salesforce_it_still_can_be_put_in_order(stage: Stage) -> None:
    from accounts.models import Connection, System

    Connection.objects.filter(system=System.SALESFORCE).update(state=Connection.State.DISCONNECTED)
    page = Pane(stage, "mia").get("Contact/")
    assert "Salesforce does not say which fields there are" in words(page)
    assert "Title" in words(page)


def test_the_twin_says_and_changes_the_same(stage: Stage) -> None:
    client = Pane(stage, "mia").client
    sent = {"collapsed": ["Phone"], "expanded": ["Title"], "filters": {}, "actions": ["open", "call"]}
    answer = client.put("/api/v1/pane-layout/Contact/", sent, content_type="application/json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert [one["name"] for one in told["collapsed"]] == ["Phone"]
    assert [one["name"] for one in told["actions"] if one["offered"]] == ["open", "call"]
    assert told["fields_who"]["source"] == "user"
    answer = client.put("/api/v1/pane-layout/", {"objects": ["Case"]}, content_type="application/json")
    assert [one["name"] for one in answer.json()["objects"] if one["shown"]] == ["Case"]
    assert client.delete("/api/v1/pane-layout/Contact/").json()["own"] is False
    assert client.get("/api/v1/pane-layout/Case'--/").status_code == 404


def test_moving_a_field_over_the_border_of_the_places() -> None:
    contact = default_layout().of("Contact")
    down = customising.stepped(contact, "down", "Phone")
    assert (down.collapsed, down.expanded[0]) == (("Title", "AccountId", "Email"), "Phone")
    up = customising.stepped(contact, "up", "MobilePhone")
    assert (up.collapsed[-1], up.expanded[0]) == ("MobilePhone", "Phone")
    assert customising.stepped(contact, "up", "Title") == contact
    assert customising.stepped(contact, "down", "LastActivityDate") == contact
    assert customising.stepped(contact, "up", "Nothing") == contact
    assert customising.stepped(contact, "action-up", "nonsense") == contact
