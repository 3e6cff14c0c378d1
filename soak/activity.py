"""The plan of a soak: scenes of mail in all mailboxes, drawn from a seed. Pure: nothing is sent from here.

    seed ──► scenes, each at its moment ──► steps, sorted by time

The same seed, length and cast give the same steps. What depends on something else keeps a safe distance from it: it
names the copies that have to be settled first, and where that cannot be waited for (a message that is trashed before
it is filed) it is done in mailboxes with a delay of a minute, or before anything could be seen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from soak import attached, steps
from soak.cast import SHARED_ADDRESS, Cast, User, owners_of_shared
from soak.letters import Enclosed, Letter, Person
from soak.org import Row

SCENES_A_MINUTE = 45
# A minute's delay, the engine's own pace, and faults meanwhile.
_SLOW = 75.0
_WORDS = (
    "calibration",
    "offer",
    "delivery",
    "gauges",
    "visit",
    "certificate",
    "invoice",
    "sensors",
    "training",
    "renewal",
)
_LINES = (
    "thank you for the call this morning.",
    "could you send me the drawings until Friday?",
    "the second shipment has arrived; two seals are missing.",
    "we would like to go on with the pilot in hall four.",
    "please find our remarks below.",
    "Grüße aus Bremen, und bis nächste Woche!",
)


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    seconds: float
    steps: tuple[steps.Step, ...]


def plan(seed: int, seconds: float, cast: Cast, start: datetime) -> Plan:
    """What happens in `seconds` from `start`; steps at negative times come before the mailboxes are connected."""
    drama = _Drama(random.Random(f"{seed}:activity"), cast, start, seconds, f"s{seed}")
    drama.before()
    count = max(len(SCENES), round(seconds / 60 * SCENES_A_MINUTE))
    names = list(SCENES)
    for number in range(count):
        # Each scene once, in case the soak is short; then as it comes.
        if number < len(names):
            chosen = names[number]
        else:
            chosen = drama.rng.choices(names, [SCENES[name][1] for name in names])[0]
        drama.scene = chosen
        latest = seconds * (0.55 if number < len(names) else 0.97)
        SCENES[chosen][0](drama, drama.rng.uniform(1, latest))
    ordered = sorted(drama.steps, key=lambda step: (step.at, step.turn))
    return Plan(seed, seconds, tuple(ordered))


@dataclass
class _Drama:
    """Collects steps. `turn` grows with every step that others may depend on."""

    rng: random.Random
    cast: Cast
    start: datetime
    seconds: float
    prefix: str
    steps: list[steps.Step] = field(default_factory=list)
    scene: str = ""
    turn: int = 0
    number: int = 0

    def next_turn(self) -> int:
        self.turn += 1
        return self.turn

    def mark(self) -> str:
        """A word that occurs in one letter alone."""
        self.number += 1
        return f"{self.prefix}x{self.number:05d}"

    def user(self, *, suite: str = "", slow: bool | None = None) -> User:
        fitting = [
            one
            for one in self.cast.users
            if (not suite or one.suite == suite) and (slow is None or (one.delay > 0) == slow)
        ]
        return self.rng.choice(fitting)

    def colleagues(self, *but: User, most: int = 4) -> list[User]:
        others = [one for one in self.cast.users if one not in but]
        return self.rng.sample(others, self.rng.randint(1, most))

    def contact(self) -> Person:
        return _person(self.rng.choice(self.cast.contacts))

    def of_one_account(self, most: int = 3) -> list[Person]:
        several = [group for group in self.cast.by_account.values() if len(group) > 1]
        group = self.rng.choice(several)
        return [_person(row) for row in self.rng.sample(group, min(most, len(group)))]

    def unknown(self) -> Person:
        self.number += 1
        return Person(self.cast.unknown(self.rng, self.number), self.rng.choice(("", "J. Smith", "Büro")))

    def unknown_of_known_domain(self) -> Person:
        self.number += 1
        return Person(f"new.person{self.number}@{self.rng.choice(self.cast.domains)}", "New Person")

    def letter(self, at: float, from_: Person | None, to: list[Person], **more: object) -> Letter:
        mark = self.mark()
        words = " ".join(self.rng.sample(_WORDS, 2)).capitalize()
        lines = ["Hello,", self.rng.choice(_LINES), mark, "Kind regards"]
        given: dict[str, object] = {
            "subject": f"{words} {mark}",
            "message_id": f"<{mark}.{self.rng.randrange(16**8):08x}@{_host(from_)}>",
            "text": "\r\n".join(lines) + "\r\n",
            "html": "".join(f"<p>{line}</p>\r\n" for line in lines) if self.rng.random() < 0.6 else "",
        }
        sent = (self.start + timedelta(seconds=at - 2)).replace(microsecond=0)
        return Letter(mark, sent, from_, tuple(to), **{**given, **more})  # type: ignore[arg-type]

    def deliver(
        self,
        at: float,
        letter: Letter,
        *users: User,
        place: str = "inbox",
        needs: tuple[str, ...] = (),
        age: float = 0.0,
        own: bool = False,
        turn: int = 0,
    ) -> list[str]:
        """One copy in each mailbox, at the same moment. `own` copies know the Bcc."""
        turn = turn or self.next_turn()
        content = (letter if own else letter.travelled()).render()
        keys = []
        for user in users:
            key = f"{letter.mark}/{user.address}"
            if any(isinstance(step, steps.Deliver) and step.key == key for step in self.steps):
                key = f"{letter.mark}b/{user.address}"
            self.steps.append(
                steps.Deliver(
                    at=at,
                    turn=turn,
                    needs=needs,
                    key=key,
                    user=user.address,
                    content=content,
                    place=place,
                    age=age,
                    scene=self.scene,
                )
            )
            keys.append(key)
        return keys

    def send(self, at: float, letter: Letter, author: User, *readers: User, needs: tuple[str, ...] = ()) -> list[str]:
        """A user writes: the copy in Sent knows the Bcc, colleagues have theirs in the inbox at the same moment."""
        turn = self.next_turn()
        keys = self.deliver(at, letter, author, place="sent", needs=needs, own=True, turn=turn)
        return keys + self.deliver(at, letter, *readers, needs=needs, turn=turn)

    def later(self, at: float, *users: User) -> float | None:
        """A moment by which a copy of `at` is likely settled; None where the soak is over by then."""
        pause = _SLOW if any(user.delay for user in users) else 8.0
        moment = at + pause + self.rng.uniform(0, 10)
        return moment if moment < self.seconds else None

    def mark_step(self, at: float, key: str, *needs: str, on: bool = True) -> None:
        self.steps.append(steps.Mark(at=at, turn=self.next_turn(), needs=needs, key=key, on=on))

    def move(self, at: float, key: str, to: str, *needs: str) -> None:
        self.steps.append(steps.Move(at=at, turn=self.next_turn(), needs=needs, key=key, to=to))

    def before(self) -> None:
        """Mail that lies there when the mailboxes are connected: of the last days, and from before the window."""
        self.scene = "before"
        for user in self.cast.users:
            for _ in range(self.rng.randint(2, 4)):
                age = self.rng.uniform(0.5, 130)
                letter = self.letter(-age * 3600, self.contact(), [_of(user)])
                self.deliver(-20, letter, user, age=age)
            age = self.rng.uniform(160, 300)
            self.deliver(-20, self.letter(-age * 3600, self.contact(), [_of(user)]), user, age=age)
        several = self.cast.users[:6]
        letter = self.letter(-7200, self.contact(), [_of(user) for user in several])
        self.deliver(-20, letter, *several, age=2)


# Scenes. Each is one thing that happens, at about the given moment.


def somebody_writes(drama: _Drama, at: float) -> None:
    user = drama.user()
    drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)]), user)


def a_user_writes(drama: _Drama, at: float) -> None:
    author = drama.user()
    to = drama.of_one_account()
    letter = drama.letter(at, _of(author), to[:1], cc=(*to[1:], _of(drama.colleagues(author, most=1)[0])))
    readers = [user for user in drama.cast.users if user.address in {one.address for one in letter.cc}]
    drama.send(at, letter, author, *readers)


def a_crowd(drama: _Drama, at: float) -> None:
    """One message of a contact in several mailboxes of both suites."""
    users = drama.colleagues(most=6)
    people = [drama.contact() for _ in range(drama.rng.randint(0, 4))]
    letter = drama.letter(at, drama.contact(), [_of(user) for user in users], cc=tuple(people))
    drama.deliver(at, letter, *users)


def a_thread(drama: _Drama, at: float) -> None:
    """A contact writes, the user answers, the contact answers again with a colleague of theirs in Cc."""
    user = drama.user()
    people = drama.of_one_account()
    first = drama.letter(at, people[0], [_of(user)], cc=tuple(people[1:2]))
    keys = drama.deliver(at, first, user)
    references: tuple[str, ...] = (first.message_id,)
    for turn in range(drama.rng.randint(1, 4)):
        moment = drama.later(at, user)
        if moment is None:
            return
        at = moment
        ours = turn % 2 == 0
        answer = drama.letter(
            at,
            _of(user) if ours else people[0],
            [people[0] if ours else _of(user)],
            cc=tuple(people[1:]) if turn else (),
            references=references,
        )
        needs = tuple(keys[-1:])
        keys = drama.send(at, answer, user, needs=needs) if ours else drama.deliver(at, answer, user, needs=needs)
        references = (*references, answer.message_id)


def others_in_a_thread(drama: _Drama, at: float) -> None:
    """Somebody else answers in a filed thread: nobody outside is shared, so the thread's record is not theirs."""
    user = drama.user()
    first = drama.letter(at, drama.contact(), [_of(user)])
    keys = drama.deliver(at, first, user)
    moment = drama.later(at, user)
    if moment is not None:
        answer = drama.letter(moment, drama.contact(), [_of(user)], references=(first.message_id,))
        drama.deliver(moment, answer, user, needs=tuple(keys))


