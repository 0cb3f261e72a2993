from django.urls import path

from fengsui.apps.drills import views

app_name = "drills"
urlpatterns = [
    path("drills/", views.listing, name="exercise-list"),
    path("drills/new", views.new, name="exercise-new"),
    path("drills/live", views.live_part, name="live-part"),
    path("drills/leave", views.leave, name="exercise-leave"),
    path("drills/<uuid:exercise_id>/", views.show, name="exercise-show"),
    path("drills/<uuid:exercise_id>/start", views.start, name="exercise-start"),
    path("drills/<uuid:exercise_id>/join", views.join, name="exercise-join"),
    path("drills/<uuid:exercise_id>/look", views.look, name="exercise-look"),
    path("drills/<uuid:exercise_id>/end", views.end, name="exercise-end"),
    path("drills/<uuid:exercise_id>/drop", views.drop, name="exercise-drop"),
    path("drills/<uuid:exercise_id>/compare", views.compare, name="exercise-compare"),
]
