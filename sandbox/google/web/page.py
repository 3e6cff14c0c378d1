"""The page's own HTML and headers. What it shows is built by its scripts, as Gmail's is.

The policy is as strict as Gmail's: scripts by nonce alone, trusted types, no foreign frame, so that an extension can
lean on nothing of the page. https://developer.chrome.com/docs/extensions/develop/concepts/content-scripts

Addresses may carry `hl` (en, de, ar) and, for tests, `theme=dark` and `markup=changed|anonymous`.
"""

from __future__ import annotations

import secrets
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from sandbox import pages
from sandbox.seed.company import CompanyUser

_FRAMES = "https://accounts.google.com/ https://apis.google.com/u/ https://docs.google.com/ https://drive.google.com"


def shell(user: CompanyUser, number: int, accounts: list[CompanyUser], company: str, accounts_url: str) -> Response:
    """The page of one account; ``accounts`` are all of the browser, in their order."""
    nonce = secrets.token_urlsafe(18)
    others = "".join(
        f'<li><a href="/mail/u/{place}/" data-email="{escape(other.email)}">{escape(other.name)}'
        f"<span>{escape(other.email)}</span></a></li>"
        for place, other in enumerate(accounts)
        if place != number
    )
    back = quote(f"https://mail.google.com/mail/u/{number}/", safe="")
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>Gmail</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/mail/assets/page.css" nonce="{nonce}">'
        f'<script type="module" src="/mail/assets/page.js" nonce="{nonce}"></script></head>'
        f'<body data-number="{number}" data-email="{escape(user.email)}" data-name="{escape(user.name)}" '
        f'data-company="{escape(company)}" data-accounts-url="{escape(accounts_url)}" data-back="{back}">'
        f'<template id="other-accounts"><ul class="sb-others">{others}</ul></template></body></html>'
    )
    return HTMLResponse(html, headers=_headers(nonce, accounts_url))


def no_mailbox(user: CompanyUser) -> Response:
    """What an account without Gmail gets."""
    return pages.problem(
        service="Gmail",
        title="Gmail is not turned on",
        sentences=[f"The account {user.email} has no mailbox at Google."],
        status=403,
    )


def _headers(nonce: str, accounts_url: str) -> dict[str, str]:
    policy = {
        "default-src": "'self'",
        "script-src": f"'nonce-{nonce}' 'strict-dynamic'",
        "style-src": f"'self' 'nonce-{nonce}'",
        # Senders' own styles in bodies are attributes; they are cleaned before they get here.
        "style-src-attr": "'unsafe-inline'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "frame-src": f"'self' {_FRAMES}",
        "frame-ancestors": "'self'",
        "form-action": f"'self' {accounts_url}",
        "object-src": "'none'",
        "base-uri": "'self'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "gmail#html",
    }
    return {
        "Content-Security-Policy": ";".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "0",
        "Referrer-Policy": "origin",
        "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Strict-Transport-Security": "max-age=10886400; includeSubDomains",
    }
