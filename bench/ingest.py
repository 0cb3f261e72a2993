"""`./fengsui bench ingest`: readings committed per second beside the raw broker and the raw COPY, in one run.

ours    ingest.service on the broker's stream: decode, quality, ladder, COPY, current values, commit, acknowledge
limit   the barest program that does the same durable work: nats-py's pull consumer with AckPolicy.ALL, orjson, COPY to
        a temporary table, INSERT .. ON CONFLICT, upsert of one current row a stream, commit, one acknowledgement
broker  the same bare consumer that throws the messages away
copy    COPY of ready binary rows, 10 000 a commit, no index use beyond the key: the database alone

Interleaved, with 1 and 10 readings a message. A run that loses a reading has no rate.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fengsui.config.ops.figures import note

STREAMS = 500
TICKS = os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench ingest")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.core.management import call_command

    django.setup()
    from fengsui.ingest.service import tune

    tune()  # the limit has the same
    call_command("migrate", verbosity=0)
    from tests.contracts.brokers import Nats

    with tempfile.TemporaryDirectory() as folder:
        broker = Nats(Path(folder)).start()
        try:
            return Bench(broker, options.rounds, options.messages).run()
        finally:
            broker.kill()


class Bench:
    def __init__(self, broker, rounds: int, messages: int) -> None:
        self.broker, self.rounds, self.messages = broker, rounds, messages
        self.clock = datetime.now(UTC) - timedelta(minutes=30)
        self.topics: dict[str, int] = {}
        self._stored = 0

    def run(self) -> int:
        from fengsui.apps.sensing.models import Observation

        self._make_streams()
        self._stored = Observation.objects.count()
        asyncio.run(self._open_all())
        for per_message in (1, 10):
            count = self.messages if per_message == 1 else self.messages // 2
            rates: dict[str, list[float]] = {}
            cpu: dict[str, list[float]] = {}
            strangers: list[float] = []
            for _ in range(self.rounds):
                for name, work in self._works().items():
                    root = {"ours": "fs", "limit": "b1", "broker": "b2", "copy": ""}[name]
                    if root:
                        asyncio.run(self._fill(root, count, per_message))
                    total = count * per_message
                    before, busy = self._cpu(), _busy()
                    started = time.perf_counter()
                    work(count, per_message)
                    spent = time.perf_counter() - started
                    mine = self._cpu() - before
                    rates.setdefault(name, []).append(total / spent)
                    cpu.setdefault(name, []).append(mine / total * 1e6)
                    strangers.append(max(0.0, (_busy() - busy - mine) / (spent * (os.cpu_count() or 1))))
            self._print(per_message, rates, cpu, statistics.median(strangers))
        asyncio.run(self._delay())
        return 0

    def _works(self) -> dict[str, Callable[[int, int], None]]:
        return {
            "ours": lambda n, k: asyncio.run(self._ours(n, k)),
            "limit": lambda n, k: asyncio.run(self._bare("b1", n, k, store=True)),
            "broker": lambda n, k: asyncio.run(self._bare("b2", n, k, store=False)),
            "copy": self._copy,
        }

    def _print(self, k: int, rates: dict[str, list[float]], cpu: dict[str, list[float]], strangers: float) -> None:
        print(f"\n{k} reading{'s' if k > 1 else ''} a message, {STREAMS} streams, {self.rounds} rounds, best / median:")
        for name, got in rates.items():
            print(
                f"  {name:7} {max(got):9,.0f} / {statistics.median(got):9,.0f} readings/s   "
                f"CPU {statistics.median(cpu[name]):6.1f} us a reading"
            )
        share, wanted = statistics.median(rates["ours"]) / statistics.median(rates["limit"]), 0.8 if k > 1 else 0.5
        note(
            "ingest", f"{k} a message", rates, unit="readings/s", rate=True,
            goal=f">= {wanted} of the limit", met=share >= wanted,
        )  # fmt: skip
        for other in ("limit", "broker", "copy"):
            ratios = [a / b for a, b in zip(rates["ours"], rates[other], strict=True)]
            print(f"  ours / {other:7} {statistics.median(ratios):5.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"  CPU of strangers {strangers:.0%}{'  -> repeat on a quieter machine' if strangers > 0.3 else ''}")

    def _make_streams(self) -> None:
        from django.contrib.gis.geos import Point

        from fengsui.apps.sensing import actions
        from fengsui.apps.sensing.models import Datastream, Station
        from fengsui.core.worlds import LIVE

        actions.make_partitions(datetime.now(UTC))
        for i in range(STREAMS):
            code = f"BENCH{i:05d}"
            station, _ = Station.objects.in_world(LIVE).get_or_create(
                world_id=LIVE,
                code=code,
                defaults={"name": code, "location": Point(123.3, 41.8), "provenance": "illustrative"},
            )
            ladder = {"watch": 0.05, "blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4, "margin": 0.02}
            row, _ = Datastream.objects.in_world(LIVE).get_or_create(
                topic=f"fs/{code}/water_depth",
                defaults={"station": station, "world_id": LIVE, "kind": "water_depth", "unit": "m", "ladder": ladder},
            )
            self.topics[code] = row.id
        from django.db import connection

        with connection.cursor() as cursor:
            # An earlier run on the same database would make every reading an old one.
            cursor.execute(
                "DELETE FROM sensing_observation WHERE datastream_id = ANY(%s)", [list(self.topics.values())]
            )
            cursor.execute(
                "DELETE FROM sensing_currentvalue WHERE datastream_id = ANY(%s)", [list(self.topics.values())]
            )
            for name in ("bench_limit", "bench_copy"):
                cursor.execute(f"DROP TABLE IF EXISTS {name}")
                cursor.execute(
                    f"CREATE TABLE {name} (datastream_id bigint, at timestamptz, value float8, "
                    "received_at timestamptz, flags smallint, detail float8, PRIMARY KEY (datastream_id, at, value))"
                )
            cursor.execute("DROP TABLE IF EXISTS bench_current")
            cursor.execute(
                "CREATE TABLE bench_current (id bigint PRIMARY KEY, at timestamptz, value float8) WITH (fillfactor=40)"
            )

    async def _open_all(self) -> None:
        """Make all consumers before the first message: the stream keeps what somebody is interested in."""
        from nats.js.api import AckPolicy, ConsumerConfig

        from fengsui.engines.devices.nats_stream import NatsStream, connect, mqtt_greeting

        stream = await NatsStream.open(self.broker.url, ensure_stream=mqtt_greeting("127.0.0.1", self.broker.mqtt))
        await stream.close()
        nc = await connect(self.broker.url, "bench")
        for root in ("b1", "b2"):
            config = ConsumerConfig(
                durable_name=root,
                ack_policy=AckPolicy.ALL,
                filter_subject=f"$MQTT.msgs.{root}.>",
                max_ack_pending=100_000,
            )
            await nc.jetstream().add_consumer("$MQTT_msgs", config)
        await nc.close()

    async def _fill(self, root: str, count: int, per_message: int) -> None:
        import orjson

        from fengsui.engines.devices.nats_stream import connect

        nc = await connect(self.broker.url, "bench-fill")
        js = nc.jetstream(timeout=30)
        pending = []
        codes = list(self.topics)
        for i in range(count):
            code = codes[i % STREAMS]
            rows = []
            for j in range(per_message):
                self.clock += timedelta(microseconds=3)
                rows.append([self.clock.isoformat(), 0.01 + 0.001 * ((i + j) % 7)])
            body = (
                {"unit": "m", "readings": rows} if per_message > 1 else {"unit": "m", "t": rows[0][0], "v": rows[0][1]}
            )
            pending.append(js.publish(f"$MQTT.msgs.{root}.{code}.water_depth", orjson.dumps(body)))
            if len(pending) == 500:
                await asyncio.gather(*pending)
                pending.clear()
        await asyncio.gather(*pending)
        await nc.close()

    async def _ours(self, count: int, per_message: int) -> None:
        from asgiref.sync import sync_to_async

        from fengsui.apps.sensing.models import Observation
        from fengsui.engines.devices.nats_stream import NatsStream
        from fengsui.ingest.service import Service

        rows = sync_to_async(Observation.objects.count)
        stream = await NatsStream.open(self.broker.url)
        service = await asyncio.to_thread(Service, stream)
        ending = asyncio.Event()
        done = {"messages": 0}
        store = service.store

        def counted(messages, decoded) -> None:
            store(messages, decoded)
            done["messages"] += len(messages)
            if done["messages"] >= count:
                loop.call_soon_threadsafe(ending.set)

        loop = asyncio.get_running_loop()
        service.store = counted  # type: ignore[method-assign]  # replaced on purpose, to look at it
        before = self._stored
        await service.run(ending)
        await stream.close()
        self._stored = await rows()
        if self._stored - before != count * per_message:
            raise SystemExit(f"lost: {self._stored - before} of {count * per_message}")

    async def _delay(self, per_second: int = 1000, seconds: int = 6) -> None:
        """From a device's publish to the commit, which is when an event is there: by MQTT clients at a steady pace."""
        import orjson
        from tests.contracts.brokers import DeviceClient

        from fengsui.engines.devices.nats_stream import NatsStream
        from fengsui.ingest.service import Service

        stream = await NatsStream.open(self.broker.url)
        service = await asyncio.to_thread(Service, stream)
        ending, spent, store = asyncio.Event(), [], service.store

        def timed(messages, decoded) -> None:
            store(messages, decoded)
            now = time.time()
            spent.extend(now - datetime.fromisoformat(orjson.loads(each.payload)["t"]).timestamp() for each in messages)

        def publish() -> None:
            devices = [DeviceClient(self.broker, f"bench-{i}") for i in range(4)]
            codes, started = list(self.topics), time.monotonic()
            for n in range(per_second * seconds):
                while time.monotonic() - started < n / per_second:
                    time.sleep(0.0005)
                body = orjson.dumps({"t": datetime.now(UTC).isoformat(), "v": 0.01, "unit": "m"})
                devices[n % 4].publish(f"fs/{codes[n % STREAMS]}/water_depth", body, key=n)
            for device in devices:
                device.wait()
                device.close()

        service.store = timed  # type: ignore[method-assign]  # replaced on purpose, to look at it
        before, began = (_busy(), self._cpu()), time.time()
        work = asyncio.create_task(service.run(ending))
        await asyncio.to_thread(publish)
        while len(spent) < per_second * seconds:
            await asyncio.sleep(0.05)
        ending.set()
        await work
        await stream.close()
        spent.sort()
        busy = max(
            0.0, (_busy() - before[0] - self._cpu() + before[1]) / ((time.time() - began) * (os.cpu_count() or 1))
        )
        print(
            f"\ndevice to commit (reading to event) at {per_second}/s over MQTT: "
            f"median {spent[len(spent) // 2] * 1000:.0f} ms, p99 {spent[int(len(spent) * 0.99)] * 1000:.0f} ms, "
            f"worst {spent[-1] * 1000:.0f} ms; CPU of strangers {busy:.0%}"
        )
        late = [1000 * spent[int(len(spent) * 0.99)]]
        note("ingest", f"device to commit, p99 at {per_second}/s", {"ours": late}, goal="< 100 ms", met=late[0] < 100)

    async def _bare(self, root: str, count: int, per_message: int, *, store: bool) -> None:
        import orjson
        import psycopg
        from django.db import connection

        from fengsui.engines.devices.nats_stream import connect

        nc = await connect(self.broker.url, "bench-bare")
        sub = await nc.jetstream().pull_subscribe_bind(consumer=root, stream="$MQTT_msgs")
        facts = connection.settings_dict
        database = psycopg.connect(
            dbname=facts["NAME"],
            host=facts["HOST"],
            user=facts["USER"],
            password=facts["PASSWORD"],
            port=facts["PORT"] or None,
        )
        seen = 0
        while seen < count:
            messages = await sub.fetch(min(1000, count - seen), timeout=30)
            if store:
                await asyncio.to_thread(self._bare_store, database, orjson, messages)
            await messages[-1].ack()
            seen += len(messages)
        await nc.flush()
        if store:
            got = database.execute("SELECT count(*) FROM bench_limit").fetchone()[0]
            if got != count * per_message:
                raise SystemExit(f"limit lost: {got} of {count * per_message}")
            database.execute("TRUNCATE bench_limit")
            database.commit()
        database.close()
        await nc.close()

    def _bare_store(self, database, orjson, messages) -> None:
        import numpy as np

        from fengsui.apps.sensing.hot import encode

        ids, at, value = [], [], []
        for message in messages:
            stream = self.topics[message.subject.split(".")[3]]
            body = orjson.loads(message.data)
            for when, number in body.get("readings") or [[body.get("t"), body.get("v")]]:
                ids.append(stream)
                at.append(int(datetime.fromisoformat(when).timestamp() * 1e6))
                value.append(number)
        n = len(ids)
        columns = np.array(ids), np.array(at, np.int64), np.array(value)
        data = encode(*columns, columns[1], np.zeros(n, np.int16), np.zeros(n))
        with database.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE bench_limit) ON COMMIT DELETE ROWS")
            with cursor.copy("COPY incoming FROM STDIN (FORMAT binary)") as copy:
                copy.write(data)
            cursor.execute("INSERT INTO bench_limit SELECT * FROM incoming ON CONFLICT DO NOTHING")
            cursor.execute(
                "INSERT INTO bench_current SELECT DISTINCT ON (datastream_id) datastream_id, at, value FROM incoming "
                "ORDER BY datastream_id, at DESC "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at, value = excluded.value"
            )
        database.commit()

    def _copy(self, count: int, per_message: int) -> None:
        import numpy as np
        from django.db import connection, transaction

        from fengsui.apps.sensing.hot import encode

        total, ids = count * per_message, np.array(list(self.topics.values()))
        start = int(self.clock.timestamp() * 1e6)
        for low in range(0, total, 10_000):
            n = min(10_000, total - low)
            index = np.arange(low, low + n)
            at = start + index
            data = encode(ids[index % STREAMS], at, np.full(n, 0.01), at, np.zeros(n, np.int16), np.zeros(n))
            into = "COPY bench_copy FROM STDIN (FORMAT binary)"
            with transaction.atomic(), connection.cursor() as cursor, cursor.copy(into) as copy:
                copy.write(data)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM bench_copy")
            if (got := cursor.fetchone()[0]) != total:
                raise SystemExit(f"copy lost: {got} of {total}")
            cursor.execute("TRUNCATE bench_copy")

    def _cpu(self) -> float:
        """Seconds of this process, the broker and all PostgreSQL processes."""
        names = subprocess.run(
            ["/bin/sh", "-c", "ls /proc | grep '^[0-9]'"], capture_output=True, text=True, check=True
        )
        total = time.process_time()
        for pid in names.stdout.split():
            try:
                stat = Path("/proc", pid, "stat").read_text()
            except OSError:
                continue
            name, _, rest = stat.partition("(")[2].rpartition(")")
            if name == "postgres" or int(pid) == self.broker.process.pid:
                fields = rest.split()
                total += (int(fields[11]) + int(fields[12])) / TICKS
        return total


def _busy() -> float:
    fields = [int(x) for x in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
