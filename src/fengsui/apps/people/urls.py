from django.urls import path

from fengsui.apps.people import views

app_name = "people"
urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("login/demo", views.login_demo, name="login-demo"),
    path("logout/", views.logout_page, name="logout"),
    path("language/", views.language, name="language"),
    path("people/<uuid:person_id>/phone", views.reveal, name="person-reveal"),
]