def a_stranger(drama: _Drama, at: float) -> None:
    user = drama.user()
    sender = drama.rng.choice((drama.unknown, drama.unknown_of_known_domain))()
    drama.deliver(at, drama.letter(at, sender, [_of(user)]), user)


def free_mail(drama: _Drama, at: float) -> None:
    user = drama.user()
    sender = Person(f"someone{drama.number}@{drama.rng.choice(('gmail.com', 'mailinator.com', 'outlook.com'))}")
    drama.deliver(at, drama.letter(at, sender, [_of(user)]), user)


def a_lead(drama: _Drama, at: float) -> None:
    """A lead alone, or beside another lead, or beside a contact."""
    user = drama.user()
    first, second = drama.rng.sample(drama.cast.leads, 2)
    cc = drama.rng.choice(((), (_person(second),), (drama.contact(),)))
    drama.deliver(at, drama.letter(at, _person(first), [_of(user)], cc=cc), user)


def blind_copies(drama: _Drama, at: float) -> None:
    """What only the sender's copy knows; and the same message with a colleague who does not."""
    author = drama.user()
    readers = drama.colleagues(author, most=2)
    hidden = (drama.contact() if drama.rng.random() < 0.6 else drama.unknown(), _of(readers[-1]))
    letter = drama.letter(at, _of(author), [drama.contact()], cc=tuple(_of(one) for one in readers[:-1]), bcc=hidden)
    drama.send(at, letter, author, *readers)


