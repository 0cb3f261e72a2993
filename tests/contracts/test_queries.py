"""A list of ten times as many rows asks the database the same number of questions."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fengsui.apps.command.models import Task
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Token
from fengsui.apps.sensing.models import Datastream, Station
from fengsui.core.models import Clock, World
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from tests.contracts.story import Story, client_of, tell

PAGES = {
    "duty": [
        "/",
        "/desk/nav",
        "/desk/parts/burning",
        "/desk/parts/mine",
        "/desk/parts/overdue",
        "/desk/parts/recent",
        "/clocks/",
        "/clocks/?f.scope=any&f.state=any&sort=kind,-due_at&cols=due,kind,owner,state,limit_s",
        "/registers/clocks/facets?f.scope=any",
        "/registers/clocks/paper?f.scope=any",
        "/warnings/",
        "/incidents/",
        "/incidents/?f.state=any&sort=due",
        "/incidents/layer.geojson",
        "/tasks/",
        "/tasks/all",
        "/tasks/all?f.late=1&sort=due",
        "/tasks/reach",
        "/phone/report",
        "/desk/alarm",
        "/stations/",
        "/stations/layer.geojson",
        "/floods/",
        "/floods/libraries/",
        "/map/list",
        "/map/state.json",
        "/map/find.json?q=1",
        "/map/layers/warnings.geojson",
        "/map/layers/incidents.geojson",
        "/map/layers/stations.geojson?at=2026-11-20T00:00",
        "/map/select.json?within=123,41;124,41;124,42",
        "/find/?q=1",
        "/series/",
        "/wall/",
        "/wall/now",
        "/wall/screens/",
        "/find/?q=1&part=1",
        "/find/?part=1",
        "/product/",
        "/reviews/findings/",
        "/reviews/indicators/",
        "/reviews/indicators/crossing_to_issue/",
        "/forecasts/scores/",
        "/forecasts/lessons/",
        "/registers/",
        "/registers/stations/",
        "/registers/stations/list.json",
        "/registers/stations/layer.geojson",
        "/registers/stations/?sort=provenance,-name&cols=code,name,place",
        "/registers/stations/facets",
        "/registers/stations/paper",
        "/registers/stations/cards",
        "/handover/sheet/",
    ],
    "auditor": ["/", "/audit/", "/people/tokens/"],
    "traffic": ["/"],
    "street": ["/"],
    "depot": ["/"],
    "safety": ["/"],
    "sysadmin": ["/", "/system/"],
    "secadmin": ["/"],
    "audadmin": ["/"],
}
FEW, MANY = 4, 40


def again(row, **over):
    """A copy of a row under a key of its own."""
    row.pk, row.id = None, uuid4()
    row._state.adding = True
    for name, value in over.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def fill(story: Story, first: int, last: int) -> None:
    """Rows number `first` to `last` of every list: incident, task, clock, warning, station, audit."""
    now, by = timezone.now(), story.by("duty")
    live = World.objects.get(pk=LIVE)
    for n in range(first, last):
        incident = again(
            Incident.objects.in_world(LIVE).get(pk=story.incident.pk), number=f"N{n}", place=None, warning_id=None
        )
        again(Task.objects.in_world(LIVE).get(pk=story.tasks[0].pk), incident=incident, code=f"t{n}")
        again(
            Clock.objects.in_world(LIVE).get(pk=story.ids["clock_id"]),
            about_id=str(incident.pk),
            due_at=now - timedelta(minutes=n),
        )
        station = Station.objects.in_world(LIVE).get(code=story.ids["code"])
        stream = station.datastreams.order_by("pk").first()
        fresh = again(station, code=f"ST-N{n}")
        Datastream.objects.create(
            world_id=LIVE, station=fresh, kind=stream.kind, unit=stream.unit, topic=f"n/{n}",
            period_s=stream.period_s, ladder=stream.ladder,
        )  # fmt: skip
        again(Token.objects.get(pk=story.ids["token_id"]), digest=f"{n + 1:064d}")
        announce(story_event(story), about=live, by=by)


def story_event(story: Story):
    from fengsui.apps.people.events import PhoneRevealed

    return PhoneRevealed(story.ids["person_id"])


def asked(client, where: str) -> tuple[int, list[str]]:
    client.get(where)  # once before: what is read once a process does not count
    with CaptureQueriesContext(
        connection,
    ) as seen:
        response = client.get(where)
    assert response.status_code == 200, where
    return len(seen), [each["sql"][:160] for each in seen]


@pytest.mark.django_db
def test_lists_ask_as_often_when_rows_are_ten_times_as_many(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    story = tell()
    clients = {login: client_of(login) for login in PAGES}
    fill(story, 0, FEW)
    few = {(login, where): asked(clients[login], where) for login, pages in PAGES.items() for where in pages}
    fill(story, FEW, MANY)
    worse = []
    for login, pages in PAGES.items():
        for where in pages:
            count, sql = asked(clients[login], where)
            before, known = few[login, where]
            if count > before:
                more = sorted(set(sql) - set(known))[:3]
                worse.append(f"{login} {where}: {before} -> {count} {more}")
    assert not worse, "\n".join(worse)
