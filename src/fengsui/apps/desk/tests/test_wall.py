"""The wall: who may see it, that it shows no telephone number, and labels that never overlap."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.story import LOGINS, client_of, tell

from fengsui.apps.desk import wall_map
from fengsui.apps.desk.wall_chart import LABEL, curve
from fengsui.apps.people.models import Person

WALL = ("duty_officer", "duty_leader", "commander", "auditor", "audit_admin", "system_admin")


@pytest.fixture
def story(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tell()


def test_the_wall_is_for_those_who_see_the_district(story):
    got = {role: client_of(login).get("/wall/").status_code for role, login in LOGINS.items()}
    assert {role for role, status in got.items() if status == 200} == set(WALL)
    assert set(got.values()) == {200, 403}


def test_the_wall_names_what_is_owed_and_no_telephone_number(story):
    page = client_of("duty").get("/wall/").content.decode()
    assert story.bulletin.place_name in page
    assert "未应答" in page
    assert story.tasks[0].title in page or "没人办" in page
    assert "没有接入摄像机" in page
    phones = [each for each in Person.objects.values_list("phone", flat=True) if each]
    assert phones
    assert not [each for each in phones if each in page]
    assert not re.search(r"\b1[3-9]\d{9}\b|\d{3}\*{4}\d{4}", page)


def test_an_exercise_is_marked_in_every_part(story):
    from fengsui.core.models import World

    drill = World.objects.create(kind="exercise", name="七月演练")
    page = client_of("duty", drill.pk).get("/wall/").content.decode()
    assert 'data-world="drill"' in page
    for section in re.findall(r"<section.*?</section>", page, re.S):
        assert "演练" in section
    assert "● 实战" not in page


def test_settings_of_the_address_fall_back_when_they_are_not_offered(story):
    duty = client_of("duty")
    assert 'class="wall single k75"' in duty.get("/wall/?layout=single&factor=75").content.decode()
    assert 'class="wall wide k100"' in duty.get("/wall/?layout=no&factor=1e9").content.decode()


POINTS = st.tuples(st.floats(123.2, 123.4), st.floats(41.7, 41.9), st.text("桥路站1a", max_size=12))


@given(st.lists(POINTS, max_size=40), st.integers(500, 1600), st.integers(300, 900))
@settings(max_examples=80, deadline=None)
def test_labels_never_overlap_and_never_leave_the_map(points, width, height):
    symbols = [wall_map.Symbol(lon, lat, "red", "", name, "27 cm") for lon, lat, name in points]
    box = wall_map.box_of([(lon, lat) for lon, lat, _ in points], width, height)
    placed = wall_map.place(symbols, box)
    assert len(placed) == len(symbols)
    rects = []
    for each in placed:
        assert 0 <= each.x <= width
        assert 0 <= each.y <= height
        if each.label:
            x, y, anchor = each.label
            wide = max(wall_map.width_of(each.symbol.name, wall_map.NAME), wall_map.width_of("27 cm", wall_map.VALUE))
            left = {"start": x, "end": x - wide, "middle": x - wide / 2}[anchor]
            rects.append((left, y - wall_map.NAME, left + wide, y + wall_map.VALUE))
    for i, a in enumerate(rects):
        for b in rects[:i]:
            assert a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1


def test_a_gap_is_a_hole_and_the_forecast_goes_on_from_the_last_value():
    found = curve(
        [(0, 1.0), (60, 2.0), (600, 3.0)], [(60, 600)],
        [("watch", 5, "关注 5"), ("blue", 6, "蓝 6"), ("red", 40, "红 40")],
        0, 660, [(600, 3.0), (1200, 4.0)], [(1200, 3.5, 4.5)], None, 1000, 400,
    )  # fmt: skip
    assert found.measured.count("M") == 2
    assert len(found.gaps) == 1
    assert found.forecast.startswith("M")
    heights = sorted(line.label_y for line in found.lines)
    assert [line.level for line in found.lines] == ["watch", "blue"]  # what is next above, not the whole ladder
    assert all(b - a >= LABEL for a, b in itertools.pairwise(heights))
