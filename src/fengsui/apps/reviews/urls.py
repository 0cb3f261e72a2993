from django.urls import path

from fengsui.apps.reviews import views

app_name = "reviews"
urlpatterns = [
    path("reviews/<uuid:incident_id>/", views.show, name="review-show"),
    path("reviews/<uuid:incident_id>/papers", views.papers, name="paper-list"),
    path("reviews/<uuid:incident_id>/print", views.order_paper, name="paper-order"),
    path("reviews/<uuid:incident_id>/finish", views.finish, name="review-finish"),
    path("reviews/papers/<uuid:paper_id>.pdf", views.paper, name="paper-show"),
]
