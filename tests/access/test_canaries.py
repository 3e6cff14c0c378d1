"""Tokens, subjects, addresses and bodies are planted through the real flows, and looked for wherever they could leak.

Tokens stand nowhere. Words of mail stand with whose mail it is, in Salesforce, and for a short time in the cache.
There is no page of metrics yet: `test_there_are_no_metrics` fails when there is one, which is then looked through too.
"""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import parse_qs, quote, urlsplit

import dramatiq
import pytest
import structlog
from django.conf import settings as configured
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpResponseServerError
from django.test import Client
from django.urls import get_resolver
from pytest_django import DjangoDbBlocker, Settings
from structlog.testing import capture_logs

from accounts import crypto, staff
from accounts.models import BlockEntry, Connection, ConnectionAttempt, ServiceCredential, User
from accounts.services import create_organisation, create_user
from config.logs import SafeFormatter
from permissions import isolation
from permissions.audit import guards
from permissions.audit.export import export_lines
from permissions.audit.models import AuditEntry
from permissions.audit.recording import COMMAND
from sync.models import Activity, Issue, Item
from tests.access.canaries import asked, cached, database, found, joined, walk
from tests.access.table import ROUTES
from tests.access.test_table import routes
from tests.accounts.administration.conftest import PASSWORD, REASON, enter, sign_in
from tests.sandbox_process import SandboxProcess
from tests.sessions import open_session
from tests.sync.capture import engine
from tests.sync.capture.scene import Scene
from tests.sync.queue import make_broker, wait_for, working
from tests.sync.services.stage import Stage, make_stage

pytestmark = pytest.mark.django_db

SUBJECT, ADDRESS, BODY = "canarysubject", "canary.address@quetzal.example", "canarybody"
#: What a provider puts into its own words.
ECHOED = "planted-echoed-token-" + ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"planted":1}', b"signature")
)
WORDS = {"subject": SUBJECT, "address": ADDRESS, "body": BODY}
#: Where a word of mail may stand for a while, and where that is decided.
KEPT_FOR_A_WHILE = {
    "painted": "docs/decisions/009-painted-answers.md",
    "context": "docs/decisions/009-painted-answers.md",
}


@dataclass
class Planted:
    """What was planted, and what was collected while it was."""

    stage: Stage
    administrator: User
    stranger: User
    vendor: User
    tokens: dict[str, str]
    cached: dict[str, bytes] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)
    logged: str = ""
    own: list[Any] = field(default_factory=list)

    @property
    def canaries(self) -> dict[str, str]:
        return {**self.tokens, **WORDS}


# Planting


@pytest.fixture(scope="module")
def planted(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, sandbox_process: SandboxProcess
) -> Iterator[Planted]:
    """With transactions that are committed, as messages and caches need them; emptied afterwards."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(isolation.every_organisation("a test looks at the rows of all"))
        stack.callback(emptied)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        sandbox_process.reset()
        yield plant(sandbox_process, cast(Settings, ForTheModule(patch)), patch)


class ForTheModule:
    """Settings for as long as the patch lasts (`Settings` of pytest-django last for one test)."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.__dict__["_patch"] = patch

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__["_patch"].setattr(configured, name, value, raising=False)


def emptied() -> None:
    dramatiq.get_broker().flush_all()
    cache.clear()
    crypto.forget_keys()
    with guards.lifted(connection):
        call_command("flush", verbosity=0, interactive=False)


