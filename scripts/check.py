"""`./dev check [NAME ...]`: everything that can be said of the code without running its tests.

Each check is reported with its time; a failed one does not stop the others; the exit status is 1 if any failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT, lock, translations
from scripts.environment import over_shell, production_environment
from scripts.scans import Finding, links, queries, secrets, templates, words

PRODUCT = ("config", "permissions", "accounts", "sync", "sidebar")
CODE = (*PRODUCT, "sandbox", "scripts", "bench", "soak", "tests")
NOTE = "NOT AUDITED:"


@dataclass(frozen=True, slots=True)
class Outcome:
    passed: bool
    output: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    about: str
    run: Callable[[], Outcome]


def tool(*arguments: str, settings: Mapping[str, str] | None = None) -> Callable[[], Outcome]:
    """A check by another program, `python …`, with `settings` in its environment."""

    def run() -> Outcome:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=over_shell({"PYTHONPATH": str(ROOT), **(settings or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode == 0, (done.stdout + done.stderr).strip())

    return run


def scan(scanner: Callable[[Path], Iterable[Finding]]) -> Callable[[], Outcome]:
    """A check by one of the project's own scanners: passed when it finds nothing."""

    def run() -> Outcome:
        findings = [str(finding) for finding in scanner(ROOT)]
        return Outcome(not findings, "\n".join(findings))

    return run


def translated() -> Outcome:
    findings = [str(finding) for finding in translations.problems()]
    return Outcome(not findings, "\n".join(findings))


def locks() -> Outcome:
    problems = lock.problems()
    return Outcome(not problems, "\n".join(problems))


LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"


def existing(names: Iterable[str]) -> list[str]:
    return [name for name in names if (ROOT / name).is_dir()]


def checks() -> list[Check]:
    production = production_environment()
    # makemigrations also asks the database which migrations are applied; here it is only asked whether any is missing.
    empty = {**production, "DATABASE_URL": "sqlite://:memory:"}
    # Its lowest grade repeats ruff's S rules, with more false alarms.
    bandit = ("-m", "bandit", "-q", "-ll", "-c", "pyproject.toml", "-r")
    deploy = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    migrations = ("manage.py", "makemigrations", "--check", "--dry-run")
    return [
        Check("format", "ruff format", tool("-m", "ruff", "format", "--check", ".")),
        Check("lint", "ruff check", tool("-m", "ruff", "check", "--output-format", "concise", ".")),
        Check("types", "mypy, strict", tool("-m", "mypy", *existing(CODE))),
        Check("imports", "imports run one way", tool("-c", LINT_IMPORTS)),
        Check("bandit", "insecure code", tool(*bandit, *existing(PRODUCT))),
        Check("secrets", "no secret in a file", scan(secrets.scan)),
        Check("queries", "no query put together from strings", scan(queries.scan)),
        Check("templates", "nothing inline in a page", scan(templates.scan)),
        Check("words", "no text outside the catalogues", scan(words.scan)),
        Check("translations", "every word in every language", translated),
        Check("links", "the documentation's links resolve", scan(links.scan)),
        Check("locks", "hashed, without addresses, up to date", locks),
        Check("deploy", "settings of production", tool(*deploy, settings=production)),
        Check("migrations", "no migration is missing", tool(*migrations, settings=empty)),
        Check("audit", "known vulnerabilities", tool("-m", "scripts.audit", "requirements/dev.txt")),
    ]


def run(selected: Iterable[Check]) -> list[str]:
    """Runs each check and prints a line for it, with its words if it failed. Answers with the names of the failed."""
    failed: list[str] = []
    for check in selected:
        print(f"{check.name:<12} {check.about:<38} ", end="", flush=True)
        begun = time.monotonic()
        outcome = check.run()
        seconds = time.monotonic() - begun
        notes = [line for line in outcome.output.splitlines() if line.startswith(NOTE)]
        print(f"{'ok' if outcome.passed and not notes else '--' if outcome.passed else 'FAILED':<7} {seconds:5.1f} s")
        if not outcome.passed:
            failed.append(check.name)
        for line in notes if outcome.passed else outcome.output.splitlines():
            print(f"    {line}")
    return failed


def main() -> int:
    known = checks()
    parser = argparse.ArgumentParser(prog="./dev check", description="Check the code without running its tests.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(check.name for check in known))
    names = parser.parse_args().names
    unknown = set(names) - {check.name for check in known}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    failed = run(check for check in known if not names or check.name in names)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
