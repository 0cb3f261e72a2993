"""Loading a district: the shipped one equals its public totals, a second one needs no code, errors say what to mend."""

from __future__ import annotations

import ast
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fengsui.catalog.hazards import hazards
from fengsui.catalog.sensors import kinds
from fengsui.kernel import geo
from fengsui.kernel.district import District, DistrictError, find, find_root, load
from fengsui.kernel.levels import Level

REPO = Path(__file__).parents[2]
MINI = REPO / "tests" / "districts"


@pytest.fixture(scope="module")
def shipped() -> District:
    return load("tiexi", REPO / "districts")


def test_totals_equal_the_plan_when_loaded(shipped: District) -> None:
    assert (shipped.code, shipped.population, shipped.area_km2) == ("210106", 1_335_935, 488)
    assert Counter(area.kind for area in shipped.areas) == {
        "community": 115,
        "subdistrict": 17,
        "district": 1,
        "development_zone": 1,
    }
    teams = {
        level: (len(rows), sum(team.people for team in rows))
        for level in ("district", "street", "social")
        for rows in [[team for team in shipped.teams if team.level == level]]
    }
    assert teams == {"district": (30, 2363), "street": (17, 563), "social": (1, 40)}
    assert [depot.floor_m2 for depot in shipped.depots] == [630, 1000]
    assert (len(shipped.points), len(shipped.shelters), len(shipped.checkpoints)) == (6, 30, 6)
    assert sum(area.population for area in shipped.areas_of("community")) == 1_335_935


def test_invented_things_are_marked_when_loaded(shipped: District) -> None:
    for each in (*shipped.people, *shipped.shelters, *shipped.points, *shipped.teams, *shipped.areas_of("community")):
        assert each.provenance == "illustrative", each
    named = [org for org in shipped.organisations if org.provenance == "document"]
    assert {"铁西区应急管理局", "经开区应急管理局", "区防汛抗旱指挥部", "交警大队"} <= {org.name for org in named}
    assert not any("居委会" in org.name for org in named)
    assert len({person.phone for person in shipped.people}) == len(shipped.people)
    assert all(re.fullmatch(r"1110000\d{4}", person.phone) for person in shipped.people)
    assert all(person.email.endswith("@example.invalid") for person in shipped.people)


def test_result_is_the_same_when_loaded_twice(shipped: District, tmp_path: Path) -> None:
    shutil.copytree(REPO / "districts" / "tiexi", tmp_path / "tiexi")
    assert load("tiexi", tmp_path) == shipped


def test_every_post_is_held_and_every_role_has_an_account_when_loaded(shipped: District) -> None:
    assert {holding.post for holding in shipped.holdings} == {post.code for post in shipped.posts}
    roles = {post.code: post.role for post in shipped.posts}
    assert {roles[account.post] for account in shipped.accounts} == set(shipped.roles) - {"public"}
    assert shipped.chain("WL01") == (
        "community-210106007901-officer",
        "street-210106007-duty",
        "street-210106007-lead",
        "leader-210106007",
        "leader-core",
    )
    for area in (*shipped.areas_of("subdistrict"), *shipped.areas_of("community")):
        assert len(shipped.chain(area.code)) >= 3


def test_catalogue_knows_every_kind_when_named_by_the_district(shipped: District) -> None:
    assert {station.sensor for station in shipped.stations} <= set(kinds())
    assert {plan.hazard for plan in shipped.plans} <= set(hazards())
    assert {plan.code: hazards()[plan.hazard].event_code for plan in shipped.plans} == {
        plan.code: plan.incident_type for plan in shipped.plans
    }
    stations = {station.code: station for station in shipped.stations}
    for point in shipped.points:
        assert stations[point.station].point == point.code
        assert point.lines_m[Level.ORANGE] == 0.25
        assert geo.distance_m((point.lon, point.lat), point.closure.line[0]) < 250


def test_area_rings_cover_the_outline_when_computed(shipped: District) -> None:
    rings = [area.ring for area in shipped.areas_of("subdistrict")]
    assert sum(map(geo.area_km2, rings)) == pytest.approx(geo.area_km2(shipped.outline), rel=0.002)
    areas = {area.code: area for area in shipped.areas}
    for each in (*shipped.points, *shipped.teams, *shipped.shelters, *shipped.depots, *shipped.checkpoints):
        assert geo.inside((each.lon, each.lat), areas[each.area].ring), each.code