def a_plus_address(drama: _Drama, at: float) -> None:
    user = drama.user()
    sender = drama.contact()
    local, _, domain = sender.address.rpartition("@")
    tagged = Person(f"{local.title()}+{drama.rng.choice(('news', 'a+b', 'x1'))}@{domain.upper()}.", sender.name)
    to = Person(user.address.replace("@", "+crm@"))
    drama.deliver(at, drama.letter(at, tagged if drama.rng.random() < 0.7 else sender, [to]), user)


def to_an_alias(drama: _Drama, at: float) -> None:
    """Between colleagues alone, one of them by a private address that is known as theirs."""
    user = drama.rng.choice([one for one in drama.cast.users if one.alias])
    author = drama.colleagues(user, most=1)[0]
    to = [Person(user.alias)] + ([drama.contact()] if drama.rng.random() < 0.5 else [])
    drama.send(at, drama.letter(at, _of(author), to), author, user)


def colleagues_only(drama: _Drama, at: float) -> None:
    author = drama.user()
    readers = drama.colleagues(author)
    keys = drama.send(at, drama.letter(at, _of(author), [_of(one) for one in readers]), author, *readers)
    if drama.rng.random() < 0.5:
        drama.mark_step(at + drama.rng.uniform(4, 12), keys[0])


