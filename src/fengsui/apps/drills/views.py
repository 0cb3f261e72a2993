"""演练 pages: list, plan, one exercise with its presses, what burns for real meanwhile, both sides compared."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.command.marks import MARKS
from fengsui.apps.drills import actions, queries, rules, scenario
from fengsui.apps.drills.forms import PlanForm
from fengsui.apps.incidents.page import back, pressed, shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.session_world import KEY, LOOK, live_actor
from fengsui.core import policy, wording
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Invalid

PAGE = 50
HOME = "/"
LOOKED = "/incidents/?state=all"


def page(exercise_id: UUID) -> str:
    return f"/drills/{exercise_id}/"


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "drills.view")
    rows = Paginator(queries.visible_to(by), PAGE).get_page(request.GET.get("page"))
    context = shell(
        request, page=rows, states=rules.STATES, may_plan=by.world == LIVE and policy.can(by, "drills.plan")
    )
    return render(request, "drills/list.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Planned in the live world only: inside an exercise nobody plans the next one."""
    by = live_actor(actor_of(request))
    policy.require(by, "drills.plan")
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        wanted = rules.Plan(
            data["name"],
            data["series"],
            data["speed"],
            data["from_h"],
            data["to_h"],
            form.chosen(),
        )
        try:
            made = actions.plan(wanted=wanted, by=by, now=timezone.now())
        except Invalid as wrong:
            said = wording.say(wrong)
            form.add_error(str(wrong.facts.get("field", "")) or None, said.line)
        else:
            return redirect(page(made.pk))
    status = 422 if request.method == "POST" else 200
    hours = scenario.whole(scenario.names()[0]).duration_s / scenario.HOUR_S
    return render(request, "drills/new.html", shell(request, form=form, hours=hours), status=status)


@require_GET
def show(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    by = actor_of(request)
    exercise = queries.get(exercise_id, by)
    policy.require(by, "drills.view", None)
    live = live_actor(by)
    listed = queries.seats(exercise)
    mine = any(post.pk in by.posts for post, _names, _inside in listed)
    topic = f"drills.exercise:{exercise.pk}"
    context = shell(
        request,
        topic,
        exercise=exercise,
        topic=topic,
        seats=listed,
        mine=mine,
        here=by.world == exercise.inside_id,
        left_s=_left_s(exercise.played, exercise.readings, exercise.speed, exercise.series),
        recorded=queries.recorded(exercise) if exercise.started_at else None,
        states=rules.STATES,
        may={
            verb: policy.can(live, f"drills.{verb}", exercise) for verb in ("start", "end", "drop", "compare", "look")
        },
        stories=queries.stories(exercise.inside_id) if exercise.status == "ended" else [],
    )
    return render(request, "drills/show.html", context)


def _left_s(played: int, readings: int, speed: float, series: str) -> float | None:
    """Roughly how long the scenario still plays, seconds; None when it is through."""
    if not readings or played >= readings or series not in scenario.names():
        return None
    return scenario.whole(series).duration_s / speed * (1 - played / readings)


@require_POST
@pressed(page)
def start(request: HttpRequest, exercise_id: UUID) -> None:
    by = actor_of(request)
    queries.get(exercise_id, by)
    actions.start(exercise_id=exercise_id, by=live_actor(by), now=timezone.now())


@require_POST
@pressed(page)
def join(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """The session changes worlds; the answer is the desk of the exercise."""
    by = actor_of(request)
    queries.get(exercise_id, by)
    exercise = actions.join(exercise_id=exercise_id, by=live_actor(by), now=timezone.now())
    request.session[KEY] = str(exercise.inside_id)
    request.session.pop(LOOK, None)
    messages.warning(request, _("您已进入演练“%(name)s”，从现在起办的都是演练") % {"name": exercise.name})
    return HttpResponseRedirect(HOME)


@require_POST
@pressed(page)
def look(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """回看: the session reads the world of an ended exercise; every press in it but those of its review is refused."""
    by = actor_of(request)
    exercise = queries.get(exercise_id, by)
    policy.require(live_actor(by), "drills.look", exercise)
    rules.check_over(exercise.status)
    request.session[KEY] = request.session[LOOK] = str(exercise.inside_id)
    messages.warning(request, _("您在回看已结束的演练“%(name)s”，除复盘外什么都不能办") % {"name": exercise.name})
    return back(request, LOOKED)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """One press, from any page of the exercise; nobody has to say why."""
    exercise = actions.leave(by=live_actor(actor_of(request)), now=timezone.now())
    request.session.pop(KEY, None)
    request.session.pop(LOOK, None)
    if exercise is not None:
        messages.warning(request, _("您已离开演练“%(name)s”，从现在起办的都是实战") % {"name": exercise.name})
    return HttpResponseRedirect(HOME)


@require_POST
@pressed(page)
def end(request: HttpRequest, exercise_id: UUID) -> None:
    by = actor_of(request)
    exercise = queries.get(exercise_id, by)
    policy.require(live_actor(by), "drills.end", exercise)
    rules.check_typed(exercise.name, request.POST.get("typed", ""))
    reason = request.POST.get("reason", "")
    actions.end(exercise_id=exercise_id, reason=reason, by=live_actor(by), now=timezone.now())


@require_POST
@pressed(page)
def drop(request: HttpRequest, exercise_id: UUID) -> None:
    by = actor_of(request)
    queries.get(exercise_id, by)
    reason = request.POST.get("reason", "")
    actions.drop(exercise_id=exercise_id, reason=reason, by=live_actor(by), now=timezone.now())


@require_GET
def live_part(request: HttpRequest) -> HttpResponse:
    """Inside an exercise: what of one's own is burning for real, and the way back. Nothing in the live world."""
    by = actor_of(request)
    found = queries.burning(by, timezone.now()) if by.world != LIVE else None
    return render(request, "drills/_live_part.html", {"burning": found})


@require_GET
def compare(request: HttpRequest, exercise_id: UUID) -> HttpResponse:
    """Incident by incident: any of the exercise beside any real one."""
    by = actor_of(request)
    exercise = queries.get(exercise_id, by)
    policy.require(live_actor(by), "drills.compare", exercise)
    drills, lives = queries.stories(exercise.inside_id), queries.stories(LIVE)
    drill = next((each for each in drills if str(each.pk) == request.GET.get("drill")), drills[0] if drills else None)
    chosen = next((each for each in lives if str(each.pk) == request.GET.get("live")), None)
    live = chosen or queries.twin_of(drill, lives)
    now = exercise.ended_at or timezone.now()
    context = shell(
        request,
        exercise=exercise,
        drills=drills,
        lives=lives,
        drill=drill,
        live=live,
        pairs=queries.compared(live, drill),
        clocks=queries.clocks_compared(live, drill, now),
        marks=MARKS,
    )
    return render(request, "drills/compare.html", context)