def plant(sandbox: SandboxProcess, settings: Settings, patch: pytest.MonkeyPatch) -> Planted:
    messages: list[bytes] = []
    broker = dramatiq.get_broker()
    enqueue = broker.enqueue

    def noted(message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        messages.append(message.encode())
        return enqueue(message, delay=delay)

    patch.setattr(broker, "enqueue", noted)
    with logged() as output:
        others = stranger(), operator()
        stage = make_stage(sandbox, settings)
        scene = Scene(stage, settings)
        made = Planted(stage, stage.users["ines"], *others, {})
        mail_arrives(scene)
        of_pane = pane_is_used(made)
        work_breaks(made)
        made.tokens = {"echoed": ECHOED, **of_pane, **opened(), **of_settings()}
        made.cached, made.messages = cached(), messages
        made.logged = output()
    return made


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """All that a process with LOG_LEVEL=DEBUG writes."""
    written, streams = io.StringIO(), io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    handler.setFormatter(SafeFormatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with capture_logs() as events, redirect_stderr(streams), redirect_stdout(streams):
            yield lambda: written.getvalue() + streams.getvalue() + json.dumps(events, default=str)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def stranger() -> User:
    return create_user(create_organisation("Rival", domains=["rival.example"]), email="rita@rival.example")


def operator() -> User:
    return User.objects.create_superuser("sam@vendor.example", PASSWORD, name="Sam Vendor")


def mail_arrives(scene: Scene) -> None:
    """One email is filed by itself, one waits, one is refused by Salesforce in words that repeat all of it."""
    stage, sender = scene.stage, f"Planted <{ADDRESS}>"
    made = stage.salesforce("POST", "/sobjects/Contact", LastName="Planted", Email=ADDRESS)
    assert made.status_code == 201, made.text
    scene.integration_user()
    scene.connect("noor")
    scene.switch_on("mia", "tom", auto_file_mode="known-people")
    filed = scene.arrives("planted-filed", sender=sender, Subject=f"{SUBJECT} filed", text=BODY)
    scene.read()
    assert len(scene.records(filed)) == 1
    says = f"Subject: data value too large: {SUBJECT} (max length=3000), from {ADDRESS}, sent with {ECHOED}"
    rule = {"object": "EmailMessage", "field": "Subject", "contains": "poison", "message": says}
    stage.sandbox.change_org(validation_rules=[rule])
    scene.arrives("planted-refused", sender=sender, Subject="poison", text=BODY)
    scene.read()
    assert Issue.objects.filter(reason="salesforce-refused").exists()
    stage.sandbox.change_org(validation_rules=[])
    engine.choose(stage.actor("ines"), auto_file_delay_minutes=60)
    waits = scene.arrives("planted-waits", sender=sender, Subject=f"{SUBJECT} waits", text=BODY)
    scene.read()
    assert scene.decided(waits)[0] == "waiting"
    assert scene.item(waits).envelope


def pane_is_used(made: Planted) -> dict[str, str]:
    """Mia opens an email, files it, and begins to connect once more. Gives the secrets of it."""
    stage = made.stage
    session = open_session(stage.users["mia"])
    client = Client(headers={"Authorization": f"Bearer {session}"})
    message = stage.message(f"{SUBJECT} waits")
    hint = {
        "item_key": message["id"],
        "internet_message_id": message["internetMessageId"],
        "conversation_id": message["conversationId"],
        "subject": message["subject"],
        "from": {"address": ADDRESS},
        "to": [{"address": "mia.keller@larkfield.example"}],
    }
    form = {"hint": json.dumps(hint), "generation": "1"}
    body = json.dumps({"hint": hint, "generation": "1"})
    (person,) = stage.query(f"SELECT Id FROM Contact WHERE Email = '{ADDRESS}'")
    answers = [
        client.post("/pane/context/", form),
        client.post("/pane/context/", form),
        client.post("/api/v1/context/", body, content_type="application/json"),
        client.post("/pane/filings/", {**form, "person": person["Id"]}),
        client.post("/api/v1/connections/salesforce/", "{}", content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 201], [a.content for a in answers]
    assert ADDRESS in answers[0].content.decode()
    dialog = answers[-1].json()["dialog_url"]
    sent_on = Client().get(dialog)
    assert sent_on.status_code == 302
    made.own = answers[:4]
    (state,) = parse_qs(urlsplit(sent_on.headers["Location"]).query)["state"]
    return {"session": session, "ticket": dialog.rstrip("/").rpartition("/")[2], "state": state}


def work_breaks(made: Planted) -> None:
    """A worker meets an error whose message holds a token and words of mail, several times and in several places."""
    says = " ".join([ECHOED, *WORDS.values()])

    def fails(_: str) -> NoReturn:
        raise RuntimeError(says)

    def has_failed() -> bool:
        return bool(failed)

    failed: list[str] = []

    def notes(text: str) -> None:
        try:
            fails(text)
        finally:
            failed.append(text)

    broker = make_broker()
    with working(broker, notes) as actor:
        actor.send("an id")
        assert wait_for(has_failed)
    made.stage.sandbox.fault(service="graph", kind="error", status=500, times=1)
    Client(raise_request_exception=False).get("/pane/context/", headers={"Authorization": f"Bearer {ECHOED}"})


def opened() -> dict[str, str]:
    """Every secret that is sealed, opened: the tokens that the providers gave, and those within a library's cache."""
    tokens: dict[str, str] = {}
    for row in Connection.objects.all():
        for name in ("access_token", "refresh_token", "token_cache"):
            tokens |= secrets_in(f"{row.system} {row.user.email} {name}", getattr(row, name).unseal())
    for credential in ServiceCredential.objects.all():
        tokens |= secrets_in("service access", credential.access_token.unseal())
        tokens |= secrets_in("private key", json.loads(credential.secret.unseal())["private_key"])
    for attempt in ConnectionAttempt.objects.all():
        tokens |= secrets_in("verifier", attempt.verifier.unseal())
        tokens |= secrets_in("nonce", attempt.nonce.unseal())
    kinds = {name.split(" ", 1)[0] for name in tokens}
    assert kinds >= {"salesforce", "microsoft", "google", "service", "private", "verifier"}, kinds
    return tokens


def secrets_in(name: str, text: str) -> dict[str, str]:
    if not text:
        return {}
    if "PRIVATE KEY" in text:
        lines = [line for line in text.splitlines() if len(line) >= 60]
        return {f"{name} line {number}": line for number, line in enumerate(lines)}
    if text.startswith("{"):
        kept = re.findall(r'"secret": ?"([^"]+)"', text)
        assert kept, "a cache without a secret in it"
        return {f"{name} {number}": secret for number, secret in enumerate(kept)}
    return {name: text}


def of_settings() -> dict[str, str]:
    names = ("SALESFORCE_CLIENT_SECRET", "MICROSOFT_CLIENT_SECRET", "GOOGLE_CLIENT_SECRET", "SECRET_KEY")
    return {name: getattr(configured, name) for name in names}


# Places


def database_of(made: Planted) -> bytes:
    return database()


def logs_of(made: Planted) -> bytes:
    return made.logged.encode()


def messages_of(made: Planted) -> bytes:
    assert made.messages
    return joined(made.messages)


def cache_of(made: Planted) -> bytes:
    """What tokens are looked for in: all of it."""
    assert made.cached
    return joined([*made.cached.values(), *cached().values(), *map(str.encode, made.cached)])


def pages_for_administrators(made: Planted) -> bytes:
    pages = walk(enter(made.administrator), "/admin/")
    assert len(pages) > 60, sorted(pages)
    return joined(pages.values())


def pages_for_support(made: Planted) -> bytes:
    session = staff.approve(staff.ask(made.vendor, made.stage.organisation, REASON).pk, made.administrator, minutes=60)
    try:
        client = sign_in(made.vendor)
        client.post(f"/admin/desk/sessions/{session.pk}/look/")
        pages = walk(client, "/admin/")
    finally:
        staff.end(session.pk, made.vendor)
    assert len(pages) > 30, sorted(pages)
    assert any("/sync/issue/" in address and "/change/" in address for address in pages)
    return joined(pages.values())


def answers_for(made: Planted, user: User) -> list[Any]:
    """Every GET of the pane and the API, with ids of Mia's."""
    item = Item.objects.filter(user=made.stage.users["mia"], mailbox__isnull=False)[0]
    named = {
        "<uuid:filing_id>": Activity.objects.filter(links__isnull=False)[0].pk,
        "<uuid:mailbox_id>": item.mailbox_id,
        "<uuid:issue_id>": Issue.objects.all()[0].pk,
        "<str:name>": "auto_file_mode",
        # A record of Salesforce itself, with nobody of a mail in it.
        "<str:object_name>": "Opportunity",
        "<str:ticket>": "unknown",
        "<str:person>": "nobody",
        "<path:path>": "secret",
    }
    client = Client(headers={"Authorization": f"Bearer {open_session(user)}"})
    answers = []
    for route in ROUTES:
        if route.method == "GET" and not route.has_pages and not route.path.startswith("demo/"):
            path = route.path
            for parameter, value in named.items():
                path = path.replace(parameter, str(value))
            answers.append(client.get(f"/{path}"))
    return answers


def answers_for_oneself(made: Planted) -> bytes:
    answers = answers_for(made, made.stage.users["mia"])
    assert sum(answer.status_code == 200 for answer in answers) > 15
    return asked([*answers, *made.own])


def answers_for_others(made: Planted) -> bytes:
    answers = [*answers_for(made, made.stage.users["tom"]), *answers_for(made, made.stranger)]
    assert {answer.status_code for answer in answers} >= {200, 404}
    return asked(answers)


def audit_of(made: Planted) -> bytes:
    lines = joined(line.encode() for line in export_lines(made.stage.organisation.resource_id, by=COMMAND))
    assert b"filing.made" in lines
    page = enter(made.administrator).post("/admin/permissions/auditentry/export/", {})
    assert page.status_code == 200
    return lines + asked([page])


def error_pages_of(made: Planted) -> bytes:
    """500 of the pane, the API and the administration; 404, 403, and a form without its token."""
    says = " ".join([ECHOED, *WORDS.values()])

    def fails(*_: object, **__: object) -> NoReturn:
        raise RuntimeError(says)

    hint = {"item_key": "AAMkAGI=", "subject": SUBJECT, "from": {"address": ADDRESS}}
    form = {"hint": json.dumps(hint), "generation": "1"}
    mia = {"Authorization": f"Bearer {open_session(made.stage.users['mia'])}"}
    pane = Client(raise_request_exception=False, headers=mia)
    administrator = enter(made.administrator)
    administrator.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch, logged() as output:
        patch.setattr("sidebar.views.open_email", fails)
        patch.setattr("sidebar.api.open_email", fails)
        patch.setattr("accounts.administration.site.AdministrationSite.each_context", fails)
        answers = [
            pane.post("/pane/context/", form),
            pane.post("/api/v1/context/", json.dumps(form | {"hint": hint}), content_type="application/json"),
            administrator.get("/admin/accounts/user/"),
        ]
        assert [answer.status_code for answer in answers] == [500, 500, 500]
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = administrator.cookies
        unknown = {"q": f"{ECHOED} {SUBJECT}"}
        answers += [
            Client().get("/nowhere/", unknown),
            administrator.get("/admin/nowhere/", unknown),
            strict.post("/admin/accounts/user/step/add/", {"name": SUBJECT, "email": ADDRESS}),
            Client(headers={"Authorization": f"Bearer {ECHOED}"}).get("/api/v1/connections/"),
            pane.post("/pane/context/", {"hint": f"[{ECHOED} {SUBJECT}", "generation": "1"}),
        ]
    assert [answer.status_code for answer in answers[3:]] == [404, 404, 403, 401, 400]
    return asked(answers) + output().encode()


PLACES: dict[str, Callable[[Planted], bytes]] = {
    "database": database_of,
    "logs": logs_of,
    "messages": messages_of,
    "cache": cache_of,
    "error pages": error_pages_of,
    "pages for administrators": pages_for_administrators,
    "pages for support": pages_for_support,
    "answers for oneself": answers_for_oneself,
    "answers for others": answers_for_others,
    "audit trail": audit_of,
}
#: Where one's own mail may be named.
ONES_OWN = {"cache", "answers for oneself"}


@pytest.mark.parametrize("place", PLACES)
def test_no_token_stands_there(place: str, planted: Planted) -> None:
    assert found(planted.tokens, PLACES[place](planted)) == []


@pytest.mark.parametrize("place", [place for place in PLACES if place not in ONES_OWN])
def test_no_word_of_mail_stands_there(place: str, planted: Planted) -> None:
    assert found(WORDS, PLACES[place](planted)) == []


def test_words_of_mail_are_cached_only_where_that_is_decided(planted: Planted) -> None:
    held = {key: found(WORDS, value) for key, value in planted.cached.items()}
    kinds = {key.split(":", 1)[0] for key, words in held.items() if words}
    assert kinds, "nothing was cached, so nothing was looked at"
    assert kinds == set(KEPT_FOR_A_WHILE)
    assert not any("body" in words for words in held.values())
    root = Path(__file__).resolve().parents[2]
    assert [kind for kind, path in KEPT_FOR_A_WHILE.items() if f"`{kind}:`" not in (root / path).read_text()] == []


def test_what_is_named_to_oneself_is_ones_own(planted: Planted) -> None:
    """So the planted words are where they belong, and the search for them works."""
    assert "address" in found(WORDS, asked(planted.own))


def test_there_are_no_metrics() -> None:
    assert [path for path, _ in routes() if "metric" in path] == []
    assert get_resolver().url_patterns


# Each of these can fail


@pytest.mark.parametrize("written", ["plain", "address", "page", "json", "hex", "base64", "within base64", "case"])
def test_a_secret_is_found_in_whatever_form(written: str) -> None:
    secret = "00D000000000001!AQEAQ<planted>&/+token=="
    texts = {
        "plain": secret,
        "address": quote(secret, safe=""),
        "page": html.escape(secret),
        "json": json.dumps({"token": secret}),
        "hex": secret.encode().hex(),
        "base64": base64.b64encode(secret.encode()).decode(),
        "within base64": base64.urlsafe_b64encode(f'{{"t": "{secret}"}}'.encode()).decode(),
        "case": secret.upper(),
    }
    assert found({"secret": secret, "other": "something-else"}, f"x{texts[written]}x".encode()) == ["secret"]


def leak_row(made: Planted, text: str) -> None:
    user = made.stage.users["mia"]
    Issue.objects.create(organisation=made.stage.organisation, user=user, reason="malformed", words=text)


def leak_log(made: Planted, text: str) -> None:
    with logged() as output:
        structlog.get_logger("tests").warning("planted", told=text)
        made.logged = output()


def leak_message(made: Planted, text: str) -> None:
    dramatiq.get_broker().get_actor("look").send(text)


def leak_cache(made: Planted, text: str) -> None:
    cache.set("planted", {"told": text})


def leak_name(made: Planted, text: str) -> None:
    User.objects.filter(pk=made.stage.users["mia"].pk).update(name=text[:200])


def leak_to_all(made: Planted, text: str) -> None:
    BlockEntry.objects.create(organisation=made.stage.organisation, value=text[:254])


def leak_trail(made: Planted, text: str) -> None:
    with guards.lifted(connection):
        AuditEntry.objects.filter(root=made.stage.organisation.resource).update(detail={"told": text})


def leak_error(made: Planted, text: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("config.urls.handler500", lambda request: HttpResponseServerError(text), raising=False)


LEAKS: dict[str, Callable[[Planted, str], None]] = {
    "database": leak_row,
    "logs": leak_log,
    "messages": leak_message,
    "cache": leak_cache,
    "pages for administrators": leak_name,
    "pages for support": leak_name,
    "answers for oneself": leak_to_all,
    "answers for others": leak_to_all,
    "audit trail": leak_trail,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_leak_there_is_found(place: str, planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    token = f"planted-leak-{secrets.token_hex(16)}"
    logged_before, planted.tokens = planted.logged, {**planted.tokens, "leaked": token}
    try:
        with transaction.atomic():
            if place == "error pages":
                leak_error(planted, f"{token} {SUBJECT}", monkeypatch)
            else:
                LEAKS[place](planted, f"{token} {SUBJECT}")
            seen = PLACES[place](planted)
            transaction.set_rollback(True)
    finally:
        planted.logged = logged_before
        del planted.tokens["leaked"]
    assert "leaked" not in found(planted.tokens, seen)
    assert found({"leaked": token, "subject": SUBJECT}, seen) == ["leaked", "subject"]
