from django.urls import path

from fengsui.apps.desk.views import audit, clocks, find, handover, home, jobs, maps, proofs

app_name = "desk"
urlpatterns = [
    path("", home.show, name="home-show"),
    path("desk/parts/<slug:name>", home.part, name="home-part"),
    path("desk/nav", home.nav_part, name="nav-part"),
    path("find/", find.show, name="find-show"),
    path("clocks/", clocks.listing, name="clock-list"),
    path("clocks/list.csv", clocks.export, name="clock-export"),
    path("clocks/<uuid:clock_id>/", clocks.show, name="clock-show"),
    path("clocks/<uuid:clock_id>/pause", clocks.pause, name="clock-pause"),
    path("clocks/<uuid:clock_id>/resume", clocks.resume, name="clock-resume"),
    path("handover/", handover.listing, name="handover-list"),
    path("handover/offer", handover.offer, name="handover-offer"),
    path("handover/<uuid:handover_id>/", handover.show, name="handover-show"),
    path("handover/<uuid:handover_id>/<slug:verb>", handover.act, name="handover-act"),
    path("jobs/", jobs.listing, name="job-list"),
    path("jobs/<uuid:job_clock_id>/retry", jobs.retry, name="job-retry"),
    path("jobs/<uuid:job_clock_id>/write-off", jobs.write_off, name="job-write-off"),
    path("proofs/", proofs.listing, name="proof-list"),
    path("proofs/self-test", proofs.self_test, name="proof-test"),
    path("map/", maps.show, name="map-show"),
    path("map/list", maps.listing, name="map-list"),
    path("map/warnings.geojson", maps.warnings, name="map-warnings"),
    path("audit/", audit.search, name="audit-search"),
    path("audit/list.csv", audit.export, name="audit-export"),
    path("audit/subject/<str:subject>", audit.subject, name="audit-subject"),
    path("chain/<uuid:correlation>/", audit.chain, name="chain-show"),
]
