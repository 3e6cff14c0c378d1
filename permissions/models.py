"""Principals, resources and the authorizations that join them.

    Principal --has Role on--> Resource            (an Authorization: from, until, grantor, reason)
        |                         |
      group                    parent ... root     (a grant covers what lies below)

A resource's `root` is its organisation; two resources with different roots never meet. Every row of an organisation
says by its `root` whose it is. A role is a built-in one (`permissions.registry`) or one of the organisation's own.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext

from permissions import registry
from permissions.isolated import Isolated, IsolatedManager, IsolatedQuerySet


class Principal(Isolated):
    """Somebody or something that may be allowed to act. The vendor's staff belong to no organisation."""

    ISOLATED_BY = "root"
    #: An id and a kind, which grants of every organisation may name.
    SHARED_WHERE_NULL = True

    class Kind(models.TextChoices):
        USER = "user"
        SERVICE = "service"
        GROUP = "group"
        STAFF = "staff"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    root = models.ForeignKey(
        "permissions.Resource", null=True, blank=True, on_delete=models.CASCADE, related_name="principals"
    )
    # Of a group; a user's name stands with the user.
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_principal_belongs_to_an_organisation_unless_it_is_staff",
                condition=Q(kind="staff", root__isnull=True)
                | Q(kind="service")
                | Q(kind__in=["user", "group"], root__isnull=False),
            ),
            models.UniqueConstraint("root", Lower("name"), condition=Q(kind="group"), name="group_once"),
            models.CheckConstraint(name="a_group_has_a_name", condition=~Q(kind="group", name="")),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.id}"


class Resource(Isolated):
    """Something that may be acted on: a node in the tree of its organisation. The root is the organisation itself.

    organisation ─┬─ team ─── mailbox ─── connection         (a mailbox may stand below the organisation at once)
                  ├─ preset
                  └─ record_type                             (`name`: the object's name in Salesforce)
    """

    ISOLATED_BY = "root"
    #: A root is its own.
    OWN_WHERE_NULL = True

    class Kind(models.TextChoices):
        ORGANISATION = "organisation"
        TEAM = "team"
        MAILBOX = "mailbox"
        CONNECTION = "connection"
        PRESET = "preset"
        RECORD_TYPE = "record_type"

    #: A tree has no more levels than this: `permissions.policy` looks so far up, and no farther.
    LEVELS: ClassVar[int] = 4

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    root = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="descendants")
    # The ids of all resources above this one and its own, joined by "/": a grant covers what lies below in one look.
    path = models.CharField(max_length=LEVELS * 37 - 1, db_index=True)
    # Of what has no row of its own: a record type.
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="resource_root_has_no_parent",
                condition=Q(parent__isnull=True, root__isnull=True) | Q(parent__isnull=False, root__isnull=False),
            ),
            models.UniqueConstraint(fields=["root", "name"], condition=Q(kind="record_type"), name="record_type_once"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.id}"

    @property
    def root_id_or_own(self) -> uuid.UUID:
        return self.root_id or self.id


class GroupMembership(Isolated):
    """A user or a service that belongs to a group of its organisation. Groups hold no groups."""

    ISOLATED_BY = "root"

    group = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="memberships")
    member = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="groups")
    root = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "group"], name="member_once"),
            models.CheckConstraint(name="a_group_is_not_its_own_member", condition=~Q(group=F("member"))),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.group_id}"

    def clean(self) -> None:
        """Raises ValidationError for a nested group, staff, or a member of another organisation."""
        super().clean()
        if self.group.kind != Principal.Kind.GROUP or self.group.root_id != self.root_id:
            raise ValidationError({"group": "This is no group of the organisation."})
        if self.member.kind not in {Principal.Kind.USER, Principal.Kind.SERVICE}:
            raise ValidationError({"member": "A group holds users and services, no group and no staff."})
        if self.member.root_id != self.root_id:
            raise ValidationError({"member": "This is not a member of the organisation."})


class OwnRole(Isolated):
    """A role that an organisation has made for itself. `cloned_from`: the name of what it began as, for people."""

    ISOLATED_BY = "root"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    root = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="own_roles")
    name = models.CharField(max_length=32)
    title = models.CharField(max_length=100)
    cloned_from = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("root", Lower("name"), name="own_role_once")]

    def __str__(self) -> str:
        return self.title


class OwnRolePermission(Isolated):
    """A permission that an own role holds: one for people, from the registry."""

    ISOLATED_BY = "root"

    root = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    own_role = models.ForeignKey(OwnRole, on_delete=models.CASCADE, related_name="permissions")
    name = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["own_role", "name"], name="own_role_permission_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        registry.permission(self.name)
        super().save(*args, **kwargs)


class AuthorizationQuerySet(IsolatedQuerySet["Authorization"]):
    def in_force(self) -> AuthorizationQuerySet:
        """Those that count at this moment, by the database's clock."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=Now()), since__lte=Now(), revoked_at__isnull=True)


class Authorization(Isolated):
    """A principal's role on a resource and all below it. Grants only add; it ends at its time or when revoked."""

    ISOLATED_BY = "root"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The organisation of the resource, so that every grant says whose it is.
    root = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="all_authorizations")
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="authorizations")
    role = models.CharField(max_length=32, blank=True)
    own_role = models.ForeignKey(
        OwnRole, null=True, blank=True, on_delete=models.CASCADE, related_name="authorizations"
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="authorizations")
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.SET_NULL, related_name="revoked")
    grantor = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.SET_NULL, related_name="granted")
    approver = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.SET_NULL, related_name="approved")
    reason = models.CharField(max_length=200)

    objects: ClassVar = IsolatedManager.from_queryset(AuthorizationQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["principal", "role", "resource"],
                condition=Q(revoked_at__isnull=True, own_role__isnull=True),
                name="one_standing_grant",
            ),
            models.UniqueConstraint(
                fields=["principal", "own_role", "resource"],
                condition=Q(revoked_at__isnull=True, own_role__isnull=False),
                name="one_standing_grant_of_an_own_role",
            ),
            models.CheckConstraint(
                name="a_grant_is_of_one_role",
                condition=Q(role="", own_role__isnull=False) | (~Q(role="") & Q(own_role__isnull=True)),
            ),
            models.CheckConstraint(
                name="grant_ends_after_it_begins", condition=Q(until__isnull=True) | Q(until__gt=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_title} on {self.resource_id}"

    @property
    def role_title(self) -> str:
        """The role as people call it."""
        return self.own_role.title if self.own_role is not None else gettext(registry.role(self.role).title)

    def save(self, *args: object, **kwargs: object) -> None:
        if self.own_role_id is None:
            registry.role(self.role)
        self.root_id = self.resource.root_id_or_own
        super().save(*args, **kwargs)


from permissions.audit.models import AuditEntry, AuditHead  # noqa: E402, F401 - Django looks for models here
