"""The ground of `bench/overload.py`: an installation on real processes with streams, sessions and a full queue; who
sends readings to it, and who looks how deep its queues are."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from _shared import answers, p
from fengsui.config.ops.children import launcher

REPO = Path(__file__).parents[1]
STREAMS, GATEWAYS = 500, 10
METRICS = "bench"
FACTS = {
    "FENGSUI_DEMO": "1", "FENGSUI_DEMO_PASSWORD": "wind and rain 17", "FENGSUI_WEBHOOK_SECRET": "bench",
    "FENGSUI_SESSIONS_MAX": "100000", "FENGSUI_METRICS_TOKEN": METRICS, "FENGSUI_API_PER_MINUTE": "100000",
    "FENGSUI_LOG_LEVEL": "WARNING",
}  # fmt: skip
ARMS = "bench-mass"
LANES = ("events", "deliver", "other")


class Ground:
    """`with Ground(folder) as ground`: started, its receivers up, this process looking into its database by Django."""

    def __init__(self, folder: Path) -> None:
        from tests.contracts.brokers import free_port
        from tests.scenarios.installation import OURS, Installation

        self.var, self.sink = folder / "var", free_port()
        self.var.mkdir(parents=True)
        ports = {"smtp": free_port(), "webhook": free_port()}
        (self.var / "ports.json").write_text(json.dumps(ports))
        self.facts = FACTS | {
            "FENGSUI_SMTP_URL": f"smtp://127.0.0.1:{ports['smtp']}",
            "FENGSUI_WEBHOOK_URL": f"http://127.0.0.1:{ports['webhook']}/bulletins",
            "FENGSUI_BENCH_SINK": f"http://127.0.0.1:{self.sink}/",
        }
        self.installation = Installation(self.var, **self.facts)
        self.ours, self.beside = OURS, list[subprocess.Popen[bytes]]()

    def __enter__(self) -> Ground:
        status = self.installation.start()
        self.port = int(str(status["address"]).rpartition(":")[2])
        host, mqtt = self.installation.mqtt
        for each in self.ours:
            os.environ.pop(each, None)
        os.environ |= self.facts | {
            "FENGSUI_VAR": str(self.var), "PYTHONPATH": f"{REPO / 'src'}:{REPO}:{REPO / 'bench'}",
            "FENGSUI_DATABASE_URL": self.installation.database, "FENGSUI_MQTT_HOST": host,
            "FENGSUI_MQTT_PORT": str(mqtt), "FENGSUI_BASE_URL": str(status["address"]),
            "FENGSUI_DISTRICT": "tiexi", "FENGSUI_SECRET_KEY": self.installation.home.secret("secret_key"),
        }  # fmt: skip
        self._begin("receivers", "-m", "fengsui.config", "receivers")
        from tests.contracts.brokers import free_port

        self._begin("sink", str(REPO / "bench/fanout.py"), str(self.sink), str(free_port()))
        answers(f"http://127.0.0.1:{self.sink}/count")
        import django

        django.setup()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.beside:
            each.kill()
            each.wait()
        self.installation.stop()

    def _begin(self, name: str, *words: str) -> None:
        with open(self.installation.home.log / f"{name}.log", "ab") as out:
            command = [*launcher("KILL"), sys.executable, *words]
            self.beside.append(subprocess.Popen(command, cwd=REPO, stdout=out, stderr=out))

    # --- what there is to begin with ---------------------------------------------------------------------------

    def make_streams(self) -> dict[str, int]:
        """Topic -> stream. The gateways' logins are added to those of the district's devices."""
        from django.contrib.gis.geos import Point

        from fengsui.apps.sensing.models import Datastream, Station
        from fengsui.config.district.devices import secret_of
        from fengsui.config.ops.broker import Device, device_credentials, read_devices
        from fengsui.core.worlds import LIVE

        ladder = {"watch": 0.05, "blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4, "margin": 0.02}
        made = {}
        for n in range(STREAMS):
            code = f"OVER{n:04d}"
            station = Station.objects.create(
                world_id=LIVE, code=code, name=code, location=Point(123.3 + n * 1e-4, 41.8), provenance="illustrative"
            )
            row = Datastream.objects.create(
                world_id=LIVE, station=station, topic=f"fs/{code}/water_depth", kind="water_depth", unit="m",
                ladder=ladder,
            )  # fmt: skip
            made[row.topic] = row.pk
        home = self.installation.home
        path = home.var / "broker" / "devices.json"
        gateways = [
            Device(f"over-{n}", secret_of(home, f"over-{n}"), publish=("fs/+/water_depth",)) for n in range(GATEWAYS)
        ]
        device_credentials(path, [*read_devices(path), *gateways])
        return made

    def sessions(self, count: int) -> list[str]:
        """Cookies of so many logins of the demonstration's people, each a session row of its own."""
        from tests.contracts.story import client_of

        logins = ("duty", "duty2", "leader", "commander", "duty-zone", "leader-zone", "traffic", "drainage", "street")
        return [
            "; ".join(f"{k}={v.value}" for k, v in client_of(logins[n % len(logins)]).cookies.items())
            for n in range(count)
        ]

    def older_bulletin(self, ask: Any, place: str) -> str:
        made = ask(
            "duty", "/warnings", {"place": place, "hazard": "waterlogging", "level": "blue", "reason": "older one"}
        )
        ask("duty", f"/warnings/{made['id']}/confirm", {"version": 1})
        return str(ask("duty2", f"/warnings/{made['id']}/issue", {"typed": "blue"})["id"])

    def fill_queue(self, bulletin: str, count: int) -> float:
        """So many names of one call list, each with a delivery by a fast outlet and its job; seconds it took."""
        from _shared import sql
        from fengsui.apps.alerts.models import Outlet

        Outlet.objects.get_or_create(
            code=ARMS,
            defaults={
                "channel": "webhook", "name": "bench", "min_level": 4, "areas": ["none"],
                "address": {"env": "FENGSUI_BENCH_SINK"},
            },
        )  # fmt: skip
        began = time.monotonic()
        sql(
            "INSERT INTO alerts_call (id, world_id, bulletin_id, line, turn, person_id, name, title, org_name, state, "
            "called_at, note) SELECT gen_random_uuid(), b.world_id, b.id, 'm' || n / 30000, n %% 30000, "
            "gen_random_uuid(), 'n' || n, '', '', 'called', now(), '' FROM alerts_bulletin b, "
            "generate_series(1, %s) n WHERE b.id = %s",
            [count, bulletin],
        )
        sql(
            "INSERT INTO alerts_delivery (id, world_id, bulletin_id, outlet_id, call_id, state, attempts_made, "
            "created_at, next_try_at, receipt, reason) SELECT gen_random_uuid(), c.world_id, c.bulletin_id, %s, c.id, "
            "'pending', 0, now(), now(), '{}', '' FROM alerts_call c WHERE c.bulletin_id = %s AND c.line LIKE 'm%%'",
            [ARMS, bulletin],
        )
        sql(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) SELECT 'deliver', "
            "'alerts.deliver', 10 * b.level, jsonb_build_object('delivery_id', d.id), 'todo' FROM alerts_delivery d "
            "JOIN alerts_bulletin b ON b.id = d.bulletin_id WHERE d.outlet_id = %s",
            [ARMS],
        )
        took = time.monotonic() - began
        sql("ANALYZE alerts_call, alerts_delivery, procrastinate_jobs")
        return took


