"""Every measured set through decode, quality, store, crossing and warning; `./fengsui replay --all` plays them whole.

Here a set is cut to the hours around what it is known for, has no broker and no clock engine, and takes seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import batched
from pathlib import Path

import pytest

from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.places.models import Area
from fengsui.apps.sensing import actions, book
from fengsui.catalog.sensors import kind
from fengsui.config.ops.console import Problem
from fengsui.config.replays import command, gateway, site
from fengsui.config.replays.found import look
from fengsui.config.replays.judge import judge
from fengsui.config.replays.plan import Plan, Stream, lay_out
from fengsui.config.replays.sets import MeasuredSet, read_sets
from fengsui.config.replays.truth import episodes
from fengsui.core import record
from fengsui.core.models import ClockRuleRow, StoredEvent
from fengsui.ingest.decode import columns
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.devices import Message
from fengsui.kernel.replay import ReplayError, read_layouts

REPO = Path(__file__).parents[2]
HOME = REPO / "districts" / "tiexi" / "replay"
HYDRO = REPO.parent / "shared" / "data" / "hydro"
SECONDS = 20.0
KEPT = 1_000
"""Readings of a stream, around its highest."""
MOST_STREAMS = 90
SETS = {each.code: each for each in read_sets(HOME / "sets.yaml")}
REACTION = "fengsui.apps.alerts.handlers.follow_crossing"


def cut(stream: Stream) -> Stream:
    """The readings around the highest figure, and the times of the cut squeezed into the whole of the test."""
    numbers = [value if isinstance(value, float) else float("-inf") for _, value in stream.samples]
    if stream.events or len(numbers) <= KEPT:
        return stream
    top = numbers.index(max(numbers))
    first = max(0, min(top - KEPT // 2, len(numbers) - KEPT))
    kept = stream.samples[first : first + KEPT]
    begin, span = kept[0][0], kept[-1][0] - kept[0][0]
    return replace(
        stream,
        samples=tuple((at - begin, value) for at, value in kept),
        t0=stream.t0 + begin,
        speed=max(1.0, span / SECONDS),
        late=tuple((at - begin, value) for at, value in stream.late),
    )


def thin(plan: Plan) -> Plan:
    """At most MOST_STREAMS of the streams that are alike, those with a planted fault among them."""
    planted = [each for each in plan.streams if each.copy]
    step = 1 if plan.set.code == "uk_wet_day" else max(1, len(plan.streams) // MOST_STREAMS)
    kept = [each for each in plan.streams if not each.copy][::step]
    return Plan(plan.set, [cut(each) for each in [*kept, *planted]], plan.left_out, plan.missing)


def hear(plan: Plan, start: datetime) -> gateway.Sent:
    """Every message in the order of sending, as the ingest process takes it from the broker."""
    known, sent = book.read(), gateway.Sent()
    lists = [gateway.letters(n, each, SECONDS) for n, each in enumerate(plan.streams)]
    for part in batched(merge(*lists), 1000):
        messages = []
        for letter in part:
            stream = plan.streams[letter.number]
            when = start + timedelta(seconds=letter.due_s)
            messages.append(Message(stream.topic, gateway.body(stream, letter, start), when, 0))
            sent.readings += len(letter.readings)
        found = columns(known, messages)
        actions.keep_rejections(known, found.rejections)
        actions.store_readings(known, *found.arrays())
    return sent


def react() -> None:
    """The jobs that follow a crossing, one after the other."""
    for stored in StoredEvent.objects.filter(name="sensing.ThresholdCrossed").order_by("id"):
        by = Actor(world=stored.world_id, system="test", correlation=stored.correlation)
        record.handlers_of(stored.name)[REACTION](record.rebuild(stored), by)


@pytest.fixture
def town(db: None) -> None:
    Area.objects.create(code="210106", scheme="GB/T 2260", name="区", kind="district", provenance="illustrative")
    Area.objects.create(
        code="210106001", scheme="GB/T 2260", name="街道", kind="street", jurisdiction="core", parent_id="210106",
        provenance="illustrative",
    )  # fmt: skip
    org = Organisation.objects.create(code="duty", name="值班室", kind="department", path="duty", jurisdiction="core")
    Post.objects.create(code="duty-officer", title="值班员", org=org, role="duty_officer")
    for clock in ("alerts.confirm", "sensing.silence"):
        ClockRuleRow.objects.create(kind=clock, limit_s=600, ladder=[])


@pytest.mark.parametrize("code", SETS)
def test_a_set_gives_what_its_files_say_and_nothing_else(town: None, code: str) -> None:
    declared: MeasuredSet = SETS[code]
    if not any((HYDRO / name).exists() for name in declared.files):
        pytest.skip(f"LOUD: {HYDRO} is not here; the measured set {code} was not played")
    one = declared.model_copy(update={"files": declared.files[: 3 if code.startswith(("bed", "us_hourly")) else 1]})
    plan = thin(lay_out(one, HYDRO, read_layouts(HOME / "layouts.yaml"), SECONDS))
    start = datetime.now(UTC) - timedelta(seconds=SECONDS + 8)
    ids = site.build([plan], start + timedelta(seconds=SECONDS))
    sent = hear(plan, start)
    react()
    row = judge(plan, look([plan], ids, start), sent, SECONDS, whole=False)
    assert row.faults == []
    assert row.stored > 0
    if code in ("nyc_street_flood", "korea_han", "walnut_creek", "tokachi", "kyushu", "annagh", "dargle", "biliuhe"):
        assert row.ups["blue"] > 0
    if code == "uk_wet_day":
        assert (row.refused["sensor.decode.value"], row.warnings) == (4, Counter())


def test_what_must_come_of_a_stream_is_seen_in_whole_runs() -> None:
    (fourmile,) = read_sets(HOME / "sets.yaml", ["usgs_fourmile"])
    lines = {"blue": 1.0, "margin": 0.1}
    stream = Stream(
        set="x", code="x", series="x", kind=kind("river_stage"), unit="m", period_s=900, t0=0, speed=1, samples=(),
        ladder=lines, basis="", limits={}, events=False,
    )  # fmt: skip
    rows = [0.2, 1.1, 0.95, 1.2, 1.3, 0.5, 0.4, 0.3, 1.4, 0.2, 0.1, 0.0, 1.5, 1.6, 0.95, 1.1]
    made = episodes(replace(stream, samples=tuple((n * 900.0, value) for n, value in enumerate(rows))))
    assert [(each.at / 900, each.end / 900, each.peak) for each in made] == [(4, 4, 1.3), (13, 15, 1.6)]
    assert [copy.how for copy in fourmile.copies] == ["spikes", "dies", "late", "twice"]
    with pytest.raises(ReplayError, match="no such set; there are: nyc_street_flood"):
        read_sets(HOME / "sets.yaml", ["nowhere"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, ["--all", "usgs_fourmile", "Fourmile"]),
        ({"sets": ["nowhere"]}, ["no such set", "korea_han"]),
        ({"all": True, "data": "/nonexistent"}, ["No file of these sets", "--data"]),
    ],
)
def test_command_says_what_to_ask_for_when_asked_wrongly(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], words: list[str]
) -> None:
    monkeypatch.setenv("FENGSUI_LANG", "en")
    with pytest.raises(Problem) as refusal:
        command.chosen(Namespace(**{"sets": [], "all": False, "data": None, **asked}))
    assert [word for word in words if word not in str(refusal.value)] == []


@pytest.mark.slow
def test_a_set_is_played_through_a_platform_of_its_own(tmp_path: Path) -> None:
    if not HYDRO.exists():
        pytest.skip(f"LOUD: {HYDRO} is not here; no set was played through a platform of its own")
    ours = ("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "DJANGO_SETTINGS_MODULE")
    env = {key: value for key, value in os.environ.items() if key not in ours}
    env |= {"FENGSUI_VAR": str(tmp_path / "var"), "FENGSUI_LANG": "en", "PYTHONPATH": str(REPO / "src")}
    told = subprocess.run(
        [sys.executable, "-m", "fengsui.config", "replay", "usgs_fourmile", "--seconds", "100"],
        env=env, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert "| usgs_fourmile | 6 | 2,595 | 2,115 | 480 |" in told.stdout
    assert "the dead gauge has a clock, no warning" in told.stdout
    assert not (tmp_path / "var" / "replay" / "broker").exists()
