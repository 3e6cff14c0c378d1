"""The product's addresses, an empty view authenticated as the pane's are, and time that passes for the cache."""

from __future__ import annotations

import pickle  # nosec B403: what this very process has put into its own memory

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
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


# As above: a bearer is asked for, no cookie is looked at.
@csrf_exempt
@requires("email.view")
@require_POST
@bearer_required
def passing(request: ActorRequest) -> HttpResponse:
    """What is cached in this process grows older by `seconds`, as if they had passed."""
    seconds = float(request.POST["seconds"])
    memory = caches["default"]
    assert isinstance(memory, LocMemCache), "time passes for the cache in the process alone"
    for key, ends in list(memory._expire_info.items()):  # type: ignore[attr-defined]
        if ends is not None:
            memory._expire_info[key] = ends - seconds  # type: ignore[attr-defined]
        # This process has pickled it itself, into its own memory.
        value = pickle.loads(memory._cache[key])  # type: ignore[attr-defined]  # noqa: S301
        # A flight's answer says itself when it was read and until when it is fresh (sync.services.flight).
        if isinstance(value, list) and len(value) == 3 and all(isinstance(part, float) for part in value[1:]):
            aged = [value[0], value[1] - seconds, value[2] - seconds]
            memory._cache[key] = pickle.dumps(aged, memory.pickle_protocol)  # type: ignore[attr-defined]
    return HttpResponse()


urlpatterns = [path("bench/empty/", empty), path("bench/passing/", passing), path("", include("config.urls"))]
