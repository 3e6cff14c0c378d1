"""What the open email refers to: taken from its text in the mail client, which hands on nothing else of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
WITHIN = "([text, org]) => globalThis.alongsideReferences.within(text, org)"
ORG = "https://larkfield.my.salesforce.com"
ID = "001000000000001AAA"


def test_only_links_to_the_own_org_and_case_references_are_taken(outlook: Windows) -> None:
    window = outlook()
    window.page.add_script_tag(path="static/pane/hosts/references.js")
    taken = [
        f"{ORG}/lightning/r/Account/{ID}/view",
        f"https://larkfield.lightning.force.com/lightning/r/{ID}/view",
        "ref:_00D000000000001._5003000000D8cuI:ref",
    ]
    left = [
        f"https://another.my.salesforce.com/{ID}",
        f"https://larkfield.my.salesforce.com.hostile.example/{ID}",
        f"https://hostile.example/?{ORG}/{ID}",
        f"https://larkfield@hostile.example/{ID}",
        "https://[/nothing",
        "Dear Mia, the password is hunter2. ref: a :ref",
    ]
    text = " and <p>".join([*taken[:2], *left, *taken[2:], *taken])
    assert window.page.evaluate(WITHIN, [text, ORG]) == taken
    assert window.page.evaluate(WITHIN, [text, ""]) == taken[2:]
    assert len(window.page.evaluate(WITHIN, [" ".join(f"{ORG}/{n:015}" for n in range(90)), ORG])) == 20
