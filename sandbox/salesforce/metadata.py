"""What every org has before its first record: profiles, the organisation, record types, statuses and stages."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.record_types import RECORD_TYPES, RecordType
from sandbox.salesforce.schema import OBJECTS
from sandbox.seed.company import Company

Record = dict[str, Any]

# Stage: closed, won, forecast category, its name, probability.
STAGES: dict[str, tuple[bool, bool, str, str, int]] = {
    "Prospecting": (False, False, "Pipeline", "Pipeline", 10),
    "Qualification": (False, False, "Pipeline", "Pipeline", 10),
    "Needs Analysis": (False, False, "Pipeline", "Pipeline", 20),
    "Value Proposition": (False, False, "Pipeline", "Pipeline", 50),
    "Id. Decision Makers": (False, False, "Pipeline", "Pipeline", 60),
    "Perception Analysis": (False, False, "BestCase", "Best Case", 70),
    "Proposal/Price Quote": (False, False, "BestCase", "Best Case", 75),
    "Negotiation/Review": (False, False, "Forecast", "Commit", 90),
    "Closed Won": (True, True, "Closed", "Closed", 100),
    "Closed Lost": (True, False, "Omitted", "Omitted", 0),
}
CLOSED_STATUS = {"Case": "Closed", "Task": "Completed"}
CONVERTED_STATUS = "Closed - Converted"
BUSINESS_ACCOUNT = ids.make("012", 1)
PERSON_ACCOUNT = ids.make("012", 2)


def metadata_rows(company: Company) -> dict[str, list[Record]]:
    """Rows by object, as the company's own records give them."""
    return {
        "Profile": _profiles(company),
        "Organization": [
            {
                "Id": company.salesforce_org_id,
                "Name": company.name,
                "Country": "UK",
                "OrganizationType": "Developer Edition",
                "InstanceName": "EU8V",
                "IsSandbox": False,
                "DefaultLocaleSidKey": "en_GB",
                "LanguageLocaleKey": "en_US",
                "TimeZoneSidKey": "Europe/London",
            }
        ],
        "RecordType": [record_type_row(found) for found in RECORD_TYPES if OBJECTS[found.sobject].option is None],
        "TaskStatus": _statuses("Task", {"IsClosed": CLOSED_STATUS["Task"]}),
        "CaseStatus": _statuses("Case", {"IsClosed": CLOSED_STATUS["Case"]}),
        "LeadStatus": _statuses("Lead", {"IsConverted": CONVERTED_STATUS}),
        "OpportunityStage": [
            {
                "MasterLabel": name,
                "ApiName": name,
                "SortOrder": place,
                "IsActive": True,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": category,
                "ForecastCategoryName": category_name,
                "DefaultProbability": probability,
            }
            for place, (name, (closed, won, category, category_name, probability)) in enumerate(STAGES.items(), 1)
        ],
    }


def _profiles(company: Company) -> list[Record]:
    profile_ids = {row["Id"]: row.get("ProfileId") for row in company.records.get("User", ())}
    found: dict[str, Record] = {}
    for user in company.users:
        profile_id = profile_ids.get(user.salesforce_user_id)
        if profile_id:
            found.setdefault(profile_id, {"Id": profile_id, "Name": user.profile, "UserType": "Standard"})
    return list(found.values())


def record_type_row(found: RecordType) -> Record:
    return {
        "Id": found.id,
        "Name": found.name,
        "DeveloperName": found.developer_name,
        "SobjectType": found.sobject,
        "IsActive": True,
        "IsPersonType": found.person,
    }


def _statuses(sobject: str, marked: dict[str, str]) -> list[Record]:
    field = OBJECTS[sobject].fields["Status"]
    return [
        {
            "MasterLabel": value,
            "ApiName": value,
            "SortOrder": place,
            "IsDefault": value == field.default,
            **{flag: value == which for flag, which in marked.items()},
        }
        for place, (value, _) in enumerate(field.values, 1)
    ]
