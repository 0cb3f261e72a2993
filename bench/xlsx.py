"""`./fengsui bench xlsx`: a sheet of 100 000 rows and 12 columns into a register, beside what no program can undercut.

ours     read with calamine, understand the header, check every cell, COPY to a temporary table, compare, merge into two
         tables (place and shelter) where rows differ
record   the same, and each row announced: event, audit row, hash chain (what a press really does); once
again    the same sheet once more: everything is read, checked and compared, nothing is written
limit    calamine reads the sheet, then one COPY of ready CSV into one table without an index beyond its key

Interleaved, on a durable database. Rows stored are counted in every round: a run that loses one has no rate.
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import io
import math
import os
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fengsui.config.ops.figures import note

HEAD = [
    "编号", "名称", "英文名称", "街道", "管辖", "经度", "纬度",
    "类别", "有效面积（m²）", "人均面积", "最长开放", "可容纳人数",
]  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench xlsx")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--profile", choices=["ours", "record"], help="where the time goes, instead of rates")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.contracts.story import load_district

    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # demonstration accounts, made at once
    load_district()
    if options.profile:
        return Bench(options.rounds, options.rows).profile(options.profile == "record")
    few: dict[str, float] = {}
    return max(Bench(options.rounds, count).run(few) for count in (options.rows // 10, options.rows))


class Bench:
    def __init__(self, rounds: int, rows: int) -> None:
        from tests.ledger.make import actor, workbook

        self.rounds, self.count, self.by = rounds, rows, actor("leader")
        areas = ["210106007", "启工街道", "210106021", "工人村街道"]
        self.rows = [
            [
                f"B{n:06d}", f"第{n}处操场", f"Ground {n}", areas[n % 4], "core",
                123.2 + n % 1000 / 5000, 41.7 + n % 997 / 5000,
                "紧急避难场所", 1000 + n % 500, 1.5, 3, 600 + n % 300,
            ]
            for n in range(rows)
        ]  # fmt: skip
        self.body = workbook([HEAD, *self.rows])
        out = io.StringIO()
        csv.writer(out).writerows(self.rows)
        self.csv = out.getvalue()

    def run(self, few: dict[str, float]) -> int:
        """`few`: our seconds with a tenth of the rows; filled in where it is empty."""
        works: dict[str, Callable[[], int]] = {
            "ours": lambda: self._ours(record=False),
            "again": lambda: self._ours(record=False, clear=False),
            "record": lambda: self._ours(record=True),
            "limit": self._limit,
        }
        spent: dict[str, list[float]] = {}
        strangers = []
        for turn in range(self.rounds):
            for name, work in works.items():
                if name == "record" and turn:  # it takes as long as all the others together
                    continue
                if name != "again":
                    self._clear()
                load = os.getloadavg()[0]
                began = time.perf_counter()
                stored = work()
                spent.setdefault(name, []).append(time.perf_counter() - began)
                strangers.append(load)
                if stored != self.count:
                    print(f"{name}: {stored} of {self.count} rows stored: no rate")
                    return 1
        print(
            f"{self.count:,} rows x {len(HEAD)} columns, {len(self.body) / 1e6:.1f} MB, "
            f"{self.rounds} rounds, best / median:"
        )
        for name, got in spent.items():
            best, middle = min(got), statistics.median(got)
            print(f"  {name:7} {best:6.2f} / {middle:6.2f} s   {self.count / middle:10,.0f} rows/s")
        for name in ("ours", "again", "record"):
            goal = "<= 2.5 x limit" if name == "ours" and few else ""
            met = statistics.median(spent["ours"]) <= 2.5 * statistics.median(spent["limit"]) if goal else None
            path = f"{name}, {self.count:,} rows"
            mine = statistics.median(spent[name])
            grows = math.log10(mine / few[name]) - 1 if few else None  # of the cost of one row
            sides = {"ours": spent[name], "limit": spent["limit"]}
            note("xlsx", path, sides, unit="s", goal=goal, met=met, exponent=grows)
            if grows is not None:
                print(f"  {name:7} a row of ten times as many: exponent {grows:+.2f}")
            ratios = [a / b for a, b in zip(spent[name], spent["limit"], strict=False)]
            print(f"  {name:7} / limit {statistics.median(ratios):5.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")
        few.update((name, statistics.median(got)) for name, got in spent.items() if name not in few)
        print(f"  load average while measuring {statistics.median(strangers):.1f} on {os.cpu_count()} cores")
        return 0

    def profile(self, record: bool) -> int:
        """The functions that cost most; waiting for the database counts where it waits."""
        self._clear()
        profile = cProfile.Profile()
        profile.enable()
        self._ours(record=record)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(28)
        return 0

    def _clear(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM places_shelter s USING places_place p WHERE s.place_id = p.id AND p.code LIKE 'B%%'"
            )
            cursor.execute("DELETE FROM places_place WHERE code LIKE 'B%%'")
            cursor.execute("DROP TABLE IF EXISTS bench_plain")
            cursor.execute(
                "CREATE TABLE bench_plain "
                "(code text PRIMARY KEY, name text, name_en text, area text, jurisdiction text, "
                "lon float8, lat float8, grade text, area_m2 float8, per float8, days int, capacity int)"
            )
            cursor.execute("VACUUM ANALYZE places_place")

    def _ours(self, *, record: bool, clear: bool = True) -> int:
        from django.db import transaction

        from fengsui.core.ledger import sheet, taking, writing
        from fengsui.core.ledger.check import checked
        from fengsui.core.ledger.register import register
        from fengsui.core.ledger.staged import Staged

        into = register("shelters")
        opened = sheet.understand(self.body, "表.xlsx", into.columns)
        faults: dict = {}
        with transaction.atomic(), Staged(into, self.by, [place.column for place in opened.places]) as stage:
            stage.put(taking._sound(checked(into, opened), faults))
            stage.resolve()
            if record:
                for first, last in taking._chunks(opened):
                    writing.write(stage, self.by, first, last)
            else:
                stage.merge(0, 2**31 - 1)
        assert not faults
        from fengsui.apps.places.models import Shelter

        return Shelter.objects.filter(place__code__startswith="B").count()

    def _limit(self) -> int:
        from django.db import connection
        from python_calamine import CalamineWorkbook

        rows = CalamineWorkbook.from_filelike(io.BytesIO(self.body)).get_sheet_by_index(0).to_python()
        assert len(rows) == self.count + 1
        with connection.cursor() as cursor:
            with cursor.copy("COPY bench_plain FROM STDIN (FORMAT csv)") as copy:
                copy.write(self.csv)
            cursor.execute("SELECT count(*) FROM bench_plain")
            return int(cursor.fetchone()[0])
