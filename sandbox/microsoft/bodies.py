"""Message bodies as the mailbox server gives them: the stored one, or converted to the type that the client prefers."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from sandbox.microsoft.mime import Parsed

_META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
_BLOCKS = frozenset(
    ("address", "blockquote", "br", "div", "h1", "h2", "h3", "hr", "li", "p", "pre", "table", "tr", "ul")
)
_QUOTE_START = re.compile(
    r"<blockquote|<div[^>]*(?:gmail_quote|divRplyFwdMsg|OutlookMessageHeader)|<hr[^>]*tabindex", re.IGNORECASE
)
_TEXT_QUOTE = re.compile(r"^(?:>|On .{5,200} wrote:$|-{3,} ?Original Message|_{10,}$)", re.MULTILINE)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self.hidden += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "td":
            self.pieces.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("p", "div", "table"):
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def html_to_text(markup: str) -> str:
    """The words of an HTML body, a line for each block."""
    reader = _Text()
    reader.feed(markup)
    reader.close()
    lines = [line.strip() for line in "".join(reader.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def text_to_html(text: str) -> str:
    """Plain text as the server wraps it when HTML is preferred."""
    lines = "<br>\r\n".join(html.escape(line) for line in text.splitlines())
    return f'<html><head>\r\n{_META}</head><body><div class="PlainText">{lines}</div></body></html>'


def _with_meta(markup: str) -> str:
    """The server states its own charset in the head of every HTML body."""
    if re.search(r"<head[^>]*>", markup, re.IGNORECASE):
        return re.sub(r"(<head[^>]*>)", rf"\1\r\n{_META}", markup, count=1, flags=re.IGNORECASE)
    if re.search(r"<html[^>]*>", markup, re.IGNORECASE):
        return re.sub(r"(<html[^>]*>)", rf"\1<head>\r\n{_META}</head>", markup, count=1, flags=re.IGNORECASE)
    return f"<html><head>\r\n{_META}</head><body>{markup}</body></html>"


def plain(parsed: Parsed) -> str:
    return parsed.text if parsed.text is not None else html_to_text(parsed.html or "")


def body(parsed: Parsed, preferred: str | None) -> dict[str, str]:
    """`{"contentType", "content"}`. Without a preference the type is that of the message."""
    kind = preferred or ("html" if parsed.html is not None else "text")
    if kind == "html":
        content = _with_meta(parsed.html) if parsed.html is not None else text_to_html(parsed.text or "")
    else:
        content = html_to_text(parsed.html) if parsed.html is not None else parsed.text or ""
    return {"contentType": kind, "content": content}


def unique_body(parsed: Parsed, preferred: str | None) -> dict[str, str]:
    """The body without what it quotes of earlier messages."""
    full = body(parsed, preferred)
    pattern = _QUOTE_START if full["contentType"] == "html" else _TEXT_QUOTE
    found = pattern.search(full["content"])
    content = full["content"][: found.start()].rstrip() if found else full["content"]
    if found and full["contentType"] == "html":
        content += "</body></html>"
    return {"contentType": full["contentType"], "content": content}


def preview(parsed: Parsed) -> str:
    """The first 255 characters of the words."""
    return re.sub(r"[ \t]+", " ", plain(parsed)[:1000]).strip().replace("\n", "\r\n")[:255]
