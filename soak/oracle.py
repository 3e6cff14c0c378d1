"""What Salesforce and the ledger have to say at the end, worked out from the mail, the CRM's first day and settings.

    copies (one message in one mailbox) ──► ruling per copy ──► messages ──► who captures it ──► one record each

Written from the rules' text alone; no line of the product is imported or was looked at. A *turn* is a place in the
plan: what has a lower one was settled before, what has the same one happened at the same time.

Readings of what the text leaves open, all of them here:

1. Scope, window, mode and block lists are judged when a message is first seen; what was skipped is not judged again.
2. Of several mailboxes that capture a message the first writes; its decision is named by the cause, the others' are
   `duplicate`. A mailbox whose own rows or mode say no is `skipped` by that, although another mailbox captures. Which
   one was first is not in the mail: the oracle takes whom the ledger names, if that mailbox captures the message.
3. A row of the table names the decision where its cell is a plain no for the cause; then `mode-off`, then the mode.
   So unknown people in mode off are `mode-off`, and `unknown-people` is the word of the narrower modes.
4. A mode names its filing by its own name: known people are filed by `same-domain` where that is the mode.
5. What lies in trash, junk or drafts when it is first seen, or is trashed before the write, is skipped by `draft`,
   `gone` or `folder-scope`, or not seen at all; that depends on when the mailbox was looked at, and all are right. The
   One that a row or the mode left at first sight may keep that name. The
   same holds for what was received before the window, which a mailbox need not even be asked for, and for mail outside
   the folders, except that a decision has to be a row's.
6. A mark that stood from the beginning on what the mode captures as well: either may name the filing. One that was
   taken away before the write: the row that said no, or `mark-removed`.
7. Rule 1 of the business record: a thread is what References and In-Reply-To name, in whichever mailbox and under
   whatever subject. It asks for an earlier filing that has a record, and one that the mailbox's user may see; else the
   next rules are asked. The latest such filing counts.
8. Opportunities and cases count where the mailbox's user may see them.
9. Bcc people make a message external and known, but are neither linked nor asked for a record while the switch is off.
10. By a domain an account is found only where nobody in the message is matched. By the mark, too: exactly one account.
11. Sender and Reply-To stand beside From as senders; a message goes out if its From is internal.
12. A message without a readable From is `failed` by `malformed`, whatever else holds of it but drafts and trash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from soak.org import Colleague, Org, Row, is_under, registrable
from soak.reading import Mail, plain, read, without_tag

_Identity = tuple[str, str, str]

#: Where a copy lay when it could first be seen, besides names of folders and labels of its own.
HIDDEN = frozenset({"drafts", "trash", "junk"})
OUTSIDE = frozenset({"archive-folder", "own-folder", "promotions", "social", "forums"})
_NEVER_SEEN = frozenset({"draft", "gone", "folder-scope"})
_OUT = frozenset({"folder-scope", "window"})
_PRIVATE = frozenset({"personal", "private", "company-confidential", "confidential"})
_DANGEROUS = frozenset(
    re.findall(
        r"\w+",
        "exe dll com scr msi msp bat cmd ps1 psm1 vbs vbe js jse wsf wsh hta jar lnk reg iso img vhd vhdx dmg app",
    )
)
_MOST_OF_A_FILE = 25 * 2**20
_PROGRAM = (b"MZ", b"\x7fELF", b"#!")
_CASE_REFERENCE = re.compile(r"ref:[_!]?(00D\w+)\.[_!]?(500\w+):ref")
_CASE_NUMBER = re.compile(r"(?<!\d)\d{8}(?!\d)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one user, as they stood when the copy was delivered. Block lists hold addresses and domains."""

    mode: str = "known-people"
    blocked: frozenset[str] = frozenset()
    blocked_by_organisation: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in one mailbox. `place` is inbox, sent, archive, or one of HIDDEN and OUTSIDE.

    `mark_turn` is when the mark was set, None for never; `unmarked`: it was taken away before anything was written.
    `gone_early`: put into the trash, or deleted, before anything was written.
    """

    key: str
    user: str
    content: bytes
    received: datetime
    turn: int
    place: str = "inbox"
    settings: Settings = Settings()
    mark_turn: int | None = None
    unmarked: bool = False
    gone_early: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision of one copy: its outcome, the names that may stand there, whether there may be no item at all."""

    outcome: str
    rules: frozenset[str]
    may_be_absent: bool = False
    issue: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """The one record of a message. `identity` is "" where only its form is known. `people` maps ids to the headers."""

    copies: tuple[str, ...]
    subject: str
    identity: str
    writer: str
    people: dict[str, frozenset[str]]
    related: str | None
    incoming: bool
    from_address: str
    files: frozenset[str]
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    rulings: dict[str, Ruling]
    records: list[Record]


