"""The project's own scanners: each reads files and answers with its findings; none changes anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not stand where it stands. `path` is relative to the scanned root, `line` counts from 1."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def project_files(root: Path, suffixes: Iterable[str] = ()) -> Iterator[Path]:
    """The files that are, or with the next commit could be, in the repository: tracked ones and new ones that are not
    ignored; in a folder without git, all. In sorted order; only those with one of `suffixes` where any is given."""
    wanted = tuple(suffixes)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and (root / ".git").exists():
        paths = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in root.rglob("*") if ".venv" not in path.parts]
    for path in sorted(set(paths)):
        if path.is_file() and not path.is_symlink() and (not wanted or path.name.endswith(wanted)):
            yield path


def read_text(path: Path) -> str | None:
    """The text of a file, or None for one that is not text (or is too large to have been written by hand)."""
    data = path.read_bytes()
    if b"\0" in data[:8192] or len(data) > 2 * 2**20:
        return None
    return data.decode("utf-8", errors="replace")
