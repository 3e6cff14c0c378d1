"""An administrator sends another organisation's ids and people in each field of a form: nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin

from accounts.administration.steps import StepForm
from tests.access.conftest import World
from tests.access.organisations import Whole, changed, dump
from tests.access.table import ROUTES

pytestmark = pytest.mark.django_db

#: What names nothing of an organisation.
FREE = {"name", "title", "reason", "email", "days", "minutes", "since", "permissions", "own"}
#: step and field -> what is sent of theirs
CHOSEN: dict[tuple[str, str], Callable[[Whole], str]] = {
    ("accounts/preset/step/assign", "people"): lambda theirs: theirs.rep.email,
    ("accounts/preset/step/assign", "team"): lambda theirs: str(theirs.rows["accounts/team"]),
    ("accounts/team/step/join", "person"): lambda theirs: theirs.rep.email,
    ("accounts/user/step/move", "team"): lambda theirs: str(theirs.rows["accounts/team"]),
    ("accounts/user/step/preset", "preset"): lambda theirs: str(theirs.rows["accounts/preset"]),
    ("permissions/authorization/step/give", "group"): lambda theirs: str(theirs.rows["permissions/principal"]),
    ("permissions/authorization/step/give", "person"): lambda theirs: theirs.rep.email,
    ("permissions/authorization/step/give", "resource"): lambda theirs: str(theirs.organisation.pk),
    ("permissions/authorization/step/give", "role"): lambda theirs: f"own:{theirs.rows['permissions/ownrole']}",
    ("permissions/ownrole/step/make", "source"): lambda theirs: f"own:{theirs.rows['permissions/ownrole']}",
    ("permissions/principal/step/put-in", "person"): lambda theirs: theirs.rep.email,
    ("permissions/principal/step/take-out", "person"): lambda theirs: theirs.rep.email,
}


def forms() -> dict[str, type[StepForm]]:
    """The form of each step."""
    found = {}
    for model, page in admin.site._registry.items():
        for step in page.steps:  # type: ignore[attr-defined]
            if step.form is not None:
                found[f"{model._meta.app_label}/{model._meta.model_name}/step/{step.name}"] = step.form
    return found


def test_every_field_that_names_something_is_tried() -> None:
    named = {(step, name) for step, form in forms().items() for name in form.base_fields if name not in FREE}
    assert named == set(CHOSEN)


@pytest.mark.parametrize(("step", "field"), CHOSEN)
def test_what_is_theirs_cannot_be_chosen(step: str, field: str, world: World) -> None:
    ours, theirs = world.ours, world.theirs
    (route,) = [one for one in ROUTES if one.path == f"admin/{step}/" and one.method == "POST"]
    body = {**ours.body(route.body, "right"), field: CHOSEN[step, field](theirs)}
    if field == "group":
        body["person"] = ""
    if not route.makes:
        body["row"] = ours.row_of(route.path)
    standing = dump(ours.organisation.pk), dump(theirs.organisation.pk)
    answer = world.on_pages["right"].again().client.post(ours.address(route.path), body)
    assert answer.status_code in (404, 422)
    assert changed(standing[0], dump(ours.organisation.pk)) == set()
    assert changed(standing[1], dump(theirs.organisation.pk)) == set()
