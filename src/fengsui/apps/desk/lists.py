"""The list of clocks: whose, in which unit, which are overdue."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.desk import clocks, queries
from fengsui.apps.people.models import Holding, Organisation, Person
from fengsui.core import policy
from fengsui.core.ledger import Number
from fengsui.core.ledger.choices import in_english
from fengsui.core.ledger.filters import Counted, Filter, Option, few, of_states
from fengsui.core.ledger.listed import Given
from fengsui.core.ledger.shown import At, Due, Shown, Word, ranked
from fengsui.core.ledger.worklist import Deed, Worklist, add
from fengsui.core.models import Clock
from fengsui.core.policy import roles
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE, STATES, ClockKind

BASES = (("V", _("已核")), ("G", _("通行做法")), ("U", _("待本地确认")))


def _kinds() -> list[tuple[str, str, str]]:
    return [(code, each.verb.zh, clocks.verb_of(code) if in_english() else each.verb.en)
            for code, each in ClockKind.registered.items()]  # fmt: skip


def _present(rows: Sequence[Clock]) -> Sequence[clocks.Row]:
    return queries.relabelled(clocks.present(rows), rows[0].world_id) if rows else []


def _owned_by(word: str) -> Q:
    """By a word of the owner's name, or of the title or holder of the post that owes."""
    named = Person.objects.filter(name__icontains=word).values("pk")
    either = Q(person__name__icontains=word) | Q(post__title__icontains=word)
    held = Holding.objects.filter(either, until__isnull=True).values("post_id")
    return Q(owner_person__in=named) | Q(owner_post__in=held)


def _units(rows: QuerySet[Any], by: Actor) -> Counted:
    """Units that owe some of the rows, who owes most first: three queries, however many units."""
    numbers = rows.order_by().values_list("owner_post", "owner_person").annotate(n=Count("pk"))
    counted = clocks.by_organisation(numbers)
    named = Organisation.objects.filter(path__in=list(counted)).values_list("path", "code", "name")
    return sorted(((code, name, counted[path]) for path, code, name in named), key=lambda each: (-each[2], each[1]))


def _unit(value: str, by: Actor) -> str:
    return Organisation.objects.filter(code=value).values_list("name", flat=True).first() or value


def _may_pause(by: Actor) -> bool:
    return policy.can(by, "core.pause_clock")


DEEDS = (
    Deed(
        code="pause",
        label=pgettext_lazy("deed", "暂停"),
        do=lambda key, by, now, why: clocks.pause(key, by=by, now=now, reason=why),
        may=_may_pause,
        reason=True,
    ),
    Deed(
        code="resume",
        label=pgettext_lazy("deed", "恢复"),
        do=lambda key, by, now, why: clocks.resume(key, by=by, now=now),
        may=_may_pause,
    ),
)

CLOCKS = add(
    Worklist(
        app="desk",
        code="clocks",
        name=_("时限"),
        model=Clock,
        columns=[
            Shown("due", _("时限"), Due(), of=lambda row: row, by="due_at"),
            Shown("kind", _("应办"), Word(of=_kinds), facet=True, of=attrgetter("verb")),
            Shown("label", _("事由"), search=True),
            Shown("owner", _("责任"), of=attrgetter("owner_text"), by=""),
            Shown("due_at", _("到时"), At()),
            Shown("heard", _("已升级到"), of=attrgetter("heard"), by=""),
            Shown("state", _("状态"), Word(of=STATES), shown=False, by=ranked("state", STATES)),
            Shown("started_at", _("开始"), At(), shown=False),
            Shown("closed_at", _("办结"), At(), shown=False),
            Shown("limit_s", _("限"), Number(whole=True), unit=_("秒"), shown=False),
            Shown("source", _("依据"), shown=False),
            Shown("basis", _("依据性质"), Word(of=lambda: BASES), facet=True, shown=False),
        ],
        visible_to=clocks.visible,
        view=lambda by, row: True,
        share=roles("duty_leader", "commander"),
        title="kind",
        order="due_at",
        filters=[
            Filter(
                "org", _("单位"), lambda value, by: clocks.owed_in(value), _units, _unit, knows=lambda value, by: True
            ),
            few(
                "late",
                _("超时"),
                lambda by: [
                    Option("1", _("只看超时"), Q(due_at__lt=timezone.now(), state__in=MACHINE.open_states)),
                ],
            ),
            of_states(_("状态"), STATES, MACHINE.final, path="state"),
            few(
                "scope",
                _("谁的"),
                lambda by: [
                    Option("mine", _("我的"), clocks.mine(by)),
                    Option("org", _("我单位"), lambda: clocks.of_organisations(by)),
                ],
                default="mine",
                every=_("辖区全部"),
            ),
        ],
        page="desk:clock-list",
        link=lambda row: row.page,
        more=(_("规则与经过"), lambda row: reverse("desk:clock-show", args=[row.id])),
        views=(
            Given(_("我的"), "f.scope=mine"),
            Given(_("我单位"), "f.scope=org"),
            Given(_("辖区全部"), "f.scope=any"),
            Given(_("超时"), "f.late=1&f.scope=any"),
        ),
        topics="core.clocks",
        present=_present,
        also=_owned_by,
        deeds=DEEDS,
        named=("kind", "label"),
        before={
            "view": ("f.scope", {"mine": "mine", "org": "org", "all": "any"}),
            "late": ("f.late", None),
            "org": ("f.org", None),
            "kind": ("f.kind", None),
            "state": ("f.state", None),
            "order": ("sort", {"due": "due_at", "-due": "-due_at", "started": "-started_at", "kind": "kind"}),
        },
        nothing=(_("没有符合的时限"), _("换个范围或去掉筛选再看。")),
    )
)