@dataclass(frozen=True, slots=True)
class Company:
    """Who and what is internal. `window` is how far back a mailbox's window reaches: received earlier is before it."""

    colleagues: dict[str, Colleague]
    domains: frozenset[str]
    aliases: frozenset[str]
    window: datetime
    org_id: str = ""
    link_blind_copies: bool = False

    def is_internal(self, address: str) -> bool:
        domain = address.rpartition("@")[2]
        return (
            address in self.aliases or address in self.colleagues or any(is_under(domain, own) for own in self.domains)
        )


@dataclass(slots=True)
class _Seen:
    """A copy that was read, and the ruling as it stands."""

    copy: Copy
    mail: Mail
    externals: tuple[str, ...]
    ruling: Ruling = Ruling("skipped", frozenset())

    @classmethod
    def of(cls, copy: Copy, company: Company) -> _Seen:
        mail = read(copy.content)
        return cls(copy, mail, tuple(a for a in mail.people(blind=True) if not company.is_internal(a)))


@dataclass(slots=True)
class Oracle:
    org: Org
    company: Company
    _threads: dict[str, list[tuple[int, Record, frozenset[str]]]] = field(default_factory=dict)

    def judge(
        self, copies: Iterable[Copy], first: Callable[[Sequence[str]], str | None] = lambda keys: None
    ) -> Verdict:
        """`first` answers which of the copies with these keys was captured by its cause, as the ledger has it."""
        self._threads.clear()
        looked = [_Seen.of(copy, self.company) for copy in copies]
        arrivals = [(seen.copy.turn, False, seen) for seen in looked]
        marks = [(seen.copy.mark_turn, True, seen) for seen in looked if _is_marked_later(seen.copy)]
        steps = sorted([*arrivals, *marks], key=lambda step: (step[0] or 0, step[1]))
        records: dict[_Identity, Record] = {}
        owners: dict[str, _Identity] = {}
        for turn, at_once in groupby(steps, key=lambda step: step[0] or 0):
            takers: dict[_Identity, list[_Seen]] = {}
            for _, by_mark, seen in at_once:
                if by_mark and seen.ruling.outcome == "captured":
                    continue
                seen.ruling = self._marked_ruling(seen, turn) if by_mark else self._own_ruling(seen)
                if seen.ruling.outcome == "captured":
                    takers.setdefault(_identity_of(seen.mail), []).append(seen)
            for identity, group in takers.items():
                known = records.get(identity)
                owner = owners.setdefault(identity[0], identity)
                writer = None if known else self._writer(group, first)
                for seen in group:
                    rules = seen.ruling.rules if seen is writer else frozenset({"duplicate"})
                    issue = "" if owner == identity else "same-message-id"
                    seen.ruling = replace(seen.ruling, rules=rules, issue=issue)
                if writer:
                    records[identity] = self._record(writer, group, turn, occupied=owner != identity)
        return Verdict({seen.copy.key: seen.ruling for seen in looked}, list(records.values()))

    # One copy

    def _own_ruling(self, seen: _Seen) -> Ruling:
        copy = seen.copy
        if hidden := self._hidden(seen):
            return hidden
        if never := self._never(seen):
            return never
        by_mode = self._by_mode(seen)
        marked_at_once = copy.mark_turn is not None and copy.mark_turn <= copy.turn
        if copy.unmarked:
            return replace(
                by_mode, rules=by_mode.rules | {"mark-removed"} if by_mode.outcome == "skipped" else by_mode.rules
            )
        if not marked_at_once:
            return by_mode
        if by_mode.outcome == "captured":
            return replace(by_mode, rules=by_mode.rules | {"mark"})
        return self._marked_ruling(seen, copy.turn)

    def _marked_ruling(self, seen: _Seen, turn: int) -> Ruling:
        """What the mark makes of a message that the mode leaves."""
        if never := self._hidden(seen) or self._never(seen):
            return replace(never, may_be_absent=False)
        people = self._heard(seen, blind=True)
        known = any(self.org.person(address, self._colleague(seen)) for address in people)
        if known or self._of_thread(seen, self._colleague(seen), turn) or len(self._domain_accounts(people)) == 1:
            return Ruling("captured", frozenset({"mark"}), why="it is marked")
        return Ruling(
            "skipped", frozenset({"unknown-people"}), issue="unknown-people", why="marked, and nobody is known"
        )

    def _hidden(self, seen: _Seen) -> Ruling | None:
        """What is in no folder that counts, and what cannot be read."""
        copy = seen.copy
        if copy.place in HIDDEN or copy.gone_early:
            # What was left before it went away may keep the row that left it.
            first = self._own_ruling(_had_it_stayed(seen)) if copy.gone_early else None
            rules = first.rules if first and first.outcome == "skipped" else frozenset()
            return Ruling("skipped", _NEVER_SEEN | rules, may_be_absent=True, why="a draft, junk, or in the trash")
        if not seen.mail.from_:
            return Ruling("failed", frozenset({"malformed"}), issue="malformed", why="it has no readable From")
        return None

    def _never(self, seen: _Seen) -> Ruling | None:
        """The rows that say no to the mode and to the mark alike, uppermost first."""

        absent = self._out_of_reach(seen.copy)

        def no(rule: str, why: str) -> Ruling:
            return Ruling("skipped", frozenset({rule}) | (_OUT if absent else frozenset()), absent, why=why)

        settings, mail = seen.copy.settings, seen.mail
        if mail.has_calendar:
            return no("calendar-response", "it is calendar mail")
        if not seen.externals:
            return no("internal-only", "everybody in it is internal")
        sensitivity = (mail.header("sensitivity") or "").lower()
        if sensitivity in _PRIVATE:
            return no("private", f"its sensitivity is {sensitivity}")
        everywhere = settings.blocked | settings.blocked_by_organisation
        if all(_is_blocked(address, everywhere) for address in seen.externals):
            return no("block-list", "everybody outside is blocked")
        return None

    def _out_of_reach(self, copy: Copy) -> bool:
        return copy.place in OUTSIDE or copy.received < self.company.window

    def _by_mode(self, seen: _Seen) -> Ruling:
        copy = seen.copy
        absent = self._out_of_reach(copy)

        def no(rules: set[str], why: str) -> Ruling:
            return Ruling("skipped", frozenset(rules), may_be_absent=absent, why=why)

        automatic = self._automatic(seen.mail)
        if automatic:
            return no({"automatic-mail"} | (_OUT if absent else set()), automatic)
        if absent:
            early = copy.received < self.company.window
            return no({"window"} if early and copy.place not in OUTSIDE else {"folder-scope", "window"}, "out of reach")
        mode = copy.settings.mode
        if mode == "off":
            return no({"mode-off"}, "the mode is off")
        people = self._heard(seen, blind=True)
        known = any(self.org.person(address, self._colleague(seen)) for address in people)
        if known or mode == "everything-external" or (mode == "same-domain" and self._domain_accounts(people)):
            return Ruling("captured", frozenset({mode}), why=f"mode {mode}")
        return no({"unknown-people"}, f"nobody in it is known, and the mode is {mode}")

    def _automatic(self, mail: Mail) -> str:
        """Why it is automatic mail, "" if it is not."""
        list_id = mail.header("list-id")
        listed = re.search(r"<([^>]+)>", list_id or "")
        domain = (listed[1] if listed else list_id or "").strip().lower().rstrip(".")
        own_list = bool(domain) and any(is_under(domain, own) for own in self.company.domains)
        submitted = (mail.header("auto-submitted") or "no").partition(";")[0].strip().lower()
        precedence = (mail.header("precedence") or "").strip().lower()
        if submitted != "no":
            return "Auto-Submitted"
        if precedence in ("bulk", "junk") or (precedence == "list" and not own_list):
            return "Precedence"
        if list_id is not None and not own_list:
            return "List-Id"
        if (mail.header("return-path") or "").replace(" ", "") == "<>":
            return "null return path"
        return "a report" if mail.content_type == "multipart/report" else ""

    # One message

    def _writer(self, takers: Sequence[_Seen], first: Callable[[Sequence[str]], str | None]) -> _Seen:
        named = first([one.copy.key for one in takers])
        return next((one for one in takers if one.copy.key == named), takers[0])

    def _record(self, writer: _Seen, takers: Sequence[_Seen], turn: int, *, occupied: bool) -> Record:
        user, mail = self._colleague(writer), writer.mail
        united: list[str] = []
        for one in (writer, *takers):
            united += self._heard(one, blind=self.company.link_blind_copies)
        matched = self._matched(united, user)
        contacts = [row for row in matched if row["Id"].startswith("003")]
        linked = contacts or matched[:1]
        related, why = self._related(writer, contacts, matched, united, user, turn)
        record = Record(
            copies=tuple(one.copy.key for one in takers),
            subject=mail.subject,
            identity="" if occupied or not mail.message_id else _as_identifier(mail.message_id),
            writer=writer.copy.user,
            people={row["Id"]: self._headers(row, mail, user) for row in linked},
            related=related,
            incoming=not self.company.is_internal(mail.from_),
            from_address=mail.from_,
            files=_files(mail),
            why=why,
        )
        if mail.message_id and not occupied:
            entry = (turn, record, frozenset(address for one in takers for address in one.externals))
            self._threads.setdefault(mail.message_id, []).append(entry)
        return record

    def _matched(self, addresses: Iterable[str], user: Colleague) -> list[Row]:
        """The person of each address, each once, in order."""
        found: dict[str, Row] = {}
        for address in addresses:
            person = self.org.person(address, user)
            if person is not None:
                found.setdefault(person["Id"], person)
        return list(found.values())

    def _headers(self, person: Row, mail: Mail, user: Colleague) -> frozenset[str]:
        """The kinds of relation that the person may have, by the headers that name one of the addresses."""
        named = {
            "FromAddress": (mail.from_, mail.sender, *mail.reply_to),
            "OtherAddress": (mail.sender, *mail.reply_to),
            "ToAddress": mail.to,
            "CcAddress": mail.cc,
            "BccAddress": mail.bcc if self.company.link_blind_copies else (),
        }

        def is_in(people: Iterable[str]) -> bool:
            found = (self.org.person(address, user) for address in people if address)
            return any(row is not None and row["Id"] == person["Id"] for row in found)

        return frozenset(kind for kind, people in named.items() if is_in(people))

    # The business record

    def _related(
        self,
        writer: _Seen,
        contacts: list[Row],
        matched: list[Row],
        people: Sequence[str],
        user: Colleague,
        turn: int,
    ) -> tuple[str | None, str]:
        if of_thread := self._of_thread(writer, user, turn):
            return of_thread, "1: the thread's"
        accounts = {contact["AccountId"] for contact in contacts if contact["AccountId"]}
        if case := self._case(writer.mail, accounts, user):
            return case, "2: a case reference"
        if not contacts:
            by_domain = [] if matched else sorted(self._domain_accounts(people))
            asked = writer.ruling.rules & {"same-domain", "everything-external", "mark"}
            return (by_domain[0], "the domain's account") if asked and len(by_domain) == 1 else (None, "6: none")
        first_account = contacts[0]["AccountId"]
        ids = {contact["Id"] for contact in contacts}
        visible = self.org.open_opportunities(user)
        with_role = [row for row in visible if self.org.roles_of(row["Id"]) & ids]
        own = [row for row in with_role if row["OwnerId"] == user.salesforce_id]
        if len(with_role) == 1:
            return with_role[0]["Id"], "3: the only opportunity with a role"
        if with_role:
            return (own[0]["Id"], "3: the user's of several") if len(own) == 1 else (first_account, "3 to 5: several")
        of_account = [
            row for row in visible if row["AccountId"] == first_account and row["OwnerId"] == user.salesforce_id
        ]
        if first_account and len(of_account) == 1:
            return of_account[0]["Id"], "4: the user's only one of the account"
        return first_account, "5: the account"

    def _of_thread(self, seen: _Seen, user: Colleague, turn: int) -> str | None:
        """The record of the latest filing of the thread before `turn` that shares somebody outside with this one."""
        earlier = [entry for reference in seen.mail.references for entry in self._threads.get(reference, ())]
        for when, record, externals in sorted(earlier, key=lambda entry: -entry[0]):
            row = self.org.by_id.get(record.related or "")
            if when < turn and row is not None and externals & set(seen.externals):
                is_private = row["Id"][:3] in ("006", "500")
                if not is_private or self.org.sees(user, row):
                    return str(row["Id"])
        return None

    def _case(self, mail: Mail, accounts: set[str], user: Colleague) -> str | None:
        """The first reference, subject before body, to a case of one of these accounts."""
        cases = [row for row in self.org.records["Case"] if row["AccountId"] in accounts and self.org.sees(user, row)]
        whole = f"{mail.subject}\n{mail.text}\n{mail.html}"
        mentions: list[tuple[int, str]] = []
        for found in _CASE_REFERENCE.finditer(whole):
            for case in cases:
                if found[2] in (_short(case["Id"]), case["Id"], case["Id"][:15]) and self._is_ours(found[1]):
                    mentions.append((found.start(), case["Id"]))
        for found in _CASE_NUMBER.finditer(mail.subject):
            mentions += [(found.start(), case["Id"]) for case in cases if case["CaseNumber"] == found[0]]
        return min(mentions)[1] if mentions else None

    def _is_ours(self, org_id: str) -> bool:
        own = self.company.org_id
        return not own or org_id in (_short(own), own, own[:15])

    def _domain_accounts(self, people: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for address in people:
            found |= self.org.accounts_of_domain(registrable(address.rpartition("@")[2]))
        return found

    def _heard(self, seen: _Seen, *, blind: bool) -> tuple[str, ...]:
        """The people outside that this copy may add, without those that its user or the organisation blocks."""
        settings = seen.copy.settings
        blocked = settings.blocked | settings.blocked_by_organisation
        return tuple(
            address
            for address in seen.mail.people(blind=blind)
            if not self.company.is_internal(address) and not _is_blocked(address, blocked)
        )

    def _colleague(self, seen: _Seen) -> Colleague:
        return self.company.colleagues[seen.copy.user]


def _identity_of(mail: Mail) -> _Identity:
    """What makes two copies one message: Message-ID, else what is said; and always From and the instant of Date."""
    said = sha256(f"{mail.subject}\0{plain(mail.text)}".encode()).hexdigest()
    return mail.message_id or said, mail.from_, mail.sent.isoformat() if mail.sent else ""


def _is_marked_later(copy: Copy) -> bool:
    return copy.mark_turn is not None and copy.mark_turn > copy.turn and not copy.unmarked


def _had_it_stayed(seen: _Seen) -> _Seen:
    return replace(seen, copy=replace(seen.copy, gone_early=False))


def _is_blocked(address: str, entries: frozenset[str]) -> bool:
    domain = address.rpartition("@")[2]
    for entry in entries:
        plain_entry = entry.removeprefix("*.").rstrip(".").lower()
        if "@" in plain_entry:
            if plain_entry in (address, without_tag(address)):
                return True
        elif is_under(domain, plain_entry):
            return True
    return False


def _short(identifier: str) -> str:
    """An id as Salesforce writes it into a reference: the zeros of its middle are left out, those of its end stay.

    https://help.salesforce.com/s/articleView?id=000385680
    """
    return identifier[:5] + identifier[5:10].replace("0", "") + identifier[10:15]


def _as_identifier(message_id: str) -> str:
    return message_id if len(message_id) <= 255 else "sha256:" + sha256(message_id.encode()).hexdigest()


def _files(mail: Mail) -> frozenset[str]:
    """Names of the files that go along with the email."""
    return frozenset(
        file.name
        for file in mail.files
        if not file.shown
        and file.content
        and len(file.content) <= _MOST_OF_A_FILE
        and file.name.rpartition(".")[2].lower() not in _DANGEROUS
        and not file.content.startswith(_PROGRAM)
    )
