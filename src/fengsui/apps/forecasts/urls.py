from django.urls import path

from fengsui.apps.forecasts import flood_views, views
from fengsui.apps.forecasts.scores import views as scores

app_name = "forecasts"
urlpatterns = [
    path("stations/<str:code>/chart.json", views.chart, name="forecast-chart"),
    path("stations/<str:code>/forecast", views.panel, name="forecast-show"),
    path("floods/", flood_views.listing, name="flood-list"),
    path("floods/new/", flood_views.new, name="flood-new"),
    path("floods/<uuid:flood_id>/", flood_views.show, name="flood-show"),
    path("floods/<uuid:flood_id>/stop", flood_views.stop, name="flood-stop"),
    path("floods/<uuid:flood_id>/frames/<int:n>.png", flood_views.picture, name="flood-frame"),
    path("floods/<uuid:flood_id>/deepest.png", flood_views.picture, name="flood-deepest"),
    path("floods/<uuid:flood_id>/deepest.tif", flood_views.export, {"kind": "tif"}, name="flood-grid"),
    path("floods/<uuid:flood_id>/table.csv", flood_views.export, {"kind": "csv"}, name="flood-table"),
    path("floods/<uuid:flood_id>/beside/<uuid:other_id>/", flood_views.compare, name="flood-compare"),
    path("forecasts/scores/", scores.listing, name="score-list"),
    path("forecasts/scores.csv", scores.csv, name="score-csv"),
    path("forecasts/scores.xlsx", scores.xlsx, name="score-xlsx"),
    path("forecasts/scores/<str:code>/", scores.show, name="score-show"),
]
