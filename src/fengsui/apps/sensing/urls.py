from django.urls import path

from fengsui.apps.sensing import api, views

app_name = "sensing"
urlpatterns = [
    path("stations/", views.listing, name="station-list"),
    path("stations/list.csv", views.export, name="station-export"),
    path("stations/layer.geojson", views.layer, name="station-layer"),
    path("stations/<str:code>/", views.station, name="station-show"),
    path("stations/<str:code>/series.json", views.series, name="station-series"),
    path("stations/<str:code>/readings.csv", views.readings_export, name="reading-export"),
    path("api/v1/readings/<str:station>/<str:sensor>", api.receive, name="reading-receive"),
]