class Readings(threading.Thread):
    """Devices at a steady pace, by MQTT, through gateways; and which of their readings stand in the table, and since
    when. The table is asked every 50 ms, so a reading's time is too long by so much at most."""

    def __init__(self, ground: Ground, streams: dict[str, int]) -> None:
        super().__init__(daemon=True)
        from tests.faults.devices import Device

        from fengsui.config.district.devices import secret_of

        self.streams, self.rate, self.ending = streams, 0.0, threading.Event()
        self.acknowledged = set[tuple[int, int]]()
        self.waiting, self.took = dict[tuple[int, int], float](), list[tuple[float, float]]()
        self.lock = threading.Lock()
        home, (host, port) = ground.installation.home, ground.installation.mqtt
        self.secret_of = lambda user: secret_of(home, user)
        self.device = lambda user: Device(host, port, user, secret_of(home, user), self, user)  # type: ignore[arg-type]  # we are its book
        self.gateways = [self.device(f"over-{n}") for n in range(GATEWAYS)]

    def write(self, _station: str, at: datetime, value: float) -> None:
        with self.lock:
            self.acknowledged.add((int(value), round(at.timestamp() * 1e6)))

    def run(self) -> None:
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        topics, turn, last = list(self.streams.items()), 0, time.monotonic()
        while not self.ending.is_set():
            time.sleep(0.01)
            due = int((time.monotonic() - last) * self.rate)
            last += due / self.rate if self.rate else 0.0
            for _ in range(due):
                topic, key = topics[turn % len(topics)]
                at = datetime.now(UTC)
                with self.lock:
                    self.waiting[key, round(at.timestamp() * 1e6)] = at.timestamp()
                body = json.dumps({"t": at.isoformat(), "v": 0.01, "unit": "m"}).encode()
                self.gateways[turn % GATEWAYS].publish(topic, body, at, float(key))
                turn += 1
        looking.join()

    def _look(self) -> None:
        import psycopg

        ids = list(self.streams.values())
        with psycopg.connect(os.environ["FENGSUI_DATABASE_URL"], autocommit=True) as line:
            while not (self.ending.is_set() and not self.waiting):
                time.sleep(0.05)
                with self.lock:
                    oldest = min(self.waiting.values(), default=0.0)
                if not oldest:
                    continue
                rows = line.execute(
                    "SELECT datastream_id, (extract(epoch FROM at) * 1000000)::bigint FROM sensing_observation "
                    "WHERE datastream_id = ANY(%s) AND at >= to_timestamp(%s)",
                    [ids, oldest - 0.001],
                ).fetchall()
                now = time.time()
                with self.lock:
                    for row in rows:
                        if began := self.waiting.pop(row, None):
                            self.took.append((began, (now - began) * 1000))

    def cross(self, code: str) -> float:
        """A level far over the red line at a station of the district, which has to stand for two minutes: once as it
        was then, and once now. Returns the moment at which the second was sent."""
        device, topic = self.device(f"dev-{code.lower()}"), f"fs/{code}/water_depth"
        for ago_s in (130, 0):
            at = datetime.now(UTC) - timedelta(seconds=ago_s)
            device.publish(topic, json.dumps({"t": at.isoformat(), "v": 0.6, "unit": "m"}).encode(), at, 0.0)
        return at.timestamp()


