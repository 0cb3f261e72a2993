"""The reference page of the journeys is the one that the command would write, as far as can be told without walking."""

import re

from tests.journeys.counted import BEGINS, ENDS, MOST, PAGE, Count, Walked, table, write
from tests.journeys.tasks import JOURNEYS

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def test_page_tells_each_journey_once_and_none_is_too_long():
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert [row[1] for row in rows] == [each.name.en for each in JOURNEYS]
    for _number, name, _people, acts, presses, fields, _loads, by_keys, _tabs in rows:
        assert int(acts) == int(presses) + int(fields), name
        assert max(int(acts), int(by_keys)) <= MOST, name


def test_table_is_written_anew_only_where_a_count_changed(tmp_path):
    page = tmp_path / "journeys.md"
    page.write_text(f"before\n{BEGINS}{ENDS}after\n", "utf-8")
    name = JOURNEYS[0].name
    rows = [Walked(name, keys, Count(5, 1, 4, 9 if keys else 0), 3.0, 2) for keys in (False, True)]
    assert write(rows, page)
    assert table(rows) in page.read_text("utf-8")
    assert page.read_text("utf-8").startswith("before\n")
    assert page.read_text("utf-8").endswith("after\n")
    slower = [Walked(each.name, each.by_keys, each.count, 99.0, 2) for each in rows]
    assert not write(slower, page)


def test_journey_is_too_long_when_it_takes_more_acts_than_allowed():
    name = JOURNEYS[0].name
    assert Walked(name, False, Count(presses=MOST), 1.0, 1).good
    assert not Walked(name, False, Count(presses=MOST, fields=1), 1.0, 1).good
    assert not Walked(name, False, Count(presses=1), 1.0, 1, lost="not there").good
