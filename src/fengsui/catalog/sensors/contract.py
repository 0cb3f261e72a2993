"""What a kind of sensor declares, and the JSON payload that all of ours share.

Single:  {"t": "2026-07-28T02:47:06+08:00", "v": 0.27, "unit": "m"}
Batched: {"unit": "cm", "readings": [["2026-07-28T02:47:06+08:00", 27], [1785178086, 28]]}
`t` is ISO 8601 with an offset or a Unix time (seconds or milliseconds); without it the time of arrival counts.
`flags` (list of words) are the device's own remarks; they are checked and handed on, but no table keeps them yet.
Other members are ignored. Nothing is guessed: an unusable row of a batch is rejected with the whole message, to be
kept and looked at, while its sound rows still count; one bad sample must not blind a gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

import orjson

from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.terms import Term

MAX_BYTES = 64 * 1024
MAX_READINGS = 2_000
_MILLISECONDS = 1e11  # a number beyond this cannot be seconds before the year 5138
_YEARS = range(1900, 2200)
"""What a clock may claim. A wrong clock is flagged; beyond this, times are inexact and no calendar can show them."""


class Reading(NamedTuple):
    """One value in the kind's unit. `at` is aware (UTC) or None where the device gave no time."""

    at: datetime | None
    value: float
    unit: str
    flags: tuple[str, ...] = ()


class Rejected(FengsuiError):
    """A payload that cannot be used. The message is kept with this code and these facts.

    sound: readings of the same message that can be used all the same.
    """

    status = 422
    sound: Sequence[Reading] = ()


@dataclass(frozen=True, slots=True)
class Display:
    """How numbers of a stream are said: value * factor, in `unit`, with so many decimals."""

    factor: float
    unit: str
    decimals: int

    def number(self, value: float) -> float:
        return round(value * self.factor, self.decimals)

    def text(self, value: float | None) -> str:
        return "" if value is None else f"{value * self.factor:.{self.decimals}f}"

    def error(self, value: float | None) -> str:
        """An error is small: one digit more than a value has."""
        return "" if value is None else f"{value * self.factor:.{self.decimals + 1}f}"

    def whole(self, value: float | None) -> str:
        """With the unit; '' where there is no value."""
        return "" if value is None else f"{self.text(value)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Checks:
    """How the course of a kind is checked behind the commit (science.series.watch); its figures are ours [U] unless
    the note says otherwise.

    floor: the smallest scatter that is believed, in the kind's unit: what the sensor itself does. near_km: stations of
    the kind within so many km see the same, 0 = none do. settles_s: where nobody can be asked, so long after a shift
    that never went back somebody is to look; None = never, the kind's own course shifts like that.
    """

    floor: float
    near_km: float = 0.0
    settles_s: float | None = None
    basis_note: str = ""


@dataclass(frozen=True, slots=True)
class SensorKind:
    """`plausible` and `max_rate_per_min` are in `unit`; outside them a reading is kept and flagged, never dropped.

    `units`: accepted payload unit -> factor into `unit`.
    `sums`: a value is the sum since the last one (rain), not a state.
    `said_in`: (unit, factor, decimals) where people do not speak of it in `unit`; else `decimals` say how finely.
    `learned_s`: how far ahead a forecast looks that is learned from a station's past; None: nothing is learned of this
    kind. `neighbours_km`: stations of the same kind within so many km run ahead of it, 0 = none do. `checks`: None
    where a course says nothing (rain: dry is 0 for weeks).
    `stuck_s`: a value that stands still for longer is stuck, None = never. `low_water`: below a station's first line
    the value may stand still for `still_s`, None = for ever.
    """

    code: str
    term: Term
    unit: str
    quantity: Term
    plausible: tuple[float, float]
    max_rate_per_min: float
    period_s: int
    units: Mapping[str, float]
    decode: Callable[[bytes], list[Reading]]
    sums: bool = False
    stuck_s: float | None = 6 * 3600.0
    low_water: bool = False
    still_s: float | None = None
    learned_s: float | None = None
    neighbours_km: float = 0.0
    checks: Checks | None = None
    decimals: int = 3
    said_in: tuple[str, float, int] | None = None
    basis_note: str = ""

    @property
    def display(self) -> Display:
        unit, factor, decimals = self.said_in or (self.unit, 1.0, self.decimals)
        return Display(factor, unit, decimals)


