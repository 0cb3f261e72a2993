"""What the checks can say of street flood events: summaries of single floods, without the readings.

`python -m fengsui.science.series.street FOLDER` reports on FloodNet's events (New York): how many of the flagged and of
the other ones each rule catches. The set holds no series, so of the checks only what a summary can break is asked.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

Row = Mapping[str, str]
Mask = npt.NDArray[np.bool_]
INCH_M = 0.0254
NEAR_KM, TOGETHER_MIN = 5.0, 60.0
DEEPEST_IN, FASTEST_IN_MIN, LONGEST_MIN, SPARSEST_MIN = 60.0, 1.0, 1440.0, 10.0
"""1.5 m on a street, 1.5 m/h of rise, a day under water, ten minutes between readings of a one-minute sensor. [G]"""
ROUNDING_MIN, ROUNDING_IN = 0.03, 0.011
"""The set gives hundredths; differences of two rounded figures are up to this."""


@dataclass(frozen=True, slots=True)
class Events:
    """Columns of n events, NaN or False where the set says nothing. Minutes, inches as the set has them, km."""

    sensor: npt.NDArray[np.str_]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    numbers: Mapping[str, npt.NDArray[np.float64]]
    ordered: Mask
    placed: Mask
    flagged: Mask

    def __getitem__(self, name: str) -> npt.NDArray[np.float64]:
        return self.numbers[name]


_NUMBERS = (
    "max_depth_inches", "onset_time_mins", "drain_time_mins", "duration_mins", "duration_above_4_inches_mins",
    "duration_above_12_inches_mins", "duration_above_24_inches_mins", "latitude", "longitude", "max_depth_m_sensor",
    "profile_point_count", "profile_max_abs_error_inches", "profile_duration_abs_error_mins",
)  # fmt: skip


def events(rows: Iterable[Row], flagged: Iterable[Row]) -> Events:
    """Each event once, by sensor and start; those of `flagged` are marked, whether `rows` holds them or not."""
    marked = {_key(row): row for row in flagged}
    every = {_key(row): row for row in rows} | marked
    table = list(every.values())
    numbers = {name: np.array([float(row[name] or "nan") for row in table]) for name in _NUMBERS}
    return Events(
        np.array([row["sensor_id"] for row in table]),
        np.array([_minutes(row["flood_start_time"]) for row in table]),
        np.array([_minutes(row["flood_end_time"]) for row in table]),
        numbers,
        np.array([row["profile_monotonic_time"] == "True" for row in table]),
        np.array([bool(row["latitude"] and row["tidally_influenced"]) for row in table]),
        np.array([key in marked for key in every]),
    )


def _key(row: Row) -> tuple[str, str]:
    return row["sensor_id"], row["flood_start_time"]


def _minutes(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() / 60.0


def _unequal(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], by: float) -> Mask:
    """Where both are known and differ by more than rounding."""
    return np.asarray(np.abs(one - other) > by, np.bool_)


def _range(e: Events) -> Mask:
    depth, length = e["max_depth_inches"], e["duration_mins"]
    return ~(depth > 0) | (depth > DEEPEST_IN) | ~(length > 0)


def _rate(e: Events) -> Mask:
    return np.asarray(e["max_depth_inches"] > FASTEST_IN_MIN * np.maximum(e["onset_time_mins"], 1.0), np.bool_)


def _stuck(e: Events) -> Mask:
    return np.asarray(e["duration_mins"] > LONGEST_MIN, np.bool_)


def _gap(e: Events) -> Mask:
    return np.asarray(e["duration_mins"] > SPARSEST_MIN * e["profile_point_count"], np.bool_)


def _duplicate(e: Events) -> Mask:
    """Two figures for one thing that do not agree, within the summary."""
    length, depth = e["duration_mins"], e["max_depth_inches"]
    found = _unequal(e["onset_time_mins"] + e["drain_time_mins"], length, ROUNDING_MIN)
    found |= _unequal(e.end - e.start, length, ROUNDING_MIN)
    found |= _unequal(e["max_depth_m_sensor"] / INCH_M, depth, ROUNDING_IN)
    above = length
    for inches in (4, 12, 24):
        over = e[f"duration_above_{inches}_inches_mins"]
        found |= ((over > 0) & (depth <= inches)) | (over > above + ROUNDING_MIN)
        above = over
    return np.asarray(found, np.bool_)


def _overlap(e: Events) -> Mask:
    """One sensor in two floods at once."""
    order = np.lexsort((e.start, e.sensor))
    same = e.sensor[order][1:] == e.sensor[order][:-1]
    over = same & (e.start[order][1:] <= e.end[order][:-1])
    found = np.zeros(len(order), np.bool_)
    found[order[1:]] |= over
    found[order[:-1]] |= over
    return found


def _alone(e: Events) -> Mask:
    """Two or more other sensors within 5 km, and none of them under water from an hour before to an hour after.

    Of the time after the last unflagged event only flagged ones are in the set: there nothing can be said.
    """
    known_until = e.start[~e.flagged].max(initial=-np.inf)
    places = {s: (a, b) for s, a, b in zip(e.sensor, e["latitude"], e["longitude"], strict=True) if np.isfinite(a)}
    names = np.array(sorted(places))
    where = np.radians([places[name] for name in names])
    found = np.zeros(len(e.sensor), np.bool_)
    for i, sensor in enumerate(e.sensor):
        if sensor not in places or e.start[i] > known_until:
            continue
        here = np.radians(places[sensor])
        km = 6371.0 * np.hypot(where[:, 0] - here[0], (where[:, 1] - here[1]) * np.cos(here[0]))
        near = names[(km <= NEAR_KM) & (names != sensor)]
        together = (e.start <= e.end[i] + TOGETHER_MIN) & (e.end >= e.start[i] - TOGETHER_MIN)
        found[i] = len(near) >= 2 and not (np.isin(e.sensor, near) & together).any()
    return found


SUMMARY: Mapping[str, Callable[[Events], Mask]] = {
    "range": _range, "rate": _rate, "stuck": _stuck, "gap": _gap, "duplicate": _duplicate, "late": _overlap,
    "alone": _alone,
}  # fmt: skip
"""Rules over what the sensor's summary says, by the flag they would give."""

