"""`/api/v1/sync/`: the JSON twins of the page. A foreign id is answered with 404, and nothing has changed.

Errors are those of `sidebar.api`; what cannot be chosen is `locked` (409), `invalid` (400) or `choice` (422).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import TypeAdapter
from rest_framework.request import Request
from rest_framework.response import Response

from permissions.declare import requires
from sidebar.api import PaneView, actor_of, body_of
from sidebar.schemas import json_schema
from sidebar.syncpage import models
from sidebar.syncpage.forms import DecisionsIn, DryRunIn, EntryIn, SinceIn, ValueIn, read
from sidebar.zones import zone_of
from sync.capture import block_list, dryrun, issues, steering, trace
from sync.capture.block_list import BlockLine
from sync.capture.standing import standing_of


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """How many emails that were not filed are judged anew."""

    judged_anew: int
    mailbox: models.MailboxStanding


_mailbox: TypeAdapter[models.MailboxStanding] = TypeAdapter(models.MailboxStanding)
_mailboxes: TypeAdapter[tuple[models.MailboxStanding, ...]] = TypeAdapter(tuple[models.MailboxStanding, ...])
_again: TypeAdapter[ReadAgain] = TypeAdapter(ReadAgain)
_dry: TypeAdapter[models.DryPageOut] = TypeAdapter(models.DryPageOut)
_setting: TypeAdapter[models.OwnSetting] = TypeAdapter(models.OwnSetting)
_settings: TypeAdapter[tuple[models.OwnSetting, ...]] = TypeAdapter(tuple[models.OwnSetting, ...])
_entry: TypeAdapter[BlockLine] = TypeAdapter(BlockLine)
_entries: TypeAdapter[tuple[BlockLine, ...]] = TypeAdapter(tuple[BlockLine, ...])
_issues: TypeAdapter[tuple[models.IssueOut, ...]] = TypeAdapter(tuple[models.IssueOut, ...])
_decisions: TypeAdapter[models.DecisionPage] = TypeAdapter(models.DecisionPage)
_follows: TypeAdapter[tuple[models.FollowOut, ...]] = TypeAdapter(tuple[models.FollowOut, ...])


def _answers(adapter: TypeAdapter[Any], status: int = 200) -> dict[Any, Any]:
    return {(status, "application/json"): json_schema(adapter)}


class SyncView(PaneView):
    """Sentences are in the zone that the client tells (`X-Time-Zone`)."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with timezone.override(zone_of(request)):
            return super().dispatch(request, *args, **kwargs)


def _standing(request: Request, mailbox_id: UUID) -> models.MailboxStanding:
    actor = actor_of(request)
    return models.mailbox_standing(standing_of(actor, steering.own_mailbox(actor, mailbox_id)))


