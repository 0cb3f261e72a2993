"""Which engine stands behind which port. The only place where apps and engines meet."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from fengsui.core.ports import provide
from fengsui.kernel import district as files
from fengsui.kernel.clock import WorkCalendar


@cache
def district() -> files.District:
    """The district's reviewed files, read once a process."""
    return files.load(settings.FENGSUI_DISTRICT, settings.FENGSUI_DISTRICTS)


def work_calendar() -> WorkCalendar:
    return district().work_calendar


provide("district", district)
provide("work_calendar", work_calendar)
