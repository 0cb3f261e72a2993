"""The list of warnings, of today and before: what stands in it and how it narrows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.alerts import actions, boards, queries, rules
from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.policy import DESK, LEADERS
from fengsui.apps.places.ledger import PROVENANCE_WORDS
from fengsui.apps.places.models import Area
from fengsui.catalog.hazards import hazards
from fengsui.core.ledger import Code, Ref
from fengsui.core.ledger.filters import Counted, Filter, Option, few, of_states
from fengsui.core.ledger.listed import Given
from fengsui.core.ledger.shown import At, Due, LevelOf, Shown, Word, ranked
from fengsui.core.ledger.worklist import Deed, Worklist, add
from fengsui.core.policy import roles
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import LEVELS, Level

LEVEL = LevelOf(of=[(int(Level.of(code)), term.zh, term.en) for code, term in LEVELS.items()])
TRIGGERS = (("observed", _("实测")), ("forecast", _("预报")), ("report", _("人报")))


def _hazards() -> list[tuple[str, str, str]]:
    return [(code, each.term.zh, each.term.en) for code, each in hazards().items()]


def _spans(by: Actor) -> list[Option]:
    now = timezone.now()
    named = (("1d", _("一天内"), 1), ("7d", _("七天内"), 7), ("30d", _("三十天内"), 30))
    return [Option(code, word, Q(drafted_at__gte=now - timedelta(days=days))) for code, word, days in named]


SPANS = few("since", pgettext_lazy("column", "拟稿"), _spans)


def _since(value: str, by: Actor) -> Q | None:
    """One of the spans, or a day: from its first second on."""
    try:
        day = datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the calendar has no zone
    except ValueError:
        return SPANS.match(value, by)
    return Q(drafted_at__gte=timezone.make_aware(datetime.combine(day, time())))


def _counted(rows: QuerySet[Any], by: Actor) -> Counted:
    return SPANS.counted(rows, by)


def _present(rows: Sequence[Warning]) -> Sequence[boards.Row]:
    return boards.rows(rows, rows[0].world_id) if rows else []


WARNINGS = add(
    Worklist(
        app="alerts",
        code="warnings",
        name=_("全部预警"),
        model=Warning,
        columns=[
            Shown("level", _("级别"), LEVEL, facet=True, of=attrgetter("level")),
            Shown("place__name", _("点位"), search=True, of=attrgetter("name")),
            Shown("place__code", _("点位代码"), Code(), search=True),
            Shown("hazard", _("灾种"), Word(of=_hazards), facet=True, of=attrgetter("hazard")),
            Shown("status", _("状态"), Word(of=rules.STATUSES),
                  by=ranked("status", rules.STATUSES)),
            Shown("note", _("情况"), of=attrgetter("note"), by="", shown=False),
            Shown("due", _("最急时限"), Due(), of=attrgetter("clock"), by=""),
            Shown("drafted_at", pgettext_lazy("column", "拟稿"), At()),
            Shown("confirmed_at", pgettext_lazy("column", "核定"), At(), shown=False),
            Shown("issued_at", pgettext_lazy("column", "签发"), At()),
            Shown("ended_at", _("终结"), At()),
            Shown("level_in_force", _("生效级别"), LEVEL, shown=False),
            Shown("trigger", _("起因"), Word(of=lambda: TRIGGERS), facet=True, shown=False),
            Shown("place__area", _("区域"), Ref(model=Area), facet=True, of=attrgetter("warning.place.area.name"),
                  shown=False),
            Shown("reason", _("理由"), search=True),
            Shown("correlation", _("链号"), Code(), shown=False),
            Shown("place__provenance", _("数据性质"), Word(of=PROVENANCE_WORDS), shown=False),
        ],
        visible_to=queries.visible_to,
        view=lambda by, row: True,
        share=roles(*LEADERS),
        origin="place__provenance",
        title="name",
        order="-drafted_at",
        filters=[
            of_states(_("状态"), rules.STATUSES, rules.MACHINE.final, default=""),
            Filter("since", pgettext_lazy("column", "拟稿"), _since, _counted, SPANS.word),
        ],
        page="alerts:warning-list",
        link=lambda row: reverse("alerts:warning-show", args=[row.warning.pk]),
        views=(
            Given(_("全部"), "f.state=any"),
            Given(_("未结"), "f.state=open"),
            Given(_("七天内"), "f.since=7d&f.state=any"),
        ),
        topics="alerts core.clocks",
        present=_present,
        within="warning",
        before={
            "status": ("f.state", None), "level": ("f.level", None), "since": ("f.since", None),
        },
        deeds=(
            Deed(
                code="reject",
                label=pgettext_lazy("deed", "不发布"),
                do=lambda key, by, now, why: actions.reject(warning_id=key, reason=why, by=by, now=now),
                may=lambda by: by.has_role(*DESK),
                reason=True,
            ),
        ),
        nothing=(_("没有符合条件的预警"), _("放宽筛选条件再看")),
    )
)  # fmt: skip
