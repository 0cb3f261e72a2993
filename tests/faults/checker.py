"""The proof afterwards: `python -m tests.faults.inside checker ROUND`, against the installation's own database.

Prints one JSON object: figures, and findings in words, none where all held. What is compared is the truth that the
workload wrote down, and the rows.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.faults import loops as _loops  # noqa: F401 - its checks declare themselves
from tests.faults.frame import CHECKS, Round, check, some, sql


@check
def readings(of: Round) -> Iterator[str]:
    first = min(at for _, at, _ in of.readings)
    last = max(at for _, at, _ in of.readings)
    rows = sql(
        "SELECT s.code, o.at, o.value FROM sensing_observation o JOIN sensing_datastream d ON d.id = o.datastream_id "
        "JOIN sensing_station s ON s.id = d.station_id WHERE o.at BETWEEN %s AND %s", first, last,
    )  # fmt: skip
    stored = set(rows)
    lost = set(of.readings) - stored
    excused = of.only_there(lost)
    of.figures |= {
        "acknowledged": len(of.readings), "stored": len(stored & set(of.readings)),
        "lost": of.figures["lost"] + len(lost - excused), "lost with the store": len(lost & excused),
        "doubled": of.figures["doubled"] + len(rows) - len(stored),
    }  # fmt: skip
    if missing := lost - excused:
        yield f"{len(missing)} readings acknowledged and not stored: {some(missing)}"
    if len(rows) != len(stored):
        yield f"{len(rows) - len(stored)} readings stored twice"
    twice = [key for key, n in Counter((station, at) for station, at, _ in rows).items() if n > 1]
    if twice:
        of.figures["doubled"] += len(twice)
        yield f"two values for one moment that was sent once: {some(twice)}"
    refused = sql("SELECT code, count(*) FROM sensing_rejectedmessage GROUP BY 1")
    if refused:
        yield f"sound messages kept as refused: {refused}"


@check
def current_values(of: Round) -> Iterator[str]:
    """The newest row of each stream that the series counts is what stands as its current value."""
    for code, at, newest in sql(
        "SELECT s.code, c.at, (SELECT max(o.at) FROM sensing_observation o WHERE o.datastream_id = d.id"
        " AND o.at <= greatest(c.at, o.received_at + interval '5 minutes')) FROM sensing_currentvalue c"
        " JOIN sensing_datastream d ON d.id = c.datastream_id JOIN sensing_station s ON s.id = d.station_id"
    ):
        if at is None and newest is None:
            continue
        if at is None or newest is None or at < newest:
            yield f"current value of {code} stands at {at}, its newest row is of {newest}"


@check
def what_people_did(of: Round) -> Iterator[str]:
    """Each answer that said yes has its row, once."""
    looked = {
        "note": ("SELECT text FROM incidents_logentry WHERE text = ANY(%s)", "text"),
        "report": ("SELECT text FROM command_progress WHERE text = ANY(%s)", "text"),
        "incident": ("SELECT summary FROM incidents_incident WHERE summary = ANY(%s)", "text"),
        "order": ("SELECT number FROM command_order WHERE number = ANY(%s)", "number"),
        "bulletin": ("SELECT number FROM alerts_bulletin WHERE number = ANY(%s)", "number"),
    }
    for name, (query, field) in looked.items():
        wanted = [each[field] for each in of.facts(name)]
        found = Counter(value for (value,) in sql(query, wanted))
        of.figures[f"{name}s"] = len(wanted)
        if gone := [each for each in wanted if not found[each]]:
            of.figures["lost"] += len(gone)
            yield f"{name}s answered with yes and not there: {some(gone)}"
        if twice := [each for each, n in found.items() if n > 1]:
            of.figures["doubled"] += len(twice)
            yield f"{name}s there twice: {some(twice)}"
    of.figures["cases"] = len(of.facts("case"))
    for fact in of.facts("tasks"):
        rows = sql("SELECT count(*), count(DISTINCT code) FROM command_task WHERE incident_id = %s", fact["incident"])
        if rows[0][0] != rows[0][1]:
            yield f"tasks of one plan given out twice: incident {fact['incident']}: {rows[0]}"
    if refused := [each["refused"] for each in of.told if "refused" in each and "no answer" in each["refused"]]:
        yield f"people got no answer at all: {some(refused)}"
    refusals = Counter(each["refused"] for each in of.told if "refused" in each)
    of.figures["refused"] = refusals.total()
    print(*refusals, sep="\n", file=sys.stderr)


@check
def numbers(of: Round) -> Iterator[str]:
    """No number of a document twice, none left out: a draw that was rolled back gives its number back."""
    for table in ("incidents_incident", "command_order", "alerts_bulletin"):
        for number, n in sql(f"SELECT number, count(*) FROM {table} GROUP BY world_id, number HAVING count(*) > 1"):
            yield f"number {number} given {n} times in {table}"
    for series, last in sql("SELECT code, last FROM incidents_series"):
        used = sum(
            sql(f"SELECT count(*) FROM {table} WHERE number LIKE %s", f"%{series}%")[0][0]
            for table in ("incidents_incident", "command_order")
        )
        if used and used != last:
            yield f"series {series}: {last} numbers drawn, {used} used"


def quiet() -> bool:
    """Nothing is on its way any more: no job to do now, no delivery with a try ahead within minutes."""
    busy = sql(
        "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name <> 'upkeep'"
        " AND coalesce(scheduled_at, now()) < now() + interval '90 s'"
    )
    ahead = sql(
        "SELECT count(*) FROM alerts_delivery WHERE state IN ('pending', 'failed')"
        " AND next_try_at < now() + interval '90 s'"
    )
    return not busy[0][0] and not ahead[0][0]


def main(number: str) -> int:
    if number == "quiet":
        print(json.dumps(quiet()))
        return 0
    of = Round(Path(os.environ["FAULTS_TRUTH"]), int(number))
    findings = [found for each in CHECKS for found in each(of)]
    print(json.dumps({"figures": of.figures, "findings": findings}, ensure_ascii=False))
    return 0
