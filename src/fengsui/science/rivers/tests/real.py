"""The real rivers: what is fitted on and what is tested on, as the README of the data divides them.

Thresholds, windows and resolutions are those of the gauges; none was searched for.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fengsui.science.rivers.station import Channel, History, Station, Values

FOOT = 0.3048


@dataclass(frozen=True)
class Case:
    """`lines`: levels whose crossing is warned of; `learned`: False where the floods fitted on are another river's."""

    name: str
    station: Station
    fit: tuple[History, ...]
    test: tuple[History, ...]
    lines: tuple[float, ...] = ()
    learned: bool = True


def columns(file: Path) -> tuple[Values, dict[str, Values]]:
    """Times in seconds (local clocks taken as they stand) and the columns; blanks are NaN."""
    with open(file, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = [name for name in rows[0] if name != "time"]
    at = np.array([moment(row["time"]) for row in rows])
    return at, {name: np.array([number(row[name]) for row in rows]) for name in names}


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "")).replace(tzinfo=UTC).timestamp()


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # empty, or two numbers in one cell
        return np.nan


def history(
    at: Values,
    level: Values,
    inputs: Sequence[Values] = (),
    since: str = "",
    until: str = "",
    flood: float | None = None,
) -> History:
    keep = np.ones(len(at), bool)
    if since:
        keep &= at >= moment(since)
    if until:
        keep &= at < moment(until)
    x = np.column_stack([each[keep] for each in inputs]) if inputs else np.empty((int(keep.sum()), 0))
    return History(at[keep], level[keep], x, flood)


def annagh(data: Path) -> Case:
    at, said = columns(data / "rivers/ireland_annagh/clonsingle_hourly_2012-2017.csv")
    station = Station(3600.0, (1, 3, 6, 12), 33.8, 24, 24, resolution=0.002)
    level = said["level_m"]
    parts = history(at, level, until="2016-01-01"), history(at, level, since="2016-01-01")
    return Case("Annagh", station, (parts[0],), (parts[1],), (34.0,))


def kent(data: Path) -> Case:
    at, said = columns(data / "rivers/uk_kent_2020/bowston_2020-01-01_02-12.csv")
    station = Station(900.0, (4, 12, 24), 0.8, 48, 48, inputs=(Channel("rain", "rain"),), resolution=0.005)
    level, rain = said["level_m"], [said["rain_mm"]]
    parts = history(at, level, rain, until="2020-02-01"), history(at, level, rain, since="2020-02-01")
    return Case("Kent", station, (parts[0],), (parts[1],), (1.0,))


def walnut(data: Path) -> Case:
    at, said = columns(data / "rivers/us_walnut_creek_2024/walnut_2024-07-01_08-07.csv")
    flows = ("buck_jones_cfs", "trailwood_cfs", "wilmington_cfs")
    inputs = [said["rain_in"] * 25.4, *(said[name] * FOOT**3 for name in flows)]
    channels = (Channel("rain", "rain"), *(Channel(name, "flow") for name in flows))
    station = Station(300.0, (12, 36, 72), 4.5 * FOOT, 72, 144, inputs=channels, resolution=0.01 * FOOT)
    level = said["state_street_ft"] * FOOT
    parts = history(at, level, inputs, until="2024-08-01"), history(at, level, inputs, since="2024-08-01")
    return Case("Walnut Creek", station, (parts[0],), (parts[1],), (6.0 * FOOT,))


def tokachi(data: Path) -> Case:
    at, said = columns(data / "rivers/japan_tokachi_2016/levels_aug01-28.csv")
    site = "s301081281107"
    names = ("060", "055", "050", "040")
    station = Station(3600.0, (1, 3, 6, 12), 6.0, 24, 36, inputs=tuple(map(Channel, names)), resolution=0.01)
    level, inputs = said[f"{site}070"], [said[f"{site}{name}"] for name in names]
    parts = history(at, level, inputs, until="2016-08-21"), history(at, level, inputs, since="2016-08-21")
    return Case("Tokachi", station, (parts[0],), (parts[1],), (7.0,))


def han(data: Path) -> Case:
    channels = (
        Channel("cheongdam"), Channel("dam_outflow", "flow", low=1.0), Channel("dam_inflow", "flow", low=1.0),
        Channel("jamsu"), Channel("haengju"), Channel("tide"),
    )  # fmt: skip
    station = Station(600.0, (6, 18, 36, 72), 5.0, 216, 216, inputs=channels, resolution=0.01, tidal=True)

    def of(name: str) -> History:
        at, said = columns(data / f"rivers/korea_han/han_{name}.csv")
        metres = {name: said[f"{name}_cm"] / 100.0 for name in ("cheongdam", "hangang", "jamsu", "haengju", "tide")}
        flows = [said["dam_outflow_m3s"], said["dam_inflow_m3s"]]
        return history(
            at, metres["hangang"], [metres["cheongdam"], *flows, metres["jamsu"], metres["haengju"], metres["tide"]]
        )

    return Case(
        "Han",
        station,
        tuple(map(of, ("2012a", "2012b", "2013"))),
        tuple(map(of, ("2016", "2017a", "2017b"))),
        (5.5, 6.2),
    )


def tides(data: Path) -> Case:
    """154 British tidal gauges with a range of a metre or more on 7 May 2021; every other one is fitted on."""
    gauges: dict[str, list[tuple[float, float]]] = {}
    with open(data / "uk_2021-05-07/wet_day.csv", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["qualifier"] == "Tidal Level" and row["unitName"] in ("mAOD", "m", "mASD"):
                key = f"{row['stationReference']} {row['unitName']}"
                gauges.setdefault(key, []).append((moment(row["dateTime"]), number(row["value"])))
    found = []
    for key, readings in sorted(gauges.items()):
        at, level = np.array(sorted(readings)).T
        tall = np.nanmax(level) - np.nanmin(level) > 1.0
        if not key.startswith("Not_Specified") and len(set(at)) >= 70 and tall:
            found.append(history(at, level))
    station = Station(900.0, (1, 2, 4), -1e6, 0, 0, resolution=0.01, pooled=True)  # every row counts as a flood
    return Case("Tide", station, tuple(found[::2]), tuple(found[1::2]))


def fourmile(data: Path) -> Case:
    """The flash flood: no earlier flood of its own, so that only settings come along, from the Kent's January."""
    with open(data / "usgs_fourmile_2018/05485605.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    at = np.array([moment(row["datetime_local"]) for row in rows])
    level = np.array([number(row["gage_height_ft"]) for row in rows]) * FOOT
    station = Station(900.0, (1, 2, 4), 1.2, 48, 96, resolution=0.01 * FOOT, pooled=True)
    return Case("Fourmile", station, (_foreign(data),), (history(at, level),), (2.0,), learned=False)


def dargle(data: Path) -> Case:
    """Thresholds on a river that nothing was fitted on."""
    at, said = columns(data / "rivers/ireland_dargle/powerscourt_2022-10_2023-01.csv")
    station = Station(900.0, (4, 12, 24), 73.2, 48, 48, resolution=0.002, pooled=True)
    return Case("Dargle", station, (_foreign(data),), (history(at, said["level_m"]),), (73.3,), learned=False)


def _foreign(data: Path) -> History:
    past = kent(data).fit[0]
    return replace(past, inputs=np.empty((len(past.time_s), 0)), flood=0.8)


CASES = (kent, fourmile, tokachi, dargle, annagh, walnut, tides, han)
