"""Every route and task, what it needs, and the status that each of eight people gets. A new one adds its row here.

    nobody      without a session
    cookie      an administrator's cookie alone: no bearer token (pane, API), no token in the form (administration)
    right       whose right it is: a rep in the pane, an administrator in the administration
    colleague   another rep of the organisation; in the administration with a cookie that they cannot have
    without     somebody of the organisation who holds all that the right one holds, and not this permission
    foreign     the right one's counterpart of another organisation, with these ids
    operator    one of the vendor's staff
    support     one of the vendor's staff in a staff session of this organisation, which is read-only

409, 422 and 503 say that the door was open: nothing is connected, something was missing, no provider answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

COLUMNS: Final = ("nobody", "cookie", "right", "colleague", "without", "foreign", "operator", "support")


class Open(StrEnum):
    """Why a route needs no permission, as it declares it."""

    SESSIONS = "beginning: the token or ticket in the body is checked; ending: asks for session.own itself"
    STATE = "the single-use state that came back is what is checked"
    DIALOG = "nobody has signed in yet; the challenge is the pane's, and leads to nothing without its verifier"
    EXTENSION = "nobody has signed in yet; what is asked is checked, and leads to nobody but our extension"
    REDEEMING = "the single-use code and the verifier in the form are what is checked"
    SECRET = "the single-use secret in the form is what is checked; it also is what keeps other pages from sending it"
    TICKET = "the single-use ticket in the address is what is checked"
    GRAPH = "Graph sends no session: each notice carries the secret that its subscription was made with"
    GMAIL = "Pub/Sub sends no session: each message carries a token that Google signed for us"
    SHELL = "the shell holds no data"
    INSTALLING = "whoever installs the add-in has no session yet, and it names no data"
    DEMO = "the demo's people and mail are invented, and it exists beside the sandbox only"
    SCHEMA = "the schema names no data"
    SIGNING_IN = "signing in and out is open to those who have not signed in yet"
    ENTERING = "the ticket in the form is what is checked"
    LEADS_ON = "leads to where one enters"
    LEAVING = "whoever has come in may leave"
    BUTTONS = "words of buttons, and no data"
    DESK = "of the vendor's staff, whom nobody has given anything yet: the view lets in nobody else"
    RUNS = "a load balancer asks, and learns only that the process runs"
    READY = "a load balancer asks, and learns only which part is missing"


@dataclass(frozen=True)
class Route:
    """A method of a route. `needs`: the permission that it declares, or why it needs none.

    `asks`: the permission that this method asks for itself, where it is a further one. `body`: what is sent; `<page>`
    stands for the id of the organisation's row of that page, `<who>` for the column. `makes`: a step without a row.
    """

    method: str
    path: str
    needs: str
    nobody: int
    cookie: int
    right: int
    colleague: int
    without: int
    foreign: int
    operator: int
    support: int
    body: Mapping[str, str] = field(default_factory=dict)
    asks: str = ""
    makes: bool = False

    @property
    def asked(self) -> str:
        """The permission without which it is refused; none where the route is open."""
        return self.asks or ("" if isinstance(self.needs, Open) else self.needs)

    @property
    def statuses(self) -> dict[str, int]:
        return {who: getattr(self, who) for who in COLUMNS}

    @property
    def has_pages(self) -> bool:
        """Whether people come with a cookie."""
        return self.path.startswith(("admin/", "sign-in/"))


@dataclass(frozen=True)
class Task:
    """A task. `needs`: the permission that it declares. `row`: the model whose id its message carries, if it does."""

    name: str
    needs: str
    row: str = ""


YES: Final = {"confirmed": "yes"}

TASKS = (
    Task("look", "filing.recover", "sync.Intent"),
    Task("file_due", "capture.run", "accounts.User"),
    Task("read_collection", "capture.run", "sync.Collection"),
    Task("keep_watch", "capture.run", "sync.Watch"),
    Task("sweep", "filing.recover"),
    Task("reconcile", "capture.run"),
    Task("reconcile_salesforce", "capture.run"),
)


def pane(method: str, path: str, needs: str, right: int, colleague: int, foreign: int, **more: Any) -> Route:
    """For who comes with a bearer token: a cookie is as good as nothing, whosever it is."""
    others: dict[str, Any] = {"nobody": 401, "cookie": 401, "without": 403, "operator": 401, "support": 401}
    return Route(method, path, needs, right=right, colleague=colleague, foreign=foreign, **{**others, **more})


def page(method: str, path: str, needs: str, right: int, foreign: int, support: int, **more: Any) -> Route:
    """Of the administration: who has not come in is sent to where one does (302), and a form needs its token."""
    cookie = right if method == "GET" else 403
    others: dict[str, Any] = {"nobody": 302, "cookie": cookie, "colleague": 403, "without": 403, "operator": 403}
    return Route(method, path, needs, right=right, foreign=foreign, support=support, **{**others, **more})


def desk(method: str, path: str, *, operator: int, support: int, **more: Any) -> Route:
    """Of the vendor's staff: nobody of an organisation comes in."""
    people: dict[str, Any] = dict.fromkeys(("cookie", "right", "colleague", "without", "foreign"), 403)
    return Route(method, path, Open.DESK, nobody=302, operator=operator, support=support, **people, **more)


