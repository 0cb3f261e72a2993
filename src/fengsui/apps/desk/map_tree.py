"""The layer tree: what the map can show, by the five domains; a domain without a layer is not shown.

Drawing is the browser's (frontend/src/map/layers.ts), rows are `map_items`. Symbols: GB/T 35649-2017 gives the codes,
the frames (rounded for events, square for the rest) and the captions; its drawings are not at hand, so the character
in the frame is our own, and the legend says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from fengsui.core import policy
from fengsui.core.maps import registry
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

DOMAINS: dict[str, Any] = {
    "supervision": _("监督管理"),
    "monitoring": _("监测预警"),
    "command": _("指挥救援"),
    "decision": _("决策支持"),
    "governance": _("政务管理"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` decides how it is drawn. `points`: a layer of core.maps with any number of points. `history`: its state at
    a past moment is in the record; other layers show today's. `symbol`: (code of GB/T 35649-2017, character)."""

    id: str
    domain: str
    label: Any
    kind: str
    topics: tuple[str, ...]
    points: bool = False
    register: str = ""
    on: bool = True
    history: bool = False
    symbol: tuple[str, str] = ("", "")
    may: Callable[[Actor], bool] = registry.anybody

    def visible_to(self, by: Actor) -> bool:
        return registry.layers()[self.id].may(by) if self.points else self.may(by)


def _may(verb: str) -> Callable[[Actor], bool]:
    return lambda by: policy.can(by, verb)


def _kept(id_: str, domain: str, label: Any, register: str, symbol: tuple[str, str], *, on: bool = False) -> Entry:
    """A register's rows."""
    return Entry(id_, domain, label, "places", (f"ledger.{register}",), True, register, on, symbol=symbol)


ENTRIES: tuple[Entry, ...] = (
    _kept("waterlogging_point", "supervision", _("积水点"), "waterlogging-points", ("", "积")),
    _kept("checkpoint", "supervision", _("森林防火检查站"), "checkpoints", ("", "检")),
    Entry("stations", "monitoring", _("测站"), "stations", ("sensing",), True, "stations", history=True),
    Entry("warnings", "monitoring", _("生效预警"), "warnings", ("alerts",), on=False, history=True),
    Entry(
        "incidents",
        "command",
        _("事件"),
        "incidents",
        ("incidents",),
        history=True,
        symbol=("A", "事"),
        may=_may("incidents.view"),
    ),
    Entry("closures", "command", _("封控"), "closures", ("command",), history=True, may=_may("command.view")),
    _kept("team", "command", _("救援队伍"), "teams", ("D20400", "队"), on=True),
    _kept("depot", "command", _("物资储备库"), "depots", ("D30100", "库")),
    _kept("shelter", "command", _("应急避难场所"), "shelters", ("D60100", "避"), on=True),
    Entry("ahead", "decision", _("预计到线"), "ahead", ("sensing", "forecasts"), on=False, history=True),
    Entry(
        "areas",
        "governance",
        _("街道（区划）"),
        "names",
        ("ledger.areas",),
        register="areas",
        on=False,
        may=_may("places.areas.view"),
    ),
)


def entries(by: Actor) -> list[Entry]:
    return [each for each in ENTRIES if each.visible_to(by)]


def entry(id_: str, by: Actor) -> Entry:
    """Raises NotFound("core.maps.no_layer"), also for who may not know of it."""
    for each in ENTRIES:
        if each.id == id_ and each.visible_to(by):
            return each
    raise NotFound("core.maps.no_layer", layer=id_)


def topics(by: Actor) -> list[str]:
    return sorted({topic for each in entries(by) for topic in each.topics})
