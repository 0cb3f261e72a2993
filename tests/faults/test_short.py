"""A short round of faults, and what the framework itself must hold: the same seed gives the same faults."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults import report
from tests.faults.devices import WINDOW
from tests.faults.faults import BadReceiver
from tests.faults.frame import Round
from tests.faults.ground import Ground
from tests.faults.nemesis import Fault, Nemesis
from tests.faults.rounds import Outcome, Plan, play, prepare

KINDS = (
    *("kill -9", "SIGSTOP", "PostgreSQL immediate stop", "broker restart, store lost", "receiver behaves badly"),
    *("disk full", "clock jump", "network cut"),
)
PLAN = Plan(readings=1_500, rate=100.0, faults=6, only=KINDS, every_s=(0.5, 1.5))


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_a_handful_of_faults_comes(capsys, record_property):
    """The long one is `./fengsui test --faults`. FENGSUI_FAULTS_SEED gives another handful."""
    seed, ground = int(os.environ.get("FENGSUI_FAULTS_SEED", "20261128")), Ground()
    try:
        prepare(ground)
        outcome = play(ground, 0, seed, PLAN)
    finally:
        ground.stop()
    record_property("figures", outcome.figures)
    with capsys.disabled():
        print(f"\n{report.told(outcome, PLAN)}")
    assert not outcome.findings, report.told(outcome, PLAN)
    assert outcome.faults.total() >= PLAN.faults
    assert outcome.figures["acknowledged"] == PLAN.readings


class NoGround:
    """Where nothing is done: only what is drawn counts."""

    missing: dict[str, str] = {}


def drawn(seed: int, count: int) -> list[str]:
    nemesis = Nemesis(NoGround(), seed)  # type: ignore[arg-type]  # only `missing` is asked
    return [nemesis._draw().name for _ in range(count)]


def test_faults_are_the_same_when_the_seed_is_and_every_kind_comes_before_any_comes_too_often():
    bag = sum(kind.share for kind in Fault.kinds.values())
    assert drawn(7, bag) == drawn(7, bag) != drawn(8, bag)
    assert set(drawn(7, bag)) == set(Fault.kinds)


def test_fault_is_not_drawn_when_the_machine_has_not_what_it_needs():
    class Bare(NoGround):
        missing = {"disk": "", "cable": "", "clock": ""}

    assert {kind.needs for kind in Nemesis(Bare(), 1).kinds()} == {""}  # type: ignore[arg-type]  # as above


def test_receivers_behave_in_every_way_when_drawn_often(tmp_path):
    class Saying(NoGround):
        said: list[dict[str, str]] = []

        def say_receivers(self, how: dict[str, str]) -> None:
            self.said.append(how)

    for seed in range(200):
        BadReceiver(Saying(), random.Random(seed)).begin()  # type: ignore[arg-type]  # only this is asked
    assert len({json.dumps(each) for each in Saying.said}) == 12


def test_lost_reading_is_excused_only_when_a_lost_store_held_it(tmp_path):
    start = datetime(2026, 11, 28, tzinfo=UTC)
    keys = [("S1", start + timedelta(seconds=n), 0.5) for n in range(3 * WINDOW)]
    lines = [f"{code} {at.isoformat()} {value!r} {1_000.0 + n:.3f}" for n, (code, at, value) in enumerate(keys)]
    (tmp_path / "readings-0.txt").write_text("\n".join(lines))
    (tmp_path / "people-0.jsonl").write_text("")
    (tmp_path / "stores-lost.txt").write_text(f"{1_000.0 + len(keys) - 2:.3f}\n")
    last, after, middle = keys[-3], keys[-1], keys[0]
    assert Round(tmp_path, 0).only_there({last, after, middle}) == {last}


def test_reading_that_the_door_took_late_is_the_last_of_its_station(tmp_path):
    """Measured first, acknowledged just before the store went: the HTTP door had stood shut."""
    start = datetime(2026, 11, 28, tzinfo=UTC)
    keys = [("S1", start + timedelta(seconds=n), 0.5) for n in range(3 * WINDOW)]
    said = {key: 1_000.0 + n for n, key in enumerate(keys)} | {keys[0]: 1_000.0 + len(keys) - 3.5}
    lines = [f"{code} {at.isoformat()} {value!r} {said[code, at, value]:.3f}" for code, at, value in keys]
    (tmp_path / "readings-0.txt").write_text("\n".join(lines))
    (tmp_path / "people-0.jsonl").write_text("")
    (tmp_path / "stores-lost.txt").write_text(f"{1_000.0 + len(keys) - 2:.3f}\n")
    assert Round(tmp_path, 0).only_there({keys[0]}) == {keys[0]}


def test_told_names_seed_and_faults_in_order_when_something_was_found():
    told = report.told(Outcome(seed=17, findings=["a reading lost"], story="0.1 s  kill -9 (web), 0.0 s"), Plan())
    assert "--seed 17" in told
    assert "a reading lost" in told
    assert told.endswith("kill -9 (web), 0.0 s")
