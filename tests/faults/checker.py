"""The proof afterwards: `python -m tests.faults.inside checker ROUND`, against the installation's own database.

Prints one JSON object: figures, and findings in words, none where all held. Each check is a function that yields findings
and is collected by its decorator; what is compared is the truth that the workload wrote down and the rows.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from fengsui.core import audit_check, record
from tests.faults.devices import WINDOW

Reading = tuple[str, datetime, float]
Check = Callable[["Round"], Iterator[str]]
CHECKS: list[Check] = []
SHOWN = 5


def check(work: Check) -> Check:
    CHECKS.append(work)
    return work


class Round:
    """What one round's workload wrote down."""

    def __init__(self, truth: Path, number: int) -> None:
        self.truth, self.number = truth, number
        self.figures: dict[str, int] = {}
        self.readings: dict[Reading, float] = {}
        """With the moment of its acknowledgement."""
        for line in (truth / f"readings-{number}.txt").read_text().splitlines():
            station, at, value, acknowledged = line.split()
            self.readings[station, datetime.fromisoformat(at), float(value)] = float(acknowledged)
        self.told = [json.loads(line) for line in (truth / f"people-{number}.jsonl").read_text().splitlines()]
        kept = truth / "stores-lost.txt"
        self.stores_lost = [float(line) for line in kept.read_text().split()] if kept.exists() else []

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.told if each.get("fact") == name]

    def only_there(self, lost: set[Reading]) -> set[Reading]:
        """Of the lost readings those that a broker's lost store alone held: acknowledged before it went, and the last of
        their station until then. Ingest stores in the stream's order, so nothing in the middle can be excused; what a
        device sent again may stand two windows later there than it was measured.
        """
        excused: set[Reading] = set()
        for moment in self.stores_lost:
            after: dict[str, int] = {}
            before = [key for key, acknowledged in self.readings.items() if acknowledged <= moment + 0.5]
            for key in sorted(before, key=lambda each: each[1], reverse=True):
                if key in lost and after.get(key[0], 0) <= 2 * WINDOW:
                    excused.add(key)
                elif key not in lost:
                    after[key[0]] = after.get(key[0], 0) + 1
        return excused

    def books(self, name: str) -> list[dict[str, Any]]:
        path = self.truth / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sql(text: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return list(cursor.fetchall())


def some(rows: Any) -> str:
    listed = sorted(map(str, rows))
    return "; ".join(listed[:SHOWN]) + (f" … of {len(listed)}" if len(listed) > SHOWN else "")


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
        "lost": len(lost - excused), "lost with the store": len(lost & excused),
        "doubled": len(rows) - len(stored),
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


@check
def clocks(of: Round) -> Iterator[str]:
    """Each rung once, with its event; what is due has fired; what is open runs and belongs to somebody."""
    fired = Counter(sql("SELECT clock_id::text, rung FROM core_clockfiring"))
    heard = Counter(
        sql(
            "SELECT payload->>'clock_id', (payload->>'rung')::int FROM core_storedevent WHERE name = 'core.ClockEscalated'"
        )
    )
    of.figures["escalations"] = len(fired)
    if twice := [key for key, n in [*fired.items(), *heard.items()] if n > 1]:
        of.figures["doubled"] += len(twice)
        yield f"rungs fired twice: {some(twice)}"
    if odd := {key for key in fired if key[1] >= 0} ^ set(heard):
        yield f"rungs without their event, or events without a rung: {some(odd)}"
    planned = json.loads((of.truth / f"clocks-{of.number}.json").read_text())
    if silent := [(clock, rung) for clock in planned for rung in (0, 1) if not fired[clock, rung]]:
        yield f"rungs that never fired: {some(silent)}"
    late = sql(
        "SELECT kind, about_id, next_fire_at FROM core_clock WHERE state = 'running' AND next_fire_at < now() - interval '60 s'"
    )
    if late:
        yield f"clocks due and not fired: {some(late)}"
    nobody = sql(
        "SELECT id FROM core_clock WHERE state = 'running' AND owner_post IS NULL AND owner_person IS NULL AND owner_role = ''"
        " OR state = 'running' AND next_fire_at IS NULL AND rungs_fired < jsonb_array_length(ladder)"
    )
    if nobody:
        yield f"open clocks without owner or next call: {some(nobody)}"


@check
def open_things(of: Round) -> Iterator[str]:
    """Whatever waits for somebody has a clock that runs (or ran out loudly): warnings, tasks, dead letters, failed jobs."""
    owed = {
        "warning waiting": (
            "alerts_warning",
            "alerts.warning",
            "status IN ('draft', 'confirmed', 'revising', 'revised')",
        ),
        "task open": (
            "command_task",
            "command.task",
            "status IN ('waiting', 'accepted', 'doing', 'blocked', 'declined')",
        ),
    }
    for name, (table, about, where) in owed.items():
        rows = sql(
            f"SELECT t.id FROM {table} t WHERE {where} AND NOT EXISTS (SELECT 1 FROM core_clock c WHERE c.about_type = %s"
            " AND c.about_id = t.id::text AND (c.state IN ('running', 'paused') OR c.closed_by IS NULL AND c.state <> 'cancelled'))",
            about,
        )
        if rows:
            yield f"{name} without a clock: {some(rows)}"
    jobs = sql(
        "SELECT j.id, j.task_name FROM procrastinate_jobs j WHERE j.status = 'failed' AND NOT EXISTS (SELECT 1 FROM core_clock c"
        " WHERE c.kind = 'core.failed_job' AND c.about_id = j.id::text)"
    )
    if jobs:
        yield f"jobs that gave up without a clock: {some(jobs)}"
    of.figures["jobs given up"] = sql("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")[0][0]


@check
def reactions(of: Round) -> Iterator[str]:
    """Each stored event was reacted to by each that reacts to its kind, once."""
    names = [name for (name,) in sql("SELECT DISTINCT name FROM core_storedevent")]
    for name in names:
        for handler in record.handlers_of(name):
            rows = sql(
                "SELECT e.id FROM core_storedevent e WHERE e.name = %s AND NOT EXISTS (SELECT 1 FROM core_handled h"
                " WHERE h.event_id = e.id AND h.handler = %s)", name, handler,
            )  # fmt: skip
            if rows:
                yield f"{name} never reached {handler}: {some(rows)}"


@check
def deliveries(of: Round) -> Iterator[str]:
    """One bulletin by one outlet, or to one person, once; a receipt stands only where the other side wrote it down."""
    got = {each["key"] for each in of.books("webhook") if each["signed"]}
    got |= {each["key"] for each in of.books("broadcast")}
    mails = Counter(str(each["id"]).strip("<>").partition("@")[0] for each in of.books("mail"))
    rows = sql(
        "SELECT d.id::text, o.channel, d.state, d.next_try_at, d.call_id IS NOT NULL FROM alerts_delivery d"
        " JOIN alerts_outlet o ON o.code = d.outlet_id"
    )
    of.figures["deliveries"] = len(rows)
    of.figures["dead letters"] = sum(state == "dead" for _, _, state, _, _ in rows)
    for key, channel, state, again, _ in rows:
        seen = key in got if channel in ("webhook", "mqtt") else key in mails if channel == "email" else True
        if state == "acknowledged" and not seen:
            yield f"{channel} delivery {key} has a receipt, and the other side has nothing"
        if state in ("pending", "failed"):
            yield f"{channel} delivery {key} is still {state}, next try {again}"
    people = sql(
        "SELECT c.bulletin_id, c.person_id, count(*) FROM alerts_call c JOIN alerts_delivery d ON d.call_id = c.id"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    )
    if people:
        of.figures["doubled"] += len(people)
        yield f"one person mailed twice about one bulletin: {some(people)}"
    unfinished = sql(
        "SELECT DISTINCT d.bulletin_id FROM alerts_delivery d WHERE d.state = 'dead' AND d.call_id IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM core_clock c WHERE c.kind = 'alerts.deliver' AND c.about_id = d.bulletin_id::text)"
    )
    if unfinished:
        yield f"dead letters that are nobody's: {some(unfinished)}"


@check
def map_counts(of: Round) -> Iterator[str]:
    for layer, points, cells in sql(
        "SELECT p.layer, count(*), (SELECT coalesce(sum(n), 0) FROM core_mapcell c WHERE c.layer = p.layer AND c.z ="
        " (SELECT min(z) FROM core_mapcell m WHERE m.layer = p.layer)) FROM core_mappoint p"
        " WHERE p.held_rank IS NOT NULL GROUP BY p.layer"
    ):
        if points != cells:
            yield f"map layer {layer}: {points} points, its cells count {cells}"


@check
def audit(of: Round) -> Iterator[str]:
    found = list(audit_check.faults())
    of.figures["audit rows"] = sql("SELECT count(*) FROM core_auditrow")[0][0]
    if found:
        yield f"audit chain: {some(found)}"


def quiet() -> bool:
    """Nothing is on its way any more: no job to do now, no delivery with a try ahead within minutes."""
    busy = sql(
        "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND coalesce(scheduled_at, now()) < now() + interval '90 s' AND queue_name <> 'upkeep'"
    )
    ahead = sql(
        "SELECT count(*) FROM alerts_delivery WHERE state IN ('pending', 'failed') AND next_try_at < now() + interval '90 s'"
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
