"""The shipped district with one warning, incident, response, task, order, report, closure and review in it.

Everything is made by the apps' own verbs, so that a page is asked about rows as they really come to be.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import rasterio
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image
from rasterio.transform import from_bounds

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.command import actions as command
from fengsui.apps.command.models import Photo, Task
from fengsui.apps.desk import map_actions as desk
from fengsui.apps.drills import actions as drills
from fengsui.apps.drills.rules import Plan
from fengsui.apps.forecasts import floods
from fengsui.apps.forecasts.scenarios import libraries
from fengsui.apps.incidents import intake, reports
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import actions as rights
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Holding, Person, Post, Token
from fengsui.apps.places.models import Place, WaterloggingPoint
from fengsui.apps.resources.models import Team
from fengsui.apps.reviews import actions as reviews
from fengsui.apps.reviews import findings
from fengsui.apps.reviews.models import Paper
from fengsui.apps.sensing.models import Station
from fengsui.config.district.load import load as store
from fengsui.core import failed_jobs
from fengsui.core.ledger import bulk, saved, taking
from fengsui.core.ledger.register import register
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import Clock, World
from fengsui.core.worlds import LIVE
from fengsui.kernel import district as files
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.floods import Answer, Cut, Told

LOGINS = {
    "duty_officer": "duty",
    "duty_leader": "leader",
    "commander": "commander",
    "liaison": "traffic",
    "street_officer": "street",
    "community_officer": "community",
    "team_leader": "team",
    "depot_keeper": "depot",
    "safety_officer": "safety",
    "enforcement_officer": "enforcement",
    "auditor": "auditor",
    "system_admin": "sysadmin",
    "security_admin": "secadmin",
    "audit_admin": "audadmin",
    "public": "somebody",
}
"""One demonstration account a role; `public` is made here, since the district ships none."""
OTHER_STREET = "street2"
REASON = "合同测试"


@dataclass
class Story:
    now: datetime
    warning: Warning
    bulletin: Bulletin
    incident: Incident
    tasks: list[Task] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict)
    """URL parameter -> value; where one name means different rows, `<url name>.<parameter>`."""

    def by(self, login: str, world: UUID = LIVE) -> Actor:
        return people.actor_for(Account.objects.get(username=login).person_id, world)


def quick_passwords() -> override_settings:
    """For fixtures wider than a test. Assigning the setting would leave Django's cached hashers to the tests after."""
    return override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])


def client_of(login: str, world: UUID = LIVE) -> Client:
    """A browser in which this account is logged in; errors are answers, not exceptions."""
    client = Client(raise_request_exception=False)
    client.force_login(Account.objects.get(username=login))
    if world != LIVE:
        session = client.session
        session["world"] = str(world)
        session.save()
    return client


def load_district() -> None:
    World.objects.get_or_create(pk=LIVE, defaults={"kind": "live", "name": "实战"})
    found = files.load(settings.FENGSUI_DISTRICT, settings.FENGSUI_DISTRICTS)
    store(found, now=timezone.now(), demo_password="nobody logs in by it")
    org = Account.objects.get(username=LOGINS["safety_officer"]).person.org  # a leaf: nobody stands below it
    somebody = Person.objects.create(name="某人", org=org)
    post = Post.objects.create(code="somebody", title="公众", org=org, role="public")
    Holding.objects.create(post=post, person=somebody, since=timezone.now())
    Account.objects.create(username=LOGINS["public"], person=somebody, password="!")


