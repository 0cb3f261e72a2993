from django.urls import path

from fengsui.apps.forecasts import flood_views, views
from fengsui.apps.forecasts.lessons import views as lessons
from fengsui.apps.forecasts.scenarios import views as scenarios
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
    path("floods/libraries/", scenarios.listing, name="library-list"),
    path("floods/libraries/new/", scenarios.new, name="library-new"),
    path("floods/libraries/<uuid:library_id>/", scenarios.show, name="library-show"),
    path("floods/libraries/<uuid:library_id>/pause", scenarios.act, {"verb": "pause"}, name="library-pause"),
    path("floods/libraries/<uuid:library_id>/resume", scenarios.act, {"verb": "resume"}, name="library-resume"),
    path("floods/libraries/<uuid:library_id>/retire", scenarios.act, {"verb": "retire"}, name="library-retire"),
    path("floods/libraries/<uuid:library_id>/<int:n>.png", scenarios.picture, name="library-picture"),
    path("floods/libraries/<uuid:library_id>/between.png", scenarios.between, name="library-between"),
    path("floods/libraries/<uuid:library_id>/table.csv", scenarios.table, name="library-table"),
    path("forecasts/lessons/", lessons.listing, name="lesson-list"),
    path("forecasts/lessons/<str:code>/learn", lessons.learn, name="lesson-learn"),
    path("forecasts/scores/", scores.listing, name="score-list"),
    path("forecasts/scores.csv", scores.csv, name="score-csv"),
    path("forecasts/scores.xlsx", scores.xlsx, name="score-xlsx"),
    path("forecasts/scores/<str:code>/", scores.show, name="score-show"),
]
