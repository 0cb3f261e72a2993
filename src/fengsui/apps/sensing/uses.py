"""Stations in use need their place and the post that answers for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.apps.people.models import Post
from fengsui.apps.sensing.models import CurrentValue, Station
from fengsui.core.ledger.uses import WHY, uses


@uses("places.place", "places.waterloggingpoint", "places.shelter", "resources.depot")
def of_place(row: Model) -> Iterable[str]:
    return _named(Station.objects.all_worlds(WHY).filter(place_id=row.pk))


@uses("people.post")
def of_post(row: Model) -> Iterable[str]:
    assert isinstance(row, Post)
    return _named(Station.objects.all_worlds(WHY).filter(owner_post=row.code))


@uses("sensing.station")
def of_station(row: Model) -> Iterable[str]:
    raised = CurrentValue.objects.filter(datastream__station_id=row.pk, datastream__is_active=True, level__gt=0)
    return [_("读数还在超限") for _each in raised]


def _named(rows: Any) -> list[str]:
    used = rows.filter(retired_at__isnull=True).order_by("code")
    return [_("测站 %(name)s") % {"name": name} for name in used.values_list("name", flat=True)]
