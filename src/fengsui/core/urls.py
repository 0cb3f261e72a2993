"""Pages that core itself brings; mounted at the root by config."""

from django.urls import include, path

urlpatterns = [
    path("", include("fengsui.core.ledger.urls")),
    path("", include("fengsui.core.maps.urls")),
    path("", include("fengsui.core.ui.urls")),
]
