"""A second process takes up what the first compiled, for loops that call others, of both float types."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[3]
PROGRAM = """
import json, numpy as np
from fengsui.science import compiling
made = []
numbered = compiling._numbered
compiling._numbered = lambda one, function, how: made.append(numbered(one, function, how)) or made[-1]
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.ground import Ground, Horton
from fengsui.science.inundation.run import Run
bed = np.fromfunction(lambda y, x: 0.01 * x + 0.02 * np.sin(y), (24, 24))
flood = Flood(
    Ground(bed, np.full(bed.shape, 0.03), 5.0), 120.0, rain=Rain(np.array([0.0, 60.0]), np.array([0.01])),
    horton=Horton(1e-5, 1e-6, 1e-3),
)
run = Run(flood)
run.advance(120.0)
asked = [each for each in made if hasattr(each, "stats")]
print(json.dumps({
    "hits": sum(sum(each.stats.cache_hits.values()) for each in asked),
    "misses": sum(sum(each.stats.cache_misses.values()) for each in asked),
    "depth": run.h.astype(float).ravel().tolist(),
}))
"""


def once(cache: Path, seed: str) -> dict:
    # Another seed of text hashes: the order of a set must not tell one process' functions from another's.
    environment = {**os.environ, "FENGSUI_CODE_CACHE": str(cache), "PYTHONHASHSEED": seed, "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.slow  # compiles a scheme anew
def test_a_second_process_compiles_nothing_and_computes_the_same(tmp_path):
    first, second = once(tmp_path, "1"), once(tmp_path, "2")
    assert first["misses"] > 0
    assert first["hits"] == 0
    assert second["misses"] == 0
    assert second["hits"] > 0
    assert second["depth"] == first["depth"]


BOTH = """
import numpy as np
from fengsui.science.inundation import soak
call = soak._by_time
one, many = sorted(
    (each.cell_contents for each in call.__closure__ if hasattr(each.cell_contents, "stats")),
    key=lambda each: each.targetoptions.get("parallel"),
)
for side in (8, 300):
    h, ones = np.full((side, side), 0.1, np.float32), np.ones((side, side), np.float32)
    soak.soak(h, ones, 1e-3, ones, ones.copy(), 0.0, 0.0, 1.0)
print(*(sum(getattr(each.stats, what).values()) for each in (one, many) for what in ("cache_hits", "cache_misses")))
"""


@pytest.mark.slow  # compiles two loops anew
def test_loop_for_one_core_is_not_taken_for_the_one_on_all(tmp_path):
    """It was: after one small grid all large ones were computed by one core, until the sources changed."""
    environment = {**os.environ, "FENGSUI_CODE_CACHE": str(tmp_path), "PYTHONPATH": str(HERE)}
    ask = [sys.executable, "-c", BOTH]
    told = [subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert [each.split() for each in told] == [["0", "1", "0", "1"], ["1", "0", "1", "0"]]


def test_where_nothing_can_be_written_it_computes_all_the_same(tmp_path):
    (tmp_path / "file").write_text("no folder")
    done = subprocess.run(
        [sys.executable, "-c", "import fengsui.science.compiling as c; print(c.njit(lambda x: x + 1)(1), c.FOLDER)"],
        env={**os.environ, "FENGSUI_CODE_CACHE": str(tmp_path / "file"), "PYTHONPATH": str(HERE)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["2", "None"]


def test_what_others_may_write_is_not_run(tmp_path):
    ask = [sys.executable, "-c", "from fengsui.science.compiling import FOLDER; print(FOLDER)"]
    environment = {**os.environ, "FENGSUI_CODE_CACHE": str(tmp_path), "PYTHONPATH": str(HERE)}

    def folder() -> str:
        return subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    mine = Path(folder())
    assert mine.stat().st_mode & 0o077 == 0
    mine.chmod(0o777)
    assert folder() == "None"


def test_what_old_sources_compiled_goes_when_nobody_used_it_for_a_month(tmp_path):
    old, young = tmp_path / "0123", tmp_path / "4567"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, 0))
    subprocess.run(
        [sys.executable, "-c", "import fengsui.science.compiling"], check=True,
        env={**os.environ, "FENGSUI_CODE_CACHE": str(tmp_path), "PYTHONPATH": str(HERE)},
    )  # fmt: skip
    assert not old.exists()
    assert young.exists()
