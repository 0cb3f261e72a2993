"""`./fengsui growth`: days of a district's life fed into a database of its own, and what a year of them would take.

What arrives is shaped as it arrives: readings of all streams of an instant together (a page of the index fills as it
does in life), clocks with their firings, events with audit rows by the platform's own record. Sizes are the database's.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from argparse import Namespace
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from fengsui.config.ops import testing
from fengsui.config.ops.console import say
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.stack import fengsui

PAGE = REPO / "docs/reference/growth.md"
YEAR_DAYS = 365
PERIOD_S = 60
"""Of the stations of a city's drainage network [U]."""
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "readings": ("sensing_observation%",),
    "condensed days": ("sensing_keptday",),
    "events and audit": ("core_storedevent", "core_auditrow", "core_audithead", "core_handled"),
    "clocks": ("core_clock", "core_clockfiring", "core_clockpause"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one family of tables: rows themselves, their indexes."""

    heap: int
    index: int

    @property
    def whole(self) -> int:
        return self.heap + self.index


def main(options: Namespace) -> int:
    """Starts a throw-away database, makes the district's tables, feeds them. Returns the feeder's exit code."""
    with testing.throw_away_database(Home.here(), durable=False) as url:
        env = testing.environment(url) | {"FENGSUI_SECRET_KEY": "no page is served by this command"}
        say("建表并载入区数据", "Making tables, loading the district")
        district = os.environ.get("FENGSUI_DISTRICT") or "tiexi"
        for command in (["migrate", "-v0"], ["load_district", district]):
            subprocess.run(fengsui("manage", *command), env=env, cwd=REPO, check=True, stdout=subprocess.DEVNULL)
        given = [
            "--days",
            str(options.days),
            "--streams",
            str(options.streams),
            "--events",
            str(options.events),
            "--clocks",
            str(options.clocks),
        ]
        given += ["--write"] if options.write else []
        return subprocess.run(fengsui("growth-feed", *given), env=env, cwd=REPO, check=False).returncode


def feed(options: Namespace) -> int:
    """Inside the database: one day after the other; then the page."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    began = time.monotonic()
    _warm(now)
    _make_streams(options.streams)
    before, memory = sizes(), _rss()
    streams, readings = _readings_a_day()
    for n in range(options.days):
        day = now - timedelta(days=options.days - n)
        _partition(day)
        _readings(day)
        _events(day, options.events)
        _clocks(day, options.clocks)
        _keep(day)
        say(f"第 {n + 1}/{options.days} 天", f"day {n + 1} of {options.days}")
    after = sizes()
    grown = {name: Size(after[name].heap - before[name].heap, after[name].index - before[name].index) for name in after}
    text = page(grown, options, streams, readings, memory, _ask_all(now), time.monotonic() - began)
    print(text)
    if options.write:
        PAGE.write_text(text)
    return 0


def sizes() -> dict[str, Size]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        for family, patterns in FAMILIES.items():
            cursor.execute(
                "SELECT coalesce(sum(pg_table_size(oid)), 0), coalesce(sum(pg_indexes_size(oid)), 0) FROM pg_class "
                "WHERE relkind = 'r' AND relname LIKE ANY(%s)",
                [[each.replace("_", "\\_") for each in patterns]],
            )
            heap, index = cursor.fetchone()
            found[family] = Size(int(heap), int(index))
    return found


def _make_streams(count: int) -> None:
    """Stations with one stream each, copies of the district's first, in place of its own, which rest."""
    from fengsui.apps.sensing import book
    from fengsui.apps.sensing.models import Datastream, Station

    every = Datastream.objects.all_worlds("a database of its own")
    first = every.order_by("pk").select_related("station").first()
    assert first is not None
    every.update(is_active=False)
    stations, streams = [], []
    for n in range(count):
        station, stream = copy(first.station), copy(first)
        station.pk, station.code, station._state = uuid4(), f"G{n}", copy(station._state)
        stream.pk, stream.station_id, stream.topic, stream.period_s = None, station.pk, f"growth/{n}", PERIOD_S
        stream.is_active = True
        stations.append(station)
        streams.append(stream)
    Station.objects.bulk_create(stations)
    Datastream.objects.bulk_create(streams)
    book.read()  # gives each stream its row of current values, without which no day is kept


def _readings_a_day() -> tuple[int, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(86400 / greatest(period_s, 1)) FROM sensing_datastream WHERE is_active")
        streams, readings = cursor.fetchone()
    return int(streams), int(readings)


def _partition(day: datetime) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sensing_make_partition(%s)", [day.date()])


def _readings(day: datetime) -> None:
    """All streams at their own period, in the order of time, an hour a statement."""
    from django.db import connection

    with connection.cursor() as cursor:
        for hour in range(24):
            cursor.execute(
                "INSERT INTO sensing_observation SELECT d.id, t, round((random() * 5)::numeric, 3), "
                "t + interval '800 milliseconds', 0, 0 FROM sensing_datastream d CROSS JOIN LATERAL "
                "generate_series(%s::timestamptz + d.id %% greatest(d.period_s, 1)::int * interval '1 second', %s, "
                "greatest(d.period_s, 1) * interval '1 second') t WHERE d.is_active ORDER BY t, d.id "
                "ON CONFLICT DO NOTHING",
                [day + timedelta(hours=hour), day + timedelta(hours=hour + 1, microseconds=-1)],
            )


def _events(day: datetime, count: int) -> None:
    """By the platform's own record: event, audit row, head of the chain. One subject in four is new."""
    from django.db.transaction import atomic

    from fengsui.apps.sensing.events import ThresholdCrossed
    from fengsui.core.record_many import Told, announce_many
    from fengsui.core.worlds import LIVE
    from fengsui.kernel.actor import Actor

    station = uuid4()
    told = [
        Told(
            ThresholdCrossed(
                n, station, f"D{n:05}", f"建设大路下穿桥东侧积水监测站 {n}", station, "water_level", "m", "normal",
                "blue", day, 0.153, 0.15, None, day, 1.0,
            ),
            "growth.subject",
            str(n % max(count // 4, 1) if n % 4 else uuid4()),
            {"level": "normal"},
            {"level": "blue", "note": "按本区阈值自动判定"},
        )
        for n in range(count)
    ]  # fmt: skip
    with atomic():
        announce_many(told, by=Actor(world=LIVE, person=uuid4(), source="10.1.2.3", reason="核对后办理"))


def _clocks(day: datetime, count: int) -> None:
    """Closed ones: every second fired a rung."""
    from fengsui.core.models import Clock, ClockFiring
    from fengsui.core.worlds import LIVE

    ladder = [{"at": 50, "to": "duty_officer"}, {"at": 100, "to": "duty_leader"}, {"at": 150, "to": "commander"}]
    rows = [
        Clock(
            world_id=LIVE, kind="alerts.acknowledge", slot=uuid4().hex[:8], about_type="alerts.bulletin",
            about_id=str(uuid4()), label="叫应 建设街道责任人 暴雨橙色预警", url="/warnings/", owner_post=uuid4(),
            owner_person=uuid4(), owner_role="street_officer", correlation=uuid4(), state="met", started_at=day,
            due_at=day + timedelta(minutes=5), limit_s=300, ladder=ladder, rungs_fired=n % 2, closed_at=day,
            closed_by=uuid4(), proof={"by": "phone", "at": day.isoformat()}, source="本区叫应规定",
            heard_roles=["duty_officer"],
        )
        for n in range(count)
    ]  # fmt: skip
    Clock.objects.bulk_create(rows, batch_size=1000)
    ClockFiring.objects.bulk_create(
        [ClockFiring(clock=row, rung=0, at=day, to_role="duty_officer") for row in rows if row.rungs_fired]
    )


def _keep(day: datetime) -> None:
    """The condensed day of each stream, as the nightly job keeps it."""
    from fengsui.apps.sensing import series
    from fengsui.apps.sensing.models import Datastream

    for stream in Datastream.objects.all_worlds("all days are kept").filter(is_active=True):
        series.keep(stream.pk, day.date(), day.date() + timedelta(days=1), series.gap_us(stream))


def _warm(now: datetime) -> None:
    """What is imported and prepared at the first use is not growth."""
    from fengsui.apps.sensing import book

    book.read()
    day = now - timedelta(days=400)
    _partition(day)
    _events(day, 8)
    _clocks(day, 8)
    _ask_all(day)


def _ask_all(now: datetime) -> float:
    """What pages ask of history: a month of a stream, the newest clocks and audit. MB resident at most."""
    from fengsui.apps.sensing import series
    from fengsui.apps.sensing.models import Datastream
    from fengsui.core.models import AuditRow, Clock

    for stream in Datastream.objects.all_worlds("history is asked for").filter(is_active=True)[:20]:
        series.thinned(stream, now - timedelta(days=30), now, now)
    list(Clock.objects.all_worlds("history is asked for").order_by("-due_at")[:100])
    list(AuditRow.objects.order_by("-pk")[:100])
    return _rss()


def _rss() -> float:
    """MB that were resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def page(
    grown: Mapping[str, Size], options: Namespace, streams: int, readings: int, before: float, after: float, took: float
) -> str:
    """docs/reference/growth.md, complete."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    days, total = options.days, sum(each.whole for each in grown.values())
    lines = [
        "# How the database grows",
        "",
        f"Written by `./fengsui growth --days {days} --write` on {datetime.now(UTC):%Y-%m-%d}: {days} simulated "
        f"days fed into an",
        f"empty database with the shipped district ({took:.0f} s). PostgreSQL {version}, Python "
        f"{platform.python_version()}, "
        f"{os.cpu_count()} cores, {int(memory.split()[1]) / 1e6:.0f} GB.",
        "Sizes are PostgreSQL's own after VACUUM; what is projected is marked so.",
        "",
        f"A day: {readings:,} readings of {streams} streams, one a minute each, {options.events:,} events with audit",
        f"rows, {options.clocks:,} closed clocks: our guess of a district's busy day [U]; `--streams`, `--events`,",
        "`--clocks` take yours. Bytes a row are measured, so other rates scale.",
        "",
        "| Tables | A day | of it indexes | Bytes a row | A year, projected | Ten years, projected |",
        "|---|---|---|---|---|---|",
    ]
    counts = {"readings": readings, "events and audit": options.events, "clocks": options.clocks}
    for name, each in grown.items():
        a_day, share = each.whole / days, 100 * each.index / max(each.whole, 1)
        a_row = a_day / max(counts.get(name, streams), 1)
        cells = (
            name,
            _gb(a_day),
            f"{share:.0f} %",
            f"{a_row:.0f}",
            _gb(a_day * YEAR_DAYS),
            _gb(a_day * YEAR_DAYS * 10),
        )
        lines.append(f"| {' | '.join(cells)} |")
    a_day = total / days
    others = a_day - grown["readings"].whole / days
    share = 100 * sum(each.index for each in grown.values()) / max(total, 1)
    month = {part: _gb(getattr(grown["readings"], part) / days * 30.44) for part in ("whole", "index")}
    lines += [
        f"| **all** | {_gb(a_day)} | {share:.0f} % | | {_gb(a_day * YEAR_DAYS)} | {_gb(a_day * YEAR_DAYS * 10)} |",
        "",
        "With `FENGSUI_KEEP_READINGS_MONTHS` whole months of readings are dropped; all else stays for ever. "
        "Projected after ten years:",
        "",
        "| Months kept | Readings | All |",
        "|---|---|---|",
    ]
    for months in (13, 24, 60):
        held = grown["readings"].whole / days * months * 30.44
        lines.append(f"| {months} | {_gb(held)} | {_gb(held + others * YEAR_DAYS * 10)} |")
    lines += [
        "",
        "Memory: a process that had asked a month of 20 streams, the newest clocks and the newest audit held",
        f"{before:.0f} MB at most before the first day and {after:.0f} MB after the last. What should stay in the",
        f"database's cache is the month of readings: {month['whole']} (projected), of it {month['index']} index.",
        "",
        "Not simulated: photographs and papers (files under `FENGSUI_VAR`), backups (a base backup is about the "
        "database's size, packed log "
        "comes on top), PostgreSQL's own log of changes (2 GB at most before a checkpoint), registers, which "
        "hardly grow.",
        "",
    ]
    return "\n".join(lines)