class Depths(threading.Thread):
    """How deep each queue is every five seconds, by the database, the broker, and /metrics, whose answer is timed."""

    EVERY_S = 5.0

    def __init__(self, ground: Ground) -> None:
        super().__init__(daemon=True)
        from fengsui.config.ops.doctor_parts import own_url

        self.ground, self.broker = ground, own_url(ground.installation.home)
        self.rows, self.most = list[dict[str, float]](), dict[str, float]()
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(self.EVERY_S):
            self.look()

    def look(self) -> dict[str, float]:
        row = {"at": time.time(), **self.jobs(), "broker": float(asyncio.run(self._pending())), **self._metrics()}
        self.rows.append(row)
        for name, size in self.memory().items():
            self.most[name] = max(size, self.most.get(name, 0.0))
        return row

    def jobs(self) -> dict[str, float]:
        """Jobs that could begin now, by lane (timers of later are no queue); age: seconds of the latest one."""
        import psycopg

        found = dict.fromkeys(LANES, 0.0)
        with psycopg.connect(os.environ["FENGSUI_DATABASE_URL"], autocommit=True) as line:
            for queue, count in line.execute(
                "SELECT queue_name, count(*) FROM procrastinate_jobs WHERE status = 'doing' OR (status = 'todo' AND "
                "(scheduled_at IS NULL OR scheduled_at <= now())) GROUP BY 1"
            ):
                found[queue if queue in found else "other"] += count
            [(age,)] = line.execute(
                "SELECT coalesce(extract(epoch FROM now() - min(next_try_at)), 0) FROM alerts_delivery "
                "WHERE state IN ('pending', 'failed')"
            )
        return found | {"age": max(0.0, float(age))}

    async def _pending(self) -> int:
        from fengsui.engines.devices.nats_stream import CONSUMER, STREAM, connect

        line = await connect(self.broker, "bench-depth")
        try:
            info = await line.jetstream(timeout=10).consumer_info(STREAM, CONSUMER)
            return int(info.num_pending + info.num_ack_pending)
        finally:
            await line.close()

    def _metrics(self) -> dict[str, float]:
        began = time.monotonic()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.ground.port}/metrics", headers={"Authorization": f"Bearer {METRICS}"}
        )
        found = {"shown": 0.0, "web": 0.0}
        with suppress(OSError), urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - our own server
            for line in answer.read().decode().splitlines():
                if line.startswith('fengsui_jobs{queue="deliver",status="todo"}'):
                    found["shown"] = float(line.rpartition(" ")[2])
                elif line.startswith("fengsui_web_waiting{"):
                    found["web"] += float(line.rpartition(" ")[2])
        return found | {"metrics_ms": (time.monotonic() - began) * 1000}

    def memory(self) -> dict[str, float]:
        """MB of each service with all it has begun; what processes share is counted once (proportional set size)."""
        from tests.faults.ground import _family

        found = {}
        for name, pid in self.ground.installation.pids().items():
            total = 0.0
            for each in _family(pid):
                with suppress(OSError):
                    for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                        if line.startswith("Pss:"):
                            total += int(line.split()[1]) / 1024
            found[name] = total
        return found


def spread(values: list[float]) -> str:
    return f"p50 {p(values, 0.5):,.0f} ms, p99 {p(values, 0.99):,.0f} ms" if values else "none"
