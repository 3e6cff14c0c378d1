"""Static files as production serves them: each under a name of its content, modules of scripts included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.{1,2}/[^"']+)["']""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `collectstatic` fills with production's storage."""
    var = tmp_path_factory.mktemp("collected")
    code = (
        "from django.conf import settings; import django; django.setup();"
        "from django.test.utils import override_settings; from django.core.management import call_command\n"
        "storages = {**settings.STORAGES, 'staticfiles': {'BACKEND': 'config.static.ModuleStorage'}}\n"
        f"with override_settings(STORAGES=storages, STATIC_ROOT={str(var)!r}):\n"
        "    call_command('collectstatic', '--no-input', '-v0')"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=120)
    return var


def test_scripts_name_each_other_by_names_that_carry_their_content(collected: Path) -> None:
    scripts = [path for path in (collected / "pane").rglob("*.js") if HASHED.search(path.name)]
    assert scripts
    named = [(path, name) for path in scripts for name in IMPORTS.findall(path.read_text(encoding="utf-8"))]
    assert named
    for path, name in named:
        assert HASHED.search(name), f"{path.name} imports {name}"
        assert (path.parent / name).resolve().is_file(), f"{path.name} imports {name}"


def test_what_is_sent_often_lies_there_compressed(collected: Path) -> None:
    for path in [*(collected / "pane").rglob("*.js"), *(collected / "pane").rglob("*.css")]:
        assert path.stat().st_size < 400 or path.with_name(path.name + ".gz").is_file(), path.name
