"""The browser extension's sign-in: pages that only lead on, and its service worker's one call. No cookie is read."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import extension, google, views
from accounts.errors import ProviderUnavailable
from accounts.models import System
from accounts.trail import record_refusal
from permissions.declare import public

log = structlog.get_logger("accounts.extension")

_SCHEME = "chrome-extension://"


@public("nobody has signed in yet; what is asked is checked, and leads to nobody but our extension")
@never_cache
@require_GET
def authorize(request: HttpRequest) -> HttpResponse:
    """Begins the sign-in in the extension's window."""
    given = request.GET
    asked = extension.Asked(
        redirect_uri=given.get("redirect_uri", ""),
        state=given.get("state", ""),
        challenge=given.get("code_challenge", ""),
        method=given.get("code_challenge_method", ""),
        nonce=given.get("nonce", ""),
        login_hint=given.get("login_hint", ""),
        silent=given.get("prompt", "") == "none",
    )
    try:
        return HttpResponseRedirect(extension.authorize(asked))
    except extension.Refused as refused:
        log.warning("extension.refused", stage="authorize", reason=refused.reason)
        return render(request, "connect/extension_problem.html", {"reason": refused.reason}, status=400)


@public("the single-use state that came back is what is checked")
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Google's answer, for the extension's sign-in or for the dialog that connects a mailbox: one address for both.

    So an administrator registers one redirect address at Google; the state says which walk an answer belongs to.
    """
    given = request.GET
    address = extension.returned(
        state=given.get("state", ""),
        code=given.get("code", ""),
        error=given.get("error", ""),
        issuer=given.get("iss"),
    )
    return HttpResponseRedirect(address) if address is not None else views.callback(request, System.GOOGLE)


# No cookie is looked at: the code and its verifier are the proof, and a forged page has neither.
@public("the single-use code and the verifier in the form are what is checked")
@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """The ID token for a one-time code and its verifier, to the service worker of our extension alone."""
    origin = request.headers.get("Origin", "")
    extension_id = origin.removeprefix(_SCHEME) if origin.startswith(_SCHEME) else ""
    if not extension.is_ours(extension_id):
        return _refused(request, "extension")
    form = request.POST
    try:
        id_token = extension.redeem(
            code=form.get("code", ""), verifier=form.get("code_verifier", ""), extension_id=extension_id
        )
    except extension.Refused as refused:
        return _readable(_refused(request, refused.reason), origin)
    except google.GrantRefused:
        return _readable(_refused(request, "grant"), origin)
    except google.AnswerRefused as refused:
        log.warning("google.answer_refused", rule=refused.rule)
        return _readable(_refused(request, "answer"), origin)
    except ProviderUnavailable:
        return _readable(JsonResponse({"error": "temporarily_unavailable"}, status=503), origin)
    return _readable(JsonResponse({"id_token": id_token}), origin)


def _refused(request: HttpRequest, reason: str) -> HttpResponse:
    """The same answer for each reason: only our trail and log tell them apart."""
    log.warning("extension.refused", stage="token", reason=reason)
    record_refusal(request, reason=reason, stage="extension")
    return JsonResponse({"error": "invalid_grant"}, status=400)


def _readable(response: HttpResponse, origin: str) -> HttpResponse:
    """For our extension's worker, which needs no permission for this server's address then."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"
    return response
