"""A flood asked through the port: a real process of its own, real pictures, every cubic metre."""

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from fengsui.engines.floods import Here, relief
from fengsui.engines.floods.pictures import png
from fengsui.engines.floods.written import question_of
from fengsui.kernel.ports.floods import DEPTHS_M, Hollow, MadeUpSewers, Pump, Question, Refused, Spot, Stopped, Street

MIDDLE = (123.342, 41.811)
STREET = Street("启工街", ((123.342, 41.8093), (123.342, 41.8127)))
QUESTION = Question(
    MIDDLE, 400.0, 10.0, 1800.0, (0.0, 900.0), (0.03,), drained_m_s=5e-6,
    hollows=(Hollow(MIDDLE, 60.0, 1.2),), spots=(Spot("low", MIDDLE), Spot("far", (123.4, 41.9))), streets=(STREET,),
)  # fmt: skip


@pytest.fixture(scope="module")
def answer():
    shares = []
    found = Here().run(QUESTION, lambda share: shares.append(share) or True)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return found


def test_water_runs_to_the_hollow_and_every_cubic_metre_is_told(answer):
    low, far = answer.told
    assert low.deepest_m > 0.5
    assert [at for at in low.arrival_s if at is not None] == sorted(at for at in low.arrival_s if at is not None)
    assert len(low.arrival_s) == len(DEPTHS_M)
    assert (far.deepest_m, far.arrival_s) == (0.0, (None,) * 4), "a place outside of the square gets none"
    water = answer.water
    left = water["rain"] - water["drained"] - water["pumped"] - water["out"]
    assert left == pytest.approx(water["left"], rel=1e-5)
    assert water["rain"] == pytest.approx(0.03 * 400 * 400, rel=1e-6)


def test_street_through_the_hollow_is_cut_from_when_on_and_where(answer):
    (cut,) = answer.cuts
    assert (cut.name, cut.until_s) == ("启工街", None)
    assert 0 < cut.from_s < 1800
    assert cut.deepest_m > 0.25
    assert cut.at == pytest.approx(MIDDLE, abs=2e-4)


def test_pictures_are_of_the_square_and_the_grid_lies_where_it_was_asked(answer):
    assert [at for at, _ in answer.frames] == [0.0, 300.0, 600.0, 900.0, 1200.0, 1500.0, 1800.0]
    first, last = (
        np.asarray(Image.open(io.BytesIO(each)).convert("RGBA")) for _, each in (answer.frames[0], answer.frames[-1])
    )
    assert first.shape == last.shape == (40, 40, 4)
    assert not first[..., 3].any(), "dry at the start: nothing covers the map"
    assert last[20, 20, 3] > 0
    with rasterio.MemoryFile(answer.grid) as memory, memory.open() as grid:
        assert tuple(grid.bounds) == pytest.approx(answer.box)
        row, column = grid.index(*MIDDLE)
        assert grid.read(1)[row, column] == pytest.approx(answer.told[0].deepest_m, abs=0.2)


def test_same_question_same_answer(answer):
    again = Here().run(QUESTION, lambda share: True)
    assert again.facts["inputs"] == answer.facts["inputs"]
    assert (again.deepest, again.told, again.cuts) == (answer.deepest, answer.told, answer.cuts)


def test_pump_takes_water_out_and_no_more_than_there_is():
    pumped = Here().run(replace(QUESTION, pumps=(Pump(MIDDLE, 0.2),)), lambda share: True)
    assert 0 < pumped.water["pumped"] <= 0.2 * 1800


GRID = tuple(
    Street(f"{way}{n}", line)
    for n, off in enumerate((-0.0012, 0.0, 0.0012))
    for way, line in (
        ("纵", tuple((MIDDLE[0] + off, MIDDLE[1] + step * 0.0004) for step in range(-4, 5))),
        ("横", tuple((MIDDLE[0] + step * 0.0005, MIDDLE[1] + off) for step in range(-4, 5))),
    )
)
SEWERS = MadeUpSewers("A=4000", 4000.0, 0.9, 12.0, 0.77, 3.0)


def test_made_up_sewers_take_water_down_and_every_cubic_metre_is_told():
    bare = replace(QUESTION, streets=GRID, drained_m_s=0.0)
    without = Here().run(bare, lambda share: True)
    found = Here().run(replace(bare, sewers=SEWERS), lambda share: True)
    water = found.water
    assert water["sewers"] > 0.1 * water["rain"]
    left = water["rain"] - water["drained"] - water["pumped"] - water["out"] - water["sewers"]
    assert left == pytest.approx(water["left"], rel=1e-4)
    assert abs(water["missing"]) < 2e-3, "SWMM's books close to a thousandth here"
    assert found.told[0].deepest_m < without.told[0].deepest_m
    assert found.facts["manholes"] > 20
    assert found.facts["inputs"] != without.facts["inputs"]
    assert any("管网为示意" in zh for _, zh, _ in found.remarks)
    assert not any("未算管网" in zh for _, zh, _ in found.remarks)