def private_mail(drama: _Drama, at: float) -> None:
    """Private for whoever has it; marked or not."""
    users = drama.colleagues(most=2)
    kind = drama.rng.choice(("Private", "personal", "Company-Confidential"))
    letter = drama.letter(at, drama.contact(), [_of(one) for one in users], extra=(("Sensitivity", kind),))
    keys = drama.deliver(at, letter, *users)
    if drama.rng.random() < 0.4:
        drama.mark_step(at + drama.rng.uniform(4, 12), keys[0], keys[0])


def automatic_mail(drama: _Drama, at: float) -> None:
    """Absence notices, bounces, receipts, newsletters; some of them marked."""
    user = drama.user()
    chosen: tuple[tuple[str, str], ...] = drama.rng.choice(
        (
            (("Auto-Submitted", "auto-replied"),),
            (("Auto-Submitted", "auto-generated; owner=x"), ("Precedence", "junk")),
            (("Precedence", "bulk"),),
            (("Precedence", "list"),),
            (("List-Id", "Gauge news <news.gauges.example>"), ("List-Unsubscribe", "<https://gauges.example/u>")),
            (("Return-Path", "<>"),),
            (),
        )
    )
    first = tuple(header for header in chosen if header[0] == "Return-Path")
    extra = tuple(header for header in chosen if header[0] != "Return-Path")
    letter = drama.letter(at, drama.contact(), [_of(user)], first=first, extra=extra, report=not chosen, html="")
    keys = drama.deliver(at, letter, user)
    if drama.rng.random() < 0.5:
        moment = drama.later(at)
        if moment is not None:
            drama.mark_step(moment, keys[0], keys[0])


def not_automatic(drama: _Drama, at: float) -> None:
    """What only looks automatic: submitted by hand, or a list of our own."""
    user = drama.user()
    extra = drama.rng.choice(
        (
            (("Auto-Submitted", "no"),),
            (("List-Id", "Sales <sales.larkfield.example>"), ("Precedence", "list")),
            (("Precedence", "normal"),),
        )
    )
    drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)], extra=extra), user)


def calendar_mail(drama: _Drama, at: float) -> None:
    user = drama.user()
    method = drama.rng.choice(("REQUEST", "REPLY", "CANCEL"))
    drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)], calendar=method), user)


def drafts_and_junk(drama: _Drama, at: float) -> None:
    """What never counts: a draft, junk, something that lies in the trash from the beginning."""
    user = drama.user()
    place = drama.rng.choice(("drafts", "junk", "trash"))
    from_, to = (_of(user), drama.contact()) if place == "drafts" else (drama.contact(), _of(user))
    drama.deliver(at, drama.letter(at, from_, [to]), user, place=place, own=True)


def trashed_in_time(drama: _Drama, at: float) -> None:
    """Put into the trash or deleted while the minute's delay runs."""
    user = drama.user(slow=True)
    keys = drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)]), user)
    moment = at + drama.rng.uniform(2, 15)
    if drama.rng.random() < 0.7:
        drama.move(moment, keys[0], "trash")
    else:
        drama.steps.append(steps.Delete(at=moment, turn=drama.next_turn(), key=keys[0]))


def moved_about(drama: _Drama, at: float) -> None:
    """Filed or left, then archived, trashed, brought back, deleted: nothing follows from it."""
    user = drama.user()
    sender = drama.contact() if drama.rng.random() < 0.8 else drama.unknown()
    keys = drama.deliver(at, drama.letter(at, sender, [_of(user)]), user)
    moment = drama.later(at, user)
    ways = drama.rng.choice((("archive", "inbox"), ("trash", "inbox"), ("archive",), ("trash",), ("junk", "inbox")))
    for to in ways:
        if moment is None:
            return
        drama.move(moment, keys[0], to, keys[0])
        moment = drama.later(moment)
    if moment is not None and drama.rng.random() < 0.3:
        drama.steps.append(steps.Delete(at=moment, turn=drama.next_turn(), needs=(keys[0],), key=keys[0]))