def tell() -> Story:
    """Signal to order, by the verbs that people press."""
    load_district()
    now = timezone.now()

    def by(login: str) -> Actor:
        return people.actor_for(Account.objects.get(username=login).person_id, LIVE)

    street = Account.objects.get(username="street").person.org.area_code
    point = WaterloggingPoint.objects.select_related("place__area").filter(place__area_id=street).order_by("pk")[0]
    warning = alerts.draft_by_hand(
        place_id=point.place_id, hazard="waterlogging", level=Level.ORANGE, reason=REASON, by=by("duty"), now=now
    )
    alerts.confirm(warning_id=warning.pk, by=by("duty"), now=now)
    bulletin = alerts.issue(warning_id=warning.pk, by=by("leader"), now=now)
    incident = intake.open_from_bulletin(bulletin_id=bulletin.pk, by=by("duty"), now=now)
    response = command.propose_response(
        incident_id=incident.pk, level=Level.ORANGE, by=by("duty"), now=now, matter="内涝", expected_hours=6.0,
        measures="封控、抽排",
    )  # fmt: skip
    command.activate(response_id=response.pk, by=by("commander"), now=now, approval_note="口头批准")
    story = Story(now, warning, bulletin, incident)
    story.tasks = list(Task.objects.in_world(LIVE).filter(incident=incident).order_by("assigned_at", "code", "id"))
    pump = next(each for each in story.tasks if each.code == "pump" or "泵" in each.title)
    team = Team.objects.get(leader_post__holdings__person__account__username="team")
    order = command.dispatch(task_id=pump.pk, team_id=team.pk, by=by("duty"), now=now)
    closure = command.close_road(incident_id=incident.pk, by=by("duty"), now=now, reason=REASON)
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=by("duty"), now=now)
    review = reviews.open_review(incident_id=incident.pk, by=by("leader"), now=now)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 90, 90)).save(picture, "JPEG")
    command.accept_task(task_id=pump.pk, by=by("team"), now=now)
    command.report_progress(task_id=pump.pk, by=by("team"), now=now, text="到场", photo=picture.getvalue())
    photo = Photo.objects.in_world(LIVE).get()
    paper = Paper.objects.create(
        world_id=LIVE,
        incident=incident,
        status="ready",
        requested_at=now,
        made_at=now,
        pdf=b"%PDF-1.7\n%%EOF",
        sha256="0" * 64,
        pages=1,
    )
    clock = Clock.objects.in_world(LIVE).filter(about_id=str(pump.pk), state="running").order_by("due_at", "kind")[0]
    called = Account.objects.get(username="street").person_id
    call = Call.objects.in_world(LIVE).filter(bulletin=bulletin, person_id=called)[0]
    finding = findings.raise_finding(
        incident=incident,
        text=REASON,
        remedy=REASON,
        owner_post=min(by("team").posts),
        days=10,
        by=by("leader"),
        now=now,
    )
    story.ids = {
        "step": "boundary",
        "form": "areas",
        "warning_id": warning.pk,
        "bulletin_id": bulletin.pk,
        "identifier": bulletin.identifier,
        "delivery_id": Delivery.objects.in_world(LIVE).filter(bulletin=bulletin).order_by("outlet_id", "pk")[0].pk,
        "call_id": call.pk,
        "incident_id": incident.pk,
        "response_id": response.pk,
        "task_id": pump.pk,
        "order_id": order.pk,
        "closure_id": closure.pk,
        "report_id": report.pk,
        "review_id": review.pk,
        "paper_id": paper.pk,
        "print_id": _print(by("duty"), now),
        "finding_id": finding.pk,
        "photo_id": photo.pk,
        "exercise_id": _exercise(by("leader"), now),
        "clock_id": clock.pk,
        "job_clock_id": _failed_job(now),
        "correlation": incident.correlation,
        "subject": f"incidents.incident:{incident.pk}",
        "row_id": Station.objects.in_world(LIVE).order_by("code")[0].pk,
        "import_id": _sheet(by("duty"), now),
        "step_id": _bulk(by("duty")),
        "view_id": _view(by("duty"), now),
        "person_id": Account.objects.get(username="community").person_id,
        **_rights(by("secadmin"), now),
        "screen_id": rights.grant_screen(name="大厅主屏", layout="wide", factor=100, days=30, by=by("leader"), now=now)[
            0
        ].pk,
        "flood_id": _flood(by("duty"), point.place, incident.pk, now),
        "other_id": _flood(by("duty"), point.place, None, now),
        "library_id": _library(by("duty"), point.place, now),
        "code": Station.objects.in_world(LIVE).order_by("code")[0].code,
    }
    return story


def _rights(by: Actor, now: datetime) -> dict[str, Any]:
    """An account, a post with its holding, a privileged post asked for, a session."""
    account = Account.objects.get(username="community")
    holding = Holding.objects.get(person=account.person)
    post = Post.objects.get(code="leader-zone")
    duty2 = people.actor_for(Account.objects.get(username="duty2").person_id, LIVE)
    shift = rights.offer_shift(
        post_id=min(duty2.posts),
        incoming_id=None,
        note=REASON,
        facts={
            "clocks": [],
            "clock_count": 0,
            "warnings": [],
            "warning_count": 0,
            "incidents": [],
            "incident_count": 0,
        },
        by=duty2,
        now=now,
    )
    asked = rights.assign(post_id=post.pk, person_id=account.person_id, by=by, now=now, reason=REASON, alongside=True)
    return {
        "account_id": account.pk,
        "post_id": holding.post_id,
        "holding": holding.pk,
        "assignment_id": asked.pk,
        "session_id": uuid4(),
        "token_id": _token(account, holding),
        "handover_id": shift.pk,
    }


