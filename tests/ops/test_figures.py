"""What benches kept: costs beside the other sides, and which of them grew."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fengsui.config.ops import benches, charts, figures
from fengsui.config.ops.console import Problem
from fengsui.config.ops.figures import Spread, figure, note, page, read, worse

FACTS = {"when": "2026-11-28", "machine": "2 cores", "database": "PostgreSQL 15", "load": 0.1, "failed": ""}


def times(ours, limit, **more):
    return figure("b", "p", {"ours": ours, "limit": limit}, **more)


def test_cost_is_of_the_same_round():
    made = times([2.0, 40.0, 6.0], [1.0, 10.0, 2.0])
    assert made.cost["limit"] == Spread(2.0, 3.0, 4.0)
    assert made.ours == Spread(2.0, 6.0, 40.0)
    assert made.beside == {"limit": 2.0}


def test_cost_of_a_rate_is_its_inverse():
    assert times([50.0], [100.0], rate=True).cost["limit"].median == 2.0


def test_sides_of_other_length_are_compared_by_their_medians():
    assert times([2.0, 4.0, 6.0], [1.0, 3.0]).cost["limit"] == Spread(2.0, 2.0, 2.0)


def test_a_bench_without_figures_of_ours_is_refused():
    with pytest.raises(ValueError, match="b: p"):
        times([], [1.0])


def test_only_what_grew_by_over_a_quarter_is_named():
    old = [times([1.0, 1.0], [1.0, 1.0])]
    assert worse(old, [times([1.2, 1.2], [1.0, 1.0])]) == []
    assert worse(old, [times([1.3, 1.3], [1.0, 1.0])]) == ["b: p: 1 -> 1.3 x limit"]


def test_worst_comes_first_and_what_is_new_or_cheaper_is_not_named():
    old = [times([1.0], [1.0]), replace(times([1.0], [1.0]), path="q"), replace(times([9.0], [1.0]), path="r")]
    now = [times([2.0], [1.0]), replace(times([3.0], [1.0]), path="q"), replace(times([1.0], [1.0]), path="r")]
    assert worse(old, [*now, replace(times([7.0], [1.0]), path="new")]) == [
        "b: q: 1 -> 3 x limit", "b: p: 1 -> 2 x limit",
    ]  # fmt: skip


def test_one_noisy_round_is_no_regression():
    assert worse([times([1.0], [1.0])], [times([0.9, 1.5, 1.6], [1.0, 1.0, 1.0])]) == []


def test_kept_figures_come_back_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(figures, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(figures, "CHARTS", tmp_path / "charts")
    made = [
        times([1.0, 2.0], [1.0, 1.5], goal="< 3 ms", met=True, exponent=0.25),
        times([5.0], [1.0], rate=True, unit="rows/s"),
    ]
    about = {"what": "what b does", "conditions": "load 3"}
    figures.save("b", made, about, "2026-11-28", "PostgreSQL 15", ["b", "pdf"])
    assert figures.kept(tmp_path / "kept.json") == made
    text = (tmp_path / "page.md").read_text()
    assert all(each in text for each in ("Not measured yet: pdf.", "what b does", "load 3", "+0.25"))
    # Another bench, then the first one anew: each has its newest figures.
    other, anew = replace(made[0], bench="a"), [replace(made[0], path="new")]
    figures.save("a", [other], {"what": "a's", "conditions": "load 1"}, "2026-11-29", "PostgreSQL 15", [])
    figures.save("b", anew, about, "2026-11-30", "PostgreSQL 15", [])
    assert figures.kept(tmp_path / "kept.json") == [other, *anew]
    text = (tmp_path / "page.md").read_text()
    assert all(each in text for each in ("a's", "load 1", "load 3", "2026-11-30"))
    assert "Not measured" not in text
    assert "beside limit" in (tmp_path / "charts/b.svg").read_text()


def test_note_writes_where_it_is_asked_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.delenv(figures.ASKED, raising=False)
    note("b", "p", {"ours": [1.0]})
    monkeypatch.setenv(figures.ASKED, str(tmp_path / "out"))
    note("b", "p", {"ours": [1.0], "limit": [0.5]})
    assert read((tmp_path / "out").read_text().splitlines()) == [figure("b", "p", {"ours": [1.0], "limit": [0.5]})]


def test_page_says_what_was_missed():
    text = page([times([3.0], [1.0], goal="< 2 ms", met=False)], FACTS)
    assert "| p | ms | 3 (3 to 3) | 1 | 3 (3 to 3) |  | < 2 ms **missed** |" in text
    assert "Goals met: 0 of 1.\nMissed: b: p." in text


def test_chart_has_a_dot_for_each_cost_where_its_scale_says(tmp_path):
    left = tmp_path / "gone.svg"
    left.write_text("")
    charts.draw([times([1.0], [10.0]), replace(times([10.0], [1.0]), path="<q>")], tmp_path)
    assert not left.exists()
    drawn = ElementTree.fromstring((tmp_path / "b.svg").read_text())
    mark = "{http://www.w3.org/2000/svg}"
    dots = [float(each.attrib["cx"]) for each in drawn.findall(f"{mark}circle")[:2]]
    assert dots == [charts.LEFT, charts.LEFT + charts.WIDE]  # 0.1 x to 10 x
    assert [each.text for each in drawn.findall(f"{mark}text") if each.text in {"p", "<q>"}] == ["p", "<q>"]


def test_whole_run_knows_every_bench_that_it_shortens_or_leaves_out():
    assert {*benches.QUICK, *benches.APART} <= set(benches.names())
    assert not set(benches.QUICK) & set(benches.APART)
    assert not any(name.startswith("_") for name in benches.names())


def test_unknown_bench_is_refused():
    with pytest.raises(Problem):
        benches.run(["light", "nothing"], write=False)


def test_what_a_bench_says_of_itself_is_its_head():
    assert benches.described("announce").startswith("`./fengsui bench announce`")


@pytest.mark.parametrize(
    ("value", "said"), [(0.1234, "0.123"), (12.34, "12.3"), (1234.5, "1 230"), (77576.0, "77 600")]
)
def test_numbers_have_three_figures_that_count(value, said):
    assert figures._number(value) == said


def test_committed_page_is_of_the_committed_figures():
    if not figures.KEPT.exists():
        pytest.skip("no figures were kept yet")
    facts = json.loads(figures.KEPT.read_text("utf-8"))
    assert figures.PAGE.read_text("utf-8") == page(figures.kept(), facts)
