"""Examples with other words: every string that a template prints is replaced, whichever field it came from.

That reaches more than any list of fields: names, subjects, labels, sentences of providers, and what a part yet to come
will print. Numbers, days and what decides between branches stay, so that the page keeps its shape; addresses that the
product puts together itself (`…url`) stay as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

from django.template.base import FilterExpression, Variable, VariableNode
from django.templatetags import i18n
from django.utils.safestring import SafeData

_printing: ContextVar[bool] = ContextVar("printing", default=False)
#: Not words: they are put together by the product, which `test_addresses…` holds against what is in them.
_ADDRESSES = ("url", "href", "again")


@contextmanager
def replaced(word: Callable[[], str]) -> Iterator[None]:
    """Every plain string that is printed is `word()` instead while the block runs."""
    resolve, render = Variable.resolve, VariableNode.render
    render_value: Callable[[Any, Any], str] = vars(i18n)["render_value_in_context"]

    def resolved(self: Variable, context: Any) -> Any:
        value = resolve(self, context)
        if not _printing.get() or self.lookups is None or self.lookups[-1].endswith(_ADDRESSES):
            return value
        return word() if _is_word(value) else value

    def printed(self: VariableNode, context: Any) -> Any:
        token = _printing.set(isinstance(self.filter_expression, FilterExpression))
        try:
            return render(self, context)
        finally:
            _printing.reset(token)

    def value_in_context(value: Any, context: Any) -> str:
        return render_value(word() if _is_word(value) else value, context)

    with (
        patch.object(Variable, "resolve", resolved),
        patch.object(VariableNode, "render", printed),
        patch.object(i18n, "render_value_in_context", value_in_context),
    ):
        yield


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not isinstance(value, SafeData)