def out_of_scope(drama: _Drama, at: float) -> None:
    """Outside the folders, or from before the window; half of it is marked and filed all the same."""
    user = drama.user()
    old = drama.rng.random() < 0.4
    outside = "archive-folder" if user.suite == "microsoft" else drama.rng.choice(("promotions", "social", "forums"))
    age = drama.rng.uniform(150, 400) if old else 0.0
    letter = drama.letter(at - age * 3600, drama.contact(), [_of(user)])
    keys = drama.deliver(at, letter, user, place="inbox" if old else outside, age=age)
    if drama.rng.random() < 0.5:
        drama.mark_step(at + drama.rng.uniform(6, 15), keys[0])


def archived_at_once(drama: _Drama, at: float) -> None:
    """A filter of Gmail's puts it past the inbox: everything there is in scope all the same."""
    user = drama.user(suite="google")
    drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)]), user, place="archive")


def marked_stranger(drama: _Drama, at: float) -> None:
    """Marked, and nobody in it is known: skipped with an issue, or filed by the domain's one account."""
    user = drama.user()
    sender = drama.unknown() if drama.rng.random() < 0.5 else drama.unknown_of_known_domain()
    keys = drama.deliver(at, drama.letter(at, sender, [_of(user)]), user)
    moment = drama.later(at, user)
    if moment is not None:
        drama.mark_step(moment, keys[0], keys[0])


def marked_afterwards(drama: _Drama, at: float) -> None:
    """A mark on what is filed already, and taken away again: nothing follows."""
    user = drama.user()
    keys = drama.deliver(at, drama.letter(at, drama.contact(), [_of(user)]), user)
    moment = drama.later(at, user)
    if moment is not None:
        drama.mark_step(moment, keys[0], keys[0])
        if drama.rng.random() < 0.5 and (again := drama.later(moment, user)) is not None:
            drama.mark_step(again, keys[0], keys[0], on=False)


def unmarked_in_time(drama: _Drama, at: float) -> None:
    """A newsletter is marked, and the mark taken away while the minute's delay runs."""
    user = drama.user(slow=True)
    letter = drama.letter(at, drama.contact(), [_of(user)], extra=(("Precedence", "bulk"),))
    keys = drama.deliver(at, letter, user)
    drama.mark_step(at + 2, keys[0])
    drama.mark_step(at + drama.rng.uniform(5, 20), keys[0], on=False)


def without_identity(drama: _Drama, at: float) -> None:
    """No Message-ID, or one that is too long: one record all the same, in two mailboxes at once."""
    users = drama.colleagues(most=2)
    letter = drama.letter(at, drama.contact(), [_of(one) for one in users])
    name = "" if drama.rng.random() < 0.5 else f"<{letter.mark}{'z' * drama.rng.randint(250, 600)}@long.example>"
    changed = Letter(letter.mark, letter.sent, letter.from_, letter.to, subject=letter.subject, text=letter.text)
    keys = drama.deliver(at, _named(changed, name), *users)
    moment = drama.later(at, *users)
    if moment is not None and drama.rng.random() < 0.5:
        drama.deliver(moment, _named(changed, name), drama.colleagues(*users, most=1)[0], needs=tuple(keys))


def a_claimed_identity(drama: _Drama, at: float) -> None:
    """Somebody else's message claims the Message-ID of a filed one."""
    user, other = drama.rng.sample([one for one in drama.cast.users if one.mode != "off"], 2)
    letter = drama.letter(at, drama.contact(), [_of(user)])
    keys = drama.deliver(at, letter, user)
    moment = drama.later(at, user)
    if moment is not None:
        claim = drama.letter(moment, drama.contact(), [_of(other)], message_id=letter.message_id)
        drama.deliver(moment, claim, other, needs=tuple(keys))


def a_second_arrival(drama: _Drama, at: float) -> None:
    """The same message turns up later, in another mailbox or once more in the same one."""
    user = drama.user()
    letter = drama.letter(at, drama.contact(), [_of(user)])
    keys = drama.deliver(at, letter, user)
    moment = drama.later(at, user)
    if moment is not None:
        again = user if drama.rng.random() < 0.3 else drama.colleagues(user, most=1)[0]
        drama.deliver(moment, letter, again, needs=tuple(keys))


