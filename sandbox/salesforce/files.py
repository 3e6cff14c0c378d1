"""Contents of files, kept on disk so that a large one never stands in memory; gone with their org."""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Read so much of a file at a time.
CHUNK = 256 * 1024


@dataclass(frozen=True)
class StoredFile:
    """`checksum` is the MD5 in hex, as ContentVersion.Checksum has it; `size` is in bytes."""

    path: Path
    size: int
    checksum: str


class Files:
    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-files-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._count = 0

    def keep(self, source: IO[bytes]) -> StoredFile:
        """Copy a stream to disk, piece by piece."""
        self._count += 1
        path = self._folder / str(self._count)
        # Salesforce's own checksum is MD5; nothing here relies on it for safety.
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        with path.open("wb") as target:
            while piece := source.read(CHUNK):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        return StoredFile(path, size, digest.hexdigest())

    def keep_base64(self, text: str) -> StoredFile:
        """Decode and keep; raises ValueError for what is not base64."""
        with tempfile.SpooledTemporaryFile(max_size=CHUNK) as spool:
            spool.write(base64.b64decode(text, validate=True))
            spool.seek(0)
            return self.keep(spool)
