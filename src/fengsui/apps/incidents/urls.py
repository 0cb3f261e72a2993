from django.urls import path

from fengsui.apps.incidents import paper
from fengsui.apps.incidents.views import lists, reports, verbs

app_name = "incidents"
urlpatterns = [
    path("incidents/", lists.listing, name="incident-list"),
    path("incidents/list.csv", lists.export, name="incident-export"),
    path("incidents/new", lists.new, name="incident-new"),
    path("incidents/layer.geojson", lists.layer, name="incident-layer"),
    path("incidents/from-bulletin/<uuid:bulletin_id>/", lists.from_bulletin, name="incident-open"),
    path("incidents/<uuid:incident_id>/grade", verbs.grade, name="incident-grade"),
    path("incidents/<uuid:incident_id>/do/<slug:verb>", verbs.act, name="incident-act"),
    path("incidents/reports/<uuid:report_id>/", reports.report, name="report-show"),
    path("incidents/reports/<uuid:report_id>/paper", paper.show, name="report-paper"),
    path("incidents/reports/<uuid:report_id>/do/<slug:verb>", reports.report_act, name="report-act"),
]
