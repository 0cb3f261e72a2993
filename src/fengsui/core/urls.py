"""Pages that core itself brings; mounted at the root by config."""

from django.urls import include, path

from fengsui.core.api import pages
from fengsui.core.web import installed, state

urlpatterns = [
    path("api/", pages.show, name="api-docs"),
    path("", include("fengsui.core.help.urls")),
    path("sw.js", installed.worker, name="service-worker"),
    path("manifest/<slug:language>.webmanifest", installed.manifest, name="app-manifest"),
    path("live/state", state.state, name="live-state"),
    path("", include("fengsui.core.ledger.urls")),
    path("", include("fengsui.core.maps.urls")),
    path("", include("fengsui.core.ui.urls")),
]
