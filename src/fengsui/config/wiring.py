"""Which engine stands behind which port. The only place where apps and engines meet."""

from __future__ import annotations

import os
from functools import cache

from django.conf import settings
from django.urls import reverse

from fengsui.core.ports import PortAbsent, provide
from fengsui.engines.basemap.tianditu import Tianditu
from fengsui.engines.basemap.tiles import BaseMap
from fengsui.engines.devices.intake import ThreadedIntake
from fengsui.engines.floods import Here
from fengsui.engines.floods.many import Dask
from fengsui.engines.floods.pictures import png
from fengsui.kernel import district as files
from fengsui.kernel.clock import WorkCalendar
from fengsui.kernel.ports.forecaster import Learner, Nowcaster
from fengsui.kernel.ports.outlets import Outlet
from fengsui.kernel.ports.own_district import OwnDistrict
from fengsui.kernel.ports.roads import Router


def district() -> files.District:
    """The district's reviewed files, read once a process and again when sheets were taken into them."""
    return files.load(settings.FENGSUI_DISTRICT, settings.FENGSUI_DISTRICTS)


def work_calendar() -> WorkCalendar:
    return district().work_calendar


def router() -> Router:
    """One a process; closures come with each question, so every world asks with its own."""
    from fengsui.engines.roads.valhalla import shared

    return shared(settings.FENGSUI_ROADS)


def outlet(code: str) -> Outlet:
    from fengsui.engines import outlets

    return outlets.outlet(code)


def own_district() -> OwnDistrict:
    from fengsui.config.district.own import OwnDistrictFiles

    return OwnDistrictFiles()


def raster() -> Tianditu:
    """Raises PortAbsent where no key is set: the own base map is the only one then."""
    if not settings.FENGSUI_TIANDITU_KEY:
        raise PortAbsent("core.port.absent", port="raster")
    return Tianditu(settings.FENGSUI_TIANDITU_URL, settings.FENGSUI_TIANDITU_KEY)


def gauges() -> Learner:
    from fengsui.engines.levels import Gauges  # compiled loops: not for processes that forecast nothing

    return Gauges()


def rain() -> Nowcaster:
    from fengsui.engines.rain import Decaying

    return Decaying()


@cache
def intake() -> ThreadedIntake:
    return ThreadedIntake(settings.FENGSUI_NATS_URL)


def record_page(subject: str) -> str:
    """Where the record of one subject is read; registers link to it without knowing the desk."""
    return reverse("desk:audit-subject", args=[subject])


provide("district", district)
provide("own_district", own_district)
provide("record_page", record_page)
provide("intake", intake)
provide("work_calendar", work_calendar)
provide("router", router)
provide("outlet", outlet)
provide("basemap", BaseMap)
provide("raster", raster)
provide("floods", Here)
provide("depth_picture", lambda: png)
provide("ensembles", lambda: Dask(os.environ.get("FENGSUI_DASK", "")))
provide("gauges", gauges)
provide("rain", rain)