def json_decoder(unit: str, units: Mapping[str, float]) -> Callable[[bytes], list[Reading]]:
    """A decoder of the shared JSON payload for one kind. Raises Rejected with one of
    sensor.decode.{too_large,not_json,not_object,unit_missing,unit_wrong,value,time,flags,empty,too_many,rows}.
    Rows are counted from 1 in the facts."""

    def decode(payload: bytes) -> list[Reading]:
        if len(payload) > MAX_BYTES:
            raise Rejected("sensor.decode.too_large", bytes=len(payload), limit=MAX_BYTES)
        try:
            message = orjson.loads(payload)
        except orjson.JSONDecodeError as broken:
            raise Rejected("sensor.decode.not_json", detail=str(broken)) from None
        if not isinstance(message, dict):
            raise Rejected("sensor.decode.not_object", found=type(message).__name__)
        given = message.get("unit")
        if given is None:
            raise Rejected("sensor.decode.unit_missing", accepted=sorted(units))
        factor = units.get(given) if isinstance(given, str) else None
        if factor is None:
            raise Rejected("sensor.decode.unit_wrong", unit=str(given)[:40], accepted=sorted(units))
        given_flags = message.get("flags")
        flags = [] if given_flags is None else given_flags
        if not (isinstance(flags, list) and all(isinstance(flag, str) for flag in flags)):
            raise Rejected("sensor.decode.flags")
        rows = message.get("readings")
        if rows is None:
            at = message.get("t")
            value = _number(1, message.get("v"), factor)
            return [Reading(None if at is None else _time(1, at), value, unit, tuple(flags))]
        if not isinstance(rows, list) or not rows:
            raise Rejected("sensor.decode.empty")
        if len(rows) > MAX_READINGS:
            raise Rejected("sensor.decode.too_many", count=len(rows), limit=MAX_READINGS)
        sound: list[Reading] = []
        bad: list[tuple[int, Rejected]] = []
        remarks = tuple(flags)
        for number, row in enumerate(rows, 1):
            try:
                if not isinstance(row, list) or len(row) != 2:
                    raise Rejected("sensor.decode.value", index=number, value=str(row)[:40])
                at, value = row
                moment = None if at is None else _time(number, at)
                sound.append(Reading(moment, _number(number, value, factor), unit, remarks))
            except Rejected as no:
                bad.append((number, no))
        if bad:
            raise _some(bad, sound)
        return sound

    return decode


def _some(bad: Sequence[tuple[int, Rejected]], sound: Sequence[Reading]) -> Rejected:
    """What is wrong with a batch: the one reason where nothing of it can be used, else which rows, with the first's."""
    first = bad[0][1]
    if not sound:
        return first
    which = ", ".join(str(number) for number, _ in bad[:20]) + (" …" if len(bad) > 20 else "")
    found = Rejected(
        "sensor.decode.rows", rows=which, bad=len(bad), count=len(bad) + len(sound), first=first.code, **first.facts
    )
    found.sound = sound
    return found


def _number(index: int, value: Any, factor: float) -> float:
    """The value in the kind's unit. Text, truth values, null and anything not finite are refused, never guessed."""
    scaled = value * factor if type(value) is float or type(value) is int else None
    if scaled is None or not isfinite(scaled):
        raise Rejected("sensor.decode.value", index=index, value=str(value)[:40])
    return float(value) if factor == 1.0 else round(scaled, 9)


def _time(index: int, at: Any) -> datetime:
    try:
        if type(at) is str:
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("no offset")
            moment = moment.astimezone(UTC)
        elif type(at) is int or type(at) is float:
            moment = datetime.fromtimestamp(at / 1000 if abs(at) > _MILLISECONDS else at, UTC)
        else:
            raise ValueError("neither text nor number")
        if moment.year not in _YEARS:
            raise ValueError(f"year {moment.year}")
        return moment
    except (ValueError, OverflowError, OSError) as broken:
        raise Rejected("sensor.decode.time", index=index, time=str(at)[:40], detail=str(broken)) from None
