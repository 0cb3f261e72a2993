"""Mounted at the root by core."""

from django.urls import path

from fengsui.core.help import views

app_name = "help"
urlpatterns = [
    path("help/", views.home, name="home"),
    path("help/search", views.find, name="search"),
    path("help/for/<str:name>", views.for_page, name="for-page"),
    path("help/<path:where>", views.show, name="page-show"),
]
