import pytest

from fengsui.apps.command import handlers
from fengsui.apps.command.models import Closure
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.events import ReportSent
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.apps.places.models import Place
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.core.models import StoredEvent
from fengsui.core.record import handlers_of, rebuild
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

pytestmark = pytest.mark.django_db
SYSTEM = Actor(world=LIVE, system="test")


def crossed(level_to, value, sensor="water_depth"):
    place = Place.objects.get(code="WL01")
    return ThresholdCrossed(
        1, place.pk, "ST01", "启工站", place.pk, sensor, "m", "none", level_to, NOW, value, 0.25, None, NOW, 1.0
    )


def test_water_cuts_the_road_once_and_gives_it_back_when_it_falls(actors):
    incident = make_incident(actors["duty"])
    handlers.follow_water(crossed("orange", 0.26), SYSTEM)
    handlers.follow_water(crossed("red", 0.41), SYSTEM)
    closure = Closure.objects.in_world(LIVE).get()
    assert (closure.kind, closure.incident_id, closure.reason) == ("flooded", incident.pk, "启工站 26 cm")
    handlers.follow_water(crossed("watch", 0.07), SYSTEM)
    closure.refresh_from_db()
    assert closure.until is not None
    assert closure.reopen_note == "启工站 7 cm"


def test_rain_cuts_no_road(actors):
    handlers.follow_water(crossed("red", 60.0, sensor="rain"), SYSTEM)
    assert not Closure.objects.in_world(LIVE).exists()


def test_sent_phone_report_finishes_its_task_through_the_stored_event(actors):
    response = make_response(actors)
    report = reports.draft(incident_id=response.incident_id, stage="first_phone", by=actors["duty"], now=NOW)
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW)
    stored = StoredEvent.objects.get(name="incidents.ReportSent")
    event = rebuild(stored)
    assert isinstance(event, ReportSent)
    assert "fengsui.apps.command.handlers.prove_report_task" in handlers_of("incidents.ReportSent")
    handlers.prove_report_task(event, SYSTEM)
    assert response.tasks.get(code="report_phone").status == "done"
