"""`./fengsui bench overload`: ten times the readings, a full queue, 500 people and 5 000 readers, all at once.

An installation of its own on real processes. First calm: the normal rate of readings, a twentieth of the people and of
the readers. Then all at once, and in the middle of it a level crosses the red line: drafted, confirmed, issued, and
its bulletin must overtake the older one's deliveries that wait. Then the load ends and everything has to drain.

normal     500 streams, one reading a minute each: what docs/reference/growth.md takes for a district's busy day [U]
people     real sessions; a page every half minute, the event stream held open, each part fetched again when told
readers    ask for the public feed every minute with the ETag of what they have
deliveries of an older blue bulletin, by a receiver on this machine that takes everything at once

Lost or doubled readings or deliveries, and it says so and fails. Clients and servers share the machine's processors.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import queue
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import _overload_clients as clients
from _overload_ground import ARMS, LANES, STREAMS, Depths, Ground, Readings, spread
from _shared import load, p, sql, times

NORMAL = STREAMS / 60
WARM_S = 120.0
LANES_AT_ONCE = 6 * 50
"""Deliveries that one worker has under way: they may have come and not be written down yet."""
NORMAL_AGE_S = 5.0
"""The lane is back when it is as empty as before and nothing in it waits longer than this after it was due."""
KINDS = ("warnings", "pages", "statistics", "parts", "public")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench overload")
    parser.add_argument("--short", action="store_true", help="2 000 deliveries, 40 people, 400 readers, half a minute")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--readers", type=int, default=5_000)
    parser.add_argument("--calm", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--load", type=float, default=180.0, metavar="SECONDS")
    parser.add_argument("--patience", type=float, default=3_600.0, metavar="SECONDS", help="for the recovery")
    options = parser.parse_args(arguments)
    if options.short:
        options.deliveries, options.users, options.readers, options.calm, options.load = 2_000, 40, 400, 20.0, 30.0
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    with tempfile.TemporaryDirectory(prefix="fengsui-overload-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            return Bench(ground, options).run()


class Bench:
    def __init__(self, ground: Ground, options: argparse.Namespace) -> None:
        from tests.api.programs import ALL, token_of

        from fengsui.apps.places.models import WaterloggingPoint

        self.ground, self.options = ground, options
        self.tokens = {login: token_of(login, ALL)[1] for login in ("duty", "duty2", "leader")}
        self.streams = ground.make_streams()
        self.cookies = ground.sessions(options.users)
        points = WaterloggingPoint.objects.filter(place__jurisdiction="core").order_by("place__code")
        self.places = {each.place.code: str(each.place_id) for each in points.select_related("place")}
        self.readings = Readings(ground, self.streams)
        self.depths = Depths(ground)

    def run(self) -> int:
        time.sleep(5)  # ingest looks at its book every two seconds
        self.readings.start()
        before = self.depths.memory()
        few = max(1, self.options.users // 20), self.options.readers // 20
        calm = self._phase("calm", self.options.calm, NORMAL, *few, "ST03")
        rest = self.depths.look()
        bulletin = self.ground.older_bulletin(self.ask, self.places["WL01"])
        took = self.ground.fill_queue(bulletin, self.options.deliveries)
        print(f"\n{self.options.deliveries:,} deliveries put into the queue in {took:.1f} s", flush=True)
        began = time.time()
        self.depths.most.clear()
        self.depths.start()
        full = self._phase("overload", self.options.load, 10 * NORMAL, self.options.users, self.options.readers, "ST02")
        ended = time.time()
        self.readings.rate = 0.0
        self._print(calm, full)
        back, left = self._recover(ended, rest)
        self.depths.ending.set()
        self.readings.ending.set()
        self.readings.join(60)
        lost = self._verify(bulletin)
        self._queues(began)
        for when, sizes in ("before", before), ("most", self.depths.most), ("after", self.depths.memory()):
            print(f"memory {when:7} " + ", ".join(f"{name} {size:,.0f} MB" for name, size in sizes.items()))
        told = ", ".join(f"{name} {seconds:,.1f} s" for name, seconds in back.items())
        print(f"\nback at calm depth after the end of the load: {told}")
        if "deliver" in back:
            took = ended + back["deliver"] - began
            print(f"deliveries: the lane empty {back['deliver']:,.0f} s after the end of the load, {took:,.0f} s after "
                  f"they were put in: {self.options.deliveries / took:,.0f} a second")  # fmt: skip
        for each in (*left, *lost):
            print(f"NOT: {each}")
        times("overload", "recovered after", {"ours": [max(back.values(), default=0.0)]}, unit="s")
        return 1 if lost else 0

    # --- one phase ---------------------------------------------------------------------------------------------

    def _phase(self, name: str, seconds: float, rate: float, users: int, readers: int, station: str) -> dict[str, Any]:
        context = multiprocessing.get_context("spawn")
        end, told = context.Event(), context.Queue()
        crowd = context.Process(
            target=clients.people, args=(self.ground.port, self.cookies[:users], readers, end, told), daemon=True
        )
        self.readings.rate = rate
        first = time.time()
        crowd.start()
        kind, at = "", first
        with suppress(queue.Empty):
            kind, at = told.get(timeout=WARM_S)
        began = time.time()
        had = (
            f"everybody had a page after {at - first:.1f} s" if kind else f"not everybody had a page in {WARM_S:.0f} s"
        )
        print(f"\n{name}: {rate:.1f} readings/s, {users} people, {readers} readers; {load()}; {had}", flush=True)
        time.sleep(seconds / 3)
        drafted, pressed, outlets = self._warn(station)
        time.sleep(max(0.0, began + seconds - time.time()))
        end.set()
        while kind != "over":
            kind, got = told.get(timeout=120)
        crowd.join(30)
        until = time.time()
        stored = [ms for sent, ms in self.readings.took if began <= sent < until]
        return {"drafted": drafted, "pressed": pressed, "outlets": outlets, "stored": stored, "load": load(),
                "seconds": until - first, **got}  # fmt: skip

    def _warn(self, station: str) -> tuple[float, float, dict[str, float]]:
        """A crossing and what people do about it: seconds to the draft, of the press, and to each outlet."""
        place = self.places[station.replace("ST", "WL")]
        sent = self.readings.cross(station)
        deadline = time.monotonic() + 300
        while not (found := sql(
            "SELECT id::text FROM alerts_warning WHERE place_id = %s AND status = 'draft' AND level = 4", [place]
        )):  # fmt: skip
            if time.monotonic() > deadline:
                raise SystemExit("overload: the crossing drafted nothing in five minutes")
            time.sleep(0.02)
        drafted = time.time() - sent
        self.ask("duty", f"/warnings/{found}/confirm", {"version": 1})
        began = time.time()
        bulletin = self.ask("leader", f"/warnings/{found}/issue", {"typed": "red"})["id"]
        pressed = time.time() - began
        while sql(
            "SELECT count(*) FROM alerts_delivery WHERE bulletin_id = %s AND call_id IS NULL AND state IN "
            "('pending', 'failed')", [bulletin]
        ):  # fmt: skip
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return drafted, pressed, self._outlets(bulletin, began)

    def _outlets(self, bulletin: str, began: float) -> dict[str, float]:
        from fengsui.apps.alerts.models import DeliveryAttempt

        rows = DeliveryAttempt.objects.filter(delivery__bulletin_id=bulletin, delivery__call=None).order_by("at")
        return {
            f"{each.delivery.outlet_id} {each.outcome}": each.at.timestamp() + each.took_ms / 1000 - began
            for each in rows.select_related("delivery")
        }

    def ask(self, login: str, path: str, body: Any) -> Any:
        """The API, as a person's program; 503 is asked again when it says."""
        while True:
            line = http.client.HTTPConnection("127.0.0.1", self.ground.port, timeout=120)
            headers = {"Authorization": f"Bearer {self.tokens[login]}", "Content-Type": "application/json"}
            line.request("POST", f"/api/v1{path}", json.dumps(body), headers)
            answer = line.getresponse()
            text = answer.read()
            line.close()
            if answer.status == 503:
                time.sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            if answer.status >= 300:
                raise SystemExit(f"overload: {path}: {answer.status} {text[:400]!r}")
            return json.loads(text)

    # --- afterwards --------------------------------------------------------------------------------------------

    def _recover(self, ended: float, rest: dict[str, float]) -> tuple[dict[str, float], list[str]]:
        """Seconds from the end of the load until each queue was as deep as before it; and what never was."""
        back: dict[str, float] = {}
        deadline = ended + self.options.patience
        told = time.time()
        names = (*LANES, "broker", "web")
        while len(back) < len(names) and time.time() < deadline:
            row = self.depths.rows[-1] if self.depths.rows else {}
            for name in names:
                late = name == "deliver" and row.get("age", 0.0) > NORMAL_AGE_S
                if name not in back and row.get("at", 0.0) > ended and row[name] <= max(rest[name], 3) and not late:
                    back[name] = row["at"] - ended
            if time.time() - told > 60:
                told = time.time()
                print(f"  {told - ended:6.0f} s after: " + ", ".join(f"{n} {row[n]:,.0f}" for n in names), flush=True)
            time.sleep(0.5)
        left = [f"{name} back within {self.options.patience:,.0f} s" for name in names if name not in back]
        return back, left

    def _verify(self, bulletin: str) -> list[str]:
        wrong = []
        with self.readings.lock:
            wanted = {key for key in self.readings.acknowledged if key[0]}
            unseen = len(self.readings.waiting)
        rows = sql(
            "SELECT count(*) FROM sensing_observation WHERE datastream_id = ANY(%s)", [list(self.streams.values())]
        )
        print(f"\nreadings: {len(wanted):,} acknowledged, {rows:,} stored")
        if rows != len(wanted) or unseen:
            wrong.append(f"every acknowledged reading stored once: {len(wanted)}, {rows}, {unseen} never seen")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ground.sink}/count") as answer:
            came = json.loads(answer.read())["webhook"]
        done = sql("SELECT count(*) FROM alerts_delivery WHERE outlet_id = %s AND state = 'acknowledged'", [ARMS])
        tries = sql(
            "SELECT count(*) FROM alerts_deliveryattempt a JOIN alerts_delivery d ON d.id = a.delivery_id "
            "WHERE d.outlet_id = %s AND a.outcome <> 'blocked'", [ARMS]
        )  # fmt: skip
        print(f"deliveries: {done:,} of {self.options.deliveries:,} acknowledged, {tries:,} tries; the receiver got "
              f"{came['messages']:,} messages under {came['keys']:,} keys")  # fmt: skip
        if came["messages"] != came["keys"]:
            wrong.append("each delivery came once")
        under_way = LANES_AT_ONCE if done < self.options.deliveries else 0
        if not done <= came["keys"] <= done + under_way:
            wrong.append("each acknowledged delivery is one that came")
        return wrong

    def _print(self, calm: dict[str, Any], full: dict[str, Any]) -> None:
        print(f"\n{'':44}{'calm':>22}{'overload':>22}")
        for what, of in (
            ("reading to stored", lambda got: spread(got["stored"])),
            ("crossing to draft", lambda got: f"{got['drafted']:.2f} s"),
            ("press on issue answered", lambda got: f"{got['pressed']:.2f} s"),
            ("press to last outlet", lambda got: f"{max(got['outlets'].values()):.2f} s"),
            ("event streams, frames/s", lambda got: f"{got['streams']}, {got['frames'] / got['seconds']:,.0f}"),
        ):
            print(f"{what:44}{of(calm):>22}{of(full):>22}")
        for kind in KINDS:
            print(f"{kind:44}{_answers(calm, kind):>22}{_answers(full, kind):>22}")
        print(f"{full['load']}; each: p95 of the good ones / how many, asked to come again / errors")
        for side, got in ("calm", calm), ("overload", full):
            print(f"{side}: outlets " + ", ".join(f"{k} {v:.2f} s" for k, v in got["outlets"].items()))
            good = [ms for kind, _at, ms, status in got["took"] if kind == "public" and status in (200, 304)]
            times("overload", f"{side}, public p95", {"ours": [p(good, 0.95)]})
            times("overload", f"{side}, stored p99", {"ours": [p(got["stored"], 0.99)]})
        sys.stdout.flush()

    def _queues(self, began: float) -> None:
        print(
            "\nqueues: jobs that could begin, messages at the broker, requests waiting; what /metrics says of deliver"
        )
        names = (*LANES, "age", "broker", "web", "shown", "metrics_ms")
        heads = (*LANES, "late, s", "broker", "web", "/metrics", "in ms")
        print("  seconds" + "".join(f"{name:>10}" for name in heads))
        for row in self.depths.rows[:: max(1, len(self.depths.rows) // 20)]:
            print(f"  {row['at'] - began:7.0f}" + "".join(f"{row[name]:>10,.0f}" for name in names))


def _answers(got: dict[str, Any], kind: str) -> str:
    """`p95 of the good, how many; refused with Retry-After; errors`."""
    rows = [(ms, status) for each, _at, ms, status in got["took"] if each == kind]
    good = [ms for ms, status in rows if status in (200, 304)]
    later, bad = sum(s == 503 for _, s in rows), len(rows) - len(good) - sum(s == 503 for _, s in rows)
    return f"{p(good, 0.95):,.0f} ms/{len(good):,} {later:,}/{bad:,}" if good else f"none {later:,}/{bad:,}"


if __name__ == "__main__":
    raise SystemExit(main([]))
