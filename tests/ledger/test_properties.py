"""What must hold for any sheet: what goes out comes back unchanged, twice is once, order does not matter."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.people.models import Organisation
from fengsui.apps.places.models import Place, Shelter
from fengsui.core import wording
from fengsui.core.ledger import cells, export, listing
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.register import register, registers
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import StoredEvent
from fengsui.kernel.geo import gcj02_from_wgs84
from tests.ledger.make import actor, bring, text, upload, workbook
from tests.ledger.test_taking import HEAD, shelter

SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Co", "Cn"]), min_size=1, max_size=30
    )
    .map(str.strip)
    .filter(lambda name: name and not cells.BROKEN.match(name) and not {"\u200b", "\ufeff"} & set(name))
)
AWKWARD = st.sampled_from(
    ["=1+1", "'=1+1", "+86", "-", "@SUM(A1)", "注：这是名字", "0012", "1e5", "２号", "-5", "''=x", "无", "2026-07-28"]
)


def restored(work):
    """Undo one example's changes: the next begins with the same register."""
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


def whole(code, by):
    found = register(code)
    wanted = Wanted()
    rows = listing.ordered(found, listing.rows_of(found, by, wanted), wanted)
    return found, rows, export.exported(found, list(found.columns))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_export_changes_nothing_when_imported(district, kind):
    for code, declared in registers().items():
        if declared.edit is None:
            continue
        by = actor("secadmin" if code in ("posts", "organisations") else "leader")
        found, rows, columns = whole(code, by)
        if kind == "xlsx":
            body = export.xlsx(found, rows, columns, timezone.now())
        else:
            body = "".join(export.csv_lines(found, rows, columns, timezone.now())).encode()
        row = upload(code, body, by, f"{code}.{kind}") if len(body) < 200_000 else checked(code, body, by, kind)
        assert row.state == "checked", (code, row.found)
        assert (row.found["fresh"], row.found["changed"], row.faults) == (0, 0, []), (
            code,
            row.sample[:3],
            row.faults[:3],
        )
        assert row.found["same"] == rows.count() > 0
        assert len(row.found["remarks"]) == 1


def checked(code, body, by, kind):
    from fengsui.core.ledger import taking

    kept, taking.AT_ONCE_BYTES = taking.AT_ONCE_BYTES, 10**9
    try:
        return upload(code, body, by, f"{code}.{kind}")
    finally:
        taking.AT_ONCE_BYTES = kept


@SLOW
@given(names=st.lists(NAMES | AWKWARD, min_size=1, max_size=6), kind=st.sampled_from(["xlsx", "csv"]))
def test_any_name_survives_a_file_when_exported_and_imported(by, names, kind):
    def work():
        for index, name in enumerate(names):
            place = Place.objects.get(pk=points[index])
            place.name = name
            place.save(update_fields=["name"])
        found, rows, columns = whole("shelters", by)
        if kind == "xlsx":
            body = export.xlsx(found, rows, columns, timezone.now())
        else:
            body = "".join(export.csv_lines(found, rows, columns, timezone.now())).encode()
        row = upload("shelters", body, by, f"x.{kind}")
        assert (row.found.get("changed"), row.faults) == (0, []), (row.sample, row.faults)

    points = list(Shelter.objects.order_by("pk").values_list("pk", flat=True)[:6])
    restored(work)


ROW = st.fixed_dictionaries(
    {},
    optional={
        "可容纳人数": st.sampled_from([10, "20", "３０", "1,200", "三十", "", -1, 40.0]),
        "经度": st.sampled_from([123.34, "123°20′24″", "41.8", "E123.34", ""]),
        "街道": st.sampled_from(["启工街道", "210106007", 210106007.0, "没有街道"]),
    },
)


