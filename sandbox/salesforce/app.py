"""The Salesforce service: login host and instance at one address."""

from __future__ import annotations

from starlette.applications import Starlette

from sandbox.salesforce import oauth
from sandbox.salesforce.rest import routes as rest_routes
from sandbox.salesforce.soap import routes as soap_routes
from sandbox.world import World


def build_app(world: World) -> Starlette:
    """The application over the present state of ``world``."""
    login = oauth.routes(world.company, world.clock, world.registration, world.tokens, world.addresses.salesforce)
    return Starlette(routes=[*login, *rest_routes(world.org, world.tokens), *soap_routes(world.org, world.tokens)])
