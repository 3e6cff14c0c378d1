"""What `./dev` runs: the demo, the checks, the locks. No part of the product imports it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def caller_path(text: str) -> Path:
    """A path of the command line, seen from the folder in which the person called `./dev`."""
    return Path(os.environ.get("ALONGSIDE_CALLER_DIR", os.getcwd())) / Path(text).expanduser()
