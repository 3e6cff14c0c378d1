"""The page's partials, for the pane and for a tab alike: each answers with the part of the page that it stands for.

    overview ─► head, navigation, status          status, settings, block list, issues, decisions, followed: #sync-part
    standing ─► how one mailbox stands, asked again while it is looked at: #standing-…

What goes wrong stands where it arose, as a designed state with an honest HTTP status. The shell for a tab holds no
data: it begins its session with a ticket from the pane (`accounts.signing_in`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import signing_in, staff
from accounts.authentication import ActorRequest, bearer_required
from accounts.models import System
from accounts.selectors import connection_states
from permissions import policy
from permissions.declare import public, requires
from sidebar import states
from sidebar.customise.models import objects_out
from sidebar.syncpage import models
from sidebar.syncpage.chart import chart
from sidebar.syncpage.forms import DecisionsIn, DryRunIn, EntryIn, SinceIn, read, rules_of, setting_value
from sidebar.syncpage.words import OUTCOMES, named_rules
from sidebar.zones import in_zone
from sync.capture import block_list, dryrun, folder_choice, issues, steering, trace
from sync.capture.standing import standing_of
from sync.models import Mailbox
from sync.services.customising import objects_layout

P = ParamSpec("P")

ISSUES_SHOWN = 100


@public("the shell holds no data")
@require_safe
def shell(request: HttpRequest) -> HttpResponse:
    """The page in a browser's tab: skeleton, scripts, and the words of what the client finds out itself."""
    response = render(request, "sync/page.html")
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def part(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A partial for a signed-in person: an expected error is answered with its state, in the part's place."""

    @wraps(view)
    def told(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except states.EXPECTED as error:
            state = states.state_of(error)
            response = render(request, "sync/problem.html", {"state": state}, status=state.status)
            if state.retry_after is not None:
                response.headers["Retry-After"] = str(state.retry_after)
            return response

    return csrf_exempt(in_zone(bearer_required(told)))


@requires("mailbox.sync")
@require_safe
@part
def overview(request: ActorRequest) -> HttpResponse:
    values = {**_administration(request), "open_issues": _issue_count(request)}
    if request.GET.get("part") == "pane":
        values["listed"] = objects_out(objects_layout(request.actor))
    else:
        values |= _status(request)
    return render(request, "sync/overview.html", values)


@requires("mailbox.sync")
@require_safe
@part
def status(request: ActorRequest) -> HttpResponse:
    return render(request, "sync/status.html", _status(request))


@requires("mailbox.sync")
@require_safe
@part
def standing(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    """What changes by itself while one looks: the sentence, the counts, the chart."""
    mailbox = steering.own_mailbox(request.actor, mailbox_id)
    return render(request, "sync/standing.html", {"box": _box(request, mailbox)})


@requires("mailbox.sync")
@require_POST
@part
def pause(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    steering.pause(request.actor, mailbox_id)
    return render(request, "sync/status.html", _status(request, said=_("Paused. Nothing is read or filed.")))


@requires("mailbox.sync")
@require_POST
@part
def resume(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    steering.resume(request.actor, mailbox_id)
    return render(request, "sync/status.html", _status(request, said=_("It goes on.")))


@requires("mailbox.sync")
@require_POST
@part
def now(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    steering.look_now(request.actor, mailbox_id)
    return render(request, "sync/status.html", _status(request, said=_("Looking for new mail now.")))


@requires("mailbox.sync")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def read_again(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    """GET: what it does, and from which day. POST: does it."""
    mailbox = steering.own_mailbox(request.actor, mailbox_id)
    if request.method != "POST":
        return render(request, "sync/read_again.html", {"mailbox": mailbox})
    count = steering.read_again(request.actor, mailbox_id, read(SinceIn, request.POST).since)
    words = _("Reading again. %(count)d emails that were not filed are judged anew.") % {"count": count}
    return render(request, "sync/status.html", _status(request, said=words))


@requires("mailbox.sync")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def dry_run(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    """GET: from which day. POST: a page of what would be filed; its cursor is too long for an address."""
    mailbox = steering.own_mailbox(request.actor, mailbox_id)
    if request.method != "POST":
        return render(request, "sync/dry_run.html", {"mailbox": mailbox})
    asked = read(DryRunIn, request.POST)
    page = dryrun.dry_run(request.actor, mailbox, since=asked.since, cursor=asked.cursor)
    values = {"mailbox": mailbox, "page": models.dry_page(page), "since": asked.since}
    return render(request, "sync/dry_page.html", values)


@requires("mailbox.sync")
@require_safe
@part
def decisions(request: ActorRequest, mailbox_id: UUID | None = None) -> HttpResponse:
    """What became of each email and why; without a mailbox those of the first."""
    mailboxes = steering.open_own(request.actor)
    if mailbox_id is None and not mailboxes:
        return render(request, "sync/decisions.html", {"mailboxes": ()})
    mailbox = steering.own_mailbox(request.actor, mailbox_id) if mailbox_id is not None else mailboxes[0]
    asked = read(DecisionsIn, {name: request.GET[name] for name in DecisionsIn.model_fields if request.GET.get(name)})
    page = trace.trace(
        request.actor, mailbox, outcome=asked.outcome, rule=asked.rule, words=asked.words, page=asked.page
    )
    values = {
        "mailboxes": mailboxes,
        "mailbox": mailbox,
        "asked": asked,
        "outcomes": OUTCOMES,
        "rules": named_rules(rules_of(asked.outcome)),
        "page": models.decision_page(page),
    }
    return render(request, "sync/decisions.html", values)


@requires("mailbox.sync")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def folders(request: ActorRequest, mailbox_id: UUID) -> HttpResponse:
    """The tree of folders to file from; POST `folder` (repeated) chooses them."""
    mailbox = steering.own_mailbox(request.actor, mailbox_id)
    said = ""
    if request.method == "POST":
        folder_choice.choose_folders(request.actor, mailbox_id, request.POST.getlist("folder"))
        said = _("Saved. It counts for emails that arrive from now on.")
    values = {
        "mailbox": mailbox,
        "lines": folder_choice.folder_lines(request.actor, mailbox),
        "setting": _setting(request, "chosen_folders"),
        "said": said,
    }
    return render(request, "sync/folders.html", values)


@requires("mailbox.sync")
@require_safe
@part
def settings_part(request: ActorRequest) -> HttpResponse:
    shown = [models.own_setting(one) for one in steering.settings_shown(request.actor)]
    return render(request, "sync/settings.html", {"settings": shown, "mailboxes": steering.open_own(request.actor)})


@requires("mailbox.sync")
@require_POST
@part
def setting(request: ActorRequest, name: str) -> HttpResponse:
    """One setting chosen; the answer is its form again, with what is wrong where something is."""
    if name not in steering.SETTINGS:
        raise policy.NotFound
    try:
        steering.choose(request.actor, name, setting_value(name, request.POST))
    except states.EXPECTED as error:
        state = states.state_of(error)
        return _one_setting(request, name, problem=state, status=state.status)
    return _one_setting(request, name, said=_("Saved."))


@requires("mailbox.sync")
@require_POST
@part
def withdraw(request: ActorRequest, name: str) -> HttpResponse:
    """The person's own choice is taken back."""
    steering.withdraw(request.actor, name)
    return _one_setting(request, name, said=_("As your organisation has it."))


@requires("mailbox.sync")
@require_http_methods(["GET", "HEAD", "POST"])
@part
def blocked(request: ActorRequest) -> HttpResponse:
    """The lists; POST `value` puts an entry on the person's own."""
    problem, said, value, code = None, "", "", 200
    if request.method == "POST":
        value = request.POST.get("value", "")[:300]
        try:
            line = block_list.add(request.actor, read(EntryIn, request.POST).value)
            said, value = _("%(value)s is blocked.") % {"value": line.value}, ""
        except states.EXPECTED as error:
            problem = states.state_of(error)
            code = problem.status
    values = {
        "lines": block_list.entries(request.actor),
        "problem": problem,
        "said": said,
        "value": value,
    }
    return render(request, "sync/block_list.html", values, status=code)


@requires("mailbox.sync")
@require_POST
@part
def unblock(request: ActorRequest, entry_id: int) -> HttpResponse:
    block_list.remove(request.actor, entry_id)
    values = {"lines": block_list.entries(request.actor), "said": _("Taken off your list.")}
    return render(request, "sync/block_list.html", values)


@requires("mailbox.sync")
@require_safe
@part
def issues_part(request: ActorRequest) -> HttpResponse:
    return _issues(request, "")


@requires("mailbox.sync")
@require_POST
@part
def retry(request: ActorRequest, issue_id: UUID) -> HttpResponse:
    retried = issues.retry(request.actor, issue_id)
    return _issues(request, _("It is tried again.") if retried else _("Trying again does not settle this."))


@requires("mailbox.sync")
@require_POST
@part
def ignore(request: ActorRequest, issue_id: UUID) -> HttpResponse:
    issues.ignore(request.actor, issue_id)
    return _issues(request, _("Left as it is."))


@requires("mailbox.sync")
@require_safe
@part
def follows_part(request: ActorRequest) -> HttpResponse:
    return _follows(request, "")


@requires("mailbox.sync")
@require_POST
@part
def stop_following(request: ActorRequest, follow_id: UUID) -> HttpResponse:
    steering.stop_following(request.actor, follow_id)
    return _follows(request, _("It is not followed any more. What is filed stays filed."))


def _administration(request: ActorRequest) -> dict[str, Any]:
    """The way to the administration pages, and who of the vendor's staff looks on: for whom they are."""
    if not signing_in.may_administer(request.actor):
        return {}
    session = request.actor.session
    return {
        "opens_administration": session is not None and session.client != signing_in.PAGE,
        "staff_now": staff.looking_now(request.actor.organisation),
    }


def _status(request: ActorRequest, *, said: str = "") -> dict[str, Any]:
    """Every mailbox of the person, and what is not connected."""
    mailboxes = steering.open_own(request.actor)
    connections = connection_states(request.actor)
    return {
        "boxes": [_box(request, mailbox) for mailbox in mailboxes],
        "connections": connections,
        "offers_google": bool(settings.GOOGLE_CLIENT_ID),
        "connected": [system for system in (System.MICROSOFT, System.GOOGLE) if connections[system] == "active"],
        "said": said,
    }


def _box(request: ActorRequest, mailbox: Mailbox) -> dict[str, Any]:
    told = models.mailbox_standing(standing_of(request.actor, mailbox))
    return {"mailbox": told, "chart": chart(told.filed_by_day)}


def _setting(request: ActorRequest, name: str) -> models.OwnSetting:
    return next(models.own_setting(one) for one in steering.settings_shown(request.actor) if one.name == name)


def _one_setting(
    request: ActorRequest, name: str, *, said: str = "", problem: states.State | None = None, status: int = 200
) -> HttpResponse:
    values = {"setting": _setting(request, name), "said": said, "problem": problem}
    return render(request, "sync/setting.html", values, status=status)


def _issues(request: ActorRequest, said: str) -> HttpResponse:
    found = issues.open_issues(request.actor)
    lines = models.issues_out(request.actor, issues.lines(found[:ISSUES_SHOWN]))
    values = {"lines": lines, "count": found.count(), "said": said}
    return render(request, "sync/issues.html", values)


def _issue_count(request: ActorRequest) -> int:
    return issues.open_issues(request.actor).count()


def _follows(request: ActorRequest, said: str) -> HttpResponse:
    lines = models.follows_out(request.actor, steering.follows_of(request.actor))
    return render(request, "sync/follows.html", {"lines": lines, "said": said})
