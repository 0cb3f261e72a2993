"""Open incidents need their place."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.apps.incidents.models import OPEN, Incident
from fengsui.core.ledger.uses import WHY, uses


@uses("places.place", "places.waterloggingpoint", "places.shelter", "resources.depot")
def of_place(row: Model) -> Iterable[str]:
    rows = Incident.objects.all_worlds(WHY).filter(place_id=row.pk, status__in=OPEN).order_by("number")
    return [_("事件 %(n)s 还没结案") % {"n": number} for number in rows.values_list("number", flat=True)]
