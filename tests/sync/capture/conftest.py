"""The stage with Mia's and Tom's mailboxes connected; each test switches on what it needs."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.sandbox_process import SandboxProcess
from tests.sync.capture.scene import Scene
from tests.sync.services.stage import Stage, make_stage


@pytest.fixture
def stage(db: None, sandbox: SandboxProcess, settings: Settings) -> Stage:
    return make_stage(sandbox, settings)


@pytest.fixture
def scene(stage: Stage, settings: Settings) -> Scene:
    return Scene(stage, settings)
