"""List of stations, one station, its readings."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing import boards, course_board, curves, layers, queries, rules
from fengsui.apps.sensing.forms import FilterForm
from fengsui.apps.sensing.models import Datastream, RejectedMessage, Station
from fengsui.catalog.sensors import Rejected
from fengsui.core import live, policy, wording
from fengsui.core.ledger.cells import safe

PAGE = 50
READINGS = 60
PARTS = ("state", "course", "readings", "rejected")


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """All streams of the world, the worst first; htmx gets the list alone."""
    by, now = actor_of(request), timezone.now()
    form = FilterForm(request.GET)
    page = Paginator(boards.listing(by.world, now, **form.wanted()), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    here = query.urlencode()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "rows": [boards.now_of(stream, now) for stream in page.object_list],
        "query": query.urlencode(),
        "here": here,
        "sums": boards.summary(by.world, now),
        "live_ticket": live.ticket(by.world, ["desk", "sensing"], by.person),
        "title": _("测站"),
    }
    part = "sensing/_list_part.html" if request.headers.get("HX-Request") else "sensing/list.html"
    return render(request, part, context)


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV."""
    by, now = actor_of(request), timezone.now()
    rows = boards.listing(by.world, now, **FilterForm(request.GET).wanted())
    head = [_("站码"), _("测站"), _("类别"), _("点位"), _("级别"), _("读数"), _("单位"), _("读数时间"), _("新旧"),
            _("回放倍速"), _("数据性质")]  # fmt: skip

    def lines() -> Iterator[list[Any]]:
        for stream in rows.iterator(chunk_size=500):
            it = boards.now_of(stream, now)
            level = boards.word(rules.SENSING_LEVELS[it.level])
            fresh = boards.word(rules.FRESHNESS[it.freshness])
            yield [stream.station.code, stream.station.name, it.kind, it.place, level, it.value, it.unit,
                   _iso(it.at), fresh, f"{stream.speed:g}", boards.nature(stream.station)]  # fmt: skip

    return _csv(request, "stations", head, lines())


@require_GET
def station(request: HttpRequest, code: str) -> HttpResponse:
    """One station. ?kind= chooses the stream, ?hours= the curve, ?before= older readings, ?part= a fragment alone."""
    by, now = actor_of(request), timezone.now()
    row = queries.station(code, by)
    stream, streams = _stream(request, row)
    may_see, topics = policy.can(by, "sensing.see_rejected", row), rules.topics_of(stream.id)
    before = _moment(request.GET.get("before"))
    part = request.GET.get("part", "")
    query = urlencode([("kind", stream.kind), ("hours", _hours(request))])
    context: dict[str, Any] = {
        "station": row,
        "it": boards.now_of(stream, now),
        "stream": stream,
        "streams": [(each, boards.kind_word(each)) for each in streams],
        "hours": _hours(request),
        "all_hours": curves.HOURS,
        "query": query,
        "here": request.path,
        "topics": " ".join(topics),
        "may_see": may_see,
        "before": before,
        "live_ticket": live.ticket(by.world, ["desk", *topics, f"sensing.rejected:{stream.id}"], by.person),
        "illustrative": row.provenance == "illustrative",
    }
    if part in ("", "readings"):
        found = boards.readings(stream, before, READINGS + 1)
        context |= {"readings": found[:READINGS], "older": found[READINGS - 1].at if len(found) > READINGS else None}
    if part in ("", "course"):
        context["course"] = course_board.course_of(stream)
    if may_see and part in ("", "rejected"):
        context["rejected"] = [_said(each) for each in boards.rejected(row)]
    if not part:
        policy_row = getattr(row.place, "waterlogging", None) if row.place else None
        kind = boards.kind_of(stream)
        context |= {
            "rungs": boards.rungs(stream),
            "shown": boards.display_of(stream),
            "point": policy_row,
            "kind": kind,
            "nature": boards.nature(row),
        }
    name = f"sensing/_{part}_part.html" if part in PARTS else "sensing/station.html"
    return render(request, name, context)


@require_GET
def series(request: HttpRequest, code: str) -> JsonResponse:
    """The measured curve of one stream, in the shape that the chart draws."""
    row = queries.station(code, actor_of(request))
    stream, _streams = _stream(request, row)
    return JsonResponse(curves.curve(stream, timezone.now(), _hours(request)))


@require_GET
def readings_export(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """The readings of the window as CSV, with what is held against them."""
    row, now = queries.station(code, actor_of(request)), timezone.now()
    stream, _streams = _stream(request, row)
    low, high = curves.window(stream, now, _hours(request))
    shown = boards.display_of(stream)
    head = [_("读数时间"), _("收到"), f"{boards.kind_word(stream)} {shown.unit}", _("采用"), _("标志"), _("原因"),
            _("回放倍速"), _("数据性质")]  # fmt: skip
    nature = boards.nature(row)
    lines = (
        [_iso(r.at), _iso(r.received_at), r.value, _("否") if r.refused else _("是"), r.flags, r.why,
         f"{stream.speed:g}", nature]
        for r in boards.all_readings(stream, low, high)
    )  # fmt: skip
    return _csv(request, f"readings-{row.code}-{stream.kind}", head, lines)


@require_GET
def layer(request: HttpRequest) -> JsonResponse:
    """Stations as map features."""
    return JsonResponse(layers.features(actor_of(request).world, timezone.now()), content_type="application/geo+json")


def _stream(request: HttpRequest, row: Station) -> tuple[Datastream, list[Datastream]]:
    return boards.stream_of(row, request.GET.get("kind", ""))


def _hours(request: HttpRequest) -> int:
    return curves.hours_of(request.GET.get("hours", ""))


def _moment(text: str | None) -> datetime | None:
    """An ISO time with offset; None where it is missing or broken."""
    try:
        found = datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _said(row: RejectedMessage) -> dict[str, Any]:
    """A rejected message with its reason in words and the beginning of what was sent."""
    facts = {key: value for key, value in row.facts.items() if key != "code"} if isinstance(row.facts, dict) else {}
    said = wording.say(Rejected(row.code, **facts))
    return {"row": row, "said": said, "excerpt": bytes(row.payload)[:200].decode("utf-8", "replace")}


def _iso(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="milliseconds") if at else ""


class _Echo:
    """A file that gives back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


def _csv(request: HttpRequest, name: str, head: list[str], rows: Iterable[list[Any]]) -> StreamingHttpResponse:
    """With a byte order mark so that spreadsheets read the Chinese; an exercise says so in its first cell and name."""
    drill = request.world.kind == "exercise"  # type: ignore[attr-defined]  # set on the request by our middleware
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow([_("演练 ") + head[0], *head[1:]] if drill else head)
        for row in rows:
            yield writer.writerow([_text(str(cell)) for cell in row])

    stamp = timezone.localtime()
    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    prefix = "drill-" if drill else ""
    answer.headers["Content-Disposition"] = f'attachment; filename="{prefix}{name}-{stamp:%Y%m%d-%H%M}.csv"'
    return answer


def _text(text: str) -> str:
    """A cell that a spreadsheet would run as a formula is text; a negative number stays a number."""
    number = text.replace("-", "", 1).replace(".", "", 1).isdigit()
    return text if number else str(safe(text))
