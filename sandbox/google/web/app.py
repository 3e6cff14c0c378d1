"""The pages' routes: the one page, its scripts and styles, and what the scripts ask for.

    GET /mail/u/N/ ──no session──► accounts service's /ServiceLogin ──► GET /accounts/SetOSID?osidt=… ──► GET /mail/u/N/
        │  (a cookie of this host)                                         (a ticket, good once)
        └──► the page ──► GET data/list, data/thread; POST data/act, data/send, data/draft   below /mail/u/N/

N is the place of the account among those of the browser; for a number that nobody has the first account is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.google.errors import ApiError
from sandbox.google.mailbox import Mailbox
from sandbox.google.service_login import HAND_OVER_PATH
from sandbox.google.sessions import Session, remember
from sandbox.google.web import acts, conversations, page
from sandbox.seed.company import CompanyUser
from sandbox.world import World

_ASSETS = Path(__file__).parent / "assets"
_KINDS = {".js": "text/javascript", ".css": "text/css"}
_ID = re.compile(r"[0-9a-f]{16}")


class Webmail:
    """The pages over the present state of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions = world.accounts.sessions
        self._acts = acts.Acts(world)

    def routes(self) -> list[Route]:
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/mail/", self._home, methods=["GET"]),
            Route("/mail/u/{number:int}/", self._page, methods=["GET"]),
            Route("/mail/u/{number:int}/data/list", self._data(self._list), methods=["GET"]),
            Route("/mail/u/{number:int}/data/thread", self._data(self._thread), methods=["GET"]),
            Route("/mail/u/{number:int}/data/{order:str}", self._data(self._act), methods=["POST"]),
            Route("/mail/assets/{name:str}", _asset, methods=["GET"]),
            Route(HAND_OVER_PATH, self._hand_over, methods=["GET"]),
        ]

    async def _home(self, request: Request) -> Response:
        return RedirectResponse("/mail/u/0/", 302)

    async def _page(self, request: Request) -> Response:
        session = self._sessions.of(request)
        number: int = request.path_params["number"]
        if session is None:
            asked = {"service": "mail", "continue": str(request.url)}
            return RedirectResponse(f"{self._world.addresses.google}/ServiceLogin?{urlencode(asked)}", 302)
        if number >= len(session.accounts):
            return RedirectResponse("/mail/u/0/", 302)
        user = session.accounts[number]
        if user.email not in self._world.workspace.users:
            return page.no_mailbox(user)
        return page.shell(user, number, session.accounts, self._world.company.name, self._world.addresses.google)

    async def _hand_over(self, request: Request) -> Response:
        session = self._sessions.redeemed(request.query_params.get("osidt", ""))
        target = urlsplit(request.query_params.get("continue", ""))
        if session is None or not target.path.startswith("/mail/"):
            return RedirectResponse("/mail/u/0/", 302)
        path = re.sub(r"^/mail/u/\d+/", f"/mail/u/{request.query_params.get('authuser', '0')}/", target.path)
        # The browser keeps the fragment of the address that it came from: `#inbox/…` outlives the signing in.
        return remember(RedirectResponse(path + (f"?{target.query}" if target.query else ""), 302), session)

    def _data(self, act: Callable[[Request, Mailbox, CompanyUser, bytes], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            user = _account(self._sessions.of(request), request.path_params["number"])
            if user is None or user.email not in self._world.workspace.users:
                return JSONResponse({"error": "signed out"}, 401)
            request.state.user = user.email
            try:
                told = act(request, self._world.workspace.mailbox(user.email), user, await request.body())
            except (conversations.NoSuchView, KeyError):
                return JSONResponse({"error": "not found"}, 404)
            except (ValidationError, json.JSONDecodeError):
                return JSONResponse({"error": "bad request"}, 400)
            except ApiError as error:
                return JSONResponse({"error": error.message}, error.code)
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
            return JSONResponse(told, headers={"Cache-Control": "no-store"})

        return answer

    def _list(self, request: Request, mailbox: Mailbox, user: CompanyUser, body: bytes) -> Any:
        given = request.query_params
        start = given.get("start", "0")
        if not (start.isascii() and start.isdigit()):
            raise ValueError("start")
        shown = conversations.rows(mailbox, given.get("view", "inbox"), given.get("argument", ""), int(start))
        labels = [label.name for label in mailbox.labels if not label.is_system]
        return shown | {"unread": conversations.unread(mailbox), "labels": sorted(labels), "state": mailbox.history_id}

    def _thread(self, request: Request, mailbox: Mailbox, user: CompanyUser, body: bytes) -> Any:
        identifier = request.query_params.get("id", "")
        found = conversations.conversation(mailbox, identifier) if _ID.fullmatch(identifier) else None
        if found is None:
            raise KeyError(identifier)
        return found

    def _act(self, request: Request, mailbox: Mailbox, user: CompanyUser, body: bytes) -> Any:
        # A page of another host cannot send JSON here without being asked first, which nobody answers.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise ValueError("content type")
        return self._acts.run(request.path_params["order"], mailbox, user, json.loads(body))


def _account(session: Session | None, number: int) -> CompanyUser | None:
    return session.accounts[number] if session is not None and number < len(session.accounts) else None


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    path = _ASSETS / name
    if not re.fullmatch(r"[a-z-]+\.(js|css)", name) or not path.is_file():
        return PlainTextResponse("Not found", 404)
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=_KINDS[path.suffix], headers=headers)


def build_webmail_app(world: World) -> Starlette:
    """Gmail's pages over the present state of ``world``."""
    return Starlette(routes=Webmail(world).routes())
