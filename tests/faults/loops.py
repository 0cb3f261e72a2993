"""What is open, owed or sent: clocks, tasks, reactions, deliveries, counts and the record. Read by checker.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from fengsui.core import audit_check, record
from tests.faults.frame import Round, check, some, sql

TASK_OPEN = "status IN ('waiting', 'accepted', 'doing', 'blocked', 'declined')"


@check
def clocks(of: Round) -> Iterator[str]:
    """Each rung once, with its event; what is due has fired; what is open runs and belongs to somebody."""
    fired = Counter(sql("SELECT clock_id::text, rung FROM core_clockfiring"))
    heard = Counter(
        sql(
            "SELECT payload->>'clock_id', (payload->>'rung')::int FROM core_storedevent"
            " WHERE name = 'core.ClockEscalated'"
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
        "SELECT kind, about_id, next_fire_at FROM core_clock WHERE state = 'running'"
        " AND next_fire_at < now() - interval '60 s'"
    )
    if late:
        yield f"clocks due and not fired: {some(late)}"
    nobody = sql(
        "SELECT id FROM core_clock WHERE state = 'running' AND owner_post IS NULL AND owner_person IS NULL"
        " AND owner_role = ''"
        " OR state = 'running' AND next_fire_at IS NULL AND rungs_fired < jsonb_array_length(ladder)"
    )
    if nobody:
        yield f"open clocks without owner or next call: {some(nobody)}"


@check
def open_things(of: Round) -> Iterator[str]:
    """Whatever waits for somebody has a clock that runs, or ran out loudly: warnings, tasks, failed jobs."""
    owed = {
        "warning waiting": (
            "alerts_warning",
            "alerts.warning",
            "status IN ('draft', 'confirmed', 'revising', 'revised')",
        ),
        "task open": ("command_task", "command.task", f"clock_kind = '' AND {TASK_OPEN}"),
    }
    for name, (table, about, where) in owed.items():
        rows = sql(
            f"SELECT t.id FROM {table} t WHERE {where} AND NOT EXISTS (SELECT 1 FROM core_clock c"
            " WHERE c.about_type = %s AND c.about_id = t.id::text"
            " AND (c.state IN ('running', 'paused') OR c.closed_by IS NULL AND c.state <> 'cancelled'))",
            about,
        )
        if rows:
            yield f"{name} without a clock: {some(rows)}"
    by_law = sql(
        f"SELECT t.id, t.clock_kind FROM command_task t JOIN incidents_incident i ON i.id = t.incident_id"
        f" WHERE clock_kind <> '' AND t.{TASK_OPEN} AND NOT EXISTS (SELECT 1 FROM core_clock c"
        " WHERE c.kind = t.clock_kind AND (c.about_id = i.id::text OR c.correlation = i.correlation))"
    )
    if by_law:
        yield f"task open whose clock by law does not exist: {some(by_law)}"
    jobs = sql(
        "SELECT j.id, j.task_name FROM procrastinate_jobs j WHERE j.status = 'failed' AND NOT EXISTS"
        " (SELECT 1 FROM core_clock c WHERE c.kind = 'core.failed_job' AND c.about_id = j.id::text)"
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
        "SELECT DISTINCT d.bulletin_id FROM alerts_delivery d WHERE d.state = 'dead' AND d.call_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM core_clock c WHERE c.kind IN ('alerts.deliver', 'alerts.recall')"
        " AND c.about_id = d.bulletin_id::text)"
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
