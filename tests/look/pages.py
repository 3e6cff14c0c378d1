"""Examples as whole pages: the real shell with an example in its places, and without the scripts that would ask for it.

What the client's modules do with an answer once it is painted (moments, money, ticks) is done by those modules
themselves (`FINISH`), so that a picture shows what a person sees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from django.test import Client
from django.utils import translation

from tests.look.registry import Example

#: The parameter of the shell's address for each host.
HOSTS = {"outlook": "/pane/outlook/", "gmail": "/pane/gmail/"}
TAB = "/sync/"
_SCRIPT = re.compile(r"<script[^>]*>.*?</script>\s*", re.DOTALL)

#: `html`: another example of the same shell, which takes the place of the one that stands there.
FINISH = """async ({html, locale, opens, state, words, mailbox}) => {
    if (html) {
        const next = new DOMParser().parseFromString(html, "text/html");
        document.body.replaceWith(document.adoptNode(next.body));
        scrollTo(0, 0);
    }
    globalThis.setInterval = () => 0;
    const load = (name) => import(`/static/pane/${name}.js`);
    if (state) {
        (await load("states")).showState(state, words);
    }
    if (mailbox) {
        const {showMailbox, guardFiling} = await load("mailbox");
        showMailbox(mailbox);
        guardFiling();
    }
    const names = ["moments", "locale", "choices", ...(document.getElementById("status") ? ["states"] : [])];
    const [moments, money, choices] = await Promise.all(names.map(load));
    moments.keepMoments(locale)();
    money.localise(document.body, locale);
    choices.forgetLabels();
    choices.prepare("example");
    choices.settle();
    for (const details of document.querySelectorAll("details")) {
        details.open = opens.some((selector) => details.matches(selector));
    }
    for (const question of document.querySelectorAll("dialog[open]")) {
        question.close();
        question.showModal();
        document.activeElement.blur();
    }
    document.querySelectorAll("[data-skeleton]").forEach((one) => one.setAttribute("data-shown", ""));
    await document.fonts.ready;
}"""


@cache
def shell(address: str, language: str) -> tuple[str, str]:
    """The shell as the server gives it, and the policy that it comes with."""
    answer = Client().get(address, headers={"accept-language": language})
    if answer.status_code != 200:
        raise LookupError(f"{address} answers {answer.status_code}")
    translation.activate("en")  # the request's language is the thread's
    return _SCRIPT.sub("", answer.content.decode()), answer.headers["Content-Security-Policy"]


def page(example: Example, host: str) -> tuple[str, str]:
    """The page of an example and its policy. That may be framed here, which is for the sheet of pictures alone."""
    html, policy = shell(TAB if example.is_tab else HOSTS[host], example.language)
    for place, inside in _places(example, html).items():
        html = _put(html, place, inside)
    if example.view and not example.is_tab:
        html = _show_view(html, example.view)
    if 'id="later-styles"' in html:
        # The client adds them once the first email stands.
        html = html.replace("</head>", f"{_inside(html, 'later-styles')}</head>", 1)
    return html, re.sub(r"frame-ancestors[^;]*;?", "", policy)


def _places(example: Example, html: str) -> Mapping[str, str]:
    if not example.state:
        return example.places()
    template = _inside(html, f"state-{example.state}")
    found = re.search(rf'id="state-{example.state}" data-sentence="([^"]*)"', html)
    if found is None:
        raise LookupError(example.state)
    line = _inside(html, "client-status")
    return {
        "email": template,
        "status": line.replace('status__sentence">', f'status__sentence">{found[1]}'),
        "foot": "",
    }


def _bounds(html: str, start: int, tag: str) -> tuple[int, int]:
    """Where the inside of the element that opens at `start` begins and ends."""
    begin = html.index(">", start) + 1
    depth, at = 1, begin
    for found in re.compile(rf"<(/?){tag}\b[^>]*>").finditer(html, begin):
        depth += -1 if found[1] else 1
        at = found.start()
        if depth == 0:
            return begin, at
    raise LookupError(f"<{tag}> is not closed")


def _element(html: str, name: str) -> re.Match[str]:
    found = re.search(rf'<(\w+)\b[^>]*\bid="{re.escape(name)}"[^>]*>', html)
    if found is None:
        raise LookupError(f"the shell has no place {name}")
    return found


def _inside(html: str, name: str) -> str:
    found = _element(html, name)
    begin, end = _bounds(html, found.start(), found[1])
    return html[begin:end]


def _put(html: str, name: str, inside: str) -> str:
    """A view's body is what it holds of `data-…-body`; any other place is filled whole."""
    found = _element(html, name)
    begin, end = _bounds(html, found.start(), found[1])
    body = re.search(r"<(\w+)\b[^>]*\bdata-[\w-]*body\b[^>]*>", html[begin:end])
    if body is not None:
        begin, end = _bounds(html, begin + body.start(), body[1])
    return html[:begin] + inside + html[end:]


def _show_view(html: str, name: str) -> str:
    found = _element(html, name)
    shown = found[0].replace(" hidden", "", 1)
    html = html.replace(found[0], shown, 1)
    return html.replace("<body ", f'<body data-view="{name}" ', 1)
