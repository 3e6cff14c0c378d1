"""Who asks, and how: each person of the table's columns, with what they would come with."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.administration.entering import BACKEND
from accounts.administration.place import ENTER
from accounts.models import User
from accounts.services import create_user
from permissions import registry
from permissions.models import Authorization, OwnRole, OwnRolePermission
from permissions.services import grant
from tests.access.organisations import Whole
from tests.access.table import Route
from tests.accounts.administration.conftest import PASSWORD, enter, sign_in
from tests.sessions import open_session


@dataclass(frozen=True)
class Way:
    """A client, and the header that it sends along."""

    client: Client
    bearer: str = ""

    def again(self) -> Way:
        """The same once more, whatever was done to the first's cookies."""
        client = Client(enforce_csrf_checks=self.client.handler.enforce_csrf_checks)
        client.cookies = copy(self.client.cookies)
        return Way(client, self.bearer)

    def ask(self, route: Route, whose: Whole, who: str) -> Any:
        """The answer to the route asked with that organisation's ids; `who`: the column."""
        url, body = whose.address(route.path), whose.body(route.body, who)
        if "/step/" in route.path and not route.makes:
            body["row"] = whose.row_of(route.path)
        if "action" in body:  # of a list: on the rows that were ticked
            body["_selected_action"] = whose.row_of(route.path)
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        if route.method == "GET":
            return self.client.get(url, body, headers=headers)
        if route.path.startswith(("admin/", "sign-in/", "pane/", "connect/")):
            return self.client.post(url, body, headers=headers)
        content = json.dumps(body)
        return self.client.generic(route.method, url, content, content_type="application/json", headers=headers)


def nobody() -> Way:
    return Way(Client())


def with_session(user: User) -> Way:
    return Way(Client(), open_session(user))


def cookie_alone(administrator: User) -> Way:
    """The cookie of somebody who may do everything, without what a form carries."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = enter(administrator).cookies
    return Way(client)


def with_cookie(user: User) -> Way:
    return Way(enter(user))


def forged_cookie(user: User, of: User) -> Way:
    """As if somebody who may not enter held a session all the same; `of`: who may."""
    client = enter(of)
    session = client.session
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = BACKEND
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return Way(client)


def operator(email: str) -> User:
    return User.objects.create_superuser(email, PASSWORD, name="Vendor")


def signed_in(user: User) -> Way:
    return Way(sign_in(user))


def looking(whose: Whole) -> Way:
    """The organisation's operator in the staff session that was approved."""
    client = sign_in(whose.operator)
    assert client.post(f"/admin/desk/sessions/{whose.staff_session.pk}/look/").status_code == 302
    return Way(client)


def without(whose: Whole, route: Route) -> Way:
    """Somebody of the organisation who holds all that the right one holds, and not this permission.

    Of a route that declares none: who holds nothing.
    """
    built_in = "administrator" if route.has_pages else "rep"
    domain = whose.rep.email.partition("@")[2]
    user = create_user(whose.organisation, email=f"without@{domain}", name="Without")
    Authorization.objects.filter(principal=user.principal).delete()
    if route.asked:
        root = whose.organisation.resource
        role = OwnRole.objects.create(root=root, name="all_but_one", title="All but one")
        kept = sorted(registry.role(built_in).permissions - {route.asked})
        OwnRolePermission.objects.bulk_create([OwnRolePermission(root=root, own_role=role, name=name) for name in kept])
        resource = root if route.has_pages else user.resource
        assert resource is not None
        grant(user.principal, role, resource, reason="test")
    if not route.has_pages:
        return with_session(user)
    enters = route.asked not in ("", ENTER)
    return with_cookie(user) if enters else forged_cookie(user, whose.administrator)
