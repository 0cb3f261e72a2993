"""Pages that core itself brings; mounted at the root by config."""

from django.urls import include, path

from fengsui.core.api import pages

urlpatterns = [
    path("api/", pages.show, name="api-docs"),
    path("", include("fengsui.core.help.urls")),
    path("", include("fengsui.core.ledger.urls")),
    path("", include("fengsui.core.maps.urls")),
    path("", include("fengsui.core.ui.urls")),
]