def no_reply(drama: _Drama, at: float) -> None:
    """A From that takes no answers gives way to Reply-To."""
    user = drama.user()
    person = drama.contact()
    local = drama.rng.choice(("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "mailer-daemon"))
    from_ = Person(f"{local}@{person.address.rpartition('@')[2]}", "Notices")
    drama.deliver(at, drama.letter(at, from_, [_of(user)], reply_to=(person,)), user)


def a_case(drama: _Drama, at: float) -> None:
    """A case by its number in the subject, or by its reference in quoted text."""
    case = drama.rng.choice([row for row in drama.cast.cases if row["AccountId"] in drama.cast.by_account])
    seeing = {who for record, who in drama.cast.shares if record == case["Id"]} | {case["OwnerId"]}
    able = [one for one in drama.cast.users if one.salesforce_id in seeing or one.sees_all]
    user = drama.rng.choice(able) if able and drama.rng.random() < 0.8 else drama.user()
    sender = _person(drama.rng.choice(drama.cast.by_account[case["AccountId"]]))
    if drama.rng.random() < 0.5:
        letter = drama.letter(at, sender, [_of(user)])
        subject = f"{letter.subject} [Case {case['CaseNumber']}]"
        letter = drama.letter(at, sender, [_of(user)], subject=subject.replace(letter.mark, _next(drama)))
    else:
        reference = f"ref:_{_short(drama.cast.org_id)}._{_short(case['Id'])}:ref"
        letter = drama.letter(at, sender, [_of(user)], html="")
        text = f"{letter.mark}\r\n\r\n> Dear all,\r\n> {reference}\r\n"
        letter = drama.letter(at, sender, [_of(user)], html="", text=text.replace(letter.mark, _next(drama)))
    drama.deliver(at, letter, user)


def odd_mail(drama: _Drama, at: float) -> None:
    """Encoded words, raw bytes, several lines of one header, folded Message-IDs, long lists, what is no address."""
    user = drama.user()
    sender = drama.contact()
    kind = drama.rng.randrange(7)
    letter = drama.letter(at, sender, [_of(user)])
    base = {"message_id": letter.message_id.replace(letter.mark, _next(drama))}
    if kind == 0:
        base["subject"] = f"Überraschung für 東京 – {_next(drama)} – {'lang ' * 30}"
    more: dict[str, object] = dict(base)
    if kind == 1:
        more["raw_subject"] = f"Gr\xfc\xdfe {_next(drama)}".encode("latin-1")
    if kind == 2:
        more["extra"] = (("From", drama.unknown().address), ("To", drama.contact().address), ("Subject", "another"))
    if kind == 3:
        more["message_id"] = f"\r\n {base['message_id']}"
    if kind == 4:
        more["cc"] = tuple(drama.unknown() for _ in range(40))
    if kind == 5:
        more["cc"] = (Person("undisclosed recipients"), Person("broken@@nowhere"), drama.unknown())
    if kind == 6:
        more["cc"] = (Person("info@müller-präzision.example", "Info"),)
    drama.deliver(at, drama.letter(at, sender, [_of(user)], **more), user)


def with_files(drama: _Drama, at: float) -> None:
    """Attachments that go along, and those that are left out."""
    users = drama.colleagues(most=2)
    mark = drama.mark()
    files: list[Enclosed] = [attached.document(drama.rng, mark)]
    files += drama.rng.sample(attached.left_out(mark), 2)
    if drama.rng.random() < 0.5:
        files.append(attached.STANDING)
    letter = drama.letter(
        at,
        drama.contact(),
        [_of(one) for one in users],
        files=(*files, attached.LOGO),
        html=f'<p>{mark}</p><img src="cid:{attached.LOGO.cid}">',
    )
    drama.deliver(at, letter, *users)


def without_a_from(drama: _Drama, at: float) -> None:
    user = drama.user()
    drama.deliver(at, drama.letter(at, None, [_of(user), drama.contact()]), user)


def a_nuisance(drama: _Drama, at: float) -> None:
    """A user blocks somebody, who then writes: to that user alone, or to a colleague too, who did not block them."""
    user = drama.user()
    nuisance, value = Person(user.nuisance), user.nuisance
    if drama.rng.random() < 0.4:
        number = drama.next_turn()
        nuisance, value = Person(f"shop@mail.pest{number}.example"), f"*.pest{number}.example"
    drama.steps.append(steps.Block(at=at, turn=drama.next_turn(), user=user.address, value=value))
    moment = at + drama.rng.uniform(3, 8)
    readers = [user, *(drama.colleagues(user, most=1) if drama.rng.random() < 0.5 else [])]
    drama.deliver(moment, drama.letter(moment, nuisance, [_of(one) for one in readers]), *readers)


def a_rival(drama: _Drama, at: float) -> None:
    """Blocked by the organisation: alone, or beside a contact who is not."""
    user = drama.user()
    rival = Person(drama.rng.choice(("ceo@rival-gauges.example", "a@sub.rival-gauges.example", "press@delmar.example")))
    cc = (drama.contact(),) if drama.rng.random() < 0.5 else ()
    drama.deliver(at, drama.letter(at, rival, [_of(user)], cc=cc), user)


def a_change_of_mode(drama: _Drama, at: float) -> None:
    user = drama.user()
    mode = drama.rng.choice(("off", "known-people", "same-domain", "everything-external"))
    drama.steps.append(steps.Choose(at=at, turn=drama.next_turn(), user=user.address, mode=mode))
    for _ in range(2):
        moment = at + drama.rng.uniform(3, 15)
        sender = drama.rng.choice((drama.contact, drama.unknown, drama.unknown_of_known_domain))()
        drama.deliver(moment, drama.letter(moment, sender, [_of(user)]), user)


def a_shared_address(drama: _Drama, at: float) -> None:
    """Two contacts have it; it is the mailbox's user's own who counts."""
    owners = owners_of_shared(drama.cast)
    users = owners if drama.rng.random() < 0.4 else [drama.rng.choice(owners)]
    drama.deliver(at, drama.letter(at, Person(SHARED_ADDRESS), [_of(one) for one in users]), *users)


SCENES: dict[str, tuple[Callable[[_Drama, float], None], int]] = {
    scene.__name__: (scene, weight)
    for scene, weight in (
        (somebody_writes, 14),
        (a_user_writes, 9),
        (a_crowd, 6),
        (a_thread, 8),
        (others_in_a_thread, 2),
        (a_stranger, 6),
        (free_mail, 2),
        (a_lead, 4),
        (blind_copies, 4),
        (a_plus_address, 3),
        (to_an_alias, 2),
        (colleagues_only, 4),
        (private_mail, 3),
        (automatic_mail, 6),
        (not_automatic, 2),
        (calendar_mail, 2),
        (drafts_and_junk, 3),
        (trashed_in_time, 3),
        (moved_about, 5),
        (out_of_scope, 4),
        (archived_at_once, 2),
        (marked_stranger, 4),
        (marked_afterwards, 3),
        (unmarked_in_time, 2),
        (without_identity, 3),
        (a_claimed_identity, 3),
        (a_second_arrival, 4),
        (no_reply, 2),
        (a_case, 4),
        (odd_mail, 6),
        (with_files, 4),
        (without_a_from, 1),
        (a_nuisance, 3),
        (a_rival, 2),
        (a_change_of_mode, 3),
        (a_shared_address, 2),
    )
}


def copies_of(whole: Plan) -> Iterator[steps.Deliver]:
    return (step for step in whole.steps if isinstance(step, steps.Deliver))


def mark_of(key: str) -> str:
    """The word that stands in the message of a copy."""
    return key.partition("/")[0].removesuffix("b")


def _of(user: User) -> Person:
    return Person(user.address, user.name)


def _person(row: Row) -> Person:
    return Person(row["Email"], row["Name"])


def _host(person: Person | None) -> str:
    domain = person.address.rpartition("@")[2].rstrip(".").lower() if person else "nowhere.example"
    return domain if domain.isascii() else "mail.example"


def _named(letter: Letter, message_id: str) -> Letter:
    return replace(letter, message_id=message_id)


def _next(drama: _Drama) -> str:
    """The word that the next letter will have."""
    return f"{drama.prefix}x{drama.number + 1:05d}"


def _short(identifier: str) -> str:
    """An id as Salesforce writes it into a reference: the zeros of its middle are left out, those of its end stay.

    https://help.salesforce.com/s/articleView?id=000385680
    """
    return identifier[:5] + identifier[5:10].replace("0", "") + identifier[10:15]