PROFILE: Mapping[str, Callable[[Events], Mask]] = {
    "duplicate": lambda e: (
        (e["profile_max_abs_error_inches"] > ROUNDING_IN) | (e["profile_duration_abs_error_mins"] > ROUNDING_MIN)
    ),
    "late": lambda e: ~e.ordered,
    "unit": lambda e: ~e.placed,
}
"""Rules over the columns in which somebody compared the summary with the profile: what the set was flagged by."""


@dataclass(frozen=True, slots=True)
class Caught:
    """flagged, others: events that the rule catches. Of `of_flagged` and `of_others`."""

    rule: str
    flagged: int
    others: int
    of_flagged: int
    of_others: int


def caught(e: Events, rules: Mapping[str, Callable[[Events], Mask]]) -> list[Caught]:
    """By rule, and by any of them but `alone`."""
    masks = {name: rule(e) for name, rule in rules.items()}
    alone = masks.pop("alone", None)
    masks["any of these"] = np.logical_or.reduce(list(masks.values()))
    if alone is not None:
        masks["alone"] = alone  # of half of all floods: a remark, never a verdict
    whole = int(e.flagged.sum()), int((~e.flagged).sum())
    return [
        Caught(name, int((mask & e.flagged).sum()), int((mask & ~e.flagged).sum()), *whole)
        for name, mask in masks.items()
    ]


def read(folder: Path) -> Events:
    """The two files of the set."""
    tables = []
    for name in ("events_to_2025-06.csv", "flagged_events.csv"):
        with open(folder / name, encoding="utf-8", newline="") as lines:
            tables.append(list(csv.DictReader(lines)))
    return events(*tables)


def report(e: Events) -> str:
    """A table in Markdown."""
    told = [f"{len(e.flagged)} events, {int(e.flagged.sum())} flagged", "", "| Rules over | flag | flagged | others |"]
    told.append("|---|---|---|---|")
    for over, rules in (("summary", SUMMARY), ("comparison with the profile", PROFILE)):
        told += [
            f"| {over} | {row.rule} | {row.flagged} of {row.of_flagged} | {row.others} of {row.of_others} |"
            for row in caught(e, rules)
        ]
    return "\n".join(told)


if __name__ == "__main__":
    print(report(read(Path(sys.argv[1]))))
