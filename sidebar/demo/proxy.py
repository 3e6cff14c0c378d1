"""The sandbox's sign-in pages of Salesforce and Microsoft under our own address.

So a browser meets no certificate that it does not know.

Only the configured sandbox, only its pages for signing in; the pages themselves carry no script.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound

from accounts.http import httpx_client
from sidebar.demo.facts import sandbox

_PATHS = {
    "salesforce": re.compile(r"services/oauth2/authorize|lightning/[A-Za-z0-9_/.-]{1,200}"),
    "microsoft": re.compile(r"[A-Za-z0-9.-]{1,100}/oauth2/v2\.0/authorize"),
}
_PASSED_ON = ("content-type", "cache-control", "content-security-policy", "referrer-policy")
_MAX_BODY = 16 * 1024


def forward(request: HttpRequest, service: str, path: str) -> HttpResponse:
    """The sandbox's answer: its address replaced by ours in redirects, framing by our own page allowed."""
    # Dots would lead out of the two folders once the address is put together.
    if not _PATHS[service].fullmatch(path) or ".." in path:
        return HttpResponseNotFound()
    if len(request.body) > _MAX_BODY:
        return HttpResponseBadRequest()
    facts = sandbox()
    upstream = facts.salesforce_login_url if service == "salesforce" else facts.microsoft_login_url
    query = request.META.get("QUERY_STRING", "")
    answer = httpx_client(base_url=upstream).request(
        request.method or "GET",
        f"/{path}" + (f"?{query}" if query else ""),
        content=request.body or None,
        headers={"Content-Type": request.content_type or "", "Accept": "text/html"},
    )
    response = HttpResponse(answer.content, status=answer.status_code)
    for name in _PASSED_ON:
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    policy = answer.headers.get("content-security-policy", "default-src 'none'")
    response.headers["Content-Security-Policy"] = re.sub(
        r"frame-ancestors[^;]*", f"frame-ancestors 'self' {settings.ALONGSIDE_PUBLIC_URL}", policy
    )
    location = answer.headers.get("location")
    if location:
        response.headers["Location"] = _ours(location, upstream, f"/demo/{service}")
    return response


def _ours(location: str, upstream: str, prefix: str) -> str:
    """A redirect into the sandbox becomes one into our prefix; every other one stands as it is."""
    if location.startswith("/"):
        return prefix + location
    target, own = urlsplit(location), urlsplit(upstream)
    if (target.scheme, target.netloc) == (own.scheme, own.netloc):
        return prefix + location[len(f"{own.scheme}://{own.netloc}") :]
    return location
