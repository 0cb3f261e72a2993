"""EPA's models against the results that stand beside them, and their reports line by line."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from fengsui.science.drainage import ensemble
from fengsui.science.drainage.project import Attachment, Project
from fengsui.science.drainage.units import Units

QUICK = (
    "examples/Example1", "extran/extran2", "extran/extran9", "update_v5111/rain_garden", "update_v5111/bioretention",
    "update_v52/street_curb_inlet_9a", "update_v52/control_rules_test", "update_v52/Storage_Shape_Test",
)  # fmt: skip
WITHIN = 1e-3
COLUMNS = {
    "node": (("depth", "depth_m"), ("head", "head_m"), ("total_inflow", "inflow_m3_s"), ("flooding", "flooding_m3_s")),
    "link": (("depth", "depth_m"), ("flow", "flow_m3_s"), ("velocity", "speed_m_s")),
}
TIMED = ("Analysis begun", "Analysis ended", "Total elapsed")


def project(file: Path) -> Project:
    files = tuple(Attachment(each.name, each.read_text()) for each in sorted(file.parent.glob("*.dat")))
    return Project(file.read_text(errors="replace"), files)


def table(folder: Path, name: str):
    file = folder / "reference" / f"{name}.csv.gz"
    if not file.exists():
        return []
    with gzip.open(file, "rt") as lines:
        return list(csv.DictReader(lines))


def off(rows, output, units: Units) -> float:
    """Largest relative difference, with half of the reference's fifth digit where that is more."""
    places = {
        **{("node", each): n for n, each in enumerate(output.node_ids)},
        **{("link", each): n for n, each in enumerate(output.link_ids)},
        **{("subcatch", each): n for n, each in enumerate(output.subcatchment_ids)},
    }
    times = np.datetime64(output.began) + (output.time_s * 1000).astype("timedelta64[ms]")
    periods = {str(each)[:19]: n for n, each in enumerate(times)}
    wanted, found = [], []
    for row in rows:
        period, place = periods[row["time"]], places[row["type"], row["id"]]
        if row["type"] == "subcatch":
            pairs = [(row["runoff"], output.runoff_m3_s[period, place] / units.flow_m3_s)]
        else:
            arrays = output.nodes if row["type"] == "node" else output.links
            pairs = [
                (row[theirs], arrays[ours][period, place] / (units.flow_m3_s if "m3" in ours else units.length_m))
                for theirs, ours in COLUMNS[row["type"]]
            ]
        for theirs, ours in pairs:
            wanted.append(float(theirs))
            found.append(ours)
    ours, theirs = np.array(found), np.array(wanted)
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-6)).max())


def held(folder: Path, names) -> None:
    with open(folder / "manifest.csv", encoding="utf-8") as lines:
        manifest = {row["model"]: row for row in csv.DictReader(lines)}
    for name in names:
        code = name.replace("/", "__")
        rows, told = table(folder, code), manifest[code]
        (outcome,) = ensemble.run([project(folder / f"{name}.inp")], kept=bool(rows))
        assert outcome.output is not None, f"{name}: {outcome.failed}"
        output = outcome.output
        for column, ours in zip(("runoff", "routing"), output.error_percent, strict=False):
            if theirs := told[f"{column}_continuity_error_pct"]:
                assert ours == pytest.approx(float(theirs), abs=6e-4), name
        reference = (folder / "reference" / f"{code}.rpt").read_text(errors="replace")
        assert lines_of(output.report) == lines_of(reference), name
        if rows:
            assert len(rows) == int(told["csv_rows"])
            units = Units(("CFS", "GPM", "MGD", "CMS", "LPS", "MLD").index(told["flow_units"]))
            assert off(rows, output, units) < WITHIN, name


def lines_of(report: str) -> list[str]:
    return [
        " ".join(line.split()) for line in report.splitlines() if line.strip() and not line.strip().startswith(TIMED)
    ]


def test_quick_models_give_the_reference_within_a_thousandth(shared):
    held(shared / "data/swmm", QUICK)


@pytest.mark.slow  # twenty years of rain, a network of 200 nodes: half a minute
def test_all_other_models_give_the_reference_within_a_thousandth(shared):
    folder = shared / "data/swmm"
    rest = sorted(f"{each.parent.name}/{each.stem}" for each in folder.glob("*/*.inp"))
    assert len(rest) == 25
    held(folder, [each for each in rest if each not in QUICK])
