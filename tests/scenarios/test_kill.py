"""kill -9 of everything at random moments: nothing acknowledged is lost or doubled, each escalation fires once."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import paho.mqtt.client as mqtt
import psycopg
import pytest

from fengsui.config.district.devices import secret_of
from tests.scenarios.installation import Installation, Nemesis

READINGS = int(os.environ.get("FENGSUI_KILL_READINGS", "100000"))
CLOCKS = 60
SEED = int(os.environ.get("FENGSUI_KILL_SEED", "20261124"))
TARGETS = ("ingest", "worker", "clocks", "web", "broker", "database", "supervisor")
LIVE = "00000000-0000-4000-8000-000000000001"
WINDOW = 400

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "FENGSUI_KILL_READINGS" not in os.environ,
        reason="NOT RUN: kills a whole installation for minutes; set FENGSUI_KILL_READINGS=100000 to run it",
    ),
]


class Publisher(threading.Thread):
    """One device: numbered readings, QoS 1; what was not acknowledged is published again after a reconnect."""

    def __init__(self, installation: Installation, device: str, topic: str, begin: datetime, count: int) -> None:
        super().__init__(name=device)
        self.installation, self.device, self.topic = installation, device, topic
        self.times = [begin + timedelta(milliseconds=20 * index) for index in range(count)]
        self.acknowledged: set[int] = set()
        self.error: BaseException | None = None
        self._flying: dict[int, int] = {}
        self._lock = threading.Condition()

    def payload(self, number: int) -> bytes:
        value = round(0.02 + (number % 40) * 0.0001, 6)
        return json.dumps({"t": self.times[number].isoformat(), "v": value, "unit": "m"}).encode()

    def run(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self.error = error

    def _run(self) -> None:
        deadline = time.monotonic() + 600
        while len(self.acknowledged) < len(self.times):
            assert time.monotonic() < deadline, f"{self.device}: {len(self.acknowledged)} of {len(self.times)}"
            try:
                self._session()
            except (OSError, KeyError, ValueError):
                time.sleep(0.3)

    def _session(self) -> None:
        """One connection: ends when it breaks, or when all is acknowledged."""
        host, port = self.installation.mqtt
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.device, clean_session=True)
        client.username_pw_set(self.device, secret_of(self.installation.home, self.device))
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(0)
        up, gone = threading.Event(), threading.Event()
        client.on_connect = lambda c, u, f, reason, p: gone.set() if reason.is_failure else up.set()
        client.on_disconnect = lambda *a: self._wake(gone)
        client.on_publish = lambda c, u, mid, *a: self._done(mid)
        client.connect(host, port, keepalive=5)
        client.loop_start()
        try:
            if not up.wait(5):
                return
            self._flying.clear()
            todo = [number for number in range(len(self.times)) if number not in self.acknowledged]
            for number in todo:
                with self._lock:
                    self._lock.wait_for(lambda: gone.is_set() or len(self._flying) < WINDOW, timeout=10)
                    if gone.is_set() or len(self._flying) >= WINDOW:
                        return
                    info = client.publish(self.topic, self.payload(number), qos=1)
                    self._flying[info.mid] = number
            with self._lock:
                self._lock.wait_for(lambda: gone.is_set() or not self._flying, timeout=15)
        finally:
            client.disconnect()
            client.loop_stop()

    def _done(self, mid: int) -> None:
        with self._lock:
            if (number := self._flying.pop(mid, None)) is not None:
                self.acknowledged.add(number)
            self._lock.notify_all()

    def _wake(self, gone: threading.Event) -> None:
        gone.set()
        with self._lock:
            self._lock.notify_all()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    running = Installation(tmp_path_factory.mktemp("kill") / "var")
    running.start()
    yield running
    running.stop()


def start_clocks(connection: psycopg.Connection) -> list[str]:
    """Rows as core.clocks writes them: two rungs each, due within the next half minute."""
    now, made = datetime.now(UTC), []
    for index in range(CLOCKS):
        key, due = str(uuid4()), now + timedelta(seconds=5 + index * 0.5)
        ladder = [
            {"after_s": 0, "to_role": "duty_leader", "say": ""},
            {"after_s": 8, "to_role": "commander", "say": ""},
        ]
        connection.execute(
            "INSERT INTO core_clock (id, world_id, kind, slot, about_type, about_id, label, url, owner_role,"
            " heard_roles, correlation, state, started_at, due_at, limit_s, calendar, ladder, rungs_fired,"
            " next_fire_at, proof, source, basis) VALUES (%s, %s, 'alerts.confirm', '', 'test', %s, 'kill', '',"
            " 'duty_officer', '{}', %s, 'running', %s, %s, 5, 'always', %s, 0, %s, '{}', '', 'U')",
            [key, LIVE, key, str(uuid4()), now, due, json.dumps(ladder), due],
        )
        made.append(key)
    return made


def devices_of(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    """(device user, topic, datastream id) of the water depth stations."""
    rows = connection.execute(
        "SELECT d.user, s.topic, s.id FROM sensing_device d JOIN sensing_datastream s ON s.station_id = d.station_id"
        " WHERE s.kind = 'water_depth' ORDER BY s.id"
    )
    return [(user, topic, stream) for user, topic, stream in rows.fetchall()]


def test_nothing_acknowledged_is_lost_or_doubled_when_everything_is_killed(installation, capsys):
    with installation.connect() as connection:
        devices = devices_of(connection)
        clocks = start_clocks(connection)
    begin = datetime.now(UTC) - timedelta(minutes=20)
    each = READINGS // len(devices)
    publishers = [Publisher(installation, user, topic, begin, each) for user, topic, _ in devices]
    began = time.monotonic()
    with Nemesis(installation, SEED, TARGETS, (2.0, 5.0)) as nemesis:
        for publisher in publishers:
            publisher.start()
        for publisher in publishers:
            publisher.join()
        acknowledged_s = time.monotonic() - began
    assert not nemesis.failed, nemesis.failed
    assert not [publisher.error for publisher in publishers if publisher.error]
    wanted = {
        stream: {publisher.times[number] for number in publisher.acknowledged}
        for (_, _, stream), publisher in zip(devices, publishers, strict=True)
    }
    stored = _wait_stored(installation, wanted, begin)
    fired = _wait_fired(installation, clocks)
    with capsys.disabled():
        total = sum(len(times) for times in wanted.values())
        print(
            f"\nseed {SEED}: {total} readings acknowledged in {acknowledged_s:.0f} s under {len(nemesis.kills)} kills"
        )
        print("  kills:", ", ".join(f"{name} {count}" for name, count in nemesis.counts().items()))
        print(f"  stored once: {sum(len(rows) for rows in stored.values())}; rungs fired once: {len(fired)}")
    for stream, times in wanted.items():
        rows = stored[stream]
        assert len(rows) == len(set(rows)), f"stream {stream}: a reading is stored twice"
        assert set(rows) >= times, f"stream {stream}: {len(times - set(rows))} acknowledged readings are missing"
    assert sorted(fired) == sorted((key, rung) for key in clocks for rung in (0, 1))


def _wait_stored(installation, wanted, begin):
    deadline = time.monotonic() + 120
    while True:
        with installation.connect() as connection:
            stored = {
                stream: [
                    row[0]
                    for row in connection.execute(
                        "SELECT at FROM sensing_observation WHERE datastream_id = %s AND at >= %s", [stream, begin]
                    ).fetchall()
                ]
                for stream in wanted
            }
        if all(set(stored[stream]) >= times for stream, times in wanted.items()) or time.monotonic() > deadline:
            return stored
        time.sleep(1)


def _wait_fired(installation, clocks):
    deadline = time.monotonic() + 90
    while True:
        with installation.connect() as connection:
            rows = connection.execute(
                "SELECT clock_id::text, rung FROM core_clockfiring WHERE clock_id = ANY(%s::uuid[])", [clocks]
            ).fetchall()
        if len(rows) >= 2 * len(clocks) or time.monotonic() > deadline:
            return [(key, rung) for key, rung in rows]
        time.sleep(1)


def test_audit_chain_is_whole_after_the_kills(installation):
    import subprocess
    import sys

    env = {**os.environ, "FENGSUI_DATABASE_URL": installation.database, "FENGSUI_VAR": str(installation.home.var)}
    command = [sys.executable, "-m", "fengsui.config", "audit-check"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 处不符" in done.stdout


def test_everything_runs_again_after_the_kills(installation):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        services = installation.status()["services"]
        if all(each["state"] == "up" for each in services.values()):
            return
        time.sleep(0.5)
    pytest.fail(str(services))
