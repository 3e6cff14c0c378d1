"""A text column whose value is sealed before it reaches the database, and stays sealed when it is read.

    connection.access_token = "00D…"      plain until save(), which seals it for this very row
    connection.access_token               a Sealed: true or false, equal to nothing, prints as nothing
    connection.access_token.unseal()      the text; called in the rooms that `SECRET_ROOMS` of the tests names only

A row needs `organisation_id` and a primary key known before the insert. `update()`, filters and pickles refuse.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NoReturn

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from accounts import crypto

if TYPE_CHECKING:
    _TextField = models.Field["str | Sealed", "Sealed"]
else:
    _TextField = models.Field


class Box(bytes):
    """What stands in the database."""

    def __repr__(self) -> str:
        return "<box>"


class Sealed:
    """A secret of one row, unopened."""

    __slots__ = ("_field", "_row", "_value")

    def __init__(self, field: EncryptedTextField, row: models.Model, value: Box | str) -> None:
        self._field = field
        self._row = row
        self._value = value

    def unseal(self) -> str:
        """The text; empty where there is none. Raises SecretUnreadable."""
        if isinstance(self._value, Box) and self._value:
            return crypto.open_box(self._value, **self._field.belonging(self._row))
        return "" if isinstance(self._value, Box) else self._value

    def raw_for(self, field: EncryptedTextField, row: models.Model | None = None) -> Box | str:
        """The stored value, for another instance of the same row. Raises TypeError for any other row."""
        if self._field.belonging(self._row) != field.belonging(row or self._row):
            raise TypeError("A sealed value belongs to its row: unseal it and set the text.")
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "<sealed>" if self._value else "<sealed, empty>"

    __str__ = __repr__
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("Sealed values are not compared.")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is never pickled.")


class _SealedAttribute(DeferredAttribute):
    """Holds a Box (from the database) or a str (not saved yet) in the instance's dict; gives a Sealed."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        return Sealed(self.field, instance, super().__get__(instance, cls))

    def __set__(self, instance: models.Model, value: object) -> None:
        if isinstance(value, Sealed):
            value = value.raw_for(self.field, instance)
        if not isinstance(value, Box | str):
            raise TypeError(f"{self.field.name} takes a text.")
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(_TextField):
    """Sealed text. Empty by default; never null, in no form, compared by nothing."""

    descriptor_class = _SealedAttribute
    empty_strings_allowed = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(default="", editable=False, blank=True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("default", "editable", "blank"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "BinaryField"

    def belonging(self, row: models.Model) -> dict[str, Any]:
        """What a box is tied to: place, organisation and row."""
        return {
            "place": f"{self.model._meta.db_table}.{self.column}",
            "organisation_id": row.organisation_id,  # type: ignore[attr-defined]
            "row_id": row.pk,
        }

    def from_db_value(self, value: bytes | memoryview | None, expression: object, connection: object) -> Box:
        return Box(value or b"")

    def pre_save(self, model_instance: models.Model, add: bool) -> Box:
        held = model_instance.__dict__[self.attname]
        if not isinstance(held, Box):
            held = Box(crypto.seal(held, **self.belonging(model_instance)) if held else b"")
            model_instance.__dict__[self.attname] = held
        return held

    def get_prep_value(self, value: Any) -> Box:
        if isinstance(value, str) and not value:  # the default of a new column in a migration
            return Box()
        if isinstance(value, Sealed):  # `loaddata` saves a row as it is
            value = value.raw_for(self)
        if not isinstance(value, Box):
            raise TypeError(f"{self.name} is written by save() alone and cannot be searched.")
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return connection.Database.Binary(value) if value is not None else None

    def value_to_string(self, obj: models.Model) -> str:
        """For `dumpdata`: the box, never the text."""
        held = obj.__dict__[self.attname]
        return base64.b64encode(held if isinstance(held, Box) else self.pre_save(obj, False)).decode()

    def to_python(self, value: Any) -> Any:
        """For `loaddata`, the reverse of `value_to_string`."""
        return Box(base64.b64decode(value, validate=True)) if isinstance(value, str) else value
