"""The org itself: what it is filled with, and transactions that leave nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.clock import Clock
from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.store import Org
from sandbox.seed.company import build_company


def test_a_record_with_an_unknown_field_is_not_taken_over() -> None:
    company = build_company(1)
    wrong = replace(company, records=company.records | {"Lead": [{"LastName": "x", "Shoe": 42}]})
    with pytest.raises(ValueError, match="Lead has no field Shoe"):
        Org(wrong, Clock())


def test_the_company_is_there_with_its_ids(org: Org) -> None:
    for name, rows in org.company.records.items():
        stored = org.rows[name]
        assert {row["Id"] for row in rows} <= stored.keys()
        assert all(row.keys() == OBJECTS[name].fields.keys() for row in stored.values())


def test_every_reference_of_the_company_leads_to_a_record(org: Org) -> None:
    for name, rows in org.rows.items():
        references = [field.name for field in OBJECTS[name].fields.values() if field.type == "reference"]
        for row in rows.values():
            for field in references:
                assert row[field] is None or org.find(row[field]) is not None, (name, field, row[field])


def test_a_transaction_that_fails_leaves_rows_and_indexes_as_they_were(org: Org) -> None:
    contact = OBJECTS["Contact"]
    dana = org.by_value("Contact", "Email", "dana@northwind.example")[0]
    count = len(org.rows["Contact"])

    def work() -> None:
        with org.transaction():
            org.change(contact, dana["Id"], {"Email": "other@x.example"}, dana["OwnerId"])
            with org.transaction():
                org.insert(contact, {**org.blank(contact), "Email": "third@x.example"}, dana["OwnerId"])
            org.delete(contact, dana["Id"])
            raise LookupError

    with pytest.raises(LookupError):
        work()
    assert org.by_value("Contact", "Email", "DANA@northwind.example") == [dana]
    assert org.by_value("Contact", "Email", "third@x.example") == []
    assert len(org.rows["Contact"]) == count
    assert not dana["IsDeleted"]


def test_the_same_seed_number_gives_the_same_org() -> None:
    clock = Clock()
    first, second = (Org(build_company(7, clock.start), clock) for _ in range(2))
    assert first.rows == second.rows
