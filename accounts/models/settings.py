"""Settings of the organisation, of presets and of users (`accounts.preferences` reads and writes them)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from accounts import preference_names
from accounts.models.organisations import Organisation
from accounts.models.recorded import Recorded
from permissions.models import Resource
from permissions.services import create_resource


class Preset(Recorded):
    """Settings that an administrator gives to several users at once. Its resource is made with it."""

    RESOURCE_FIELD = "resource"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="presets")
    name = models.CharField(max_length=100)
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="preset")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="preset_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if self._state.adding and not hasattr(self, "resource"):
                self.resource = create_resource(Resource.Kind.PRESET, self.organisation.resource)
            super().save(*args, **kwargs)


@receiver(post_delete, sender=Preset)
def _its_resource_goes_too(instance: Preset, **_: Any) -> None:
    """And the grants on it."""
    Resource.objects.filter(pk=instance.resource_id).delete()


class PreferenceValue(Recorded):
    """What one setting is: for the organisation (neither preset nor user), for a preset, or for one user.

    `forced`: nobody below may choose otherwise.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="preference_values")
    preset = models.ForeignKey(Preset, null=True, blank=True, on_delete=models.CASCADE, related_name="values")
    user = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.CASCADE, related_name="preference_values"
    )
    name = models.CharField(max_length=40)
    value = models.JSONField()
    forced = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                condition=Q(preset__isnull=True, user__isnull=True),
                name="one_value_for_the_organisation",
            ),
            models.UniqueConstraint(
                fields=["preset", "name"], condition=Q(preset__isnull=False), name="one_value_for_a_preset"
            ),
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(user__isnull=False), name="one_value_for_a_user"
            ),
            models.CheckConstraint(
                name="a_value_has_one_level_and_users_force_nothing",
                condition=Q(user__isnull=True) | Q(preset__isnull=True, forced=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def level(self) -> preference_names.Level:
        if self.user_id is not None:
            return preference_names.Level.USER
        return preference_names.Level.PRESET if self.preset_id is not None else preference_names.Level.ORGANISATION

    def clean(self) -> None:
        super().clean()
        for owner in (self.preset, self.user):
            if owner is not None and owner.organisation_id != self.organisation_id:
                raise ValidationError("The preset or user is another organisation's.")
        try:
            preference_names.check(self.name, self.value, self.level)
        except preference_names.UnknownSetting:
            raise ValidationError({"name": "No setting has this name."}) from None
        except preference_names.BadValue as error:
            raise ValidationError(error.sentence) from error

    def save(self, *args: object, **kwargs: object) -> None:
        self.value = preference_names.check(self.name, self.value, self.level)
        super().save(*args, **kwargs)
