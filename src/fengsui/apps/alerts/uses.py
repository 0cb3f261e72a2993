"""Open warnings need their place."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.rules import MACHINE
from fengsui.core.ledger.uses import WHY, uses


@uses("places.place", "places.waterloggingpoint", "places.shelter", "resources.depot")
def of_place(row: Model) -> Iterable[str]:
    rows = Warning.objects.all_worlds(WHY).filter(place_id=row.pk).exclude(status__in=MACHINE.final)
    return [_("预警还没解除：%(name)s") % {"name": name} for name in rows.values_list("place__name", flat=True)]
