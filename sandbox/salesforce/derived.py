"""Fields that Salesforce works out: names, closed and won, probabilities, numbers, dates of closing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.salesforce.metadata import BUSINESS_ACCOUNT, CLOSED_STATUS, PERSON_ACCOUNT, STAGES
from sandbox.salesforce.schema import SObject
from sandbox.salesforce.store import Org, Row


def fills(sobject: str, field: str) -> bool:
    """Whether Salesforce itself gives a required field that a body leaves out."""
    return (sobject, field) in _FILLED


def demands(sobject: str, row: Row) -> list[str]:
    """Fields that are missing although they may be null: the name of a company, the last name of a person account."""
    if sobject != "Account":
        return []
    person = row["IsPersonAccount"] or row["RecordTypeId"] == PERSON_ACCOUNT
    name = "LastName" if person else "Name"
    return [name] if row[name] is None else []


_FILLED = {
    ("Lead", "Status"),
    ("ContentVersion", "Title"),
    ("ContentVersion", "ContentDocumentId"),
}


def derive(org: Org, sobject: SObject, row: Row, before: Row | None) -> None:
    """Set what follows from the other fields; `before` is the stored row of an update."""
    work = _BY_OBJECT.get(sobject.name)
    if work is not None:
        work(org, row, before)


def full_name(row: Row) -> str:
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _person(org: Org, row: Row, before: Row | None) -> None:
    row["Name"] = full_name(row)


def _account(org: Org, row: Row, before: Row | None) -> None:
    types = org.rows["RecordType"]
    row["RecordTypeId"] = row["RecordTypeId"] or BUSINESS_ACCOUNT
    if before is None:
        chosen = types.get(row["RecordTypeId"])
        row["IsPersonAccount"] = bool(chosen and chosen["IsPersonType"])
    if row["IsPersonAccount"]:
        row["Name"] = full_name(row)


def _lead(org: Org, row: Row, before: Row | None) -> None:
    _person(org, row, before)
    row["Status"] = row["Status"] or "Open - Not Contacted"


def _opportunity(org: Org, row: Row, before: Row | None) -> None:
    closed, won, category, category_name, probability = STAGES.get(
        row["StageName"], (False, False, "Pipeline", "Pipeline", 0)
    )
    row["IsClosed"], row["IsWon"] = closed, won
    if before is None or before["StageName"] != row["StageName"]:
        row["ForecastCategory"], row["ForecastCategoryName"] = category, category_name
        row["LastStageChangeDate"] = org.now() if before is not None else None
        if before is not None or row["Probability"] is None:
            row["Probability"] = float(probability)
    if row["Amount"] is not None and row["Probability"] is not None:
        row["ExpectedRevenue"] = row["Amount"] * row["Probability"] / 100
    else:
        row["ExpectedRevenue"] = None
    day = row["CloseDate"]
    row["FiscalYear"], row["FiscalQuarter"] = day.year, (day.month - 1) // 3 + 1
    row["Fiscal"] = f"{row['FiscalYear']} {row['FiscalQuarter']}"


def _case(org: Org, row: Row, before: Row | None) -> None:
    if before is None:
        row["CaseNumber"] = org.next_case_number()
    row["IsClosed"] = row["Status"] == CLOSED_STATUS["Case"]
    row["ClosedDate"] = (row["ClosedDate"] or org.now()) if row["IsClosed"] else None
    contact = org.get("Contact", row["ContactId"]) if row["ContactId"] else None
    if contact is not None:
        row["AccountId"] = row["AccountId"] or contact["AccountId"]
    sources: dict[str, Any] = {"ContactEmail": "Email", "ContactPhone": "Phone", "ContactMobile": "MobilePhone"}
    for name, source in sources.items():
        row[name] = contact[source] if contact else None


def _task(org: Org, row: Row, before: Row | None) -> None:
    row["IsClosed"] = row["Status"] == CLOSED_STATUS["Task"]
    row["IsHighPriority"] = row["Priority"] == "High"
    row["CompletedDateTime"] = (row["CompletedDateTime"] or org.now()) if row["IsClosed"] else None
    row["TaskSubtype"] = row["TaskSubtype"] or "Task"


def _event(org: Org, row: Row, before: Row | None) -> None:
    row["EventSubtype"] = row.get("EventSubtype") or "Event"
    start = row["StartDateTime"] or row["ActivityDateTime"]
    if start is None:
        return
    end = row["EndDateTime"] or start + timedelta(minutes=row["DurationInMinutes"] or 0)
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["EndDateTime"], row["EndDate"] = end, end.date()
    row["ActivityDate"] = start.date()
    row["DurationInMinutes"] = int((end - start).total_seconds() // 60)


_BY_OBJECT = {
    "Account": _account,
    "Case": _case,
    "Contact": _person,
    "Event": _event,
    "Lead": _lead,
    "Opportunity": _opportunity,
    "Task": _task,
    "User": _person,
}
