"""Series of any streams over any time: page, curves, marks, table, workbook."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.apps.desk import happened, lanes, workbook
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing.models import Datastream
from fengsui.core import wording
from fengsui.kernel.errors import Invalid, NotFound

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _asked(request: HttpRequest) -> tuple[list[Datastream], list[str], lanes.Window]:
    by, now = actor_of(request), timezone.now()
    streams, missing = lanes.chosen(request.GET.get("streams", ""), by)
    return streams, missing, lanes.window_of(request.GET, now, streams)


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Chosen by search or by link; ?streams=, ?period= or ?from=&to=, ?q= finds more to add."""
    by, now = actor_of(request), timezone.now()
    wrong = None
    streams, missing = lanes.chosen(request.GET.get("streams", ""), by)
    try:
        window = lanes.window_of(request.GET, now, streams)
    except Invalid as error:
        wrong, window = wording.say(error), lanes.window_of(type(request.GET)(""), now, streams)
    keys = [lanes.key_of(each) for each in streams]
    q = request.GET.get("q", "").strip()[:40]
    found = lanes.find(by, q, now, [each.pk for each in streams]) if q or not streams else []
    context: dict[str, Any] = {
        "streams": streams,
        "keys": keys,
        "chosen": lanes.lasts(streams, window, now),
        "missing": missing,
        "most": lanes.MOST,
        "window": window,
        "wrong": wrong,
        "asked": request.GET,
        "periods": [(code, words, lanes.address(keys, None, period=code)) for code, words in lanes.period_words()],
        "q": q,
        "found": [(it, lanes.address([*keys, lanes.key_of(it.stream)], window)) for it in found],
        "here": lanes.address(keys, window),
        "query": lanes.address(keys, window).partition("?")[2],
        "table": lanes.table(streams, window, now) if streams else None,
        "marks": happened.marks(streams, by, window.low, window.high)[::-1],
        "illustrative": any(each.station.provenance == "illustrative" for each in streams),
    }
    if request.headers.get("HX-Request") and request.GET.get("part") == "table":
        return render(request, "desk/_series_table_part.html", context)
    return render(request, "desk/series.html", shell(request, "sensing", "forecasts", **context))


@require_GET
def lane(request: HttpRequest) -> JsonResponse:
    """The curve of one stream: at most 2 000 points of the window."""
    streams, _missing, window = _asked(request)
    if not streams:
        raise NotFound("sensing.stream.not_found")
    return JsonResponse(lanes.lane(streams[0], window, timezone.now()))


@require_GET
def marks(request: HttpRequest) -> JsonResponse:
    """What happened in the window at the places of the streams."""
    by = actor_of(request)
    streams, _missing, window = _asked(request)
    rows = happened.marks(streams, by, window.low, window.high)
    listed = [
        {"at": row.at.timestamp() * 1000, "kind": row.kind, "level": row.level, "text": row.text, "url": row.url}
        for row in rows
    ]
    return JsonResponse({"marks": listed})


@require_GET
def export(request: HttpRequest) -> FileResponse:
    """?what=raw every reading, else those that are drawn; the book says which."""
    streams, _missing, window = _asked(request)
    if not streams:
        raise NotFound("sensing.stream.not_found")
    now, raw = timezone.now(), request.GET.get("what") == "raw"
    world = request.world  # type: ignore[attr-defined]  # set on the request by our middleware
    drill = world.name if world.kind == "exercise" else ""
    name = f"series-{'raw' if raw else 'thinned'}-{timezone.localtime(window.low):%Y%m%d-%H%M}.xlsx"
    file = workbook.book(streams, window, now, raw=raw, drill=drill)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
