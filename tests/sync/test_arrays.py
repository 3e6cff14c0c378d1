"""Asking for many rows at once: by ids, by texts, by what they point to, on either database."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Lower

from accounts.models import InternalDomain, Organisation
from accounts.services import create_organisation

pytestmark = pytest.mark.django_db
DOMAINS = ["a'b.example", "a,b.example", "{c}.example", 'd".example', "e\\f.example", "null"]


@pytest.fixture
def organisations() -> list[Organisation]:
    return [create_organisation(f"No. {number}", domains=[domain]) for number, domain in enumerate(DOMAINS)]


def test_it_finds_rows_by_ids(organisations: list[Organisation]) -> None:
    wanted = organisations[:2]
    found = Organisation.objects.filter(pk__in=[*(one.pk for one in wanted), wanted[0].pk, uuid.uuid4()])
    assert {one.pk for one in found} == {one.pk for one in wanted}
    assert Organisation.objects.filter(pk__in=[str(wanted[0].pk)]).count() == 1


def test_it_finds_rows_by_texts_whatever_stands_in_them(organisations: list[Organisation]) -> None:
    found = InternalDomain.objects.filter(domain__in=[*DOMAINS, "x" * 1_000])
    assert set(found.values_list("domain", flat=True)) == set(DOMAINS)


def test_it_finds_rows_by_what_they_point_to(organisations: list[Organisation]) -> None:
    for wanted in (organisations[:2], [one.pk for one in organisations[:2]]):
        found = InternalDomain.objects.filter(organisation__in=wanted)
        assert set(found.values_list("domain", flat=True)) == set(DOMAINS[:2])


def test_it_leaves_rows_out(organisations: list[Organisation]) -> None:
    rest = InternalDomain.objects.exclude(organisation__in=organisations[1:])
    assert list(rest.values_list("domain", flat=True)) == DOMAINS[:1]


def test_nothing_is_in_nothing(organisations: list[Organisation]) -> None:
    assert not InternalDomain.objects.filter(domain__in=[]).exists()
    assert InternalDomain.objects.exclude(organisation__in=[]).count() == len(DOMAINS)


def test_it_takes_queries_and_expressions_as_before(organisations: list[Organisation]) -> None:
    named = Organisation.objects.filter(name="No. 0")
    assert InternalDomain.objects.filter(organisation__in=named).count() == 1
    assert InternalDomain.objects.filter(domain__in=[Lower(F("domain"))]).count() == len(DOMAINS)
    assert InternalDomain.objects.filter(domain__in=[Value(DOMAINS[0]), DOMAINS[1]]).count() == 2


def test_many_are_one_parameter_on_postgresql(organisations: list[Organisation]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has arrays")
    rows = InternalDomain.objects.filter(organisation__in=organisations)
    statement, parameters = rows.query.sql_with_params()
    assert "= ANY(" in statement
    assert len(parameters) == 1
