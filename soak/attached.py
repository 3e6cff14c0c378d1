"""Files that the soak's letters carry."""

from __future__ import annotations

import random
import zlib

from soak.letters import Enclosed

LOGO = Enclosed("logo.png", b"\x89PNG\r\n\x1a\n" + zlib.compress(b"logo" * 50), "image/png", "logo@soak.example")
# The same in many letters: the org stores it once.
STANDING = Enclosed("Terms and conditions.pdf", b"%PDF-1.4\n" + b"terms " * 400, "application/pdf")


def document(rng: random.Random, mark: str) -> Enclosed:
    """A file that is to go along."""
    name = rng.choice(("Offer {}.pdf", "Zeichnung {}.dxf", "list {}.csv", "Notizen für {}.txt"))
    return Enclosed(name.format(mark), f"%PDF-1.4\n{mark}\n".encode() + rng.randbytes(rng.randint(10, 20_000)))


def left_out(mark: str) -> list[Enclosed]:
    """Files that are not: dangerous by name, by content, or empty."""
    return [
        Enclosed(f"setup-{mark}.exe", b"harmless"),
        Enclosed(f"photo-{mark}.JS", b"alert(1)"),
        Enclosed(f"report-{mark}.pdf", b"MZ\x90\x00" + b"\x00" * 200),
        Enclosed(f"empty-{mark}.txt", b""),
    ]
