from django.urls import path

from fengsui.apps.incidents import paper, views

app_name = "incidents"
urlpatterns = [
    path("incidents/", views.listing, name="incident-list"),
    path("incidents/list.csv", views.export, name="incident-export"),
    path("incidents/new", views.new, name="incident-new"),
    path("incidents/layer.geojson", views.layer, name="incident-layer"),
    path("incidents/from-bulletin/<uuid:bulletin_id>/", views.from_bulletin, name="incident-open"),
    path("incidents/<uuid:incident_id>/grade", views.grade, name="incident-grade"),
    path("incidents/<uuid:incident_id>/do/<slug:verb>", views.act, name="incident-act"),
    path("incidents/reports/<uuid:report_id>/", views.report, name="report-show"),
    path("incidents/reports/<uuid:report_id>/paper", paper.show, name="report-paper"),
    path("incidents/reports/<uuid:report_id>/do/<slug:verb>", views.report_act, name="report-act"),
]
