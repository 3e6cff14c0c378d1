"""Messages by their ids, in batches: heads, or whole messages.

    heads    format metadata, 50 a call ──► not exactly one sender ──► raw, without its content
    whole    format raw, 50 a call ──► the answer grows too long ──► sizes, 50 a call ──► raw in portions that fit
                                                                       └─► over 35 MB: full, without attachments

Gmail shows headers decoded, so what was encoded into a name may read like an address: a sender in doubt is read from
the mail itself. Raw keeps what the rules ask of signed, packed, nested and damaged mail; its size is known only when
it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

from accounts.google_http import AnswerTooLong
from sync import errors
from sync.mail import Message
from sync.providers.gmail import quota
from sync.providers.gmail.errors import gone
from sync.providers.gmail.mapping import (
    Names,
    has_one_sender,
    head_from,
    message_from_full,
    message_from_raw,
    without_content,
)
from sync.providers.gmail.queries import is_message_id
from sync.providers.gmail.transport import MAX_PARTS, GmailCalls
from sync.providers.gmail.wire import GmailMessage

#: Mail beyond this size is not fetched as it is.
MAX_RAW = 35_000_000
#: What a batch of mail may hold together; base64 and the answer's frame come on top.
MAX_TOGETHER = 14_000_000

Result = Message | errors.ProviderError


@dataclass(slots=True)
class Fetched:
    """What came, for each id. Where `stopped` is set the ids that are missing were not asked for, or not answered."""

    found: dict[str, Result] = field(default_factory=dict)
    stopped: errors.ProviderError | None = None

    def for_all(self, ids: Iterable[str]) -> dict[str, Result]:
        """A result for each id. Raises what stopped it where nothing came at all."""
        if self.stopped is not None and not self.found:
            raise self.stopped
        return {one: self.found.get(one, self.stopped or gone()) for one in ids}


class MessageFetcher:
    def __init__(self, calls: GmailCalls, names: Names) -> None:
        self._calls = calls
        self._names = names

    def heads(self, ids: Sequence[str]) -> Fetched:
        return self._all(ids, self._heads)

    def messages(self, ids: Sequence[str]) -> Fetched:
        return self._all(ids, self._messages)

    def one(self, message_id: str) -> Message:
        """One whole message. Raises `Gone` where it is not there."""
        if not is_message_id(message_id):
            raise gone()
        try:
            return message_from_raw(self.raw(message_id), self._names)
        except AnswerTooLong:
            return self._full(message_id)

    def raw(self, message_id: str) -> GmailMessage:
        """Raises `AnswerTooLong` besides the errors of `sync.errors`."""
        return self._calls.run(GmailMessage, self.request(message_id, "raw"), quota.GET)

    def full(self, message_id: str) -> GmailMessage:
        return self._calls.run(GmailMessage, self.request(message_id, "full"), quota.GET)

    def request(self, message_id: str, form: str) -> Any:
        """https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get"""
        return self._calls.messages().get(userId=self._calls.user, id=message_id, format=form)

    def _all(self, ids: Sequence[str], portion: Callable[[list[str]], Iterator[tuple[str, Result]]]) -> Fetched:
        """In portions of 50. What stops one portion stops those behind it, and what came before it stands."""
        fetched = Fetched()
        unique = list(dict.fromkeys(ids))
        known = [one for one in unique if is_message_id(one)]
        fetched.found.update({one: gone() for one in unique if not is_message_id(one)})
        try:
            for start in range(0, len(known), MAX_PARTS):
                for message_id, result in portion(known[start : start + MAX_PARTS]):
                    fetched.found[message_id] = result
        except (errors.Throttled, errors.Unavailable, errors.QuotaSpent) as failure:
            fetched.stopped = failure
        return fetched

    def _heads(self, ids: list[str]) -> Iterator[tuple[str, Result]]:
        doubtful: list[str] = []
        for message_id, answer in self._metadata(ids).items():
            result = self._mapped(answer, head_from)
            if isinstance(result, Message) and not has_one_sender(result):
                doubtful.append(message_id)
            else:
                yield message_id, result
        if doubtful:
            for message_id, result in self._messages(doubtful):
                yield message_id, without_content(result) if isinstance(result, Message) else result

    def _metadata(self, ids: list[str]) -> dict[str, GmailMessage | errors.ProviderError]:
        """Headers may be long too: then in halves."""
        try:
            return self._batch(ids, "metadata")
        except AnswerTooLong:
            half = len(ids) // 2
            if not half:
                return {
                    ids[0]: errors.Refused(
                        gettext_noop("The email's headers are too long to be read."), code="TOO_LONG"
                    )
                }
            return {**self._metadata(ids[:half]), **self._metadata(ids[half:])}

    def _messages(self, ids: list[str]) -> Iterator[tuple[str, Result]]:
        try:
            answers = self._batch(ids, "raw")
        except AnswerTooLong:
            yield from self._by_size(ids)
            return
        while answers:
            message_id, answer = answers.popitem()
            yield message_id, self._mapped(answer, message_from_raw)

    def _by_size(self, ids: list[str]) -> Iterator[tuple[str, Result]]:
        sizes: dict[str, int] = {}
        for message_id, answer in self._batch(ids, "minimal").items():
            if isinstance(answer, errors.ProviderError):
                yield message_id, answer
            else:
                sizes[message_id] = answer.size_estimate
        for portion in _portions(sizes):
            try:
                answers = self._batch(portion, "raw") if len(portion) > 1 else {}
            except AnswerTooLong:
                answers = {}  # the sizes are estimates
            for message_id in portion:
                answered = answers.pop(message_id, None)
                if answered is None:
                    yield message_id, self._alone(message_id, sizes[message_id])
                else:
                    yield message_id, self._mapped(answered, message_from_raw)

    def _alone(self, message_id: str, size: int) -> Result:
        try:
            return self._full(message_id) if size > MAX_RAW else self.one(message_id)
        except (errors.Throttled, errors.QuotaSpent, errors.NeedsReconnect):
            raise
        except errors.ProviderError as failure:
            return failure

    def _full(self, message_id: str) -> Message:
        try:
            return message_from_full(self.full(message_id), self._names)
        except AnswerTooLong:
            raise errors.Refused(gettext_noop("The email is too large to be read."), code="TOO_LONG") from None

    def _batch(self, ids: Sequence[str], form: str) -> dict[str, GmailMessage | errors.ProviderError]:
        return self._calls.batch(GmailMessage, {one: self.request(one, form) for one in ids}, quota.GET)

    def _mapped(
        self, answer: GmailMessage | errors.ProviderError, reading: Callable[[GmailMessage, Names], Message]
    ) -> Result:
        if isinstance(answer, errors.ProviderError):
            return answer
        try:
            return reading(answer, self._names)
        except errors.Unavailable as failure:
            return failure


def _portions(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Ids in portions that fit into one answer; what is too large for that stands alone."""
    portion: list[str] = []
    total = 0
    for message_id, size in sizes.items():
        if portion and total + size > MAX_TOGETHER:
            yield portion
            portion, total = [], 0
        portion.append(message_id)
        total += size
    if portion:
        yield portion
