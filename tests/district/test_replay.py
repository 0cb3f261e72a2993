"""The replay: figures as measured, levels as declared, faults marked, anybody's file readable."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fengsui.catalog.sensors import Rejected, kinds
from fengsui.kernel.district import load as load_district
from fengsui.kernel.errors import Invalid
from fengsui.kernel.levels import Level
from fengsui.kernel.replay import (
    Item,
    Replay,
    ReplayError,
    Series,
    load,
    load_past,
    payload,
    read_csv,
    read_layouts,
    schedule,
)
from fengsui.kernel.units import convert

REPO = Path(__file__).parents[2]
HOME = REPO / "districts" / "tiexi" / "replay"
HYDRO = REPO.parent / "shared" / "data" / "hydro"
START = datetime(2026, 7, 28, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def own() -> Replay:
    return load(HOME)


def _depths(replay: Replay, station: str) -> list[tuple[float, float]]:
    """Sound readings in metres."""
    return [(item.stamp_s, convert(float(item.value), item.unit, "m")) for item in replay.of(station) if not item.fault]


def test_table_holds_the_measured_figures_when_read() -> None:
    table = read_csv(HOME / "events.csv", read_layouts(HOME / "layouts.yaml"))
    stage = table.series["stage"]
    assert (table.layout, stage.unit, len(stage.samples)) == ("own", "ft", 61)
    assert stage.samples[0] == (0.0, 2.46)
    assert max(value for _, value in stage.numbers) == 16.17
    assert stage.samples[27] == (24_300.0, 15.35)  # the drop at 02:15 is in the record
    assert round(sum(value for _, value in table.series["rain"].numbers), 2) == 2.2


def test_points_reach_their_levels_and_fall_when_replayed(own: Replay) -> None:
    district = load_district("tiexi", REPO / "districts")
    reached = {}
    for point in district.points:
        depths = _depths(own, point.station)
        top = max(depth for _, depth in depths)
        above = [level for level, line in point.lines_m.items() if top >= line]
        reached[point.code] = max(above, default=Level.NONE).code if above or top < point.watch_m else "watch"
        assert depths[0][1] == 0.0
        assert all(depth < point.all_clear_m for stamp, depth in depths if stamp > 12 * 3600)
    assert reached == {
        "WL01": "red",
        "WL02": "yellow",
        "WL03": "yellow",
        "WL04": "watch",
        "WL05": "blue",
        "WL06": "none",
    }
    first = {
        level.code: next(stamp for stamp, depth in _depths(own, "ST01") if depth >= line) / 60
        for level, line in district.points[0].lines_m.items()
    }
    assert first == {"blue": 180, "yellow": 195, "orange": 225, "red": 255}


def test_faults_are_marked_planted_when_in_the_list(own: Replay) -> None:
    assert Counter(item.fault for item in own.items) == {
        "": 541,
        "duplicate": 1,
        "late": 1,
        "absurd": 1,
        "wrong_unit": 1,
        "future": 1,
        "ancient": 1,
    }
    assert all(item.planted for item in own.items if item.fault)
    assert [(gap.station, gap.planted) for gap in own.gaps] == [("ST02", True)]
    assert not [item for item in own.of("ST02") if 8100 <= item.stamp_s < 11700]
    clean = load(HOME, faults=False)
    assert len(clean.items) == 9 * 61
    assert {item.fault for item in clean.items} == {""}
    assert clean.gaps == ()


def test_items_are_in_order_of_sending_when_loaded(own: Replay) -> None:
    offsets = [item.offset_s for item in own.items]
    assert offsets == sorted(offsets)
    late = next(item for item in own.items if item.fault == "late")
    assert (late.offset_s, late.stamp_s) == (19_800, 14_400)


def test_schedule_compresses_time_when_faster(own: Replay) -> None:
    dues = list(schedule(own, 600, START))
    assert dues[0].after_s == 0
    assert dues[-1].after_s == own.duration_s / 600 == 92.0
    item = next(due for due in dues if due.item.fault == "" and due.item.stamp_s == 900)
    assert item.at == START + timedelta(seconds=1.5)
    with pytest.raises(Invalid, match=r"replay\.speed"):
        next(schedule(own, 0, START))
    with pytest.raises(ValueError, match="aware"):
        next(schedule(own, 1, START.replace(tzinfo=None)))


def test_every_message_decodes_or_is_rejected_as_meant_when_sent(own: Replay) -> None:
    district = load_district("tiexi", REPO / "districts")
    sensor = {station.code: station.sensor for station in district.stations}
    assert set(own.stations) == set(sensor)
    for due in schedule(own, 600, START):
        kind = kinds()[sensor[due.item.station]]
        if due.item.fault == "wrong_unit":
            with pytest.raises(Rejected, match=r"sensor\.decode\.unit_wrong"):
                kind.decode(payload(due))
            continue
        (reading,) = kind.decode(payload(due))
        assert reading.at == due.at
        assert reading.value == pytest.approx(float(due.item.value) * kind.units[due.item.unit], abs=1e-9)
        low, high = kind.plausible
        assert (low <= reading.value <= high) == (due.item.fault != "absurd")


def test_plain_file_is_taken_as_it_is_when_it_names_the_stations(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "time,station,value,unit\n"
        "2026-07-28T02:00:00+08:00,ST01,0.00,m\n"
        "2026-07-28T02:01:00+08:00,ST01,0.10,m\n"
        "2026-07-28T02:02:00+08:00,ST01,0.2|0.3,m\n"
        "2026-07-28T02:01:00+08:00,ST01,0.10,m\n"
        "2026-07-28T02:03:00+08:00,ST01,,m\n"
        "2026-07-28T01:59:00+08:00,ST01,0.00,m\n"
        "2026-07-28T02:10:00+08:00,ST01,30,cm\n",
        encoding="utf-8",
    )
    replay = load(HOME, file=path)
    assert [(item.offset_s, item.stamp_s, item.value, item.fault) for item in replay.items] == [
        (0, 0, 0.0, ""),
        (60, 60, 0.1, ""),
        (120, 120, "0.2|0.3", "not_a_number"),
        (120, 60, 0.1, "duplicate"),
        (120, -60, 0.0, "late"),
        (600, 600, 30.0, ""),
    ]
    assert [(gap.start_s, gap.end_s) for gap in replay.gaps] == [(180, 600)]
    assert not replay.illustrative


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a,b\n1,2\n", "replay.file.no_layout"),
        ("time,value\nyesterday,2\n", "replay.file.time"),
        ("time,value\n", "replay.file.empty"),
        ("time,value\n1,2\n2,2\n3,2\n", "replay.file.flat"),
        ("time,pet_mm\n1,2\n2,3\n3,4\n", "replay.file.no_series"),
    ],
)
def test_file_is_refused_with_a_reason_when_unusable(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReplayError) as refusal:
        load(HOME, file=path)
    assert refusal.value.code == code
    assert "bad.csv" in str(refusal.value)
    with pytest.raises(ReplayError, match="unreadable"):
        load(HOME, file=tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# mine\n\ntime,value\n1,2\n\nsoon,3\n", ["line 6, column time", "'soon'"]),
        (b"time,value\nnan,2\n", ["line 2, column time", "'nan'"]),
        (b"time,value\n1,2\n,3\n", ["line 3, column time"]),
        (b"time,value\n1,2\n2,\xb6\xab\n", ["line 3, byte 3", "0xb6", "UTF-8"]),
        (b"time;value\n1;2\n", ["header", "separated by commas"]),
        (b"", ["header", "fit no layout"]),
        (b'time,value\n1,"' + b"x" * 200_000 + b'"\n', ["line 2", "field larger"]),
        (b"time,flow_m3s\n2026/7/28 2:00,1\nyesterday,2\n", ["line 3, column time", "'yesterday'"]),
    ],
)
def test_error_names_line_and_column_when_a_file_is_unreadable(
    tmp_path: Path, content: bytes, words: list[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ReplayError) as refusal:
        load(HOME, file=path)
    assert [word for word in ["bad.csv", *words] if word not in str(refusal.value)] == []


def test_one_wrong_clock_does_not_hold_up_the_rest_when_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    rows = [f"2026/7/28 2:{minute:02d},ST01,{minute / 100}" for minute in range(10)]
    rows.insert(5, "2099/1/1 0:00,ST01,0.05")
    path.write_text("time,station,value\n" + "\n".join(rows), encoding="utf-8")
    replay = load(HOME, file=path)
    assert [item.fault for item in replay.items].count("future") == 1
    assert len(replay.items) == 11
    assert replay.duration_s == 540
    assert replay.gaps == ()


def test_a_series_that_rises_is_taken_before_one_with_higher_spikes(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    rising = [0, 0, 0.1, 0.4, 0.9, 1.0, 0.9, 0.5, 0.2, 0, 0, 0]
    spiky = [0, 0, 0, 9.0, 8.9, 0, 0, 0, 9.5, 0, 0, 0]
    rows = [f"{900 * n},{a},{b}" for n, (a, b) in enumerate(zip(rising, spiky, strict=True))]
    path.write_text("time,weir_m,odd_m\n" + "\n".join(rows), encoding="utf-8")
    assert "(weir_m" in load(HOME, file=path).mapping[0]


def test_fault_is_refused_when_it_hits_nothing(tmp_path: Path) -> None:
    for path in HOME.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults: [{kind: absurd, station: ST99, at: 0, value: 9}]\n", encoding="utf-8")
    with pytest.raises(ReplayError, match="no reading of ST99"):
        load(tmp_path)
    faults.write_text("faults: [{kind: late, station: ST01, at: 0}]\n", encoding="utf-8")
    with pytest.raises(ReplayError, match="delay_s"):
        load(tmp_path)


def test_a_street_called_lorraine_is_no_rain() -> None:
    street, gauge, bucket = (Series(name, "mm", ()) for name in ("BK-lorraine-st", "000008 rainfall", "rain_in"))
    assert [street.is_rain, gauge.is_rain, bucket.is_rain] == [False, True, True]


def test_a_short_crest_is_told_slowly_and_a_long_window_fast(own: Replay) -> None:
    assert own.pace(600, 55_200, "ST01") == 600
    items = tuple(
        Item(at, "ST01", value, "m", at) for at, value in enumerate([0.0] * 900 + [0.3, 0.43, 0.3] + [0.0] * 900)
    )
    short = replace(own, items=items)
    assert short.crest_s("ST01") == 2
    assert short.pace(600, 55_200, "ST01") == pytest.approx(1802 / 290)
    sparse = replace(
        own, items=tuple(Item(each.offset_s * 9, "ST01", each.value, "m", each.stamp_s * 9) for each in own.of("ST01"))
    )
    assert sparse.pace(600, 55_200, "ST01") > 600


def test_rain_alone_falls_beside_the_districts_own_water(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    rows = [f"{hour * 3600},{5 if 40 <= hour < 50 else 0.2}" for hour in range(100)]
    path.write_text("time,rain_mm\n" + "\n".join(rows), encoding="utf-8")
    replay = load(HOME, file=path)
    rain = replay.of("RG01")
    assert max(depth for _, depth in _depths(replay, "ST01")) == pytest.approx(0.43, abs=0.01)
    assert sum(float(item.value) for item in rain) == pytest.approx(10 * 5 + 6 * 0.2)
    assert replay.of("RG02") == [replace(item, station="RG02") for item in rain]
    assert "只有雨量" in replay.chosen[0][0]
    assert "rain alone" in replay.chosen[0][1]


@pytest.mark.parametrize(
    ("content", "layout", "first"),
    [
        ("457938           2004  1  1  24  0    0.010     \n", "swmm_rain", (1073001600.0, 0.01)),
        ("STATION  DATE  HPCP\n-----\n   COOP:134101 20130110 22:00 0.10    \n", "ncdc_hourly", (1357855200.0, 0.1)),
        (
            "STATION  DATE  HPCP\n-----\n   COOP:134101 20130110 22:00 10  g \n",
            "ncdc_hourly_hundredths",
            (1357855200.0, 0.1),
        ),
    ],
)
def test_file_of_columns_is_read_by_its_pattern(
    tmp_path: Path, content: str, layout: str, first: tuple[float, float]
) -> None:
    path = tmp_path / "rain.dat"
    path.write_text(content, encoding="utf-8")
    table = read_csv(path, read_layouts(HOME / "layouts.yaml"))
    (series,) = table.series.values()
    assert (table.layout, series.samples[0], series.unit, series.is_rain) == (layout, first, "in", True)
    path.write_text(content + "the end\n", encoding="utf-8")
    with pytest.raises(ReplayError, match="'the end' is no reading"):
        read_csv(path, read_layouts(HOME / "layouts.yaml"))


def test_what_a_file_leaves_out_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("time,hangang_cm,dam_level_m\n1,5,0.0\n2,,25\n3,x,25\n", encoding="utf-8")
    table = read_csv(path, read_layouts(HOME / "layouts.yaml"))
    assert table.left_out == {"blank": 1, "missing code": 1}
    assert table.series["hangang_cm"].samples == ((1.0, 5.0), (3.0, "x"))


SHARED = {
    # file: (layout, fitted series)
    "usgs_fourmile_2018/05485605.csv": ("usgs_site", "gage_height_ft"),
    "nyc_street_flood/events_to_2025-06.csv": ("nyc_street_flood", ""),
    "uk_2021-05-07/wet_day.csv": ("uk_environment_agency", ""),
    "nyc_street_flood/flagged_events.csv": ("nyc_street_flood", ""),
    "rivers/us_walnut_creek_2024/walnut_2024-07-01_08-07.csv": ("wide", "state_street_ft"),
    "rivers/korea_han/han_2012a.csv": ("wide_korea", ""),
    "rivers/china_biliuhe/biliuhe_2012-2017.csv": ("wide_china", "flow_m3s"),
    "rivers/japan_tokachi_2016/levels_aug01-28.csv": ("wide_japan", ""),
    "rivers/japan_kyushu_2017/levels.csv": ("wide_japan_kyushu", ""),
    "rivers/ireland_dargle/powerscourt_2022-10_2023-01.csv": ("wide", "level_m"),
    "rivers/ireland_annagh/clonsingle_hourly_2012-2017.csv": ("wide", "level_m"),
    "rivers/uk_kent_2020/bowston_2020-01-01_02-12.csv": ("wide", "level_m"),
    "rivers/uk_swindale_2009/swindale.csv": ("wide_china", "flow_m3s"),
    "rivers/japan_tokachi_2016/dams_aug01-28.csv": ("wide_japan_dams", ""),
    "rivers/muskingum/wilson_1974.csv": ("routing", "inflow_m3s"),
    "rain_bed_2023/P_BED_2023-01_09.csv": ("istsos", "stage"),
    "rain_bed_2023/sta_P_BED_2023-01_09.csv": ("sensorthings_rain", "stage"),
    "us_hourly_rain/wa457938.dat": ("swmm_rain", "stage"),
    "us_hourly_rain/ncdc_format_new.dat": ("ncdc_hourly", "stage"),
    "us_hourly_rain/ncdc_format_old.dat": ("ncdc_hourly_hundredths", "stage"),
}


@pytest.mark.parametrize("name", SHARED)
def test_peak_is_laid_over_the_stations_when_file_is_foreign(name: str) -> None:
    if not (HYDRO / name).exists():
        pytest.skip(f"LOUD: {HYDRO / name} is not here; foreign series were not tried")
    layout, series = SHARED[name]
    replay = load(HOME, file=HYDRO / name)
    assert replay.title.endswith(f"({layout})")
    assert f"({series or ''}" in replay.mapping[0]
    assert replay.illustrative
    assert replay.chosen[0][0]
    assert max(depth for _, depth in _depths(replay, "ST01")) == pytest.approx(0.43, abs=1e-2)
    assert max(depth for _, depth in _depths(replay, "ST05")) == pytest.approx(0.12, abs=1e-2)
    assert replay.duration_s <= max(17 * 3600, 25 * replay.step_s)
    assert len(replay.of("ST01")) >= 16
    assert replay.step_s > 0


def test_bad_figures_stay_when_the_source_has_them() -> None:
    path = HYDRO / "uk_2021-05-07" / "wet_day.csv"
    if not path.exists():
        pytest.skip(f"LOUD: {path} is not here")
    table = read_csv(path, read_layouts(HOME / "layouts.yaml"))
    odd = [value for series in table.series.values() for _, value in series.samples if isinstance(value, str)]
    assert len(odd) == 4
    assert all("|" in value for value in odd)
    with path.open(encoding="utf-8") as file:
        full = sum(1 for row in csv.DictReader(file) if row["value"])
    assert sum(len(series.samples) for series in table.series.values()) == full


def test_rain_goes_to_the_gauges_when_the_file_has_some() -> None:
    path = HYDRO / "rivers" / "us_walnut_creek_2024" / "walnut_2024-07-01_08-07.csv"
    if not path.exists():
        pytest.skip(f"LOUD: {path} is not here")
    replay = load(HOME, file=path)
    rain: list[Item] = replay.of("RG01")
    assert rain
    assert {item.unit for item in rain} == {"mm"}
    assert sum(float(item.value) for item in rain) > 20


def test_past_of_the_gauges_is_measured_elsewhere_and_holds_nothing_of_what_is_played(own: Replay) -> None:
    before = load_past(HOME)
    assert before is not None
    assert before.step_s == 900
    assert set(before.stations) == {"RG01", "RG02", "RS01", "ST01", "ST02", "ST03", "ST04", "ST05", "ST06"}
    layouts = read_layouts(HOME / "layouts.yaml")
    table = read_csv(HOME / "past.csv", layouts).series["creek"]
    played = {value for _, value in read_csv(HOME / "events.csv", layouts).series["stage"].samples}
    high = [value for _, value in table.numbers if value > 4]
    assert (table.unit, len(table.samples), max(high)) == ("ft", 1824, 7.68)
    assert not {value for value in played if isinstance(value, float) and value > 8} & {v for _, v in table.numbers}
    first = before.stations["ST01"]
    assert (first.unit, max(value for _, value in first.samples)) == ("m", round((7.68 + 9 - 12) * 0.1036, 3))


def test_rain_of_the_past_is_older_than_what_is_played() -> None:
    """The same gauge, five weeks up to 17 h before: 124 wet quarters of an hour, and no figure of the played event."""
    before = load_past(HOME)
    assert before is not None
    rain = before.stations["RG01"]
    wet = [(at, value) for at, value in rain.samples if value > 0]
    assert (rain.unit, len(rain.samples), len(wet)) == ("mm", 3230, 124)
    assert max(at for at, _ in rain.samples) == 34 * 86_400
    assert max(value for _, value in wet) == 11.9
    file = HYDRO / "rivers" / "us_walnut_creek_2024" / "walnut_2024-07-01_08-07.csv"
    if not file.exists():
        pytest.skip(f"LOUD: {file} is not here: the transcription is not compared")
    with file.open(encoding="utf-8") as lines:
        inches = [row["rain_in"] for row in csv.DictReader(lines)]
    for at, value in rain.samples[:: len(rain.samples) // 500]:
        k = round(at / 300)
        assert value == pytest.approx(sum(map(float, inches[k - 2 : k + 1])) * 25.4, abs=0.051)


def test_series_of_two_steps_are_no_one_past(tmp_path: Path) -> None:
    for name in ("map.yaml", "layouts.yaml", "past.csv"):
        (tmp_path / name).write_text((HOME / name).read_text(encoding="utf-8"), encoding="utf-8")
    rows = (HOME / "past_rain.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "past_rain.csv").write_text("\n".join(rows[:3] + rows[3::2]), encoding="utf-8")
    with pytest.raises(ReplayError, match="1800"):
        load_past(tmp_path)


def test_district_without_a_past_has_none_and_a_wrong_series_is_named(tmp_path: Path) -> None:
    for name in ("map.yaml", "layouts.yaml", "past.csv", "past_rain.csv"):
        text = (HOME / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("series: creek", "series: brook"), encoding="utf-8")
    with pytest.raises(ReplayError, match="brook"):
        load_past(tmp_path)
    whole = (HOME / "map.yaml").read_text(encoding="utf-8")
    none = [x for x in whole.splitlines() if not x.startswith(("past:", "  - {file: past"))]
    (tmp_path / "map.yaml").write_text("\n".join(none))
    assert load_past(tmp_path) is None
