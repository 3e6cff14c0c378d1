"""Who sees and changes what: org-wide defaults, ownership, shares, and field-level security.

Defaults of the sandbox org: Account, Contact and Lead are public read/write; Opportunity and Case belong to their
owner, the owner of their account, administrators and those they are shared with; activities, mail, roles and files
follow the records that they hang on.

Reference: https://developer.salesforce.com/docs/atlas.en-us.securityImplGuide.meta/securityImplGuide/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce import person_fields
from sandbox.salesforce.schema import BY_PREFIX

if TYPE_CHECKING:
    from sandbox.salesforce.store import Org, Row

_PRIVATE = frozenset({"Opportunity", "Case"})
# Email-to-Case alone knows mail of cases only.
_ENHANCED_EMAIL_FIELDS = frozenset({"RelatedToId", "IsPrivateDraft", "IsTracked"})
_ALWAYS_VISIBLE_FIELDS = frozenset({"Id", "IsDeleted", "CreatedDate", "SystemModstamp"})


class Access:
    """The rules of one org. `private` holds the objects with a private default, `public_read_only` those that all may
    read and only the owner changes; tests may change them."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.private: set[str] = set(_PRIVATE)
        self.public_read_only: set[str] = set()
        self._shares: dict[str, set[str]] = {}
        self._hidden: dict[tuple[str, str], frozenset[str]] = {}
        self._read_only: dict[tuple[str, str], frozenset[str]] = {}
        self._administrators = {u.salesforce_user_id for u in org.company.users if u.role == "administrator"}
        self._profiles = {u.salesforce_user_id: u.profile for u in org.company.users}
        self.hide("Standard User", "Opportunity", frozenset({"Margin__c"}))
        self.protect("Standard User", "Account", frozenset({"SLA__c"}))

    def share(self, record_id: str, user_id: str) -> None:
        """Let a user read and change one record."""
        self._shares.setdefault(record_id, set()).add(user_id)

    def hide(self, who: str, sobject: str, fields: frozenset[str]) -> None:
        """Hide exactly these fields of an object from a user (by id) or a profile (by name)."""
        self._hidden[who, sobject] = fields - _ALWAYS_VISIBLE_FIELDS

    def protect(self, who: str, sobject: str, fields: frozenset[str]) -> None:
        """Let a user (by id) or a profile (by name) read exactly these fields of an object but not write them."""
        self._read_only[who, sobject] = fields

    def read_only_fields(self, user_id: str, sobject: str) -> frozenset[str]:
        by_profile = self._read_only.get((self.profile(user_id), sobject), frozenset())
        return by_profile | self._read_only.get((user_id, sobject), frozenset())

    def profile(self, user_id: str) -> str:
        """The name of the user's profile."""
        return self._profiles.get(user_id, "")

    def hidden_fields(self, user_id: str, sobject: str) -> frozenset[str]:
        if not self._org.person_accounts and sobject in ("Account", "Contact", "RecordType"):
            return self._hidden_of(user_id, sobject) | person_fields.fields_without(sobject)
        if sobject == "EmailMessage" and not self._org.enhanced_email:
            return self._hidden_of(user_id, sobject) | _ENHANCED_EMAIL_FIELDS
        return self._hidden_of(user_id, sobject)

    def _hidden_of(self, user_id: str, sobject: str) -> frozenset[str]:
        by_profile = self._hidden.get((self._profiles.get(user_id, ""), sobject), frozenset())
        return by_profile | self._hidden.get((user_id, sobject), frozenset())

    def is_administrator(self, user_id: str) -> bool:
        return user_id in self._administrators

    def can_see(self, user_id: str, sobject: str, row: Row) -> bool:
        if sobject == "RecordType" and row["IsPersonType"] and not self._org.person_accounts:
            return False
        if user_id in self._administrators or user_id == row.get("OwnerId"):
            return True
        return self._sees(user_id, sobject, row)

    def can_change(self, user_id: str, sobject: str, row: Row) -> bool:
        """Who sees a record may change it here; users change themselves alone."""
        if sobject == "User":
            return user_id == row["Id"] or self.is_administrator(user_id)
        if sobject in self.public_read_only and user_id not in (row.get("OwnerId"), *self._shares.get(row["Id"], ())):
            return self.is_administrator(user_id)
        return self.can_see(user_id, sobject, row)

    def can_delete(self, user_id: str, sobject: str, row: Row) -> bool:
        """Administrators, the owner, and the creator of what has no owner; roles and links go with what they join."""
        if self.is_administrator(user_id):
            return True
        if sobject in ("OpportunityContactRole", "ContentDocumentLink"):
            return self.can_see(user_id, sobject, row)
        return user_id in (row.get("OwnerId"), row.get("CreatedById") if "OwnerId" not in row else None)

    def _sees(self, user_id: str, sobject: str, row: Row) -> bool:
        if user_id in self._shares.get(row["Id"], ()):
            return True
        if sobject in self.private:
            account = self._org.get("Account", row["AccountId"]) if row.get("AccountId") else None
            return account is not None and account["OwnerId"] == user_id
        if sobject in ("Task", "Event"):
            return not row.get("IsPrivate") and self._sees_first(user_id, row["WhatId"], row["WhoId"])
        if sobject == "EmailMessage":
            return self._sees_email(user_id, row)
        if sobject == "TaskWhoRelation":
            return self._sees_id(user_id, row["TaskId"])
        if sobject == "EmailMessageRelation":
            return self._sees_id(user_id, row["EmailMessageId"])
        if sobject == "OpportunityContactRole":
            return self._sees_id(user_id, row["OpportunityId"])
        if sobject == "ContentDocumentLink":
            return self._sees_id(user_id, row["LinkedEntityId"])
        if sobject == "ContentVersion":
            return self._sees_id(user_id, row["ContentDocumentId"])
        if sobject == "ContentDocument":
            links = self._org.live("ContentDocumentLink", "ContentDocumentId", row["Id"])
            return any(self._sees_id(user_id, link["LinkedEntityId"]) for link in links)
        return True

    def _sees_email(self, user_id: str, row: Row) -> bool:
        """Its creator, and unless it is a draft whoever sees the record it is related to, else a person of it."""
        if row["CreatedById"] == user_id:
            return True
        if row["Status"] == "5":
            return False
        related = row["ParentId"] or row["RelatedToId"]
        if related:
            return self._sees_id(user_id, related)
        relations = self._org.live("EmailMessageRelation", "EmailMessageId", row["Id"])
        people = [r["RelationId"] for r in relations if r["RelationId"] and r["RelationId"][:3] != "005"]
        return any(self._sees_id(user_id, person) for person in people)

    def _sees_first(self, user_id: str, *record_ids: Any) -> bool:
        return self._sees_id(user_id, next((found for found in record_ids if found), None))

    def _sees_id(self, user_id: str, record_id: str | None) -> bool:
        if record_id is None or record_id[:3] not in BY_PREFIX:
            return False
        if record_id[:3] == "005":
            return record_id == user_id
        found = self._org.find(record_id)
        return found is not None and self.can_see(user_id, found[0].name, found[1])
