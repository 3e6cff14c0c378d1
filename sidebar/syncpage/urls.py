"""Addresses of the page: its shell for a tab, its partials, its JSON twins."""

from __future__ import annotations

from django.urls import path

from sidebar.syncpage import api, views

_MAILBOX = "pane/sync/mailboxes/<uuid:mailbox_id>"
_API = "api/v1/sync"

urlpatterns = [
    path("sync/", views.shell, name="sync-shell"),
    path("pane/sync/", views.overview, name="sync"),
    path("pane/sync/status/", views.status, name="sync-status"),
    path(f"{_MAILBOX}/", views.standing, name="sync-standing"),
    path(f"{_MAILBOX}/pause/", views.pause, name="sync-pause"),
    path(f"{_MAILBOX}/resume/", views.resume, name="sync-resume"),
    path(f"{_MAILBOX}/now/", views.now, name="sync-now"),
    path(f"{_MAILBOX}/read-again/", views.read_again, name="sync-read-again"),
    path(f"{_MAILBOX}/dry-run/", views.dry_run, name="sync-dry-run"),
    path(f"{_MAILBOX}/decisions/", views.decisions, name="sync-decisions"),
    path(f"{_MAILBOX}/folders/", views.folders, name="sync-folders"),
    path("pane/sync/decisions/", views.decisions, name="sync-all-decisions"),
    path("pane/sync/settings/", views.settings_part, name="sync-settings"),
    path("pane/sync/settings/<str:name>/", views.setting, name="sync-setting"),
    path("pane/sync/settings/<str:name>/withdraw/", views.withdraw, name="sync-withdraw"),
    path("pane/sync/block-list/", views.blocked, name="sync-block-list"),
    path("pane/sync/block-list/<int:entry_id>/remove/", views.unblock, name="sync-unblock"),
    path("pane/sync/issues/", views.issues_part, name="sync-issues"),
    path("pane/sync/issues/<uuid:issue_id>/retry/", views.retry, name="sync-retry"),
    path("pane/sync/issues/<uuid:issue_id>/ignore/", views.ignore, name="sync-ignore"),
    path("pane/sync/follows/", views.follows_part, name="sync-follows"),
    path("pane/sync/follows/<uuid:follow_id>/stop/", views.stop_following, name="sync-stop-following"),
    path(f"{_API}/mailboxes/", api.MailboxesView.as_view(), name="api-sync-mailboxes"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/", api.MailboxView.as_view(), name="api-sync-mailbox"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/pause/", api.PauseView.as_view(), name="api-sync-pause"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/resume/", api.ResumeView.as_view(), name="api-sync-resume"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/now/", api.NowView.as_view(), name="api-sync-now"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/read-again/", api.ReadAgainView.as_view(), name="api-sync-read-again"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/dry-run/", api.DryRunView.as_view(), name="api-sync-dry-run"),
    path(f"{_API}/mailboxes/<uuid:mailbox_id>/decisions/", api.DecisionsView.as_view(), name="api-sync-decisions"),
    path(f"{_API}/settings/", api.SettingsView.as_view(), name="api-sync-settings"),
    path(f"{_API}/settings/<str:name>/", api.SettingView.as_view(), name="api-sync-setting"),
    path(f"{_API}/block-list/", api.BlockListView.as_view(), name="api-sync-block-list"),
    path(f"{_API}/block-list/<int:entry_id>/", api.BlockEntryView.as_view(), name="api-sync-block-entry"),
    path(f"{_API}/issues/", api.IssuesView.as_view(), name="api-sync-issues"),
    path(f"{_API}/issues/<uuid:issue_id>/retry/", api.RetryView.as_view(), name="api-sync-retry"),
    path(f"{_API}/issues/<uuid:issue_id>/ignore/", api.IgnoreView.as_view(), name="api-sync-ignore"),
    path(f"{_API}/follows/", api.FollowsView.as_view(), name="api-sync-follows"),
    path(f"{_API}/follows/<uuid:follow_id>/stop/", api.StopFollowingView.as_view(), name="api-sync-unfollow"),
]
