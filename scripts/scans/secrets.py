"""Finds secrets that were written into a file: private keys, tokens of the services spoken to, long random literals.

A literal that only looks like a secret is let through in one of two ways, each with its reason: the words
`not a secret: …` in a comment on its line, or a line in secrets.allow beside this file: `path-glob  reason`. What has
the form of a key or a token is never let through by the second.
"""

from __future__ import annotations

import fnmatch
import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.scans import Finding, project_files, read_text

ALLOWANCES = Path(__file__).with_name("secrets.allow")
EXCUSE = re.compile(r"not a secret:\s*\S+")

FORMS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
    "a signed token (JWT)": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
    "a Salesforce session": re.compile(r"\b00D[A-Za-z0-9]{12,15}![\w.]{40,}"),
    "a Salesforce refresh token": re.compile(r"\b5Aep861[\w.]{40,}"),
    "a Microsoft client secret": re.compile(r"(?<![\w~.-])[\w.~-]{3}8Q~[\w.~-]{31,37}"),
    "a Microsoft refresh token": re.compile(r"\b[01]\.A[\w-]{90,}"),
    "a Google key": re.compile(r"\b(?:AIza[\w-]{35}|ya29\.[\w-]{30,}|GOCSPX-[\w-]{28})"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    "a password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|amqps?|rediss?|https?)://[^\s:/@'\"{}<>]+:(?P<password>[^\s:/@'\"{}<>]+)@"
    ),
}
# Passwords that services give everybody on a new machine, and what documentation writes in place of one.
EVERYBODYS_PASSWORDS = {"guest", "password", "secret", "pass"}
LONG_LITERAL = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{40,}={0,2}(?![\w+/=-])")
ALPHABETS = (string.ascii_letters, string.ascii_uppercase + string.ascii_lowercase, string.digits)
# Random base64 of 40 characters has about 4.7 bits a character; words, paths and identifiers stay below this.
RANDOM_BITS = 4.25


def scan(root: Path, allowances: Path | None = ALLOWANCES) -> Iterator[Finding]:
    """Findings in every text file of the project below `root`; the secret itself is never repeated."""
    globs = _globs(allowances)
    for path in project_files(root):
        name = path.relative_to(root).as_posix()
        text = read_text(path)
        if text is None:
            continue
        long_allowed = any(fnmatch.fnmatch(name, glob) for glob in globs)
        for number, line in enumerate(text.splitlines(), start=1):
            if EXCUSE.search(line):
                continue
            yield from (Finding(name, number, what) for what in _forms(line))
            if not long_allowed and any(_looks_random(match[0]) for match in LONG_LITERAL.finditer(line)):
                yield Finding(name, number, "a long literal that looks random")


def _forms(line: str) -> Iterator[str]:
    for what, form in FORMS.items():
        match = form.search(line)
        if match and match.groupdict().get("password") not in EVERYBODYS_PASSWORDS:
            yield what


def _looks_random(literal: str) -> bool:
    # A path or a name is many short words; in base64 a stretch without `+ / _ -` is seldom short.
    longest = max(re.split(r"[+/_=-]", literal), key=len)
    if len(longest) < 16 or not all(re.search(kind, longest) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
        return False
    if any(literal[at : at + 8] in run for run in ALPHABETS for at in range(len(literal) - 7)):
        return False
    counts = Counter(literal)
    bits = -sum(count / len(literal) * math.log2(count / len(literal)) for count in counts.values())
    return bits >= RANDOM_BITS


def _globs(allowances: Path | None) -> list[str]:
    if allowances is None or not allowances.is_file():
        return []
    lines = (line.strip() for line in allowances.read_text(encoding="utf-8").splitlines())
    globs = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        glob, _, reason = line.partition(" ")
        if not reason.strip():
            raise ValueError(f"{allowances.name}: {glob} is let through without a reason")
        globs.append(glob)
    return globs
