"""Arranging the pane: the objects, one object with its preview, and what an administrator has decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string

from accounts.preferences import Source
from sidebar.customise import models
from sync.providers.salesforce.schema import FieldAbout
from sync.services.customising import Arrangement, Sample
from sync.services.pane_layout import Decided, Facet, PaneLayout, default_layout
from tests.look.parts.sync import in_page
from tests.look.registry import Example

ABOUT = (
    FieldAbout("Amount", "Amount", "currency", "Amount"),
    FieldAbout("CloseDate", "Close Date", "date", "CloseDate"),
    FieldAbout("IsPrivate", "Private", "boolean", "IsPrivate"),
    FieldAbout("Renewal__c", "Renewal", "boolean", "Renewal__c", True),
    FieldAbout("NextStep", "Next Step", "string", "NextStep"),
    FieldAbout("StageName", "Stage", "picklist", "StageName"),
)
SAMPLE = Sample("Renewal 2027", {"StageName": "Proposal", "Amount": 48_000.0, "IsPrivate": False, "Renewal__c": True})


def _layout(source: Source = Source.DEFAULT, *, locked: bool = False, preset: str = "") -> PaneLayout:
    decided = tuple(Decided(facet, source, locked, preset) for facet in Facet)
    return replace(default_layout(), decided=decided)


def _objects(layout: PaneLayout, said: str = "") -> Callable[[], Mapping[str, str]]:
    def draw() -> Mapping[str, str]:
        values = {"listed": models.objects_out(layout), "said": said, "problem": None, "focus": ""}
        return {"sync": in_page(render_to_string("pane/customise/objects.html", values), "pane")}

    return draw


def _object(
    name: str, layout: PaneLayout, *, about: tuple[FieldAbout, ...] = ABOUT, problem: str = "", **changes: Any
) -> Callable[[], Mapping[str, str]]:
    def draw() -> Mapping[str, str]:
        shown = replace(layout.of(name), **changes)
        own = frozenset({Facet.FIELDS}) if layout.who(Facet.FIELDS).source is Source.USER else frozenset[Facet]()
        arranged = Arrangement(shown, layout, about, not about, own, SAMPLE if about else Sample())
        values = {
            "object": models.object_out(arranged),
            "said": "",
            "problem": SimpleNamespace(name=problem) if problem else None,
            "focus": "",
        }
        return {"sync": in_page(render_to_string("pane/customise/object.html", values), "pane")}

    return draw


_FIELDS: dict[str, Any] = {
    "collapsed": ("StageName", "Amount", "IsPrivate", "Gone__c"),
    "expanded": ("Renewal__c", "NextStep"),
}

EXAMPLES = (
    Example("customise/objects", "Which objects, in which order", _objects(_layout()), view="sync"),
    Example(
        "customise/objects-own",
        "One's own choice of objects",
        _objects(_layout(Source.USER)),
        view="sync",
        pictured=False,
    ),
    Example(
        "customise/objects-locked",
        "The objects that the organisation has settled",
        _objects(_layout(Source.ORGANISATION, locked=True)),
        view="sync",
    ),
    Example(
        "customise/object",
        "Fields, filters and actions of an object, with a preview",
        _object("Opportunity", _layout(Source.USER), **_FIELDS),
        view="sync",
    ),
    Example(
        "customise/object-locked",
        "What a preset has settled",
        _object("Case", _layout(Source.PRESET, locked=True, preset="Sales EMEA"), problem="locked"),
        view="sync",
    ),
    Example(
        "customise/object-forced",
        "What is settled as it is delivered",
        _object("Lead", _layout(locked=True)),
        view="sync",
        pictured=False,
    ),
    Example(
        "customise/object-preset",
        "What comes from a preset",
        _object("Account", _layout(Source.PRESET)),
        view="sync",
        pictured=False,
    ),
    Example(
        "customise/object-organisation",
        "What comes from the organisation",
        _object("Contact", _layout(Source.ORGANISATION), problem="choice"),
        view="sync",
        pictured=False,
    ),
    Example(
        "customise/object-unread",
        "Salesforce does not say which fields there are",
        _object("Opportunity", _layout(), about=(), collapsed=(), expanded=()),
        view="sync",
    ),
)
