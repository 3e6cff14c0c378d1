"""Resolves requirements/*.in into the hashed locks, without any registry's address, and records what they were made of.

app ─► demo ─► dev: each later lock holds everything of the one before it, at the same versions.

requirements/inputs.sha256 has one `digest  name` line for each .in file. A lock whose .in file has another digest is
out of date; `scripts.check` says so without asking a registry.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

from scripts import ROOT

REQUIREMENTS = ROOT / "requirements"
RECORD = "inputs.sha256"
LOCKS = ("bootstrap", "app", "demo", "dev")
ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|^\s*(?:-i|-f|--(?:extra-)?index-url|--find-links)\b)", re.IGNORECASE)
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def resolve(uv: str, folder: Path = REQUIREMENTS) -> None:
    """Writes every lock anew, keeping versions that still fit. Raises CalledProcessError when one cannot be made."""
    for number, name in enumerate(LOCKS):
        command = [
            *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *("--output-file", f"{name}.txt", f"{name}.in"),
        ]
        if number > 1:
            command += ["--constraint", f"{LOCKS[number - 1]}.txt"]
        subprocess.run(command, cwd=folder, check=True)
    (folder / RECORD).write_text(record(folder), encoding="utf-8")


def record(folder: Path = REQUIREMENTS) -> str:
    """The text of the record for the .in files as they are now."""
    lines = (f"{hashlib.sha256((folder / f'{name}.in').read_bytes()).hexdigest()}  {name}.in" for name in LOCKS)
    return "\n".join(lines) + "\n"


def problems(folder: Path = REQUIREMENTS) -> list[str]:
    """What is wrong with the locks: an address in one, a pin without a hash, a lock older than its .in file."""
    found: list[str] = []
    pins: dict[str, str] = {}
    for name in LOCKS:
        lock = folder / f"{name}.txt"
        if not lock.is_file():
            found.append(f"{name}.txt is missing: ./dev lock makes it")
            continue
        text = lock.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), start=1):
            if ADDRESS.search(line):
                found.append(f"{name}.txt:{number}: holds an address")
        for block in re.split(r"\n(?=\S)", text.strip()):
            match = PIN.match(block)
            if match and "--hash=sha256:" not in block:
                found.append(f"{name}.txt: {match[1]} has no hash")
            if match and pins.setdefault(match[1], match[2]) != match[2]:
                found.append(f"{name}.txt: {match[1]} is {match[2]} here and {pins[match[1]]} in another lock")
    recorded = folder / RECORD
    if not recorded.is_file():
        found.append(f"{RECORD} is missing: ./dev lock makes it")
    elif recorded.read_text(encoding="utf-8") != record(folder):
        found.append("a .in file has changed since the locks were made: run ./dev lock")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lock", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--uv", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        resolve(options.uv)
    except subprocess.CalledProcessError as error:
        print(f"A lock could not be made (uv ended with {error.returncode}); the lines above say why.", file=sys.stderr)
        return 1
    for problem in problems():
        print(problem, file=sys.stderr)
    return 1 if problems() else 0


if __name__ == "__main__":
    sys.exit(main())
