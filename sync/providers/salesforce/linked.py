"""Records by their ids alone, of the objects that a pane shows: one composite call with a query for each object."""

from __future__ import annotations

from collections.abc import Sequence

from simple_salesforce.format import format_soql

from sync.crm import RelatedRecord
from sync.errors import ProviderError
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.queries import run_queries
from sync.providers.salesforce.wire import NameRecord, read

#: By key prefix: the object, and the query that names its records.
_QUERIES = {
    "001": ("Account", "SELECT Id,Name FROM Account WHERE Id IN {ids} LIMIT 60"),
    "003": ("Contact", "SELECT Id,Name FROM Contact WHERE Id IN {ids} LIMIT 60"),
    "00Q": ("Lead", "SELECT Id,Name FROM Lead WHERE Id IN {ids} LIMIT 60"),
    "006": ("Opportunity", "SELECT Id,Name FROM Opportunity WHERE Id IN {ids} LIMIT 60"),
    "500": ("Case", "SELECT Id,CaseNumber,Subject FROM Case WHERE Id IN {ids} LIMIT 60"),
}


def read_linked(client: SalesforceClient, ids: Sequence[str]) -> tuple[RelatedRecord, ...]:
    """Those of the records that this user may see, in the order asked for. No call where no id is of a known object.

    An object that this user may not read costs its own records; raises what `SalesforceClient` raises.
    """
    by_prefix: dict[str, list[str]] = {}
    for record_id in ids:
        if record_id[:3] in _QUERIES:
            by_prefix.setdefault(record_id[:3], []).append(record_id)
    if not by_prefix:
        return ()
    names = {
        _QUERIES[prefix][0]: (prefix, format_soql(_QUERIES[prefix][1], ids=some)) for prefix, some in by_prefix.items()
    }
    answers = run_queries(client, {name: query for name, (_prefix, query) in names.items()})
    found: dict[str, RelatedRecord] = {}
    for name, answer in answers.items():
        if isinstance(answer, ProviderError):
            continue
        for row in answer:
            [record] = read(NameRecord, [row])
            text = f"{record.number} {record.subject}".strip() if name == "Case" else record.name
            found[str(row["Id"])[:15]] = RelatedRecord(str(row["Id"]), name, text)
    return tuple(found[one[:15]] for one in dict.fromkeys(record_id[:15] for record_id in ids) if one in found)
