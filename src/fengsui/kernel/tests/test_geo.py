"""Geometry against published or hand-computed values."""

from __future__ import annotations

import pytest

from fengsui.kernel import geo

SQUARE = [(10.0, 50.0), (10.1, 50.0), (10.1, 50.1), (10.0, 50.1)]


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [((123.35, 41.80), (123.356053, 41.802395)), ((123.20, 41.72), (123.205824, 41.722295))],
)
def test_gcj02_equals_the_published_vectors_when_converted(wgs: geo.Point, gcj: geo.Point) -> None:
    there = geo.gcj02_from_wgs84(wgs)
    assert there == pytest.approx(gcj, abs=1e-6)
    assert geo.wgs84_from_gcj02(there) == pytest.approx(wgs, abs=1e-8)


def test_gcj02_shift_is_568_m_at_the_reference_point() -> None:
    assert round(geo.distance_m((123.35, 41.80), geo.gcj02_from_wgs84((123.35, 41.80)))) == 568


def test_distance_is_one_degree_of_meridian_when_going_north() -> None:
    assert geo.distance_m((10, 50), (10, 51)) == pytest.approx(111_195.08, abs=0.01)
    assert geo.distance_m((10, 50), (10, 50)) == 0


def test_move_ends_at_the_distance_when_moved() -> None:
    start = (123.35, 41.80)
    assert geo.distance_m(start, geo.move(start, 300, 400)) == pytest.approx(500, abs=0.05)


def test_mercator_equals_epsg_3857_when_converted() -> None:
    assert geo.mercator((180, 0)) == pytest.approx((20_037_508.342789244, 0), abs=1e-6)
    assert geo.mercator((0, 85.0511287798066))[1] == pytest.approx(20_037_508.34, abs=0.01)


def test_inside_tells_when_a_point_is_in_a_concave_ring() -> None:
    ring = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]
    assert geo.inside((1, 1), ring)
    assert geo.inside((3.5, 3), ring)
    assert not geo.inside((2, 3), ring)
    assert not geo.inside((5, 1), ring)


def test_area_and_centroid_are_right_when_square() -> None:
    assert geo.area_km2(SQUARE) == pytest.approx(79.40, abs=0.05)
    assert geo.area_km2(geo.closed(SQUARE)) == geo.area_km2(SQUARE)
    assert geo.centroid(SQUARE) == pytest.approx((10.05, 50.05))
    assert geo.bounds(SQUARE) == (10.0, 50.0, 10.1, 50.1)


def test_cells_share_the_ring_when_two_centres() -> None:
    left, right = geo.cells([(10.02, 50.05), (10.08, 50.05)], SQUARE)
    assert geo.bounds(left) == (10.0, 50.0, 10.05, 50.1)
    assert geo.bounds(right) == (10.05, 50.0, 10.1, 50.1)
    assert left[0] == left[-1]
    assert geo.cells([(10.05, 50.05)], SQUARE) == [geo.closed(SQUARE)]


def test_text_forms_are_closed_and_in_their_order_when_written() -> None:
    assert geo.cap_polygon([(123.3, 41.7), (123.4, 41.7), (123.4, 41.8)]) == (
        "41.700000,123.300000 41.700000,123.400000 41.800000,123.400000 41.700000,123.300000"
    )
    assert geo.wkt_point((123.3, 41.7)) == "POINT(123.3000000 41.7000000)"
    assert geo.wkt_line([(1, 2), (3, 4)]) == "LINESTRING(1.0000000 2.0000000, 3.0000000 4.0000000)"
    assert geo.wkt_polygon([(0, 0), (1, 0), (0, 1)]).startswith("POLYGON((0.0000000 0.0000000, ")
    ring = geo.circle((123.35, 41.80), 1000)
    assert len(ring) == 33
    assert geo.distance_m((123.35, 41.80), ring[8]) == pytest.approx(1000, abs=0.5)
