"""Letting an org grow: the records and switches of `sandbox.seed.growth`, at the start or while it runs."""

from __future__ import annotations

from sandbox.salesforce import activities
from sandbox.salesforce.metadata import record_type_row
from sandbox.salesforce.record_types import RECORD_TYPES
from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.store import Org
from sandbox.seed.crm_custom import installation_records
from sandbox.seed.crm_people import person_records
from sandbox.seed.crm_timeline import related_records, timeline_records
from sandbox.seed.growth import Growth


def grow(org: Org, growth: Growth) -> None:
    """Add what is not there yet; what was added before stays as it is."""
    now = org.now()
    if growth.activities and not org.grown.activities:
        _load(org, timeline_records(org.company, now))
    if growth.related_records and not org.grown.related_records:
        _load(org, related_records(org.company, now, growth.related_records))
    if growth.person_accounts and not org.grown.person_accounts:
        _load(org, person_records(org.company, now, growth.person_accounts))
    first_of_object = growth.custom_object and not org.grown.custom_object
    org.grown = Growth(
        activities=org.grown.activities or growth.activities,
        person_accounts=org.grown.person_accounts or growth.person_accounts,
        custom_object=org.grown.custom_object or growth.custom_object,
        related_records=org.grown.related_records or growth.related_records,
    )
    if first_of_object:
        kinds = [record_type_row(found) for found in RECORD_TYPES if OBJECTS[found.sobject].option == "custom_object"]
        _load(org, {"RecordType": kinds} | installation_records(org.company, now))


def _load(org: Org, records: dict[str, list[dict[str, object]]]) -> None:
    loaded = org.load(records)
    for name, row in loaded:
        if name in ("Task", "Event"):
            activities.roll_up(org, row)