@requires("mailbox.sync")
class MailboxesView(SyncView):
    @extend_schema(
        operation_id="sync_mailboxes", summary="One's own mailboxes and how they stand", responses=_answers(_mailboxes)
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        found = tuple(models.mailbox_standing(standing_of(actor, one)) for one in steering.open_own(actor))
        return Response(_mailboxes.dump_python(found, mode="json"))


@requires("mailbox.sync")
class MailboxView(SyncView):
    @extend_schema(operation_id="sync_mailbox", summary="How a mailbox stands", responses=_answers(_mailbox))
    def get(self, request: Request, mailbox_id: UUID) -> Response:
        return Response(_mailbox.dump_python(_standing(request, mailbox_id), mode="json"))


class _StepView(SyncView):
    def _stepped(self, request: Request, mailbox_id: UUID) -> Response:
        return Response(_mailbox.dump_python(_standing(request, mailbox_id), mode="json"))


@requires("mailbox.sync")
class PauseView(_StepView):
    @extend_schema(
        operation_id="sync_pause",
        summary="Read and file nothing until it is resumed",
        request=None,
        responses=_answers(_mailbox),
    )
    def post(self, request: Request, mailbox_id: UUID) -> Response:
        steering.pause(actor_of(request), mailbox_id)
        return self._stepped(request, mailbox_id)


@requires("mailbox.sync")
class ResumeView(_StepView):
    @extend_schema(operation_id="sync_resume", summary="Go on", request=None, responses=_answers(_mailbox))
    def post(self, request: Request, mailbox_id: UUID) -> Response:
        steering.resume(actor_of(request), mailbox_id)
        return self._stepped(request, mailbox_id)


@requires("mailbox.sync")
class NowView(_StepView):
    @extend_schema(operation_id="sync_now", summary="Look for new mail now", request=None, responses=_answers(_mailbox))
    def post(self, request: Request, mailbox_id: UUID) -> Response:
        steering.look_now(actor_of(request), mailbox_id)
        return self._stepped(request, mailbox_id)


@requires("mailbox.sync")
class ReadAgainView(SyncView):
    @extend_schema(
        operation_id="sync_read_again",
        summary="Read everything received since a day once more, and judge anew what was not filed",
        request={"application/json": json_schema(SinceIn)},
        responses=_answers(_again),
    )
    def post(self, request: Request, mailbox_id: UUID) -> Response:
        actor = actor_of(request)
        steering.own_mailbox(actor, mailbox_id)
        count = steering.read_again(actor, mailbox_id, read(SinceIn, body_of(request)).since)
        answer = ReadAgain(count, _standing(request, mailbox_id))
        return Response(_again.dump_python(answer, mode="json"))


@requires("mailbox.sync")
class DryRunView(SyncView):
    @extend_schema(
        operation_id="sync_dry_run",
        summary="What would be filed of the mail received since a day, page by page; nothing is written",
        request={"application/json": json_schema(DryRunIn)},
        responses=_answers(_dry),
    )
    def post(self, request: Request, mailbox_id: UUID) -> Response:
        actor = actor_of(request)
        mailbox = steering.own_mailbox(actor, mailbox_id)
        asked = read(DryRunIn, body_of(request))
        page = dryrun.dry_run(actor, mailbox, since=asked.since, cursor=asked.cursor)
        return Response(_dry.dump_python(models.dry_page(page), mode="json"))


@requires("mailbox.sync")
class DecisionsView(SyncView):
    @extend_schema(
        operation_id="sync_decisions",
        summary="What became of each email and why, newest first, 25 a page",
        parameters=[
            OpenApiParameter("outcome", str, description="waiting, captured, skipped or failed"),
            OpenApiParameter("rule", str, description="the rule's name"),
            OpenApiParameter("words", str, description="words that the mailbox looks for, or a Message-ID in <>"),
            OpenApiParameter("page", int),
        ],
        responses=_answers(_decisions),
    )
    def get(self, request: Request, mailbox_id: UUID) -> Response:
        actor = actor_of(request)
        mailbox = steering.own_mailbox(actor, mailbox_id)
        asked = read(DecisionsIn, request.query_params)
        page = trace.trace(actor, mailbox, outcome=asked.outcome, rule=asked.rule, words=asked.words, page=asked.page)
        return Response(_decisions.dump_python(models.decision_page(page), mode="json"))


@requires("mailbox.sync")
class SettingsView(SyncView):
    @extend_schema(operation_id="sync_settings", summary="One's own settings", responses=_answers(_settings))
    def get(self, request: Request) -> Response:
        shown = tuple(models.own_setting(one) for one in steering.settings_shown(actor_of(request)))
        return Response(_settings.dump_python(shown, mode="json"))


@requires("mailbox.sync")
class SettingView(SyncView):
    @extend_schema(
        operation_id="sync_choose",
        summary="Choose a setting for oneself",
        request={"application/json": json_schema(ValueIn)},
        responses=_answers(_setting),
    )
    def put(self, request: Request, name: str) -> Response:
        value = read(ValueIn, body_of(request)).value
        setting = steering.choose(actor_of(request), name, value)
        return Response(_setting.dump_python(models.own_setting(setting), mode="json"))

    @extend_schema(operation_id="sync_withdraw", summary="Take one's own choice back", responses=_answers(_setting))
    def delete(self, request: Request, name: str) -> Response:
        setting = steering.withdraw(actor_of(request), name)
        return Response(_setting.dump_python(models.own_setting(setting), mode="json"))


@requires("mailbox.sync")
class BlockListView(SyncView):
    @extend_schema(
        operation_id="sync_block_list",
        summary="Addresses and domains that are never filed: the organisation's and one's own",
        responses=_answers(_entries),
    )
    def get(self, request: Request) -> Response:
        return Response(_entries.dump_python(tuple(block_list.entries(actor_of(request))), mode="json"))

    @extend_schema(
        operation_id="sync_block",
        summary="Put an address or a domain on one's own list",
        request={"application/json": json_schema(EntryIn)},
        responses=_answers(_entry, 201),
    )
    def post(self, request: Request) -> Response:
        line = block_list.add(actor_of(request), read(EntryIn, body_of(request)).value)
        return Response(_entry.dump_python(line, mode="json"), status=201)


@requires("mailbox.sync")
class BlockEntryView(SyncView):
    @extend_schema(operation_id="sync_unblock", summary="Take an entry off one's own list", responses={204: None})
    def delete(self, request: Request, entry_id: int) -> Response:
        block_list.remove(actor_of(request), entry_id)
        return Response(status=204)


@requires("mailbox.sync")
class IssuesView(SyncView):
    @extend_schema(
        operation_id="sync_issues", summary="What a person has to know or decide", responses=_answers(_issues)
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        found = models.issues_out(actor, issues.lines(issues.open_issues(actor)[:100]))
        return Response(_issues.dump_python(found, mode="json"))


@requires("mailbox.sync")
class RetryView(SyncView):
    @extend_schema(operation_id="sync_retry", summary="Try again", request=None, responses={204: None})
    def post(self, request: Request, issue_id: UUID) -> Response:
        """409 where trying again changes nothing."""
        retried = issues.retry(actor_of(request), issue_id)
        return Response(status=204) if retried else Response(_NOT_RETRIED, status=409)


_NOT_RETRIED = {"code": "not-retried", "detail": gettext_noop("Trying again does not settle this.")}


@requires("mailbox.sync")
class IgnoreView(SyncView):
    @extend_schema(operation_id="sync_ignore", summary="Leave it as it is", request=None, responses={204: None})
    def post(self, request: Request, issue_id: UUID) -> Response:
        issues.ignore(actor_of(request), issue_id)
        return Response(status=204)


@requires("mailbox.sync")
class FollowsView(SyncView):
    @extend_schema(operation_id="sync_follows", summary="Followed conversations", responses=_answers(_follows))
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        found = models.follows_out(actor, steering.follows_of(actor))
        return Response(_follows.dump_python(found, mode="json"))


@requires("mailbox.sync")
class StopFollowingView(SyncView):
    @extend_schema(operation_id="sync_unfollow", summary="Stop following", request=None, responses={204: None})
    def post(self, request: Request, follow_id: UUID) -> Response:
        steering.stop_following(actor_of(request), follow_id)
        return Response(status=204)
