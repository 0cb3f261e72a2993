"""What the guided page of a new district announces, about the district's own area."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DistrictTried:
    """Files were given for a step: how many, and how much in them has to be mended. Their names may be personal."""

    step: str
    files: int
    wrong: int


@dataclass(frozen=True, slots=True)
class DistrictTaken:
    """They were written into the district's files."""

    step: str
    files: int


@dataclass(frozen=True, slots=True)
class DistrictLoaded:
    """The district's files are in the database; `rows` by kind."""

    step: str
    rows: int


@dataclass(frozen=True, slots=True)
class DistrictFinished:
    """The guided page was closed."""

    step: str
