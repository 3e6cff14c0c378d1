"""`./dev bench [AREA] [--json FILE]`: measures one area, or all, and prints each figure beside its target.

An area is a module of this folder with `def run() -> Iterator[Figure]`; one with `PARTS` is measured by part too
(`./dev bench capture.calls`). The exit status says whether everything could be measured, not whether every target is
met: that is in the table and in the file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import bench
from bench.figures import Figure, table
from scripts import caller_path
from scripts.processes import ChildFailed, Stopped

# Modules of the harness itself.
HARNESS = {
    *("__main__", "arrivals", "as_served", "capturing", "company", "deciding", "figures", "idle", "inside", "live"),
    *("replay", "services", "settings", "urls", "webhook"),
}


def areas() -> dict[str, Callable[[], Iterator[Figure]]]:
    """The areas that can be measured, by name, and the parts of those that have parts as `area.part`."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in HARNESS)
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    found = {name: module.run for name, module in modules.items() if hasattr(module, "run")}
    for name, module in modules.items():
        found |= {f"{name}.{part}": partial(module.run_part, part) for part in getattr(module, "PARTS", ())}
    return found


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
    for name in [options.area] if options.area else [name for name in known if "." not in name]:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            figures.extend(known[name]())
        except ChildFailed as error:
            print(f"bench: {name} could not be measured: {error}", file=sys.stderr)
            status = 1
        except Stopped as stopped:
            print(f"bench: stopped by {stopped} at {name}", file=sys.stderr)
            status = 1
            break
    print(table(figures))
    if options.json:
        write(figures, caller_path(options.json))
    return status


if __name__ == "__main__":
    sys.exit(main())
