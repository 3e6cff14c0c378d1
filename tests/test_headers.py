"""What each answer forbids the browser, on every route, for answers that are errors too."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.access.table import ROUTES

pytestmark = pytest.mark.django_db

PANE = ("/pane/", "/connect/")
#: A mail's body in the demo is a page of its own, with inline styles, in a sandboxed frame.
OWN_POLICY = ("demo/<str:person>/body/", "demo/salesforce/<path:path>", "demo/microsoft/<path:path>")
COOKIE_PAGES = [
    "/admin/",
    "/admin/login/",
    "/admin/enter/",
    "/admin/desk/",
    "/sign-in/login/",
    "/sign-in/password/reset/",
    "/sign-in/signup/",
]
ASKED = [(route.method, route.path) for route in ROUTES if not route.has_pages]


def address(path: str) -> str:
    path = re.sub("<uuid:[a-z_]+>", str(uuid.uuid4()), path)
    path = (
        path.replace("<str:ticket>", "unknown").replace("<str:name>", "auto_file_mode").replace("<int:entry_id>", "1")
    )
    return "/" + path.replace("<str:person>", "nobody").replace("<path:path>", "lightning/page")


def rules(answer: Any) -> dict[str, list[str]]:
    policy = answer.headers["Content-Security-Policy"]
    named = (rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    return {name: values.split() for name, values in named}


def check(url: str, answer: Any) -> None:
    found = rules(answer)
    assert found["default-src"] == ["'none'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"} & set(found["script-src"])
    assert "'unsafe-inline'" not in found["style-src"]
    assert found["base-uri"] == found["object-src"] == ["'none'"]
    if url.startswith(PANE):
        gmail = url.startswith("/pane/gmail/")
        assert found["frame-ancestors"] == (settings.GMAIL_FRAME_ANCESTORS if gmail else settings.PANE_FRAME_ANCESTORS)
        assert not gmail or found["script-src"] == ["'self'"]
        assert "X-Frame-Options" not in answer.headers
    else:
        assert found["frame-ancestors"] == ["'none'"]
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # With no-referrer a browser sends `Origin: null` with a form, which the check for forgery does not take.
    own = url.startswith(("/admin/", "/sign-in/"))
    assert answer.headers["Referrer-Policy"] == ("same-origin" if own else "no-referrer")
    assert "Cache-Control" in answer.headers
    assert "public" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(("method", "path"), [row for row in ASKED if row[1] not in OWN_POLICY])
def test_every_route_says_who_may_frame_it_and_what_may_run(method: str, path: str) -> None:
    answer = Client().generic(method, address(path), b"{}", content_type="application/json")
    check(address(path), answer)
    assert not answer.cookies


@pytest.mark.parametrize("url", COOKIE_PAGES)
def test_pages_with_a_cookie_may_be_framed_by_nobody(url: str) -> None:
    answer = Client().get(url)
    check(url, answer)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    for cookie in answer.cookies.values():
        assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "url", ["/nothing/", "/pane/nothing/", "/connect/nothing/", "/api/v1/nothing/", "/demo/a/b/c/"]
)
def test_what_does_not_exist_says_so_too(url: str) -> None:
    answer = Client().get(url)
    assert answer.status_code == 404
    check(url, answer)


def test_a_defect_of_ours_is_answered_with_the_same_headers_and_no_word_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("planted-secret")

    monkeypatch.setattr("sidebar.shell.client_states", broken)
    answer = Client(raise_request_exception=False).get(reverse("sidebar:outlook"))
    assert answer.status_code == 500
    check("/pane/outlook/", answer)
    assert b"planted-secret" not in answer.content


def test_a_host_that_is_not_ours_is_refused() -> None:
    assert Client().get("/pane/outlook/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(next_page: str, django_user_model: Any) -> None:
    django_user_model.objects.create_superuser("root@larkfield.example", "a-long-password-7")
    form = {"login": "root@larkfield.example", "password": "a-long-password-7", "next": next_page}
    answer = Client().post("/sign-in/login/", form)
    assert "evil.example" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "path",
    [
        "lightning/../services/oauth2/token",
        "lightning/../../services/data/",
        "services/oauth2/token",
        "services/oauth2/authorize/",
        "services/data/v66.0/sobjects/",
        "_sandbox/faults",
        "lightning/%2e%2e/_sandbox/log",
    ],
)
def test_the_demos_pages_of_salesforce_lead_nowhere_else(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr("sidebar.demo.proxy.httpx_client", never)
    assert Client().post(f"/demo/salesforce/{path}").status_code == 404


def test_the_demos_token_is_given_to_its_own_page_only() -> None:
    answer = Client().post("/demo/mia.keller/token/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code in {404, 502}
    assert "Access-Control-Allow-Origin" not in answer.headers
