"""The two Microsoft services: the identity platform, and Graph."""

from __future__ import annotations

from starlette.applications import Starlette

from sandbox.microsoft import delivery, graph, identity
from sandbox.world import World


def build_login_app(world: World) -> Starlette:
    """The identity platform over the present state of ``world``."""
    return Starlette(routes=identity.routes(world.identity))


def build_graph_app(world: World) -> Starlette:
    """Graph over the present state of ``world``."""
    return Starlette(routes=[*graph.routes(world.tenant, world.identity), *delivery.delivery_routes(world.tenant)])
