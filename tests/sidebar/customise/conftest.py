"""Fixtures: Larkfield's people, connected to the sandbox."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.sandbox_process import SandboxProcess
from tests.sync.services.stage import Stage, make_stage


@pytest.fixture
def stage(transactional_db: None, sandbox: SandboxProcess, settings: Settings) -> Stage:
    return make_stage(sandbox, settings)