def test_shut_gates_keep_what_went_down_and_streets_stand_deeper():
    bare = replace(QUESTION, streets=GRID, drained_m_s=0.0, sewers=SEWERS)
    free, shut = (Here().run(replace(bare, gates=each), lambda share: True) for each in ("open", "shut"))
    assert free.water["outfalls"] > 0.5 * free.water["sewers"]
    assert shut.water["outfalls"] == 0
    assert shut.water["left"] > free.water["left"]
    assert shut.told[0].deepest_m > free.told[0].deepest_m
    assert shut.facts["inputs"] != free.facts["inputs"]
    assert any("闸门全关" in zh for _, zh, _ in shut.remarks)
    with pytest.raises(Refused, match="gates"):
        Here().run(replace(QUESTION, gates="shut"), lambda share: True)


def test_water_stands_level_in_the_hollow_before_the_rain_and_is_told():
    asked = replace(QUESTION, standing_m=0.3)
    ground, square = relief.ground(asked), relief.square_of(asked)
    depth = relief.standing(asked, square, ground.bed_m)
    level = (depth + ground.bed_m)[depth > 0]
    assert depth.max() == pytest.approx(0.3)
    assert np.ptp(level) < 1e-9
    assert (depth > 0).sum() > 4
    found = Here().run(asked, lambda share: True)
    assert found.water["initial"] == pytest.approx(depth.sum() * 100, rel=1e-5)
    left = found.water["initial"] + found.water["rain"] - found.water["drained"] - found.water["out"]
    assert left == pytest.approx(found.water["left"], rel=1e-5)
    assert found.told[0].arrival_s[:3] == (0.0, 0.0, 0.0)
    nowhere = relief.standing(replace(asked, hollows=()), square, ground.bed_m)
    assert nowhere is None


def test_sewers_without_a_street_are_refused_in_words():
    with pytest.raises(Refused, match="no street"):
        Here().run(replace(QUESTION, streets=(), sewers=SEWERS), lambda share: True)


def test_stopped_question_ends_its_process():
    before = _children()
    with pytest.raises(Stopped):
        Here().run(QUESTION, lambda share: False)
    assert _children() == before


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(Refused) as refused:
        Here().run(replace(QUESTION, cell_m=1e4, width_m=1e6), lambda share: True)
    assert "cell_m" in refused.value.facts["why"]


def test_killed_asker_takes_its_process_along(tmp_path):
    program = (
        "from fengsui.engines.floods import Here\n"
        "from fengsui.engines.floods.tests.test_floods import QUESTION\n"
        "from dataclasses import replace\n"
        "print('begun', flush=True)\n"
        "Here().run(replace(QUESTION, width_m=3000.0, cell_m=5.0, until_s=86400.0), lambda share: True)\n"
    )
    asker = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert asker.stdout is not None
    asker.stdout.readline()
    child = _wait(lambda: _children(asker.pid))
    asker.send_signal(signal.SIGKILL)
    asker.wait()
    _wait(lambda: not any(Path(f"/proc/{each}").exists() for each in child))


def test_relief_is_of_the_place_not_of_the_square():
    """Two squares that overlap have the same ground where they do."""
    one = relief.ground(replace(QUESTION, hollows=(), streets=()))
    moved = relief.Square(MIDDLE, 400.0, 10.0).degrees(100.0, 0.0)
    two = relief.ground(replace(QUESTION, middle=moved, hollows=(), streets=()))
    assert two.bed_m[:, :30] == pytest.approx(one.bed_m[:, 10:], abs=1e-6)


def test_picture_shows_five_classes_and_nothing_below_five_centimetres():
    depth = np.array([[0.0, 0.049, 0.05, 0.15], [0.25, 0.5, 1.0, 9.0]])
    seen = np.asarray(Image.open(io.BytesIO(png(depth))).convert("RGBA"))
    assert (seen[0, :2, 3] == 0).all()
    assert len({tuple(each) for each in seen.reshape(-1, 4)}) == 6


def test_question_is_read_back_as_it_was_asked():
    import json
    from dataclasses import asdict

    assert question_of(json.loads(json.dumps(asdict(QUESTION)))) == QUESTION


def _children(parent: int | None = None) -> set[int]:
    found = set()
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                state = (each / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(state[1]) == (parent or os.getpid()) and state[0] != "Z":
                found.add(int(each.name))
    return found


def _wait(seen, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while not (found := seen()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
