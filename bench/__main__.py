"""`./dev bench [AREA] [--json FILE]`: measures one area, or all, and prints each figure beside its target.

An area is a module of this folder with `def run() -> Iterator[Figure]`. The exit status says whether everything could
be measured, not whether every target is met: that is in the table and in the file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bench
from bench.figures import Figure, table
from scripts import caller_path
from scripts.processes import ChildFailed, Stopped

# Modules of the harness itself.
HARNESS = {"__main__", "figures", "live", "settings", "urls"}


def areas() -> dict[str, Callable[[], Iterator[Figure]]]:
    """The areas that can be measured, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in HARNESS)
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def write(figures: list[Figure], file: Path) -> None:
    """A list of {name, value, unit, target, met}."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [figure.row() for figure in figures]
    file.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    known = areas()
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measure, and hold each figure against its target."
    )
    parser.add_argument(
        "area", nargs="?", metavar="AREA", help=f"one of: {', '.join(known) or 'none yet'} (default: all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    if options.area and options.area not in known:
        parser.error(f"unknown area: {options.area}")
    figures: list[Figure] = []
    status = 0
    for name in [options.area] if options.area else known:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            figures.extend(known[name]())
        except (ChildFailed, Stopped) as error:
            print(f"bench: {name} could not be measured: {error}", file=sys.stderr)
            status = 1
    print(table(figures))
    if options.json:
        write(figures, caller_path(options.json))
    return status


if __name__ == "__main__":
    sys.exit(main())
