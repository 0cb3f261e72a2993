"""A second district goes into the database by the same code, and the shipped one beside its own totals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fengsui.apps.people.models import Holding, Organisation, Person
from fengsui.apps.places.models import Area, WaterloggingPoint
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Team
from fengsui.config.district.load import load as store
from fengsui.core.models import ClockRuleRow
from fengsui.kernel.district import DistrictError, load

REPO = Path(__file__).parents[2]
NOW = datetime(2026, 7, 28, 2, 0, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "root"), [("mini", "tests/districts"), ("tiexi", "districts")])
def test_rows_equal_the_files_when_stored_twice(code: str, root: str) -> None:
    district = load(code, REPO / root)
    for _ in range(2):
        store(district, now=NOW)
        assert Area.objects.count() == len(district.areas)
        assert Organisation.objects.count() == len(district.organisations)
        assert Person.objects.count() == len(district.people)
        assert Holding.objects.count() == len(district.holdings)
        assert WaterloggingPoint.objects.count() == len(district.points)
        assert Team.objects.count() == len(district.teams)
        assert PlanVersion.objects.count() == len(district.plans)
        assert ClockRuleRow.objects.count() == len(district.clocks)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "field", "where"),
    [
        ("stations", "sensor", "stations.A1.sensor"),
        ("outlets", "kind", "outlets.screen.kind"),
        ("plans", "hazard", "waterlogging.hazard"),
    ],
)
def test_kind_is_named_when_the_catalogue_does_not_know_it(part: str, field: str, where: str) -> None:
    district = load("mini", REPO / "tests/districts")
    first, *others = getattr(district, part)
    wrong = first.model_copy(update={field: "pigeon"})
    with pytest.raises(DistrictError, match="no such kind 'pigeon'; use one of") as refusal:
        store(district.model_copy(update={part: (wrong, *others)}), now=NOW)
    assert refusal.value.facts["key"] == where
    assert not Area.objects.exists()
