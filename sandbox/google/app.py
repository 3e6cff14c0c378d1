"""The two Google services: accounts, and the API host."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.google import accounts
from sandbox.google.api import Api
from sandbox.google.control import control_routes
from sandbox.google.guards import part_fault
from sandbox.world import World

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_accounts_app(world: World) -> Starlette:
    """The accounts service over the present state of ``world``, and Google's control routes."""
    return Starlette(routes=[*accounts.routes(world.accounts), *control_routes(world)])


def build_gmail_app(world: World) -> Starlette:
    """The API host over the present state of ``world``."""
    api = Api(world.workspace, world.accounts, world.limits.gmail, part_fault(world))
    return Starlette(routes=[Route("/{rest:path}", api.__call__, methods=_EVERY_METHOD)])
