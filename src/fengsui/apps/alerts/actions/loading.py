"""Outlets and issuers of a district; loading again changes only what the files changed."""

from __future__ import annotations

from fengsui.apps.alerts.models import Issuer, Outlet
from fengsui.kernel.district import District
from fengsui.kernel.levels import Level

NOTE = "发布单位代码由预警信息发布中心赋予；此处只示其格式，待本地确认"


def load_outlets(district: District, counts: dict[str, int]) -> None:
    """Ways out and who signs. A jurisdiction without a bureau of its own is signed for by the first one."""
    rows = [
        Outlet(
            code=each.code,
            channel=each.kind,
            name=each.name,
            name_en=each.name_en,
            audience=each.audience,
            areas=list(each.areas),
            min_level=int(Level.of(each.min_level)),
            address={"to": list(each.to), "topic": each.topic, "env": each.env},
            people=each.people,
            instead_id=each.instead or None,
            provenance=each.provenance,
        )
        for each in district.outlets
    ]
    fields = [
        "channel",
        "name",
        "name_en",
        "audience",
        "areas",
        "min_level",
        "address",
        "people",
        "instead",
        "provenance",
    ]
    # The one an outlet falls back to may stand after it in the file.
    Outlet.objects.bulk_create(
        sorted(rows, key=lambda row: row.instead_id is not None),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=fields,
    )
    Outlet.objects.exclude(code__in=[row.code for row in rows]).update(is_active=False)
    bureaux = [each for each in district.organisations if each.kind == "bureau"]
    for n, each in enumerate(bureaux, 1):
        Issuer.objects.update_or_create(
            jurisdiction=each.jurisdiction or "all",
            defaults={
                "code": f"{district.code:0>6}000{n:03d}00"[:14],
                "name": each.name,
                "name_en": each.name_en,
                "note": NOTE,
                "provenance": "illustrative",
            },
        )
    counts["渠道"] = len(rows)
