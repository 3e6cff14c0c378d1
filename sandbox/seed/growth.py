"""What an org may have beyond the seed company's first records, each switched on by itself."""

from __future__ import annotations

from dataclasses import dataclass

MOST_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Growth:
    """`activities`: calls, meetings, tasks and emails of the past and the future with the people of the seed.
    `person_accounts`: so many private customers more. `custom_object`: the object Installation__c with its records.
    `related_records`: so many contacts, opportunities, cases and tasks on one account, Delmar Shipyards.

    Raises ValueError for a number beyond `MOST_RECORDS`.
    """

    activities: bool = False
    person_accounts: int = 0
    custom_object: bool = False
    related_records: int = 0

    def __post_init__(self) -> None:
        for number in (self.person_accounts, self.related_records):
            if type(number) is not int or not 0 <= number <= MOST_RECORDS:
                raise ValueError(f"at most {MOST_RECORDS} records can be added of a kind")
        for switch in (self.activities, self.custom_object):
            if not isinstance(switch, bool):
                raise ValueError("activities and custom_object are true or false")
