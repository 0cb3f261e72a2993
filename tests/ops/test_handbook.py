"""The models' handbook: what it says is what the models compute today, and what it compares, it compares."""

from xml.etree import ElementTree

import numpy as np
import pytest

from fengsui.config.ops import handbook
from fengsui.config.ops.curves import MOST, svg
from fengsui.science.handbook import Plot, line, pages


@pytest.mark.slow
def test_pages_are_what_the_models_compute():
    assert [str(each) for each in handbook.outdated()] == [], "run python -m fengsui.config handbook"


@pytest.mark.slow
def test_each_page_has_checks_and_what_is_missed_is_in_its_readme():
    for page in pages():
        assert page.checks, page.code
        missed = [each.what for each in page.checks if not each.holds]
        assert not missed, f"{page.code}: {missed}"


@pytest.mark.parametrize(
    ("one", "two", "equal"),
    [
        ("| a | 0.100 |", "| a | 0.1005 |", True),
        ("| a | 0.100 |", "| a | 0.102 |", False),
        ("| a | 0.100 |", "| b | 0.100 |", False),
        ("| a | 0.100 ✓ |", "| a | 0.100 **missed** |", False),
        ("1e-7", "0", True),
        ("M10 20L30 40", "M10 20L30 40L50 60", False),
    ],
)
def test_pages_are_compared_number_by_number(one, two, equal):
    assert handbook.same(one, two) is equal


def test_curve_keeps_its_peaks_and_breaks_where_nothing_is_known():
    y = np.zeros(5000)
    y[3210], y[100:200] = 7.0, np.nan
    drawn = ElementTree.fromstring(svg(Plot("p", "a < b", "s", "m", (line("one", np.arange(5000), y),))))
    paths = [each.get("d") for each in drawn.iter("{http://www.w3.org/2000/svg}path") if each.get("fill") == "none"]
    assert [path.count("M") for path in paths] == [2]
    points = paths[0].replace("M", "L").strip("L").split("L")
    assert len(points) <= 2 * MOST + 100
    assert min(int(each.split()[1]) for each in points) == 34 + 360 // 8, "the peak of 7 on an axis up to 8"


def test_plot_of_nothing_is_refused():
    with pytest.raises(ValueError, match="finite"):
        svg(Plot("p", "t", "x", "y", (line("one", [1.0], [np.nan]),)))
    with pytest.raises(ValueError, match="1 values over 2"):
        line("one", [1.0], [1.0, 2.0])
