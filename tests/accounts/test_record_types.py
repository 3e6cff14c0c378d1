"""Onto which types of records somebody may file: all, until an administrator makes it narrower."""

from __future__ import annotations

import pytest

from accounts.models import Organisation, User
from accounts.record_types import record_type, relatable, require_relatable
from accounts.services import create_organisation, create_user
from permissions import policy
from permissions.models import Authorization, Resource
from permissions.services import add_to_group, create_group, everyone_of, grant, revoke

pytestmark = pytest.mark.django_db
ALL = {"Account", "Case", "Invoice__c"}


@pytest.fixture
def larkfield() -> Organisation:
    return create_organisation("Larkfield")


@pytest.fixture
def mia(larkfield: Organisation) -> User:
    return create_user(larkfield, email="mia@larkfield.example")


def narrow(organisation: Organisation) -> None:
    revoke(Authorization.objects.get(principal=everyone_of(organisation.resource), role="record_filer"))


def test_by_default_everybody_may_onto_all(larkfield: Organisation, mia: User) -> None:
    assert relatable(mia.principal_id, larkfield, ALL) == ALL
    require_relatable(mia.principal_id, larkfield, ALL)


def test_made_narrower_only_the_types_that_are_granted_remain(
    larkfield: Organisation, mia: User, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    narrow(larkfield)
    assert relatable(mia.principal_id, larkfield, ALL) == set()
    service = create_group(larkfield.resource, "Service")
    add_to_group(service, mia.principal)
    grant(service, "record_filer", record_type(larkfield, "Case"), reason="they work on cases")
    grant(mia.principal, "record_filer", record_type(larkfield, "Account"), reason="her own")
    with django_assert_num_queries(1), policy.remembered():  # type: ignore[operator]
        assert relatable(mia.principal_id, larkfield, ALL) == {"Case", "Account"}
        with pytest.raises(policy.Denied, match=r"of this type: Invoice__c\."):
            require_relatable(mia.principal_id, larkfield, ALL)


def test_a_type_of_another_organisation_counts_for_nothing_here(larkfield: Organisation, mia: User) -> None:
    other = create_organisation("Other")
    rita = create_user(other, email="rita@other.example")
    narrow(larkfield)
    assert relatable(rita.principal_id, larkfield, ALL) == set()
    assert relatable(rita.principal_id, other, ALL) == ALL


def test_a_record_type_has_one_resource(larkfield: Organisation) -> None:
    assert record_type(larkfield, "Case") == record_type(larkfield, "Case")
    assert record_type(larkfield, "Case") != record_type(create_organisation("Other"), "Case")
    assert Resource.objects.filter(kind=Resource.Kind.RECORD_TYPE).count() == 2
