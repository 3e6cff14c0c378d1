"""What the log is told of refusals, and what no address answers."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from django.test import Client

from accounts.services import create_organisation, create_user
from config import middleware
from permissions.models import Authorization
from tests.sessions import open_session
from tests.test_headers import ASKED, address

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    captured = structlog.testing.LogCapture()
    log = structlog.wrap_logger(structlog.testing.ReturnLogger(), processors=[captured])
    monkeypatch.setattr(middleware, "log", log)
    return captured.entries


def test_who_was_refused_what_stands_in_the_log_without_the_address(told: list[Any]) -> None:
    organisation = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    mia = create_user(organisation, email="mia.keller@larkfield.example")
    bearer = Client(headers={"Authorization": f"Bearer {open_session(mia)}"})
    filing = "4b5cbe0c-9f0e-4f19-8d0e-2f7a9c1f2c11"
    assert bearer.get(f"/api/v1/filings/{filing}/").status_code == 404
    Authorization.objects.filter(principal=mia.principal).delete()
    for path in ("/api/v1/connections/", "/pane/sync/"):  # an API view, and a plain one
        assert bearer.get(path).status_code == 403
    assert Client().get("/api/v1/connections/").status_code == 401
    assert bearer.get("/nothing/").status_code == 404
    line = {"event": "access.refused", "log_level": "warning", "method": "GET"}
    assert told == [
        {**line, "status": 404, "route": "api/v1/filings/<uuid:filing_id>/", "user": str(mia.pk)},
        {**line, "status": 403, "route": "api/v1/connections/", "user": str(mia.pk)},
        {**line, "status": 403, "route": "pane/sync/", "user": str(mia.pk)},
        {**line, "status": 401, "route": "api/v1/connections/", "user": None},
    ]
    assert filing not in str(told)


def test_a_form_of_a_foreign_page_is_told_too(told: list[Any]) -> None:
    assert Client(enforce_csrf_checks=True).post("/admin/enter/", {"ticket": "x"}).status_code == 403
    assert [(line["status"], line["route"], line["user"]) for line in told] == [(403, "admin/enter/", None)]


@pytest.mark.parametrize("path", sorted({path for _method, path in ASKED} | {"admin/", "sign-in/login/"}))
def test_trace_is_answered_nowhere(path: str) -> None:
    answer = Client().trace(address(path), headers={"X-Planted": "planted"})
    assert answer.status_code == 405
    assert b"planted" not in answer.content


@pytest.mark.parametrize(
    "url",
    [
        *("/.git/config", "/.git/HEAD", "/.env", "/manage.py", "/config/settings.py", "/var/alongside.sqlite3"),
        *("/static/", "/static/pane/", "/static/../config/settings.py", "/static/%2e%2e/manage.py"),
    ],
)
def test_neither_folders_nor_files_of_the_installation_are_served(url: str) -> None:
    assert Client().get(url).status_code == 404


def test_panes_are_sent_compressed_and_pages_with_secrets_are_not() -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    pane = client.get("/pane/outlook/")
    assert (pane.status_code, pane["Content-Encoding"], pane["Vary"].count("Accept-Encoding")) == (200, "gzip", 1)
    assert "Content-Encoding" not in Client().get("/pane/outlook/").headers
    assert "Content-Encoding" not in client.get("/sign-in/login/").headers
