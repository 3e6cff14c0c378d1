"""The pages that the sandbox shows to a person: signing in, allowing, and errors.

They carry no script, no outside asset and no absolute address, and a form without ``action`` is sent to wherever the
page was loaded from, so that a reverse proxy under another host and path can show them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape

from starlette.responses import HTMLResponse

from sandbox.seed.company import CompanyUser

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1a19;--soft:#5c5a58;--paper:#fff;--ground:#f3f2f1;--line:#8a8886;
--accent:#0f5fae;--on:#fff;--bad:#a4262c;--note:#fff4ce;--noteink:#4a3f12}
@media(prefers-color-scheme:dark){:root{--ink:#f3f2f1;--soft:#c8c6c4;--paper:#252423;--ground:#161514;--line:#8a8886;
--accent:#75b6f0;--on:#101010;--bad:#ff9fa4;--note:#433519;--noteink:#fde7a5}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.4 system-ui,"Segoe UI",sans-serif}
.banner{margin:0;padding:8px 16px;background:var(--note);color:var(--noteink);font-size:14px;text-align:center}
main{max-width:26rem;margin:16px auto;padding:20px;background:var(--paper);border-radius:8px}
h1{margin:0 0 4px;font-size:20px;font-weight:600}
h2{margin:20px 0 8px;font-size:14px;font-weight:600}
p{margin:4px 0 12px}
.soft{color:var(--soft);font-size:14px}
.error{color:var(--bad);font-weight:600}
label{display:block;margin:12px 0 4px;font-size:14px}
input{width:100%;min-height:36px;padding:4px 8px;font:inherit;color:inherit;background:var(--paper);
border:1px solid var(--line);border-radius:4px}
button{min-height:36px;padding:4px 16px;font:inherit;border:1px solid var(--line);border-radius:4px;
background:var(--paper);color:inherit;cursor:pointer}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.row{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}
.people{display:grid;gap:8px;margin:0;padding:0;list-style:none}
.people button{width:100%;text-align:left;padding:6px 12px}
.people span{display:block;font-size:14px;color:var(--soft);overflow-wrap:anywhere}
label.choice{display:flex;gap:8px;align-items:flex-start}
label.choice input{width:auto;min-height:0;margin-top:3px}
ul.scopes{margin:0 0 12px;padding-left:20px}
"""
_SUBMIT = "document.forms[0].submit()"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# Browsers send `Origin: null` with the form of a page whose policy is no-referrer, which a proxy's own checks refuse.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(title: str, service: str, body: str, status: int = 200) -> HTMLResponse:
    """A whole page; ``body`` is HTML, the rest is text."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<p class="banner" role="note">Sandbox: this stands in for {escape(service)}. Nothing here leaves this '
        f"machine.</p><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def sign_in(
    *, service: str, company: str, application: str, people: Iterable[CompanyUser], hint: str = "", error: str = ""
) -> HTMLResponse:
    """The page that asks who it is: user name and password, or a button for each person of the company.

    Posts ``username`` and ``password``, or ``person`` (an address), or ``decision=cancel``.
    """
    problem = f'<p class="error" role="alert" id="problem">{escape(error)}</p>' if error else ""
    described = ' aria-describedby="problem" aria-invalid="true"' if error else ""
    focus = ("", " autofocus") if hint else (" autofocus", "")
    rows = "".join(
        f'<li><button name="person" value="{escape(user.email)}">{escape(user.name)}, {escape(_who(user))}'
        f"<span>{escape(user.email)}</span></button></li>"
        for user in people
    )
    body = (
        f'<p class="soft">{escape(company)} · to continue to {escape(application)}</p>{problem}'
        '<form method="post">'
        '<label for="username">User name</label>'
        f'<input id="username" name="username" type="email" autocomplete="username" required{focus[0]}'
        f' value="{escape(hint)}"{described}>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required'
        f"{focus[1]}{described}>"
        '<div class="row"><button class="main" name="decision" value="sign-in">Sign in</button>'
        '<button name="decision" value="cancel" formnovalidate>Cancel</button></div></form>'
        '<form method="post"><h2>Or go on as one of the sandbox’s people</h2>'
        f'<ul class="people">{rows}</ul></form>'
    )
    return page("Sign in", service, body)


def _who(user: CompanyUser) -> str:
    return user.role if user.is_hosted else "account outside the company"


def choose_account(*, service: str, application: str, accounts: Iterable[CompanyUser]) -> HTMLResponse:
    """The page that asks which of the signed-in accounts it is.

    Posts ``person`` (an address), or ``decision``: ``other`` or ``cancel``.
    """
    rows = "".join(
        f'<li><button name="person" value="{escape(user.email)}">{escape(user.name)}'
        f"<span>{escape(user.email)}</span></button></li>"
        for user in accounts
    )
    body = (
        f'<p class="soft">to continue to {escape(application)}</p><form method="post"><ul class="people">{rows}</ul>'
        '<div class="row"><button name="decision" value="other">Use another account</button>'
        '<button name="decision" value="cancel">Cancel</button></div></form>'
    )
    return page("Choose an account", service, body)


def allow(*, service: str, application: str, user: CompanyUser, ticket: str, scopes: Iterable[str]) -> HTMLResponse:
    """The page that asks for consent. Posts ``ticket`` and ``decision``, ``allow`` or ``deny``."""
    asked = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    body = (
        f"<p>{escape(application)} is asking to:</p>"
        f'<ul class="scopes">{asked}</ul>'
        f'<p class="soft">Signed in as {escape(user.name)} ({escape(user.email)}).</p>'
        f'<form method="post"><input type="hidden" name="ticket" value="{escape(ticket)}">'
        '<div class="row"><button class="main" name="decision" value="allow" autofocus>Allow</button>'
        '<button name="decision" value="deny">Deny</button></div></form>'
    )
    return page("Allow access?", service, body)


def choose(
    *,
    service: str,
    application: str,
    user: CompanyUser,
    ticket: str,
    fixed: Iterable[str],
    choices: Mapping[str, str],
) -> HTMLResponse:
    """The page that asks for consent to each scope by itself: `choices` by name, what they mean in words.

    Posts ``ticket``, ``decision`` (``allow`` or ``deny``) and ``on`` under the name of each scope that is ticked.
    """
    known = "".join(f"<li>{escape(text)}</li>" for text in fixed)
    boxes = "".join(
        f'<label class="choice"><input type="checkbox" name="{escape(name)}" value="on" checked> {escape(text)}</label>'
        for name, text in choices.items()
    )
    body = (
        f'<p class="soft">Signed in as {escape(user.name)} ({escape(user.email)}).</p>'
        + (f'<ul class="scopes">{known}</ul>' if known else "")
        + f'<form method="post"><input type="hidden" name="ticket" value="{escape(ticket)}">'
        + (f"<h2>Select what {escape(application)} can access</h2>{boxes}" if boxes else "")
        + '<div class="row"><button class="main" name="decision" value="allow" autofocus>Continue</button>'
        '<button name="decision" value="deny">Cancel</button></div></form>'
    )
    return page(f"{application} wants access to your account", service, body)


def problem(*, service: str, title: str, sentences: Iterable[str], status: int = 400) -> HTMLResponse:
    """A page for an error that must not be sent back to the application."""
    return page(title, service, "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences), status)


def post_back(*, service: str, redirect_uri: str, answer: dict[str, str]) -> HTMLResponse:
    """The page that posts ``answer`` to the application, by itself where scripts run and with a press elsewhere."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in answer.items()
    )
    body = (
        f'<form method="post" action="{escape(redirect_uri)}">{fields}'
        f'<button class="main">Continue</button></form><script>{_SUBMIT}</script>'
    )
    response = page("Going on", service, body)
    digest = base64.b64encode(hashlib.sha256(_SUBMIT.encode()).digest()).decode()
    response.headers["Content-Security-Policy"] += f"; script-src 'sha256-{digest}'"
    return response
