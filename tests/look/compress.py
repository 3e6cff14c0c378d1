"""Pictures made small: a PNG of few colours, as pages of text and flat surfaces are. No library for images is needed.

Chromium itself reads the picture and finds its colours; this side packs it. https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

#: Two of them fit into a byte.
COLOURS = 16
#: The commonest colours first: half of the palette are surfaces and borders, however near to each other; of the others
#: one is left out when another is near. Lines of half bytes come out.
#: Kept by the page: a function that is made anew for each picture is never compiled.
_REDUCE = """(told) => (globalThis.reduced ||= async ([png, most]) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
    const {width, height} = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
    context.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    const counts = new Map();
    for (let at = 0, from = 0; at < pixels.length; from = at) {
        const colour = pixels[at];
        while (pixels[at] === colour) {
            at += 1;
        }
        counts.set(colour, (counts.get(colour) || 0) + at - from);
    }
    const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const colours = sorted.map(([colour]) => parts(colour).concat(colour));
    const keep = (palette, some, near, limit) => {
        for (const [r, g, b] of some) {
            if (palette.length === limit) {
                return false;
            }
            if (!palette.some(([x, y, z]) => Math.abs(x - r) + Math.abs(y - g) + Math.abs(z - b) <= near)) {
                palette.push([r, g, b]);
            }
        }
        return true;
    };
    const surfaces = [];
    keep(surfaces, colours, 6, most / 2);
    let palette;
    let near = 4;
    do {
        near += 4;
        palette = [...surfaces];
    } while (!keep(palette, colours, near, most));
    const index = new Map();
    for (const [r, g, b, colour] of colours) {
        let least = Infinity;
        palette.forEach(([x, y, z], place) => {
            const distance = (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2;
            if (distance < least) {
                least = distance;
                index.set(colour, place);
            }
        });
    }
    const across = Math.ceil(width / 2);
    const lines = new Uint8Array((across + 1) * height);
    let colour = pixels[0], place = index.get(colour);
    for (let at = 0, line = 0; line < height; line += 1) {
        const begin = line * (across + 1) + 1;
        for (let column = 0; column < width; column += 1, at += 1) {
            if (pixels[at] !== colour) {
                colour = pixels[at];
                place = index.get(colour);
            }
            lines[begin + (column >> 1)] |= place << (column & 1 ? 0 : 4);
        }
    }
    let text = "";
    for (let at = 0; at < lines.length; at += 32768) {
        text += String.fromCharCode.apply(null, lines.subarray(at, at + 32768));
    }
    return {width, height, palette, lines: btoa(text)};
})(told)"""


def small(page: Page, png: str) -> bytes:
    """`png` is base64, as Chromium hands it out; `page` is any page, which stays as it is."""
    reduced = page.evaluate(_REDUCE, [png, COLOURS])
    width, height = reduced["width"], reduced["height"]
    palette = bytes(part for colour in reduced["palette"] for part in colour)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"IDAT", zlib.compress(base64.b64decode(reduced["lines"]), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
