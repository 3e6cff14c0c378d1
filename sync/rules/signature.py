"""What a sender's own signature says of them: name, title, company, telephone numbers. A proposal for a form, no more.

    text ─► without what it quotes ─► the lines after "-- ", else after the closing words or the sender's own name
         ─► numbers by their labels ─► company by its legal form or its domain ─► title: the line beside the name

Takes any text and raises nothing; what is not recognised stays empty.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from sync.rules.addresses import is_shared_domain, registrable_domain
from sync.rules.words import one_line

MAX_TEXT = 64 * 1024
_MOST_LINES = 12
_LONGEST = 120
_QUOTES = re.compile(
    r"^\s*(?:>|-{2,}\s*(?:original|forwarded|ursprüngliche|weitergeleitete|message d'origine|mensaje original)"
    r"|_{8,}\s*$|(?:from|von|de|da|van|من)\s*:\s.*[@<]"
    r"|(?:on|am|le|el|il|op|den)\s.{4,120}(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef))"
    r"|^\s*في\s.{4,120}كتب",
    re.IGNORECASE,
)
_CLOSINGS = re.compile(
    r"^\s*(?:(?:kind|best|warm|many|with (?:best|kind|warm))\b.{0,20}(?:regards|wishes|thanks)"
    r"|regards|thanks|thank you|cheers|sincerely|yours\b.{0,14}|best"
    r"|mit (?:freundlichen|besten|herzlichen) grüßen|(?:viele|beste|freundliche|schöne|liebe) grüße|mfg"
    r"|(?:bien )?cordialement|bien à (?:vous|toi)|(?:meilleures )?salutations|sincères salutations|amicalement"
    r"|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|cordialmente"
    r"|(?:cordiali|distinti) saluti|met vriendelijke groet(?:en)?|med vänlig hälsning|vennlig hilsen|med venlig hilsen"
    r"|com os melhores cumprimentos|atenciosamente"
    r"|مع (?:أطيب |خالص )?(?:تحياتي|التحيات|الشكر).{0,20}|تحياتي|وتفضلوا.{0,40})"
    r"\s*[,،.!]?\s*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w@./-])(\+?\(?\d[\d\s().\-/–\u00a0]{5,24}\d)(?![\w@])")
_MOBILE = re.compile(
    r"\b(?:mob(?:ile?|il)?|cell|cel|handy|gsm|portable|móvil|movil|telemóvel|m)\b\s*[.:]?|جوال|موبايل", re.IGNORECASE
)
_FAX = re.compile(r"\b(?:fax|télécopie|telefax|f)\b\s*[.:]|فاكس", re.IGNORECASE)
_LEGAL = re.compile(
    r"(?:^|\s)(?:gmbh(?: & co\. kg)?|ag|kg|ug|ohg|e\.\s?k\.|ltd\.?|limited|llc|l\.l\.c\.|llp|plc|inc\.?"
    r"|corp\.?|corporation|co\.|sarl|s\.a\.r\.l\.|sas|s\.a\.s\.|s\.?a\.?|s\.?l\.?u?\.?|s\.?p\.?a\.?|s\.?r\.?l\.?|b\.?v\.?|n\.?v\.?"
    r"|oy|ab|as|a/s|aps|lda\.?"
    r"|pty|gmbh|kft|sp\. z o\.?o\.?|d\.o\.o\.|ذ\.م\.م)\.?\s*$|^شركة\s",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"@|https?://|www\.|\b[\w-]+\.(?:com|net|org|de|fr|es|example|co\.uk|eu)\b", re.IGNORECASE)
_PLACE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Signature:
    """Empty texts for what was not found. Numbers are as they were written."""

    first_name: str = ""
    last_name: str = ""
    title: str = ""
    company: str = ""
    phone: str = ""
    mobile: str = ""
    website: str = ""


def read_signature(text: str, *, name: str, address: str) -> Signature:
    """From a body as plain text; `name` and `address` are the sender's, who may be somebody without a signature."""
    lines = _signature_lines(_own_lines(text[:MAX_TEXT]), name)
    shown = one_line(name) if "@" not in name else ""
    if not shown and lines and _is_name(lines[0]):
        shown = lines[0]
    first, last = _split(shown)
    shown = f"{first} {last}".strip()
    domain = registrable_domain(address.rpartition("@")[2])
    phone, mobile = _numbers(lines)
    company = _company(lines, shown, domain)
    return Signature(
        first_name=first,
        last_name=last,
        title=_title(lines, shown, company),
        company=company,
        phone=phone,
        mobile=mobile,
        website=f"https://{domain}" if domain and company and not is_shared_domain(domain) else "",
    )


