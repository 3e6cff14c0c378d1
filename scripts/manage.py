"""`./dev manage …`: Django's manage.py with the settings of the demo, whether it runs or not."""

from __future__ import annotations

import json
import os
import sys

from scripts import ROOT
from scripts.environment import NO_SANDBOX, over_shell, sandbox_environment


def main() -> None:
    var = ROOT / "var" / "demo"
    report = var / "sandbox" / "sandbox.json"
    info = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else NO_SANDBOX
    environment = over_shell(sandbox_environment(info, var, 8000))
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