def _token(account: Account, holding: Holding) -> UUID:
    """A program of the community's officer."""
    now = timezone.now()
    row = Token.objects.create(
        account=account, post=holding.post, name=REASON, scopes=["warnings:read"], digest="0" * 64, begins="fst_0",
        made_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip
    return row.pk


def _print(by: Actor, now: datetime) -> UUID:
    """A map on paper that the duty officer asked for."""
    asked = {"layers": ["stations"], "at": "", "centre": [123.35, 41.8], "zoom": 12, "within": []}
    made = desk.ask_print(asked=asked, paper="A4", by=by, now=now)
    desk.keep_print(print_id=made.pk, pdf=b"%PDF-1.7")
    return made.pk


def _exercise(by: Actor, now: datetime) -> UUID:
    """One that runs, with the director's own post alone in it."""
    wanted = Plan("合同演练", "events.csv", 600.0, 0.0, None, tuple(by.posts))
    planned = drills.plan(wanted=wanted, by=by, now=now)
    return drills.start(exercise_id=planned.pk, by=by, now=now).pk


def _sheet(by: Actor, now: datetime) -> UUID:
    """A sheet that waits for its press: the duty officer's own."""
    body = "站码,名称,经度,纬度\nST99,合同测试站,123.35,41.80\n".encode()
    return taking.upload(into=register("stations"), body=body, file_name="站.csv", by=by, now=now).pk


def _bulk(by: Actor) -> UUID:
    """A change of many rows that waits for its press: the duty officer's own."""
    asked = {"rows": [], "query": "", "column": "source", "text": "合同"}
    return bulk.ask(register=register("stations"), by=by, kind="set", **asked).pk


def _view(by: Actor, now: datetime) -> UUID:
    wanted = Wanted(order="-name")
    return saved.keep(register=register("stations"), name="合同视图", wanted=wanted, shared="", by=by, now=now).pk


def _library(by: Actor, place: Place, now: datetime) -> UUID:
    """Scenarios that were computed beforehand, all but the last."""
    base = {"lon": place.location.x, "lat": place.location.y, "width_m": 1000, "cell_m": 10, "drained_mm_h": 20.0,
            "rain": {"kind": "steady", "duration_min": 60.0}, "sewers_a": 0.0}  # fmt: skip
    axes = {"rain": [20.0, 40.0, 60.0, 80.0], "pumps": [0.0, 1.0], "gates": ["open"], "standing_m": [0.0]}
    row = libraries.ask(base=base, axes=axes, place=place, by=by, now=now)
    libraries.begin(library_id=row.pk)
    for n, _asked in libraries.waiting(row)[:-1]:
        libraries.tell(library=row, n=n, told=_water(place, 0.1 + 0.05 * n), names={str(place.pk): place})
    return row.pk


def _flood(by: Actor, place: Place, incident: UUID | None, now: datetime) -> UUID:
    """One that was tried out and has its answer."""
    rain = {"kind": "steady", "mm_h": 60.0, "duration_min": 60.0}
    asked = {"lon": place.location.x, "lat": place.location.y, "width_m": 1000, "cell_m": 10, "rain": rain,
             "drained_mm_h": 20.0, "pumps": True}  # fmt: skip
    row = floods.ask(title=REASON, asked=asked, place=place, incident=incident, by=by, now=now)
    floods.begin(flood_id=row.pk)
    system = Actor(world=by.world, system="forecasts.flood", correlation=row.correlation)
    floods.finish(flood_id=row.pk, answer=_water(place, 0.62), by=system, now=now)
    return row.pk


def _water(place: Place, deep: float) -> Answer:
    """What came of a flood: at one place and on one street."""
    at = place.location.x, place.location.y
    box = at[0] - 0.006, at[1] - 0.0045, at[0] + 0.006, at[1] + 0.0045
    told = Told(str(place.pk), deep, (600.0, 900.0, 1200.0, 2400.0), (0.0, deep))
    cut = Cut("启工街", 1200.0, None, deep, at, (at, (at[0], at[1] + 0.001)))
    picture = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(picture, "PNG")
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=8, height=8, count=1, dtype="float32", crs="EPSG:4326", nodata=-9999.0,
            transform=from_bounds(*box, 8, 8),
        ) as out:  # fmt: skip
            out.write(np.full((8, 8), deep, np.float32), 1)
        grid = bytes(memory.read())
    return Answer(
        box=box,
        frames=((0.0, picture.getvalue()), (300.0, picture.getvalue())), deepest=picture.getvalue(), grid=grid,
        told=(told,), cuts=(cut,),
        water={"rain": 6e4, "drained": 2e4, "pumped": 1e3, "out": 2e4, "left": 1.9e4, "missing": 0.0},
        flooded_m2=3200.0, remarks=(("U", "地形为示意", "The terrain is made up"),),
        facts={"model": "inundation", "version": "1", "scheme": "A", "inputs": "0" * 64, "took_s": 1.5},
    )  # fmt: skip


def _failed_job(now: datetime) -> UUID:
    """A reaction that gave up; the clock of whoever has to see to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, priority) "
            "VALUES ('events', 'core.handle_event', '{}', 'failed', 8, 0)"
        )
    failed_jobs.watch(now)
    return Clock.objects.in_world(LIVE).get(kind=failed_jobs.KIND.code).pk