@SLOW
@given(rows=st.lists(ROW, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_rows_stand_alone_and_in_any_order_when_taken(by, rows, seed):
    """The same rows in another order give the same register; a wrong row names itself and stops no other."""
    made = [shelter(f"P{index}", **over) for index, over in enumerate(rows)]
    alone = {}
    for index, row in enumerate(made):
        preview = upload("shelters", workbook([HEAD, row]), by)
        alone[f"P{index}"] = not preview.faults
    shuffled = random.Random(seed).sample(made, len(made))

    def outcome(listed):
        found = {}

        def work():
            preview = upload("shelters", workbook([HEAD, *listed]), by)
            wrong = {listed[number - 2][0] for number, _column, _code, _facts in preview.faults}
            assert all(column in register("shelters").by_code for _number, column, _code, _facts in preview.faults)
            assert wrong == {code for code, sound in alone.items() if not sound}
            if preview.found["fresh"]:
                bring("shelters", workbook([HEAD, *listed]), by, skip_wrong=True)
                again = upload("shelters", workbook([HEAD, *listed]), by)
                assert (again.found["fresh"], again.found["changed"]) == (0, 0)
            rows = Shelter.objects.filter(place__code__startswith="P").order_by("place__code")
            found["rows"] = list(rows.values_list("place__code", "place__name", "capacity", "place__area_id"))

        restored(work)
        return found["rows"]

    assert outcome(made) == outcome(shuffled)
    assert {row[0] for row in outcome(made)} == {code for code, sound in alone.items() if sound}


@pytest.mark.parametrize("seed", range(4))
def test_parents_may_stand_below_their_children_when_imported(district, seed):
    by = actor("secadmin")
    rows = [["fa", "甲局", "部门", "government"], ["fb", "乙科", "部门", "fa"], ["fc", "丙组", "部门", "fb"]]
    listed = random.Random(seed).sample(rows, 3)
    bring("organisations", workbook([["代码", "名称", "类别", "上级"], *listed]), by)
    assert Organisation.objects.get(code="fc").path == "government/fa/fb/fc"
    circle = workbook([["代码", "名称", "类别", "上级"], ["fa", "甲局", "部门", "fc"]])
    before = StoredEvent.objects.count()
    assert bring("organisations", circle, by).found["code"] == "core.ledger.circle"
    assert StoredEvent.objects.count() == before
    assert Organisation.objects.get(code="fa").parent.code == "government"


@given(st.text(max_size=40) | st.floats(allow_nan=True) | st.integers() | st.booleans() | st.dates() | st.none())
def test_any_cell_is_a_value_or_a_named_fault_when_read(value):
    readers = (
        cells.text_of,
        cells.code_of,
        cells.number_of,
        cells.integer_of,
        cells.date_of,
        cells.boolean_of,
        cells.phone_of,
        cells.words_of,
        lambda v: cells.degrees_of(v, "lon"),
        lambda v: cells.degrees_of(v, "lat"),
    )
    for read in readers:
        try:
            read(value)
        except BadCell as bad:
            assert bad.code in wording._words, bad.code  # noqa: PT017 - either outcome is right


@given(st.text(max_size=30))
def test_no_text_begins_as_a_formula_when_exported_and_all_comes_back(name):
    kept = cells.safe(name)
    assert not kept or kept[0] not in "=+-@\t\r"
    if name == cells.text_of(name) and not cells.QUOTED.match(name) and not cells.BROKEN.match(name):
        assert cells.text_of(kept) == name
    if cells.QUOTED.match(name) and name.strip() == name == cells.held(name):
        assert cells.text_of(kept) == name


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_a_day_is_the_same_however_it_is_written(day):
    serial = (day - date(1899, 12, 30)).days
    written = [
        day,
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day.year}.{day.month}.{day.day}",
    ]
    for text_ in [*written, *([str(serial)] if serial >= 10000 else [])]:
        assert cells.date_of(text_) == day
    assert cells.date_of(f"{day - timedelta(days=1)}T16:00:00.000Z") == day


@given(st.floats(73.1, 135.9))
def test_degrees_are_the_same_in_every_writing(lon):
    whole_, rest = int(lon), (lon - int(lon)) * 60
    minutes, seconds = int(rest), round((rest - int(rest)) * 60, 4)
    if seconds >= 60:
        return
    for written in (
        f"{whole_}°{minutes}′{seconds}″E",
        f"{whole_}度{minutes}分{seconds}秒",
        f"东经{whole_}°{minutes}'{seconds}\"",
    ):
        assert cells.degrees_of(written, "lon") == pytest.approx(lon, abs=1e-7)


def test_positions_marked_gcj02_are_moved_when_read(by):
    there = gcj02_from_wgs84((123.345, 41.806))
    head = ["编号", "经度（GCJ-02）", "纬度（GCJ-02）", *HEAD[1:3], *HEAD[5:]]
    row = shelter("GC1")
    bring("shelters", workbook([head, ["GC1", *there, *row[1:3], *row[5:]]]), by)
    found = Shelter.objects.select_related("place").get(place__code="GC1").place.location
    assert (found.x, found.y) == pytest.approx((123.345, 41.806), abs=1e-6)


def test_text_of_a_sheet_is_understood_in_both_encodings(by):
    rows = [HEAD, shelter("EN1", 名称="朝阳小学", 可容纳人数="５００")]
    for number, encoding in enumerate(["utf-8", "utf-8-sig", "gb18030"]):
        rows[1][0] = f"EN{number}"
        bring("shelters", text(rows, encoding), by, "表.csv")
        assert Shelter.objects.get(place__code=f"EN{number}").capacity == 500
