from django.urls import path

from fengsui.apps.reviews.views import chain, clocks, findings, indicators, replay, review

app_name = "reviews"
urlpatterns = [
    path("reviews/<uuid:incident_id>/", review.show, name="review-show"),
    path("reviews/<uuid:incident_id>/timeline", chain.show, name="chain-show"),
    path("reviews/<uuid:incident_id>/clocks", clocks.show, name="clock-list"),
    path("reviews/<uuid:incident_id>/clocks.xlsx", clocks.export, name="clock-export"),
    path("reviews/<uuid:incident_id>/replay", replay.show, name="replay-show"),
    path("reviews/<uuid:incident_id>/replay.json", replay.data, name="replay-data"),
    path("reviews/<uuid:incident_id>/papers", review.papers, name="paper-list"),
    path("reviews/<uuid:incident_id>/print", review.order_paper, name="paper-order"),
    path("reviews/<uuid:incident_id>/issue", review.issue, name="paper-issue"),
    path("reviews/<uuid:incident_id>/findings", findings.new, name="finding-new"),
    path("reviews/findings/", findings.listing, name="finding-list"),
    path("reviews/findings/<uuid:finding_id>/", findings.show, name="finding-show"),
    path("reviews/findings/<uuid:finding_id>/do/<slug:verb>", findings.act, name="finding-act"),
    path("reviews/<uuid:incident_id>/finish", review.finish, name="review-finish"),
    path("reviews/papers/<uuid:paper_id>.pdf", review.paper, name="paper-show"),
    path("reviews/indicators/", indicators.listing, name="indicator-list"),
    path("reviews/indicators/<slug:indicator>/", indicators.show, name="indicator-show"),
    path("reviews/indicators/<slug:indicator>.xlsx", indicators.export, name="indicator-export"),
]
