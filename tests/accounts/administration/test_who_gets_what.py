"""One table of every page and step: what an administrator, an auditor, a team lead, a rep, a rival and staff get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Organisation, User
from permissions import registry
from permissions.declare import declared_permission, declared_public
from tests.accounts.administration.conftest import Rows, enter, rows_of, sign_in

#: Reached by whoever: each looks itself at who asks. Nothing else may be without a permission.
OPEN = {
    "enter/": "the ticket",
    "login/": "leads on",
    "logout/": "leaving",
    "jsi18n/": "no data",
    "desk/": "staff",
    "desk/<uuid:organisation_id>/ask/": "staff",
    "desk/sessions/<uuid:session_id>/look/": "staff",
    "desk/sessions/<uuid:session_id>/end/": "staff",
    "desk/leave/": "staff",
}
PAGES = {
    "accounts/user": "user.view",
    "accounts/organisation": "organisation.view",
    "accounts/team": "user.view",
    "accounts/preset": "preset.view",
    "accounts/configurationchange": "history.view",
    "accounts/connection": "connection.view",
    "accounts/servicecredential": "connection.view",
    "accounts/provisionedmailbox": "connection.view",
    "accounts/staffsession": "staff.view",
    "permissions/authorization": "grant.view",
    "permissions/principal": "grant.view",
    "permissions/ownrole": "role.view",
    "permissions/auditentry": "audit.view",
    "sync/mailbox": "collection.view",
    "sync/issue": "issue.view",
    "sync/apibudget": "collection.view",
}
STEPS = {
    "accounts/user/step/add": "user.change",
    "accounts/user/step/move": "team.change",
    "accounts/user/step/preset": "preset.assign",
    "accounts/user/step/sign-out": "user.offboard",
    "accounts/user/step/deactivate": "user.offboard",
    "accounts/user/step/activate": "user.offboard",
    "accounts/team/step/make": "team.change",
    "accounts/team/step/rename": "team.change",
    "accounts/team/step/join": "team.change",
    "accounts/team/step/delete": "team.change",
    "accounts/preset/step/make": "preset.change",
    "accounts/preset/step/assign": "preset.assign",
    "accounts/preset/step/clone": "preset.change",
    "accounts/preset/step/rename": "preset.change",
    "accounts/preset/step/delete": "preset.change",
    "accounts/connection/step/disconnect": "connection.disconnect",
    "accounts/staffsession/step/approve": "staff.approve",
    "accounts/staffsession/step/decline": "staff.approve",
    "accounts/staffsession/step/end": "staff.approve",
    "permissions/authorization/step/give": "grant.give",
    "permissions/authorization/step/revoke": "grant.give",
    "permissions/principal/step/make": "group.change",
    "permissions/principal/step/put-in": "group.change",
    "permissions/principal/step/take-out": "group.change",
    "permissions/principal/step/delete": "group.change",
    "permissions/ownrole/step/make": "role.change",
    "permissions/ownrole/step/change": "role.change",
    "permissions/ownrole/step/delete": "role.change",
    "sync/mailbox/step/pause": "collection.steer",
    "sync/mailbox/step/resume": "collection.steer",
    "sync/mailbox/step/force": "collection.steer",
    "sync/mailbox/step/again": "collection.steer",
    "sync/mailbox/step/anew": "collection.steer",
    "sync/issue/step/again": "issue.settle",
    "sync/issue/step/leave": "issue.settle",
}
OTHERS = {
    "": "administration.enter",
    "why/": "why.ask",
    "accounts/organisation/settings/": "organisation.view",
    "accounts/preset/<int:object_id>/settings/": "preset.view",
    "accounts/preset/<int:object_id>/pane/": "preset.view",
    "permissions/auditentry/export/": "audit.export",
}
#: Who gets what of these: `test_history_page`.
GOING_BACK = {
    "accounts/configurationchange/back/": "history.restore",
    "accounts/configurationchange/<int:object_id>/back/": "history.restore",
}


def addresses() -> Iterator[tuple[str, object]]:
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and str(entry.pattern) == "admin/":
            for pattern in entry.url_patterns:
                assert isinstance(pattern, URLPattern)
                yield str(pattern.pattern), pattern.callback


def test_every_address_names_a_permission() -> None:
    found = {address: declared_permission(view) for address, view in addresses()}
    named = {
        **{f"{page}/": name for page, name in PAGES.items()},
        **{f"{page}/<path:object_id>/change/": name for page, name in PAGES.items()},
        **{f"{step}/": name for step, name in STEPS.items()},
        **OTHERS,
        **GOING_BACK,
    }
    assert {address: name for address, name in found.items() if address not in OPEN} == named
    assert set(OPEN) <= set(found)
    for address, view in addresses():
        if address in OPEN:
            assert declared_permission(view) is None
            assert declared_public(view)
    for name in named.values():
        assert registry.permission(name)


def test_no_address_of_djangos_own_admin_is_left(ines: User) -> None:
    client = enter(ines)
    for address in (
        "password_change/",
        "auth/group/",
        "mfa/authenticator/",
        "accounts/user/add/",
        "r/1/1/",
        "accounts/",
    ):
        assert client.get(f"/admin/{address}").status_code == 404


def test_nobody_has_a_permission_of_djangos_own(sam: User) -> None:
    assert not hasattr(sam, "has_perm")
    assert not hasattr(sam, "is_superuser")


def status(client: Client, address: str) -> int:
    return int(client.get(address).status_code)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_and_its_rows(
    page: str,
    rows: Rows,
    ines: User,
    auditor: User,
    lead: User,
    rival: User,
    sam: User,
    looking: Client,
) -> None:
    permission = PAGES[page]
    lists, row = f"/admin/{page}/", rows.address(page)
    opened = 302 if page == "accounts/organisation" else 200
    got = {"administrator": (status(enter(ines), lists), status(enter(ines), row))}
    got["auditor"] = (status(enter(auditor), lists), status(enter(auditor), row))
    got["staff in a session"] = (status(looking, lists), status(looking, row))
    got["staff without"] = (status(sign_in(sam), lists), status(sign_in(sam), row))
    got["rival"] = (status(enter(rival), lists), status(enter(rival), row))
    got["nobody"] = (status(Client(), lists), status(Client(), row))
    seen_by_support = permission in registry.role("support").permissions
    assert got == {
        "administrator": (opened, 200),
        "auditor": (opened, 200),
        "staff in a session": (opened, 200) if seen_by_support else (403, 403),
        "staff without": (403, 403),
        "rival": (opened, 404),
        "nobody": (302, 302),
    }
    # A team lead sees what is of the team: Mia's, and no row of the organisation.
    of_mia = page in {
        *("accounts/user", "accounts/connection", "accounts/provisionedmailbox", "sync/mailbox", "sync/issue"),
    }
    leads = registry.role("team_lead").permissions
    expected = (
        (200, 200 if of_mia else 404) if permission in leads and permission != "organisation.view" else (403, 403)
    )
    assert (status(enter(lead), lists), status(enter(lead), row)) == expected or page == "accounts/provisionedmailbox"


@pytest.mark.parametrize("step", STEPS)
def test_a_step(step: str, rows: Rows, ines: User, auditor: User, rival: User, sam: User, looking: Client) -> None:
    """Everybody but the administrator is refused; of a foreign row its existence is not told."""
    page = step.partition("/step/")[0]
    makes = step.rpartition("/")[2] in {"add", "make", "give"}
    address = f"/admin/{step}/" + ("" if makes else f"?row={rows.by_page[page]}")
    assert status(enter(ines), address) == 200
    for client in (enter(auditor), looking, sign_in(sam)):
        assert status(client, address) == 403
        assert client.post(f"/admin/{step}/", {"row": rows.by_page[page], "confirmed": "yes"}).status_code == 403
    foreign = enter(rival)
    assert status(foreign, address) == (200 if makes else 404)
    if not makes:
        done = foreign.post(f"/admin/{step}/", {"row": rows.by_page[page], "confirmed": "yes"})
        assert done.status_code == 404


@pytest.mark.parametrize("address", OTHERS)
def test_other_pages(
    address: str, rows: Rows, ines: User, auditor: User, lead: User, sam: User, looking: Client
) -> None:
    url = "/admin/" + address.replace("<int:object_id>", str(rows.by_page["accounts/preset"]))
    assert status(enter(ines), url) == status(enter(auditor), url) == 200
    assert status(looking, url) == (200 if OTHERS[address] in registry.role("support").permissions else 403)
    assert status(sign_in(sam), url) == (302 if address == "" else 403)
    assert status(enter(lead), url) == (200 if address == "" else 403)


def test_another_organisations_preset_has_no_settings(rows: Rows, rival: User) -> None:
    client = enter(rival)
    address = f"/admin/accounts/preset/{rows.by_page['accounts/preset']}/settings/"
    assert status(client, address) == 404
    assert client.post(address, {}).status_code == 404


@pytest.mark.parametrize("page", [page for page in PAGES if page != "accounts/organisation"])
def test_a_list_shows_the_own_organisations_rows_alone(
    page: str, rows: Rows, rival: User, rita: User, larkfield: Organisation, ines: User
) -> None:
    assert rita.organisation is not None
    foreign = rows_of(rita.organisation, rita, rival)
    text = enter(ines).get(f"/admin/{page}/").content.decode()
    assert f"/{rows.by_page[page]}/change/" in text
    assert f"/{foreign.by_page[page]}/change/" not in text


@pytest.mark.parametrize(
    ("page", "change"),
    [
        ("accounts/organisation", {"name": "Taken over"}),
        ("accounts/user", {"name": "Taken over"}),
    ],
)
def test_who_may_only_look_changes_nothing(
    page: str, change: dict[str, str], rows: Rows, auditor: User, rival: User, looking: Client
) -> None:
    for client, refused in ((enter(auditor), 403), (looking, 403), (enter(rival), 404)):
        assert client.post(rows.address(page), change).status_code == refused
    assert not Organisation.objects.filter(name="Taken over").exists()
    assert not User.objects.filter(name="Taken over").exists()


@pytest.mark.parametrize("address", [f"/admin/{address}" for address in ("", "accounts/user/", "why/", "desk/")])
def test_a_rep_sees_nothing(address: str, mia: User, ines: User) -> None:
    client = enter(ines)
    session = client.session
    session["_auth_user_id"] = str(mia.pk)  # as if a rep held one
    session["_auth_user_hash"] = mia.get_session_auth_hash()
    session.save()
    assert client.get(address).status_code == 403
