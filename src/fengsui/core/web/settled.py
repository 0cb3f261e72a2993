"""What a web process does once, before its first page."""

from __future__ import annotations

import gc
from contextlib import suppress

from django.urls import get_resolver

from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import FengsuiError


def settle() -> None:
    """Import what pages need, and take it all out of the garbage collector's rounds.

    Some hundred thousand objects stand until the process ends; looking through them again and again cost a tenth of
    each page's time and now and then a page of 100 ms and more. A page makes some ten thousand objects that die with
    it: a look at each 700 of them finds nothing.
    """
    for pattern in get_resolver().url_patterns:
        getattr(pattern, "url_patterns", None)
    with suppress(PortAbsent, FengsuiError):  # a page says so where there is no district
        port("district")
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
