"""What bodies and answers are made of. Titles are Chinese and served in the language asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from django.utils.translation import gettext_noop as _
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema


class Body(BaseModel):
    """What is sent: nothing but the fields described."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Out(BaseModel):
    """What is answered, read off a row or built by name."""

    model_config = ConfigDict(from_attributes=True)


class Page[T](Out):
    """A part of a list. `next_cursor` asks for the part after it; null at the end."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Among:
    """Beside `str` in an annotation: one of these codes, as a Literal would be if they were written out."""

    codes: tuple[str, ...]

    @classmethod
    def of(cls, terms: Iterable[str], *more: str) -> Among:
        return cls((*more, *terms))

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.literal_schema(list(self.codes))


class Nothing(Body):
    """A press that needs no words."""


class Reason(Body):
    reason: Annotated[str, Field(title=_("理由"), min_length=1, max_length=300)]


class Position(Body):
    """Degrees of WGS 84."""

    lon: Annotated[float, Field(title=_("经度"), ge=-180, le=180)]
    lat: Annotated[float, Field(title=_("纬度"), ge=-90, le=90)]

    @property
    def pair(self) -> tuple[float, float]:
        return (self.lon, self.lat)


Moment = AwareDatetime
"""ISO 8601 with its offset."""


def point(place: object) -> list[float] | None:
    """[longitude, latitude] of a stored point."""
    return [round(place.x, 6), round(place.y, 6)] if place is not None else None  # type: ignore[attr-defined]  # a geometry of the database


__all__ = ["Among", "Body", "Moment", "Nothing", "Out", "Page", "Position", "Reason", "point"]
