"""Asks whether a locked package has a known vulnerability, and says plainly when nobody could be asked.

pip-audit answers "no known vulnerabilities" also where the service knew none of the packages, or knows packages but no
vulnerabilities. So two things are looked at before its word is taken: which packages it skipped, and whether it finds
the vulnerabilities of an old release that is known to have some.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WITNESS = "django==3.2.0\n"
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Audit:
    """`vulnerable`: a sentence for each finding. `not_audited`: why nothing, or not everything, could be audited."""

    packages: int = 0
    vulnerable: list[str] = field(default_factory=list)
    not_audited: str = ""


def audit(lock: Path) -> Audit:
    """Audits every package of a hashed lock file. Never raises for a service that does not answer."""
    with tempfile.TemporaryDirectory() as folder:
        witness = Path(folder) / "witness.txt"
        witness.write_text(WITNESS, encoding="utf-8")
        seen, reason = _ask(witness, "--no-deps")
    if reason:
        return Audit(not_audited=f"the vulnerability service could not be asked ({reason})")
    if not any(package.get("vulns") for package in seen):
        return Audit(
            not_audited="the vulnerability service does not know even a release that is known to be vulnerable"
        )
    packages, reason = _ask(lock, "--require-hashes")
    if reason:
        return Audit(not_audited=f"the vulnerability service stopped answering ({reason})")
    return judge(packages)


def judge(packages: list[dict[str, Any]]) -> Audit:
    """Reads pip-audit's list of packages: {name, version, vulns: [{id, fix_versions}]} or {name, skip_reason}."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    vulnerable = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        + (f", mended in {', '.join(vulnerability['fix_versions'])}" if vulnerability.get("fix_versions") else "")
        for package in packages
        for vulnerability in package.get("vulns", [])
    ]
    reason = ""
    if not packages:
        reason = "no package was named"
    elif skipped:
        reason = f"{len(skipped)} of {len(packages)} packages are not known to the service: {', '.join(skipped[:5])}"
        reason += " …" if len(skipped) > 5 else ""
    return Audit(len(packages) - len(skipped), vulnerable, reason)


def _ask(lock: Path, mode: str) -> tuple[list[dict[str, Any]], str]:
    """(packages, "") or ([], why there is no answer)."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), mode, "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return [], f"no answer within {SECONDS} s"
    except (ValueError, KeyError):
        last = done.stderr.strip().splitlines()
        return [], last[-1][:200] if last else f"pip-audit ended with {done.returncode}"
    return packages, ""


def main() -> int:
    """Prints the outcome. 1 for a vulnerability found; a service that cannot be asked is reported and is no failure."""
    outcome = audit(Path(sys.argv[1]))
    for sentence in outcome.vulnerable:
        print(sentence)
    if outcome.not_audited:
        print(f"NOT AUDITED: {outcome.not_audited}")
    elif not outcome.vulnerable:
        print(f"{outcome.packages} packages audited, none has a known vulnerability")
    return 1 if outcome.vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
