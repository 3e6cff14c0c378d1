"""Every state of the pane as pictures to look at: `python -m tests.browser.gallery [NAME …]`.

Pictures go to .artifacts/gallery, at 320 and 400 px, light and dark.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

import django

django.setup()

from django.template.loader import render_to_string  # noqa: E402

from sidebar.views import client_states  # noqa: E402
from tests.browser.chromium import ARTIFACTS, chromium  # noqa: E402
from tests.sidebar import examples  # noqa: E402

STATIC = Path(__file__).resolve().parents[2] / "static"
FOLDER = ARTIFACTS / "gallery"
OUT_OF_BAND = re.compile(r'<div id="(status|foot)" hx-swap-oob="innerHTML">(.*?)</div>\s*(?=<div id="|\Z)', re.DOTALL)


def page(answer: str) -> str:
    """The pane's whole page with an answer in it, without its scripts."""
    shell = str(render_to_string("pane/outlook.html", {"office_js_url": "", "client_states": client_states()}))
    shell = re.sub(r"<script.*?</script>", "", shell, flags=re.DOTALL)
    shell = shell.replace('href="/static/', f'href="file://{STATIC}/')
    parts: dict[str, str] = dict(OUT_OF_BAND.findall(answer))
    parts["email"] = OUT_OF_BAND.sub("", answer)
    for name, html in parts.items():
        found = re.search(rf'<(\w+) id="{name}"[^>]*>', shell)
        if found is None:
            raise LookupError(name)
        end = shell.index(f"</{found[1]}>", found.end())
        shell = shell[: found.end()] + html + shell[end:]
    return shell


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    answers = {name: page(examples.draw(example)) for name, example in examples.PAGES.items()}
    answers |= {f"state-{name}": page(examples.draw_state(name)) for name in examples.STATES}
    answers["skeleton"] = page("").replace("data-skeleton", "data-skeleton data-shown")
    with chromium() as browser:
        for name, html in answers.items():
            if wanted and name not in wanted:
                continue
            file = FOLDER / f"{name}.html"
            file.write_text(html, encoding="utf-8")
            for width in (320, 400):
                for scheme in ("light", "dark"):
                    context = browser.new_context(viewport={"width": width, "height": 320}, color_scheme=scheme)
                    tab = context.new_page()
                    tab.goto(file.as_uri())
                    tab.wait_for_timeout(350 if name == "skeleton" else 0)
                    tall = tab.evaluate("document.documentElement.scrollHeight")
                    tab.set_viewport_size({"width": width, "height": max(400, tall)})
                    tab.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png")
                    context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
