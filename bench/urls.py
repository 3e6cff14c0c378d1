"""The product's addresses, and an empty view that is authenticated as the pane's are."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.authentication import ActorRequest, bearer_required
from permissions.declare import requires


# A bearer is asked for and cookies are not looked at: there is nothing that another site could forge.
@csrf_exempt
@requires("email.view")
@require_POST
@bearer_required
def empty(request: ActorRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("bench/empty/", empty), path("", include("config.urls"))]
