"""Adds up the reports of several test runs (JUnit XML) into one line: `N passed, N failed, N skipped`.

Used at the end of .ci/run: `python -m scripts.summary FAILED_PARTS REPORT …`. Exit status 1 when a test or a part
failed, or when no test ran.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from lxml import etree


def count(report: Path) -> Counter[str]:
    """Tests of one report by outcome. A report that cannot be read counts as one failure: its run broke off."""
    try:
        tree = etree.parse(str(report), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, OSError):
        return Counter(failed=1)
    outcomes: Counter[str] = Counter()
    for case in tree.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes["failed"] += 1
        elif case.find("skipped") is not None:
            outcomes["skipped"] += 1
        else:
            outcomes["passed"] += 1
    return outcomes


def main() -> int:
    failed_parts = int(sys.argv[1])
    total: Counter[str] = Counter()
    for name in sys.argv[2:]:
        total += count(Path(name))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if failed_parts or total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