def test_clock_rules_are_in_order_of_time_when_converted(shipped: District) -> None:
    rules = shipped.clock_rules
    assert rules["alerts.confirm"].limit_s == 600
    assert [(rung.after_s, rung.to_role) for rung in rules["incidents.first_report_phone"].ladder] == [
        (-900, "duty_officer"),
        (-360, "duty_leader"),
        (0, "commander"),
    ]
    for rule in rules.values():
        steps = [rung.after_s for rung in rule.ladder]
        assert steps == sorted(steps), rule.kind
    assert {kind for kind, rule in rules.items() if rule.basis == "V"} == {
        "incidents.disaster_report",
        "incidents.casualty_supplement",
        "relief.first_aid",
    }


def test_second_district_loads_when_it_shares_nothing_with_the_first() -> None:
    mini = load("mini", MINI)
    assert [area.code for area in mini.areas_of("community")] == ["999901001901", "999901001902", "999901002901"]
    assert [area.population for area in mini.areas_of("community")] == [301, 300, 400]
    assert mini.chain("P1") == ("street-999901001-duty", "leader-only")
    assert mini.clock_rules["reviews.after_action"].default_after_s == 1800
    assert mini.teams[0].pump_m3h == 200
    # Tuesday 28 July is off, so two hours from Monday 11:00 end on Wednesday at 11:00 (Urumqi, UTC+6)
    end = mini.work_calendar.add(datetime(2026, 7, 27, 5, 0, tzinfo=UTC), 2 * 3600)
    assert end == datetime(2026, 7, 29, 5, 0, tzinfo=UTC)


