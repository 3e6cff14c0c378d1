"""`./dev extension [--out FOLDER] [--with-key]`: the Chrome extension as the zip that the store takes.

It has the same bytes each time: files in the order of their names, with one fixed date and mode, and stored as they
are, since compressors differ. Nothing of the machine, the moment or the checkout gets into it. The file's SHA-256 is
printed, so that what the store shows can be held against what stands here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zipfile
from pathlib import Path

from scripts import ROOT, caller_path

SOURCE = ROOT / "clients" / "chrome"
#: The earliest date that a zip can say.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_KINDS = frozenset({".js", ".json", ".html", ".css", ".png"})


def files(source: Path = SOURCE) -> list[Path]:
    """What belongs into it, by name. Raises ValueError for a file of another kind."""
    found = sorted(path for path in source.rglob("*") if path.is_file())
    strange = [path.name for path in found if path.suffix not in _KINDS or path.is_symlink()]
    if strange:
        raise ValueError(f"No file of an extension: {', '.join(strange)}")
    return sorted(found, key=lambda path: path.relative_to(source).as_posix())


def pack(target: Path, source: Path = SOURCE, *, with_key: bool = False) -> str:
    """Writes the zip; its SHA-256 in hex.

    The store signs with a key of its own and refuses a manifest that names one: the public key stays out, unless the
    zip is for browsers that load it unpacked or for an administrator's own update server.
    https://developer.chrome.com/docs/extensions/reference/manifest/key
    """
    with zipfile.ZipFile(target, "w") as archive:
        for path in files(source):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _MOMENT)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_STORED, _MODE, 3
            content = path.read_bytes()
            if path.name == "manifest.json" and path.parent == source and not with_key:
                manifest = {name: value for name, value in json.loads(content).items() if name != "key"}
                content = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
            archive.writestr(entry, content)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev extension", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", default=str(ROOT / ".artifacts"), help="the folder to write it to")
    parser.add_argument("--with-key", action="store_true", help="keep the key that gives the id: not for the store")
    given = parser.parse_args()
    folder = caller_path(given.out)
    folder.mkdir(parents=True, exist_ok=True)
    version = json.loads((SOURCE / "manifest.json").read_text(encoding="utf-8"))["version"]
    target = folder / f"alongside-chrome-{version}.zip"
    print(f"{pack(target, with_key=given.with_key)}  {target}")


if __name__ == "__main__":
    main()