def _own_lines(text: str) -> list[str]:
    """What the sender wrote: up to what they quote."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if _QUOTES.match(line):
            if any(one.strip() for one in kept):
                break
            continue
        kept.append(line)
    return kept


def _signature_lines(lines: list[str], name: str) -> list[str]:
    start = next((n + 1 for n, line in enumerate(lines) if line.rstrip("\r") in {"-- ", "--"}), 0)
    if not start:
        start = next((n + 1 for n in range(len(lines) - 1, -1, -1) if _CLOSINGS.match(lines[n])), 0)
    if not start:
        words = set(_folded(name).split())
        start = next(
            (
                n
                for n in range(len(lines) - 1, -1, -1)
                if words and words <= set(_folded(lines[n]).split()) and len(lines[n]) < _LONGEST
            ),
            len(lines),
        )
    found = [one_line(line).strip(" |*_•·") for line in lines[start:]]
    parts = [part.strip() for line in found if line for part in re.split(r"\s[|•·]\s", line)]
    return [part for part in parts if part and len(part) <= _LONGEST][:_MOST_LINES]


def _numbers(lines: list[str]) -> tuple[str, str]:
    phone = mobile = ""
    for line in lines:
        for match in _NUMBER.finditer(line):
            number = one_line(match.group(1)).strip(" -–/")
            if not 7 <= sum(one.isdigit() for one in number) <= 15:
                continue
            before = line[: match.start()]
            label = before[max((found.end() for found in _NUMBER.finditer(before)), default=0) :]
            if _FAX.search(label):
                continue
            if _MOBILE.search(label):
                mobile = mobile or number
            elif "+" in number or label.strip() or _alone(line, match.group(1)):
                phone = phone or number
    return phone, mobile


def _alone(line: str, number: str) -> bool:
    return line.strip() == number.strip()


def _company(lines: list[str], name: str, domain: str) -> str:
    others = [line for line in lines if _folded(line) != _folded(name) and not _ADDRESS.search(line)]
    for line in others:
        for part in re.split(r",\s|\s[-–—]\s", line):
            if _LEGAL.search(part.strip()) and not _NUMBER.search(part):
                return part.strip()
    label = _folded(domain.partition(".")[0]).replace("-", "")
    if len(label) > 2 and not is_shared_domain(domain):
        for line in others:
            if _folded(line).replace(" ", "").startswith(label) or label in _folded(line).split():
                return line
    return ""


def _title(lines: list[str], name: str, company: str) -> str:
    place = next((n for n, line in enumerate(lines) if name and _folded(line).startswith(_folded(name))), -1)
    if place >= 0 and "," in lines[place]:
        return lines[place].partition(",")[2].strip()
    after = lines[place + 1 :] if place >= 0 else lines[:1]
    for line in after[:1]:
        line = line.removesuffix(company).rstrip(" ,-–") if company and line != company else line
        if line != company and not _ADDRESS.search(line) and not _PLACE.search(line) and len(line) <= 80:
            return line
    return ""


def _split(name: str) -> tuple[str, str]:
    """First and last name: "Last, First" too; one word is a last name, which Salesforce requires."""
    if name.count(",") == 1:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _is_name(line: str) -> bool:
    words = line.split()
    return (
        1 < len(words) <= 4
        and all(word[0].isalpha() and not word.isupper() for word in words)
        and not _PLACE.search(line)
    )


def _folded(text: str) -> str:
    """For comparing: without accents and case."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return one_line("".join(one for one in plain if not unicodedata.combining(one))).strip(" ,.")
