"""HTML of emails: cleaned for keeping and showing, read as text, cut to a length.

Every function is bounded in time and memory whatever it is given: HTML that is nested deeper or opens more formatting
than any mail client writes is read as text first, since repairing such HTML multiplies it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from html import escape, unescape

import nh3


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MAX_HTML = 2 * 2**20
_MAX_DEPTH = 400
_MAX_FORMATTING = 60
_MAX_SHOWN_URL = 500

_TAGS = _set(
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav "
    "ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time "
    "tr tt u ul var wbr"
)
_WITH_CONTENT = _set(
    "script style noscript template title object applet iframe frameset noframes svg math textarea select xml "
    "audio video canvas"
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "title", "align", "valign"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "border"},
    "font": {"color", "size", "face"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor", "nowrap"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor", "nowrap", "scope"},
    "tr": {"bgcolor"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value"},
    "hr": {"width", "size", "color"},
    "blockquote": {"cite"},
    "time": {"datetime"},
}
URL_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})

_VOID = _set("area base basefont bgsound br col embed frame hr img input link meta param source track wbr")
_FORMATTING = _set("a b big code em font i nobr s small strike strong tt u")
_OFTEN_LEFT_OPEN = _set("p li td tr th dd dt option")
_BLOCKS = _set(
    "address article aside blockquote center dd details dir div dl dt fieldset figure figcaption footer form h1 h2 h3 "
    "h4 h5 h6 header hr main nav ol p pre section summary table tr ul li caption body html"
)
_PARAGRAPHS = _set("p h1 h2 h3 h4 h5 h6 blockquote ul ol dl table pre")
_RAW = _set("script style textarea title noscript iframe noframes template svg math xml object")
_SHOWN_RAW = frozenset({"textarea"})
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,64})")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_REST_OF_TAG = re.compile(r"""[^"'>]*+(?:"[^"]*+"[^"'>]*+|'[^']*+'[^"'>]*+)*+>""")
_BLANK, _BREAK, _PARAGRAPH = "\0", "\x01", "\x02"
_MARKS = re.compile("[\0\x01\x02]")
_BREAKS = re.compile("[ \t]*[\x01\x02\n][ \t\x01\x02\n]*")
_IMAGE_OR_LINK = re.compile(r'<(?:a(?=[\s>])|/a(?=>)|img(?=[\s>]))(?:\s+[\w:-]+(?:="[^"]*")?)*\s*/?>')


def clean_html(html: str) -> str:
    """HTML that only shows: no script, style, handler, form, frame; addresses only http, https, mailto, tel and cid.

    Images from elsewhere become links, so that opening the email tells nobody; images of the email stay as `cid:`.
    """
    if not html.strip():
        return ""
    if len(html) > MAX_HTML or _is_hostile(html):
        return _as_html(html_to_text(html))
    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        url_schemes=set(URL_SCHEMES),
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
    )
    return _without_remote_images(cleaned).replace("\0", "")


def html_to_text(html: str) -> str:
    """The text of an HTML body: blocks on lines of their own, lists with dashes, addresses of links behind them."""
    reader = _TextReader()
    for token in tokens(html[: 4 * MAX_HTML]):
        reader.take(*token)
    return reader.text()


def cut_html(html: str, limit: int) -> str:
    """Cleaned HTML of at most `limit` characters; where it was cut a line says so."""
    if len(html) <= limit:
        return html
    line = f"<p>[Cut here: the whole is {len(html):,} characters long.]</p>"
    keep = limit - len(line)
    while keep > 0:
        start = html[:keep]
        if start.rfind("<") > start.rfind(">"):
            start = start[: start.rfind("<")]
        start = start[: start.rfind("&")] if re.search(r"&[#\w]{0,10}\Z", start) else start
        shorter = clean_html(start) + line
        if len(shorter) <= limit:
            return shorter
        keep -= len(shorter) - limit
    return line[:limit] if len(line) <= limit else ""


def _is_hostile(html: str) -> bool:
    """Whether repairing it would cost more than reading it: very deep, or with much formatting open at once."""
    depth = formatting = 0
    for kind, name, _ in tokens(html):
        if kind == "open" and name not in _VOID:
            depth += name not in _OFTEN_LEFT_OPEN
            formatting += name in _FORMATTING
        elif kind == "close":
            depth -= depth > 0 and name not in _OFTEN_LEFT_OPEN
            formatting -= formatting > 0 and name in _FORMATTING
        if depth > _MAX_DEPTH or formatting > _MAX_FORMATTING:
            return True
    return False


def tokens(html: str) -> Iterator[tuple[str, str, str]]:
    """("text", "", text), ("open", name, attributes), ("close", name, "") in one pass; comments are left out."""
    place, end = 0, len(html)
    unclosed: set[str] = set()
    while place < end:
        start = html.find("<", place)
        if start < 0:
            yield "text", "", html[place:]
            return
        if start > place:
            yield "text", "", html[place:start]
        tag = _TAG.match(html, start)
        if tag is None:
            place = yield from _declaration(html, start, unclosed)
            continue
        stop = _tag_end(html, tag.end(), unclosed)
        if stop < 0:
            return
        name = tag.group(2).lower()
        if tag.group(1):
            yield "close", name, ""
            place = stop + 1
            continue
        yield "open", name, html[tag.end() : stop]
        place = stop + 1
        if name in _RAW and name not in unclosed:
            closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, place)
            if closing is None:
                unclosed.add(name)  # not looked for again
                continue
            if name in _SHOWN_RAW:
                yield "text", "", html[place : closing.start()]
            place = closing.start()


def _declaration(html: str, start: int, unclosed: set[str]) -> Generator[tuple[str, str, str], None, int]:
    """A comment, a doctype, or a `<` that is none of these. Gives the place behind it."""
    if html.startswith("<!--", start):
        stop = -1 if "-->" in unclosed else html.find("-->", start + 4)
        if stop >= 0:
            return stop + 3
        unclosed.add("-->")
    if html.startswith(("<!", "<?", "</"), start):
        stop = -1 if ">" in unclosed else html.find(">", start)
        if stop >= 0:
            return stop + 1
        unclosed.add(">")
    yield "text", "", "<"
    return start + 1


def _tag_end(html: str, place: int, unclosed: set[str]) -> int:
    """Where the tag's `>` stands, not counting those within quotes; -1 where there is none."""
    if "quotes" not in unclosed:
        found = _REST_OF_TAG.match(html, place)
        if found:
            return found.end() - 1
        unclosed.add("quotes")
    return html.find(">", place)


class _TextReader:
    """Puts the text of tokens together. Breaks and kept blanks have marks of their own until all is known."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.preformatted = 0
        self.href = ""
        self.link_start = 0

    def take(self, kind: str, name: str, rest: str) -> None:
        if kind == "text":
            self._words(unescape(rest))
        elif name == "a":
            self._end_link()
            self.href = attribute(rest, "href") if kind == "open" else ""
        elif name == "br":
            self.parts.append("\n")
        elif name == "hr" and kind == "open":
            self.parts.append(f"{_BREAK}---{_BREAK}")
        elif name == "img" and kind == "open":
            self._words(attribute(rest, "alt"))
        elif name in {"td", "th"} and kind == "close":
            self.parts.append("\t")
        elif name in _BLOCKS:
            if name == "pre":
                self.preformatted = max(0, self.preformatted + (1 if kind == "open" else -1))
            self.parts.append(_PARAGRAPH if name in _PARAGRAPHS else _BREAK)
            if name == "li" and kind == "open":
                self.parts.append("- ")

    def text(self) -> str:
        self._end_link()
        joined = re.sub(r" *\t[ \t]*", "\t", re.sub(r" {2,}", " ", "".join(self.parts)))
        broken = _BREAKS.sub(_line_ends, joined)
        lines = (line.replace(_BLANK, " ").rstrip() for line in broken.split("\n"))
        return "\n".join(lines).strip("\n")

    def _words(self, text: str) -> None:
        plain = _MARKS.sub("", text)
        if self.preformatted:
            lines = plain.replace("\r\n", "\n").replace("\r", "\n")
            self.parts.append(lines.replace(" ", _BLANK).replace("\t", _BLANK * 8))
        else:
            self.parts.append(re.sub(r"[ \t\r\n\f]+", " ", plain))

    def _end_link(self) -> None:
        """The address of a link goes behind its words, where it says more than they do."""
        if self.href.lower().startswith(("http://", "https://", "mailto:")) and len(self.href) <= _MAX_SHOWN_URL:
            shown = _MARKS.sub("", "".join(self.parts[self.link_start :])).strip()
            if shown and shown != self.href.removeprefix("mailto:"):
                self.parts.append(f" <{self.href}>")
        self.link_start = len(self.parts)


def _line_ends(found: re.Match[str]) -> str:
    marks = found.group()
    return "\n\n" if _PARAGRAPH in marks else "\n" * min(2, max(1, marks.count("\n")))


def attribute(rest: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(rest):
        if found.group(1).lower() == name:
            return _MARKS.sub("", unescape(found.group(2) or found.group(3) or found.group(4) or "")).strip()
    return ""


def _as_html(text: str) -> str:
    return "<pre>" + escape(text, quote=False) + "</pre>" if text else ""


def _without_remote_images(cleaned: str) -> str:
    """Images from elsewhere as links with their description; within a link, the description alone."""
    within = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal within
        tag = found.group()
        if not tag.startswith("<img"):
            within = 0 if tag.startswith("</") else 1
            return tag
        source, words = attribute(tag[4:], "src"), attribute(tag[4:], "alt")
        if source.lower().startswith("cid:"):
            return tag
        if not source.lower().startswith(("http:", "https:")) or _is_pixel(tag):
            return escape(words)
        if within:
            return escape(words or "[image]")
        href = escape(source)
        return f'<a href="{href}" rel="noopener noreferrer nofollow">{escape(words or "[image]")}</a>'

    return _IMAGE_OR_LINK.sub(replaced, cleaned)


def _is_pixel(tag: str) -> bool:
    """Whether the image is only there to be fetched."""
    sizes = (attribute(tag[4:], "width"), attribute(tag[4:], "height"))
    return all(size in {"0", "1", "0px", "1px"} for size in sizes)
