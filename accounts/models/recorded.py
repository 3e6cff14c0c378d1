"""Rows that hold configuration: whatever the ORM writes to them goes through `accounts.history.recording`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import NotSupportedError, models
from django.db.models.fields import NOT_PROVIDED

from accounts.history.recording import recorded, touches
from permissions.isolated import Isolated, IsolatedManager, IsolatedQuerySet

ModelT = TypeVar("ModelT", bound=models.Model)


class RecordedQuerySet(IsolatedQuerySet[ModelT]):
    """Writes to many rows at once are seen row by row. What could not be seen is refused."""

    def update(self, **kwargs: Any) -> int:
        if not touches(self.model, kwargs):
            return super().update(**kwargs)
        with recorded() as recording:
            recording.about_to_write(self.model._default_manager.filter(pk__in=self.values("pk")))
            return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[ModelT], *args: Any, **kwargs: Any) -> list[ModelT]:
        """Raises NotSupportedError where conflicts are to be passed over: nobody could say what was written."""
        if len(args) > 1 or kwargs.keys() - {"batch_size"}:
            raise NotSupportedError("Configuration is not written past its conflicts.")
        with recorded() as recording:
            rows = super().bulk_create(objs, *args, **kwargs)
            recording.made(rows)
            return rows

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        with recorded() as recording:
            recording.about_to_write(self.model._default_manager.filter(pk__in=self.values("pk")))
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


if TYPE_CHECKING:  # what a manager is made of at run time, the stubs cannot follow

    class RecordedManager(IsolatedManager[ModelT]): ...

else:

    class RecordedManager(IsolatedManager.from_queryset(RecordedQuerySet)):
        """Rows of which something is configuration."""


class Recorded(Isolated):
    """A row of which something is configuration (`accounts.history.kinds`)."""

    objects: ClassVar[RecordedManager[Self]] = RecordedManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        written = kwargs.get("update_fields")
        if written is not None and not touches(type(self), written):
            super().save(*args, **kwargs)
            return
        with recorded() as recording:
            standing = recording.about_to_write(self._rows()) if self._may_stand() else []
            super().save(*args, **kwargs)
            if not standing:
                recording.made([self])

    save.alters_data = True  # type: ignore[attr-defined]

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with recorded() as recording:
            recording.about_to_write(self._rows())
            return super().delete(*args, **kwargs)

    delete.alters_data = True  # type: ignore[attr-defined]

    def _may_stand(self) -> bool:
        """Django inserts what was not read from the database and has a key by default; the rest may be there."""
        return self.pk is not None and not (self._state.adding and self._meta.pk.default is not NOT_PROVIDED)

    def _rows(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = type(self)._default_manager.filter(pk=self.pk)
        return rows