def _speech(path: Path) -> list[tuple[int, str]]:
    """Line and text of everything in a source file that could reach a user or a query; comments may give examples."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = re.sub(
            r"\{#.*?#\}|/\*.*?\*/|(?<!:)//[^\n]*", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL
        )
        return list(enumerate(text.splitlines(), 1))
    tree = ast.parse(text)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told]
    return [(node.lineno, node.value) for node in constants if isinstance(node.value, str)]


def test_no_code_names_a_district_when_searched() -> None:
    """Neither its names nor its codes: of organisations, posts, accounts, places, areas. Python, templates, scripts."""
    shipped = load("tiexi", REPO / "districts")
    names = re.compile("铁西|tiexi|启工|经开区|沈阳市", re.IGNORECASE)
    codes = {each.code for each in (*shipped.organisations, *shipped.posts, *shipped.points, *shipped.stations)}
    codes |= {each.code for each in (*shipped.areas, *shipped.depots, *shipped.shelters, *shipped.outlets)}
    listed = "|".join(re.escape(code) for code in sorted(codes) if "-" in code or any(map(str.isdigit, code)))
    called = re.compile(rf"(?<![A-Za-z0-9_-])({listed})(?![A-Za-z0-9_-])")
    sources = [*(REPO / "src" / "fengsui").rglob("*"), *(REPO / "frontend" / "src").rglob("*")]
    found = []
    for path in sorted(each for each in sources if each.suffix in (".py", ".html", ".txt", ".ts", ".css", ".xml")):
        # the gallery shows the look of components, the samples of a channel what it once sent
        if {"tests", "migrations", "gallery", "samples", "dist"} & set(path.parts) or path.name.endswith(".test.ts"):
            continue
        for line, text in _speech(path):
            is_default = text == shipped.slug and "config" in path.parts  # of FENGSUI_DISTRICT
            if (names.search(text) or called.search(text)) and not is_default:
                found.append(f"{path.relative_to(REPO)}:{line}: {text.strip()[:80]}")
    assert found == []


def _broken(tmp_path: Path, file: str, old: str, new: str) -> DistrictError:
    home = tmp_path / "mini"
    shutil.copytree(MINI / "mini", home)
    text = (home / file).read_text(encoding="utf-8")
    assert old in text
    (home / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DistrictError) as refusal:
        load("mini", tmp_path)
    return refusal.value


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "key"),
    [
        ("district.yaml", "seed: 7", "seed: seven", "invalid", "seed"),
        ("district.yaml", "seed: 7\n", "", "invalid", "seed"),
        ("district.yaml", "seed: 7", "seed: 7\nseed: 8", "not_yaml", ""),
        ("district.yaml", "streets: 2", "streets: 3", "total", "streets"),
        ("areas.csv", ",2,601,", ",2,602,", "total", "population"),
        ("areas.csv", "10.02,50.05,2", "12.02,50.05,2", "outside", "999901001"),
        ("teams.csv", ",9,5,", ",8,5,", "total", "district"),
        ("teams.csv", "10.08,50.06", "10.28,50.06", "outside", "T2"),
        ("posts.yaml", "role: commander", "role: king", "unknown_reference", "chief.role"),
        ("posts.yaml", "street-{area}-duty", "street-{street}-duty", "unknown_word", "each.0"),
        ("posts.yaml", '"{street_post}", "leader', '"nobody", "leader', "unknown_reference", "chains.P1"),
        ("accounts.yaml", "holder: 2", "holder: 3", "unknown_reference", "accounts.two.post"),
        ("waterlogging.yaml", "blue: 0.06", "blue: 0.02", "invalid", "points.P1.ladder_m"),
        ("waterlogging.yaml", "kind: underpass", "kind: bridge", "invalid", "points.P1.kind"),
        ("waterlogging.yaml", "hold_s: 60", "hold_seconds: 60", "invalid", "points.P1.hold_s"),
        ("clocks.yaml", "owner: duty_officer", "owner: king", "unknown_reference", "clocks.alerts.confirm.owner"),
        ("plans/waterlogging.yaml", "tasks: [look, pump]}", "tasks: [look, fly]}", "invalid", ""),
        ("plans/waterlogging.yaml", "after: [look]", "after: [pump]", "invalid", ""),
        ("plans/waterlogging.yaml", "warning: blue, points: 1", "warning: blue", "invalid", "levels.0.start.0"),
        ("district.yaml", "lon: 10.05", "long: 10.05", "invalid", "centre.lon"),
        ("posts.yaml", "{of: subdistrict, order", "{order", "invalid", "chains.0.of"),
        ("posts.yaml", '["street-{area}-duty", "leader', '["street-{a}-duty", "leader', "unknown_word", "chains.0"),
        ("accounts.yaml", 'phone_prefix: "1110000", ', "", "invalid", "people.phone_prefix"),
        ("facilities.yaml", "depots:", "depot:", "missing_key", "depots"),
        ("facilities.yaml", "count: 2", "count: two", "invalid", "shelters.count"),
        ("outlets.yaml", "min_level: blue", "min_level: pink", "invalid", "outlets.screen.min_level"),
    ],
)
def test_error_names_file_and_key_when_a_file_is_wrong(
    tmp_path: Path, file: str, old: str, new: str, code: str, key: str
) -> None:
    error = _broken(tmp_path, file, old, new)
    assert error.code == f"district.load.{code}"
    assert error.facts["file"].endswith("mini/areas.csv" if key == "streets" else f"mini/{file}")
    assert key in error.facts["key"]
    assert error.facts["fix"]
    assert error.facts["file"] in str(error)


def test_error_names_the_file_when_it_is_missing(tmp_path: Path) -> None:
    shutil.copytree(MINI / "mini", tmp_path / "mini")
    (tmp_path / "mini" / "clocks.yaml").unlink()
    with pytest.raises(DistrictError, match=r"clocks\.yaml: add the file"):
        load("mini", tmp_path)
    with pytest.raises(DistrictError, match=r"use one of: mini \(999901\)"):
        load("maxi", tmp_path)


def test_district_is_found_by_folder_and_by_code() -> None:
    assert [find(called, REPO / "districts") for called in ("tiexi", "210106")] == ["tiexi", "tiexi"]
    assert load("999901", MINI) == load("mini", MINI)


def test_rules_of_clocks_hold_anywhere_unless_the_district_sets_its_own() -> None:
    mini, shipped = load("mini", MINI), load("tiexi", REPO / "districts")
    assert set(mini.clock_rules) == set(shipped.clock_rules) - {"relief.first_aid"}  # its ten hours are one plan's
    assert (mini.clock_rules["alerts.confirm"].limit_s, shipped.clock_rules["alerts.confirm"].limit_s) == (300, 600)


def test_root_is_found_when_asked_from_below(tmp_path: Path) -> None:
    assert find_root(REPO / "src" / "fengsui") == REPO / "districts"
    with pytest.raises(DistrictError, match="no_root"):
        find_root(tmp_path)
