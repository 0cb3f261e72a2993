"""Every indicator folder: declared whole, measures its samples, keeps the records of each item, whatever the order."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from fengsui.catalog.indicators import Fact, Indicator, indicator, indicators, result
from fengsui.kernel.errors import NotFound

HOME = Path(__file__).parents[1]
each_indicator = pytest.mark.parametrize("entry", indicators().values(), ids=list(indicators()))


def samples(entry: Indicator) -> list[tuple[list[Fact], dict]]:
    found = []
    for path in sorted((HOME / entry.code / "samples").glob("*.yaml")):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(([Fact(**{**row, "at": moment(row["at"])}) for row in body["records"]], body["expect"]))
    return found


def moment(value: datetime | str) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    assert at.tzinfo is not None, "a time without its offset is nobody's"
    return at


@each_indicator
def test_indicator_is_declared_whole_when_found(entry: Indicator) -> None:
    for term in (entry.term, entry.unit, entry.formula, entry.numerator, entry.denominator, *entry.left_out.values()):
        assert term.zh
        assert term.en
    assert entry.term.source
    assert entry.term.basis == "V" or entry.term.note, "what no document settles says so"
    assert entry.opens in entry.reads
    assert len((HOME / entry.code / "README.md").read_text(encoding="utf-8")) > 200
    assert samples(entry)


@each_indicator
def test_indicator_equals_its_samples_when_measured(entry: Indicator) -> None:
    for facts, expect in samples(entry):
        got = result(entry, facts)
        assert got.value == (pytest.approx(expect["value"], abs=1e-9) if expect["value"] is not None else None)
        assert (got.numerator, got.denominator) == (expect["numerator"], expect["denominator"])
        wanted = {row["key"]: (row.get("value"), tuple(row["records"]), row.get("why", "")) for row in expect["items"]}
        assert {each.key: (each.value, each.records, each.why) for each in got.items} == wanted


@each_indicator
def test_figure_stays_when_records_come_in_another_order_or_beside_others(entry: Indicator) -> None:
    for facts, _expect in samples(entry):
        plain = result(entry, facts)
        mixed = [*facts, Fact(10**9, "somewhere.Else", facts[0].at, facts[0].story, {})]
        random.Random(9704).shuffle(mixed)
        assert result(entry, mixed) == plain


@each_indicator
def test_items_hold_their_records_when_counted(entry: Indicator) -> None:
    for facts, _expect in samples(entry):
        known = {each.id: each for each in facts}
        got = result(entry, facts)
        assert got.denominator == len(got.counted)
        for item in got.items:
            assert (item.value is None) == bool(item.why)
            assert item.why in ("", *entry.left_out)
            assert set(item.records) <= set(known)
            assert any(known[number].name == entry.opens for number in item.records)
            assert {known[number].story for number in item.records} == {item.story}


@each_indicator
def test_period_holds_the_items_that_began_in_it_when_cut(entry: Indicator) -> None:
    for facts, _expect in samples(entry):
        whole = result(entry, facts)
        cut = sorted(each.at for each in whole.items)[len(whole.items) // 2]
        before, after = result(entry, facts, until=cut), result(entry, facts, since=cut)
        assert set(before.items) | set(after.items) == set(whole.items)
        assert not set(before.items) & set(after.items)


def test_indicator_is_refused_when_unknown() -> None:
    with pytest.raises(NotFound, match=r"indicator\.unknown"):
        indicator("happiness")
