"""Simulations in child processes: progress, stopping, death; folders of their own; what a project may not do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from fengsui.kernel.errors import Invalid
from fengsui.science.drainage import child, ensemble, inp
from fengsui.science.drainage.child import Failed, Lost
from fengsui.science.drainage.project import Attachment, Project, option, with_option
from fengsui.science.drainage.tests.make import box, chain
from fengsui.science.drainage.units import FLOWS, Units
from fengsui.science.inundation.asked import Rain

STORM = Rain(np.array([0.0, 1200.0]), np.array([0.03]))


def short(until_s=1800.0, **how):
    return inp.project(chain(3), STORM, until_s, **how)


def long():
    """Some minutes of work."""
    return inp.project(chain(60), STORM, 20 * 86_400.0, report_s=3600, step_s=0.5)


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []


def test_two_at_once_give_what_each_gives_alone_and_tell_how_far_they_are():
    heard = []
    outcomes = ensemble.run([short(), short(900.0)], at_once=2, told=lambda *each: heard.append(each))
    alone = ensemble.simulate(short())
    assert [each.failed for each in outcomes] == [None, None]
    assert (0, 1.0) in heard
    assert (1, 1.0) in heard
    assert outcomes[0].output.report.split("Analysis begun")[0] == alone.report.split("Analysis begun")[0]
    assert (outcomes[0].output.nodes["head_m"] == alone.nodes["head_m"]).all()
    assert outcomes[1].output.time_s[-1] == 900
    assert alone.node_ids == ("井0", "井1", "井2", "口")


def test_one_that_fails_and_one_that_is_killed_leave_the_third_alone():
    wrong = Project("[OPTIONS]\nFLOW_UNITS FURLONGS\n")

    def told(number, share):
        if number == 1 and share < 1:
            os.kill(next(each.pid for each in multiprocessing.active_children()), signal.SIGKILL)

    outcomes = ensemble.run([wrong, long(), short()], at_once=1, told=told)
    assert isinstance(outcomes[0].failed, Failed)
    assert "FURLONGS" in str(outcomes[0].failed)
    assert isinstance(outcomes[1].failed, Lost)
    assert "exit code -9" in str(outcomes[1].failed)
    assert outcomes[2].output is not None


def test_cancelled_runs_end_at_once():
    asked = []
    with pytest.raises(ensemble.Cancelled):
        ensemble.run([long(), long(), long()], at_once=2, cancelled=lambda: asked.append(1) or len(asked) > 3)


def test_run_whose_books_do_not_close_is_thrown_away():
    """A long step through steep short pipes: SWMM itself says that water was lost."""
    output = ensemble.simulate(short())
    for percent in ((5.1, 0.0, 0.0), (0.0, -5.1, 0.0), (0.0, 0.0, 6.0), (0.0, float("nan"), 0.0)):
        wrong = child.Output(**{name: getattr(output, name) for name in output.__slots__} | {"error_percent": percent})
        with pytest.raises(Failed, match="continuity error"):
            child.proved(wrong)
    assert child.proved(output) is output


def test_error_is_a_share_of_what_came_and_came_back():
    """SWMM takes what came up off what came in, and would call a sound run of much exchange unsound."""
    output = ensemble.simulate(short())
    books = child.Output(
        **{name: getattr(output, name) for name in output.__slots__} | {"error_percent": (0, -50.0, 0)}
    )
    assert child.proved(books, back_m3=1000.0) is books


def test_project_without_a_pipe_and_engine_that_says_no():
    with pytest.raises(Failed, match="ERROR"):
        ensemble.simulate(Project(box().inp.replace("C J O 10", "C J X 10")))


def test_files_are_read_from_the_projects_own_folder_alone():
    text = '[RAINGAGES]\nR INTENSITY 1:00 1.0 FILE "C:\\data\\雨.dat" S IN\n'
    with pytest.raises(Invalid) as refused:
        Project(text)
    assert "雨.dat" in refused.value.facts["why"]
    assert refused.value.facts["line"] == 2
    laid = Project(text, (Attachment("雨.dat", "S 2026 1 1 0 0 1.0"),)).laid()
    assert 'FILE "雨.dat" S IN' in laid
    for wrong in ("../x.dat", "/etc/x", "project.inp", "a\\b", ""):
        with pytest.raises(ValueError, match="plain"):
            Attachment(wrong, "")


def test_project_writes_nowhere():
    with pytest.raises(Invalid, match="no interface files"):
        Project("[FILES]\nSAVE HOTSTART /root/x.hsf\n")
    text = (
        "[OPTIONS]\nTEMPDIR /root\nFLOW_UNITS LPS\n[LID_USAGE]\nS L 1 2 3 4 5 0 /root/x.txt * 0\n[BACKDROP]\nFILE /x\n"
    )
    laid = Project(text).laid()
    assert "/root" not in laid
    assert "/x" not in laid
    assert "S L 1 2 3 4 5 0 * * 0" in laid


def test_last_option_wins_as_swmm_reads_it():
    project = with_option(Project("[OPTIONS]\nALLOW_PONDING NO ; said\n"), "ALLOW_PONDING", "YES")
    assert option(project, "ALLOW_PONDING") == "YES"
    assert option(project, "THREADS") == ""


@pytest.mark.parametrize(
    ("name", "expected"), [("CFS", 0.0283168466), ("GPM", 6.30902e-5), ("MGD", 0.0438126), ("MLD", 0.011574074)]
)
def test_units_are_the_published_ones(name, expected):
    assert Units(FLOWS.index(name)).flow_m3_s == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_put_is_a_cubic_metre_to_swmms_rounded_factors(name):
    """SWMM's own factors, 4 to 6 digits, turn a flow to cubic feet; `put` reckons with them."""
    units = Units(FLOWS.index(name))
    assert units.put * units.flow_m3_s == pytest.approx(1.0, rel=2e-4)


def test_child_ends_when_its_parent_does():
    """The pipe breaks, and whoever waited at it leaves."""
    simulation = child.Simulation(box(), child.Taken(("池",), np.array([10.0]), np.array([5.0]), others=False))
    try:
        simulation.opened()
        simulation.pipe.close()
        simulation.process.join(20)
        assert simulation.process.exitcode == 0
        assert Path(simulation.folder).exists()
    finally:
        simulation.end()
