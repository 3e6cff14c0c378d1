"""What a person's pane shows: settled by organisation, preset and user, asked of Salesforce in the one call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts import preferences, presets
from accounts.preference_names import BadValue
from accounts.preferences import Locked, Source
from sync.crm import Opportunity, field_value
from sync.services.clients import crm_of
from sync.services.context import cache_key, question_of, readable_fields
from sync.services.open_email import open_email
from sync.services.pane_layout import Action, Facet, default_layout, layout_of, missing_fields
from tests.sync.services.stage import Stage, hint_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_at_first_it_is_the_pane_as_it_is() -> None:
    layout = default_layout()
    assert [one.name for one in layout.shown] == ["Contact", "Lead", "Account", "Opportunity", "Case"]
    assert layout.of("Contact").collapsed == ("Title", "AccountId", "Email", "Phone")
    assert layout.of("Opportunity").filters.closed_days == 365
    assert layout.of("Case").filters.closed_days == 90
    assert layout.of("Contact").filters.own_only is None
    assert Action.CONVERT in layout.of("Lead").actions
    assert Action.CONVERT not in layout.of("Contact").actions
    assert all(len(one.collapsed) <= 4 for one in layout.objects)
    assert not layout.of("Invoice__c").shown


def test_a_level_settles_one_object_and_leaves_the_others_to_the_level_above(stage: Stage) -> None:
    actor, ines = stage.actor("mia"), stage.actor("ines")
    sales = presets.make(ines, "Sales")
    preferences.assign_preset(ines, actor.user, sales)
    preferences.set_for_organisation(ines, "pane_fields", {"Lead": {"collapsed": ["Company"]}, "Case": {}})
    cases = {"collapsed": ["Priority"], "expanded": ["Status"]}
    preferences.set_for_preset(ines, sales, "pane_fields", {"Case": cases})
    preferences.choose(actor, "pane_fields", {"Contact": {"collapsed": ["Phone"], "expanded": ["Phone", "Title"]}})
    layout = layout_of(stage.actor("mia"))
    assert layout.of("Lead").fields == ("Company",)
    assert layout.of("Case").fields == ("Priority", "Status")
    assert (layout.of("Contact").collapsed, layout.of("Contact").expanded) == (("Phone",), ("Title",))
    assert layout.who(Facet.FIELDS).source is Source.USER
    assert layout.version != default_layout().version


def test_what_is_forced_is_locked_and_says_who_decided(stage: Stage) -> None:
    actor, ines = stage.actor("mia"), stage.actor("ines")
    sales = presets.make(ines, "Sales EMEA")
    preferences.assign_preset(ines, actor.user, sales)
    preferences.choose(actor, "pane_actions", {"Contact": ["open"]})
    preferences.set_for_preset(ines, sales, "pane_actions", {"Lead": ["call"]}, forced=True)
    layout = layout_of(stage.actor("mia"))
    decided = layout.who(Facet.ACTIONS)
    assert (decided.source, decided.locked, decided.preset) == (Source.PRESET, True, "Sales EMEA")
    assert layout.of("Lead").actions == (Action.CALL,)
    assert layout.of("Contact").actions == default_layout().of("Contact").actions
    with pytest.raises(Locked):
        preferences.choose(stage.actor("mia"), "pane_actions", {"Contact": ["open"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pane_objects", ["Contact", "Nonsense"]),
        ("pane_objects", ["Contact'; DROP__c"]),
        ("pane_objects", "Contact"),
        ("pane_objects", [["Contact"]]),
        ("pane_fields", {"Contact": {"collapsed": ["A", "B", "C", "D", "E"]}}),
        ("pane_fields", {"Contact": {"collapsed": ['"><img src=x onerror=alert(1)>']}}),
        ("pane_fields", {"Contact": {"collapsed": ["Account.Name"]}}),
        ("pane_fields", {"Contact": {"sideways": []}}),
        ("pane_fields", {"Contact": ["Title"]}),
        ("pane_fields", {"Task": {"collapsed": []}}),
        ("pane_fields", []),
        ("pane_filters", {"Contact": {"own_only": True}}),
        ("pane_filters", {"Opportunity": {"closed_days": True}}),
        ("pane_filters", {"Opportunity": {"closed_days": -1}}),
        ("pane_filters", {"Opportunity": {"own_only": 1}}),
        ("pane_actions", {"Contact": ["convert"]}),
        ("pane_actions", {"Contact": ["delete"]}),
        ("pane_actions", {"Contact": [{}]}),
    ],
)
def test_what_a_pane_cannot_show_cannot_be_chosen(stage: Stage, name: str, value: object) -> None:
    with pytest.raises(BadValue):
        preferences.choose(stage.actor("mia"), name, value)
    assert layout_of(stage.actor("mia")).version == default_layout().version


def test_further_fields_come_in_the_same_call(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    fields = {
        "Contact": {"collapsed": ["Title", "Department", "OwnerId"]},
        "Opportunity": {"collapsed": ["StageName", "Probability", "OwnerId"]},
        "Account": {"collapsed": ["OwnerId", "Type"]},
        "Case": {"collapsed": ["Origin", "OwnerId"]},
    }
    preferences.choose(stage.actor("mia"), "pane_fields", fields)
    readable_fields(crm_of(stage.actor("mia")), ["Contact", "Lead", "Account", "Opportunity", "Case"])
    stage.sandbox.clear_log()
    opened = stage.open(message)
    assert stage.calls() == ["POST /services/data/v66.0/composite"]
    assert opened.crm.failed == ()
    dana = opened.matches.people[0].person
    assert field_value(dana, "OwnerId") == "Mia Keller"
    assert field_value(opened.crm.accounts[0], "OwnerId")
    renewal = next(one for one in opened.crm.opportunities if one.name == "Renewal 2027")
    assert field_value(renewal, "StageName")
    assert field_value(renewal, "OwnerId")


def test_a_field_that_is_not_there_is_dropped_and_the_rest_shows(stage: Stage) -> None:
    preferences.choose(stage.actor("mia"), "pane_fields", {"Contact": {"collapsed": ["Title", "Gone_For_Ever__c"]}})
    opened = stage.open(stage.message("Northwind renewal"))
    assert opened.crm.failed == ()
    assert field_value(opened.matches.people[0].person, "Title") == "VP Operations"
    about = readable_fields(crm_of(stage.actor("mia")), ["Account", "Case", "Contact", "Lead", "Opportunity"])
    assert missing_fields(opened.layout, about) == (("Contact", "Gone_For_Ever__c"),)


def test_a_field_that_salesforce_refuses_after_all_costs_itself_only(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Describe told of it an hour ago; by now the administrator has taken it away."""
    from sync.providers.salesforce.schema import FieldAbout
    from sync.services import context

    stale = {"Contact": (FieldAbout("Taken__c", "Taken", "string", "Taken__c", True),)}
    monkeypatch.setattr(context, "readable_fields", lambda crm, names: stale)
    preferences.choose(stage.actor("mia"), "pane_fields", {"Contact": {"collapsed": ["Title", "Taken__c"]}})
    message = stage.message("Northwind renewal")
    opened = stage.open(message)
    assert opened.crm.failed == ()
    assert [match.person.name for match in opened.matches.people] == ["Dana Ruiz"]
    # The next email of these hours does not try it again.
    stage.sandbox.clear_log()
    other = replace(hint_of(message), internet_message_id="<another@northwind.example>")
    assert open_email(stage.actor(), other).crm.failed == ()
    assert len(stage.calls()) == 1


def test_a_cached_answer_is_that_of_its_layout(stage: Stage) -> None:
    message = stage.message("Northwind renewal")
    first = stage.open(message)
    crm = crm_of(stage.actor("mia"))
    preferences.choose(stage.actor("mia"), "pane_filters", {"Opportunity": {"closed_days": 0}})
    second = stage.open(message)
    assert not second.from_cache

    def key(layout: object) -> str:
        return cache_key(crm, question_of(crm, layout, first.participants, "<m@x.example>", ""))  # type: ignore[arg-type]

    assert key(first.layout) != key(second.layout)
    # Salesforce's own closed ones of the past are not asked for any more.
    assert not any(closed_and_past(one) for one in second.crm.opportunities)


def closed_and_past(one: Opportunity) -> bool:
    from django.utils import timezone

    return one.is_closed and one.close_date is not None and one.close_date < timezone.now().date()
