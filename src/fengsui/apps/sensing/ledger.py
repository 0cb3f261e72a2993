"""The register of stations. What a station measures and its lines are on its own page."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengsui.apps.people.ledger import PostCode
from fengsui.apps.people.queries import answers_at
from fengsui.apps.places.ledger import PROVENANCE_WORDS, STAFF
from fengsui.apps.places.models import Place
from fengsui.apps.sensing import queries
from fengsui.apps.sensing.models import Station
from fengsui.core.ledger import Card, Choice, Code, Column, Number, Position, Ref, Register, Retire, add
from fengsui.core.policy import roles


def stop_streams(station: Station, used: bool) -> None:
    """A station out of use is not listened to: its streams are neither judged, drawn nor missed."""
    station.datastreams.update(is_active=used, changed_at=timezone.now())


STATIONS = add(
    Register(
        "sensing",
        "stations",
        _("测站"),
        Station,
        [
            Column("code", _("站码"), Code(), key=True, search=True, aliases=("站号", "测站编码", "编号")),
            Column("name", _("名称"), required=True, search=True, aliases=("站名", "测站名称")),
            Column("place", _("所在点位"), Ref(model=Place), search=True, aliases=("所在隐患点", "积水点")),
            Column("location", _("位置"), Position(), required=True, shown=False),
            Column("owner_post", _("责任岗位"), PostCode(), aliases=("责任岗位代码",)),
            Column("datum_m", _("零点高程"), Number(), unit="m"),
            Column("provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS), facet=True),
            Column("source", _("来源"), shown=False),
        ],
        queries.stations_visible_to,
        roles(*STAFF),
        roles("duty_officer", "duty_leader", "system_admin"),
        order="code",
        retire=Retire("retired_at", also=stop_streams),
        fresh=lambda by: {"provenance": "document"},
        page=lambda row: f"/stations/{row}/",
        about=_("站码、所在点位、责任岗位"),
        card=Card(("place",), answers_at(Station, "owner_post")),
    )
)
