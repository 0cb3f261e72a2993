"""One call of every changing operation that the story allows, by whoever may: what a program really sends."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from fengsui.apps.alerts.models import Call as Call_
from fengsui.apps.forecasts import learning
from fengsui.apps.people.models import Account
from fengsui.apps.places.models import WaterloggingPoint
from fengsui.core.ledger import editing
from fengsui.core.ledger.register import register
from fengsui.core.worlds import LIVE
from tests.api.programs import Program
from tests.contracts.story import REASON, Story

Call = tuple[str, str, str, Any]
"""login, method, path, body"""


def calls(story: Story) -> dict[str, Call]:
    """By operation id. Each is right in the told story, alone."""
    ids, now = story.ids, timezone.now().isoformat()
    free = WaterloggingPoint.objects.exclude(place=story.warning.place).order_by("pk")[1].place
    taught = learning.learnable().select_related("station").order_by("pk")[0]
    mine = next(each for each in story.tasks if each.owner_post and each.status == "waiting" and not each.after)
    called = _called(story)
    warning, incident, task = (
        f"/warnings/{ids['warning_id']}",
        f"/incidents/{ids['incident_id']}",
        f"/tasks/{mine.pk}",
    )
    pump, order, clock = f"/tasks/{ids['task_id']}", f"/orders/{ids['order_id']}", f"/clocks/{ids['clock_id']}"
    response, report = f"/responses/{ids['response_id']}", f"/reports/{ids['report_id']}"
    stations = "/registers/stations/rows"
    return {
        "forecasts_ask": (
            "duty", "POST", "/floods",
            {"place": str(free.pk), "rain": {"kind": "steady", "mm_h": 60, "duration_min": 60}},
        ),
        "lessons_learn": ("sysadmin", "POST", f"/forecasts/lessons/{taught.station.code}/learn", {}),
        "scenarios_make": (
            "duty", "POST", "/scenario-libraries",
            {"place": str(free.pk), "rain": {"kind": "steady", "duration_min": 60, "values": [40, 80]}},
        ),
        "alerts_propose": (
            "duty", "POST", "/warnings",
            {"place": str(free.pk), "hazard": "waterlogging", "level": "yellow", "reason": REASON},
        ),
        "alerts_keep": ("duty", "POST", f"{warning}/keep", {"reason": REASON}),
        "alerts_revise": ("duty", "POST", f"{warning}/revise", {"reason": REASON, "level": "red"}),
        "alerts_lift": ("leader", "POST", f"{warning}/lift", {"reason": REASON}),
        "alerts_cancel": ("leader", "POST", f"{warning}/cancel", {"reason": REASON, "typed": "orange"}),
        "alerts_acknowledge": (called.login, "POST", f"/calls/{called.pk}/acknowledge", {"note": "收到"}),
        "alerts_pass_on": ("duty", "POST", f"/calls/{called.pk}/pass", {}),
        "alerts_seen": ("duty", "POST", f"/bulletins/{ids['bulletin_id']}/seen", {}),
        "incidents_receive": (
            "duty", "POST", "/incidents",
            {"source": "phone", "type_code": "11B06", "place": str(free.pk), "known_at": now, "summary": REASON},
        ),
        "incidents_grade": ("duty", "POST", f"{incident}/grade", {"grade": "larger", "reason": REASON, "injured": 1}),
        "incidents_note": ("duty", "POST", f"{incident}/notes", {"text": REASON}),
        "incidents_edit": ("duty", "PATCH", report, {"receiver": "区政府值班室", "fields": {"said": REASON}}),
        "responses_draft": ("duty", "POST", f"{incident}/report-drafts", {"stage": "first_written"}),
        "responses_change": (
            "commander", "POST", f"{response}/change", {"level": "red", "reason": REASON, "approval_note": REASON},
        ),
        "responses_end": ("duty", "POST", f"{response}/end", {"reason": REASON}),
        "responses_reopen": ("duty", "POST", f"/closures/{ids['closure_id']}/reopen", {"note": REASON}),
        "tasks_accept": ("duty", "POST", f"{task}/accept", {}),
        "tasks_decline": ("duty", "POST", f"{task}/decline", {"reason": REASON}),
        "tasks_waive": ("duty", "POST", f"{task}/waive", {"reason": REASON}),
        "tasks_report": ("team", "POST", f"{pump}/report", {"text": "水位下降", "flow": 300}),
        "tasks_block": ("team", "POST", f"{pump}/block", {"reason": REASON}),
        "orders_move": ("team", "POST", f"{order}/accept", {"note": REASON}),
        "orders_recall": ("duty", "POST", f"{order}/recall", {"note": REASON}),
        "desk_pause": ("leader", "POST", f"{clock}/pause", {"reason": REASON}),
        "desk_retry": ("sysadmin", "POST", f"/jobs/{ids['job_clock_id']}/retry", {}),
        "desk_write_off": ("sysadmin", "POST", f"/jobs/{ids['job_clock_id']}/write-off", {"reason": REASON}),
        "desk_keep": ("duty2", "POST", f"/handovers/{ids['handover_id']}/keep", {}),
        "reviews_find": (
            "leader", "POST", f"{incident}/findings",
            {"text": REASON, "remedy": REASON, "owner_post": str(min(story.by("team").posts)), "days": 10},
        ),
        "reviews_answer_finding": ("team", "POST", f"/findings/{ids['finding_id']}/answer", {"text": REASON}),
        "reviews_withdraw_finding": ("leader", "POST", f"/findings/{ids['finding_id']}/withdraw", {"reason": REASON}),
        "reviews_order_paper": ("duty", "POST", f"{incident}/papers", {}),
        "ledger_create": (
            "duty", "POST", stations,
            {"values": {"code": "ST-API", "name": "接口站", "location": [123.35, 41.8], "provenance": "示意"}},
        ),
        "ledger_change": ("duty", "PATCH", f"{stations}/{ids['row_id']}", {"values": {"name": "改了名"}}),
    }  # fmt: skip


def _called(story: Story) -> Call_:
    """Somebody whose turn it is to answer, with his login."""
    logins = dict(Account.objects.values_list("person_id", "username"))
    rows = Call_.objects.in_world(LIVE).filter(bulletin=story.bulletin, state="called", person_id__in=logins)
    row: Call_ = rows.order_by("line", "turn")[0]
    row.login = logins[row.person_id]  # type: ignore[attr-defined]  # a test looks inside
    return row


def etag_of_row(story: Story, login: str) -> str:
    """What If-Match must hold for the told station."""
    from fengsui.core.ledger.api import _etag

    found = register("stations")
    return _etag(found, editing.read(found, str(story.ids["row_id"]), story.by(login)))


def sent(caller: Program, story: Story, call: Call, **headers: str) -> Any:
    login, method, path, body = call
    if method == "PATCH" and "/registers/" in path:
        headers.setdefault("If_Match", etag_of_row(story, login))
    return caller.send(method, path, body, **headers)
