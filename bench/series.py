"""`./fengsui bench series`: a year of minutes (525 600 readings a stream) as one chart's answer.

ours      what /series/ answers for the whole year: the kept days joined and thinned to 2 000 points, as JSON
every     the same from every reading by binary COPY, as it was before days were kept (and for less than 40 days is)
zoomed    ours for a day in the middle of it
limit     the same COPY, its bytes counted and thrown away: nothing that reads every row can be faster
sql       the same thinning by window functions inside PostgreSQL (what the station page did before)
lttb      largest-triangle-three-buckets to 2 000 points from the same COPY: the peer of most chart libraries
all       every reading as JSON, built by the database: what a chart without thinning has to be sent

Interleaved, `--rounds` times; best and median wall time, bytes of the answer, and how far the answer's highest value
lies below the stored one. A run whose answer lacks the lowest, highest, first or last reading has no time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.config.ops.figures import note

MINUTES = 525_600
KEPT = 2000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench series")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=4)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.contracts.story import tell

    streams = _year(tell().ids["code"], options.streams)
    return _run(streams, options.rounds)


def _year(code: str, count: int) -> list[Any]:
    """`count` water levels: tides of rain, a spike of one minute, silences, refused readings. Stored by binary COPY."""
    from django.db import connection

    from fengsui.apps.sensing import hot
    from fengsui.apps.sensing.models import CurrentValue, Datastream, Station
    from fengsui.core.worlds import LIVE
    from fengsui.science.series.quality import RATE

    station = Station.objects.in_world(LIVE).get(code=code)
    start = (datetime.now(UTC) - timedelta(minutes=MINUTES)).replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sensing_make_partition((%s::date + make_interval(months => m))::date) "
            "FROM generate_series(0, 13) m",
            [start.date()],
        )
    made = []
    for n in range(count):
        chance = np.random.default_rng(n)
        stream = Datastream.objects.create(
            world_id=LIVE, station=station, kind=f"bench{n}", unit="m", topic=f"bench/{n}", period_s=60
        )
        minute = np.arange(MINUTES)
        value = np.round(0.2 + 0.1 * np.sin(minute / 700) + chance.normal(0, 0.01, MINUTES), 3)
        value[chance.integers(0, MINUTES, 20)] += 0.5
        flags = np.zeros(MINUTES, np.int16)
        refused = chance.integers(0, MINUTES, 300)
        value[refused], flags[refused] = 9.0, RATE
        heard = np.ones(MINUTES, np.bool_)
        for begin in chance.integers(0, MINUTES, 60):
            heard[begin : begin + int(chance.integers(5, 3000))] = False
        at = (hot.microseconds(start) + minute * 60_000_000)[heard]
        rows = hot.encode(
            np.full(len(at), stream.pk, np.int64), at, value[heard], at + 1_000_000, flags[heard], np.zeros(len(at))
        )
        with connection.cursor() as cursor, cursor.copy("COPY sensing_observation FROM STDIN (FORMAT binary)") as copy:
            copy.write(rows)
        CurrentValue.objects.create(datastream=stream)
        made.append((stream, start, start + timedelta(minutes=MINUTES)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sensing_observation")
    return made


def _ways() -> dict[str, Callable[[Any, datetime, datetime], bytes]]:
    import orjson
    from django.db import connection

    from fengsui.apps.sensing import series
    from fengsui.apps.sensing.hot import microseconds
    from fengsui.science.series.quality import SUSPECT
    from fengsui.science.series.thin import join, thin

    def packed(at: Any, value: Any) -> bytes:
        return orjson.dumps(np.stack((at / 1000, value), axis=1), option=orjson.OPT_SERIALIZE_NUMPY)

    def ours(stream: Any, low: datetime, high: datetime) -> bytes:
        found = series.thinned(stream, low, high, high, KEPT).piece
        ok = (found.flags & SUSPECT) == 0
        return packed(found.at[ok], found.value[ok])

    def every(stream: Any, low: datetime, high: datetime) -> bytes:
        silent, ends = series.gap_us(stream), (microseconds(low), microseconds(high))
        whole = join([series.raw(stream.pk, low, high, silent)], *ends, silent)
        found = thin(whole, *ends, KEPT).piece
        ok = (found.flags & SUSPECT) == 0
        return packed(found.at[ok], found.value[ok])

    def zoomed(stream: Any, low: datetime, high: datetime) -> bytes:
        middle = low + (high - low) / 2
        return ours(stream, middle, middle + timedelta(days=1))

    def limit(stream: Any, low: datetime, high: datetime) -> bytes:
        import psycopg

        facts = [stream.pk, low, high]
        with psycopg.ClientCursor(connection.connection) as cursor, cursor.copy(series._COPY, facts) as copy:
            return str(sum(len(each) for each in copy)).encode()

    def lttb(stream: Any, low: datetime, high: datetime) -> bytes:
        found = series.raw(stream.pk, low, high, series.gap_us(stream))
        ok = (found.flags & SUSPECT) == 0
        at, value = found.at[ok], found.value[ok]
        rows = _lttb(at.astype(np.float64), value, KEPT)
        return packed(at[rows], value[rows])

    def everything(stream: Any, low: datetime, high: datetime) -> bytes:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(jsonb_agg(jsonb_build_array(round(extract(epoch FROM at) * 1000), value) "
                "ORDER BY at), '[]')::text FROM sensing_observation WHERE datastream_id = %s AND at >= %s AND at < %s "
                "AND (flags & %s) = 0",
                [stream.pk, low, high, SUSPECT],
            )
            return str(cursor.fetchone()[0]).encode()

    def sql(stream: Any, low: datetime, high: datetime) -> bytes:
        with connection.cursor() as cursor:
            facts = {"id": stream.pk, "low": low, "high": high, "buckets": KEPT // 4, "suspect": SUSPECT}
            cursor.execute(_WINDOWS, facts)
            return str(cursor.fetchone()[0]).encode()

    return {"ours": ours, "every": every, "zoomed": zoomed, "limit": limit, "sql": sql, "lttb": lttb, "all": everything}


_WINDOWS = """
WITH raw AS (
    SELECT at, value, width_bucket(extract(epoch FROM at), extract(epoch FROM %(low)s::timestamptz),
                                   extract(epoch FROM %(high)s::timestamptz), %(buckets)s) AS bucket
    FROM sensing_observation
    WHERE datastream_id = %(id)s AND at >= %(low)s AND at < %(high)s AND (flags & %(suspect)s) = 0
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY bucket ORDER BY at) AS f,
           row_number() OVER (PARTITION BY bucket ORDER BY at DESC) AS l,
           row_number() OVER (PARTITION BY bucket ORDER BY value, at) AS lo,
           row_number() OVER (PARTITION BY bucket ORDER BY value DESC, at) AS hi
    FROM raw
)
SELECT coalesce(jsonb_agg(jsonb_build_array(round(extract(epoch FROM at) * 1000), value) ORDER BY at), '[]')::text
FROM ranked WHERE f = 1 OR l = 1 OR lo = 1 OR hi = 1
"""


def _lttb(x: Any, y: Any, count: int) -> Any:
    """Steinarsson 2013: one point a bucket, the one with the largest triangle. Indexes, shape (count,)."""
    edges = np.linspace(1, len(x) - 1, count - 1).astype(int)
    chosen = [0]
    for i in range(count - 2):
        low, high = edges[i], edges[i + 1]
        after = slice(high, edges[i + 2] if i + 2 < len(edges) else len(x))
        x2, y2 = x[after].mean(), y[after].mean()
        a = chosen[-1]
        areas = np.abs((x[a] - x2) * (y[low:high] - y[a]) - (x[a] - x[low:high]) * (y2 - y[a]))
        chosen.append(low + int(areas.argmax()))
    return np.array([*chosen, len(x) - 1])


def _run(streams: list[Any], rounds: int) -> int:
    ways = _ways()
    began = time.perf_counter()
    for stream, low, high in streams:
        ways["ours"](stream, low, high)
    print(f"the first look condenses and keeps the days: {(time.perf_counter() - began) / len(streams):.2f} s a stream")
    took: dict[str, list[float]] = {name: [] for name in ways}
    size: dict[str, int] = {}
    lost: dict[str, float] = {}
    for _ in range(rounds):
        for stream, low, high in streams:
            for name, way in ways.items():
                began = time.perf_counter()
                answer = way(stream, low, high)
                took[name].append((time.perf_counter() - began) * 1000)
                size[name] = len(answer)
                if name not in ("limit", "zoomed"):
                    lost[name] = max(lost.get(name, 0.0), _lost(name, stream, low, high, answer))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {len(streams)} streams of {MINUTES} minutes")
    print(f"{'way':8} {'best ms':>9} {'median ms':>10} {'/limit':>7} {'bytes':>12} {'peak lost':>10}")
    base = min(took["limit"])
    for name, times in took.items():
        kept = f"{lost[name]:10.3f}" if name in lost else f"{'-':>10}"
        print(
            f"{name:8} {min(times):9.1f} {statistics.median(times):10.1f} {min(times) / base:7.2f} {size[name]:12} "
            + kept
        )
    note("series", "a year of minutes", {name: each for name, each in took.items() if name != "zoomed"})
    ours = min(took["ours"])
    for name in ("every", "sql", "lttb", "all"):
        print(
            f"ours is {min(took[name]) / ours:.1f}x as fast as {name}, "
            f"and sends 1/{size[name] / size['ours']:.1f} of its bytes"
        )
    return 0


def _lost(name: str, stream: Any, low: datetime, high: datetime, answer: bytes) -> float:
    """How far the answer's extremes lie inside the stored ones, in the stream's unit; ours may lose nothing."""
    from fengsui.apps.sensing import series
    from fengsui.science.series.quality import SUSPECT

    found = series.raw(stream.pk, low, high, series.gap_us(stream))
    ok = (found.flags & SUSPECT) == 0
    got = np.array(json.loads(answer), np.float64)
    missing = max(found.value[ok].max() - got[:, 1].max(), got[:, 1].min() - found.value[ok].min())
    ends = (got[0, 0] * 1000 - found.at[ok][0], got[-1, 0] * 1000 - found.at[ok][-1])
    if name in ("ours", "every") and (missing or any(abs(each) > 1000 for each in ends)):
        raise SystemExit(f"ours lost an extreme or an end: {missing}, {ends}")
    return float(missing)