def signing_in(method: str, path: str, *, nobody: int, operator: int, **more: Any) -> Route:
    """Where operators sign in: an organisation's people, who come by a ticket, are sent away (302)."""
    people: dict[str, Any] = dict.fromkeys(("cookie", "right", "colleague", "without", "foreign"), 302)
    people |= {"operator": operator, "support": operator}
    return Route(method, path, Open.SIGNING_IN, nobody=nobody, **people, **more)


def anybody(method: str, path: str, needs: str, status: int, **more: Any) -> Route:
    """The same answer for everybody."""
    people: dict[str, Any] = dict.fromkeys(COLUMNS, status)
    return Route(method, path, needs, **people, **more)


ROUTES = (
    anybody("POST", "api/v1/sessions/", Open.SESSIONS, 400),
    pane("DELETE", "api/v1/sessions/", Open.SESSIONS, 204, 204, 204),
    pane("POST", "api/v1/sessions/ticket/", "session.own", 201, 201, 201),
    pane("GET", "api/v1/connections/", "connection.own", 200, 200, 200),
    pane("POST", "api/v1/connections/salesforce/", "connection.own", 201, 201, 201),
    pane("DELETE", "api/v1/connections/salesforce/", "connection.own", 200, 200, 200),
    pane("POST", "api/v1/connections/salesforce/finish/", "connection.own", 400, 400, 400),
    anybody("GET", "connect/salesforce/callback/", Open.STATE, 400),
    anybody("POST", "connect/salesforce/confirm/", Open.SECRET, 400),
    anybody("GET", "connect/salesforce/<str:ticket>/", Open.TICKET, 400),
    pane("POST", "api/v1/connections/google/", "connection.own", 201, 201, 201),
    pane("DELETE", "api/v1/connections/google/", "connection.own", 200, 200, 200),
    pane("POST", "api/v1/connections/google/finish/", "connection.own", 400, 400, 400),
    anybody("GET", "connect/microsoft/sign-in/", Open.DIALOG, 400),
    anybody("GET", "connect/microsoft/callback/", Open.STATE, 400),
    anybody("GET", "extension/authorize/", Open.EXTENSION, 400),
    anybody("POST", "extension/token/", Open.REDEEMING, 400),
    anybody("GET", "connect/google/callback/", Open.STATE, 400),
    anybody("POST", "connect/google/confirm/", Open.SECRET, 400),
    anybody("GET", "connect/google/<str:ticket>/", Open.TICKET, 400),
    anybody("GET", "pane/outlook/", Open.SHELL, 200),
    anybody("GET", "pane/gmail/", Open.SHELL, 200),
    anybody("GET", "clients/outlook/", Open.INSTALLING, 200),
    anybody("GET", "clients/outlook/manifest.xml", Open.INSTALLING, 200),
    pane("GET", "pane/compose/", "email.view", 200, 200, 200),
    pane("GET", "api/v1/compose/", "email.view", 200, 200, 200),
    pane("POST", "pane/context/", "email.view", 400, 400, 400),
    pane("POST", "pane/filings/", "email.file", 400, 400, 400),
    pane("GET", "pane/filings/<uuid:filing_id>/", "email.view", 503, 404, 404),
    pane("POST", "pane/filings/<uuid:filing_id>/undo/", "email.undo", 503, 404, 404),
    pane("GET", "pane/filings/<uuid:filing_id>/again/", "email.file", 503, 404, 404),
    pane("POST", "pane/filings/<uuid:filing_id>/stop/", "email.file", 503, 404, 404),
    pane("POST", "pane/filings/<uuid:filing_id>/follow/", "email.file", 503, 404, 404),
    pane("POST", "pane/filings/<uuid:filing_id>/unfollow/", "email.file", 503, 404, 404),
    pane("POST", "api/v1/context/", "email.view", 400, 400, 400),
    pane("POST", "api/v1/filings/", "email.file", 400, 400, 400),
    pane("GET", "api/v1/filings/<uuid:filing_id>/", "email.view", 503, 404, 404),
    pane("POST", "api/v1/filings/<uuid:filing_id>/undo/", "email.undo", 503, 404, 404),
    pane("POST", "api/v1/filings/<uuid:filing_id>/stop/", "email.file", 503, 404, 404),
    pane("POST", "api/v1/filings/<uuid:filing_id>/follow/", "email.file", 503, 404, 404),
    pane("DELETE", "api/v1/filings/<uuid:filing_id>/follow/", "email.file", 503, 404, 404),
    pane("POST", "pane/reading/added/", "email.file", 503, 409, 503, body={"record_id": "001000000000001AAA"}),
    pane("POST", "pane/reading/unknown/", "email.view", 400, 400, 400),
    pane("POST", "api/v1/reading/unknown/", "email.view", 400, 400, 400),
    pane("POST", "pane/reading/block/", "mailbox.sync", 200, 200, 200, body={"address": "dana@unwanted.example"}),
    pane("POST", "pane/reading/unblock/<int:entry_id>/", "mailbox.sync", 200, 404, 404),
    pane("POST", "pane/reading/references/", "email.view", 400, 400, 400),
    pane("POST", "api/v1/reading/references/", "email.view", 400, 400, 400),
    pane("POST", "pane/reading/habits/", "email.view", 204, 204, 204, body={"tab": "Case"}),
    pane("POST", "pane/reading/order/", "mailbox.sync", 204, 204, 204, body={"object": "Case", "step": "0"}),
    pane("GET", "api/v1/reading/habits/", "email.view", 200, 200, 200),
    pane("POST", "api/v1/reading/habits/", "email.view", 200, 200, 200, body={"folded": "Case"}),
    pane("POST", "api/v1/reading/order/", "mailbox.sync", 200, 200, 200, body={"object": "Case", "step": "0"}),
    pane("GET", "pane/reading/<str:record_id>/timeline/", "email.view", 503, 409, 503),
    pane("GET", "pane/reading/<str:record_id>/related/", "email.view", 503, 409, 503),
    pane("GET", "api/v1/reading/<str:record_id>/timeline/", "email.view", 503, 409, 503),
    pane("GET", "api/v1/reading/<str:record_id>/related/", "email.view", 503, 409, 503),
    pane("GET", "pane/reading/<str:record_id>/write/<str:kind>/", "activity.write", 200, 200, 200),
    pane(
        "POST",
        "pane/reading/<str:record_id>/write/<str:kind>/",
        "activity.write",
        503,
        409,
        503,
        body={"key": "5d9b0f5e-8f7e-4a53-9a41-0a3c5c0e7a11", "text": "Rang her."},
    ),
    pane(
        "POST",
        "api/v1/reading/<str:record_id>/write/<str:kind>/",
        "activity.write",
        503,
        409,
        503,
        body={"key": "5d9b0f5e-8f7e-4a53-9a41-0a3c5c0e7a12", "text": "Rang her."},
    ),
    anybody("GET", "sync/", Open.SHELL, 200),
    pane("GET", "pane/records/search/", "record.view", 503, 409, 503),
    pane("GET", "pane/records/lookup/", "record.view", 200, 200, 200),
    pane("GET", "pane/records/new/<str:object_name>/", "record.create", 503, 409, 503),
    pane("POST", "pane/records/new/<str:object_name>/", "record.create", 503, 409, 503),
    pane("GET", "pane/records/r/<str:record_id>/", "record.view", 503, 409, 503),
    pane("POST", "pane/records/r/<str:record_id>/pin/", "record.view", 200, 409, 200),
    pane("GET", "pane/records/r/<str:record_id>/edit/", "record.edit", 503, 409, 503),
    pane("POST", "pane/records/r/<str:record_id>/edit/", "record.edit", 503, 409, 503),
    pane("GET", "pane/records/r/<str:record_id>/convert/", "lead.convert", 503, 409, 503),
    pane("POST", "pane/records/r/<str:record_id>/convert/", "lead.convert", 503, 409, 503),
    pane("GET", "api/v1/records/search/", "record.view", 503, 409, 503),
    pane("GET", "api/v1/records/at-hand/", "record.view", 503, 409, 503),
    pane("GET", "api/v1/records/new/<str:object_name>/", "record.create", 503, 409, 503),
    pane("POST", "api/v1/records/new/<str:object_name>/", "record.create", 400, 400, 400),
    pane("GET", "api/v1/records/r/<str:record_id>/", "record.view", 503, 409, 503),
    pane("GET", "api/v1/records/r/<str:record_id>/form/", "record.edit", 503, 409, 503),
    pane("POST", "api/v1/records/r/<str:record_id>/form/", "record.edit", 400, 400, 400),
    pane("POST", "api/v1/records/r/<str:record_id>/convert/", "lead.convert", 400, 400, 400),
    pane("GET", "pane/sync/", "mailbox.sync", 200, 200, 200),
    pane("GET", "pane/sync/status/", "mailbox.sync", 200, 200, 200),
    pane("GET", "pane/sync/mailboxes/<uuid:mailbox_id>/", "mailbox.sync", 200, 404, 404),
    pane("POST", "pane/sync/mailboxes/<uuid:mailbox_id>/pause/", "mailbox.sync", 200, 404, 404),
    pane("POST", "pane/sync/mailboxes/<uuid:mailbox_id>/resume/", "mailbox.sync", 200, 404, 404),
    pane("POST", "pane/sync/mailboxes/<uuid:mailbox_id>/now/", "mailbox.sync", 200, 404, 404),
    pane("GET", "pane/sync/mailboxes/<uuid:mailbox_id>/read-again/", "mailbox.sync", 200, 404, 404),
    pane(
        "POST",
        "pane/sync/mailboxes/<uuid:mailbox_id>/read-again/",
        "mailbox.sync",
        200,
        404,
        404,
        body={"since": "2026-11-01"},
    ),
    pane("GET", "pane/sync/mailboxes/<uuid:mailbox_id>/dry-run/", "mailbox.sync", 200, 404, 404),
    pane(
        "POST",
        "pane/sync/mailboxes/<uuid:mailbox_id>/dry-run/",
        "mailbox.sync",
        503,
        404,
        404,
        body={"since": "2026-11-01"},
    ),
    pane("GET", "pane/sync/mailboxes/<uuid:mailbox_id>/decisions/", "mailbox.sync", 200, 404, 404),
    pane("GET", "pane/sync/mailboxes/<uuid:mailbox_id>/folders/", "mailbox.sync", 200, 404, 404),
    pane(
        "POST",
        "pane/sync/mailboxes/<uuid:mailbox_id>/folders/",
        "mailbox.sync",
        422,
        404,
        404,
        body={"folder": "inbox"},
    ),
    pane("GET", "pane/sync/decisions/", "mailbox.sync", 200, 200, 200),
    pane("GET", "pane/sync/settings/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/sync/settings/<str:name>/", "mailbox.sync", 200, 200, 200, body={"value": "off"}),
    pane("POST", "pane/sync/settings/<str:name>/withdraw/", "mailbox.sync", 200, 200, 200),
    pane("GET", "pane/customise/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/customise/", "mailbox.sync", 200, 200, 200, body={"do": "reset"}),
    pane("GET", "pane/customise/<str:object_name>/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/customise/<str:object_name>/", "mailbox.sync", 200, 200, 200, body={"do": "reset"}),
    pane("GET", "pane/sync/block-list/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/sync/block-list/", "mailbox.sync", 200, 200, 200, body={"value": "new.example"}),
    pane("POST", "pane/sync/block-list/<int:entry_id>/remove/", "mailbox.sync", 200, 404, 404),
    pane("GET", "pane/sync/issues/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/sync/issues/<uuid:issue_id>/retry/", "mailbox.sync", 200, 404, 404),
    pane("POST", "pane/sync/issues/<uuid:issue_id>/ignore/", "mailbox.sync", 200, 404, 404),
    pane("GET", "pane/sync/follows/", "mailbox.sync", 200, 200, 200),
    pane("POST", "pane/sync/follows/<uuid:follow_id>/stop/", "mailbox.sync", 200, 404, 404),
    pane("GET", "api/v1/sync/mailboxes/", "mailbox.sync", 200, 200, 200),
    pane("GET", "api/v1/sync/mailboxes/<uuid:mailbox_id>/", "mailbox.sync", 200, 404, 404),
    pane("POST", "api/v1/sync/mailboxes/<uuid:mailbox_id>/pause/", "mailbox.sync", 200, 404, 404),
    pane("POST", "api/v1/sync/mailboxes/<uuid:mailbox_id>/resume/", "mailbox.sync", 200, 404, 404),
    pane("POST", "api/v1/sync/mailboxes/<uuid:mailbox_id>/now/", "mailbox.sync", 200, 404, 404),
    pane(
        "POST",
        "api/v1/sync/mailboxes/<uuid:mailbox_id>/read-again/",
        "mailbox.sync",
        200,
        404,
        404,
        body={"since": "2026-11-01"},
    ),
    pane(
        "POST",
        "api/v1/sync/mailboxes/<uuid:mailbox_id>/dry-run/",
        "mailbox.sync",
        503,
        404,
        404,
        body={"since": "2026-11-01"},
    ),
    pane("GET", "api/v1/sync/mailboxes/<uuid:mailbox_id>/decisions/", "mailbox.sync", 200, 404, 404),
    pane("GET", "api/v1/sync/settings/", "mailbox.sync", 200, 200, 200),
    pane("PUT", "api/v1/sync/settings/<str:name>/", "mailbox.sync", 200, 200, 200, body={"value": "off"}),
    pane("DELETE", "api/v1/sync/settings/<str:name>/", "mailbox.sync", 200, 200, 200),
    pane("GET", "api/v1/pane-layout/", "mailbox.sync", 200, 200, 200),
    pane("PUT", "api/v1/pane-layout/", "mailbox.sync", 400, 400, 400),
    pane("DELETE", "api/v1/pane-layout/", "mailbox.sync", 200, 200, 200),
    pane("GET", "api/v1/pane-layout/<str:object_name>/", "mailbox.sync", 200, 200, 200),
    pane("PUT", "api/v1/pane-layout/<str:object_name>/", "mailbox.sync", 400, 400, 400),
    pane("DELETE", "api/v1/pane-layout/<str:object_name>/", "mailbox.sync", 200, 200, 200),
    pane("GET", "api/v1/sync/block-list/", "mailbox.sync", 200, 200, 200),
    pane("POST", "api/v1/sync/block-list/", "mailbox.sync", 201, 201, 201, body={"value": "new.example"}),
    pane("DELETE", "api/v1/sync/block-list/<int:entry_id>/", "mailbox.sync", 204, 404, 404),
    pane("GET", "api/v1/sync/issues/", "mailbox.sync", 200, 200, 200),
    pane("POST", "api/v1/sync/issues/<uuid:issue_id>/retry/", "mailbox.sync", 204, 404, 404),
    pane("POST", "api/v1/sync/issues/<uuid:issue_id>/ignore/", "mailbox.sync", 204, 404, 404),
    pane("GET", "api/v1/sync/follows/", "mailbox.sync", 200, 200, 200),
    pane("POST", "api/v1/sync/follows/<uuid:follow_id>/stop/", "mailbox.sync", 204, 404, 404),
    anybody("POST", "webhooks/graph/", Open.GRAPH, 202),
    anybody("POST", "webhooks/gmail/", Open.GMAIL, 202),
    anybody("GET", "demo/", Open.DEMO, 503),
    anybody("GET", "demo/salesforce/<path:path>", Open.DEMO, 404),
    anybody("GET", "demo/microsoft/<path:path>", Open.DEMO, 404),
    anybody("GET", "demo/gmail/", Open.DEMO, 503),
    anybody("GET", "demo/gmail/<str:person>/messages/", Open.DEMO, 502),
    anybody("GET", "demo/gmail/<str:person>/thread/", Open.DEMO, 502),
    anybody("GET", "demo/gmail/<str:person>/body/", Open.DEMO, 502),
    anybody("POST", "demo/gmail/<str:person>/token/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/folders/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/messages/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/item/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/body/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/record/", Open.DEMO, 502),
    anybody("POST", "demo/<str:person>/token/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/internet-headers/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/attachment/", Open.DEMO, 502),
    anybody("POST", "demo/<str:person>/send/", Open.DEMO, 502),
    anybody("GET", "demo/<str:person>/account/", Open.DEMO, 502),
    anybody("POST", "demo/<str:person>/nested-token/", Open.DEMO, 502),
    anybody("GET", "api/schema/", Open.SCHEMA, 200),
    anybody("GET", "healthz", Open.RUNS, 200),
    anybody("GET", "readyz", Open.READY, 200),
    signing_in("GET", "sign-in/login/", nobody=200, operator=302),
    signing_in(
        "POST",
        "sign-in/login/",
        nobody=200,
        operator=302,
        body={"login": "ines@larkfield.example", "password": "wrong"},
    ),
    signing_in("GET", "sign-in/logout/", nobody=302, operator=200),
    anybody("POST", "sign-in/logout/", Open.SIGNING_IN, 302),
    signing_in("GET", "sign-in/inactive/", nobody=200, operator=200),
    signing_in("GET", "sign-in/signup/", nobody=200, operator=302),
    signing_in(
        "POST",
        "sign-in/signup/",
        nobody=200,
        operator=302,
        body={"email": "new@larkfield.example", "password1": "a long enough password"},
    ),
    signing_in("GET", "sign-in/reauthenticate/", nobody=302, operator=200),
    signing_in("GET", "sign-in/email/", nobody=302, operator=200),
    signing_in("GET", "sign-in/confirm-email/", nobody=200, operator=200),
    signing_in("GET", "sign-in/password/change/", nobody=302, operator=200),
    anybody("GET", "sign-in/password/set/", Open.SIGNING_IN, 302),
    signing_in("GET", "sign-in/password/reset/", nobody=200, operator=200),
    anybody("GET", "sign-in/login/code/confirm/", Open.SIGNING_IN, 302),
    signing_in("GET", r"sign-in/^confirm-email/(?P<key>[-:\w]+)/$", nobody=200, operator=200),
    signing_in("GET", "sign-in/password/reset/key/done/", nobody=200, operator=200),
    signing_in("GET", "sign-in/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", nobody=200, operator=200),
    signing_in("GET", "sign-in/password/reset/done/", nobody=200, operator=200),
    signing_in("GET", "sign-in/2fa/", nobody=302, operator=200),
    anybody("GET", "sign-in/2fa/authenticate/", Open.SIGNING_IN, 302),
    anybody("GET", "sign-in/2fa/reauthenticate/", Open.SIGNING_IN, 302),
    anybody("GET", "sign-in/2fa/totp/activate/", Open.SIGNING_IN, 302),
    signing_in("GET", "sign-in/2fa/totp/deactivate/", nobody=302, operator=404),
    signing_in("GET", "sign-in/2fa/recovery-codes/", nobody=302, operator=404),
    anybody("GET", "sign-in/2fa/recovery-codes/generate/", Open.SIGNING_IN, 302),
    signing_in("GET", "sign-in/2fa/recovery-codes/download/", nobody=302, operator=404),
    page("GET", "admin/", "administration.enter", 200, 200, 200, operator=302),
    anybody("GET", "admin/enter/", Open.ENTERING, 200),
    page(
        "POST",
        "admin/enter/",
        Open.ENTERING,
        401,
        401,
        401,
        nobody=401,
        colleague=401,
        without=401,
        operator=401,
        body={"ticket": "unknown"},
    ),
    anybody("GET", "admin/login/", Open.LEADS_ON, 302),
    anybody("GET", "admin/logout/", Open.LEAVING, 302),
    page("POST", "admin/logout/", Open.LEAVING, 302, 302, 302, colleague=302, without=302, operator=302),
    anybody("GET", "admin/jsi18n/", Open.BUTTONS, 200),
    desk("GET", "admin/desk/", operator=200, support=200),
    desk("GET", "admin/desk/<uuid:organisation_id>/ask/", operator=200, support=200),
    desk(
        "POST",
        "admin/desk/<uuid:organisation_id>/ask/",
        operator=302,
        support=200,
        body={"reason": "Nothing is filed since Monday"},
    ),
    desk("POST", "admin/desk/sessions/<uuid:session_id>/look/", operator=404, support=302),
    desk("POST", "admin/desk/sessions/<uuid:session_id>/end/", operator=404, support=302),
    desk("POST", "admin/desk/leave/", operator=302, support=302),
    page("GET", "admin/why/", "why.ask", 200, 200, 200),
    page("GET", "admin/accounts/connection/", "connection.view", 200, 200, 200),
    page(
        "POST",
        "admin/accounts/connection/",
        "connection.view",
        200,
        404,
        200,
        without=200,
        body={"action": "disconnect"},
        asks="connection.disconnect",
    ),
    page("GET", "admin/accounts/connection/step/disconnect/", "connection.disconnect", 200, 404, 403),
    page("POST", "admin/accounts/connection/step/disconnect/", "connection.disconnect", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/connection/<path:object_id>/change/", "connection.view", 200, 404, 200),
    page("GET", "admin/accounts/servicecredential/", "connection.view", 200, 200, 200),
    page("GET", "admin/accounts/servicecredential/<path:object_id>/change/", "connection.view", 200, 404, 200),
    page("GET", "admin/accounts/provisionedmailbox/", "connection.view", 200, 200, 200),
    page("GET", "admin/accounts/provisionedmailbox/<path:object_id>/change/", "connection.view", 200, 404, 200),
    page("GET", "admin/permissions/authorization/", "grant.view", 200, 200, 200),
    page(
        "POST",
        "admin/permissions/authorization/",
        "grant.view",
        200,
        404,
        200,
        without=200,
        body={"action": "revoke"},
        asks="grant.give",
    ),
    page("GET", "admin/permissions/authorization/step/give/", "grant.give", 200, 200, 403, makes=True),
    page(
        "POST",
        "admin/permissions/authorization/step/give/",
        "grant.give",
        302,
        422,
        403,
        body={
            **YES,
            "person": "tom@larkfield.example",
            "role": "auditor",
            "resource": "<accounts/organisation>",
            "reason": "Asked for",
        },
        makes=True,
    ),
    page("GET", "admin/permissions/authorization/step/revoke/", "grant.give", 200, 404, 403),
    page("POST", "admin/permissions/authorization/step/revoke/", "grant.give", 302, 404, 403, body=YES),
    page("GET", "admin/permissions/authorization/<path:object_id>/change/", "grant.view", 200, 404, 200),
    page("GET", "admin/permissions/principal/", "grant.view", 200, 200, 200),
    page(
        "POST",
        "admin/permissions/principal/",
        "grant.view",
        200,
        404,
        200,
        without=200,
        body={"action": "delete"},
        asks="group.change",
    ),
    page("GET", "admin/permissions/principal/step/make/", "group.change", 200, 200, 403, makes=True),
    page(
        "POST",
        "admin/permissions/principal/step/make/",
        "group.change",
        302,
        302,
        403,
        body={**YES, "name": "New"},
        makes=True,
    ),
    page("GET", "admin/permissions/principal/step/put-in/", "group.change", 200, 404, 403),
    page(
        "POST",
        "admin/permissions/principal/step/put-in/",
        "group.change",
        302,
        404,
        403,
        body={**YES, "person": "tom@larkfield.example"},
    ),
    page("GET", "admin/permissions/principal/step/take-out/", "group.change", 200, 404, 403),
    page(
        "POST",
        "admin/permissions/principal/step/take-out/",
        "group.change",
        302,
        404,
        403,
        body={**YES, "person": "tom@larkfield.example"},
    ),
    page("GET", "admin/permissions/principal/step/delete/", "group.change", 200, 404, 403),
    page("POST", "admin/permissions/principal/step/delete/", "group.change", 302, 404, 403, body=YES),
    page("GET", "admin/permissions/principal/<path:object_id>/change/", "grant.view", 200, 404, 200),
    page("GET", "admin/permissions/ownrole/", "role.view", 200, 200, 200),
    page(
        "POST",
        "admin/permissions/ownrole/",
        "role.view",
        200,
        404,
        200,
        without=200,
        body={"action": "delete"},
        asks="role.change",
    ),
    page("GET", "admin/permissions/ownrole/step/make/", "role.change", 200, 200, 403, makes=True),
    page(
        "POST",
        "admin/permissions/ownrole/step/make/",
        "role.change",
        302,
        302,
        403,
        body={**YES, "source": "auditor", "title": "New"},
        makes=True,
    ),
    page("GET", "admin/permissions/ownrole/step/change/", "role.change", 200, 404, 403),
    page(
        "POST",
        "admin/permissions/ownrole/step/change/",
        "role.change",
        302,
        404,
        403,
        body={**YES, "title": "New", "permissions": "user.view"},
    ),
    page("GET", "admin/permissions/ownrole/step/delete/", "role.change", 200, 404, 403),
    page("POST", "admin/permissions/ownrole/step/delete/", "role.change", 302, 404, 403, body=YES),
    page("GET", "admin/permissions/ownrole/<path:object_id>/change/", "role.view", 200, 404, 200),
    page("GET", "admin/accounts/configurationchange/", "history.view", 200, 200, 403),
    page("GET", "admin/accounts/configurationchange/back/", "history.restore", 200, 200, 403),
    page(
        "POST",
        "admin/accounts/configurationchange/back/",
        "history.restore",
        422,
        422,
        403,
        body={"moment": "2026-01-01T00:00", "confirmed": "yes"},
    ),
    page("GET", "admin/accounts/configurationchange/<int:object_id>/back/", "history.restore", 200, 404, 403),
    page(
        "POST", "admin/accounts/configurationchange/<int:object_id>/back/", "history.restore", 302, 404, 403, body=YES
    ),
    page("GET", "admin/accounts/configurationchange/<path:object_id>/change/", "history.view", 200, 404, 403),
    page("GET", "admin/accounts/organisation/", "organisation.view", 302, 302, 302),
    page("GET", "admin/accounts/organisation/settings/", "organisation.view", 200, 200, 200),
    page(
        "POST", "admin/accounts/organisation/settings/", "organisation.view", 302, 302, 403, asks="organisation.change"
    ),
    page("GET", "admin/accounts/organisation/<path:object_id>/change/", "organisation.view", 200, 404, 200),
    page(
        "POST",
        "admin/accounts/organisation/<path:object_id>/change/",
        "organisation.view",
        302,
        404,
        403,
        body={
            "name": "Taken over",
            "microsoft_tenants-TOTAL_FORMS": "0",
            "microsoft_tenants-INITIAL_FORMS": "0",
            "google_domains-TOTAL_FORMS": "0",
            "google_domains-INITIAL_FORMS": "0",
            "internal_domains-TOTAL_FORMS": "0",
            "internal_domains-INITIAL_FORMS": "0",
        },
        asks="organisation.change",
    ),
    page("GET", "admin/accounts/team/", "user.view", 200, 200, 200),
    page(
        "POST",
        "admin/accounts/team/",
        "user.view",
        200,
        404,
        200,
        without=200,
        body={"action": "delete"},
        asks="team.change",
    ),
    page("GET", "admin/accounts/team/step/make/", "team.change", 200, 200, 403, makes=True),
    page(
        "POST", "admin/accounts/team/step/make/", "team.change", 302, 302, 403, body={**YES, "name": "New"}, makes=True
    ),
    page("GET", "admin/accounts/team/step/rename/", "team.change", 200, 404, 403),
    page("POST", "admin/accounts/team/step/rename/", "team.change", 302, 404, 403, body={**YES, "name": "New"}),
    page("GET", "admin/accounts/team/step/join/", "team.change", 200, 404, 403),
    page(
        "POST",
        "admin/accounts/team/step/join/",
        "team.change",
        302,
        404,
        403,
        body={**YES, "person": "tom@larkfield.example"},
    ),
    page("GET", "admin/accounts/team/step/delete/", "team.change", 200, 404, 403),
    page("POST", "admin/accounts/team/step/delete/", "team.change", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/team/<path:object_id>/change/", "user.view", 200, 404, 200),
    page("GET", "admin/accounts/preset/", "preset.view", 200, 200, 200),
    page(
        "POST",
        "admin/accounts/preset/",
        "preset.view",
        200,
        404,
        200,
        without=200,
        body={"action": "delete"},
        asks="preset.change",
    ),
    page("GET", "admin/accounts/preset/step/make/", "preset.change", 200, 200, 403, makes=True),
    page(
        "POST",
        "admin/accounts/preset/step/make/",
        "preset.change",
        302,
        302,
        403,
        body={**YES, "name": "New"},
        makes=True,
    ),
    page("GET", "admin/accounts/preset/step/assign/", "preset.assign", 200, 404, 403),
    page(
        "POST",
        "admin/accounts/preset/step/assign/",
        "preset.assign",
        302,
        404,
        403,
        body={**YES, "people": "tom@larkfield.example", "own": "keep"},
    ),
    page("GET", "admin/accounts/preset/step/clone/", "preset.change", 200, 404, 403),
    page("POST", "admin/accounts/preset/step/clone/", "preset.change", 302, 404, 403, body={**YES, "name": "New"}),
    page("GET", "admin/accounts/preset/step/rename/", "preset.change", 200, 404, 403),
    page("POST", "admin/accounts/preset/step/rename/", "preset.change", 302, 404, 403, body={**YES, "name": "New"}),
    page("GET", "admin/accounts/preset/step/delete/", "preset.change", 200, 404, 403),
    page("POST", "admin/accounts/preset/step/delete/", "preset.change", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/preset/<int:object_id>/settings/", "preset.view", 200, 404, 200),
    page("GET", "admin/accounts/preset/<int:object_id>/pane/", "preset.view", 200, 404, 200),
    page("POST", "admin/accounts/preset/<int:object_id>/pane/", "preset.view", 302, 404, 403, asks="preset.change"),
    page("POST", "admin/accounts/preset/<int:object_id>/settings/", "preset.view", 302, 404, 403, asks="preset.change"),
    page("GET", "admin/accounts/preset/<path:object_id>/change/", "preset.view", 200, 404, 200),
    page("GET", "admin/accounts/staffsession/", "staff.view", 200, 200, 200),
    page("GET", "admin/accounts/staffsession/step/approve/", "staff.approve", 200, 404, 403),
    page(
        "POST",
        "admin/accounts/staffsession/step/approve/",
        "staff.approve",
        302,
        404,
        403,
        body={**YES, "minutes": "60"},
    ),
    page("GET", "admin/accounts/staffsession/step/decline/", "staff.approve", 200, 404, 403),
    page("POST", "admin/accounts/staffsession/step/decline/", "staff.approve", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/staffsession/step/end/", "staff.approve", 200, 404, 403),
    page("POST", "admin/accounts/staffsession/step/end/", "staff.approve", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/staffsession/<path:object_id>/change/", "staff.view", 200, 404, 200),
    page("GET", "admin/permissions/auditentry/", "audit.view", 200, 200, 403),
    page("GET", "admin/permissions/auditentry/export/", "audit.export", 200, 200, 403),
    page("POST", "admin/permissions/auditentry/export/", "audit.export", 200, 200, 403),
    page("GET", "admin/permissions/auditentry/<path:object_id>/change/", "audit.view", 200, 404, 403),
    page("GET", "admin/sync/mailbox/", "collection.view", 200, 200, 200),
    page(
        "POST",
        "admin/sync/mailbox/",
        "collection.view",
        200,
        404,
        200,
        without=200,
        body={"action": "pause"},
        asks="collection.steer",
    ),
    page("GET", "admin/sync/mailbox/step/pause/", "collection.steer", 200, 404, 403),
    page("POST", "admin/sync/mailbox/step/pause/", "collection.steer", 302, 404, 403, body=YES),
    page("GET", "admin/sync/mailbox/step/resume/", "collection.steer", 200, 404, 403),
    page("POST", "admin/sync/mailbox/step/resume/", "collection.steer", 422, 404, 403, body=YES),
    page("GET", "admin/sync/mailbox/step/force/", "collection.steer", 200, 404, 403),
    page("POST", "admin/sync/mailbox/step/force/", "collection.steer", 302, 404, 403, body=YES),
    page("GET", "admin/sync/mailbox/step/again/", "collection.steer", 200, 404, 403),
    page(
        "POST", "admin/sync/mailbox/step/again/", "collection.steer", 302, 404, 403, body={**YES, "since": "2026-11-01"}
    ),
    page("GET", "admin/sync/mailbox/step/anew/", "collection.steer", 200, 404, 403),
    page("POST", "admin/sync/mailbox/step/anew/", "collection.steer", 302, 404, 403, body=YES),
    page("GET", "admin/sync/mailbox/<path:object_id>/change/", "collection.view", 200, 404, 200),
    page("GET", "admin/sync/issue/", "issue.view", 200, 200, 200),
    page(
        "POST",
        "admin/sync/issue/",
        "issue.view",
        200,
        404,
        200,
        without=200,
        body={"action": "again"},
        asks="issue.settle",
    ),
    page("GET", "admin/sync/issue/step/again/", "issue.settle", 200, 404, 403),
    page("POST", "admin/sync/issue/step/again/", "issue.settle", 302, 404, 403, body=YES),
    page("GET", "admin/sync/issue/step/leave/", "issue.settle", 200, 404, 403),
    page("POST", "admin/sync/issue/step/leave/", "issue.settle", 302, 404, 403, body=YES),
    page("GET", "admin/sync/issue/<path:object_id>/change/", "issue.view", 200, 404, 200),
    page("GET", "admin/sync/apibudget/", "collection.view", 200, 200, 200),
    page("GET", "admin/sync/apibudget/<path:object_id>/change/", "collection.view", 200, 404, 200),
    page("GET", "admin/accounts/user/", "user.view", 200, 200, 200),
    page(
        "POST",
        "admin/accounts/user/",
        "user.view",
        200,
        404,
        200,
        without=302,
        body={"action": "move"},
        asks="team.change",
    ),
    page("GET", "admin/accounts/user/step/add/", "user.change", 200, 200, 403, makes=True),
    page(
        "POST",
        "admin/accounts/user/step/add/",
        "user.change",
        302,
        302,
        403,
        body={**YES, "email": "new-<who>@larkfield.example", "name": "New"},
        makes=True,
    ),
    page("GET", "admin/accounts/user/step/move/", "team.change", 200, 404, 403),
    page(
        "POST", "admin/accounts/user/step/move/", "team.change", 302, 404, 403, body={**YES, "team": "<accounts/team>"}
    ),
    page("GET", "admin/accounts/user/step/preset/", "preset.assign", 200, 404, 403),
    page(
        "POST",
        "admin/accounts/user/step/preset/",
        "preset.assign",
        422,
        404,
        403,
        body={**YES, "preset": "<accounts/preset>"},
    ),
    page("GET", "admin/accounts/user/step/sign-out/", "user.offboard", 200, 404, 403),
    page("POST", "admin/accounts/user/step/sign-out/", "user.offboard", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/user/step/deactivate/", "user.offboard", 200, 404, 403),
    page("POST", "admin/accounts/user/step/deactivate/", "user.offboard", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/user/step/activate/", "user.offboard", 200, 404, 403),
    page("POST", "admin/accounts/user/step/activate/", "user.offboard", 302, 404, 403, body=YES),
    page("GET", "admin/accounts/user/<path:object_id>/change/", "user.view", 200, 404, 200),
    page(
        "POST",
        "admin/accounts/user/<path:object_id>/change/",
        "user.view",
        302,
        404,
        403,
        body={"name": "Taken over"},
        asks="user.change",
    ),
)
