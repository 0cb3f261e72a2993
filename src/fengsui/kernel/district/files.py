"""The shape of those parts of the files that do not reach the district as they stand: heads, counts and templates."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fengsui.kernel.district.models import Fact, Lat, Lon, Position, Provenance


class Spot(Fact):
    lon: Lon
    lat: Lat


class Figure[N: (int, float)](Fact):
    value: N


class Outline(Fact):
    label: str
    ring: tuple[Position, ...] = Field(min_length=3)


class TeamTotal(Fact):
    teams: int
    people: int


class Totals(Fact):
    """What a public document counts; the files must agree. None, or a level not named: no document says."""

    streets: int | None = None
    communities: int | None = None
    waterlogging_points: int | None = None
    depots: int | None = None
    shelters: int | None = None
    checkpoints: int | None = None
    teams: dict[Literal["district", "street", "social"], TeamTotal] = {}


class Head(BaseModel):
    """district.yaml. Jurisdictions are read as objects of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str = Field(pattern=r"^\d{6}$")
    slug: str
    name: str
    name_en: str
    full_name: str
    parent: dict[str, str]
    timezone: str
    provenance: Provenance
    source: str = ""
    centre: Spot
    area_km2: Figure[float]
    population: Figure[int]
    seed: int
    outline: Outline
    jurisdictions: tuple[dict[str, str], ...]
    totals: Totals
    links: dict[str, str] = {}


class Template(BaseModel):
    """`each`: made once for every area of a kind, every team or point; texts hold {words} of that thing."""

    model_config = ConfigDict(extra="allow", frozen=True)
    of: Literal["subdistrict", "community", "team", "point"]
    code: str


class ChainTemplate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    of: Literal["subdistrict", "community", "point"]
    order: tuple[str, ...] = Field(min_length=1)


class PeopleSpec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    phone_prefix: str = Field(pattern=r"^\d{1,8}$")
    email_domain: str


class ShelterClass(BaseModel):
    """`area_m2`: smallest and largest; `share`: how many of the shelters."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    name: str
    share: int = Field(ge=0)
    area_m2: tuple[float, float]
    m2_per_person: float = Field(gt=0)
    open_days: int = Field(gt=0)


class ShelterSpec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    count: int = Field(ge=0)
    classes: tuple[ShelterClass, ...]
    places: tuple[str, ...]
