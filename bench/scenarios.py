"""`./fengsui bench scenarios`: what a library knows of a question, while a flood is being computed on the same cores.

ours     `near.of_question`: the newest library of the same ground, its nearest scenarios, their places and streets
limit    the same rows by psycopg alone: places of all scenarios, the answers of six
reading  every scenario's answer read and looked through, as without an index by place in the library
sklearn  NearestNeighbors over the same points, already in memory: the search alone

Libraries of 20 and 200 scenarios, each with 60 places and 100 streets; the flood: 1.5 km in cells of 10 m, two hours.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import _shared

PLACES, CUTS = 60, 100
BASE = {
    "lon": 123.342, "lat": 41.811, "width_m": 1500, "cell_m": 10, "rain": {"kind": "steady", "duration_min": 60.0},
    "drained_mm_h": 20.0, "sewers_a": 0.0,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench scenarios")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=40, help="a round")
    options = parser.parse_args(arguments)
    _shared.ready()
    from fengsui.core.models import World
    from fengsui.core.worlds import LIVE
    from fengsui.kernel.actor import Actor

    world = World.objects.get(pk=LIVE)
    by = Actor(world=world.pk, system="bench")
    with _computing():
        few = _asked(20, by, options, None)
        _asked(200, by, options, few)
    return 0


def _asked(count: int, by: Any, options: Any, few: float | None) -> float:
    from fengsui.apps.forecasts.scenarios import axes, near

    lon = 123.0 + count / 1000
    _library(count, lon, by.world)
    rng = np.random.default_rng(count)
    questions = [
        axes.asked_of(
            {**BASE, "lon": lon},
            {"rain": float(rng.uniform(20, 100)), "pumps": float(rng.uniform()), "gates": "open", "standing_m": 0.1},
        )
        for _ in range(options.questions)
    ]
    sides = _sides(questions, by, near, axes)
    took: dict[str, list[float]] = {name: [] for name in sides}
    each: list[float] = []
    for _ in range(options.rounds):
        for name, work in sides.items():
            own = []
            for question in questions:
                began = time.perf_counter()
                assert work(question)
                own.append((time.perf_counter() - began) * 1000)
            took[name].append(float(np.median(own)))
            if name == "ours":
                each += own
    print(f"\na library of {count} scenarios, {len(each)} questions; {_shared.load()}")
    middle = float(np.median(took["ours"]))
    _shared.times(
        "scenarios", f"nearest of {count}, median", took, exponent=_shared.growth(few, middle) if few else None
    )
    worst = _shared.p(each, 0.99)
    _shared.times("scenarios", f"nearest of {count}, p99", {"ours": [worst]}, goal="< 50 ms", met=worst < 50)
    return middle


def _sides(questions: list[Any], by: Any, near: Any, axes: Any) -> dict[str, Callable[[Any], bool]]:
    from sklearn.neighbors import NearestNeighbors

    from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
    from fengsui.science.scenarios.nearest import Scale

    library = ScenarioLibrary.objects.in_world(by.world).get(ground=axes.ground(questions[0]))
    rows = list(library.scenarios.values_list("pk", "point"))
    points = np.array([at for _, at in rows])
    scale = Scale.of(points)
    tree = NearestNeighbors(n_neighbors=near.COUNT).fit(scale(points))
    bare = _shared.bare(autocommit=True)

    def limit(_question: Any) -> bool:
        bare.execute(
            "SELECT id, point FROM forecasts_scenario WHERE library_id = %s AND status = 'done'", [library.pk]
        ).fetchall()
        keys = [key for key, _ in rows[: near.COUNT]]
        return (
            len(bare.execute("SELECT n, asked, answer FROM forecasts_scenario WHERE id = ANY(%s)", [keys]).fetchall())
            > 0
        )

    def reading(question: Any) -> bool:
        at = scale(np.array(axes.point(question)))
        found = Scenario.objects.filter(library=library, status="done").defer("depth", "picture")
        return bool(sorted(found, key=lambda one: float(((scale(np.array(one.point)) - at) ** 2).sum()))[: near.COUNT])

    return {
        "ours": lambda question: near.of_question(question, by) is not None,
        "limit": limit,
        "reading": reading,
        "sklearn": lambda question: len(tree.kneighbors(scale(np.array(axes.point(question)))[None])[1]) > 0,
    }


def _library(count: int, lon: float, world: Any) -> None:
    from django.utils import timezone

    from fengsui.apps.forecasts.scenarios import axes
    from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary

    varied: dict[str, list[Any]] = {
        "rain": np.linspace(20, 100, count // 4).round(3).tolist(), "pumps": [0.0, 1.0], "gates": ["open"],
        "standing_m": [0.0, 0.3],
    }  # fmt: skip
    base = {**BASE, "lon": lon}
    asked = axes.questions(base, varied)
    row = ScenarioLibrary.objects.create(
        world_id=world, title="bench", base=base, axes=varied, ground=axes.ground(asked[0]), asked_at=timezone.now(),
        status="done", total=len(asked), correlation=world,
    )  # fmt: skip
    rng = np.random.default_rng(1)
    Scenario.objects.bulk_create(
        Scenario(
            library=row,
            n=n,
            asked=one,
            point=axes.point(one),
            status="done",
            answer=_answer(rng),
            depth=rng.bytes(20_000),
            picture=rng.bytes(12_000),
        )
        for n, one in enumerate(asked)
    )
    _shared.sql("ANALYZE forecasts_scenario")


def _answer(rng: Any) -> dict[str, Any]:
    return {
        "box": [123.3, 41.8, 123.4, 41.9], "shape": [150, 150], "flooded_m2": 1e4, "water": {}, "illustrative": True,
        "inputs": "0" * 64, "took_s": 4.0, "remarks": [],
        "places": [
            {
                "id": f"{n:036d}", "code": f"P{n}", "name": f"地点{n}", "name_en": f"place {n}",
                "deepest_m": float(rng.uniform(0.05, 0.8)), "arrival_s": [600.0, 900.0, None, None],
            }
            for n in range(PLACES)
        ],
        "cuts": [
            {"name": f"街{n}", "from_s": float(rng.uniform(0, 3600)), "deepest_m": 0.4} for n in range(CUTS)
        ],
    }  # fmt: skip


@contextmanager
def _computing() -> Iterator[None]:
    """A flood in a process of its own, again and again, as a live run would be."""
    from fengsui.kernel.ports.floods import Hollow, Question

    question = Question(
        (123.342, 41.811), 1500.0, 10.0, 7200.0, tuple(300.0 * n for n in range(13)), (0.005,) * 12,
        drained_m_s=5e-6, hollows=(Hollow((123.342, 41.811), 60.0, 1.2),),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        import json

        (Path(name) / "question.json").write_text(json.dumps(asdict(question)))
        line = f"while {sys.executable} -m fengsui.engines.floods.child {name} 0; do :; done"
        work = subprocess.Popen(
            ["sh", "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            assert work.stdout is not None
            work.stdout.readline()  # it computes
            yield
        finally:
            import os
            import signal

            os.killpg(work.pid, signal.SIGKILL)
            work.wait()
