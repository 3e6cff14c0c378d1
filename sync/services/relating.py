"""Onto which types of records a person may file: others are no candidates for mail that files itself, and a press on
one is refused. What Salesforce lets the person do comes on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from accounts.actor import Actor
from accounts.record_types import relatable
from sync.crm import CrmContext

#: The types of records that an email can stand on.
TYPES: Final = frozenset({"Account", "Case", "Contact", "Lead", "Opportunity"})


def types_for(actor: Actor, custom: Iterable[str] = ()) -> frozenset[str]:
    """Those of them, and of these custom objects, that the person may file onto. One query, none where it was asked
    before.
    """
    return relatable(actor.principal_id, actor.organisation, TYPES.union(custom))


def only(context: CrmContext, types: frozenset[str]) -> CrmContext:
    """What Salesforce said, without the records of other types. What is filed already is told all the same."""
    custom = tuple(record for record in context.custom if record.object_name in types)
    if types >= TYPES:
        return context if len(custom) == len(context.custom) else replace(context, custom=custom)
    accounts = "Account" in types
    return replace(
        context,
        people=tuple(person for person in context.people if person.object_name in types),
        accounts=context.accounts if accounts else (),
        custom=custom,
        suggested_accounts=context.suggested_accounts if accounts else (),
        opportunities=context.opportunities if "Opportunity" in types else (),
        cases=context.cases if "Case" in types else (),
    )
