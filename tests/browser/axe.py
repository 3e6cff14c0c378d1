"""axe-core on a page or a frame. https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AxeResults  # type: ignore[import-untyped]
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Frame, Page

AXE = Axe()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


_ASK = """(how) => {
    const within = (%s)();
    return within.length === 0 ? {violations: []} : axe.run(within, how);
}"""


def violations(page: Page | Frame, within: str = "() => document", **options: Any) -> list[str]:
    """What axe-core finds; it is put into a page once, since that takes longer than asking it.

    `within`: a function of the page that gives the document or the elements that are asked about, none or more.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    answer = AxeResults(page.evaluate(_ASK % within, {"resultTypes": ["violations"], **options}))
    return [
        f"{found['impact']} {found['id']}: {node['html'][:160]} {node['failureSummary'].splitlines()[-1].strip()[:160]}"
        for found in answer.response["violations"]
        for node in found["nodes"]
    ]
