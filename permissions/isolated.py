"""Models whose rows each belong to one organisation, and the check that every model says whose its rows are.

`ISOLATED_BY` is the field that names the organisation (or its root resource, which has the same id). A model without
one says by `NOT_ISOLATED` why it needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, Self, TypeVar

from django.apps import AppConfig, apps
from django.core import checks
from django.db import models

from permissions import isolation

ModelT = TypeVar("ModelT", bound=models.Model)

#: Our own apps. The tables of others hold operators' sign-ins, nothing of an organisation.
APPS: Final = ("permissions", "accounts", "sync", "sidebar")


class IsolatedQuerySet(models.QuerySet[ModelT]):
    """Refuses to write rows of another organisation."""

    def bulk_create(self, objs: Iterable[ModelT], *args: Any, **kwargs: Any) -> list[ModelT]:
        rows = list(objs)
        for row in rows:
            isolation.check_row(row)
        return super().bulk_create(rows, *args, **kwargs)


class IsolatedManager(models.Manager[ModelT]):
    """Rows of the current organisation alone."""

    _queryset_class = IsolatedQuerySet

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return isolation.narrow(super().get_queryset())


class Isolated(models.Model):
    """A model whose rows each belong to one organisation."""

    ISOLATED_BY = "organisation"

    objects: ClassVar[IsolatedManager[Self]] = IsolatedManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        isolation.check_row(self)
        super().save(*args, **kwargs)


def isolated_models() -> list[type[models.Model]]:
    """Every model whose rows belong to an organisation."""
    return [model for model in apps.get_models() if getattr(model, "ISOLATED_BY", "")]


@checks.register(checks.Tags.security)
def check_models(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Each model of ours says whose its rows are."""
    found: list[checks.CheckMessage] = []
    for name in APPS:
        if not apps.is_installed(name):
            continue
        for model in apps.get_app_config(name).get_models():
            if not (getattr(model, "ISOLATED_BY", "") or getattr(model, "NOT_ISOLATED", "")):
                found.append(
                    checks.Error(
                        f"{model.__name__} says neither ISOLATED_BY nor NOT_ISOLATED.",
                        hint="See permissions/isolation.py.",
                        id="permissions.E001",
                    )
                )
    return found
