"""The two Microsoft services: the identity platform, and Graph."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from starlette.applications import Starlette

from sandbox.mailflow import MailFlow, PostOffice, mail_routes
from sandbox.microsoft import controls, graph, identity
from sandbox.microsoft.delivery import TenantPost
from sandbox.microsoft.tenant import Tenant
from sandbox.world import World

_present: WeakKeyDictionary[World, Tenant] = WeakKeyDictionary()


def build_login_app(world: World) -> Starlette:
    """The identity platform over the present state of ``world``."""
    return Starlette(routes=identity.routes(world.identity))


def build_graph_app(world: World) -> Starlette:
    """Graph over the present state of ``world``. What the state before it still had to deliver is not delivered."""
    former = _present.get(world)
    if former is not None and former is not world.tenant:
        former.close()
    _present[world] = world.tenant
    offices: dict[str, PostOffice] = {"microsoft": TenantPost(world.tenant)}
    workspace: PostOffice | None = getattr(world, "workspace", None)
    if workspace is not None:
        offices["google"] = workspace
    return Starlette(
        routes=[
            *graph.routes(world.tenant, world.identity),
            *controls.control_routes(world.tenant),
            *mail_routes(MailFlow(world.company, offices, world.clock.now)),
        ]
    )
