"""kill -9 of everything at random moments of a replay, while people play the story through the real pages.

Nothing acknowledged is lost or doubled, each escalation fires once, the story completes. The ordinary run kills each
part at least once; `FENGSUI_KILL_READINGS=100000` makes it long. See docs/reference/reliability.md.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from fengsui.catalog.sensors import kinds
from fengsui.config.ops.children import launcher
from fengsui.config.ops.home import REPO
from fengsui.kernel import replay as series
from tests.contracts.brokers import free_port
from tests.scenarios.installation import OURS, Installation, Nemesis, start_clocks

READINGS = int(os.environ.get("FENGSUI_KILL_READINGS", "6000"))
SEED = int(os.environ.get("FENGSUI_KILL_SEED", "20261124"))
LONG = READINGS >= 50_000
SPEED = 150.0 if LONG else 250.0  # faster, and the water is gone before people who are interrupted have issued
WINDOW_S = (9_000.0, 46_800.0)  # of the measured event: from before the rise until all is dry again
CLOCKS = 60
TARGETS = ("ingest", "worker", "clocks", "web", "broker", "database", "supervisor")
EVERY_S = (3.0, 6.0)
DEPTHS = ("ST01", "ST02", "ST03", "ST04", "ST05", "ST06", "RS01")
KINDS = {"ST": "water_depth", "RS": "river_stage", "RG": "rain_gauge"}

pytestmark = pytest.mark.slow


def dense(path: Path, readings: int) -> None:
    """The district's own measured event with values between its readings, faults of the source left in."""
    own = series.load(REPO / "districts" / "tiexi" / "replay", faults=False)
    low, high = WINDOW_S
    rain = [item for item in own.items if item.station not in DEPTHS and low <= item.stamp_s <= high]
    each = -(-(readings - len(rain)) // len(DEPTHS))
    rows: list[tuple[float, str, object, str]] = [(item.stamp_s, item.station, item.value, item.unit) for item in rain]
    for station in DEPTHS:
        known = [(item.stamp_s, float(item.value), item.unit) for item in own.of(station)]
        pairs = iter(pairwise(known))
        (t1, v1, unit), (t2, v2, _) = next(pairs)
        for number in range(each):
            at = low + (high - low) * number / each
            while at > t2:
                (t1, v1, unit), (t2, v2, _) = next(pairs)
            rows.append((round(at, 3), station, round(v1 + (v2 - v1) * (at - t1) / (t2 - t1), 4), unit))
    rows.sort(key=lambda row: row[0])
    tenth = len(rows) // 10
    rows[3 * tenth : 3 * tenth] = [rows[3 * tenth - 1]]  # sent twice
    rows[5 * tenth : 5 * tenth] = [rows[4 * tenth]]  # and once more, late
    rows[6 * tenth : 6 * tenth] = [(*rows[6 * tenth][:2], "--", rows[6 * tenth][3])]  # not a number: refused and kept
    with open(path, "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["time", "station", "value", "unit"])
        table.writerows(rows)


class Demonstration(Installation):
    """What `./fengsui demo` runs, with the receivers and the story as processes of the test's own."""

    def __init__(self, var: Path) -> None:
        var.mkdir(parents=True)
        ports = {"smtp": free_port(), "webhook": free_port()}
        (var / "ports.json").write_text(json.dumps(ports))
        self.facts = {
            "FENGSUI_DEMO": "1",
            "FENGSUI_DEMO_PASSWORD": "wind and rain 17",
            "FENGSUI_CLOCKS": "alerts.acknowledge=8",
            "FENGSUI_SMTP_URL": f"smtp://127.0.0.1:{ports['smtp']}",
            "FENGSUI_WEBHOOK_URL": f"http://127.0.0.1:{ports['webhook']}/bulletins",
        }
        super().__init__(var, **self.facts)
        self.beside: list[subprocess.Popen[bytes]] = []

    def run(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        host, port = self.mqtt
        env = {key: value for key, value in os.environ.items() if key not in OURS} | self.facts
        env |= {
            "FENGSUI_VAR": str(self.home.var),
            "PYTHONPATH": f"{REPO / 'src'}:{REPO}",
            "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
            "FENGSUI_DISTRICT": "tiexi",
            "FENGSUI_DATABASE_URL": self.database,
            "FENGSUI_MQTT_HOST": host,
            "FENGSUI_MQTT_PORT": str(port),
            "FENGSUI_BASE_URL": str(self.status()["address"]),
            "FENGSUI_SECRET_KEY": self.home.secret("secret_key"),
            "FENGSUI_WEBHOOK_SECRET": self.home.secret("webhook_secret"),
        }
        with open(self.home.log / f"{name}.log", "ab") as out:
            process = subprocess.Popen(
                [*launcher("TERM"), sys.executable, "-m", *words], env=env, cwd=REPO, stdout=out, stderr=out
            )
        self.beside.append(process)
        return process

    def stop(self) -> None:
        for process in self.beside:
            process.kill()
            process.wait()
        super().stop()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    running = Demonstration(tmp_path_factory.mktemp("kill") / "var")
    try:
        running.start()
        running.run("receivers", "fengsui.config", "receivers")
        yield running
    finally:
        running.stop()


def ask(installation: Installation, sql: str, *values: object) -> list[tuple]:
    with installation.connect() as connection:
        return connection.execute(sql, list(values) or None).fetchall()


def wait(what: str, look, seconds: float):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.5)
    return found


def test_nothing_is_lost_or_doubled_and_the_story_completes_when_everything_is_killed(
    installation, tmp_path, capsys, record_property
):
    dense(tmp_path / "dense.csv", READINGS)
    began = time.monotonic()
    story = installation.run(
        "story", "tests.scenarios.patient_story", str(tmp_path / "dense.csv"), str(SPEED), str(tmp_path)
    )
    told = installation.home.log / "story.log"
    count = "SELECT count(*) FROM sensing_observation"
    wait("the first readings", lambda: story.poll() is not None or ask(installation, count)[0][0] > 0, 90)
    with installation.connect() as connection:
        clocks = start_clocks(connection, (WINDOW_S[1] - WINDOW_S[0]) / SPEED, CLOCKS)
    nemesis = Nemesis(installation, SEED, TARGETS, EVERY_S)
    # The long run to the end of the replay, the ordinary one until each part was hit. Not longer: the last paper needs
    # ten seconds in which nobody kills its printer.
    nemesis.run(
        lambda: (
            story.poll() is not None or (all(nemesis.counts().values()) and (not LONG or (tmp_path / "sent").exists()))
        )
    )
    killed_s = time.monotonic() - began
    wait("the story's end", lambda: (tmp_path / "played").exists() or story.poll() is not None, 300)
    assert (tmp_path / "played").exists(), told.read_text(errors="replace")[-3000:]
    sent = json.loads((tmp_path / "acknowledged.json").read_text())
    wanted, refused = sort_out(sent["keys"])
    wait("the last reading", lambda: len(stored(installation)) >= len(wanted), 60)
    try:
        wait("the last rung", lambda: len(firings(installation, clocks)) >= 2 * CLOCKS, 120)
    except AssertionError as late:
        told_by = (installation.home.log / "clocks.log").read_text(errors="replace")[-4000:]
        due = ask(installation, "SELECT count(*), min(next_fire_at), now() FROM core_clock WHERE state = 'running'")
        raise AssertionError(f"{late}\n{len(firings(installation, clocks))} fired; open: {due}\n{told_by}") from None
    (tmp_path / "calm").touch()
    code = story.wait(120)
    rows = stored(installation)
    kept = ask(installation, "SELECT count(*) FROM sensing_rejectedmessage WHERE code = 'sensor.decode.value'")[0][0]
    fired = Counter(ask(installation, "SELECT clock_id::text, rung FROM core_clockfiring WHERE rung >= 0"))
    heard = Counter(
        ask(
            installation,
            "SELECT payload->>'clock_id', (payload->>'rung')::int FROM core_storedevent "
            "WHERE name = 'core.ClockEscalated'",
        )
    )
    figures = {
        "seed": SEED, "sent": sent["published"], "acknowledged": sent["acknowledged"], "different": len(wanted),
        "stored": len(rows), "lost": len(wanted - set(rows)), "doubled": len(rows) - len(set(rows)),
        "refused and kept": kept, "kills": nemesis.counts(), "escalations": len(fired),
        "fired twice": sum(n > 1 for n in [*heard.values(), *fired.values()]), "seconds under kills": round(killed_s),
    }  # fmt: skip
    record_property("figures", figures)
    with capsys.disabled():
        print(f"\n{json.dumps(figures, ensure_ascii=False)}\n{told.read_text(errors='replace')[-2600:]}")
    # First, and the latest lines last: a story that gave up says why, and all that follows would only be its echo.
    assert (code, sent["broken"]) == (0, ""), told.read_text(errors="replace")[-1600:]
    assert all(nemesis.counts()[target] for target in TARGETS), "each part is killed at least once"
    assert sent["acknowledged"] == sent["published"] == sent_by(tmp_path / "dense.csv")
    assert not wanted - set(rows), "acknowledged and not stored"
    assert not set(rows) - wanted, "stored and never sent so"
    assert len(rows) == len(wanted), "stored twice"
    assert kept >= len(refused) > 0
    assert set(heard) == set(fired) >= {(clock, rung) for clock in clocks for rung in (0, 1)}
    assert set(heard.values()) == set(fired.values()) == {1}


def sent_by(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return sum(1 for _ in file) - 1


def sort_out(keys: list[list[str]]) -> tuple[set[tuple[str, datetime, float]], list[list[str]]]:
    """What must be stored, by station, time and value in the sensor's unit; and what must be refused."""
    units = {
        line.station: line.unit for line in series.load(REPO / "districts" / "tiexi" / "replay", faults=False).items
    }
    wanted, refused = set(), []
    for station, at, value in keys:
        if value == "--":
            refused.append([station, at])
            continue
        body = json.dumps({"t": at, "v": float(value), "unit": units[station]}).encode()
        (reading,) = kinds()[KINDS[station[:2]]].decode(body)
        wanted.add((station, reading.at, reading.value))
    return wanted, refused


def stored(installation: Installation) -> list[tuple[str, datetime, float]]:
    rows = ask(
        installation,
        "SELECT s.code, o.at, o.value FROM sensing_observation o JOIN sensing_datastream d ON d.id = o.datastream_id "
        "JOIN sensing_station s ON s.id = d.station_id",
    )
    return [(code, at, value) for code, at, value in rows]


def firings(installation: Installation, clocks: list[str]) -> list[tuple]:
    return ask(installation, "SELECT clock_id, rung FROM core_clockfiring WHERE clock_id = ANY(%s::uuid[])", clocks)


def test_audit_chain_is_whole_after_the_kills(installation):
    home = {"FENGSUI_DATABASE_URL": installation.database, "FENGSUI_VAR": str(installation.home.var)}
    env = {**os.environ, **home, "FENGSUI_LANG": "zh"}
    command = [sys.executable, "-m", "fengsui.config", "audit-check"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 处不符" in done.stdout


def test_everything_runs_again_after_the_kills(installation):
    def all_up() -> bool:
        return all(each["state"] == "up" for each in installation.status()["services"].values())

    wait("all services", all_up, 60)
