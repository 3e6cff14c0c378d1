"""Fixtures: a rep with an empty mailbox, and a nursery of workers that a test starts and kills."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import Settings

from accounts import broker
from accounts.actor import Actor
from accounts.models import Connection, System, User
from accounts.signing_in import identify
from sidebar.management.commands.seed_demo import connect_salesforce
from sync.models import Mailbox
from tests.sandbox_process import SandboxProcess
from tests.sync.crash import points
from tests.sync.crash.mail import ADDRESS, LETTERS, REP, open_rep, post
from tests.sync.crash.nursery import Nursery, environment_of
from tests.sync.services.stage import Stage, make_stage


@pytest.fixture(scope="session")
def all_children(
    django_db_setup: None, sandbox_process: SandboxProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nursery]:
    environment = environment_of(sandbox_process, str(connection.settings_dict["NAME"]))
    nursery = Nursery(environment, tmp_path_factory.mktemp("workers"))
    yield nursery
    nursery.close()


@pytest.fixture
def stage(transactional_db: None, sandbox_process: SandboxProcess, settings: Settings) -> Stage:
    """Larkfield with one more rep, whose mailbox holds the letters and is connected, and nothing filed yet."""
    sandbox_process.reset(microsoft=1)
    stage = make_stage(sandbox_process, settings)
    token = sandbox_process.microsoft_login(REP)["access_token"]
    identity, user = identify(token)
    broker.accept_assertion(user, identity, token)
    person = sandbox_process.user(REP)
    connect_salesforce(Actor.of(User.objects.get(email=ADDRESS)), person["email"], person["password"])
    # The scheduler opens whatever mailbox is connected; those of the others are full of mail.
    Connection.objects.filter(system=System.MICROSOFT).exclude(user__email=ADDRESS).delete()
    for letter in LETTERS:
        post(stage, letter)
    stage.sandbox.clear_log()
    return stage


@pytest.fixture
def mailbox(stage: Stage) -> Mailbox:
    return open_rep(stage)


@pytest.fixture
def nursery(all_children: Nursery, transactional_db: None) -> Iterator[Nursery]:
    """With an empty broker. Nobody is left when the rows are taken away."""
    points.flush()
    yield all_children
    all_children.forget()
