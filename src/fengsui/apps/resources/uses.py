"""Teams and depots in use need their organisation and their posts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.apps.resources.models import Depot, Team
from fengsui.core.ledger.uses import uses


@uses("people.organisation")
def of_organisation(row: Model) -> Iterable[str]:
    rows = Team.objects.filter(org_id=row.pk, retired_at__isnull=True)
    return [_("队伍 %(name)s") % {"name": name} for name in rows.values_list("name", flat=True)]


@uses("people.post")
def of_post(row: Model) -> Iterable[str]:
    teams = Team.objects.filter(leader_post_id=row.pk, retired_at__isnull=True)
    depots = Depot.objects.filter(keeper_post_id=row.pk, place__retired_at__isnull=True)
    return [
        *(_("队伍 %(name)s") % {"name": name} for name in teams.values_list("name", flat=True)),
        *(_("物资库 %(name)s") % {"name": name} for name in depots.values_list("place__name", flat=True)),
    ]
