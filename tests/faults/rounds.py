"""One round: work begins, the nemesis acts while it goes on, everything comes to rest, the checker proves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fengsui.config.ops.home import REPO
from tests.faults import faults as _kinds  # noqa: F401 - they register themselves
from tests.faults.ground import Ground, wait
from tests.faults.nemesis import Nemesis
from tests.scenarios.installation import start_clocks

CLOCKS = 40
REST_S = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate`: readings a second. `faults`: so many at least, however soon the readings are sent."""

    readings: int = 100_000
    rate: float = 250.0
    faults: int = 0
    only: tuple[str, ...] = ()
    every_s: tuple[float, float] = (0.2, 1.2)


@dataclass
class Outcome:
    seed: int
    took_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    story: str = ""
    """The faults in order, one a line."""


def prepare(ground: Ground) -> None:
    """Start everything; tokens for the people. Once for all rounds."""
    ground.start()
    ground.begin_receivers()
    made = ground.begin("prepare", "prepare", outside=False)
    assert made.wait(120) == 0, ground.log_of("prepare")
    wait("the receivers", lambda: "receivers up" in ground.log_of("receivers"), 60)


def play(ground: Ground, number: int, seed: int, plan: Plan) -> Outcome:
    """What did not come to rest is a finding, like what the checker finds."""
    began, outcome = time.monotonic(), Outcome(seed)
    with ground.connect() as connection:
        planned = start_clocks(connection, plan.readings / plan.rate, CLOCKS)
    (ground.truth / f"clocks-{number}.json").write_text(json.dumps(planned))
    devices = ground.begin(f"devices-{number}", "devices", str(number), str(plan.readings), str(plan.rate))
    people = ground.begin(f"people-{number}", "people", str(number), str(seed))
    nemesis = Nemesis(ground, seed, plan.every_s, plan.only)
    try:
        nemesis.run(lambda done: done >= plan.faults and devices.poll() is not None)
        _come_to_rest(ground, number, devices, people)
    except AssertionError as never:
        outcome.findings.append(str(never)[:2000])
    finally:
        (ground.truth / f"over-{number}").touch()
    outcome.findings += nemesis.found
    outcome.faults, outcome.story = nemesis.counts(), nemesis.story()
    try:
        proved = _ask(ground, str(number))
        outcome.figures = proved["figures"]
        outcome.findings += proved["findings"]
    except (AssertionError, subprocess.TimeoutExpired) as broken:
        outcome.findings.append(f"the checker itself: {broken}"[:2000])
    outcome.took_s = time.monotonic() - began
    return outcome


def _come_to_rest(
    ground: Ground, number: int, devices: subprocess.Popen[bytes], people: subprocess.Popen[bytes]
) -> None:
    (ground.truth / f"over-{number}").touch()
    wait("all services", lambda: _all_up(ground), 120)
    ended: Callable[[subprocess.Popen[bytes]], bool] = lambda each: each.poll() is not None  # noqa: E731 - used twice
    wait("the devices' last acknowledgements", lambda: ended(devices), REST_S)
    assert devices.returncode == 0, f"devices: {ground.log_of(f'devices-{number}')}"
    wait("the people's last answers", lambda: ended(people), REST_S)
    assert people.returncode == 0, f"people: {ground.log_of(f'people-{number}')}"
    wait("the broker's stream to be empty", lambda: _stored_all(ground), REST_S)
    wait("jobs and deliveries to be done", lambda: _ask(ground, "quiet"), REST_S)
    wait("the last rungs", lambda: _fired(ground, number), 120)


def _all_up(ground: Ground) -> bool:
    return all(each["state"] == "up" for each in ground.status()["services"].values())


def _stored_all(ground: Ground) -> bool:
    """No row came for three seconds: ingest stores what it has within one."""
    counts = []
    for _ in range(2):
        with ground.connect() as connection:
            row = connection.execute("SELECT count(*) FROM sensing_observation").fetchone()
        counts.append(row)
        time.sleep(3)
    return counts[0] == counts[1]


def _fired(ground: Ground, number: int) -> bool:
    planned = json.loads((ground.truth / f"clocks-{number}.json").read_text())
    with ground.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM core_clockfiring WHERE clock_id = ANY(%s::uuid[])", [planned]
        ).fetchone()
    return row is not None and row[0] >= 2 * len(planned)


def _ask(ground: Ground, what: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.inside", "checker", what],
        env=ground.environment(), cwd=REPO, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    with open(ground.truth / "checker.log", "a") as out:
        out.write(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])
